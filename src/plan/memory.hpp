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

#include "demand.hpp"
#include "departure.hpp"
#include "needs.hpp"
#include "parts.hpp"

namespace evenkeel::plan {

/// What one decision hands to the next. Past moments only, never deadlines; opaque JSON outside.
struct Memory {
  struct Backend {
    std::optional<scaling::CountChange> written;  ///< The last decided count, and what was seen then.
    bool has_part = false;                        ///< It had a part of the total.
    Extra had_extra = Extra::No;                  ///< Why its part had one more than the division gave.
    std::optional<std::int32_t> part;             ///< The last one.
    std::optional<std::int32_t> part_before;  ///< That the last decision started from, without the one more.
    std::optional<double> weight;             ///< The last decided share, percent.
    std::optional<double> from;               ///< The share that the last decision started from.
    bool had_endpoints = false;               ///< It had a ready endpoint, and a share.
    failover::Hold hold;                      ///< Replicas that fail-over has asked for.
    DepartureMemory leaving;
    ShareWatch watch;
    std::optional<ShareWatch>
        watch_before;                   ///< As it was before the last decision's move, where that changed it.
    std::optional<CountWatch> serving;  ///< Since when as many of its pods are ready.
    failover::HealthMemory health;
    balancing::BalancingMemory balancing;
  };

  std::optional<WallTime> decided;  ///< The moment of the last decision; empty: none was written.
  std::uint32_t seen = 0;           ///< Digest of the shares and endpoints that it was made on.
  scaling::History history;
  std::optional<std::int32_t> total;  ///< The last decided one.
  std::map<std::string, Backend> backends;
  DemandMemory demand;
  std::optional<WallTime> stepped;         ///< When shares made their last step.
  std::optional<WallTime> shares_changed;  ///< When a share of ours changed last.
  std::optional<std::uint32_t> declared;  ///< Digest of what was declared when the shares were last in place.
  bool has_part_above = false;            ///< Tiers above the lowest that serves have a share too.
  bool by_needs = false;                  ///< The total was last divided by what backends need.
  bool by_needs_before = false;           ///< As it was when this moment was decided first.
  bool was_edited = false;                ///< The last decision began with shares on their way after an edit.
  std::optional<std::int32_t> max;        ///< The bound of the last decision.
  bool max_was_lowered = false;           ///< And the sum is still above it.
  bool surging = false;                   ///< The sum is above the bound because traffic moves.
  std::optional<std::int32_t> active_tier;  ///< Of the last decision: a change of it is an event.
  bool served = false;                      ///< The last decision's shares reached a ready endpoint.
  failover::HealthServiceMemory health;
  failover::SplitMemory split;
  std::vector<balancing::TierMemory> tiers;
};

struct ReadMemory {
  Memory memory;
  bool unreadable = false;  ///< There was something, and it was dropped.
  bool found = false;       ///< There was something to go on from.
};

/// The memory of the snapshot: dropped where it cannot be read or belongs to another object, and times later
/// than `now` set to `now`.
[[nodiscard]] ReadMemory read_memory(const api::Snapshot& snapshot);

/// JSON text under 16 KiB, whatever is in it; it belongs to the object of `snapshot`, and is of its moment.
[[nodiscard]] std::string print_memory(const Memory& memory, const api::Snapshot& snapshot);

}  // namespace evenkeel::plan
