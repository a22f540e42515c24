#include "evenkeel/plan/decide.hpp"

#include <algorithm>
#include <iterator>

#include "evenkeel/balancing/divide.hpp"
#include "evenkeel/failover/shares.hpp"
#include "evenkeel/scaling/schedule.hpp"
#include "evenkeel/scaling/signal.hpp"
#include "evenkeel/scaling/total.hpp"

#include "current_total.hpp"
#include "members.hpp"
#include "memory.hpp"
#include "report.hpp"
#include "sizes.hpp"

namespace evenkeel::plan {
namespace {

using api::ConditionStatus;

std::vector<failover::Candidate> candidates_of(const api::Spec& spec,
                                               std::span<const Member> members,
                                               Memory& memory) {
  const auto proportions = balancing::declared_proportions(spec.backends);
  std::vector<failover::Candidate> candidates;
  for (const auto& member : members) {
    auto& remembered = memory.backends[member.declared->name];
    remembered.ever_ready = remembered.ever_ready || member.ready_endpoints > 0;
    candidates.push_back({.tier = member.declared->tier,
                          .proportion = proportions[member.index],
                          .ready = member.ready_endpoints,
                          .ever_ready = remembered.ever_ready && !member.asleep,
                          .switched_off = member.switched_off(),
                          .set_share = member.set_share});
  }
  return candidates;
}

/// Tells a count of 0 that is our own from one that somebody else wrote. At first sight, where the service
/// may be idle, it is taken for ours: otherwise a lost memory would leave it asleep for ever.
void tell_sleepers(const api::Spec& spec, const Memory& memory, std::span<Member> members) {
  const bool may_sleep = spec.scaling && spec.scaling->min_replicas == 0;
  for (auto& member : members) {
    if (member.spec_replicas != 0) continue;
    const auto found = memory.backends.find(member.declared->name);
    const bool seen = found != memory.backends.end() && found->second.written;
    member.asleep = seen ? found->second.written->to == 0 || found->second.written->from == 0 : may_sleep;
  }
}

/// What backends that are gone from the spec leave behind is of no use.
void forget_undeclared(std::span<const Member> members, Memory& memory) {
  std::erase_if(memory.backends, [&](const auto& entry) {
    return std::ranges::none_of(members, [&](const Member& m) { return m.declared->name == entry.first; });
  });
}

/// Every decision starts from the live state: what was decided before never happened.
void forget_writes(Memory& memory) {
  memory.total.reset();
  memory.history.pending.reset();
  for (auto& [name, backend] : memory.backends) backend.written.reset();
}

std::span<const api::Pod> pods_of(const api::Snapshot& snapshot, const Member& member) {
  const auto found = snapshot.backends.find(member.declared->name);
  if (found == snapshot.backends.end()) return {};
  return found->second.pods;
}

std::vector<scaling::Reading> read_signals(const api::Snapshot& snapshot,
                                           std::span<const Member> members,
                                           const failover::Shares& shares,
                                           api::Decision& decision) {
  scaling::SignalContext context{.now = snapshot.now, .serving_endpoints = 0};
  std::vector<scaling::SignalBackend> backends;
  backends.reserve(members.size());
  for (const auto& member : members) {
    const bool has_share = shares.weights[member.index] > 0;
    if (has_share) context.serving_endpoints += member.ready_endpoints;
    backends.push_back({.name = member.declared->name,
                        .has_share = has_share,
                        .ready_endpoints = member.ready_endpoints,
                        .pods = pods_of(snapshot, member)});
  }
  context.backends = backends;
  std::vector<scaling::Reading> readings;
  for (const auto& metric : snapshot.service.spec.scaling->metrics) {
    const auto found = snapshot.metrics.find(metric.name);
    const auto* samples = found == snapshot.metrics.end() ? nullptr : &found->second;
    readings.push_back(scaling::read_signal(metric, samples, context));
    const auto& reading = readings.back();
    api::SignalState state{
        .name = reading.name, .quality = reading.quality, .sample_time = reading.sample_time};
    if (reading.milli) state.value = static_cast<double>(*reading.milli) / 1000.0;
    decision.signals.push_back(std::move(state));
    decision.warnings.insert(decision.warnings.end(), reading.warnings.begin(), reading.warnings.end());
  }
  return readings;
}

scaling::Counts counts_of(std::span<const Member> members,
                          const failover::Shares& shares,
                          std::int32_t current) {
  if (members.size() == 1) {
    return {.current = current,
            .existing = members.front().existing,
            .ready = members.front().ready_pods,
            .several = false};
  }
  std::int64_t ready = 0;
  for (const auto& member : members) {
    if (shares.full[member.index] > 0) ready += member.ready_endpoints;
  }
  return {.current = current,
          .existing = current,
          .ready = static_cast<std::int32_t>(std::min<std::int64_t>(ready, current)),
          .several = true};
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

/// Total, parts and the four conditions of scaling.
void decide_sizes(const api::Snapshot& snapshot,
                  std::span<const Member> members,
                  const failover::Shares& shares,
                  Memory& memory,
                  api::Decision& decision) {
  const auto& spec = snapshot.service.spec;
  const auto readings = read_signals(snapshot, members, shares, decision);
  const auto missing = missing_workload(snapshot, members);
  record_needs(snapshot, members, shares, memory);
  const auto current = settle_current_total(snapshot, members, memory);
  if (current.none) {
    const bool off = *current.none == CurrentTotal::None::SwitchedOff;
    // The first sight of an object starts its windows, switched off or not.
    if (off && !memory.history.has_recommendations()) memory.history.record_recommendation(snapshot.now, 0);
    const std::string message =
        off ? "the workloads were switched off by a count of 0; scale them to 1 or more to "
              "let Evenkeel size them again"
            : "no workload is there to be scaled";
    report_no_scaling(off ? "ScalingDisabled" : "FailedGetScale", message, decision);
    if (missing) decision.conditions[0] = *missing;
    decision.conditions[1] = scaling::signals_available(readings);
    decision.total.steps.push_back({.step = "Off", .detail = message});
    return;
  }
  scaling::TotalInput input{.scaling = *spec.scaling,
                            .manual = spec.replicas,
                            .settings = snapshot.settings,
                            .now = snapshot.now,
                            .counts = counts_of(members, shares, current.replicas),
                            .limits = limits_of(snapshot, members, decision),
                            .restored = snapshot.restored};
  if (members.size() == 1) {
    input.pods = pods_of(snapshot, members.front());
    input.rollout = members.front().rollout;
  }
  auto outcome = scaling::decide_total(input, readings, memory.history);
  decision.total.replicas = outcome.replicas;
  std::ranges::move(outcome.steps, std::back_inserter(decision.total.steps));
  decision.conditions.push_back(missing ? *missing : outcome.able_to_scale);
  decision.conditions.push_back(scaling::signals_available(readings));
  decision.conditions.push_back(outcome.scaling_active);
  decision.conditions.push_back(outcome.scaling_limited);

  const auto sizes = size_backends(snapshot, outcome.replicas, members, shares, memory);
  for (const auto& member : members) {
    const auto& size = sizes[member.index];
    auto& backend = decision.backends[member.declared->name];
    backend.replicas = size.replicas;
    backend.steps = size.steps;
    if (!size.reason.empty()) backend.reason += "; " + size.reason;
  }
  if (spec.mode == api::Mode::Observe) return;
  const scaling::CountChange total{.from = current.replicas, .to = outcome.replicas};
  if (record_total(snapshot.now, total, members, sizes, memory)) {
    report_scaled(snapshot, total, outcome.cause, decision);
  }
}

api::Decision paused(const api::Snapshot& snapshot,
                     std::span<const Member> members,
                     failover::Shares shares,
                     std::span<const failover::Candidate> candidates,
                     api::Decision decision) {
  shares.weights = failover::shares_as_set(candidates);
  report_backends(members, shares, decision);
  report_no_scaling("Paused", "spec.mode is Paused: nothing is decided", decision);
  report_service(snapshot, members, shares, decision);
  return decision;
}

}  // namespace

api::Decision decide(const api::Snapshot& snapshot) {
  const auto& spec = snapshot.service.spec;
  api::Decision decision;
  decision.key = snapshot.service.key;
  decision.time = snapshot.now;

  auto members = members_of(snapshot, decision.warnings);
  auto [memory, unreadable] = read_memory(snapshot);
  if (unreadable) {
    decision.events.push_back(
        {.type = api::Event::Type::Warning,
         .reason = "MemoryDropped",
         .message = "status.memory cannot be read and is dropped; nothing shrinks before a whole "
                    "stabilisation window has been watched again"});
  }
  forget_undeclared(members, memory);
  tell_sleepers(spec, memory, members);
  const auto candidates = candidates_of(spec, members, memory);
  const auto shares = failover::share_out(candidates);

  if (spec.mode == api::Mode::Paused) {
    decision = paused(snapshot, members, shares, candidates, std::move(decision));
    decision.memory = print_memory(memory, snapshot.service.uid);
    return decision;
  }
  if (spec.mode == api::Mode::Observe) forget_writes(memory);
  report_backends(members, shares, decision);
  if (spec.scaling) {
    decide_sizes(snapshot, members, shares, memory, decision);
  } else {
    report_no_scaling("NotDeclared", "spec.scaling is absent: replicas are never touched", decision);
  }
  report_service(snapshot, members, shares, decision);
  if (spec.mode == api::Mode::Enforce) {
    report_changes(members, shares, memory, decision);
  }
  decision.memory = print_memory(memory, snapshot.service.uid);
  return decision;
}

}  // namespace evenkeel::plan
