#pragma once

#include <span>
#include <string>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/api/status.hpp"
#include "evenkeel/kube/event_recorder.hpp"
#include "evenkeel/ops/log.hpp"
#include "evenkeel/ops/metrics.hpp"

namespace evenkeel::controller {

/// Tells people what happened to an object: Kubernetes events and log lines, each once per change.
/// Thread-safe.
class Reporter {
 public:
  /// Both are borrowed and outlive the reporter.
  Reporter(kube::EventSink& events, const ops::Logger& log) : events_{events}, log_{log} {}

  /// What a pass has to tell: each event comes once per change, which its makers see to.
  void report(const api::LoadBalancedService& service, std::span<const api::Event> events) const;

  /// An object that cannot be read.
  void report_unreadable(const ObjectKey& key, const std::string& uid, const std::string& problem) const;

 private:
  void send(const ObjectKey& key, const std::string& uid, const api::Event& event, const char* action) const;

  kube::EventSink& events_;
  const ops::Logger& log_;
};

/// The gauges of an object.
[[nodiscard]] ops::ObjectFigures figures_of(const api::Snapshot& snapshot,
                                            const api::Decision& decision,
                                            const api::Status& status);

}  // namespace evenkeel::controller
