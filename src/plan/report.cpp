#include "report.hpp"

#include <algorithm>
#include <array>

namespace evenkeel::plan {
namespace {

using api::BackendState;
using api::ConditionStatus;
using failover::Fitness;

BackendState state_of(const Member& member, Fitness fitness, double weight) {
  if (fitness == Fitness::Out) return BackendState::Draining;
  if (member.ready_endpoints == 0) return BackendState::Unknown;
  return weight > 0 ? BackendState::Active : BackendState::Standby;
}

std::string reason_of(const Member& member, Fitness fitness, double weight) {
  switch (fitness) {
    case Fitness::Out:
      if (weight > 0) return "its weight is 0, but nobody else can take its traffic yet";
      return "its weight is 0";
    case Fitness::Asleep:
      return "none of its pods has been ready yet";
    case Fitness::Unfit:
      if (member.switched_off())
        return "it was switched off by a count of 0; scale it to 1 or more to bring it back";
      return "it has no ready endpoint";
    case Fitness::Eligible:
      break;
  }
  return weight > 0 ? "it takes traffic" : "it stands by";
}

/// Names of the members that satisfy `chosen`.
template <class Chosen>
std::vector<std::string> names_of(std::span<const Member> members, Chosen chosen) {
  std::vector<std::string> names;
  for (const auto& member : members) {
    if (chosen(member)) names.push_back(member.declared->name);
  }
  return names;
}

std::vector<std::string> receivers(std::span<const Member> members, const failover::Shares& shares) {
  return names_of(members, [&](const Member& m) { return shares.weights[m.index] > 0; });
}

std::vector<std::string> unready_below(std::span<const Member> members, std::int32_t tier) {
  return names_of(members, [&](const Member& m) {
    return m.declared->tier < tier && m.declared->weight > 0 && m.ready_endpoints == 0;
  });
}

std::string tier_text(std::int32_t tier) {
  return "tier " + std::to_string(tier);
}

const char* has_or_have(std::size_t count) {
  return count == 1 ? " has" : " have";
}

api::Condition failed_over(std::span<const Member> members,
                           const failover::Shares& shares,
                           std::optional<std::int32_t> active_tier) {
  const bool above = std::ranges::any_of(
      members, [&](const Member& m) { return m.declared->tier > 0 && shares.weights[m.index] > 0; });
  const auto takers = receivers(members, shares);
  if (!above) {
    return make_condition("FailedOver",
                          ConditionStatus::False,
                          "OnTierZero",
                          "all traffic is on tier 0: " + names_text(takers));
  }
  const auto lost = unready_below(members, active_tier.value_or(0));
  std::string message = tier_text(active_tier.value_or(0)) + " serves: " + names_text(takers);
  if (!lost.empty()) {
    message += "; " + names_text(lost) + has_or_have(lost.size()) + " no ready endpoint: look at the pods";
  }
  return make_condition("FailedOver", ConditionStatus::True, "TierWithoutReadyEndpoint", std::move(message));
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

api::Condition ready_condition(const api::Snapshot& snapshot,
                               std::span<const Member> members,
                               const failover::Shares& shares,
                               const api::Decision& decision) {
  if (decision.total.replicas == 0) {
    return make_condition(
        "Ready",
        ConditionStatus::True,
        "ScaledToZero",
        "nobody asks for anything and the service sleeps; it wakes when a metric is above its "
        "activation");
  }
  if (!shares.served) {
    const auto waiting = names_of(members, [](const Member& m) { return m.declared->weight > 0; });
    return make_condition(
        "Ready",
        ConditionStatus::False,
        "NoReadyEndpoints",
        "no backend that may take traffic has a ready endpoint; look at the pods of " + names_text(waiting));
  }
  if (snapshot.service.spec.mode == api::Mode::Paused) {
    return make_condition("Ready",
                          ConditionStatus::True,
                          "Paused",
                          "traffic is served; nothing is decided until spec.mode is Enforce again");
  }
  if (const auto* problem = first_problem(decision)) {
    return make_condition("Ready", ConditionStatus::False, problem->reason.c_str(), problem->message);
  }
  return make_condition("Ready", ConditionStatus::True, "Serving", "traffic is served as declared");
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

void report_backends(std::span<const Member> members,
                     const failover::Shares& shares,
                     api::Decision& decision) {
  for (const auto& member : members) {
    const double weight = shares.weights[member.index];
    const auto fitness = shares.fitness[member.index];
    auto& backend = decision.backends[member.declared->name];
    backend.weight = weight;
    backend.target_weight = weight;
    backend.state = state_of(member, fitness, weight);
    backend.reason = reason_of(member, fitness, weight);
    if (weight > 0 && (!decision.active_tier || member.declared->tier < *decision.active_tier)) {
      decision.active_tier = member.declared->tier;
    }
  }
}

void report_service(const api::Snapshot& snapshot,
                    std::span<const Member> members,
                    const failover::Shares& shares,
                    api::Decision& decision) {
  decision.conditions.push_back(failed_over(members, shares, decision.active_tier));
  decision.conditions.push_back(ready_condition(snapshot, members, shares, decision));
}

void report_changes(std::span<const Member> members,
                    const failover::Shares& shares,
                    Memory& memory,
                    api::Decision& decision) {
  const auto before = memory.active_tier;
  const auto after = decision.active_tier;
  if (before && after && *after != *before) {
    const bool away = *after > *before;
    std::string message = "traffic moves from " + tier_text(*before) + " to " + tier_text(*after) + " (" +
                          names_text(receivers(members, shares)) + ")";
    const auto lost = unready_below(members, *after);
    if (away && !lost.empty()) {
      message += ": " + names_text(lost) + has_or_have(lost.size()) + " no ready endpoint";
    }
    decision.events.push_back({.type = away ? api::Event::Type::Warning : api::Event::Type::Normal,
                               .reason = away ? "FailedOver" : "FailedBack",
                               .message = std::move(message)});
  }
  if (memory.served && !shares.served) {
    decision.events.push_back({.type = api::Event::Type::Warning,
                               .reason = "NoReadyEndpoints",
                               .message =
                                   "no backend has a ready endpoint; the weights stay, so that the first pod "
                                   "that comes back serves at once"});
  }
  memory.active_tier = after;
  memory.served = shares.served;
}

void report_no_scaling(const char* reason, const std::string& message, api::Decision& decision) {
  decision.conditions.push_back(make_condition("AbleToScale", ConditionStatus::Unknown, reason, message));
  decision.conditions.push_back(
      make_condition("SignalsAvailable", ConditionStatus::Unknown, reason, message));
  decision.conditions.push_back(make_condition("ScalingActive", ConditionStatus::False, reason, message));
  decision.conditions.push_back(make_condition("ScalingLimited", ConditionStatus::False, reason, message));
}

}  // namespace evenkeel::plan
