#include "evenkeel/base/time_format.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

namespace evenkeel {
namespace {

using std::chrono::days;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// Reads exactly `count` digits; moves `text` past them.
std::optional<int> take_number(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// Reads the decimals after the point, one to nine of them.
std::optional<nanoseconds> take_fraction(std::string_view& text) {
  std::int64_t value = 0;
  std::size_t digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (++digits > 9) return std::nullopt;
    value = value * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) value *= 10;
  return nanoseconds{value};
}

std::optional<seconds> take_offset(std::string_view& text) {
  if (take(text, "Zz")) return seconds{0};
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2);
  if (!hours || *hours > 23 || !take(text, ":")) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return seconds{sign * (*hours * 3600 + *minutes * 60)};
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  // 64-bit nanoseconds reach from 1677-09-21 to 2262-04-11; whole years keep the check readable.
  if (!date.ok() || *year < 1678 || *year > 2261) return std::nullopt;
  return std::chrono::sys_days{date};
}

std::optional<seconds> take_time_of_day(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59 || !take(text, ":")) return std::nullopt;
  const auto second = take_number(text, 2);
  // 60 is a leap second: counted as the first second of the next minute, as Go does not but POSIX time must.
  if (!second || *second > 60) return std::nullopt;
  return seconds{*hour * 3600 + *minute * 60 + *second};
}

std::string format(WallTime time, int decimals) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::array<char, 40> buffer{};
  const int length = std::snprintf(buffer.data(),
                                   buffer.size(),
                                   "%04d-%02u-%02uT%02d:%02d:%02d",
                                   static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()),
                                   static_cast<unsigned>(date.day()),
                                   static_cast<int>(clock.hours().count()),
                                   static_cast<int>(clock.minutes().count()),
                                   static_cast<int>(clock.seconds().count()));
  std::string text{buffer.data(), static_cast<std::size_t>(length)};
  if (decimals > 0) {
    std::snprintf(
        buffer.data(), buffer.size(), ".%09lld", static_cast<long long>(clock.subseconds().count()));
    text.append(buffer.data(), static_cast<std::size_t>(decimals) + 1);
  }
  return text + "Z";
}

}  // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take(text, "Tt ")) return std::nullopt;
  const auto time = take_time_of_day(text);
  if (!time) return std::nullopt;
  nanoseconds fraction{0};
  if (take(text, ".")) {
    const auto decimals = take_fraction(text);
    if (!decimals) return std::nullopt;
    fraction = *decimals;
  }
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return WallTime{*date} + *time + fraction - *offset;
}

std::string format_rfc3339(WallTime time) {
  const auto fraction = (time - std::chrono::floor<seconds>(time)).count();
  if (fraction == 0) return format(time, 0);
  if (fraction % 1'000'000 == 0) return format(time, 3);
  if (fraction % 1'000 == 0) return format(time, 6);
  return format(time, 9);
}

std::string format_rfc3339_seconds(WallTime time) {
  return format(time, 0);
}

std::string format_rfc3339_micros(WallTime time) {
  return format(time, 6);
}

}  // namespace evenkeel
