#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/base/clock.hpp"

/// Proportions inside a tier, for all algorithms. docs/health.md, "Proportions", is the specification.
namespace evenkeel::balancing {

/// One reading of one backend. Empty optional at its place: it is missing, or nobody asked.
struct BackendValue {
  double value = 0;
  WallTime time;  ///< Of its newest sample, never later than now.
  std::chrono::seconds window{60};
};

struct Candidate {
  std::int32_t tier = 0;
  std::int32_t declared_weight = 0;  ///< 0 or less: takes no part.
  bool eligible = false;
  std::int32_t ready = 0;
  double capacity = 1;                   ///< Of a replica.
  double set_share = 0;                  ///< Percent of all traffic; anything, even NaN.
  std::optional<double> observed_share;  ///< Percent of all traffic, measured.
  std::optional<BackendValue> connections;
  std::optional<BackendValue> latency;  ///< Seconds.
  std::optional<BackendValue> errors;   ///< 0..1.
  std::optional<BackendValue> utilization;
};

/// A smoothed reading.
struct Smoothed {
  double value = 0;
  WallTime time;  ///< Of the last sample that went in.
  bool operator==(const Smoothed&) const = default;
};

/// What is remembered of one backend. Past moments only.
struct BalancingMemory {
  static constexpr std::size_t kMaxShares = 6;
  /// From `since` on the share was this.
  struct ShareFrom {
    WallTime since;
    double share = 0;
    bool operator==(const ShareFrom&) const = default;
  };
  std::optional<Smoothed> connections, latency, errors, utilization;
  std::optional<double> proportion;  ///< The last one made: fraction of its tier.
  double last_step = 0;  ///< Points of the last change made, and fading of those within a window before it.
  std::vector<ShareFrom> shares;  ///< Times rise; of LeastUtilization only.
  bool operator==(const BalancingMemory&) const = default;
};

/// What is remembered of one tier.
struct TierMemory {
  std::int32_t tier = 0;
  double gain = 1;
  std::optional<WallTime> stepped;  ///< When the last step was made.
  std::optional<WallTime> turned;   ///< Since when steps go the same way.
  bool operator==(const TierMemory&) const = default;
};

struct ProportionInput {
  std::span<const Candidate> backends;
  const api::Balancing& balancing;
  bool observe = false;  ///< Nothing is written: every decision starts from the shares that are set.
  /// When shares last made a step. The next proportions wait until they may make another: readings then
  /// tell of the shares as they are.
  std::optional<WallTime> shifted;
  WallTime now;
};

/// Whether shares follow readings, not only what is declared.
[[nodiscard]] bool is_computed(api::Algorithm algorithm);

/// Proportions that declared weights give (equal for RoundRobin), relative; 0: takes no part.
[[nodiscard]] std::vector<double> declared_proportions(std::span<const api::Backend> backends,
                                                       api::Algorithm algorithm);

struct Proportions {
  std::vector<double> values;  ///< Relative inside a tier; 0: takes no part. Finite, never negative.
  std::vector<std::vector<api::Step>> steps;
};

/// Proportions of all backends; keeps `memories` (parallel to the backends) and `tiers` up to date. Again
/// with the same `now` and the same readings it changes nothing.
[[nodiscard]] Proportions proportions(const ProportionInput& input,
                                      std::span<BalancingMemory> memories,
                                      std::vector<TierMemory>& tiers);

/// What is later than `now` is of now; what is no number is dropped.
void redate(BalancingMemory& memory, WallTime now);
void redate(std::vector<TierMemory>& tiers, WallTime now);

}  // namespace evenkeel::balancing
