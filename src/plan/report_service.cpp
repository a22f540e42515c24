#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "evenkeel/base/moment.hpp"

#include "report.hpp"

namespace evenkeel::plan {
namespace {

using api::ConditionStatus;
using failover::Fitness;

/// Points that an observed share may be off.
constexpr double kFarOff = 5;
/// The usual window of the query behind observed shares.
constexpr std::chrono::seconds kObservedWindow{60};

/// Names of the backends that satisfy `chosen`.
template <class Chosen>
std::vector<std::string_view> names_of(const Joint& joint, Chosen chosen) {
  std::vector<std::string_view> names;
  names.reserve(joint.figures.size());
  for (const auto& backend : joint.figures) {
    if (chosen(backend)) names.push_back(backend.member->declared->name);
  }
  return names;
}

std::vector<std::string_view> receivers(const Joint& joint) {
  return names_of(joint, [](const Figures& backend) { return backend.weight > 0; });
}

std::vector<std::string_view> receivers_of(const Joint& joint, std::int32_t tier) {
  return names_of(joint, [tier](const Figures& backend) {
    return backend.weight > 0 && backend.member->declared->tier == tier;
  });
}

/// Why backends of lower tiers that are meant to take traffic may not: what sent it higher.
struct Lost {
  std::string without_endpoint;  ///< "blue and red have no ready endpoint"; empty: nobody.
  std::string otherwise;         ///< "; blue: it is being drained; red: ..."; empty: nobody.
};

Lost lost_below(const Joint& joint, std::int32_t tier) {
  Lost lost;
  std::vector<std::string_view> names;
  for (const auto& backend : joint.figures) {
    const auto& member = *backend.member;
    if (backend.is_eligible || member.declared->tier >= tier || member.declared->weight <= 0) continue;
    const auto& health = joint.view.health.backends[member.index];
    if (backend.is_unfit && backend.ready == 0 && !health.drilled && !member.switched_off()) {
      names.push_back(member.declared->name);
    } else {
      lost.otherwise += "; " + member.declared->name + ": " + reason_of(backend, health);
    }
  }
  if (!names.empty()) {
    lost.without_endpoint = names_text(names) + (names.size() == 1 ? " has" : " have") + " no ready endpoint";
  }
  return lost;
}

/// For an event: ": blue has no ready endpoint; red: it is being drained".
std::string cause_text(const Lost& lost) {
  return (lost.without_endpoint.empty() ? "" : ": " + lost.without_endpoint) + lost.otherwise;
}

std::string tier_text(std::int32_t tier) {
  return "tier " + std::to_string(tier);
}

std::string failback_text(const Joint& joint) {
  const auto& failback = joint.spec().failover.failback;
  const bool is_manual = failback.mode == api::FailbackMode::Manual;
  if (is_manual && !joint.memory.split.returning) {
    return "when you ask for it: give the annotation evenkeel.dev/failback a new text";
  }
  const auto step = std::min(failback.step_percent, joint.spec().balancing.max_step_percent);
  return (is_manual ? "as you asked for, "
                    : "after afterSeconds (" + std::to_string(failback.after.count()) + "), ") +
         std::to_string(step) + " % at a time" + (is_manual ? " every afterSeconds" : "");
}

api::Condition failed_over(const Joint& joint) {
  std::optional<std::int32_t> highest;
  for (const auto& backend : joint.figures) {
    const auto tier = backend.member->declared->tier;
    if (backend.weight > 0 && tier > 0) highest = std::max(highest.value_or(tier), tier);
  }
  const auto takers = receivers(joint);
  if (!highest) {
    return make_condition("FailedOver",
                          ConditionStatus::False,
                          "OnTierZero",
                          "all traffic is on tier 0: " + names_text(takers));
  }
  const auto lowest = joint.decision.active_tier.value_or(0);
  const auto lost = lost_below(joint, *highest);
  // What is only observed is not done.
  const std::string would = joint.spec().mode == api::Mode::Observe ? " would" : "";
  std::string message = lowest == *highest
                            ? tier_text(lowest)
                            : "tiers " + std::to_string(lowest) + " to " + std::to_string(*highest);
  message += would + (lowest == *highest && would.empty() ? " serves: " : " serve: ");
  message += names_text(takers);
  if (!lost.without_endpoint.empty()) {
    message += "; " + lost.without_endpoint + ": look at the pods" + lost.otherwise;
    return make_condition(
        "FailedOver", ConditionStatus::True, "TierWithoutReadyEndpoint", std::move(message));
  }
  if (joint.targets.failback_waits) {
    message += "; the lower tier can take more, and gets it " + failback_text(joint) + lost.otherwise;
    return make_condition("FailedOver", ConditionStatus::True, "FailbackWaits", std::move(message));
  }
  if (!lost.otherwise.empty()) {
    message += lost.otherwise;
    return make_condition("FailedOver", ConditionStatus::True, "TierNotEligible", std::move(message));
  }
  message += "; lower tiers cannot carry all of it: look at their pods, or raise their maxReplicas";
  return make_condition("FailedOver", ConditionStatus::True, "TierShortOfCapacity", std::move(message));
}

/// The first of the conditions that keeps the service from being what was declared.
const api::Condition* first_problem(const api::Decision& decision) {
  constexpr std::array kNeeded = {"AbleToScale", "SignalsAvailable"};
  for (const char* type : kNeeded) {
    for (const auto& condition : decision.conditions) {
      if (condition.type == type && condition.status == ConditionStatus::False) return &condition;
    }
  }
  return nullptr;
}

bool is_asleep(const Joint& joint) {
  return joint.decision.total.replicas == 0;
}

/// Whether anybody who has a share now has a ready endpoint.
bool is_served_as_set(const Joint& joint) {
  return std::ranges::any_of(joint.figures, [](const Figures& b) { return b.set > 0 && b.ready > 0; });
}

api::Condition ready_condition(const Joint& joint) {
  const auto& decision = joint.decision;
  if (!joint.targets.served && is_asleep(joint)) {
    return make_condition(
        "Ready",
        ConditionStatus::True,
        "ScaledToZero",
        joint.spec().replicas == 0
            ? "spec.replicas is 0, so nothing runs; raise or remove it to start"
            : "nobody asks, so nothing runs; it wakes when a metric is above its activation");
  }
  if (!joint.targets.served) {
    const auto waiting = names_of(joint, [](const Figures& b) { return b.member->declared->weight > 0; });
    return make_condition(
        "Ready",
        ConditionStatus::False,
        "NoReadyEndpoints",
        "no backend that may take traffic has a ready endpoint; look at the pods of " + names_text(waiting));
  }
  if (joint.spec().mode != api::Mode::Enforce && !is_served_as_set(joint)) {
    const auto holders = names_of(joint, [](const Figures& b) { return b.set > 0; });
    return make_condition("Ready",
                          ConditionStatus::False,
                          "NoReadyEndpoints",
                          names_text(holders) +
                              " should serve and may not or cannot; spec.mode is not Enforce, so no traffic "
                              "is moved: set it, or look at the pods");
  }
  if (joint.spec().mode == api::Mode::Paused) {
    return make_condition("Ready",
                          ConditionStatus::True,
                          "Paused",
                          "traffic is served; nothing is decided until spec.mode is Enforce again");
  }
  if (const auto* problem = first_problem(decision)) {
    return make_condition("Ready", ConditionStatus::False, problem->reason.c_str(), problem->message);
  }
  if (joint.is_several() && joint.targets.uncovered > kWorthTelling) {
    return make_condition("Ready",
                          ConditionStatus::True,
                          "Overloaded",
                          "traffic is served, but what is ready does not carry all of the demand; the step "
                          "Uncovered says how much of it");
  }
  return make_condition("Ready", ConditionStatus::True, "Serving", "traffic is served as declared");
}

/// @param is_overloaded  not all of the demand is carried.
bool is_capped(const Figures& backend, bool is_overloaded) {
  const auto most = backend.member->declared->max_replicas;
  if (!backend.is_eligible || !most || backend.member->spec_replicas.value_or(0) < *most) return false;
  const bool lacks_share =
      backend.target > backend.weight + kSameShare || backend.full > backend.target + kFarOff;
  return lacks_share || (is_overloaded && backend.weight > 0 && backend.ready >= *most);
}

/// Whether the shares arrive where they were sent.
api::Condition weights_effective(const Joint& joint) {
  const auto condition = [](ConditionStatus status, const char* reason, std::string message) {
    return make_condition("WeightsEffective", status, reason, std::move(message));
  };
  const bool is_overloaded = joint.targets.uncovered > kWorthTelling;
  for (const auto& backend : joint.figures) {
    if (!joint.is_several() || joint.targets.failback_waits || !is_capped(backend, is_overloaded)) continue;
    return condition(ConditionStatus::False,
                     "CapacityBound",
                     "the maxReplicas of backend " + backend.member->declared->name +
                         " keeps it from carrying its share; raise it, or lower its weight");
  }
  if (joint.blocked) {
    return condition(ConditionStatus::False,
                     "CapacityBound",
                     "maxReplicas of scaling keeps backend " + joint.members[*joint.blocked].declared->name +
                         " from growing for its share, and no other backend may give up a replica; raise it, "
                         "or lower a minReplicas");
  }
  const bool is_observed =
      std::ranges::any_of(joint.figures, [](const Figures& backend) { return backend.observed.has_value(); });
  if (!joint.is_several())
    return condition(ConditionStatus::True, "SingleBackend", "one backend gets all traffic");
  if (!is_observed)
    return condition(
        ConditionStatus::Unknown, "NotObserved", "the shares that backends really get are not measured");
  const auto span = std::max(2 * kObservedWindow, joint.spec().balancing.drain);
  const auto& changed = joint.memory.shares_changed;
  const bool is_settling = changed && !has_passed(*changed, span, joint.snapshot.now);
  for (const auto& backend : joint.figures) {
    if (!backend.observed || is_settling || std::abs(*backend.observed - backend.weight) <= kFarOff) continue;
    return condition(ConditionStatus::False,
                     "ShareOff",
                     "backend " + backend.member->declared->name +
                         " is seen to get another share than the one that is set; look for long connections, "
                         "affinity, or a route that is not managed");
  }
  return condition(ConditionStatus::True, "SharesObserved", "backends get the shares that are set");
}

/// A part of the traffic begins to go to tiers above the one that serves, or all of it has come back.
void report_part(Joint& joint) {
  auto& memory = joint.memory;
  const auto tier = joint.decision.active_tier;
  if (!tier) return;
  const auto above = names_of(joint, [&](const Figures& backend) {
    return backend.weight > 0 && backend.member->declared->tier > *tier;
  });
  const bool had_part = std::exchange(memory.has_part_above, !above.empty());
  if (memory.active_tier != tier || had_part == memory.has_part_above) return;
  if (had_part) {
    joint.decision.events.push_back({.type = api::Event::Type::Normal,
                                     .reason = "FailedBack",
                                     .message = "all traffic is back on " + tier_text(*tier) + " (" +
                                                names_text(receivers(joint)) + ")"});
    return;
  }
  joint.decision.events.push_back({.type = api::Event::Type::Warning,
                                   .reason = "FailedOver",
                                   .message = "a part of the traffic of " + tier_text(*tier) + " moves to " +
                                              names_text(above) + cause_text(lost_below(joint, *tier + 1))});
}

}  // namespace

api::Condition make_condition(const char* type,
                              api::ConditionStatus status,
                              const char* reason,
                              std::string message) {
  return {.type = type, .status = status, .reason = reason, .message = std::move(message)};
}

void report_service(Joint& joint) {
  auto& conditions = joint.decision.conditions;
  conditions.push_back(weights_effective(joint));
  conditions.push_back(failed_over(joint));
  conditions.push_back(ready_condition(joint));
}

void report_changes(Joint& joint) {
  auto& memory = joint.memory;
  const auto before = memory.active_tier;
  const auto after = joint.decision.active_tier;
  if (before && after && *after != *before) {
    const bool away = *after > *before;
    std::string message = "traffic moves from " + tier_text(*before) + " to " + tier_text(*after) + " (" +
                          names_text(receivers_of(joint, *after)) + ")";
    if (away) message += cause_text(lost_below(joint, *after));
    joint.decision.events.push_back({.type = away ? api::Event::Type::Warning : api::Event::Type::Normal,
                                     .reason = away ? "FailedOver" : "FailedBack",
                                     .message = std::move(message)});
  }
  report_part(joint);
  if (memory.served && !joint.targets.served && !is_asleep(joint)) {
    joint.decision.events.push_back(
        {.type = api::Event::Type::Warning,
         .reason = "NoReadyEndpoints",
         .message = "no backend has a ready endpoint; the weights stay, so that the first pod "
                    "that comes back serves at once"});
  }
  memory.active_tier = after;
  memory.served = joint.targets.served;
}

void report_unreadable_memory(api::Decision& decision) {
  decision.events.push_back(
      {.type = api::Event::Type::Warning,
       .reason = "MemoryDropped",
       .message = "status.memory cannot be read and is dropped; nothing shrinks before a whole "
                  "stabilisation window has been watched again"});
}

void report_no_scaling(const char* reason, const std::string& message, api::Decision& decision) {
  decision.conditions.push_back(make_condition("AbleToScale", ConditionStatus::Unknown, reason, message));
  decision.conditions.push_back(
      make_condition("SignalsAvailable", ConditionStatus::Unknown, reason, message));
  decision.conditions.push_back(make_condition("ScalingActive", ConditionStatus::False, reason, message));
  decision.conditions.push_back(make_condition("ScalingLimited", ConditionStatus::False, reason, message));
}

}  // namespace evenkeel::plan
