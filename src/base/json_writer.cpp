#include "evenkeel/base/json_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "evenkeel/base/number_text.hpp"

namespace evenkeel {
namespace {

constexpr bool needs_escape(char c) {
  return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

/// needs_escape() of every byte: most of a decision is text, and one look is quicker than three comparisons.
constexpr auto kNeedsEscape = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = needs_escape(static_cast<char>(i));
  return table;
}();

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '\\';
  if (c == '"' || c == '\\') {
    out += c;
    return;
  }
  out += "u00";
  out += kHex[static_cast<unsigned char>(c) >> 4];
  out += kHex[static_cast<unsigned char>(c) & 15];
}

}  // namespace

void JsonWriter::text(std::string_view value) {
  comma();
  out_ += '"';
  // What needs no escape, which is nearly everything, is appended in one go.
  std::size_t done = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (!kNeedsEscape[static_cast<unsigned char>(value[i])]) continue;
    out_.append(value, done, i - done);
    append_escaped(out_, value[i]);
    done = i + 1;
  }
  out_.append(value, done);
  out_ += '"';
}

void JsonWriter::whole(std::int64_t value) {
  std::array<char, 24> buffer{};
  const auto* const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  raw({buffer.data(), static_cast<std::size_t>(end - buffer.data())});
}

void JsonWriter::number(double value) {
  if (!std::isfinite(value)) return null();
  std::array<char, kMostDigits> buffer{};
  const auto* const end = print_shortest(buffer.data(), value);
  const std::string_view digits{buffer.data(), static_cast<std::size_t>(end - buffer.data())};
  raw(digits);
  if (digits.find_first_of(".e") == std::string_view::npos) out_ += ".0";
}

}  // namespace evenkeel
