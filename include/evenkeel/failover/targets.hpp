#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/failover/fitness.hpp"

/// Which share everybody is meant to have. docs/health.md, "Target shares", is the specification.
namespace evenkeel::failover {

/// One backend, as far as its share depends on it.
struct TargetBackend {
  std::int32_t tier = 0;
  double proportion = 0;           ///< Inside its tier, relative.
  double declared_proportion = 0;  ///< What declared weights would give, relative: what sizes follow.
  Fitness fitness = Fitness::Unfit;
  std::int32_t ready = 0;
  std::int32_t expected = 0;
  bool on_probation = false;
  std::int32_t limit = 0;       ///< The most replicas that it is meant to have.
  double capacity = 1;          ///< Of a replica, in the unit of demand.
  double set_share = 0;         ///< Percent of all traffic, set when this moment was decided first; anything.
  bool waiting_sender = false;  ///< Out, and its share waits for who is to take it.
  api::SlowStart slow_start;
  std::optional<WallTime> eligible_since;  ///< It has just become eligible: slow start applies.
};

/// What is remembered of the split between tiers. Past moments only.
struct SplitMemory {
  /// What the tiers up to this one have in all.
  struct Boundary {
    std::int32_t tier = 0;
    double share = 0;               ///< Fraction of all traffic that was decided last.
    std::optional<WallTime> since;  ///< They could take more since then, or since the last step.
    bool operator==(const Boundary&) const = default;
  };
  std::vector<Boundary> boundaries;  ///< By tier. A tier below which nobody ever served has none.
  std::uint32_t failback = 0;        ///< Digest of the annotation's text that was seen last.
  bool returning = false;            ///< A manual fail-back is under way.
  bool adopted = false;              ///< The shares that were set at first sight have been taken over.
  bool operator==(const SplitMemory&) const = default;
};

struct TargetInput {
  std::span<const TargetBackend> backends;
  std::optional<double> demand;  ///< Empty: unknown.
  const api::Failover& failover;
  const api::Balancing& balancing;
  std::string failback_request;  ///< Text of the annotation evenkeel.dev/failback.
  bool computed = false;         ///< Proportions follow readings: balancing.minSharePercent holds.
  bool observe = false;          ///< Nothing is written: every decision starts from the shares that are set.
  WallTime now;
};

/// Vectors run parallel to the backends.
struct Targets {
  std::vector<double> full;    ///< Full shares by proportions: fractions that add up to 1.
  std::vector<double> sizing;  ///< Full shares by declared proportions: what the total is divided by.
  std::vector<double> target;  ///< Percent of all traffic; adds up to 100.
  /// Percent of all traffic that its ready endpoints (and its limit) carry; infinite where nothing bounds it.
  std::vector<double> carried;
  std::vector<char> is_short;   ///< Eligible with fewer endpoints than expected, or beyond its limit.
  double uncovered = 0;         ///< Fraction of demand that nobody's ready capacity carries.
  bool served = false;          ///< The target shares reach a ready endpoint.
  bool excess_returns = false;  ///< Traffic goes back because its holder cannot carry it: at once.
  bool failback_waits = false;  ///< A lower tier could take more, and is not given it yet.
  bool failback_asked = false;  ///< A manual fail-back was asked for by a new text now.
  std::optional<std::int32_t> lowest_tier;  ///< That has an eligible backend.
  std::vector<std::vector<api::Step>> steps;
};

/// Full and target shares. Keeps `memory` up to date; again with the same `now` it changes nothing.
/// @pre there is at least one backend.
[[nodiscard]] Targets target_shares(const TargetInput& input, SplitMemory& memory);

/// What is later than `now` is of now; what is no share is dropped.
void redate(SplitMemory& memory, WallTime now);

}  // namespace evenkeel::failover
