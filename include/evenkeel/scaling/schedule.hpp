#pragma once

#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/time_zones.hpp"
#include "evenkeel/scaling/total.hpp"

/// Bounds that hold at certain times. docs/scaling.md, "Schedules".
namespace evenkeel::scaling {

/// The bounds of `scaling` with those of the schedules that are on in place of them: of several the highest
/// minimum, and the lowest maximum that is not below it. A schedule is on while its last `start` is later
/// than its last `end`. A step for each that is on; a warning for one that cannot be read.
/// @param zones null: only UTC is known.
[[nodiscard]] Limits scheduled_limits(const api::Scaling& scaling,
                                      const TimeZones* zones,
                                      WallTime now,
                                      std::vector<api::Step>& steps,
                                      std::vector<std::string>& warnings);

}  // namespace evenkeel::scaling
