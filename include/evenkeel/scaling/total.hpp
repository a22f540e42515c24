#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/scaling/history.hpp"
#include "evenkeel/scaling/signal.hpp"

/// Readings -> the total number of replicas: the arithmetic of autoscaling/v2 and what it has not.
/// docs/scaling.md has the rules and where they differ.
namespace evenkeel::scaling {

/// The counts that the arithmetic starts from.
struct Counts {
  std::int32_t current = 0;   ///< The total that policies start from. 0: asleep by our own scaling.
  std::int32_t existing = 0;  ///< Pods that exist: what `AverageValue` divides by for its tolerance.
  std::int32_t ready = 0;     ///< Pods that serve: what `Value` multiplies.
  bool several = false;       ///< Several backends share the total.
};

struct Limits {
  std::int32_t min = 1;
  std::int32_t max = 1;
};

struct TotalInput {
  const api::Scaling& scaling;
  std::optional<std::int32_t> manual;  ///< spec.replicas.
  const api::Settings& settings;
  WallTime now;
  Counts counts;
  Limits limits;
  bool restored = false;  ///< The history comes from another process.

  /// One backend: its pods, for metrics of scope Pod, and whether it is replacing them.
  std::span<const api::Pod> pods = {};
  bool rollout = false;

  /// Several backends: what each metric of scope Backend or Pod asks for in all, unrounded, in the order of
  /// the metrics; empty where that cannot be told. Metrics of scope Service are asked here, except where the
  /// division asks for more than the reading over the target.
  std::vector<std::optional<double>> asked = {};
  /// Several backends: of each metric with target `Value` the count that a fall must leave, in the order of
  /// the metrics: with fewer the backend with the most traffic for its replicas would be above the target.
  std::vector<std::optional<std::int32_t>> least_by_value = {};
  /// No proposal is below it: demand must not vanish with the pods that served it.
  std::optional<std::int32_t> floor = {};
};

struct TotalOutcome {
  std::int32_t replicas = 0;
  /// What the metrics together ask for, before anything limits it. Empty: nothing can be told.
  std::optional<std::int32_t> proposal;
  std::string cause;  ///< For the event: "metric rps above its target".
  std::vector<api::Step> steps;
  api::Condition able_to_scale;
  api::Condition scaling_active;
  api::Condition scaling_limited;
};

/// What one metric of scope Service or Backend asks for before anything limits it. `reading` is usable().
[[nodiscard]] std::int32_t propose(const api::Metric& metric,
                                   const Reading& reading,
                                   const Counts& counts,
                                   double tolerance_up,
                                   double tolerance_down);

/// The total, and why. Records its recommendation in `history`; scale events are the caller's to record, who
/// alone sees the writes. `readings` are those of `input.scaling.metrics`, in order.
[[nodiscard]] TotalOutcome decide_total(const TotalInput& input,
                                        std::span<const Reading> readings,
                                        History& history);

/// SignalsAvailable, from all readings.
[[nodiscard]] api::Condition signals_available(std::span<const Reading> readings);

/// The stabilisation windows in force, defaults of the operator applied.
[[nodiscard]] std::chrono::seconds up_window(const api::Scaling& scaling);
[[nodiscard]] std::chrono::seconds down_window(const api::Scaling& scaling, const api::Settings& settings);

/// The longest look back of any policy of both directions.
[[nodiscard]] std::chrono::seconds longest_period(const api::Scaling& scaling);

}  // namespace evenkeel::scaling
