#include "arithmetic.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace evenkeel::scaling {
namespace {

constexpr std::int64_t kMostReplicas = std::numeric_limits<std::int32_t>::max();

std::int64_t divided_up(std::int64_t value, std::int64_t by) {
  return value / by + (value % by > 0 ? 1 : 0);
}

/// The count at the start of the policy's period: what was added since is taken off again.
std::int64_t period_start(const api::ScalingPolicy& policy,
                          const History& history,
                          std::int32_t current,
                          WallTime now) {
  const auto change = history.change_after(moment_before(now, policy.period));
  return std::clamp(current - change, -kMostReplicas, kMostReplicas);
}

/// Whole numbers on purpose: in floats +10 % of 50 is 56.
std::int64_t raised(std::int64_t start, const api::ScalingPolicy& policy) {
  if (policy.type == api::PolicyType::Pods) return start + policy.value;
  return divided_up(start * (100 + std::int64_t{policy.value}), 100);
}

std::int64_t lowered(std::int64_t start, const api::ScalingPolicy& policy) {
  if (policy.type == api::PolicyType::Pods) return start - policy.value;
  return start * (100 - std::int64_t{policy.value}) / 100;
}

/// A quantity as upstream turns it into a double: digits times a power of ten, not divided.
double as_upstream(const Quantity& quantity) {
  const auto milli = quantity.milli();
  const std::int64_t whole = milli / 1000;
  if (whole * 1000 == milli) return static_cast<double>(whole);
  return static_cast<double>(milli) * 0.001;
}

}  // namespace

Tolerance tolerance_of(const api::Scaling& scaling, const api::Settings& settings) {
  return {.up = as_upstream(scaling.scale_up.tolerance.value_or(settings.tolerance)),
          .down = as_upstream(scaling.scale_down.tolerance.value_or(settings.tolerance))};
}

std::int32_t saturated_count(double value) {
  // The negation also catches NaN.
  if (!(value > 0)) return 0;
  if (value >= static_cast<double>(kMostReplicas)) return std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(value);
}

std::int32_t count_up(double value) {
  const auto whole = saturated_count(value);
  return whole < kMostReplicas && value > whole ? whole + 1 : whole;
}

std::int32_t saturated_count(std::int64_t value) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(value, 0, kMostReplicas));
}

std::int32_t stabilised(const TotalInput& input, const History& history, std::int32_t proposal) {
  const auto up_cutoff = moment_before(input.now, up_window(input.scaling));
  const auto down_cutoff = moment_before(input.now, down_window(input.scaling, input.settings));
  const auto lowest = std::min(proposal, history.lowest_after(up_cutoff).value_or(proposal));
  const auto highest = std::max(proposal, history.highest_after(down_cutoff).value_or(proposal));
  return std::min(std::max(input.counts.current, lowest), highest);
}

RateLimit rate_limit(Direction direction,
                     const api::ScalingRules& rules,
                     const History& history,
                     std::int32_t current,
                     WallTime now) {
  if (rules.select_policy == api::SelectPolicy::Disabled) return {.replicas = current};
  const bool up = direction == Direction::Up;
  const bool higher = (rules.select_policy == api::SelectPolicy::Max) == up;
  std::int64_t chosen = current;
  const api::ScalingPolicy* by = nullptr;
  for (const auto& policy : rules.policies) {
    const auto start = period_start(policy, history, current, now);
    const auto limit = up ? raised(start, policy) : lowered(start, policy);
    if (by != nullptr && (higher ? limit <= chosen : limit >= chosen)) continue;
    chosen = limit;
    by = &policy;
  }
  const auto replicas = saturated_count(chosen);
  return {.replicas = up ? std::max(replicas, current) : std::min(replicas, current), .policy = by};
}

}  // namespace evenkeel::scaling
