#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/api/status.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/plan/plan.hpp"
#include "evenkeel/signals/sample_table.hpp"

#include "cluster_cache.hpp"

namespace evenkeel::controller {

/// What the process remembers of one object between passes. Lost with the process, on purpose: status.memory
/// is for the next one.
struct ObjectState {
  std::string uid;
  std::optional<std::string> memory;      ///< What the last decision returned.
  std::map<std::string, double> weights;  ///< The shares we wrote last; empty: none by this process.
  std::optional<api::Status> status;      ///< As we wrote it last.
  std::string status_written_over;        ///< The resourceVersion that the write was made upon.
  std::optional<std::int32_t> active_tier;
  int races_lost = 0;                              ///< Writes in a row that lost against somebody else's.
  std::string unreadable_told;                     ///< What was told of a spec that cannot be read.
  std::optional<std::int64_t> unreadable_written;  ///< The generation whose status says so.
};

/// So many lost races in a row are ordinary; one more is a fight, and is told.
inline constexpr int kRacesUntold = 5;

/// What one decision looks at, and what the caches lack for it.
struct Gathered {
  api::Snapshot snapshot;
  plan::Claims claims;
  std::vector<plan::Missing> missing;
};

struct GatherInput {
  const World& world;  ///< With a readable service.
  const ObjectState& state;
  const signals::SampleTable& samples;
  const signals::Presets& presets;
  const api::Settings& settings;
  const std::shared_ptr<const TimeZones>& time_zones;
  WallTime now;
};

/// Assembles the snapshot. Pure.
[[nodiscard]] Gathered gather(const GatherInput& input);

/// The status that the next one is compared with: ours while its echo is under way, else what the watch
/// delivered.
[[nodiscard]] const api::Status& previous_status(const api::ObservedService& observed,
                                                 const ObjectState& state);

}  // namespace evenkeel::controller
