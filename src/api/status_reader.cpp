#include "evenkeel/api/status.hpp"

#include "json_field.hpp"
#include "service_reader.hpp"

namespace evenkeel::api {
namespace {

std::string text_of(const Field& object, std::string_view name) {
  std::string text;
  object[name].read_text(text);
  return text;
}

std::int32_t count_of(const Field& object, std::string_view name) {
  std::int32_t count = 0;
  object[name].read_count(count);
  return count;
}

ConditionStatus to_condition_status(std::string_view text) {
  if (text == "True") return ConditionStatus::True;
  if (text == "False") return ConditionStatus::False;
  return ConditionStatus::Unknown;
}

BackendState to_backend_state(std::string_view text) {
  for (const auto state :
       {BackendState::Active, BackendState::Standby, BackendState::Draining, BackendState::Ejected}) {
    if (text == to_string(state)) return state;
  }
  return BackendState::Unknown;
}

Quality to_quality(std::string_view text) {
  for (const auto quality : {Quality::Fresh, Quality::Stale, Quality::Partial, Quality::Empty}) {
    if (text == to_string(quality)) return quality;
  }
  return Quality::Error;
}

std::optional<double> read_value(const Field& field) {
  std::optional<Quantity> quantity;
  field.read_quantity(quantity);
  return quantity ? std::optional{quantity->value()} : std::nullopt;
}

StatusCondition read_condition(const Field& field) {
  StatusCondition result;
  result.condition = {.type = text_of(field, "type"),
                      .status = to_condition_status(text_of(field, "status")),
                      .reason = text_of(field, "reason"),
                      .message = text_of(field, "message")};
  field["observedGeneration"].read_whole(result.observed_generation);
  field["lastTransitionTime"].read_time(result.last_transition_time);
  return result;
}

BackendStatus read_backend(const Field& field) {
  BackendStatus backend;
  backend.name = text_of(field, "name");
  backend.state = to_backend_state(text_of(field, "state"));
  backend.tier = count_of(field, "tier");
  backend.share_permille = count_of(field, "sharePermille");
  backend.target_share_permille = count_of(field, "targetSharePermille");
  field["observedSharePermille"].read_count(backend.observed_share_permille);
  field["replicas"].read_count(backend.replicas);
  field["readyReplicas"].read_count(backend.ready_replicas);
  field["desiredReplicas"].read_count(backend.desired_replicas);
  field["ejectedUntil"].read_time(backend.ejected_until);
  field["ejections"].read_count(backend.ejections);
  backend.reason = text_of(field, "reason");
  return backend;
}

std::map<std::string, std::int32_t> read_weights(const Field& field) {
  std::map<std::string, std::int32_t> weights;
  field.each_member([&](std::string_view name, const Field& member) {
    std::int32_t weight = 0;
    member.read_count(weight);
    weights.emplace(name, weight);
  });
  return weights;
}

RouteStatus read_route(const Field& field) {
  RouteStatus route;
  route.name = text_of(field, "name");
  route.kind = text_of(field, "kind");
  route.object_name = text_of(field, "objectName");
  route.provider = text_of(field, "provider");
  route.encoded_weights = read_weights(field["encodedWeights"]);
  route.original_weights = read_weights(field["originalWeights"]);
  field["programmedTime"].read_time(route.programmed_time);
  route.reason = text_of(field, "reason");
  return route;
}

SignalState read_signal(const Field& field) {
  SignalState signal;
  signal.name = text_of(field, "name");
  signal.quality = to_quality(text_of(field, "quality"));
  signal.value = read_value(field["value"]);
  field["sampleTime"].read_time(signal.sample_time);
  return signal;
}

StatusStep read_step(const Field& field) {
  StatusStep entry{.backend = text_of(field, "backend"), .step = {}};
  auto& step = entry.step;
  step.step = text_of(field, "step");
  if (auto metric = text_of(field, "metric"); !metric.empty()) step.metric = std::move(metric);
  step.value = read_value(field["value"]);
  if (const auto quality = text_of(field, "quality"); !quality.empty()) step.quality = to_quality(quality);
  field["replicas"].read_count(step.replicas);
  std::optional<std::int32_t> share;
  field["sharePermille"].read_count(share);
  if (share) step.weight = *share / 10.0;
  if (auto detail = text_of(field, "detail"); !detail.empty()) step.detail = std::move(detail);
  return entry;
}

template <class T>
void read_list(const Field& field, std::vector<T>& list, T (*read)(const Field&)) {
  field.each_item([&](const Field& item) { list.push_back(read(item)); });
}

Status read_status(const Field& field) {
  Status status;
  read_list(field["conditions"], status.conditions, read_condition);
  field["observedGeneration"].read_whole(status.observed_generation);
  status.replicas = count_of(field, "replicas");
  status.desired_replicas = count_of(field, "desiredReplicas");
  status.selector = text_of(field, "selector");
  field["activeTier"].read_count(status.active_tier);
  status.weights = text_of(field, "weights");
  read_list(field["backends"], status.backends, read_backend);
  read_list(field["routes"], status.routes, read_route);
  read_list(field["signals"], status.signals, read_signal);
  const Field unsupported = field["unsupported"];
  unsupported.each_item([&](const Field& item) {
    status.unsupported.push_back({.field = text_of(item, "field"),
                                  .provider = text_of(item, "provider"),
                                  .action = text_of(item, "action"),
                                  .detail = text_of(item, "detail")});
  });
  const Field decision = field["lastDecision"];
  decision["time"].read_time(status.last_decision.time);
  status.last_decision.summary = text_of(decision, "summary");
  read_list(decision["steps"], status.last_decision.steps, read_step);
  field["lastScaleTime"].read_time(status.last_scale_time);
  status.memory = text_of(field, "memory");
  return status;
}

}  // namespace

Result<ObservedService> parse_observed_service(std::string_view json) {
  JsonDocument document;
  const auto parsed = document.parse(json);
  if (!parsed.ok()) return parsed.error();
  Complaint complaint;
  const Field root{*parsed, complaint};
  check_type(root);
  const auto metadata = read_metadata(root);
  if (!complaint.empty()) return complaint.error();
  ObservedService observed;
  observed.service = with_metadata(metadata);
  observed.resource_version = metadata.resource_version;
  observed.deleting = metadata.deleting;
  auto spec = admit(root["spec"], UnknownFields::Ignore);
  if (!spec.ok()) return spec.error();
  observed.service.spec = *std::move(spec);
  auto status = read_status(root["status"]);
  if (complaint.empty()) observed.status = std::move(status);
  return observed;
}

}  // namespace evenkeel::api
