#include "health.hpp"

#include <algorithm>
#include <utility>

#include "evenkeel/balancing/proportions.hpp"

#include "health_readings.hpp"

namespace evenkeel::plan {
namespace {

using failover::Fitness;

/// How many endpoints are declared: by the workload, else by what stands behind the Service.
std::optional<std::int32_t> declared_replicas(const api::Snapshot& snapshot, const Member& member) {
  if (member.spec_replicas) return member.spec_replicas;
  const auto found = snapshot.backends.find(member.declared->name);
  if (found == snapshot.backends.end() || !found->second.endpoints) return std::nullopt;
  return std::max(0, found->second.endpoints->total.value_or(0));
}

failover::Observed observed(const api::Snapshot& snapshot,
                            const Member& member,
                            const Requests::Backend& request,
                            const HealthFigures& figures) {
  const auto i = member.index;
  const bool by_us = figures.at_zero_by_us[i] != 0;
  return {.name = member.declared->name,
          .tier = member.declared->tier,
          .takes_part = member.declared->weight > 0,
          .draining = request.drain,
          .drill = request.drill,
          .ready = member.ready_endpoints,
          .declared_replicas = declared_replicas(snapshot, member),
          .at_zero_by_us = by_us,
          .switched_off = member.switched_off() && !by_us,
          .capacity = figures.capacities[i],
          .set_share = figures.set[i],
          .verdicts = {}};
}

std::chrono::seconds longest_slow_start(std::span<const Member> members) {
  std::chrono::seconds longest{0};
  for (const auto& member : members) longest = std::max(longest, member.declared->slow_start.window);
  return longest;
}

/// One backend has all traffic, whatever its health.
HealthView look_at_only_one(const Member& member,
                            const HealthFigures& figures,
                            Memory& memory,
                            HealthView view) {
  auto& remembered = memory.backends[member.declared->name].health;
  remembered = {.ever_ready = remembered.ever_ready || member.ready_endpoints > 0};
  const bool off = member.switched_off() && figures.at_zero_by_us.front() == 0;
  auto& health = view.health.backends.emplace_back();
  health.ready = health.expected = member.ready_endpoints;
  if (member.declared->weight <= 0) {
    health.fitness = Fitness::Out;
  } else if (member.ready_endpoints > 0) {
    health.fitness = Fitness::Eligible;
  } else {
    health.fitness = remembered.ever_ready || off ? Fitness::Unfit : Fitness::Asleep;
  }
  view.proportions = view.declared;
  view.computed = false;
  return view;
}

balancing::Proportions balance(const api::Snapshot& snapshot,
                               std::span<const Member> members,
                               const HealthView& view,
                               const HealthFigures& figures,
                               BackendReadings& readings,
                               std::span<Memory::Backend* const> remembered,
                               Memory& memory) {
  std::vector<balancing::Candidate> candidates;
  std::vector<balancing::BalancingMemory> memories;
  candidates.reserve(members.size());
  memories.reserve(members.size());
  for (const auto& member : members) {
    const auto& health = view.health.backends[member.index];
    candidates.push_back({.tier = member.declared->tier,
                          .declared_weight = member.declared->weight,
                          .eligible = health.fitness == Fitness::Eligible,
                          .ready = health.ready,
                          .capacity = figures.capacities[member.index],
                          .set_share = figures.set[member.index],
                          .observed_share = member.seen->observed_weight});
    memories.push_back(std::move(remembered[member.index]->balancing));
  }
  readings.fill(candidates);
  const balancing::ProportionInput input{.backends = candidates,
                                         .balancing = snapshot.service.spec.balancing,
                                         .observe = snapshot.service.spec.mode == api::Mode::Observe,
                                         .shifted = memory.stepped,
                                         .now = snapshot.now};
  auto proportions = balancing::proportions(input, memories, memory.tiers);
  for (const auto& member : members) {
    remembered[member.index]->balancing = std::move(memories[member.index]);
  }
  return proportions;
}

}  // namespace

HealthView look_at_health(const api::Snapshot& snapshot,
                          std::span<const Member> members,
                          const HealthFigures& figures,
                          Memory& memory,
                          api::Decision& decision) {
  const auto& spec = snapshot.service.spec;
  HealthView view;
  view.requests = read_requests(snapshot, members, decision.warnings);
  view.declared = balancing::declared_proportions(spec.backends, spec.balancing.algorithm);
  view.steps.resize(members.size());
  if (members.size() == 1) return look_at_only_one(members.front(), figures, memory, std::move(view));

  BackendReadings readings{snapshot, members, figures.set, decision};
  auto verdicts = readings.verdicts();
  std::vector<failover::Observed> backends;
  std::vector<failover::HealthMemory> memories;
  std::vector<Memory::Backend*> remembered;
  backends.reserve(members.size());
  remembered.reserve(members.size());
  memories.reserve(members.size());
  for (const auto& member : members) {
    backends.push_back(observed(snapshot, member, view.requests.backends[member.index], figures));
    backends.back().verdicts = std::move(verdicts[member.index]);
    remembered.push_back(&memory.backends[member.declared->name]);
    memories.push_back(std::move(remembered.back()->health));
  }
  const failover::HealthInput input{.backends = backends,
                                    .health = spec.health,
                                    .failover = spec.failover,
                                    .longest_slow_start = longest_slow_start(members),
                                    .demand = figures.demand,
                                    .frozen = snapshot.settings.frozen,
                                    .first_sight = figures.first_sight,
                                    .now = snapshot.now};
  view.health = failover::assess_health(input, memories, memory.health);
  for (const auto& member : members) {
    remembered[member.index]->health = std::move(memories[member.index]);
    view.steps[member.index] = std::move(view.health.backends[member.index].steps);
  }
  std::ranges::move(view.health.events, std::back_inserter(decision.events));

  view.computed = balancing::is_computed(spec.balancing.algorithm);
  auto proportions = balance(snapshot, members, view, figures, readings, remembered, memory);
  view.proportions = std::move(proportions.values);
  for (std::size_t i = 0; i < members.size(); ++i) {
    std::ranges::move(proportions.steps[i], std::back_inserter(view.steps[i]));
  }
  return view;
}

failover::Targets find_targets(const api::Snapshot& snapshot,
                               std::span<const Member> members,
                               const HealthView& view,
                               const HealthFigures& figures,
                               std::span<const std::int32_t> limits,
                               Memory& memory) {
  const auto& spec = snapshot.service.spec;
  std::vector<failover::TargetBackend> backends;
  backends.reserve(members.size());
  for (const auto& member : members) {
    const auto i = member.index;
    const auto& health = view.health.backends[i];
    backends.push_back(
        {.tier = member.declared->tier,
         .proportion = view.proportions[i],
         .declared_proportion = view.declared[i],
         .fitness = health.fitness,
         .ready = health.ready,
         .expected = health.expected,
         .on_probation = health.on_probation,
         .limit = limits[i],
         .capacity = figures.capacities[i],
         .set_share = figures.set[i],
         .waiting_sender = health.fitness == Fitness::Out && !view.requests.backends[i].drain_now,
         .slow_start = member.declared->slow_start,
         .eligible_since = health.eligible_since});
  }
  const failover::TargetInput input{.backends = backends,
                                    .demand = figures.demand,
                                    .failover = spec.failover,
                                    .balancing = spec.balancing,
                                    .failback_request = view.requests.failback,
                                    .computed = view.computed,
                                    .observe = spec.mode == api::Mode::Observe,
                                    .now = snapshot.now};
  return failover::target_shares(input, memory.split);
}

api::BackendState state_of(const failover::BackendHealth& health, double weight) {
  using api::BackendState;
  if (health.fitness == Fitness::Out) return BackendState::Draining;
  if (health.ready == 0) return BackendState::Unknown;
  if (health.fitness == Fitness::Unfit && health.ejected) return BackendState::Ejected;
  return weight > 0 ? BackendState::Active : BackendState::Standby;
}

}  // namespace evenkeel::plan
