#pragma once

#include <chrono>

#include "evenkeel/base/clock.hpp"

/// Sums of moments and periods that saturate: a clock may say anything.
namespace evenkeel {

/// @pre `period` is not negative.
[[nodiscard]] constexpr WallTime moment_after(WallTime since, std::chrono::seconds period) {
  constexpr auto kMost = std::chrono::floor<std::chrono::seconds>(WallTime::duration::max());
  if (period > kMost) return WallTime::max();
  return since > WallTime::max() - period ? WallTime::max() : since + period;
}

/// Whether `period` is over that began at `since`. A moment later than `now` has not even begun.
/// @pre `period` is not negative.
[[nodiscard]] constexpr bool has_passed(WallTime since, std::chrono::seconds period, WallTime now) {
  // At the end of time no period ends: its end would be now for ever.
  constexpr auto kMost = std::chrono::floor<std::chrono::seconds>(WallTime::duration::max());
  if (period > kMost || since > WallTime::max() - period) return false;
  return now >= since + period;
}

/// Seconds from `since` to `now`; 0 where `since` is later. As a double: differences of moments overflow.
[[nodiscard]] constexpr double seconds_between(WallTime since, WallTime now) {
  const double from = static_cast<double>(since.time_since_epoch().count());
  const double to = static_cast<double>(now.time_since_epoch().count());
  if (since >= now) return 0;
  // Where it fits the difference is exact: two doubles near 2e18 are 256 ns apart.
  if (to - from < 9e18) return static_cast<double>((now - since).count()) / 1e9;
  return (to - from) / 1e9;
}

/// Clocks of a cluster differ by less.
inline constexpr std::chrono::seconds kOrdinarySkew{5};

/// Whether `moment` is later than `now` by more than clocks ordinarily differ.
[[nodiscard]] constexpr bool is_to_come(WallTime moment, WallTime now) {
  return moment > moment_after(now, kOrdinarySkew);
}

}  // namespace evenkeel
