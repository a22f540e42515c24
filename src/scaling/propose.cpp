#include <algorithm>
#include <cmath>

#include "evenkeel/scaling/total.hpp"

#include "arithmetic.hpp"

namespace evenkeel::scaling {
namespace {

// The order of the operations is upstream's, so that every rounding falls on the same side.

struct Tolerance {
  double up = 0;
  double down = 0;
  [[nodiscard]] bool covers(double ratio) const { return 1.0 - down <= ratio && ratio <= 1.0 + up; }
};

/// The reading over the target, times what serves: latencies and other figures that replicas bring down.
std::int32_t propose_by_value(double usage, double target, const Counts& counts, const Tolerance& tolerance) {
  const double ratio = usage / target;
  if (tolerance.covers(ratio)) return counts.current;
  const auto proposal = saturated_count(std::ceil(ratio * counts.ready));
  // Few ready pods of a service that is meant to have many would turn "too slow" into "fewer".
  if (counts.several && ratio > 1.0) return std::max(proposal, counts.current);
  return proposal;
}

/// The reading over what one replica carries: load that replicas share.
std::int32_t propose_by_average(double usage,
                                double target,
                                const Counts& counts,
                                const Tolerance& tolerance) {
  // With no pod at all the ratio is infinite or no number, and neither lies within a tolerance.
  const double ratio = usage / (target * counts.existing);
  if (tolerance.covers(ratio)) return counts.existing;
  return saturated_count(std::ceil(usage / target));
}

}  // namespace

std::int32_t propose(const api::Metric& metric,
                     const Reading& reading,
                     const Counts& counts,
                     double tolerance_up,
                     double tolerance_down) {
  const auto usage = static_cast<double>(reading.milli.value_or(0));
  const auto target = static_cast<double>(metric.target_value.milli());
  const Tolerance tolerance{.up = tolerance_up, .down = tolerance_down};
  if (metric.target_type == api::TargetType::Value) return propose_by_value(usage, target, counts, tolerance);
  return propose_by_average(usage, target, counts, tolerance);
}

}  // namespace evenkeel::scaling
