#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/object_key.hpp"
#include "evenkeel/base/quantity.hpp"

/// The LoadBalancedService resource as plain data, defaults applied. Field meanings are those of docs/api.md;
/// the CRD in crds/ is the source of bounds and defaults, so nothing here repeats them except where the CRD
/// cannot say it.
namespace evenkeel::api {

enum class Mode {
  Enforce,  ///< Decide and write.
  Observe,  ///< Decide and report, write only status.
  Paused,   ///< Decide nothing.
};

struct WorkloadRef {
  std::string api_version = "apps/v1";
  std::string kind = "Deployment";
  std::string name;
  auto operator<=>(const WorkloadRef&) const = default;
};

struct ServiceRef {
  std::string name;
  std::string port;  ///< Number or name, as text.
  auto operator<=>(const ServiceRef&) const = default;
};

/// How the share of a backend that has just become eligible rises.
struct SlowStart {
  std::chrono::seconds window{0};  ///< 0: it takes its whole share at once.
  std::int32_t min_percent = 10;   ///< Of its target, 1..100: where the rise begins.
};

struct Backend {
  std::string name;
  std::int32_t tier = 0;      ///< Lower is preferred.
  std::int32_t weight = 100;  ///< 0..1000, relative within its tier. 0: no traffic.
  std::optional<WorkloadRef> workload;
  std::optional<ServiceRef> service;
  std::optional<std::int32_t> min_replicas;  ///< This backend's own bounds.
  std::optional<std::int32_t> max_replicas;
  std::optional<Quantity> capacity_per_replica;  ///< In the unit of the load metric; all backends or none.
  SlowStart slow_start;
};

struct Route {
  std::string name;
  std::string kind;  ///< "HTTPRoute".
  std::string object_name;
  std::string provider;   ///< Empty: inferred.
  std::string rule_name;  ///< Empty: every rule that refers to a backend's Service.
};

/// Where a figure comes from.
struct SignalSource {
  std::string preset;                        ///< Empty where `query` is given.
  std::string query;                         ///< PromQL.
  std::map<std::string, std::string> match;  ///< Labels that pick this object's series out of `query`.
  std::string timestamp_query;               ///< Empty: the age of the samples cannot be known.
  std::chrono::seconds max_age{120};
};

/// What one sample stands for: the whole service, one backend (label "backend"), one pod (label "pod").
enum class MetricScope { Service, Backend, Pod };
enum class TargetType { Value, AverageValue, Utilization };

struct Metric : SignalSource {
  std::string name;
  MetricScope scope = MetricScope::Service;
  std::string container;  ///< CPU and memory of this container only; empty: of the whole pod.
  TargetType target_type = TargetType::AverageValue;
  Quantity target_value;                 ///< Of Value and AverageValue.
  std::int32_t average_utilization = 0;  ///< Of Utilization: percent of the pods' requests.
  std::optional<Quantity> activation;    ///< Above it an idle service wakes.
};

/// A reading that says whether a backend is well; scope Backend. One of the thresholds at least is given.
struct HealthSignal : SignalSource {
  std::string name;
  std::optional<Quantity> max;  ///< Above it the reading is bad.
  std::optional<Quantity> min;  ///< Below it the reading is bad.
};

/// Replaces a reading that computed proportions use: "connections", "latency", "errors" or "utilization".
struct BalancingSignal : SignalSource {
  std::string name;
};

enum class Algorithm {
  WeightedRoundRobin,  ///< Declared weights.
  RoundRobin,          ///< Equal.
  LeastConnections,
  FastestResponse,
  LeastUtilization,
  Capacity,      ///< Ready capacity.
  ClientIPHash,  ///< Declared weights.
  Random,        ///< Declared weights.
};

struct Balancing {
  Algorithm algorithm = Algorithm::WeightedRoundRobin;
  std::int32_t max_step_percent = 20;  ///< Largest computed change of a share in one step, 1..100 points.
  std::chrono::seconds step{30};
  std::chrono::seconds smoothing{30};  ///< Time constant of the EWMA; 0: none.
  std::int32_t min_share_percent = 1;  ///< Backends x this <= 100.
  std::chrono::seconds drain{30};
  std::chrono::seconds drain_timeout{600};
  std::vector<BalancingSignal> signals;
};

struct Ejection {
  std::chrono::seconds base{30};
  std::int32_t factor = 2;
  std::chrono::seconds max{300};
  std::int32_t max_ejected_percent = 50;  ///< Of a tier's backends.
};

struct Health {
  std::int32_t min_ready_percent = 0;  ///< Ready of expected endpoints under which a backend is unfit.
  std::vector<HealthSignal> signals;
  std::int32_t failure_threshold = 3;
  std::int32_t success_threshold = 2;
  Ejection ejection;
};

enum class FailbackMode { Automatic, Manual };

struct Failback {
  FailbackMode mode = FailbackMode::Automatic;
  std::chrono::seconds after{60};
  std::int32_t step_percent = 20;
};

struct Failover {
  std::int32_t overprovisioning_percent = 140;
  std::int32_t panic_percent = 50;
  bool pre_scale = true;
  Failback failback;
};

enum class MissingPolicy { Hold, Fallback };

struct OnMissingMetrics {
  MissingPolicy policy = MissingPolicy::Hold;
  std::int32_t replicas = 0;  ///< Of Fallback: max(current, this).
};

/// A window in which other bounds hold: from each `start` to the next `end`, in `time_zone`.
struct Schedule {
  std::string name;
  std::string start;  ///< Five fields of cron.
  std::string end;
  std::string time_zone = "UTC";
  std::optional<std::int32_t> min_replicas;
  std::optional<std::int32_t> max_replicas;
};

enum class PredictiveMode { Off, Shadow, Enforce };

struct Predictive {
  PredictiveMode mode = PredictiveMode::Off;
  std::chrono::seconds season{86'400};
  std::chrono::seconds history{604'800};
  std::chrono::seconds horizon{600};
};

enum class PolicyType { Pods, Percent };
enum class SelectPolicy { Max, Min, Disabled };

struct ScalingPolicy {
  PolicyType type = PolicyType::Pods;
  std::int32_t value = 0;
  std::chrono::seconds period{15};
  auto operator<=>(const ScalingPolicy&) const = default;
};

/// One direction of `behavior`, autoscaling/v2's defaults applied.
struct ScalingRules {
  std::optional<std::chrono::seconds> stabilization_window;  ///< Empty: 0 up; the operator's setting down.
  SelectPolicy select_policy = SelectPolicy::Max;
  std::vector<ScalingPolicy> policies;  ///< Never empty once parsed.
  std::optional<Quantity> tolerance;    ///< Empty: the operator's setting.
};

struct Scaling {
  std::int32_t min_replicas = 1;
  std::int32_t max_replicas = 1;
  std::vector<Metric> metrics;
  ScalingRules scale_up;
  ScalingRules scale_down;
  OnMissingMetrics on_missing_metrics;
  std::string load_metric;               ///< Empty: the default of docs/decision.md.
  std::int32_t max_surge_percent = 100;  ///< Room above max_replicas while traffic moves.
  std::vector<Schedule> schedules;
  Predictive predictive;
  std::chrono::seconds idle_after{300};
};

struct Spec {
  Mode mode = Mode::Enforce;
  std::vector<Backend> backends;
  std::vector<Route> routes;
  Balancing balancing;
  Health health;
  Failover failover;
  std::optional<Scaling> scaling;        ///< Absent: replicas are never touched.
  std::optional<std::int32_t> replicas;  ///< Manual count of the total.
};

/// What `decide` and `plan` read of an object. Its status is in api/status.hpp.
struct LoadBalancedService {
  ObjectKey key;
  std::string uid;
  std::int64_t generation = 0;
  std::optional<WallTime> creation_time;
  std::map<std::string, std::string> annotations;
  Spec spec;
};

[[nodiscard]] const char* to_string(Mode mode) noexcept;
[[nodiscard]] const char* to_string(Algorithm algorithm) noexcept;

}  // namespace evenkeel::api
