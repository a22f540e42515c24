#pragma once

#include <cstdint>
#include <string>

#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/scaling/history.hpp"
#include "evenkeel/scaling/total.hpp"

/// Stabilisation and rate limits, one function each.
namespace evenkeel::scaling {

/// A double as a count: never NaN, saturating at both ends.
[[nodiscard]] std::int32_t saturated_count(double value);
[[nodiscard]] std::int32_t saturated_count(std::int64_t value);

/// `proposal`, brought between the lowest of the up window and the highest of the down window.
[[nodiscard]] std::int32_t stabilised(const TotalInput& input, const History& history, std::int32_t proposal);

/// How far the policies of one direction let the total go from `current`; never on its other side.
[[nodiscard]] std::int32_t up_limit(const api::ScalingRules& rules,
                                    const History& history,
                                    std::int32_t current,
                                    WallTime now);
[[nodiscard]] std::int32_t down_limit(const api::ScalingRules& rules,
                                      const History& history,
                                      std::int32_t current,
                                      WallTime now);

}  // namespace evenkeel::scaling
