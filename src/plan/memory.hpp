#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/balancing/proportions.hpp"
#include "evenkeel/failover/health.hpp"
#include "evenkeel/failover/hold.hpp"
#include "evenkeel/failover/targets.hpp"
#include "evenkeel/scaling/history.hpp"

namespace evenkeel::plan {

/// What one decision hands to the next. Past moments only, never deadlines; opaque JSON outside.
struct Memory {
  struct Backend {
    std::optional<scaling::CountChange> written;  ///< The last decided count, and what was seen then.
    bool has_part = false;                        ///< It had a part of the total.
    bool ever_ready = false;
    failover::Hold hold;
    failover::HealthMemory health;
    balancing::BalancingMemory balancing;
  };

  scaling::History history;
  std::optional<std::int32_t> total;  ///< The last decided one.
  std::map<std::string, Backend> backends;
  std::optional<std::int32_t> active_tier;  ///< Of the last decision: a change of it is an event.
  bool served = false;                      ///< The last decision's shares reached a ready endpoint.
  failover::HealthServiceMemory health;
  failover::SplitMemory split;
  std::vector<balancing::TierMemory> tiers;
};

struct ReadMemory {
  Memory memory;
  bool unreadable = false;  ///< There was something, and it was dropped.
};

/// The memory of the snapshot: dropped where it cannot be read or belongs to another object, times later than
/// `now` set to `now`, and aged as `restored` demands.
[[nodiscard]] ReadMemory read_memory(const api::Snapshot& snapshot);

/// JSON text under 16 KiB, whatever is in it.
[[nodiscard]] std::string print_memory(const Memory& memory, const std::string& uid);

}  // namespace evenkeel::plan
