#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/result.hpp"
#include "evenkeel/base/time_zones.hpp"

/// Everything one decision may look at: the input of plan::decide(). docs/decision.md describes the JSON
/// form.
namespace evenkeel::api {

struct ContainerRequests {
  std::string name;
  std::map<std::string, Quantity> requests;  ///< "cpu" in cores, "memory" in bytes.
};

struct Pod {
  std::string name;
  std::string phase;
  std::optional<bool> ready;  ///< Empty: the pod has no Ready condition.
  bool deleted = false;
  std::string revision;
  std::optional<WallTime> start_time;
  std::optional<WallTime> ready_transition_time;
  std::map<std::string, Quantity> requests;
  std::vector<ContainerRequests> containers;
};

struct Endpoints {
  std::int32_t ready = 0;
  std::optional<std::int32_t> total;  ///< Ready or not.
};

/// What was seen of one backend. Absent figures are unknown, never zero. A snapshot may hold nonsense, like
/// counts below 0: the decision says what becomes of it, with a warning.
struct BackendObservation {
  std::optional<std::int32_t> spec_replicas;
  std::optional<std::int32_t> status_replicas;
  std::optional<std::int32_t> ready_replicas;
  std::optional<std::int32_t> updated_replicas;
  bool rollout = false;  ///< The workload is replacing its pods.
  std::string selector;  ///< Of the workload's pods, in selector syntax, for status; not part of the JSON.
  std::optional<Endpoints> endpoints;
  std::optional<double> weight;           ///< Share set now, percent of all traffic.
  std::optional<double> observed_weight;  ///< Share measured, percent of all traffic.
  std::optional<WallTime> observed_weight_time;
  std::vector<Pod> pods;
};

struct Sample {
  std::map<std::string, std::string> labels;
  double value = 0;              ///< May be NaN or infinite.
  std::optional<WallTime> time;  ///< Of the newest raw sample behind the value. Empty: counts as `now`.
  std::optional<std::chrono::seconds> window;
  std::optional<double> weight;              ///< Requests behind the value.
  std::optional<std::int32_t> contributors;  ///< Pods that went into it.
};

struct MetricReading {
  std::vector<Sample> samples;
  std::optional<std::string> error;  ///< The source could not be read; says why.
};

/// What the operator's flags set for all objects.
struct Settings {
  std::chrono::seconds cpu_initialization{300};
  std::chrono::seconds initial_readiness_delay{30};
  Quantity tolerance = Quantity::from_milli(100);
  std::chrono::seconds downscale_stabilization{300};
  bool frozen = false;  ///< The fleet breaker: totals do not fall.
};

/// A live route object as the API server returns it.
struct RouteObject {
  std::string kind;
  ObjectKey key;
  std::string json;  ///< The whole object, JSON text.
};

struct Snapshot {
  WallTime now;
  LoadBalancedService service;
  std::map<std::string, BackendObservation> backends;  ///< By backend name.
  std::map<std::string, MetricReading> metrics;        ///< By metric name.
  std::optional<std::string> memory;  ///< JSON text that the last decision returned. Empty: none.
  bool restored = false;              ///< `memory` comes from status, not from this process.
  Settings settings;
  /// For schedules; handed in by whoever may read files, not part of the JSON. Null: only UTC is known.
  std::shared_ptr<const TimeZones> time_zones;
  std::vector<RouteObject> routes;  ///< Live objects of spec.routes that exist; read by plan() only.
};

/// Reads one snapshot: CRD defaults are applied to the service and the CRD's rules checked first.
/// `memory` null or absent gives an empty optional; the stream carries the last one over.
/// @return Error{Invalid} that names the JSON path, e.g. "service.spec.backends[0].weight: must be ...".
[[nodiscard]] Result<Snapshot> parse_snapshot(std::string_view json);

/// parse_snapshot() for many snapshots: reuses its buffers, and checks a spec only when its text is new.
/// One thread at a time.
class SnapshotReader {
 public:
  SnapshotReader();
  ~SnapshotReader();
  SnapshotReader(const SnapshotReader&) = delete;
  SnapshotReader& operator=(const SnapshotReader&) = delete;

  [[nodiscard]] Result<Snapshot> read(std::string_view json);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace evenkeel::api
