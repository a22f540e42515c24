#include "sizes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evenkeel/balancing/divide.hpp"
#include "evenkeel/scaling/total.hpp"

namespace evenkeel::plan {
namespace {

/// Shares that differ by less are the same: they went through a division and back.
constexpr double kEqualShares = 1e-9;

/// The share of the total that a backend has to carry now, whatever it is meant to have: what is set counts
/// until something else is set.
double carried_share(const Member& member, const failover::Shares& shares) {
  const double set = std::isfinite(member.set_share) ? std::clamp(member.set_share, 0.0, 100.0) : 0.0;
  return std::max(shares.weights[member.index], set) / 100;
}

/// The share that a backend is meant to have from this decision on.
double needed_share(const Member& member, const failover::Shares& shares) {
  return std::max(shares.full[member.index], shares.weights[member.index] / 100);
}

std::int32_t replicas_for(double share, std::int32_t total) {
  const double replicas = std::ceil(share * total - kEqualShares);
  if (replicas >= std::numeric_limits<std::int32_t>::max()) return std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::max(0.0, replicas));
}

failover::Hold hold_of(const Memory& memory, const Member& member) {
  const auto found = memory.backends.find(member.declared->name);
  return found == memory.backends.end() ? failover::Hold{} : found->second.hold;
}

/// What is there and stays for now, although the share of today would not ask for it.
std::int32_t held_replicas(const api::Snapshot& snapshot,
                           const Member& member,
                           const failover::Shares& shares,
                           const Memory& memory,
                           std::int32_t total) {
  const auto observed = member.spec_replicas.value_or(0);
  if (snapshot.settings.frozen) return observed;
  if (shares.fitness[member.index] == failover::Fitness::Unfit) return observed;
  const auto window = scaling::down_window(*snapshot.service.spec.scaling, snapshot.settings);
  const double held = hold_of(memory, member).highest_after(scaling::moment_before(snapshot.now, window));
  if (held <= needed_share(member, shares) + kEqualShares) return 0;
  return std::min(observed, replicas_for(held, total));
}

/// A count that a person asks for is met exactly: only what has lost its endpoints keeps its size, up to it.
std::int32_t held_for_manual(const Member& member, const failover::Shares& shares, std::int32_t total) {
  if (shares.fitness[member.index] != failover::Fitness::Unfit) return 0;
  return std::min(member.spec_replicas.value_or(0), total);
}

void add_step(Size& size, const char* step, std::int32_t replicas, std::string detail) {
  size.steps.push_back({.step = step, .replicas = replicas, .detail = std::move(detail)});
}

/// Whether it carries traffic beyond what it is meant to have. A manual count is met exactly all the same.
bool carries_more(const Member& member, const failover::Shares& shares, bool manual) {
  const double full = shares.full[member.index];
  if (manual && full > 0) return false;
  return member.ready_endpoints > 0 && member.declared->weight > 0 &&
         carried_share(member, shares) > full + kEqualShares;
}

struct Needed {
  std::int32_t total = 0;  ///< Of the service.
  std::int32_t held = 0;   ///< Of this backend, from earlier.
};

/// One of several backends: its part or its minimum, what it carries beside, what it keeps, within its own
/// bounds; every step in the record.
void size_member(const api::Snapshot& snapshot,
                 const Member& member,
                 const failover::Shares& shares,
                 Needed needed,
                 Size& size) {
  const auto& spec = snapshot.service.spec;
  std::int32_t replicas = *size.replicas;
  if (size.has_part) {
    add_step(size, "Part", replicas, "its part of the total");
  } else {
    add_step(size, "Minimum", replicas, "it has no part of the total and keeps its minimum");
  }
  if (carries_more(member, shares, spec.replicas.has_value())) {
    replicas = std::max(replicas, replicas_for(carried_share(member, shares), needed.total));
    add_step(size, "Carry", replicas, "it carries traffic that is meant for others");
  }
  if (needed.held > replicas) {
    replicas = needed.held;
    const bool unfit = shares.fitness[member.index] == failover::Fitness::Unfit;
    size.reason = unfit ? "it keeps its replicas until it is back"
                        : "it keeps its replicas until it has not been needed for the scale-down window";
    if (snapshot.settings.frozen) size.reason = "it keeps its replicas while the fleet breaker is on";
    add_step(size, "Hold", replicas, size.reason);
  }
  const auto most = member.max_replicas(spec.scaling->max_replicas);
  if (replicas > most) {
    replicas = most;
    size.reason = "its own maximum stops it; raise maxReplicas of the backend if it is to take over";
  }
  add_step(size, "OwnBounds", replicas, "within its own bounds");
  size.replicas = replicas;
}

}  // namespace

std::vector<Size> size_backends(const api::Snapshot& snapshot,
                                std::int32_t total,
                                std::span<const Member> members,
                                const failover::Shares& shares,
                                const Memory& memory) {
  const bool several = members.size() > 1;
  std::vector<std::int32_t> minimums;
  for (const auto& member : members) minimums.push_back(several ? member.min_replicas() : 0);
  const auto parts = balancing::divide(shares.full, minimums, total);

  std::vector<Size> sizes(members.size());
  for (const auto& member : members) {
    auto& size = sizes[member.index];
    size.has_part = shares.full[member.index] > 0;
    if (!member.sizeable()) continue;
    if (!several) {
      size.replicas = total;
      continue;
    }
    size.replicas = size.has_part ? parts[member.index] : member.min_replicas();
    const auto held = snapshot.service.spec.replicas ? held_for_manual(member, shares, total)
                                                     : held_replicas(snapshot, member, shares, memory, total);
    size_member(snapshot, member, shares, {.total = total, .held = held}, size);
  }
  return sizes;
}

void record_needs(const api::Snapshot& snapshot,
                  std::span<const Member> members,
                  const failover::Shares& shares,
                  Memory& memory) {
  const auto window = scaling::down_window(*snapshot.service.spec.scaling, snapshot.settings);
  for (const auto& member : members) {
    auto& hold = memory.backends[member.declared->name].hold;
    // First sight: whatever is there may be needed.
    if (hold.empty()) hold.record(snapshot.now, failover::Hold::kEverything);
    const bool unfit = shares.fitness[member.index] == failover::Fitness::Unfit;
    hold.record(snapshot.now, unfit ? failover::Hold::kEverything : needed_share(member, shares));
    hold.forget(scaling::moment_before(snapshot.now, window));
  }
}

}  // namespace evenkeel::plan
