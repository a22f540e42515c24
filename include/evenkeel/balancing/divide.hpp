#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// How replicas are shared among backends. docs/decision.md, "Sharing".
namespace evenkeel::balancing {

/// Divides `total` among the holders of shares by Sainte-Lague, none getting less than its minimum: what the
/// minimums take beyond their share, the others give; what is above a maximum, the others get.
/// @param shares   relative; 0 or less: holds no part.
/// @param minimums one per share, 0 or more.
/// @param maximums one per share, not below its minimum; none at all: nobody has one.
/// @return one part per share. They add up to `total`, or to the sum of the minimums where that is more, or
/// of
///         the maximums where that is less.
[[nodiscard]] std::vector<std::int32_t> divide(std::span<const double> shares,
                                               std::span<const std::int32_t> minimums,
                                               std::span<const std::int32_t> maximums,
                                               std::int32_t total);

}  // namespace evenkeel::balancing
