#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <optional>
#include <string_view>

#include "evenkeel/base/time_zones.hpp"

namespace evenkeel::scaling {

/// Five fields of cron: minute, hour, day of month, month, day of week (0 and 7 are Sunday; names of three
/// letters). Where both kinds of day are restricted, a day of either kind counts, as cron has it.
class Cron {
 public:
  /// @return empty when the text is not of that form.
  [[nodiscard]] static std::optional<Cron> parse(std::string_view text);

  /// The last moment at or before `now`, in the zone's wall clock time. Empty: none within the last nine
  /// years, the longest that any date takes to come again.
  [[nodiscard]] std::optional<UtcTime> last(UtcTime now, const TimeZone& zone) const;

 private:
  [[nodiscard]] bool has_day(std::chrono::year_month_day date) const;
  /// The last moment at or before `now` among the minutes of `day` up to `latest`.
  [[nodiscard]] std::optional<UtcTime> last_of_day(std::chrono::local_days day,
                                                   std::chrono::minutes latest,
                                                   UtcTime now,
                                                   const TimeZone& zone) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<8> weekdays_;  ///< 7 is Sunday as well as 0.
  bool any_day_ = false;
  bool any_weekday_ = false;
};

}  // namespace evenkeel::scaling
