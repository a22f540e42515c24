#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "evenkeel/api/status.hpp"
#include "evenkeel/base/quantity.hpp"
#include "evenkeel/base/time_format.hpp"

#include "schema.hpp"

namespace evenkeel::api {
namespace {

using nlohmann::json;

/// Sets `name` where there is something to say. Inside a list nothing is left of what stood there before, so
/// what is empty need not be written as null.
void put(json& object, const char* name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}
void put(json& object, const char* name, const std::optional<WallTime>& time) {
  if (time) object[name] = format_rfc3339_seconds(*time);
}
void put(json& object, const char* name, const std::optional<std::int32_t>& count) {
  if (count) object[name] = *count;
}
void put_quantity(json& object, const char* name, const std::optional<double>& value) {
  if (value) object[name] = Quantity::from_milli(milli_from_double(*value)).text();
}

json to_json(const StatusCondition& status) {
  json object{{"type", status.condition.type},
              {"status", to_string(status.condition.status)},
              {"reason", status.condition.reason},
              {"message", status.condition.message},
              {"observedGeneration", status.observed_generation}};
  put(object, "lastTransitionTime", status.last_transition_time);
  return object;
}

json to_json(const BackendStatus& backend) {
  json object{{"name", backend.name},
              {"state", to_string(backend.state)},
              {"tier", backend.tier},
              {"sharePermille", backend.share_permille},
              {"targetSharePermille", backend.target_share_permille}};
  put(object, "observedSharePermille", backend.observed_share_permille);
  put(object, "replicas", backend.replicas);
  put(object, "readyReplicas", backend.ready_replicas);
  put(object, "desiredReplicas", backend.desired_replicas);
  put(object, "ejectedUntil", backend.ejected_until);
  if (backend.ejections > 0) object["ejections"] = backend.ejections;
  put(object, "reason", backend.reason);
  return object;
}

json to_json(const RouteStatus& route) {
  json object{{"name", route.name}};
  put(object, "kind", route.kind);
  put(object, "objectName", route.object_name);
  put(object, "provider", route.provider);
  if (!route.encoded_weights.empty()) object["encodedWeights"] = route.encoded_weights;
  if (!route.original_weights.empty()) object["originalWeights"] = route.original_weights;
  put(object, "programmedTime", route.programmed_time);
  put(object, "reason", route.reason);
  return object;
}

json to_json(const SignalState& signal) {
  json object{{"name", signal.name}, {"quality", to_string(signal.quality)}};
  put_quantity(object, "value", signal.value);
  put(object, "sampleTime", signal.sample_time);
  return object;
}

json to_json(const UnsupportedField& unsupported) {
  json object{{"field", unsupported.field}};
  put(object, "provider", unsupported.provider);
  put(object, "action", unsupported.action);
  put(object, "detail", unsupported.detail);
  return object;
}

json to_json(const StatusStep& entry) {
  const auto& step = entry.step;
  json object{{"step", step.step}};
  put(object, "backend", entry.backend);
  if (step.metric) object["metric"] = *step.metric;
  put_quantity(object, "value", step.value);
  if (step.quality) object["quality"] = to_string(*step.quality);
  put(object, "replicas", step.replicas);
  if (step.weight && std::isfinite(*step.weight)) {
    object["sharePermille"] = std::lround(std::clamp(*step.weight, 0.0, 100.0) * 10);
  }
  if (step.detail) object["detail"] = *step.detail;
  return object;
}

template <class Items>
json to_list(const Items& items) {
  if (items.empty()) return nullptr;
  auto list = json::array();
  for (const auto& item : items) list.push_back(to_json(item));
  return list;
}

json text_or_null(const std::string& text) {
  return text.empty() ? json(nullptr) : json(text);
}

json time_or_null(const std::optional<WallTime>& time) {
  return time ? json(format_rfc3339_seconds(*time)) : json(nullptr);
}

json to_json(const LastDecision& decision) {
  if (!decision.time && decision.summary.empty() && decision.steps.empty()) return nullptr;
  return {{"time", time_or_null(decision.time)},
          {"summary", text_or_null(decision.summary)},
          {"steps", to_list(decision.steps)}};
}

/// Cuts `text` to at most `limit` bytes, between characters.
void cut(std::string& text, std::size_t limit) {
  if (text.size() <= limit) return;
  while (limit > 0 && (text[limit] & 0xC0) == 0x80) --limit;
  text.resize(limit);
}

/// Makes a value fit the sizes and bounds of its schema: a status that says less is better than one that the
/// API server refuses again and again.
void fit(const Schema& schema, json& value) {
  if (value.is_string() && schema.max_length) cut(value.get_ref<std::string&>(), *schema.max_length);
  if (value.is_number_integer() && schema.minimum && schema.maximum) {
    value = std::clamp(value.get<std::int64_t>(), *schema.minimum, *schema.maximum);
  }
  if (value.is_array()) {
    while (schema.max_items && value.size() > *schema.max_items) value.erase(value.size() - 1);
    for (auto& item : value) fit(*schema.items, item);
  }
  if (!value.is_object()) return;
  for (auto& [name, member] : value.items()) {
    const auto* const declared = schema.property(name);
    if (const auto* const known = declared ? declared : schema.additional_properties.get())
      fit(*known, member);
  }
}

}  // namespace

std::string print_status_patch(const Status& status) {
  json object{{"conditions", to_list(status.conditions)},
              {"observedGeneration", status.observed_generation},
              {"replicas", status.replicas},
              {"desiredReplicas", status.desired_replicas},
              {"selector", text_or_null(status.selector)},
              {"activeTier", nullptr},
              {"weights", text_or_null(status.weights)},
              {"backends", to_list(status.backends)},
              {"routes", to_list(status.routes)},
              {"signals", to_list(status.signals)},
              {"unsupported", to_list(status.unsupported)},
              {"lastDecision", to_json(status.last_decision)},
              {"lastScaleTime", time_or_null(status.last_scale_time)},
              {"memory", text_or_null(status.memory)}};
  put(object, "activeTier", status.active_tier);
  fit(*built_in_crd().root.property("status"), object);
  return json{{"status", std::move(object)}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace evenkeel::api
