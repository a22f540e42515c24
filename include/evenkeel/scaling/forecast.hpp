#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/base/clock.hpp"

/// Predictive scaling: the seasonal naive forecast with an empirical quantile (Hyndman and Athanasopoulos,
/// "Forecasting: Principles and Practice", 5.2 and 5.5), as the schedulers of AWS and Google use it: what was
/// needed at this time of the season before is needed again, for the horizon ahead.
namespace evenkeel::scaling {

/// The largest count that was asked for in every slice of the last seasons.
struct SeasonMemory {
  /// Slices of all seasons together: what keeps the memory small.
  static constexpr std::int64_t kMaxSlices = 336;
  static constexpr std::int64_t kMostSlicesPerSeason = 168;
  static constexpr std::int64_t kMostSeasons = 14;
  /// Of a slice in which nothing was measured.
  static constexpr std::int32_t kUnknown = -1;

  std::chrono::seconds season{0};  ///< 0: nothing is remembered.
  std::int64_t newest = 0;         ///< Number of the newest season since 1970.
  /// Newest first, all of one size: the slices of a season in order.
  std::vector<std::vector<std::int32_t>> seasons;

  /// Remembers a count that metrics asked for, before anything limited it. Another season or history in
  /// `predictive` starts anew; what is older than the newest season is left out.
  void record(const api::Predictive& predictive, WallTime now, std::int32_t replicas);

  /// The largest over the slices from `now` to `now` + horizon of the 90 % quantile (nearest rank) over the
  /// seasons before. Empty: nothing is known of them.
  [[nodiscard]] std::optional<std::int32_t> forecast(const api::Predictive& predictive, WallTime now) const;

  /// Drops everything if it is not of a form that record() produces: it may be anybody's.
  void normalise();
};

}  // namespace evenkeel::scaling
