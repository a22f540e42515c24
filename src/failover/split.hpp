#pragma once

#include <vector>

#include "evenkeel/failover/targets.hpp"

#include "fill.hpp"

namespace evenkeel::failover {

/// The split between tiers as it may be now.
struct Split {
  std::vector<double> totals;  ///< Fractions of all traffic, parallel to Field::tiers.
  bool changed = false;        ///< It is not what the fill gave.
  bool excess_returns = false;
  bool failback_waits = false;
  bool failback_asked = false;
  std::vector<char> held;  ///< Tiers whose total is held back or kept up by fail-back.
};

/// At first sight what is set counts as if it had been decided. Where nothing is written it always does.
void adopt_split(const TargetInput& input, const Field& field, SplitMemory& memory);

/// Small changes of the split are not made, and a return goes by steps.
[[nodiscard]] Split settle_split(const TargetInput& input,
                                 const Field& field,
                                 const Caps& caps,
                                 std::vector<double> totals,
                                 SplitMemory& memory);

}  // namespace evenkeel::failover
