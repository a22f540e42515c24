#include "posix_tz.hpp"

namespace evenkeel {
namespace {

using std::chrono::days;
using std::chrono::seconds;

/// Takes the text apart from the front; after the first mistake nothing more is there.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_{text} {}

  [[nodiscard]] bool done() const { return text_.empty(); }
  [[nodiscard]] bool failed() const { return failed_; }

  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  void skip_name() {
    if (take('<')) {
      while (!text_.empty() && text_.front() != '>') text_.remove_prefix(1);
      failed_ = failed_ || !take('>');
      return;
    }
    std::size_t length = 0;
    while (length < text_.size() && is_letter(text_[length])) ++length;
    failed_ = failed_ || length < 3;
    text_.remove_prefix(length);
  }

  int number(int most) {
    int value = 0;
    std::size_t digits = 0;
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9' && digits < 4) {
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
      ++digits;
    }
    failed_ = failed_ || digits == 0 || value > most;
    return failed_ ? 0 : value;
  }

  /// [+-]hh[:mm[:ss]]
  seconds time(int most_hours) {
    const bool negative = take('-');
    if (!negative) (void)take('+');
    int total = number(most_hours) * 3600;
    if (take(':')) total += number(59) * 60;
    if (take(':')) total += number(59);
    return seconds{negative ? -total : total};
  }

  YearlyMoment moment() {
    YearlyMoment moment;
    if (take('M')) {
      moment.month = static_cast<unsigned>(number(12));
      expect('.');
      moment.week = static_cast<unsigned>(number(5));
      expect('.');
      moment.weekday = static_cast<unsigned>(number(6));
      failed_ = failed_ || moment.month == 0 || moment.week == 0;
    } else if (take('J')) {
      moment.kind = YearlyMoment::Kind::JulianDay;
      moment.day = number(365);
      failed_ = failed_ || moment.day == 0;
    } else {
      moment.kind = YearlyMoment::Kind::DayOfYear;
      moment.day = number(365);
    }
    if (take('/')) moment.time = time(167);
    return moment;
  }

  void expect(char c) { failed_ = failed_ || !take(c); }

 private:
  static bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

  std::string_view text_;
  bool failed_ = false;
};

}  // namespace

LocalTime YearlyMoment::in(std::chrono::year year) const {
  using namespace std::chrono;
  const auto first = local_days{year / January / 1};
  switch (kind) {
    case Kind::JulianDay: {
      const bool after_february = day >= 60;
      return first + days{day - 1 + (after_february && year.is_leap() ? 1 : 0)} + time;
    }
    case Kind::DayOfYear:
      return first + days{day} + time;
    case Kind::MonthWeekDay:
      break;
  }
  const auto in_month = year / std::chrono::month{month};
  const std::chrono::weekday on{weekday};
  if (week == 5) return local_days{in_month / on[last]} + time;
  return local_days{in_month / on[week]} + time;
}

std::optional<PosixRule> parse_posix_rule(std::string_view text) {
  Parser parser{text};
  PosixRule rule;
  parser.skip_name();
  // POSIX counts west of Greenwich as positive, up to a day.
  constexpr int kMostHours = 24;
  rule.standard = -parser.time(kMostHours);
  if (parser.failed()) return std::nullopt;
  if (parser.done()) return rule;
  PosixRule::Summer summer{.offset = rule.standard + std::chrono::hours{1}, .start = {}, .end = {}};
  parser.skip_name();
  if (!parser.take(',')) {
    summer.offset = -parser.time(kMostHours);
    parser.expect(',');
  }
  summer.start = parser.moment();
  parser.expect(',');
  summer.end = parser.moment();
  if (parser.failed() || !parser.done()) return std::nullopt;
  rule.summer = summer;
  return rule;
}

}  // namespace evenkeel
