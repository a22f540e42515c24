#include <algorithm>
#include <cmath>

#include "evenkeel/scaling/need.hpp"
#include "evenkeel/scaling/total.hpp"

#include "arithmetic.hpp"
#include "pods.hpp"
#include "proposal.hpp"

namespace evenkeel::scaling {
namespace {

using api::MetricScope;
using api::Quality;

// The order of the operations is upstream's, so that every rounding falls on the same side.

/// The count that one reading asks for.
struct Proposed {
  std::int32_t replicas = 0;
  bool within_tolerance = false;  ///< Which is why it is no other count.
};

/// The reading over the target, times what serves: latencies and other figures that replicas bring down.
Proposed propose_by_value(double usage, double target, const Counts& counts, const Tolerance& tolerance) {
  const double ratio = usage / target;
  if (counts.current == 0) return {.replicas = count_up(ratio)};
  if (tolerance.covers(ratio)) return {.replicas = counts.current, .within_tolerance = true};
  const auto proposal = count_up(ratio * counts.ready);
  // Few ready pods of a service that is meant to have many would turn "too slow" into "fewer".
  if (counts.several && ratio > 1.0) return {.replicas = std::max(proposal, counts.current)};
  return {.replicas = proposal};
}

/// The reading over what one replica carries: load that replicas share.
Proposed propose_by_average(double usage, double target, const Counts& counts, const Tolerance& tolerance) {
  // With no pod at all the ratio is infinite or no number, and neither lies within a tolerance.
  const double ratio = usage / (target * counts.existing);
  if (tolerance.covers(ratio)) return {.replicas = counts.existing, .within_tolerance = true};
  return {.replicas = count_up(usage / target)};
}

Proposed propose_by(const api::Metric& metric,
                    const Reading& reading,
                    const Counts& counts,
                    const Tolerance& tolerance) {
  const auto usage = static_cast<double>(reading.milli.value_or(0));
  const auto target = static_cast<double>(metric.target_value.milli());
  if (metric.target_type == api::TargetType::Value) return propose_by_value(usage, target, counts, tolerance);
  return propose_by_average(usage, target, counts, tolerance);
}

/// What one metric asks for.
struct Asked {
  std::optional<std::int32_t> replicas;
  std::optional<double> value;  ///< What the target was compared with, where that is not the reading.
  bool abstains = false;
  bool within_tolerance = false;  ///< Which is why it asks for no other count.
  bool held_for_parts = false;    ///< It would ask for fewer if replicas could be divided evenly.
  std::string problem;
};

Asked ask_pods(const TotalInput& input, const api::Metric& metric, const Reading& reading) {
  const auto sized = size_from_pods({.metric = metric,
                                     .samples = reading.pods,
                                     .pods = input.pods,
                                     .current = input.counts.current,
                                     .rollout = input.rollout,
                                     .settings = input.settings,
                                     .now = input.now,
                                     .tolerance = tolerance_of(input.scaling, input.settings)});
  Asked asked;
  asked.abstains = sized.abstains;
  if (sized.need) {
    asked.replicas = count_up(*sized.need);
    const bool percent = metric.target_type == api::TargetType::Utilization;
    asked.value = static_cast<double>(sized.usage) / (percent ? 1.0 : 1000.0);
  } else if (!sized.abstains) {
    asked.problem = "metric " + metric.name + ": " + sized.problem;
    if (!sized.pod.empty()) asked.problem += " (pod " + std::string{sized.pod} + ")";
  }
  return asked;
}

/// What the caller told of one metric; nothing where it told nothing.
template <class Figure>
std::optional<Figure> told_of(const std::vector<std::optional<Figure>>& told, std::size_t index) {
  return index < told.size() ? told[index] : std::nullopt;
}

/// Backends' needs together, against the total that they share.
Asked ask_backends(const TotalInput& input, std::size_t index, const api::Metric& metric) {
  const auto need = told_of(input.asked, index);
  Asked asked;
  if (!need || !std::isfinite(*need)) {
    asked.problem = "metric " + metric.name + ": no backend has a sample that its share explains";
    return asked;
  }
  const auto whole = whole_need(*need, input.counts.current, input.scaling, input.settings);
  asked.within_tolerance = whole.within_tolerance;
  asked.replicas = whole.replicas;
  return asked;
}

Asked ask(const TotalInput& input, std::size_t index, const Reading& reading) {
  const auto& metric = input.scaling.metrics[index];
  Asked asked;
  asked.abstains = reading.abstains;
  asked.problem = reading.problem;
  if (!reading.usable()) return asked;
  const bool is_asked = metric.scope != MetricScope::Service || told_of(input.asked, index);
  if (input.counts.several && is_asked) return ask_backends(input, index, metric);
  if (metric.scope == MetricScope::Pod) return ask_pods(input, metric, reading);
  const auto& counts = input.counts;
  const auto tolerance = tolerance_of(input.scaling, input.settings);
  const double ratio = static_cast<double>(*reading.milli) / static_cast<double>(metric.target_value.milli());
  if (metric.target_type == api::TargetType::Value && !counts.several && counts.current > 0 &&
      counts.existing == 0 && counts.ready == 0 && !tolerance.covers(ratio)) {
    // Times nothing is no statement; upstream looks for pods only here, and fails.
    asked.problem =
        "metric " + metric.name + ": there is no pod whose number its Value could be multiplied by";
    return asked;
  }
  const auto proposed = propose_by(metric, reading, counts, tolerance);
  asked.replicas = proposed.replicas;
  asked.within_tolerance = proposed.within_tolerance;
  const auto least = told_of(input.least_by_value, index);
  if (least && *asked.replicas < counts.current) {
    const auto left = std::min(*least, counts.current);
    asked.held_for_parts = left > *asked.replicas;
    asked.replicas = std::max(left, *asked.replicas);
  }
  return asked;
}

const char* failure_of(const api::Metric& metric) {
  if (metric.scope != MetricScope::Pod) return "FailedGetExternalMetric";
  if (metric.preset != "CPUUtilization" && metric.preset != "MemoryUtilization") return "FailedGetPodsMetric";
  return metric.container.empty() ? "FailedGetResourceMetric" : "FailedGetContainerResourceMetric";
}

/// What the reading was compared with.
std::string target_text(const api::Metric& metric, bool within_tolerance) {
  const std::string text = metric.target_type == api::TargetType::Utilization
                               ? std::to_string(metric.average_utilization) + " %"
                               : metric.target_value.text();
  return (within_tolerance ? "within the tolerance of target " : "target ") + text;
}

api::Step& add_step(const api::Metric& metric,
                    const Reading& reading,
                    const Asked& asked,
                    std::vector<api::Step>& steps) {
  auto& step = steps.emplace_back();
  step.step = "Metric";
  step.metric = reading.name;
  step.value = asked.value;
  if (!step.value && reading.milli) step.value = static_cast<double>(*reading.milli) / 1000.0;
  step.quality = reading.quality;
  step.replicas = asked.replicas;
  if (asked.replicas) step.detail = target_text(metric, asked.within_tolerance);
  if (asked.replicas && !asked.value && metric.target_type == api::TargetType::Utilization)
    *step.detail += " of what pods request; value: what a pod uses on average";
  if (asked.held_for_parts) *step.detail += "; with fewer the smallest part would be above it";
  if (asked.abstains) step.detail = "nobody asked, so it says nothing";
  if (!reading.problem.empty()) step.detail = reading.problem;
  if (!asked.problem.empty()) step.detail = asked.problem;
  return step;
}

bool above_activation(const api::Metric& metric, const Reading& reading) {
  return reading.usable() && *reading.milli > metric.activation->milli();
}

/// Upstream's rule for several metrics.
class Combination {
 public:
  explicit Combination(std::int32_t current) : current_{current} {}

  void add(const api::Metric& metric, const Reading& reading, const Asked& asked) {
    // A reading with holes is at least what it says: good for a rise, worthless for a fall.
    const bool holes = asked.replicas && reading.quality == Quality::Partial && *asked.replicas < current_;
    if (!asked.replicas || holes) {
      if (asked.abstains) return;
      if (all_valid_) {
        best_.problem = asked.problem;
        best_.reason = failure_of(metric);
      }
      all_valid_ = false;
      return;
    }
    if (!best_.replicas || *asked.replicas > *best_.replicas) {
      best_.replicas = asked.replicas;
      best_.metric = reading.name;
    }
  }

  Proposal conclude() {
    if (best_.replicas && !all_valid_ && *best_.replicas < current_) best_.replicas.reset();
    best_.silent = all_valid_ && !best_.replicas;
    return std::move(best_);
  }

 private:
  std::int32_t current_;
  bool all_valid_ = true;
  Proposal best_;
};

Proposal without_metrics() {
  Proposal none;
  none.problem = "no metric is declared; add one to spec.scaling.metrics";
  none.reason = "FailedGetExternalMetric";
  return none;
}

}  // namespace

std::int32_t propose(const api::Metric& metric,
                     const Reading& reading,
                     const Counts& counts,
                     double tolerance_up,
                     double tolerance_down) {
  return propose_by(metric, reading, counts, {.up = tolerance_up, .down = tolerance_down}).replicas;
}

Proposal combine(const TotalInput& input,
                 std::span<const Reading> readings,
                 bool idle,
                 std::vector<api::Step>& steps) {
  const auto current = input.counts.current;
  const auto count = std::min(readings.size(), input.scaling.metrics.size());
  if (count == 0) return without_metrics();
  Combination combination{current};
  for (std::size_t i = 0; i < count; ++i) {
    const auto& metric = input.scaling.metrics[i];
    auto asked = ask(input, i, readings[i]);
    if (idle && metric.activation && readings[i].quality == Quality::Empty) asked = {.replicas = 0};
    add_step(metric, readings[i], asked, steps);
    combination.add(metric, readings[i], asked);
  }
  return combination.conclude();
}

Proposal combine_asleep(const TotalInput& input,
                        std::span<const Reading> readings,
                        std::vector<api::Step>& steps) {
  Proposal best;
  best.replicas = 0;
  bool all_known = true;
  const auto count = std::min(readings.size(), input.scaling.metrics.size());
  for (std::size_t i = 0; i < count; ++i) {
    const auto& metric = input.scaling.metrics[i];
    if (!metric.activation) continue;
    const auto& reading = readings[i];
    Asked asked;
    asked.abstains = reading.abstains;
    asked.problem = reading.problem;
    if (above_activation(metric, reading)) {
      asked.replicas = std::max(1, propose(metric, reading, input.counts, 0, 0));
    } else if (reading.usable() || reading.quality == Quality::Empty) {
      asked.replicas = 0;
    }
    auto& step = add_step(metric, reading, asked, steps);
    if (asked.replicas == 0) step.detail = "not above its activation: the service stays asleep";
    if (!asked.replicas) {
      if (all_known) {
        best.problem = asked.problem;
        best.reason = failure_of(metric);
      }
      all_known = false;
    } else if (*asked.replicas > *best.replicas) {
      best.replicas = asked.replicas;
      best.metric = reading.name;
    }
  }
  if (*best.replicas == 0 && !all_known) best.replicas.reset();
  return best;
}

bool watch_idleness(const TotalInput& input, std::span<const Reading> readings, History& history) {
  if (input.scaling.min_replicas > 0) {
    history.idle_since.reset();
    return false;
  }
  bool any = false;
  bool quiet = true;
  for (std::size_t i = 0; i < std::min(readings.size(), input.scaling.metrics.size()); ++i) {
    const auto& metric = input.scaling.metrics[i];
    if (!metric.activation) continue;
    any = true;
    const auto quality = readings[i].quality;
    const bool known = quality == Quality::Fresh || quality == Quality::Empty;
    quiet = quiet && known && !above_activation(metric, readings[i]);
  }
  if (!any || !quiet) {
    history.idle_since.reset();
    return false;
  }
  // What another process remembers may have been broken off since: its memory is not written for a reading.
  if (!history.idle_since || input.restored) history.idle_since = input.now;
  return *history.idle_since <= moment_before(input.now, input.scaling.idle_after);
}

}  // namespace evenkeel::scaling
