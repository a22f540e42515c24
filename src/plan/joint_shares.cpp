#include <algorithm>
#include <bit>
#include <cmath>
#include <string_view>

#include "evenkeel/base/digest.hpp"
#include "evenkeel/base/moment.hpp"

#include "joint.hpp"

namespace evenkeel::plan {
namespace {

using failover::Fitness;

/// Points: the coarsest unit of the layers that carry weights. A live weight this close to ours is ours.
constexpr double kLayerUnit = 1.0;
/// Points: what a shift still has to go to be under way.
constexpr double kArrived = 1e-6;

/// Shares on a grid: what sums and divisions leave behind the ninth decimal moves nothing.
double settled(double share) {
  return std::round(share * 1e9) / 1e9;
}

std::uint32_t mixed(std::uint32_t digest, std::string_view text) {
  return mix_digest(mix_digest(digest, text), "\xff");  // No text ends like that: "ab", "c" is not "a", "bc".
}

/// What an edit of shares is recognised by: names, tiers, weights, algorithm, and who is to drain.
std::uint32_t digest_of(const Joint& joint) {
  std::uint32_t digest = kDigestStart;
  digest = mixed(digest, api::to_string(joint.spec().balancing.algorithm));
  for (const auto& member : joint.members) {
    const auto& declared = *member.declared;
    digest = mixed(digest, declared.name);
    digest = mixed(digest, std::to_string(declared.tier));
    digest = mixed(digest, std::to_string(declared.weight));
    digest = mixed(digest, joint.view.health.backends[member.index].draining ? "drain" : "");
  }
  return digest;
}

std::uint32_t mixed_number(std::uint32_t digest, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (unsigned shift = 0; shift < 64; shift += 8) {
    const char byte = static_cast<char>((bits >> shift) & 0xffU);
    digest = mix_digest(digest, {&byte, 1});
  }
  return digest;
}

/// What the origin of shares is recognised by: who is there, ready, and has which share.
std::uint32_t digest_of_state(const Joint& joint) {
  std::uint32_t digest = kDigestStart;
  for (const auto& member : joint.members) {
    digest = mixed(digest, member.declared->name);
    digest = mixed_number(digest, member.declared->tier);
    digest = mixed_number(digest, member.declared->weight);
    digest = mixed_number(digest, member.ready_endpoints);
    digest = mixed_number(digest, member.set_share);
  }
  return digest;
}

/// The last decided shares of those that are declared, scaled to 100; empty where one has none, and where all
/// that are remembered do not add up to 100: no decision says that.
std::vector<double> decided_shares(std::span<const Member> members, const Memory& memory) {
  double remembered = 0;
  for (const auto& [name, backend] : memory.backends) remembered += backend.weight.value_or(0);
  if (std::abs(remembered - 100) > kLayerUnit) return {};
  std::vector<double> shares;
  shares.reserve(members.size());
  double sum = 0;
  for (const auto& member : members) {
    const auto found = memory.backends.find(member.declared->name);
    if (found == memory.backends.end() || !found->second.weight) return {};
    shares.push_back(*found->second.weight);
    sum += shares.back();
  }
  // Traces are no shares: scaled up they would be anything.
  if (!(sum > kArrived)) return {};
  // As they were, to the last bit: deciding again changes nothing.
  if (std::abs(sum - 100) <= kArrived) return shares;
  for (auto& share : shares) share *= 100 / sum;
  return shares;
}

Pace pace_of(const Joint& joint) {
  const auto& memory = joint.memory;
  const bool is_due =
      !memory.stepped || has_passed(*memory.stepped, joint.spec().balancing.step, joint.snapshot.now);
  // Computed shares never are in place for good, so an edit of weights goes their way.
  if (is_edited(joint) && !joint.view.computed) return joint.demand.value || is_due ? Pace::Edit : Pace::Rest;
  return is_due ? Pace::Step : Pace::Rest;
}

Mover mover_of(const Figures& backend, std::int32_t wanted) {
  return {.set = backend.set,
          .target = backend.target,
          .ready = backend.ready,
          .wanted = wanted,
          .ready_capacity = backend.ready_capacity(),
          .is_out = backend.is_out,
          .is_unfit = backend.is_unfit,
          .is_missing = backend.is_missing(),
          .on_trial = backend.on_trial,
          .leaves_now = backend.leaves_now,
          .carried = backend.carried};
}

std::vector<Mover> movers_of(const Joint& joint, std::span<const std::int32_t> wanted) {
  std::vector<Mover> movers;
  movers.reserve(joint.figures.size());
  for (const auto& backend : joint.figures)
    movers.push_back(mover_of(backend, wanted.empty() ? 0 : wanted[backend.member->index]));
  return movers;
}

}  // namespace

std::vector<double> starting_shares(const api::Snapshot& snapshot,
                                    std::span<const Member> members,
                                    const Memory& memory) {
  auto live = shares_as_set(members);
  const bool is_known = is_any_share_set(members);
  // Every decision of Observe starts from the live state, and Paused repeats it.
  if (is_known && snapshot.service.spec.mode != api::Mode::Enforce) return live;
  auto decided = decided_shares(members, memory);
  if (decided.empty()) return live;
  const bool holds = memory.shares_changed &&
                     !has_passed(*memory.shares_changed, snapshot.service.spec.balancing.step, snapshot.now);
  bool is_equal = true;
  for (std::size_t i = 0; i < live.size(); ++i)
    is_equal = is_equal && std::abs(live[i] - decided[i]) <= kLayerUnit;
  return holds || !is_known || is_equal ? decided : live;
}

std::vector<double> original_shares(const Joint& joint) {
  auto shares = joint.set;
  if (!joint.repeats || joint.memory.seen != digest_of_state(joint)) return shares;
  for (const auto& member : joint.members) {
    const auto& before = joint.remembered(member);
    if (!before.weight) return joint.set;
    shares[member.index] = before.from.value_or(*before.weight);
  }
  return shares;
}

void find_entries(Joint& joint) {
  joint.memories.reserve(joint.members.size());
  joint.reports.reserve(joint.members.size());
  for (const auto& member : joint.members) {
    joint.memories.push_back(&joint.memory.backends[member.declared->name]);
    joint.reports.push_back(&joint.decision.backends[member.declared->name]);
  }
}

void watch_shares(Joint& joint) {
  for (const auto& member : joint.members) {
    auto& before = joint.remembered(member);
    watch_count(member.ready_pods, joint.snapshot.now, before.serving);
    if (!joint.repeats) {
      watch_share(joint.origin[member.index], member.observed, joint.snapshot.now, before.watch);
      before.watch_before = before.watch;
    } else if (!before.watch_before) {
      before.watch_before = before.watch;
    }
  }
}

bool is_edited(const Joint& joint) {
  // That shares have arrived by the first decision of a moment changes nothing in those that repeat it.
  return joint.memory.declared != joint.declared || joint.memory.was_edited;
}

void find_full_shares(Joint& joint) {
  joint.declared = digest_of(joint);
  const bool was_edited = joint.repeats && joint.memory.was_edited;
  joint.memory.was_edited = was_edited || joint.memory.declared != joint.declared;
  const auto& health = joint.view.health.backends;
  const auto may_serve = [&](const Member& member) {
    const auto fitness = health[member.index].fitness;
    return fitness == Fitness::Eligible || fitness == Fitness::Asleep;
  };
  std::optional<std::int32_t> tier;
  for (const auto& member : joint.members) {
    if (may_serve(member)) tier = std::min(tier.value_or(member.declared->tier), member.declared->tier);
  }
  const bool equal = joint.spec().balancing.algorithm == api::Algorithm::RoundRobin;
  joint.full.assign(joint.members.size(), 0.0);
  double sum = 0;
  for (const auto& member : joint.members) {
    double share = 0;
    if (tier && may_serve(member) && member.declared->tier == *tier) {
      share = equal ? 1 : std::max(1, member.declared->weight);
    } else if (!tier && health[member.index].ready > 0) {
      share = joint.origin[member.index];
    }
    joint.full[member.index] = share;
    sum += share;
  }
  if (!(sum > 0)) {
    joint.full = joint.origin;
    return;
  }
  // On the grid of the shares that sizes are divided by: a tie between two is broken alike.
  for (auto& share : joint.full) share = settled(share * 100 / sum);
}

void fill_figures(Joint& joint, std::span<const std::int32_t> limits) {
  joint.figures.clear();
  joint.figures.reserve(joint.members.size());
  for (const auto& member : joint.members) {
    const auto i = member.index;
    const auto& health = joint.view.health.backends[i];
    joint.figures.push_back({.member = &member,
                             .is_eligible = health.fitness == Fitness::Eligible,
                             .is_unfit = health.fitness == Fitness::Unfit,
                             .is_out = health.fitness == Fitness::Out,
                             .on_trial = health.on_probation,
                             .leaves_now = joint.view.requests.backends[i].drain_now,
                             .is_short = joint.targets.is_short[i] != 0,
                             .ready = health.ready,
                             .expected = health.expected,
                             .full = settled(joint.targets.full[i] * 100),
                             .sizing = settled(joint.targets.sizing[i] * 100),
                             .carried = joint.targets.carried[i],
                             .set = joint.set[i],
                             .target = settled(joint.targets.target[i]),
                             .weight = joint.set[i],
                             .observed = member.observed,
                             .load = joint.loads[i],
                             .limit = limits[i]});
  }
}

Moved move_towards_targets(Joint& joint, std::span<const std::int32_t> wanted, std::int32_t total) {
  const auto movers = movers_of(joint, wanted);
  bool is_missing = false;
  for (const auto& backend : joint.figures) {
    is_missing = is_missing || backend.is_unfit || (backend.is_eligible && backend.is_missing());
  }
  const Movement movement{.demand = joint.demand.value,
                          .total = total,
                          .max_step = static_cast<double>(joint.spec().balancing.max_step_percent),
                          .pace = pace_of(joint),
                          .missing = is_missing,
                          .repeats = joint.repeats,
                          .computed = joint.view.computed,
                          .excess_returns = joint.targets.excess_returns};
  auto moved = move_shares(movers, movement);
  for (std::size_t i = 0; i < joint.figures.size(); ++i) joint.figures[i].weight = moved.moves[i].weight;
  return moved;
}

bool are_shares_in_place(const Joint& joint, const Moved& moved) {
  const Movement movement{.demand = joint.demand.value, .pace = moved.pace, .computed = joint.view.computed};
  return is_in_place(movers_of(joint, {}), moved.moves, movement);
}

void record_shares(Joint& joint, const Moved& moved) {
  const auto now = joint.snapshot.now;
  const bool writes = joint.spec().mode == api::Mode::Enforce;
  bool has_changed = false;
  bool has_arrived = true;
  for (auto& backend : joint.figures) {
    auto& before = joint.remembered(*backend.member);
    // What somebody else has set meanwhile and we set back is a change as well.
    has_changed = has_changed || std::abs(backend.weight - backend.set) > kArrived ||
                  std::abs(backend.weight - before.weight.value_or(backend.set)) > kArrived;
    has_arrived = has_arrived && std::abs(backend.weight - backend.target) <= kArrived;
    before.weight = writes ? std::optional{backend.weight} : std::nullopt;
    before.from = writes ? std::optional{joint.origin[backend.member->index]} : std::nullopt;
    // What is only worked out is not what readings are taken under.
    watch_share(writes ? backend.weight : backend.set, backend.observed, now, before.watch);
    if (before.watch_before == before.watch) before.watch_before.reset();
  }
  joint.memory.seen = writes ? digest_of_state(joint) : 0;
  if (!writes) return;
  if (has_changed) joint.memory.shares_changed = now;
  if (moved.stepped) joint.memory.stepped = now;
  if (has_arrived) joint.memory.declared = joint.declared;
}

}  // namespace evenkeel::plan
