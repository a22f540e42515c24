#include "reporter.hpp"

#include <utility>

namespace evenkeel::controller {
void Reporter::send(const ObjectKey& key,
                    const std::string& uid,
                    const api::Event& event,
                    const char* action) const {
  kube::Event out;
  out.regarding = {
      .api_version = "evenkeel.dev/v1alpha1", .kind = "LoadBalancedService", .key = key, .uid = uid};
  out.type = event.type == api::Event::Type::Normal ? kube::EventType::Normal : kube::EventType::Warning;
  out.reason = event.reason;
  out.action = action;
  out.note = event.message;
  events_.record(out);
}

void Reporter::report(const api::LoadBalancedService& service, std::span<const api::Event> events) const {
  for (const auto& event : events) {
    send(service.key, service.uid, event, "Decide");
    const bool is_warning = event.type == api::Event::Type::Warning;
    log_.log(is_warning ? ops::Level::Warning : ops::Level::Info,
             "event",
             {{"namespace", service.key.ns},
              {"name", service.key.name},
              {"reason", event.reason},
              {"detail", event.message}});
  }
}

void Reporter::report_unreadable(const ObjectKey& key,
                                 const std::string& uid,
                                 const std::string& problem) const {
  log_.warning("object cannot be read", {{"namespace", key.ns}, {"name", key.name}, {"error", problem}});
  send(key, uid, {api::Event::Type::Warning, "SpecInvalid", problem}, "Reconcile");
}

ops::ObjectFigures figures_of(const api::Snapshot& snapshot,
                              const api::Decision& decision,
                              const api::Status& status) {
  ops::ObjectFigures figures;
  figures.mode = to_string(snapshot.service.spec.mode);
  figures.replicas = status.replicas;
  figures.desired_replicas = status.desired_replicas;
  figures.active_tier = decision.active_tier;
  for (const auto& [name, backend] : decision.backends) {
    ops::BackendFigures out{.name = name, .weight_percent = backend.weight};
    if (const auto seen = snapshot.backends.find(name); seen != snapshot.backends.end()) {
      if (seen->second.endpoints) out.ready_endpoints = seen->second.endpoints->ready;
      out.replicas = seen->second.spec_replicas;
    }
    out.desired_replicas = backend.replicas;
    figures.backends.push_back(std::move(out));
  }
  for (const auto& entry : status.conditions) {
    figures.conditions.push_back({entry.condition.type, to_string(entry.condition.status)});
  }
  for (const auto& signal : decision.signals) {
    figures.signals.push_back({signal.name, to_string(signal.quality), signal.value, signal.sample_time});
  }
  return figures;
}

}  // namespace evenkeel::controller
