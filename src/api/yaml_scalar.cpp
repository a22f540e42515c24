#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

#include "yaml.hpp"

namespace evenkeel::api {
namespace {

using nlohmann::json;

template <std::size_t N>
bool is_any_of(std::string_view text, const std::array<std::string_view, N>& words) {
  for (const auto word : words) {
    if (text == word) return true;
  }
  return false;
}

std::optional<json> resolve_word(std::string_view text) {
  constexpr std::array<std::string_view, 11> kTrue{
      "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
  constexpr std::array<std::string_view, 11> kFalse{
      "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
  constexpr std::array<std::string_view, 5> kNull{"", "~", "null", "Null", "NULL"};
  constexpr std::array<std::string_view, 12> kNotFinite{
      ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};
  if (is_any_of(text, kTrue)) return json(true);
  if (is_any_of(text, kFalse)) return json(false);
  if (is_any_of(text, kNull)) return json(nullptr);
  if (is_any_of(text, kNotFinite)) return json(std::numeric_limits<double>::quiet_NaN());
  return std::nullopt;
}

/// The base that Go's ParseInt reads from a prefix, which is taken off.
int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  const char mark = digits[1];
  int base = 8;
  std::size_t prefix = 1;
  if (mark == 'x' || mark == 'X') base = 16;
  if (mark == 'b' || mark == 'B') base = 2;
  if (base != 8 || mark == 'o' || mark == 'O') prefix = 2;
  digits.remove_prefix(prefix);
  return base;
}

std::optional<json> resolve_whole(std::string_view text) {
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  const int base = take_base(text);
  std::uint64_t magnitude = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude <= kMax)
    return json(negative ? -static_cast<std::int64_t>(magnitude) : static_cast<std::int64_t>(magnitude));
  if (!negative) return json(magnitude);
  if (magnitude == kMax + 1) return json(std::numeric_limits<std::int64_t>::min());
  return std::nullopt;
}

std::optional<json> resolve_decimal(std::string_view text) {
  if (text.front() == '+') text.remove_prefix(1);
  // Of what from_chars takes, `inf`, `nan` and hexadecimals are no YAML floats.
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return json(number);
}

}  // namespace

json resolve_scalar(const std::string& text) {
  if (auto word = resolve_word(text)) return *word;
  constexpr std::string_view kNumberStart = "+-.0123456789";
  if (kNumberStart.find(text.front()) == std::string_view::npos) return text;
  std::string plain;
  for (const char c : text) {
    if (c != '_' || text.front() == '.') plain += c;
  }
  if (auto number = resolve_whole(plain)) return *number;
  if (auto number = resolve_decimal(plain)) return *number;
  return text;
}

}  // namespace evenkeel::api
