#pragma once

#include <chrono>
#include <optional>

#include "evenkeel/base/clock.hpp"

/// Shift before down: traffic that leaves takes its time. docs/decision.md, "Moving the shares".
namespace evenkeel::plan {

/// Points that have to leave before a backend is kept for it.
constexpr double kWorthWaiting = 5;

/// Points by which a layer of a hundred parts may round a share: what is observed beyond has still to leave.
constexpr double kRounded = 0.5;

/// Share on its way out of one backend. Past moments only; shares in percent of all traffic.
struct Departure {
  double from = 0;  ///< The share that it began at.
  WallTime began;
  WallTime last;  ///< When it fell last.
  bool operator==(const Departure&) const = default;
};

struct DepartureMemory {
  std::optional<Departure> departure;
  bool finished = false;  ///< A departure has come to its end since signals were used last.
  bool gave_up = false;   ///< It ended by its time-out: what is still observed does not count.
  bool operator==(const DepartureMemory&) const = default;
};

struct DepartureInput {
  double before = 0;               ///< The last decided share, or the live one where that is well above it.
  double weight = 0;               ///< The one decided now.
  std::optional<double> observed;  ///< Measured; empty: unknown.
  std::chrono::seconds drain{30};
  std::chrono::seconds timeout{600};
  WallTime now;
};

struct DepartureState {
  bool keeps_size = false;  ///< Its replicas stay.
  bool timed_out = false;   ///< It has just ended by its time-out.
};

/// What becomes of it in this decision. Again with the same input and `before` = `weight` nothing changes.
DepartureState follow_departure(const DepartureInput& input, DepartureMemory& memory);

/// A new leader cannot know how long ago its predecessor's last step really was: what is under way begins
/// now. What was over stays over, or it would become part of what falls next.
void restart_departure(std::chrono::seconds drain, WallTime now, DepartureMemory& memory);

}  // namespace evenkeel::plan
