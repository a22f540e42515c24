#include "evenkeel/base/number_text.hpp"

#include <charconv>
#include <cmath>

namespace evenkeel {
namespace {

constexpr std::int64_t kBillion = 1'000'000'000;

/// The decimals of `billionths`, which is not 0, without the zeros at the end.
char* print_decimals(char* begin, std::int64_t billionths) {
  char* end = begin;
  for (std::int64_t digit = kBillion / 10; billionths != 0; digit /= 10) {
    *end++ = static_cast<char>('0' + billionths / digit);
    billionths %= digit;
  }
  return end;
}

}  // namespace

char* print_shortest(char* begin, double value) {
  // Between these a text without exponent is the shorter one, and 14 digits tell every double from its
  // neighbours: what reads back as the same number is the only such text, and no shorter one is.
  constexpr double kLeast = 1e-3;
  constexpr double kMost = 1e5;
  const double magnitude = std::abs(value);
  if (magnitude >= kLeast && magnitude < kMost) {
    const auto billionths = std::int64_t{std::llround(magnitude * 1e9)};
    const auto rest = billionths % kBillion;
    if (rest != 0 && static_cast<double>(billionths) / 1e9 == magnitude) {
      if (value < 0) *begin++ = '-';
      begin = std::to_chars(begin, begin + kMostDigits, billionths / kBillion).ptr;
      *begin++ = '.';
      return print_decimals(begin, rest);
    }
  }
  return std::to_chars(begin, begin + kMostDigits, value).ptr;
}

std::string count_text(std::int64_t count, std::string_view noun) {
  std::string text = std::to_string(count) + ' ';
  text += noun;
  if (count != 1) text += 's';
  return text;
}

}  // namespace evenkeel
