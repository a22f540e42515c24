#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/scaling/signal.hpp"

#include "members.hpp"

/// What the service is asked for, and what it takes to carry that. docs/decision.md, "Demand".
namespace evenkeel::plan {

struct DemandReading {
  WallTime time;
  double value = 0;
  bool operator==(const DemandReading&) const = default;
};

/// What is remembered of demand. Past moments only.
struct DemandMemory {
  static constexpr std::size_t kMaxEntries = 64;

  std::vector<DemandReading> highest;   ///< Monotonic queue: times rise, values fall.
  std::optional<DemandReading> last;    ///< The newest Fresh one.
  std::optional<DemandReading> before;  ///< The newest Fresh one of an earlier moment than `last`.

  /// A loss of endpoints took away the pods that showed demand: it does not count as less for a while.
  struct Floor {
    DemandReading lost;                     ///< When, and how much was asked for before.
    std::optional<WallTime> covered_since;  ///< Ready capacity covers it, or the lost are back, since then.
    bool operator==(const Floor&) const = default;
  };
  std::optional<Floor> floor;

  /// Takes a Fresh reading into the queue; past kMaxEntries the closest neighbours merge, keeping the larger
  /// value for longer.
  void record(WallTime now, double value);
  /// The largest Fresh one since `cutoff`, with `cutoff` itself.
  [[nodiscard]] std::optional<double> highest_since(WallTime cutoff) const;
  void forget(WallTime before_this);
  /// Merges the closest neighbours until no more than `most` are left.
  void merge(std::size_t most);
  /// Times later than `now` count as now; values that are no loads are dropped.
  void normalise(WallTime now);
};

/// Demand now, and where it comes from.
struct Demand {
  std::optional<double> value;  ///< In the load metric's unit, else in replicas. Empty: unknown.
  double highest = 0;           ///< Of the scale-down window, `value` included.
  bool remembered = false;      ///< The reading is not usable now: its last Fresh value stands.
  bool is_floor = false;        ///< The floor after a loss is what counts.
};

/// The metric that measures demand: `loadMetric`, else the first RequestsPerSecond, else ActiveConnections,
/// else other one of scope Service with target AverageValue. Empty: there is none.
[[nodiscard]] std::optional<std::size_t> load_metric_of(const api::Scaling& scaling);

/// What a replica carries and what it is planned for, per backend, in the unit of demand.
struct ReplicaLoad {
  double capacity = 1;
  double planned = 1;
};
[[nodiscard]] std::vector<ReplicaLoad> replica_loads(const api::Spec& spec);

/// The most replicas that a backend is meant to have: its own maximum, and its part of `max` by proportion
/// among those of its tier that may take traffic, fit or not; never below its own minimum.
/// @param proportions relative within a tier; 0 or less: declared weight 0, or draining.
[[nodiscard]] std::vector<std::int32_t> replica_limits(std::span<const Member> members,
                                                       std::span<const double> proportions,
                                                       std::int32_t max);

/// Demand by a reading of the load metric: a Fresh one, a Partial one that is higher than the last Fresh one,
/// else the last Fresh one for one window.
[[nodiscard]] Demand measure_demand(const scaling::Reading& reading,
                                    std::chrono::seconds window,
                                    WallTime now,
                                    DemandMemory& memory);

/// What metrics ask for, in replicas.
struct AskedReplicas {
  double value = 0;
  std::optional<double> at_least;  ///< All that is certain: not all shares are known that readings are of.
};

/// Demand where no metric measures it: what the metrics ask for before any window, in replicas. Not rounded
/// where backends' own readings tell it: a whole replica more or less would move shares, which moves the
/// readings. While only a least is known, the last known demand stands where it is more, for floor_span() of
/// `window`.
[[nodiscard]] Demand demand_in_replicas(std::optional<AskedReplicas> asked,
                                        std::chrono::seconds window,
                                        WallTime now,
                                        DemandMemory& memory);

/// How long demand is looked back to, and how long a floor outlives its cover.
[[nodiscard]] std::chrono::seconds floor_span(std::chrono::seconds window);

/// Sets, keeps or ends the floor after a loss.
/// @param lost     a backend with share has just lost its last endpoint, not by our doing.
/// @param covered  ready capacity carries the floor, or nobody is lost any more.
void settle_floor(bool lost, bool covered, std::chrono::seconds window, WallTime now, DemandMemory& memory);

/// `demand`, at least the floor where there is one.
[[nodiscard]] Demand with_floor(Demand demand, const DemandMemory& memory);

}  // namespace evenkeel::plan
