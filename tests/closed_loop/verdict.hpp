#pragma once

#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"

#include "model.hpp"

namespace evenkeel::closed_loop {

/// What a service went through, so that a run can show that it has been everywhere.
struct Passed {
  bool three_backends = false;
  bool hot = false;  ///< Computed proportions at 80 % utilisation or more.
  bool full = false;
  bool no_surge = false;
  bool panic = false;
  bool probation = false;
  bool unknown_demand = false;
  bool uneven = false;    ///< Shares that do not divide the total evenly.
  bool windows = false;   ///< Readings that are means over several decisions.
  bool pods = false;      ///< A metric of pods beside the load.
  bool value = false;     ///< Several backends sized by a `Value`.
  bool minimums = false;  ///< Backends that hold more replicas than their part, or next to no traffic.
  bool swings = false;    ///< Does not rest, as upstream would not, and says which setting is to blame.
};

/// The end of a service's decisions, and how it got there.
struct Course {
  std::vector<std::string> problems;  ///< Each "rule: detail"; empty: it came to rest as it should.
  Passed passed;
  std::vector<std::string> table;  ///< One row per decision, when asked for.
  std::vector<std::string> lines;  ///< The snapshots, when asked for.
};

/// Of one whose readings look back on several of them twice or four times as many.
inline constexpr int kDecisions = 200;
/// The last decisions, in which nothing may move any more.
inline constexpr int kRest = 40;

/// Drives decide() and the model of `seed` in closed loop.
[[nodiscard]] Course run_course(std::uint64_t seed, Variety variety, bool record);

}  // namespace evenkeel::closed_loop
