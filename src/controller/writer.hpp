#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/guarded.hpp"
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

/// Sends the actions of a plan, in order. Thread-safe; each write blocks for ten seconds at most.
///
/// What the API server has refused for a reason that only a person can mend is not sent again at every pass,
/// but after pauses that double from five seconds to a minute; until then the error stands.
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

  /// An action that fails stops those that rely on it: nothing shrinks while a weight or a growth before it
  /// has not been written. Growth never waits. What succeeded is put into the cache, so that the next pass
  /// sees it.
  Written apply(const api::Snapshot& snapshot, const plan::Plan& plan);

  /// Writes the status of the object with that uid; another one of the same name is left alone (Conflict).
  Result<Done> write_status(const ObjectKey& key, const std::string& uid, const std::string& status_patch);

 private:
  struct Write {
    std::string path;
    kube::PatchType type = kube::PatchType::Merge;
    std::string body;
    std::string resource;  ///< For the metrics.
    std::string identity;  ///< Two writes of one path that share it are refused for the same reason.
  };
  struct Refusal {
    std::string identity;
    Error error;
    std::chrono::seconds pause;
    Monotonic until;
  };

  Result<Done> send(const api::Action& action, const api::Snapshot& snapshot);
  Result<std::string> patch(const Write& write);
  [[nodiscard]] kube::Call call() const;

  const Deps deps_;
  const std::stop_token abort_;
  // Guards itself.
  Guarded<std::map<std::string, Refusal>> refusals_;  // By path.
};

/// What a scale action asks for; empty for any other action.
[[nodiscard]] std::optional<std::int32_t> replicas_asked(const api::Action& action);

}  // namespace evenkeel::controller
