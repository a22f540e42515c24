#include "departure.hpp"

#include <cmath>

#include "evenkeel/base/moment.hpp"

#include "figures.hpp"

namespace evenkeel::plan {
namespace {

/// Points within which the observed share has arrived.
constexpr double kArrived = 2;

/// It has more now than it had when it began to leave: somebody gave it more, or who had the rest is gone.
/// What leaves from there on leaves from there; well above, it is another departure.
void start_higher(double before, std::optional<Departure>& departure) {
  if (!departure || before <= departure->from) return;
  if (before >= departure->from + kWorthWaiting) {
    departure.reset();
  } else {
    departure->from = before;
  }
}

void track(const DepartureInput& input, DepartureMemory& memory) {
  auto& departure = memory.departure;
  start_higher(input.before, departure);
  if (input.weight > input.before + kSameShare) {
    memory.finished = false;
    memory.gave_up = false;
    if (departure && input.weight > departure->from - kSameShare) departure.reset();
    return;
  }
  if (input.weight >= input.before - kSameShare) return;
  memory.finished = false;
  if (!departure) departure = Departure{.from = input.before, .began = input.now, .last = input.now};
  departure->last = input.now;
}

/// Whether what was taken has left, with `weight` being all that is left to the backend.
DepartureState settle(const DepartureInput& input, double weight, DepartureMemory& memory) {
  auto& departure = memory.departure;
  if (!departure) return {};
  const bool is_small = departure->from - weight < kWorthWaiting - kSameShare;
  const bool by_time = is_small || !input.observed;
  const bool is_over = by_time ? has_passed(departure->last, input.drain, input.now)
                               : std::abs(*input.observed - weight) <= kArrived;
  if (is_over) {
    departure.reset();
    memory.finished = true;
    return {};
  }
  if (has_passed(departure->began, input.timeout, input.now)) {
    departure.reset();
    memory.finished = true;
    memory.gave_up = true;
    return {.keeps_size = false, .timed_out = true};
  }
  return {.keeps_size = !is_small, .timed_out = false};
}

}  // namespace

DepartureState follow_departure(const DepartureInput& input, DepartureMemory& memory) {
  // What left before may be over by now: then this is another departure, with a time of its own.
  const auto before = settle(input, input.before, memory);
  track(input, memory);
  // Not before what is observed would keep no replica: else that would count again, now that it is given up.
  if (memory.gave_up && input.observed && *input.observed <= input.weight + kRounded) memory.gave_up = false;
  auto state = settle(input, input.weight, memory);
  state.timed_out = state.timed_out || before.timed_out;
  return state;
}

void restart_departure(std::chrono::seconds drain, WallTime now, DepartureMemory& memory) {
  auto& departure = memory.departure;
  if (!departure) return;
  if (!has_passed(departure->last, drain, now)) departure->last = now;
  departure->began = now;
}

}  // namespace evenkeel::plan
