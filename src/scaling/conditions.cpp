#include "conditions.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace evenkeel::scaling {
namespace {

using api::Condition;
using api::ConditionStatus;
using api::Quality;

Condition condition(const char* type, ConditionStatus status, const char* reason, std::string message) {
  return {.type = type, .status = status, .reason = reason, .message = std::move(message)};
}

struct Sentence {
  std::string_view reason;
  const char* text;
};

constexpr auto kLimits = std::to_array<Sentence>({
    {"DesiredWithinRange", "the desired count is within the acceptable range"},
    {"NoRecommendation", "nothing recommends a count that could be limited"},
    {"ScaleUpLimit", "the desired count rises faster than behavior.scaleUp allows"},
    {"ScaleDownLimit", "the desired count falls faster than behavior.scaleDown allows"},
    {"TooManyReplicas", "the desired count is above maxReplicas; raise it if the load is to be met"},
    {"TooFewReplicas", "the desired count is below minReplicas"},
});

int severity(const Reading& reading) {
  switch (reading.quality) {
    case Quality::Error:
      return 4;
    case Quality::Empty:
      return 3;
    case Quality::Stale:
      return 2;
    case Quality::Partial:
      return 1;
    case Quality::Fresh:
      return 0;
  }
  return 4;
}

}  // namespace

Condition unstabilised() {
  return condition(
      "AbleToScale", ConditionStatus::True, "ReadyForNewScale", "no stabilisation window holds the count");
}

Condition stabilisation(std::int32_t current, std::int32_t proposal, std::int32_t stable) {
  if (stable == proposal) return unstabilised();
  if (proposal >= current) {
    return condition(
        "AbleToScale",
        ConditionStatus::True,
        "ScaleUpStabilized",
        "recent recommendations were lower than the current one, applying the lowest recent one");
  }
  return condition(
      "AbleToScale",
      ConditionStatus::True,
      "ScaleDownStabilized",
      "recent recommendations were higher than the current one, applying the highest recent one");
}

Condition scaling_active(const TotalInput& input, const Proposal& proposal) {
  if (input.manual) {
    return condition("ScalingActive",
                     ConditionStatus::False,
                     "ManualReplicas",
                     "spec.replicas holds the count; remove it to let the metrics decide again");
  }
  if (proposal.replicas && input.counts.current == 0 && *proposal.replicas == 0) {
    return condition("ScalingActive",
                     ConditionStatus::True,
                     "ScaledToZero",
                     "nobody asks for anything: the service sleeps until a metric is above its activation");
  }
  if (proposal.replicas) {
    return condition(
        "ScalingActive",
        ConditionStatus::True,
        "ValidMetricFound",
        "metric " + proposal.metric + " asks for the count that windows, policies and bounds start from");
  }
  if (proposal.silent) {
    return condition("ScalingActive",
                     ConditionStatus::True,
                     "NothingAsked",
                     "nobody asked, so no metric says anything; the count stays");
  }
  const bool falls_back = input.scaling.on_missing_metrics.policy == api::MissingPolicy::Fallback;
  return condition("ScalingActive",
                   ConditionStatus::False,
                   proposal.reason,
                   (falls_back ? "the count follows onMissingMetrics: " : "the count stays where it is: ") +
                       proposal.problem);
}

Condition limited(const char* reason) {
  const std::string_view name = reason;
  const auto* const found = std::ranges::find(kLimits, name, &Sentence::reason);
  const bool is_limited = name != "DesiredWithinRange" && name != "NoRecommendation";
  return condition("ScalingLimited",
                   is_limited ? ConditionStatus::True : ConditionStatus::False,
                   reason,
                   found == kLimits.end() ? "" : found->text);
}

Condition signals_available(std::span<const Reading> readings) {
  const auto worst = std::ranges::max_element(readings, {}, severity);
  if (worst == readings.end()) {
    return condition("SignalsAvailable",
                     ConditionStatus::False,
                     "NoMetric",
                     "no metric is declared; add one to spec.scaling.metrics");
  }
  switch (worst->quality) {
    case Quality::Error:
      return condition("SignalsAvailable", ConditionStatus::False, "SignalError", worst->problem);
    case Quality::Empty:
      return condition("SignalsAvailable", ConditionStatus::False, "SignalEmpty", worst->problem);
    case Quality::Stale:
      return condition("SignalsAvailable", ConditionStatus::False, "SignalStale", worst->problem);
    case Quality::Partial:
      return condition("SignalsAvailable", ConditionStatus::True, "SignalPartial", worst->problem);
    case Quality::Fresh:
      break;
  }
  return condition("SignalsAvailable", ConditionStatus::True, "SignalsFresh", "every metric is fresh");
}

}  // namespace evenkeel::scaling
