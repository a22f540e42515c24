#include "cron.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <span>

namespace evenkeel::scaling {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::minutes;

constexpr days kLongestWait{9 * 366};

constexpr std::array<std::string_view, 12> kMonths = {
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Range {
  unsigned least = 0;
  unsigned most = 0;
  std::span<const std::string_view> names = {};
  unsigned first_name = 0;
};

bool same_word(std::string_view a, std::string_view lower) {
  return std::ranges::equal(
      a, lower, {}, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

std::optional<unsigned> read_value(std::string_view text, const Range& range) {
  for (std::size_t i = 0; i < range.names.size(); ++i) {
    if (same_word(text, range.names[i])) return static_cast<unsigned>(i) + range.first_name;
  }
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < range.least || value > range.most) return std::nullopt;
  return value;
}

/// The text up to `separator`, which goes too; empty optional where it does not occur.
std::optional<std::string_view> split_off(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos) return std::nullopt;
  const auto head = text.substr(0, at);
  text.remove_prefix(at + 1);
  return head;
}

/// One item between commas: "*", "5", "1-5", each with "/step" behind it.
template <std::size_t Size>
bool read_item(std::string_view item, const Range& range, std::bitset<Size>& set) {
  unsigned step = 1;
  std::string_view step_text = item;
  const auto values = split_off(step_text, '/');
  if (values) {
    item = *values;
    const auto read = read_value(step_text, {.least = 1, .most = 59});
    if (!read) return false;
    step = *read;
  }
  unsigned first = range.least;
  unsigned last = range.most;
  if (item != "*") {
    std::string_view end = item;
    const auto start = split_off(end, '-');
    const auto from = read_value(start.value_or(item), range);
    // "5/10" goes on to the end, "5" is one value.
    const auto to = start ? read_value(end, range) : values ? std::optional{range.most} : from;
    if (!from || !to || *from > *to) return false;
    first = *from;
    last = *to;
  }
  for (unsigned value = first; value <= last; value += step) set.set(value);
  return true;
}

template <std::size_t Size>
bool read_field(std::string_view& text, const Range& range, std::bitset<Size>& set, bool* any = nullptr) {
  const auto start = text.find_first_not_of(' ');
  if (start == std::string_view::npos) return false;
  text.remove_prefix(start);
  auto field = text.substr(0, text.find(' '));
  text.remove_prefix(field.size());
  if (any != nullptr) *any = field.starts_with('*');
  while (const auto item = split_off(field, ',')) {
    if (!read_item(*item, range, set)) return false;
  }
  return read_item(field, range, set);
}

}  // namespace

std::optional<Cron> Cron::parse(std::string_view text) {
  Cron cron;
  const bool read =
      read_field(text, {.least = 0, .most = 59}, cron.minutes_) &&
      read_field(text, {.least = 0, .most = 23}, cron.hours_) &&
      read_field(text, {.least = 1, .most = 31}, cron.days_, &cron.any_day_) &&
      read_field(text, {.least = 1, .most = 12, .names = kMonths, .first_name = 1}, cron.months_) &&
      read_field(text, {.least = 0, .most = 7, .names = kWeekdays}, cron.weekdays_, &cron.any_weekday_);
  if (!read || text.find_first_not_of(' ') != std::string_view::npos) return std::nullopt;
  if (cron.weekdays_[7]) cron.weekdays_.set(0);
  return cron;
}

bool Cron::has_day(std::chrono::year_month_day date) const {
  if (!months_[static_cast<unsigned>(date.month())]) return false;
  const bool by_date = days_[static_cast<unsigned>(date.day())];
  const bool by_weekday = weekdays_[std::chrono::weekday{local_days{date}}.c_encoding()];
  return any_day_ || any_weekday_ ? by_date && by_weekday : by_date || by_weekday;
}

std::optional<UtcTime> Cron::last_of_day(local_days day,
                                         minutes latest,
                                         UtcTime now,
                                         const TimeZone& zone) const {
  for (auto minute = latest.count(); minute >= 0; --minute) {
    if (!hours_[static_cast<std::size_t>(minute / 60)]) {
      minute -= minute % 60;  // on to the hour before
      continue;
    }
    if (!minutes_[static_cast<std::size_t>(minute % 60)]) continue;
    const auto moment = zone.to_utc(day + minutes{minute});
    if (moment <= now) return moment;
  }
  return std::nullopt;
}

std::optional<UtcTime> Cron::last(UtcTime now, const TimeZone& zone) const {
  // A clock put back shows times that were there already: the later of the two offsets counts.
  const auto offset = std::max(zone.offset_at(now), zone.offset_at(now - days{1}));
  const LocalTime latest{now.time_since_epoch() + offset};
  const auto newest_day = std::chrono::floor<days>(latest);
  for (auto day = newest_day; day >= newest_day - kLongestWait; day -= days{1}) {
    if (!has_day(std::chrono::year_month_day{day})) continue;
    const auto end = day == newest_day ? std::chrono::floor<minutes>(latest - day) : minutes{24 * 60 - 1};
    if (const auto moment = last_of_day(day, end, now, zone)) return moment;
  }
  return std::nullopt;
}

}  // namespace evenkeel::scaling
