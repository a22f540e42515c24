#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "evenkeel/plan/plan.hpp"

namespace evenkeel::plan {
namespace {

constexpr std::chrono::minutes kReadingsEvery{5};

bool same_conditions(const api::Status& a, const api::Status& b) {
  return std::ranges::equal(a.conditions, b.conditions, [](const auto& left, const auto& right) {
    return left.condition == right.condition && left.observed_generation == right.observed_generation;
  });
}

bool same_backends(const api::Status& a, const api::Status& b) {
  return std::ranges::equal(a.backends, b.backends, [](const auto& left, const auto& right) {
    return left.name == right.name && left.state == right.state && left.tier == right.tier &&
           left.share_permille == right.share_permille &&
           left.target_share_permille == right.target_share_permille && left.replicas == right.replicas &&
           left.ready_replicas == right.ready_replicas && left.desired_replicas == right.desired_replicas &&
           left.ejected_until == right.ejected_until && left.ejections == right.ejections &&
           left.observed_share_permille.has_value() == right.observed_share_permille.has_value() &&
           left.reason == right.reason;
  });
}

bool same_routes(const api::Status& a, const api::Status& b) {
  return std::ranges::equal(a.routes, b.routes, [](const auto& left, const auto& right) {
    return left.name == right.name && left.kind == right.kind && left.object_name == right.object_name &&
           left.provider == right.provider && left.encoded_weights == right.encoded_weights &&
           left.original_weights == right.original_weights && left.reason == right.reason;
  });
}

bool same_unsupported(const api::Status& a, const api::Status& b) {
  return std::ranges::equal(a.unsupported, b.unsupported, [](const auto& left, const auto& right) {
    return left.field == right.field && left.provider == right.provider && left.action == right.action &&
           left.detail == right.detail;
  });
}

bool same_qualities(const api::Status& a, const api::Status& b) {
  return std::ranges::equal(a.signals, b.signals, [](const auto& left, const auto& right) {
    return left.name == right.name && left.quality == right.quality &&
           left.value.has_value() == right.value.has_value();
  });
}

bool reading_moved(const api::Status& previous, const api::Status& next) {
  for (std::size_t i = 0; i < previous.signals.size() && i < next.signals.size(); ++i) {
    const auto before = previous.signals[i].value.value_or(0);
    const auto after = next.signals[i].value.value_or(0);
    if (std::abs(after - before) > std::abs(before) / 10) return true;
  }
  for (std::size_t i = 0; i < previous.backends.size() && i < next.backends.size(); ++i) {
    const auto before = previous.backends[i].observed_share_permille.value_or(0);
    const auto after = next.backends[i].observed_share_permille.value_or(0);
    if (std::abs(after - before) > before / 10) return true;
  }
  return false;
}

/// Whether the last write is long enough ago for mere readings; a clock that ran backwards does not stop it
/// for ever.
bool readings_are_due(const api::Status& previous, WallTime now) {
  const auto& last = previous.last_decision.time;
  return !last || now < *last || now - kReadingsEvery >= *last;
}

/// Conditions whose changes no event of a decision tells.
constexpr std::array<std::string_view, 4> kWatched = {
    "AbleToScale", "SignalsAvailable", "RoutesProgrammed", "Conflicted"};

bool is_bad(const api::Condition& condition) {
  const auto bad = condition.type == "Conflicted" ? api::ConditionStatus::True : api::ConditionStatus::False;
  return condition.status == bad;
}

const api::Condition* find_condition(const api::Status& status, std::string_view type) {
  for (const auto& entry : status.conditions) {
    if (entry.condition.type == type) return &entry.condition;
  }
  return nullptr;
}

}  // namespace

bool status_needs_write(const api::Status& previous, const api::Status& next, WallTime now) {
  const bool same =
      same_conditions(previous, next) && same_backends(previous, next) && same_routes(previous, next) &&
      same_unsupported(previous, next) && same_qualities(previous, next) &&
      previous.observed_generation == next.observed_generation && previous.replicas == next.replicas &&
      previous.desired_replicas == next.desired_replicas && previous.selector == next.selector &&
      previous.active_tier == next.active_tier && previous.weights == next.weights &&
      previous.last_scale_time == next.last_scale_time;
  return !same || (reading_moved(previous, next) && readings_are_due(previous, now));
}

std::vector<api::Event> transition_events(const api::Status& previous, const api::Status& next) {
  std::vector<api::Event> events;
  for (const auto type : kWatched) {
    const auto* before = find_condition(previous, type);
    const auto* after = find_condition(next, type);
    if (after == nullptr) continue;
    const bool was_bad = before != nullptr && is_bad(*before);
    if (is_bad(*after) && (!was_bad || before->reason != after->reason)) {
      events.push_back(
          {.type = api::Event::Type::Warning, .reason = after->reason, .message = after->message});
    } else if (was_bad && !is_bad(*after)) {
      events.push_back({.type = api::Event::Type::Normal,
                        .reason = "Recovered",
                        .message = std::string{type} + " again: " + after->message});
    }
  }
  const auto* ready = find_condition(next, "Ready");
  const auto* was_ready = find_condition(previous, "Ready");
  if (ready != nullptr && ready->reason == "BackendNotFound" &&
      (was_ready == nullptr || was_ready->message != ready->message)) {
    events.push_back({.type = api::Event::Type::Warning, .reason = ready->reason, .message = ready->message});
  }
  return events;
}

}  // namespace evenkeel::plan
