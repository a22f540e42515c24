#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/guarded.hpp"
#include "evenkeel/kube/reflector.hpp"
#include "evenkeel/ops/log.hpp"
#include "evenkeel/ops/metrics.hpp"

#include "cluster_cache.hpp"
#include "work_queue.hpp"

namespace evenkeel::controller {

/// The reflectors that fill the cache, for as long as this lives.
class Watches {
 public:
  /// Borrowed; all outlive the watches.
  struct Deps {
    kube::ListWatch& list_watch;
    ClusterCache& cache;
    WorkQueue& queue;
    ops::Metrics& metrics;
    const ops::Logger& log;
    const Clock& clock;
    std::function<void()> on_progress;  ///< A cache was filled, or turned out not to exist.
    std::function<void(bool lost)>
        on_schema_lost;  ///< The API server does not know (knows again) our own kind.
  };
  Watches(Deps deps, const std::vector<std::string>& namespaces, std::uint64_t seed);

  /// What has not been listed completely yet, with the last error; empty: everything has.
  [[nodiscard]] std::string unsynced() const;

 private:
  struct State {
    bool synced = false;
    bool absent = false;  ///< The kind does not exist in this cluster, and we can do without.
    std::string problem;  ///< The last error since things went well.
  };

  void start(Watched kind, const std::string& ns, std::uint64_t seed);
  void on_event(Watched kind, kube::ChangeKind change, const ObjectKey& key, std::string_view json);
  void on_synced(Watched kind, const std::string& id);
  void on_error(Watched kind, const std::string& id, const Error& error);
  void enqueue(const Impact& impact);

  const Deps deps_;
  Guarded<std::map<std::string, State>> states_;  // By kind and namespace.
  // Last: their threads use everything above.
  std::vector<std::unique_ptr<kube::Reflector>> reflectors_;
};

}  // namespace evenkeel::controller
