#pragma once

#include <optional>
#include <span>
#include <vector>

#include "evenkeel/balancing/proportions.hpp"

/// From readings to what an algorithm would give every member of a tier.
namespace evenkeel::balancing {

/// Takes the readings of one backend into their moving averages, and its share into the record of shares.
void take_readings(const ProportionInput& input, const Candidate& candidate, BalancingMemory& memory);

/// The share of a backend, averaged over `window` up to `until`; percent.
[[nodiscard]] double average_share(const BalancingMemory& memory,
                                   WallTime until,
                                   std::chrono::seconds window);

/// Members of one tier: indices of eligible backends with declared weight.
using Members = std::vector<std::size_t>;

/// The longest window of the readings that the algorithm computes with, in seconds; 0: it reads nothing.
[[nodiscard]] double window_of(const ProportionInput& input, const Members& members);

/// What the algorithm computes for the members, fractions that add up to 1. Empty: there is no reading to
/// compute with.
[[nodiscard]] std::vector<double> computed(const ProportionInput& input,
                                           const Members& members,
                                           std::span<const BalancingMemory> memories);

}  // namespace evenkeel::balancing
