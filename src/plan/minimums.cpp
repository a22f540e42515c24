#include "minimums.hpp"

#include <algorithm>
#include <cmath>

#include "evenkeel/balancing/divide.hpp"

namespace evenkeel::plan {
namespace {

/// What divisions leave.
constexpr double kRounding = 1e-9;

}  // namespace

PartBounds part_bounds(std::span<const Member> members, std::int32_t most) {
  PartBounds bounds;
  bounds.minimums.reserve(members.size());
  bounds.maximums.reserve(members.size());
  for (const auto& member : members) {
    bounds.minimums.push_back(member.least_part());
    // max_replicas() is never below min_replicas().
    bounds.maximums.push_back(std::max(1, member.max_replicas(most)));
  }
  return bounds;
}

double beside_minimums(double asked,
                       std::span<const double> parts,
                       const PartBounds& bounds,
                       std::int32_t total,
                       double tolerance) {
  if (!std::isfinite(asked)) return asked;
  const auto divided = balancing::divide(parts, bounds.minimums, bounds.maximums, total);
  bool is_enough = true;
  double all = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!(parts[i] > 0)) continue;
    const bool is_most = divided[i] >= bounds.maximums[i];
    is_enough = is_enough && (is_most || parts[i] <= (divided[i] + 1) * (1 + tolerance));
    all += std::clamp<double>(parts[i], bounds.minimums[i], bounds.maximums[i]);
  }
  return is_enough ? asked : std::max(asked, all);
}

std::int32_t least_total(std::span<const double> shares,
                         const PartBounds& bounds,
                         std::span<const double> least,
                         std::int32_t most) {
  const auto is_enough = [&](std::int32_t total) {
    const auto parts = balancing::divide(shares, bounds.minimums, bounds.maximums, total);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i] != 0 && parts[i] + kRounding < least[i]) return false;
    }
    return true;
  };
  // Of more replicas nobody gets fewer, so what is enough is found by halving.
  std::int32_t too_few = 0;
  std::int32_t enough = most;
  while (enough - too_few > 1) {
    const auto middle = too_few + (enough - too_few) / 2;
    (is_enough(middle) ? enough : too_few) = middle;
  }
  return enough;
}

}  // namespace evenkeel::plan
