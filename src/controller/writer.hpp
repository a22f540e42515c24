#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/result.hpp"
#include "evenkeel/kube/api_client.hpp"
#include "evenkeel/ops/log.hpp"
#include "evenkeel/ops/metrics.hpp"
#include "evenkeel/plan/plan.hpp"

#include "cluster_cache.hpp"

namespace evenkeel::controller {

/// How the actions of one plan ended; index as in the plan.
struct Written {
  std::vector<std::optional<Error>> errors;

  /// For make_status().
  [[nodiscard]] std::vector<plan::ActionResult> results() const;
  [[nodiscard]] bool all_ok() const;
};

/// Sends the actions of a plan, in order. Thread-safe; blocks until `deadline` at most.
class Writer {
 public:
  /// Borrowed; all outlive the writer.
  struct Deps {
    kube::Api& api;
    ClusterCache& cache;
    ops::Metrics& metrics;
    const ops::Logger& log;
    const Clock& clock;
  };
  /// `abort` cuts writes short that are under way.
  Writer(Deps deps, std::stop_token abort) : deps_{deps}, abort_{std::move(abort)} {}

  /// An action that fails stops those that rely on it: nothing shrinks while a weight or a growth before it has not
  /// been written. Growth never waits. What succeeded is put into the cache, so that the next pass sees it.
  Written apply(const api::Snapshot& snapshot, const plan::Plan& plan);

  /// Writes the status of the object with that uid; another one of the same name is left alone (Conflict).
  Result<Done> write_status(const ObjectKey& key, const std::string& uid, const std::string& status_patch);

 private:
  Result<Done> send(const api::Action& action, const ObjectKey& owner);
  [[nodiscard]] kube::Call call() const;

  const Deps deps_;
  const std::stop_token abort_;
};

/// What a scale action asks for; empty for any other action.
[[nodiscard]] std::optional<std::int32_t> replicas_asked(const api::Action& action);

}  // namespace evenkeel::controller
