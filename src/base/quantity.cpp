#include "evenkeel/base/quantity.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace evenkeel {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

/// A decimal number taken apart: digits x 10^exponent. Twenty significant digits are kept, one more than 64
/// bits can hold; of the rest only matters that it is there, for rounding up.
struct Decimal {
  bool negative = false;
  std::array<char, 20> digits{};
  int count = 0;
  int exponent = 0;
  bool has_rest = false;  ///< A non-zero digit was cut off.
};

__extension__ using Wide = unsigned __int128;

void append_digit(Decimal& number, char digit, bool after_point) {
  if (number.count == 0 && digit == '0') {
    if (after_point) --number.exponent;
    return;
  }
  if (number.count == static_cast<int>(number.digits.size())) {
    number.has_rest = number.has_rest || digit != '0';
    if (!after_point) ++number.exponent;
    return;
  }
  number.digits[static_cast<std::size_t>(number.count++)] = digit;
  if (after_point) --number.exponent;
}

/// Reads sign, digits and point; moves `text` to the suffix.
std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal number;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    number.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  bool any = false;
  bool point = false;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      any = true;
      append_digit(number, c, point);
    } else {
      break;
    }
  }
  if (!any) return std::nullopt;
  return number;
}

struct Suffix {
  int exponent10 = 0;
  int exponent2 = 0;
};

std::optional<Suffix> parse_suffix(std::string_view text) {
  if (text.empty()) return Suffix{};
  constexpr std::string_view kDecimal = "num kMGTPE";  // the position gives the power of 1000, less 3
  if (text.size() == 1 && text[0] != ' ') {
    const auto at = kDecimal.find(text[0]);
    if (at != std::string_view::npos) return Suffix{.exponent10 = (static_cast<int>(at) - 3) * 3};
    return std::nullopt;
  }
  if (text.size() == 2 && text[1] == 'i') {
    constexpr std::string_view kBinary = "KMGTPE";
    const auto at = kBinary.find(text[0]);
    if (at != std::string_view::npos) return Suffix{.exponent2 = (static_cast<int>(at) + 1) * 10};
    return std::nullopt;
  }
  if (text[0] != 'e' && text[0] != 'E') return std::nullopt;
  text.remove_prefix(1);
  if (text[0] == '+') text.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (exponent > 1000 || exponent < -1000) return std::nullopt;
  return Suffix{.exponent10 = exponent};
}

/// digits x 10^exponent x 2^shift, rounded up, saturating.
std::int64_t scaled_up(const Decimal& number, int exponent10, int shift) {
  const Wide limit = kMax;
  Wide value = 0;
  for (const char digit : std::string_view{number.digits.data(), static_cast<std::size_t>(number.count)}) {
    value = value * 10 + static_cast<unsigned>(digit - '0');
  }
  value <<= shift;  // 20 digits are under 2^67 and the largest suffix is 2^60
  for (; exponent10 > 0 && value != 0; --exponent10) {
    if (value > limit) return kMax;
    value *= 10;
  }
  bool rest = number.has_rest;
  for (; exponent10 < 0 && value != 0; ++exponent10) {
    rest = rest || value % 10 != 0;
    value /= 10;
  }
  if (value >= limit) return kMax;
  return static_cast<std::int64_t>(value) + (rest ? 1 : 0);
}

/// milli_from_double() for nearly all values, without printing them. Empty: only the digits can tell.
std::optional<std::int64_t> milli_where_clear(double value) {
  const double scaled = value * 1000.0;
  // Also false for NaN. Decimals of up to 15 digits and doubles are one to one.
  if (!(std::abs(scaled) < 1e15)) return std::nullopt;
  const double nearest = std::rint(scaled);
  if (nearest / 1000.0 == value) return static_cast<std::int64_t>(nearest);
  // The product and the shortest decimal are each off by half a unit in the last place at most.
  constexpr double kDoubt = 4 * std::numeric_limits<double>::epsilon();
  if (std::abs(scaled - nearest) <= std::abs(scaled) * kDoubt) return std::nullopt;
  return static_cast<std::int64_t>(scaled > 0 ? std::ceil(scaled) : std::floor(scaled));
}

}  // namespace

std::optional<Quantity> Quantity::parse(std::string_view text) {
  auto number = take_decimal(text);
  if (!number) return std::nullopt;
  const auto suffix = parse_suffix(text);
  if (!suffix) return std::nullopt;
  const auto magnitude = scaled_up(*number, number->exponent + suffix->exponent10 + 3, suffix->exponent2);
  return Quantity{number->negative ? -magnitude : magnitude};
}

std::string Quantity::text() const {
  if (milli_ % 1000 == 0) return std::to_string(milli_ / 1000);
  return std::to_string(milli_) + "m";
}

std::int64_t milli_from_double(double value) {
  if (const auto milli = milli_where_clear(value)) return *milli;
  if (std::isnan(value)) return 0;
  if (std::isinf(value)) return value > 0 ? kMax : -kMax;
  std::array<char, 400> buffer{};
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  if (error != std::errc{}) return 0;
  const auto quantity =
      Quantity::parse(std::string_view{buffer.data(), static_cast<std::size_t>(end - buffer.data())});
  return quantity ? quantity->milli() : 0;
}

}  // namespace evenkeel
