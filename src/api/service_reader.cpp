#include "service_reader.hpp"

#include "json_tree.hpp"
#include "structural.hpp"

namespace evenkeel::api {
namespace {

using nlohmann::json;
using std::chrono::seconds;

std::int32_t count_of(const json& value) {
  // Bounds are checked by then, so a number written as 3.0 loses nothing.
  return value.is_number_float() ? static_cast<std::int32_t>(value.get<double>()) : value.get<std::int32_t>();
}

std::optional<std::int32_t> optional_count(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end()) return std::nullopt;
  return count_of(*member);
}

std::string text_of(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end()) return "";
  return member->is_string() ? member->get<std::string>() : std::to_string(count_of(*member));
}

Quantity quantity_of(const json& object, const char* name) {
  const auto quantity = Quantity::parse(text_of(object, name));
  return quantity ? *quantity : Quantity{};
}

Mode to_mode(const std::string& text) {
  if (text == "Observe") return Mode::Observe;
  if (text == "Paused") return Mode::Paused;
  return Mode::Enforce;
}

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
  return backend;
}

Route to_route(const json& node) {
  return {.name = text_of(node, "name"),
          .kind = text_of(node, "kind"),
          .object_name = text_of(node, "objectName"),
          .provider = text_of(node, "provider"),
          .rule_name = text_of(node, "ruleName")};
}

Metric to_metric(const json& node) {
  Metric metric;
  metric.name = text_of(node, "name");
  metric.preset = text_of(node, "preset");
  metric.query = text_of(node, "query");
  if (const auto match = node.find("match"); match != node.end()) {
    metric.match = match->get<std::map<std::string, std::string>>();
  }
  metric.timestamp_query = text_of(node, "timestampQuery");
  const auto& target = node["target"];
  metric.target_type = text_of(target, "type") == "Value" ? TargetType::Value : TargetType::AverageValue;
  metric.target_value = quantity_of(target, "value");
  metric.max_age = seconds{count_of(node["maxAgeSeconds"])};
  return metric;
}

ScalingPolicy to_policy(const json& node) {
  return {.type = text_of(node, "type") == "Percent" ? PolicyType::Percent : PolicyType::Pods,
          .value = count_of(node["value"]),
          .period = seconds{count_of(node["periodSeconds"])}};
}

/// One direction of behavior, over what holds where it is absent.
ScalingRules to_rules(const json& scaling, const char* direction, ScalingRules rules) {
  const auto behavior = scaling.find("behavior");
  if (behavior == scaling.end()) return rules;
  const auto node = behavior->find(direction);
  if (node == behavior->end()) return rules;
  if (const auto window = optional_count(*node, "stabilizationWindowSeconds")) {
    rules.stabilization_window = seconds{*window};
  }
  const auto select = text_of(*node, "selectPolicy");
  if (select == "Min") rules.select_policy = SelectPolicy::Min;
  if (select == "Disabled") rules.select_policy = SelectPolicy::Disabled;
  if (const auto policies = node->find("policies"); policies != node->end()) {
    rules.policies.clear();
    for (const auto& policy : *policies) rules.policies.push_back(to_policy(policy));
  }
  if (node->contains("tolerance")) rules.tolerance = quantity_of(*node, "tolerance");
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
  spec.mode = to_mode(text_of(node, "mode"));
  for (const auto& backend : node["backends"]) spec.backends.push_back(to_backend(backend));
  if (const auto routes = node.find("routes"); routes != node.end()) {
    for (const auto& route : *routes) spec.routes.push_back(to_route(route));
  }
  if (const auto scaling = node.find("scaling"); scaling != node.end()) spec.scaling = to_scaling(*scaling);
  spec.replicas = optional_count(node, "replicas");
  return spec;
}

const char* to_string(Mode mode) noexcept {
  switch (mode) {
    case Mode::Enforce:
      return "Enforce";
    case Mode::Observe:
      return "Observe";
    case Mode::Paused:
      return "Paused";
  }
  return "Unknown";
}

const char* to_string(Algorithm algorithm) noexcept {
  switch (algorithm) {
    case Algorithm::WeightedRoundRobin:
      return "WeightedRoundRobin";
    case Algorithm::RoundRobin:
      return "RoundRobin";
    case Algorithm::LeastConnections:
      return "LeastConnections";
    case Algorithm::FastestResponse:
      return "FastestResponse";
    case Algorithm::LeastUtilization:
      return "LeastUtilization";
    case Algorithm::Capacity:
      return "Capacity";
    case Algorithm::ClientIPHash:
      return "ClientIPHash";
    case Algorithm::Random:
      return "Random";
  }
  return "Unknown";
}

}  // namespace evenkeel::api
