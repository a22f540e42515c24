#include "service_reader.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "json_tree.hpp"
#include "structural.hpp"

namespace evenkeel::api {
namespace {

using nlohmann::json;
using std::chrono::seconds;

std::int32_t count_of(const json& value) {
  if (!value.is_number_float()) return value.get<std::int32_t>();
  // A number written as 3.0 loses nothing; a field without a bound of its own may hold anything.
  using Limits = std::numeric_limits<std::int32_t>;
  return static_cast<std::int32_t>(std::clamp<double>(value.get<double>(), Limits::min(), Limits::max()));
}

std::optional<std::int32_t> optional_count(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end()) return std::nullopt;
  return count_of(*member);
}

void take(const json& object, const char* name, std::int32_t& out) {
  if (const auto count = optional_count(object, name)) out = *count;
}

void take(const json& object, const char* name, seconds& out) {
  if (const auto count = optional_count(object, name)) out = seconds{*count};
}

std::string text_of(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end()) return "";
  return member->is_string() ? member->get<std::string>() : std::to_string(count_of(*member));
}

std::optional<Quantity> optional_quantity(const json& object, const char* name) {
  if (!object.contains(name)) return std::nullopt;
  return Quantity::parse(text_of(object, name));
}

/// The object at `name`, an empty one where there is none: its fields then keep their defaults.
const json& object_at(const json& object, const char* name) {
  static const json kEmpty = json::object();
  const auto member = object.find(name);
  return member == object.end() ? kEmpty : *member;
}

/// The list at `name`, an empty one where there is none.
const json& list_at(const json& object, const char* name) {
  static const json kEmpty = json::array();
  const auto member = object.find(name);
  return member == object.end() ? kEmpty : *member;
}

template <class Enum>
struct Word {
  std::string_view text;
  Enum value;
};

/// The value whose word stands at `name`; enums are checked by then, so another word is none.
template <class Enum, std::size_t N>
void take_word(const json& object, const char* name, const std::array<Word<Enum>, N>& words, Enum& out) {
  const auto text = text_of(object, name);
  for (const auto& word : words) {
    if (word.text == text) out = word.value;
  }
}

constexpr auto kModes = std::to_array<Word<Mode>>(
    {{"Enforce", Mode::Enforce}, {"Observe", Mode::Observe}, {"Paused", Mode::Paused}});

constexpr auto kAlgorithms =
    std::to_array<Word<Algorithm>>({{"WeightedRoundRobin", Algorithm::WeightedRoundRobin},
                                    {"RoundRobin", Algorithm::RoundRobin},
                                    {"LeastConnections", Algorithm::LeastConnections},
                                    {"FastestResponse", Algorithm::FastestResponse},
                                    {"LeastUtilization", Algorithm::LeastUtilization},
                                    {"Capacity", Algorithm::Capacity},
                                    {"ClientIPHash", Algorithm::ClientIPHash},
                                    {"Random", Algorithm::Random}});

constexpr auto kScopes = std::to_array<Word<MetricScope>>(
    {{"Service", MetricScope::Service}, {"Backend", MetricScope::Backend}, {"Pod", MetricScope::Pod}});

constexpr auto kTargetTypes = std::to_array<Word<TargetType>>({{"Value", TargetType::Value},
                                                               {"AverageValue", TargetType::AverageValue},
                                                               {"Utilization", TargetType::Utilization}});

constexpr auto kFailbackModes = std::to_array<Word<FailbackMode>>(
    {{"Automatic", FailbackMode::Automatic}, {"Manual", FailbackMode::Manual}});

constexpr auto kMissingPolicies = std::to_array<Word<MissingPolicy>>(
    {{"Hold", MissingPolicy::Hold}, {"Fallback", MissingPolicy::Fallback}});

constexpr auto kPredictiveModes = std::to_array<Word<PredictiveMode>>(
    {{"Off", PredictiveMode::Off}, {"Shadow", PredictiveMode::Shadow}, {"Enforce", PredictiveMode::Enforce}});

constexpr auto kPolicyTypes =
    std::to_array<Word<PolicyType>>({{"Pods", PolicyType::Pods}, {"Percent", PolicyType::Percent}});

constexpr auto kSelectPolicies = std::to_array<Word<SelectPolicy>>(
    {{"Max", SelectPolicy::Max}, {"Min", SelectPolicy::Min}, {"Disabled", SelectPolicy::Disabled}});

Backend to_backend(const json& node) {
  Backend backend;
  backend.name = text_of(node, "name");
  backend.tier = count_of(node["tier"]);
  backend.weight = count_of(node["weight"]);
  if (const auto ref = node.find("workloadRef"); ref != node.end()) {
    backend.workload = {.api_version = text_of(*ref, "apiVersion"),
                        .kind = text_of(*ref, "kind"),
                        .name = text_of(*ref, "name")};
  }
  if (const auto ref = node.find("serviceRef"); ref != node.end()) {
    backend.service = {.name = text_of(*ref, "name"), .port = text_of(*ref, "port")};
  }
  backend.min_replicas = optional_count(node, "minReplicas");
  backend.max_replicas = optional_count(node, "maxReplicas");
  backend.capacity_per_replica = optional_quantity(node, "capacityPerReplica");
  const auto& slow_start = object_at(node, "slowStart");
  take(slow_start, "windowSeconds", backend.slow_start.window);
  take(slow_start, "minPercent", backend.slow_start.min_percent);
  return backend;
}

Route to_route(const json& node) {
  return {.name = text_of(node, "name"),
          .kind = text_of(node, "kind"),
          .object_name = text_of(node, "objectName"),
          .provider = text_of(node, "provider"),
          .rule_name = text_of(node, "ruleName")};
}

void take_source(const json& node, SignalSource& source) {
  source.preset = text_of(node, "preset");
  source.query = text_of(node, "query");
  source.match = object_at(node, "match").get<std::map<std::string, std::string>>();
  source.timestamp_query = text_of(node, "timestampQuery");
  take(node, "maxAgeSeconds", source.max_age);
}

Balancing to_balancing(const json& node) {
  Balancing balancing;
  take_word(node, "algorithm", kAlgorithms, balancing.algorithm);
  take(node, "maxStepPercent", balancing.max_step_percent);
  take(node, "stepSeconds", balancing.step);
  take(node, "smoothingSeconds", balancing.smoothing);
  take(node, "minSharePercent", balancing.min_share_percent);
  take(node, "drainSeconds", balancing.drain);
  take(node, "drainTimeoutSeconds", balancing.drain_timeout);
  for (const auto& item : list_at(node, "signals")) {
    auto& signal = balancing.signals.emplace_back();
    signal.name = text_of(item, "name");
    take_source(item, signal);
  }
  return balancing;
}

Health to_health(const json& node) {
  Health health;
  take(node, "minReadyPercent", health.min_ready_percent);
  for (const auto& item : list_at(node, "signals")) {
    auto& signal = health.signals.emplace_back();
    signal.name = text_of(item, "name");
    take_source(item, signal);
    signal.max = optional_quantity(item, "max");
    signal.min = optional_quantity(item, "min");
  }
  take(node, "failureThreshold", health.failure_threshold);
  take(node, "successThreshold", health.success_threshold);
  const auto& ejection = object_at(node, "ejection");
  take(ejection, "baseSeconds", health.ejection.base);
  take(ejection, "factor", health.ejection.factor);
  take(ejection, "maxSeconds", health.ejection.max);
  take(ejection, "maxEjectedPercent", health.ejection.max_ejected_percent);
  return health;
}

Failover to_failover(const json& node) {
  Failover failover;
  take(node, "overprovisioningPercent", failover.overprovisioning_percent);
  take(node, "panicPercent", failover.panic_percent);
  failover.pre_scale = text_of(node, "preScale") != "Disabled";
  const auto& failback = object_at(node, "failback");
  take_word(failback, "mode", kFailbackModes, failover.failback.mode);
  take(failback, "afterSeconds", failover.failback.after);
  take(failback, "stepPercent", failover.failback.step_percent);
  return failover;
}

Metric to_metric(const json& node) {
  Metric metric;
  metric.name = text_of(node, "name");
  take_source(node, metric);
  // A default that depends on another field, which the CRD cannot say.
  const bool is_resource = metric.preset == "CPUUtilization" || metric.preset == "MemoryUtilization";
  metric.scope = is_resource ? MetricScope::Pod : MetricScope::Service;
  take_word(node, "scope", kScopes, metric.scope);
  metric.container = text_of(node, "container");
  const auto& target = node["target"];
  take_word(target, "type", kTargetTypes, metric.target_type);
  metric.target_value = optional_quantity(target, "value").value_or(Quantity{});
  take(target, "averageUtilization", metric.average_utilization);
  metric.activation = optional_quantity(node, "activation");
  return metric;
}

Schedule to_schedule(const json& node) {
  return {.name = text_of(node, "name"),
          .start = text_of(node, "start"),
          .end = text_of(node, "end"),
          .time_zone = text_of(node, "timeZone"),
          .min_replicas = optional_count(node, "minReplicas"),
          .max_replicas = optional_count(node, "maxReplicas")};
}

Predictive to_predictive(const json& node) {
  Predictive predictive;
  take_word(node, "mode", kPredictiveModes, predictive.mode);
  take(node, "seasonSeconds", predictive.season);
  take(node, "historySeconds", predictive.history);
  take(node, "horizonSeconds", predictive.horizon);
  return predictive;
}

ScalingPolicy to_policy(const json& node) {
  ScalingPolicy policy;
  take_word(node, "type", kPolicyTypes, policy.type);
  take(node, "value", policy.value);
  take(node, "periodSeconds", policy.period);
  return policy;
}

/// One direction of behavior, over what holds where it is absent.
ScalingRules to_rules(const json& scaling, const char* direction, ScalingRules rules) {
  const auto& node = object_at(object_at(scaling, "behavior"), direction);
  if (const auto window = optional_count(node, "stabilizationWindowSeconds")) {
    rules.stabilization_window = seconds{*window};
  }
  take_word(node, "selectPolicy", kSelectPolicies, rules.select_policy);
  if (const auto policies = node.find("policies"); policies != node.end()) {
    rules.policies.clear();
    for (const auto& policy : *policies) rules.policies.push_back(to_policy(policy));
  }
  rules.tolerance = optional_quantity(node, "tolerance");
  return rules;
}

Scaling to_scaling(const json& node) {
  // The defaults of autoscaling/v2. The CRD has them too, but only for a direction that is written out.
  const ScalingPolicy doubling{.type = PolicyType::Percent, .value = 100, .period = seconds{15}};
  const ScalingPolicy four_pods{.type = PolicyType::Pods, .value = 4, .period = seconds{15}};
  Scaling scaling;
  scaling.min_replicas = count_of(node["minReplicas"]);
  scaling.max_replicas = count_of(node["maxReplicas"]);
  for (const auto& metric : node["metrics"]) scaling.metrics.push_back(to_metric(metric));
  scaling.scale_up =
      to_rules(node, "scaleUp", {.stabilization_window = seconds{0}, .policies = {four_pods, doubling}});
  scaling.scale_down = to_rules(node, "scaleDown", {.policies = {doubling}});
  const auto& missing = object_at(node, "onMissingMetrics");
  take_word(missing, "policy", kMissingPolicies, scaling.on_missing_metrics.policy);
  take(missing, "replicas", scaling.on_missing_metrics.replicas);
  scaling.load_metric = text_of(node, "loadMetric");
  take(node, "maxSurgePercent", scaling.max_surge_percent);
  for (const auto& schedule : list_at(node, "schedules")) scaling.schedules.push_back(to_schedule(schedule));
  scaling.predictive = to_predictive(object_at(node, "predictive"));
  take(node, "idleAfterSeconds", scaling.idle_after);
  return scaling;
}

}  // namespace

void check_type(const Field& root) {
  const auto& crd = built_in_crd();
  std::string api_version;
  std::string kind;
  root["apiVersion"].read_text(api_version);
  root["kind"].read_text(kind);
  const auto wanted = crd.group + "/" + crd.version;
  if (!api_version.empty() && api_version != wanted) root["apiVersion"].complain("must be " + wanted);
  if (!kind.empty() && kind != crd.kind) root["kind"].complain("must be " + crd.kind);
}

LoadBalancedService with_metadata(const Metadata& metadata) {
  LoadBalancedService service;
  service.key = metadata.key;
  service.uid = metadata.uid;
  service.generation = metadata.generation;
  service.creation_time = metadata.creation_time;
  service.annotations = metadata.annotations;
  return service;
}

Result<Spec> admit(const Field& field, UnknownFields unknown) {
  const auto path = field.path();
  if (!field.present()) return Error{ErrorKind::Invalid, path + ": Required value"};
  auto tree = to_tree(field.value());
  if (unknown == UnknownFields::Refuse && !tree.duplicates.empty()) {
    const auto duplicate = child_path(path, tree.duplicates.front());
    return Error{ErrorKind::Invalid, duplicate + ": duplicate field \"" + duplicate + "\""};
  }
  const auto violations = admit_spec(tree.value, path, unknown);
  if (violations.empty()) return to_spec(tree.value);
  return Error{ErrorKind::Invalid, violations.front().field + ": " + violations.front().message};
}

std::vector<Violation> admit_spec(json& spec, const std::string& path, UnknownFields unknown) {
  const auto& schema = *built_in_crd().root.property("spec");
  std::vector<Violation> violations;
  std::vector<Violation> unknown_fields;
  prune(schema, spec, path, unknown_fields);
  if (unknown == UnknownFields::Refuse) violations = std::move(unknown_fields);
  apply_defaults(schema, spec);
  if (check_structure(schema, spec, path, violations) == Shape::Sound)
    check_rules(schema, spec, path, violations);
  return violations;
}

Spec to_spec(const json& node) {
  Spec spec;
  take_word(node, "mode", kModes, spec.mode);
  for (const auto& backend : node["backends"]) spec.backends.push_back(to_backend(backend));
  for (const auto& route : list_at(node, "routes")) spec.routes.push_back(to_route(route));
  spec.balancing = to_balancing(object_at(node, "balancing"));
  spec.health = to_health(object_at(node, "health"));
  spec.failover = to_failover(object_at(node, "failover"));
  if (const auto scaling = node.find("scaling"); scaling != node.end()) spec.scaling = to_scaling(*scaling);
  spec.replicas = optional_count(node, "replicas");
  return spec;
}

const char* to_string(Mode mode) noexcept {
  const auto* const word = std::ranges::find(kModes, mode, &Word<Mode>::value);
  return word == kModes.end() ? "Unknown" : word->text.data();
}

const char* to_string(Algorithm algorithm) noexcept {
  const auto* const word = std::ranges::find(kAlgorithms, algorithm, &Word<Algorithm>::value);
  return word == kAlgorithms.end() ? "Unknown" : word->text.data();
}

}  // namespace evenkeel::api
