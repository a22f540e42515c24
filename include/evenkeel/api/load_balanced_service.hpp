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

struct Backend {
  std::string name;
  std::int32_t tier = 0;      ///< Lower is preferred.
  std::int32_t weight = 100;  ///< 0..1000, relative within its tier. 0: no traffic.
  std::optional<WorkloadRef> workload;
  std::optional<ServiceRef> service;
  std::optional<std::int32_t> min_replicas;  ///< This backend's own bounds.
  std::optional<std::int32_t> max_replicas;
};

struct Route {
  std::string name;
  std::string kind;  ///< "HTTPRoute".
  std::string object_name;
  std::string provider;   ///< Empty: inferred.
  std::string rule_name;  ///< Empty: every rule that refers to a backend's Service.
};

enum class MetricScope { Service };
enum class TargetType { Value, AverageValue };

struct Metric {
  std::string name;
  std::string preset;                        ///< Empty where `query` is given.
  std::string query;                         ///< PromQL.
  std::map<std::string, std::string> match;  ///< Labels that pick this object's series out of `query`.
  std::string timestamp_query;               ///< Empty: the age of the samples cannot be known.
  MetricScope scope = MetricScope::Service;
  TargetType target_type = TargetType::AverageValue;
  Quantity target_value;
  std::chrono::seconds max_age{120};
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
};

struct Spec {
  Mode mode = Mode::Enforce;
  std::vector<Backend> backends;
  std::vector<Route> routes;
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

}  // namespace evenkeel::api
