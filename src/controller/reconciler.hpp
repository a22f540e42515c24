#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/guarded.hpp"
#include "evenkeel/base/object_key.hpp"
#include "evenkeel/base/result.hpp"
#include "evenkeel/ops/metrics.hpp"
#include "evenkeel/signals/sample_table.hpp"

#include "cluster_cache.hpp"
#include "gather.hpp"
#include "reporter.hpp"
#include "writer.hpp"

namespace evenkeel::controller {

/// One pass over one object: gather, decide, apply, report. Safe to run at any time and any number of times;
/// a second pass over an unchanged world writes nothing.
class Reconciler {
 public:
  using Samples = std::shared_ptr<const signals::SampleTable>;

  /// Borrowed; all outlive the reconciler.
  struct Deps {
    const ClusterCache& cache;
    Writer& writer;
    const Reporter& reporter;
    ops::Metrics& metrics;
    const Clock& clock;
    const signals::Presets& presets;
    std::function<Samples()> samples;  ///< The newest; thread-safe.
    std::function<void(const ObjectKey& key)>
        await_samples;  ///< Asks for a pass once its queries have been read.
    std::shared_ptr<const TimeZones> time_zones = nullptr;  ///< Of schedules; shared, not borrowed.
  };
  Reconciler(Deps deps, const api::Settings& settings) : deps_{std::move(deps)}, settings_{settings} {}

  /// Different keys may be reconciled at once, one key never.
  /// @return the first error that a new pass could mend or a person should know of. There is nothing to do
  /// for the
  ///         caller but to try again later where waiting can help.
  Result<Done> reconcile(const ObjectKey& key);

 private:
  std::shared_ptr<ObjectState> state_of(const ObjectKey& key, const std::string& uid);
  void forget(const ObjectKey& key);
  Result<Done> reconcile_readable(const World& world, ObjectState& state);
  Result<Done> reconcile_unreadable(const ObjectKey& key,
                                    const UnreadableService& service,
                                    ObjectState& state);
  Result<Done> update_status(const World& world, const api::Status& next, ObjectState& state, WallTime now);
  void remember(const api::Snapshot& snapshot,
                const api::Decision& decision,
                const plan::Plan& plan,
                const Written& written,
                ObjectState& state);

  const Deps deps_;
  const api::Settings settings_;
  // Guards itself; a state is touched by the one pass over its key only.
  Guarded<std::map<ObjectKey, std::shared_ptr<ObjectState>>> states_;
};

}  // namespace evenkeel::controller
