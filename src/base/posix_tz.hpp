#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "evenkeel/base/time_zones.hpp"

/// The rule at the end of a file of the tz database: what goes on for ever, in the notation of POSIX's TZ
/// with the extensions of RFC 8536, 3.3.1.
namespace evenkeel {

/// A day of any year, and a time of day that may lie before or after it.
struct YearlyMoment {
  enum class Kind { MonthWeekDay, JulianDay, DayOfYear };
  Kind kind = Kind::MonthWeekDay;
  unsigned month = 1;    ///< 1..12.
  unsigned week = 1;     ///< 1..5, 5 is the last.
  unsigned weekday = 0;  ///< 0 is Sunday.
  int day = 0;           ///< JulianDay 1..365 without 29 February; DayOfYear 0..365.
  std::chrono::seconds time{7200};

  [[nodiscard]] LocalTime in(std::chrono::year year) const;
};

struct PosixRule {
  std::chrono::seconds standard{0};
  struct Summer {
    std::chrono::seconds offset{0};
    YearlyMoment start;  ///< In standard time.
    YearlyMoment end;    ///< In summer time.
  };
  std::optional<Summer> summer;
};

/// @return empty when the text is not such a rule.
[[nodiscard]] std::optional<PosixRule> parse_posix_rule(std::string_view text);

}  // namespace evenkeel
