#include <string_view>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/base/json_writer.hpp"
#include "evenkeel/base/time_format.hpp"

namespace evenkeel::api {
namespace {

void write_text(JsonWriter& out, std::string_view key, std::string_view value) {
  out.key(key);
  out.text(value);
}

void write_count(JsonWriter& out, std::string_view key, std::optional<std::int32_t> value) {
  out.key(key);
  if (value) return out.whole(*value);
  out.null();
}

void write_number(JsonWriter& out, std::string_view key, double value) {
  out.key(key);
  out.number(value);
}

/// A list of `items`, each written by `write(out, item)`.
template <class Items, class Write>
void write_list(JsonWriter& out, std::string_view key, const Items& items, Write&& write) {
  out.key(key);
  out.open('[');
  for (const auto& item : items) write(out, item);
  out.close(']');
}

void write_step(JsonWriter& out, const Step& step) {
  out.open('{');
  write_text(out, "step", step.step);
  if (step.metric) write_text(out, "metric", *step.metric);
  if (step.value) write_number(out, "value", *step.value);
  if (step.quality) write_text(out, "quality", to_string(*step.quality));
  if (step.replicas) write_count(out, "replicas", step.replicas);
  if (step.weight) write_number(out, "weight", *step.weight);
  if (step.detail) write_text(out, "detail", *step.detail);
  out.close('}');
}

void write_backend(JsonWriter& out, const BackendDecision& backend) {
  out.open('{');
  write_count(out, "replicas", backend.replicas);
  write_number(out, "weight", backend.weight);
  write_number(out, "targetWeight", backend.target_weight);
  write_text(out, "state", to_string(backend.state));
  if (backend.ejected_until) write_text(out, "ejectedUntil", format_rfc3339(*backend.ejected_until));
  if (backend.ejections > 0) write_count(out, "ejections", backend.ejections);
  write_text(out, "reason", backend.reason);
  write_list(out, "steps", backend.steps, write_step);
  out.close('}');
}

void write_condition(JsonWriter& out, const Condition& condition) {
  out.open('{');
  write_text(out, "type", condition.type);
  write_text(out, "status", to_string(condition.status));
  write_text(out, "reason", condition.reason);
  write_text(out, "message", condition.message);
  out.close('}');
}

void write_event(JsonWriter& out, const Event& event) {
  out.open('{');
  write_text(out, "type", event.type == Event::Type::Normal ? "Normal" : "Warning");
  write_text(out, "reason", event.reason);
  write_text(out, "message", event.message);
  out.close('}');
}

void write_action(JsonWriter& out, const Action& action) {
  out.open('{');
  write_text(out, "apiVersion", action.api_version);
  write_text(out, "kind", action.kind);
  write_text(out, "namespace", action.key.ns);
  write_text(out, "name", action.key.name);
  write_text(out, "subresource", action.subresource);
  write_text(out, "patchType", action.patch_type == PatchType::Merge ? "merge" : "json");
  out.key("patch");
  out.raw(action.patch);
  write_text(out, "reason", action.reason);
  out.close('}');
}

}  // namespace

std::string print_decision(const Decision& decision, const std::vector<Action>* actions) {
  JsonWriter out{2048 + decision.memory.size()};
  out.open('{');
  write_text(out, "namespace", decision.key.ns);
  write_text(out, "name", decision.key.name);
  write_text(out, "time", format_rfc3339(decision.time));
  out.key("total");
  out.open('{');
  write_count(out, "replicas", decision.total.replicas);
  write_list(out, "steps", decision.total.steps, write_step);
  out.close('}');
  out.key("backends");
  out.open('{');
  for (const auto& [name, backend] : decision.backends) {
    out.key(name);
    write_backend(out, backend);
  }
  out.close('}');
  write_count(out, "activeTier", decision.active_tier);
  write_list(out, "conditions", decision.conditions, write_condition);
  write_list(out, "events", decision.events, write_event);
  write_list(
      out, "warnings", decision.warnings, [](JsonWriter& to, const std::string& text) { to.text(text); });
  out.key("memory");
  out.raw(decision.memory);
  if (actions != nullptr) write_list(out, "actions", *actions, write_action);
  out.close('}');
  return std::move(out).take();
}

}  // namespace evenkeel::api
