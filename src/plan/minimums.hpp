#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "members.hpp"

/// What the total has to be so that its whole parts are enough for everybody. docs/decision.md, "Minimums".
namespace evenkeel::plan {

/// What bounds the part of each backend, maximums not below minimums.
struct PartBounds {
  std::vector<std::int32_t> minimums;
  std::vector<std::int32_t> maximums;
};

/// Of each one replica at least, and its own bounds.
/// @param most  the maximum of those without one of their own.
[[nodiscard]] PartBounds part_bounds(std::span<const Member> members,
                                     std::int32_t most = std::numeric_limits<std::int32_t>::max());

/// Whoever has more than its part, because of a minimum, has it of the others'. Where that leaves somebody,
/// with the one more that it may get (Extra), too few for what it carries, minimums are asked for beside what
/// all carry.
/// @param asked      replicas in all, unrounded.
/// @param parts      of `asked`, what each is to have; 0 or less: it takes no part.
/// @param total      the whole replicas that `asked` leads to.
/// @param tolerance  of a rise, as a fraction.
/// @return in all, unrounded: `asked` where its parts are enough, never less.
[[nodiscard]] double beside_minimums(double asked,
                                     std::span<const double> parts,
                                     const PartBounds& bounds,
                                     std::int32_t total,
                                     double tolerance);

/// The least total, at most `most`, of which everybody who has a part has as many replicas as `least` says.
/// @param shares  what the total is divided by.
[[nodiscard]] std::int32_t least_total(std::span<const double> shares,
                                       const PartBounds& bounds,
                                       std::span<const double> least,
                                       std::int32_t most);

}  // namespace evenkeel::plan
