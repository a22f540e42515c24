#pragma once

#include <limits>
#include <vector>

#include <gmock/gmock.h>

#include "moving.hpp"

/// Shares on the move in the words of a test.
namespace evenkeel::plan {

inline constexpr double kInf = std::numeric_limits<double>::infinity();

/// A replica carries 70; nothing bounds what it carries of a share.
inline Mover mover(double set, double target, std::int32_t ready) {
  return {.set = set, .target = target, .ready = ready, .ready_capacity = 70.0 * ready, .carried = kInf};
}
inline Mover unfit(double set, double target = 0) {
  auto result = mover(set, target, 0);
  result.is_unfit = true;
  return result;
}
inline Mover out(double set, std::int32_t ready) {
  auto result = mover(set, 0, ready);
  result.is_out = true;
  return result;
}

inline std::vector<double> weights_of(const Moved& moved) {
  std::vector<double> weights;
  weights.reserve(moved.moves.size());
  for (const auto& move : moved.moves) weights.push_back(move.weight);
  return weights;
}
inline std::vector<double> weights(const std::vector<Mover>& movers, const Movement& movement) {
  return weights_of(move_shares(movers, movement));
}
inline auto near(const std::vector<double>& wanted) {
  return testing::Pointwise(testing::DoubleNear(1e-6), wanted);
}

}  // namespace evenkeel::plan
