#include "evenkeel/scaling/total.hpp"

#include <algorithm>

#include "arithmetic.hpp"

namespace evenkeel::scaling {
namespace {

using api::Condition;
using api::ConditionStatus;
using api::Quality;

/// A quantity as upstream turns it into a double: digits times a power of ten, not divided.
double tolerance_value(const std::optional<Quantity>& declared, const Quantity& fallback) {
  const auto milli = declared.value_or(fallback).milli();
  const std::int64_t whole = milli / 1000;
  if (whole * 1000 == milli) return static_cast<double>(whole);
  return static_cast<double>(milli) * 0.001;
}

Condition condition(const char* type, ConditionStatus status, const char* reason, std::string message) {
  return {.type = type, .status = status, .reason = reason, .message = std::move(message)};
}

/// What all metrics together ask for.
struct Proposal {
  std::optional<std::int32_t> replicas;  ///< Empty: no action.
  std::string metric;                    ///< Whose proposal it is.
  std::string problem;                   ///< Of the first metric that cannot be used.
  bool silent = false;                   ///< All metrics abstain.
};

api::Step metric_step(const Reading& reading, std::optional<std::int32_t> proposal) {
  api::Step step{.step = "Metric", .metric = reading.name};
  if (reading.milli) step.value = static_cast<double>(*reading.milli) / 1000.0;
  step.quality = reading.quality;
  step.replicas = proposal;
  if (reading.abstains) step.detail = "nobody asked, so it says nothing";
  if (!reading.problem.empty()) step.detail = reading.problem;
  return step;
}

/// Takes one metric into account; `asked` empty: it cannot be used, or abstains.
/// @return false when it is invalid and so forbids a fall.
bool take(const Reading& reading, std::optional<std::int32_t> asked, std::int32_t current, Proposal& best) {
  // A reading with holes is at least what it says: good for a rise, worthless for a fall.
  if (asked && reading.quality == Quality::Partial && *asked < current) asked.reset();
  if (!asked) {
    if (!reading.abstains && best.problem.empty()) best.problem = reading.problem;
    return reading.abstains;
  }
  if (!best.replicas || *asked > *best.replicas) {
    best.replicas = asked;
    best.metric = reading.name;
  }
  return true;
}

/// The maximum over the metrics; a metric that cannot be used forbids a fall.
Proposal combine(const TotalInput& input, std::span<const Reading> readings, std::vector<api::Step>& steps) {
  const double up = tolerance_value(input.scaling.scale_up.tolerance, input.settings.tolerance);
  const double down = tolerance_value(input.scaling.scale_down.tolerance, input.settings.tolerance);
  const auto current = input.counts.current;
  Proposal best;
  bool all_valid = !readings.empty();
  if (readings.empty()) best.problem = "no metric is declared; add one to spec.scaling.metrics";
  for (std::size_t i = 0; i < readings.size() && i < input.scaling.metrics.size(); ++i) {
    const auto& reading = readings[i];
    std::optional<std::int32_t> asked;
    if (reading.usable()) asked = propose(input.scaling.metrics[i], reading, input.counts, up, down);
    steps.push_back(metric_step(reading, asked));
    all_valid = take(reading, asked, current, best) && all_valid;
  }
  best.silent = all_valid && !best.replicas;
  if (best.replicas && !all_valid && *best.replicas < current) best.replicas.reset();
  if (best.replicas && *best.replicas < current && input.counts.ready == 0) {
    // The traffic is missing because nobody serves it; shrinking in an outage makes coming back slower.
    best.replicas = current;
    steps.push_back(
        {.step = "Outage", .replicas = current, .detail = "no pod is ready: the count does not fall"});
  }
  return best;
}

Condition scaling_active(const TotalInput& input, const Proposal& proposal) {
  if (input.manual) {
    return condition("ScalingActive",
                     ConditionStatus::False,
                     "ManualReplicas",
                     "spec.replicas holds the count; remove it to let the metrics decide again");
  }
  if (proposal.replicas) {
    return condition("ScalingActive",
                     ConditionStatus::True,
                     "ValidMetricFound",
                     "the count follows metric " + proposal.metric);
  }
  if (proposal.silent) {
    return condition("ScalingActive",
                     ConditionStatus::True,
                     "NothingAsked",
                     "nobody asked, so there is no latency to follow; the count stays");
  }
  return condition("ScalingActive",
                   ConditionStatus::False,
                   "FailedGetExternalMetric",
                   "the count stays where it is: " + proposal.problem);
}

Condition unstabilised() {
  return condition(
      "AbleToScale", ConditionStatus::True, "ReadyForNewScale", "no stabilisation window holds the count");
}

Condition stabilisation(const TotalInput& input, std::int32_t proposal, std::int32_t stable) {
  if (stable == proposal) return unstabilised();
  if (proposal >= input.counts.current) {
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

Condition limited(ConditionStatus status, const char* reason) {
  const std::string_view name = reason;
  std::string message = "the desired count is within the acceptable range";
  if (name == "ScaleUpLimit") message = "the desired count rises faster than behavior.scaleUp allows";
  if (name == "ScaleDownLimit") message = "the desired count falls faster than behavior.scaleDown allows";
  if (name == "TooManyReplicas")
    message = "the desired count is above maxReplicas; raise it if the load is to be met";
  if (name == "TooFewReplicas") message = "the desired count is below minReplicas";
  if (name == "NoRecommendation") message = "nothing recommends a count that could be limited";
  return condition("ScalingLimited", status, reason, std::move(message));
}

/// Policies, then bounds: `stable` -> the decided total.
void limit_rate(const TotalInput& input, const History& history, std::int32_t stable, TotalOutcome& outcome) {
  const auto current = input.counts.current;
  const auto [min, max] = input.limits;
  std::int32_t rated = stable;
  const char* reason = "DesiredWithinRange";
  if (stable > current) {
    const auto limit = up_limit(input.scaling.scale_up, history, current, input.now);
    rated = std::min(stable, limit);
    outcome.replicas = std::min(rated, max);
    reason = max > limit ? "ScaleUpLimit" : "TooManyReplicas";
  } else if (stable < current) {
    const auto limit = down_limit(input.scaling.scale_down, history, current, input.now);
    rated = std::max(stable, limit);
    outcome.replicas = std::max(rated, min);
    reason = min < limit ? "ScaleDownLimit" : "TooFewReplicas";
  } else {
    outcome.replicas = stable;
  }
  const bool is_limited = outcome.replicas != stable;
  outcome.steps.push_back({.step = "RateLimit", .replicas = rated});
  outcome.steps.push_back({.step = "Bounds", .replicas = outcome.replicas});
  outcome.scaling_limited = limited(is_limited ? ConditionStatus::True : ConditionStatus::False,
                                    is_limited ? reason : "DesiredWithinRange");
}

void follow_metrics(const TotalInput& input,
                    const Proposal& proposal,
                    History& history,
                    TotalOutcome& outcome) {
  const auto asked = *proposal.replicas;
  const auto stable = stabilised(input, history, asked);
  history.record_recommendation(input.now, asked);
  outcome.able_to_scale = stabilisation(input, asked, stable);
  outcome.steps.push_back({.step = "Stabilise", .replicas = stable});
  limit_rate(input, history, stable, outcome);
  outcome.cause = outcome.replicas > input.counts.current
                      ? "metric " + proposal.metric + " is above its target"
                      : "all metrics are below their targets";
}

/// What bounds and people ask for goes before the metrics, and no policy slows it down.
bool skip_metrics(const TotalInput& input, History& history, TotalOutcome& outcome) {
  const auto current = input.counts.current;
  const auto [min, max] = input.limits;
  outcome.able_to_scale = unstabilised();
  if (input.manual) {
    outcome.replicas = std::clamp(*input.manual, min, max);
    outcome.cause = "spec.replicas asks for it";
    outcome.steps.push_back({.step = "Manual", .replicas = input.manual});
    // Handing back to the metrics must not shrink the service before they have been watched for a window.
    history.record_floor(input.now, outcome.replicas);
    const char* reason = *input.manual > max ? "TooManyReplicas" : "TooFewReplicas";
    const bool is_limited = outcome.replicas != *input.manual;
    outcome.scaling_limited = limited(is_limited ? ConditionStatus::True : ConditionStatus::False,
                                      is_limited ? reason : "DesiredWithinRange");
  } else if (current > max) {
    outcome.replicas = max;
    outcome.cause = "the count was above maxReplicas";
    outcome.scaling_limited = limited(ConditionStatus::True, "TooManyReplicas");
  } else if (current < min) {
    outcome.replicas = min;
    outcome.cause = "the count was below minReplicas";
    outcome.scaling_limited = limited(ConditionStatus::True, "TooFewReplicas");
  } else {
    return false;
  }
  outcome.steps.push_back({.step = "Bounds", .replicas = outcome.replicas});
  return true;
}

}  // namespace

std::chrono::seconds up_window(const api::Scaling& scaling) {
  return scaling.scale_up.stabilization_window.value_or(std::chrono::seconds{0});
}

std::chrono::seconds down_window(const api::Scaling& scaling, const api::Settings& settings) {
  return scaling.scale_down.stabilization_window.value_or(settings.downscale_stabilization);
}

std::chrono::seconds longest_period(const api::Scaling& scaling) {
  std::chrono::seconds longest{0};
  for (const auto* rules : {&scaling.scale_up, &scaling.scale_down}) {
    for (const auto& policy : rules->policies) longest = std::max(longest, policy.period);
  }
  return longest;
}

TotalOutcome decide_total(const TotalInput& input, std::span<const Reading> readings, History& history) {
  TotalOutcome outcome;
  const auto current = input.counts.current;
  // First sight: what is there counts as recommended, so nothing shrinks before a whole window was watched.
  if (!history.has_recommendations()) history.record_recommendation(input.now, current);

  const auto proposal = combine(input, readings, outcome.steps);
  outcome.scaling_active = scaling_active(input, proposal);
  if (!skip_metrics(input, history, outcome)) {
    if (proposal.replicas) {
      follow_metrics(input, proposal, history, outcome);
    } else {
      outcome.replicas = current;
      outcome.steps.push_back(
          {.step = "Hold", .replicas = current, .detail = outcome.scaling_active.message});
      outcome.scaling_limited = limited(ConditionStatus::False, "NoRecommendation");
    }
  }
  if (input.settings.frozen && outcome.replicas < current && current <= input.limits.max) {
    outcome.replicas = current;
    outcome.steps.push_back(
        {.step = "Frozen", .replicas = current, .detail = "the fleet breaker forbids shrinking"});
  }
  const auto longest_window = std::max(up_window(input.scaling), down_window(input.scaling, input.settings));
  history.forget(moment_before(input.now, longest_window),
                 moment_before(input.now, longest_period(input.scaling)));
  return outcome;
}

Condition signals_available(std::span<const Reading> readings) {
  const auto severity = [](const Reading& reading) {
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
  };
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
