#include "json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>

namespace evenkeel::api {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kInNumbers = "0123456789+-.eE";

bool is_among(char character, std::string_view set) {
  return set.find(character) != std::string_view::npos;
}

/// Walks over one token, part after part of a number.
class NumberScanner {
 public:
  explicit NumberScanner(std::string_view token) : rest_{token} {}

  bool skip(std::string_view any_of) {
    const bool found = !rest_.empty() && is_among(rest_.front(), any_of);
    if (found) rest_.remove_prefix(1);
    return found;
  }
  bool skip_digits() {
    const auto count = std::min(rest_.find_first_not_of(kDigits), rest_.size());
    rest_.remove_prefix(count);
    return count > 0;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool is_json_number(std::string_view token) {
  NumberScanner scanner{token};
  scanner.skip("-");
  if (!scanner.skip("0") && !scanner.skip_digits()) return false;
  if (scanner.skip(".") && !scanner.skip_digits()) return false;
  if (scanner.skip("eE")) {
    scanner.skip("+-");
    if (!scanner.skip_digits()) return false;
  }
  return scanner.at_end();
}

template <class Integer>
bool is_integer(std::string_view token) {
  Integer value{};
  const auto* const end = token.data() + token.size();
  const auto [stop, error] = std::from_chars(token.data(), end, value);
  return error == std::errc{} && stop == end;
}

/// What stands for a number that does not fit; empty where it fits, or is none.
std::optional<std::string> fitting(std::string_view token) {
  const bool is_whole = token.find_first_of(".eE") == std::string_view::npos;
  if (is_whole && (is_integer<std::int64_t>(token) || is_integer<std::uint64_t>(token))) return std::nullopt;
  if (!is_json_number(token)) return std::nullopt;
  double value = std::strtod(std::string{token}.c_str(), nullptr);
  const bool is_beyond = !std::isfinite(value);
  if (!is_whole && !is_beyond) return std::nullopt;
  if (is_beyond) value = std::copysign(std::numeric_limits<double>::max(), value);
  std::array<char, 32> buffer{};
  // With an exponent, or it would be a long integer again.
  const auto end = std::to_chars(buffer.begin(), buffer.end(), value, std::chars_format::scientific).ptr;
  return std::string{buffer.data(), end};
}

/// The length of a string with its quotes; all of `text` where its end is missing.
std::size_t length_of_string(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return text.size();
}

}  // namespace

std::string with_numbers_that_fit(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    std::size_t length = 1;
    std::optional<std::string> replacement;
    if (text.front() == '"') {
      length = length_of_string(text);
    } else if (is_among(text.front(), kInNumbers)) {
      length = std::min(text.find_first_not_of(kInNumbers), text.size());
      replacement = fitting(text.substr(0, length));
    }
    result += replacement ? std::string_view{*replacement} : text.substr(0, length);
    text.remove_prefix(length);
  }
  return result;
}

}  // namespace evenkeel::api
