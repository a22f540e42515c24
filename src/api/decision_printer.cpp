#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/base/time_format.hpp"

namespace evenkeel::api {
namespace {

/// Appends JSON to a text, keys in the order of the calls: quicker than a tree, and the order is ours.
class Writer {
 public:
  [[nodiscard]] std::string take() && { return std::move(out_); }

  void open(char bracket) {
    comma();
    out_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  void key(std::string_view name) {
    comma();
    quote(name);
    out_ += ':';
    first_ = true;
  }
  void text(std::string_view value) {
    comma();
    quote(value);
  }
  void raw(std::string_view json) {
    comma();
    out_ += json;
  }
  void whole(std::int64_t value) { raw(std::to_string(value)); }
  /// The shortest decimal that reads back as the same number, always with a point or an exponent.
  void number(double value) {
    if (!std::isfinite(value)) return raw("null");
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    const std::string_view digits{buffer.data(), static_cast<std::size_t>(end - buffer.data())};
    raw(digits);
    if (digits.find_first_of(".e") == std::string_view::npos) out_ += ".0";
  }

 private:
  void comma() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  void quote(std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out_ += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        out_ += "\\u00";
        out_ += kHex[static_cast<unsigned char>(c) >> 4];
        out_ += kHex[static_cast<unsigned char>(c) & 15];
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }

  std::string out_;
  bool first_ = true;
};

void write_text(Writer& out, std::string_view key, std::string_view value) {
  out.key(key);
  out.text(value);
}

void write_count(Writer& out, std::string_view key, std::optional<std::int32_t> value) {
  out.key(key);
  if (value) return out.whole(*value);
  out.raw("null");
}

void write_number(Writer& out, std::string_view key, double value) {
  out.key(key);
  out.number(value);
}

/// A list of `items`, each written by `write(out, item)`.
template <class Items, class Write>
void write_list(Writer& out, std::string_view key, const Items& items, Write&& write) {
  out.key(key);
  out.open('[');
  for (const auto& item : items) write(out, item);
  out.close(']');
}

void write_step(Writer& out, const Step& step) {
  out.open('{');
  write_text(out, "step", step.step);
  if (step.metric) write_text(out, "metric", *step.metric);
  if (step.value) write_number(out, "value", *step.value);
  if (step.quality) write_text(out, "quality", to_string(*step.quality));
  if (step.replicas) write_count(out, "replicas", step.replicas);
  if (step.detail) write_text(out, "detail", *step.detail);
  out.close('}');
}

void write_backend(Writer& out, const BackendDecision& backend) {
  out.open('{');
  write_count(out, "replicas", backend.replicas);
  write_number(out, "weight", backend.weight);
  write_number(out, "targetWeight", backend.target_weight);
  write_text(out, "state", to_string(backend.state));
  write_text(out, "reason", backend.reason);
  write_list(out, "steps", backend.steps, write_step);
  out.close('}');
}

void write_condition(Writer& out, const Condition& condition) {
  out.open('{');
  write_text(out, "type", condition.type);
  write_text(out, "status", to_string(condition.status));
  write_text(out, "reason", condition.reason);
  write_text(out, "message", condition.message);
  out.close('}');
}

void write_event(Writer& out, const Event& event) {
  out.open('{');
  write_text(out, "type", event.type == Event::Type::Normal ? "Normal" : "Warning");
  write_text(out, "reason", event.reason);
  write_text(out, "message", event.message);
  out.close('}');
}

void write_action(Writer& out, const Action& action) {
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
  Writer out;
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
  write_list(out, "warnings", decision.warnings, [](Writer& to, const std::string& text) { to.text(text); });
  out.key("memory");
  out.raw(decision.memory);
  if (actions != nullptr) write_list(out, "actions", *actions, write_action);
  out.close('}');
  return std::move(out).take();
}

}  // namespace evenkeel::api
