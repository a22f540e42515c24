#pragma once

#include <cstdint>
#include <string>

#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/base/quantity.hpp"
#include "evenkeel/scaling/history.hpp"
#include "evenkeel/scaling/total.hpp"

/// Tolerance, stabilisation and rate limits, one function each.
namespace evenkeel::scaling {

/// Within it a ratio changes nothing; both ends belong to it.
struct Tolerance {
  double up = 0;
  double down = 0;
  [[nodiscard]] bool covers(double ratio) const { return 1.0 - down <= ratio && ratio <= 1.0 + up; }
};

/// Those of the spec, else the operator's.
[[nodiscard]] Tolerance tolerance_of(const api::Scaling& scaling, const api::Settings& settings);

/// A double as a count: never NaN, saturating at both ends.
[[nodiscard]] std::int32_t saturated_count(double value);
[[nodiscard]] std::int32_t saturated_count(std::int64_t value);
/// The same of a double rounded up: what is begun needs a replica.
[[nodiscard]] std::int32_t count_up(double value);

/// `proposal`, brought between the lowest of the up window and the highest of the down window.
[[nodiscard]] std::int32_t stabilised(const TotalInput& input, const History& history, std::int32_t proposal);

enum class Direction { Up, Down };

/// How far the policies of one direction let the total go from where it is.
struct RateLimit {
  std::int32_t replicas = 0;  ///< Never on the other side of the present count.
  const api::ScalingPolicy* policy =
      nullptr;  ///< That selectPolicy chooses. Null: the direction is Disabled.
};

/// @param rules  those of `direction`.
[[nodiscard]] RateLimit rate_limit(Direction direction,
                                   const api::ScalingRules& rules,
                                   const History& history,
                                   std::int32_t current,
                                   WallTime now);

}  // namespace evenkeel::scaling
