#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"

namespace evenkeel::fuzz {

/// Ends the process with what is wrong, which libFuzzer takes for a find and keeps the input.
[[noreturn]] void fail(std::string_view what);

/// Decides, and ends the process unless the decision is one that the specification allows on any input
/// whatever: a form that can be printed, weights that add up, counts within bounds, a small memory, and the
/// same again for equal input.
api::Decision decide_and_check(const api::Snapshot& snapshot);

/// A snapshot of a service with two tiers, all signals, a route and something in every list.
const api::Snapshot& rich_snapshot();

}  // namespace evenkeel::fuzz
