#pragma once

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"

namespace evenkeel::plan {

/// The decision: replicas and share of every backend, and why. docs/decision.md is its specification.
///
/// Pure and total: no I/O, clock, thread or exception; any snapshot gives a decision within the declared
/// bounds, without NaN, and equal snapshots give byte-equal decisions. Deciding again with the same `now` and
/// samples changes nothing.
[[nodiscard]] api::Decision decide(const api::Snapshot& snapshot);

}  // namespace evenkeel::plan
