#include "evenkeel/plan/decide.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evenkeel/base/moment.hpp"
#include "evenkeel/scaling/schedule.hpp"

#include "departure.hpp"
#include "joint.hpp"
#include "report.hpp"

namespace evenkeel::plan {
namespace {

using api::ConditionStatus;

/// Four of scaling and three of the service.
constexpr std::size_t kConditions = 7;

/// What backends that are gone from the spec leave behind is of no use.
void forget_undeclared(std::span<const Member> members, Memory& memory) {
  const auto known = std::ranges::count_if(
      members, [&](const Member& m) { return memory.backends.contains(m.declared->name); });
  if (std::cmp_equal(known, memory.backends.size())) return;
  std::erase_if(memory.backends, [&](const auto& entry) {
    return std::ranges::none_of(members, [&](const Member& m) { return m.declared->name == entry.first; });
  });
}

/// Tells a count of 0 that is our own from one that somebody else wrote. At first sight it is taken for ours
/// where we might have written it, in a service that may be idle or of a backend that may have none:
/// otherwise a lost memory would leave it asleep for ever.
void tell_sleepers(const api::Spec& spec, const Memory& memory, std::span<Member> members) {
  // One backend is the service: its own minimum only adds to that of the service.
  const bool is_several = members.size() > 1;
  for (auto& member : members) {
    if (member.spec_replicas != 0) continue;
    const auto found = memory.backends.find(member.declared->name);
    const bool seen = found != memory.backends.end() && found->second.written;
    const bool may_sleep = spec.scaling && (spec.scaling->min_replicas == 0 ||
                                            (is_several && member.declared->min_replicas == 0));
    member.asleep = seen ? found->second.written->explains(0) : may_sleep;
  }
}

/// Whether the count that is there says nothing against our last write. One of 0 is judged by it alone.
bool may_be_ours(const Member& member, scaling::CountChange written) {
  const auto seen = member.spec_replicas;
  return !seen || *seen == 0 || written.explains(*seen);
}

/// Every decision of Observe starts from the live state: what was decided before never happened. What was
/// written before Observe stands: nothing else tells a count of 0 of our own from one that switches scaling
/// off, neither now nor once the mode is Enforce again.
void forget_steps(std::span<const Member> members, Memory& memory) {
  memory.total.reset();
  memory.history.pending.reset();
  memory.stepped.reset();
  memory.shares_changed.reset();
  memory.decided.reset();
  memory.by_needs = memory.by_needs_before = false;
  for (auto& [name, backend] : memory.backends) {
    backend.weight.reset();
    backend.from.reset();
    backend.part.reset();
    backend.part_before.reset();
    backend.had_extra = Extra::No;
    backend.leaving = {};
  }
  for (const auto& member : members) {
    const auto found = memory.backends.find(member.declared->name);
    if (found == memory.backends.end()) continue;
    auto& written = found->second.written;
    if (written && !may_be_ours(member, *written)) written.reset();
  }
}

/// A new leader cannot know how long ago its predecessor's last step really was.
void restart_steps(const api::Snapshot& snapshot, Memory& memory) {
  if (!snapshot.restored) return;
  const auto restart = [&](std::optional<WallTime>& since) {
    if (since && !has_passed(*since, snapshot.service.spec.balancing.step, snapshot.now))
      since = snapshot.now;
  };
  restart(memory.stepped);
  restart(memory.shares_changed);
  for (auto& [name, backend] : memory.backends) {
    restart_departure(snapshot.service.spec.balancing.drain, snapshot.now, backend.leaving);
  }
}

/// The bounds in force, schedules included; of one backend its own, too.
scaling::Limits limits_of(const api::Snapshot& snapshot,
                          std::span<const Member> members,
                          api::Decision& decision) {
  auto limits = scaling::scheduled_limits(*snapshot.service.spec.scaling,
                                          snapshot.time_zones.get(),
                                          snapshot.now,
                                          decision.total.steps,
                                          decision.warnings);
  if (members.size() == 1) {
    const auto& own = *members.front().declared;
    limits.min = std::max(limits.min, own.min_replicas.value_or(limits.min));
    limits.max = std::min(limits.max, std::max(1, own.max_replicas.value_or(limits.max)));
  }
  limits.min = std::min(limits.min, limits.max);
  return limits;
}

void report_scaled(const api::Snapshot& snapshot,
                   scaling::CountChange total,
                   const std::string& cause,
                   api::Decision& decision) {
  if (snapshot.service.spec.mode == api::Mode::Observe) return;
  const bool up = total.to > total.from;
  decision.events.push_back({.type = api::Event::Type::Normal,
                             .reason = up ? "ScaledUp" : "ScaledDown",
                             .message = "replicas " + std::to_string(total.from) + " -> " +
                                        std::to_string(total.to) + ": " + cause});
}

/// Workloads that are declared and not there: nothing can be scaled there until they are.
std::optional<api::Condition> missing_workload(const api::Snapshot& snapshot,
                                               std::span<const Member> members) {
  for (const auto& member : members) {
    if (!member.declared->workload || member.spec_replicas) continue;
    const auto& workload = *member.declared->workload;
    return make_condition("AbleToScale",
                          ConditionStatus::False,
                          "FailedGetScale",
                          "spec.backends[" + std::to_string(member.index) +
                              "].workloadRef.name: " + workload.kind + " " + snapshot.service.key.ns + "/" +
                              workload.name + " is not there; create it or correct the name");
  }
  return std::nullopt;
}

/// With one backend there is nothing to share.
failover::Targets sole_target(const Joint& joint) {
  failover::Targets targets;
  targets.full = {1.0};
  targets.sizing = {1.0};
  targets.target = {100.0};
  targets.carried = {std::numeric_limits<double>::infinity()};
  targets.is_short = {0};
  targets.served = joint.members.front().ready_endpoints > 0;
  targets.steps.resize(1);
  return targets;
}

HealthFigures health_figures(const Joint& joint) {
  return {.demand = joint.demand.value,
          .capacities = joint.capacities,
          .set = joint.origin,
          .at_zero_by_us = joint.asleep,
          .first_sight = joint.first_sight};
}

/// Whether the maximum stops nobody: told by what is there, which a new leader knows as well.
bool is_below_maximum(std::span<const Member> members, std::int32_t max) {
  std::int64_t sum = 0;
  for (const auto& member : members) sum += member.spec_replicas.value_or(0);
  return sum < max;
}

/// By what is declared, as sizes are: computed proportions would move whole replicas of a small maximum from
/// one to the other, and with them the shares that are computed. But as long as the maximum stops nobody, who
/// has more than its declared part of the maximum has it for good: computed shares count on it.
std::vector<std::int32_t> limits_of_backends(const Joint& joint, std::int32_t max) {
  std::vector<double> proportions = joint.view.declared;
  for (const auto& member : joint.members) {
    if (joint.view.health.backends[member.index].fitness == failover::Fitness::Out)
      proportions[member.index] = 0;
  }
  auto limits = replica_limits(joint.members, proportions, max);
  if (!joint.view.computed || !is_below_maximum(joint.members, max)) return limits;
  for (const auto& member : joint.members) {
    auto& limit = limits[member.index];
    limit = std::max(limit, std::min(member.max_replicas(max), member.spec_replicas.value_or(0)));
  }
  return limits;
}

/// Targets and all figures, once demand is known.
void find_targets_of(Joint& joint, std::int32_t max) {
  const auto limits = limits_of_backends(joint, max);
  if (!joint.is_several()) {
    joint.targets = sole_target(joint);
  } else {
    joint.targets =
        find_targets(joint.snapshot, joint.members, joint.view, health_figures(joint), limits, joint.memory);
  }
  fill_figures(joint, limits);
}

/// Where shares only move: nothing is scaled.
void move_only(Joint& joint) {
  find_targets_of(joint, std::numeric_limits<std::int32_t>::max());
  if (!joint.is_several()) return report_backends(joint);
  const auto moved = move_towards_targets(joint, {}, 0);
  report_backends(joint);
  report_moves(joint, moved, {});
  record_shares(joint, moved);
}

void note_maximum(Joint& joint, const SizeInput& input) {
  auto& memory = joint.memory;
  const bool is_lower = memory.max && input.max < *memory.max;
  memory.max_was_lowered = (is_lower || memory.max_was_lowered) &&
                           counted_sum(joint.figures) > sum_bounds(input, joint.figures).steady;
  memory.max = input.max;
}

std::vector<std::int32_t> wanted_of(const Joint& joint, std::span<const Size> sizes) {
  std::vector<std::int32_t> wanted;
  wanted.reserve(joint.members.size());
  for (const auto& member : joint.members) {
    const auto& size = sizes[member.index];
    wanted.push_back(member.sizeable() ? size.replicas.value_or(size.wanted) : 0);
  }
  return wanted;
}

std::vector<Size> sizes_for_weights(Joint& joint, const Moved& moved, SizeInput input) {
  input.in_place = moved.in_place;
  auto sizes = wanted_sizes(input, joint.figures, joint.memory);
  keep_for_departures(joint, input.total, sizes);
  bound_sizes(input, joint.figures, joint.memory, sizes);
  return sizes;
}

/// Several backends: shares and sizes together, for each depends on what the other allows.
std::vector<Size> decide_together(Joint& joint, const SizeInput& input) {
  note_maximum(joint, input);
  if (!joint.repeats) start_from_last_parts(joint.figures, joint.memory);
  std::vector<std::int32_t> wanted;
  if (!joint.demand.value) {
    // A step waits for the replicas that are meant to be there, as far as bounds let them.
    // Nobody gives up a replica before its own shift is over: waiting for that room would be for ever.
    auto reachable = wanted_sizes(input, joint.figures, joint.memory);
    for (const auto& member : joint.members) {
      auto& size = reachable[member.index];
      size.kept = std::max(size.kept, member.spec_replicas.value_or(0));
    }
    bound_sizes(input, joint.figures, joint.memory, reachable);
    wanted = wanted_of(joint, reachable);
  }
  auto moved = move_towards_targets(joint, wanted, input.total);
  auto sizes = sizes_for_weights(joint, moved, input);
  if (slice(joint, moved, sizes)) sizes = sizes_for_weights(joint, moved, input);
  report_backends(joint);
  report_moves(joint, moved, sizes);
  report_surge(joint, sum_bounds(input, joint.figures), sizes);
  record_shares(joint, moved);
  return sizes;
}

std::vector<Size> decide_alone(Joint& joint, std::int32_t total) {
  report_backends(joint);
  std::vector<Size> sizes(1);
  sizes.front().has_part = true;
  sizes.front().wanted = total;
  if (joint.members.front().sizeable()) sizes.front().replicas = total;
  return sizes;
}

void report_sizes(Joint& joint, std::span<Size> sizes) {
  for (const auto& member : joint.members) {
    auto& size = sizes[member.index];
    auto& backend = joint.reported(member);
    backend.replicas = size.replicas;
    std::ranges::move(size.steps, std::back_inserter(backend.steps));
    if (!size.reason.empty()) backend.reason += "; " + size.reason;
  }
}

void report_off(Joint& joint, CurrentTotal::None none, const std::optional<api::Condition>& missing) {
  const bool off = none == CurrentTotal::None::SwitchedOff;
  // The first sight of an object starts its windows, switched off or not.
  auto& history = joint.memory.history;
  if (off && !history.has_recommendations()) history.record_recommendation(joint.snapshot.now, 0);
  const std::string message =
      off ? "the workloads were switched off by a count of 0; scale them to 1 or more to "
            "let Evenkeel size them again"
          : "no workload is there to be scaled";
  auto& decision = joint.decision;
  const auto first = decision.conditions.size();
  report_no_scaling(off ? "ScalingDisabled" : "FailedGetScale", message, decision);
  if (missing) decision.conditions[first] = *missing;
  decision.conditions[first + 1] = scaling::signals_available(joint.readings);
  decision.total.steps.push_back({.step = "Off", .detail = message});
}

/// Demand that one replica of the total is planned for.
double load_target(const Joint& joint) {
  if (!joint.load_metric) return 1;
  const double target = joint.spec().scaling->metrics[*joint.load_metric].target_value.value();
  return target > 0 ? target : 1;
}

/// Total, parts, shares and the four conditions of scaling.
void decide_sizes(Joint& joint) {
  const auto& snapshot = joint.snapshot;
  const auto missing = missing_workload(snapshot, joint.members);
  const auto current = settle_current_total(snapshot, joint.members, joint.memory);
  if (current.none) {
    move_only(joint);
    return report_off(joint, *current.none, missing);
  }
  const auto limits = limits_of(snapshot, joint.members, joint.decision);
  auto stage = decide_total(joint, current.replicas, limits);
  auto& outcome = stage.outcome;
  auto& decision = joint.decision;
  decision.total.replicas = outcome.replicas;
  if (missing) outcome.able_to_scale = *missing;
  decision.conditions.push_back(std::move(outcome.able_to_scale));
  decision.conditions.push_back(scaling::signals_available(joint.readings));
  decision.conditions.push_back(std::move(outcome.scaling_active));
  decision.conditions.push_back(std::move(outcome.scaling_limited));

  find_targets_of(joint, limits.max);
  const SizeInput input{.snapshot = snapshot,
                        .total = outcome.replicas,
                        .max = limits.max,
                        .demand = joint.demand,
                        .measured = joint.load_metric.has_value(),
                        .target = load_target(joint),
                        .tolerance = joint.rise_tolerance(),
                        .is_edited = joint.is_several() && is_edited(joint),
                        .needs = stage.needs.parts,
                        .are_needs_unknown = stage.are_needs_unknown,
                        .known_needs = stage.known_needs,
                        .guessed = stage.guessed};
  auto sizes = joint.is_several() ? decide_together(joint, input) : decide_alone(joint, outcome.replicas);
  report_sizes(joint, sizes);
  if (joint.spec().mode == api::Mode::Observe) return;
  const scaling::CountChange total{.from = current.replicas, .to = outcome.replicas};
  if (record_total(snapshot.now, total, joint.members, sizes, joint.memory)) {
    report_scaled(snapshot, total, outcome.cause, decision);
  }
}

/// Shares and sizes stay as they are; what this makes of the memory is for the caller to drop.
void pause(Joint& joint) {
  find_targets_of(joint, std::numeric_limits<std::int32_t>::max());
  for (auto& backend : joint.figures) {
    backend.target = backend.weight;
    joint.targets.steps[backend.member->index] = {
        {.step = "Stay",
         .value = backend.weight,
         .weight = backend.weight,
         .detail = "spec.mode is Paused: shares and replicas stay"}};
  }
  joint.decision.events.clear();
  report_backends(joint);
  report_no_scaling("Paused", "spec.mode is Paused: nothing is decided", joint.decision);
}

void assess_and_measure(Joint& joint) {
  const auto& snapshot = joint.snapshot;
  joint.loads = replica_loads(joint.spec());
  joint.capacities.reserve(joint.loads.size());
  for (const auto& load : joint.loads) joint.capacities.push_back(load.capacity);
  joint.set = starting_shares(snapshot, joint.members, joint.memory);
  joint.repeats = joint.memory.decided == snapshot.now;
  if (joint.is_several()) find_entries(joint);
  joint.origin = original_shares(joint);
  if (joint.is_several()) watch_shares(joint);
  read_metrics(joint);
  measure(joint);
  joint.asleep.reserve(joint.members.size());
  for (const auto& member : joint.members) joint.asleep.push_back(member.asleep ? 1 : 0);
  joint.view = look_at_health(snapshot, joint.members, health_figures(joint), joint.memory, joint.decision);
  settle_demand_floor(joint);
  find_full_shares(joint);
}

}  // namespace

api::Decision decide(const api::Snapshot& snapshot) {
  const auto& spec = snapshot.service.spec;
  api::Decision decision;
  decision.key = snapshot.service.key;
  decision.time = snapshot.now;
  decision.conditions.reserve(kConditions);

  auto members = members_of(snapshot, decision.warnings);
  warn_of_undeclared_metrics(snapshot, decision.warnings);
  auto [memory, unreadable, found] = read_memory(snapshot);
  forget_undeclared(members, memory);
  tell_sleepers(spec, memory, members);
  restart_steps(snapshot, memory);
  if (spec.mode == api::Mode::Observe) forget_steps(members, memory);
  Joint joint{.snapshot = snapshot, .members = members, .memory = memory, .decision = decision};
  joint.first_sight = !found;
  if (spec.mode == api::Mode::Paused) {
    Memory untouched = memory;
    assess_and_measure(joint);
    pause(joint);
    memory = std::move(untouched);
  } else {
    assess_and_measure(joint);
    if (spec.scaling) {
      decide_sizes(joint);
    } else {
      move_only(joint);
      report_no_scaling("NotDeclared", "spec.scaling is absent: replicas are never touched", decision);
    }
  }
  report_service(joint);
  if (spec.mode == api::Mode::Enforce) report_changes(joint);
  if (unreadable) report_unreadable_memory(decision);
  decision.memory = print_memory(memory, snapshot);
  return decision;
}

}  // namespace evenkeel::plan
