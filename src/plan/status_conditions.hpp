#pragma once

#include <span>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/plan/plan.hpp"

namespace evenkeel::plan {

/// What came of one pass, for the conditions that no decision can know.
struct PassOutcome {
  const api::Snapshot& snapshot;
  const api::Decision& decision;
  const Plan& plan;
  std::span<const ActionResult> results;
  const Claims& claims;
  std::span<const Missing> missing;
};

/// Whether action `index` was sent and succeeded.
[[nodiscard]] bool succeeded(const PassOutcome& pass, std::size_t index);

/// All ten conditions of the API, in its order.
[[nodiscard]] std::vector<api::Condition> conditions_of(const PassOutcome& pass);

}  // namespace evenkeel::plan
