#include "report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "evenkeel/base/moment.hpp"

namespace evenkeel::plan {
namespace {

using api::BackendState;
using api::ConditionStatus;
using failover::Fitness;

/// Fraction of demand that is worth telling about.
constexpr double kWorthTelling = 0.01;
/// Points that an observed share may be off.
constexpr double kFarOff = 5;
/// Of one backend: its share, its move, its size.
constexpr std::size_t kUsualSteps = 6;
constexpr std::int32_t kNoTier = std::numeric_limits<std::int32_t>::max();
/// The usual window of the query behind observed shares.
constexpr std::chrono::seconds kObservedWindow{60};

BackendState state_of(const Figures& backend, const failover::BackendHealth& health) {
  if (backend.is_out) return BackendState::Draining;
  if (health.ejected) return BackendState::Ejected;
  if (backend.ready == 0) return BackendState::Unknown;
  return backend.weight > 0 || backend.target > 0 ? BackendState::Active : BackendState::Standby;
}

std::string reason_of(const Figures& backend, const failover::BackendHealth& health) {
  if (!health.reason.empty()) return health.reason;
  if (backend.is_out) {
    if (backend.weight > 0) return "its share leaves as fast as others can take it";
    return backend.member->declared->weight > 0 ? "it is drained" : "its weight is 0";
  }
  if (backend.ready == 0) {
    if (backend.member->switched_off())
      return "it was switched off by a count of 0; scale it to 1 or more to bring it back";
    if (backend.member->asleep) return "it sleeps at 0 replicas";
    return backend.is_unfit ? "it has no ready endpoint" : "none of its pods has been ready yet";
  }
  return backend.weight > 0 ? "it takes traffic" : "it stands by";
}

/// Names of the backends that satisfy `chosen`.
template <class Chosen>
std::vector<std::string> names_of(const Joint& joint, Chosen chosen) {
  std::vector<std::string> names;
  for (const auto& backend : joint.figures) {
    if (chosen(backend)) names.push_back(backend.member->declared->name);
  }
  return names;
}

std::vector<std::string> receivers(const Joint& joint) {
  return names_of(joint, [](const Figures& backend) { return backend.weight > 0; });
}

/// Why backends of lower tiers that are meant to take traffic may not: what sent it higher.
struct Lost {
  std::string without_endpoint;  ///< "blue and red have no ready endpoint"; empty: nobody.
  std::string otherwise;         ///< "; blue: it is being drained; red: ..."; empty: nobody.
};

Lost lost_below(const Joint& joint, std::int32_t tier) {
  Lost lost;
  std::vector<std::string> names;
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

std::string tier_text(std::int32_t tier) {
  return "tier " + std::to_string(tier);
}

std::string failback_text(const api::Failback& failback) {
  if (failback.mode == api::FailbackMode::Manual) {
    return "when you ask for it: give the annotation evenkeel.dev/failback a new text";
  }
  return "after afterSeconds (" + std::to_string(failback.after.count()) + "), stepPercent (" +
         std::to_string(failback.step_percent) + ") at a time";
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
    message += "; the lower tier can take more, and gets it " +
               failback_text(joint.spec().failover.failback) + lost.otherwise;
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
    return make_condition("Ready",
                          ConditionStatus::False,
                          "ScaledToZero",
                          "nobody asks, so nothing runs; it wakes when a metric is above its activation");
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

/// Why it stays where it is.
const char* why_it_stays(const Joint& joint, const Figures& backend, const Moved& moved) {
  if (std::abs(backend.target - backend.weight) <= kSameShare) return "it has the share it is meant to have";
  if (joint.in_place)
    return "less than a point is left, and capacity binds shares: readings of demand make that";
  if (moved.moves[backend.member->index].waits_for_capacity) return "it waits for ready capacity";
  return moved.pace == Pace::Rest ? "the next step is due stepSeconds after the last"
                                  : "nobody else can take or give share now";
}

const char* why_it_moved(const Figures& backend, std::string_view rule, bool by_steps) {
  if (rule == "AtOnce") return "what cannot be served or carried moves at once";
  if (rule == "Slice") return "without room to grow, a shift goes by one replica's share at a time";
  if (rule == "Edit") {
    return by_steps ? "an edit, a drain or a new declaration; by maxStepPercent, for demand is unknown"
                    : "an edit, a drain or a new declaration moves as fast as capacity becomes ready";
  }
  return std::abs(backend.target - backend.weight) <= kSameShare
             ? "the last step to its target"
             : "one step towards its target; the next after stepSeconds";
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

}  // namespace

api::Condition make_condition(const char* type,
                              api::ConditionStatus status,
                              const char* reason,
                              std::string message) {
  return {.type = type, .status = status, .reason = reason, .message = std::move(message)};
}

std::string names_text(std::span<const std::string> names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text.empty() ? "nobody" : text;
}

void report_backends(Joint& joint) {
  for (const auto& figures : joint.figures) {
    const auto i = figures.member->index;
    const auto& health = joint.view.health.backends[i];
    auto& backend = joint.decision.backends[figures.member->declared->name];
    backend.weight = figures.weight;
    backend.target_weight = figures.target;
    backend.state = state_of(figures, health);
    backend.reason = reason_of(figures, health);
    backend.ejected_until = health.ejected_until;
    backend.ejections = health.ejections;
    // In the order in which it was decided: health, proportion, target, and what there is already of the
    // move. Sizes will follow.
    std::vector<api::Step> steps;
    steps.reserve(kUsualSteps);
    if (i < joint.view.steps.size()) std::ranges::move(joint.view.steps[i], std::back_inserter(steps));
    if (i < joint.targets.steps.size()) std::ranges::move(joint.targets.steps[i], std::back_inserter(steps));
    std::ranges::move(backend.steps, std::back_inserter(steps));
    backend.steps = std::move(steps);
    if (figures.weight > 0 && figures.member->declared->tier < joint.decision.active_tier.value_or(kNoTier)) {
      joint.decision.active_tier = figures.member->declared->tier;
    }
  }
  if (joint.is_several() && joint.targets.uncovered > kWorthTelling) {
    joint.decision.total.steps.push_back(
        {.step = "Uncovered",
         .value = joint.targets.uncovered,
         .detail =
             "fraction of demand that nobody's ready capacity carries; it is shared by ready capacity"});
  }
}

void report_moves(Joint& joint, const Moved& moved, std::span<const Size> sizes) {
  for (const auto& figures : joint.figures) {
    const auto i = figures.member->index;
    const auto& move = moved.moves[i];
    const bool stays = std::string_view{move.rule}.empty();
    api::Step step{.step = stays ? "Stay" : move.rule};
    step.value = figures.set;
    step.weight = figures.weight;
    step.detail =
        stays ? why_it_stays(joint, figures, moved) : why_it_moved(figures, move.rule, moved.stepped);
    auto& backend = joint.decision.backends[figures.member->declared->name];
    backend.steps.push_back(std::move(step));
    if (!move.waits_for_capacity || figures.target <= figures.weight + kSameShare) continue;
    const bool is_own = i < sizes.size() && sizes[i].stopped_by_own_maximum;
    api::Step wait{.step = "UpBeforeShift"};
    wait.weight = figures.weight;
    wait.detail = is_own ? "its own maximum keeps it from carrying more"
                         : "it rises when more of it is ready than " + std::to_string(figures.ready);
    backend.steps.push_back(std::move(wait));
  }
}

void report_surge(Joint& joint, const SumBounds& bounds, std::span<const Size> sizes) {
  std::int64_t sum = 0;
  for (const auto& size : sizes) sum += size.replicas.value_or(0);
  const bool was_surging = std::exchange(joint.memory.surging, sum > bounds.steady);
  if (was_surging || !joint.memory.surging || joint.spec().mode != api::Mode::Enforce) return;
  joint.decision.events.push_back({.type = api::Event::Type::Normal,
                                   .reason = "SurgeDuringShift",
                                   .message = std::to_string(sum) +
                                              " replicas in all while traffic moves, above " +
                                              std::to_string(bounds.steady)});
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
                          names_text(receivers(joint)) + ")";
    if (away) {
      const auto lost = lost_below(joint, *after);
      if (!lost.without_endpoint.empty()) message += ": " + lost.without_endpoint;
      message += lost.otherwise;
    }
    joint.decision.events.push_back({.type = away ? api::Event::Type::Warning : api::Event::Type::Normal,
                                     .reason = away ? "FailedOver" : "FailedBack",
                                     .message = std::move(message)});
  }
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

api::SignalState signal_state(const scaling::Reading& reading) {
  api::SignalState state{
      .name = reading.name, .quality = reading.quality, .sample_time = reading.sample_time};
  if (reading.milli) state.value = static_cast<double>(*reading.milli) / 1000.0;
  return state;
}

void report_no_scaling(const char* reason, const std::string& message, api::Decision& decision) {
  decision.conditions.push_back(make_condition("AbleToScale", ConditionStatus::Unknown, reason, message));
  decision.conditions.push_back(
      make_condition("SignalsAvailable", ConditionStatus::Unknown, reason, message));
  decision.conditions.push_back(make_condition("ScalingActive", ConditionStatus::False, reason, message));
  decision.conditions.push_back(make_condition("ScalingLimited", ConditionStatus::False, reason, message));
}

}  // namespace evenkeel::plan
