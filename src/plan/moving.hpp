#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/base/clock.hpp"

/// From the shares that are set to their targets. docs/decision.md, "Moving the shares".
namespace evenkeel::plan {

/// One backend on its way. Shares in percent of all traffic, capacities in the unit of demand.
struct Mover {
  double set = 0;             ///< What the move starts from.
  double target = 0;          ///< Where it is going.
  std::int32_t ready = 0;     ///< Ready endpoints.
  std::int32_t wanted = 0;    ///< Replicas that it is meant to have for its target.
  double ready_capacity = 0;  ///< What its ready endpoints carry.
  bool is_out = false;        ///< Declared weight 0, or draining: its fall is an edit.
  bool is_unfit = false;      ///< May not have a share: no ready endpoint, or ejected.
  bool is_missing = false;    ///< Fewer ready endpoints than it is meant to have.
  bool on_trial = false;      ///< On probation: it is given its share and no more, whatever is ready.
  bool leaves_now = false;    ///< Drained without waiting for capacity.
  double carried = 0;         ///< Percent of all traffic that its ready endpoints carry; may be infinite.
};

enum class Pace {
  Edit,  ///< As fast as capacity becomes ready.
  Step,  ///< One step, which is due.
  Rest,  ///< The last step's period is not over.
};

struct Movement {
  std::optional<double> demand;  ///< Empty: unknown.
  std::int32_t total = 0;        ///< Replicas that unknown demand is planned with.
  double max_step = 20;          ///< Points.
  Pace pace = Pace::Step;
  bool missing = false;   ///< Somebody is unfit or has fewer ready endpoints than expected.
  bool repeats = false;   ///< It was decided at this very moment before: nothing but what cannot serve moves.
  bool computed = false;  ///< Targets follow readings of their own.
  bool excess_returns = false;  ///< Holders of what failed over carry too much, and it can go back.
};

struct Move {
  double weight = 0;                ///< Percent of all traffic from now on.
  const char* rule = "";            ///< The step of the record that names the rule; empty: it stays.
  bool waits_for_capacity = false;  ///< It would rise further if more of it were ready.
};

struct Moved {
  std::vector<Move> moves;  ///< Parallel to the movers; weights add up as the set shares do.
  bool at_once = false;     ///< Something moved that waits for no step.
  bool stepped = false;     ///< A step was made, and is dated now.
  bool in_place = false;    ///< is_in_place() what is left to go.
  Pace pace = Pace::Rest;   ///< As the movement had it.
};

/// One decision's move.
/// @pre set shares and targets are finite, not negative, and add up to the same.
[[nodiscard]] Moved move_shares(std::span<const Mover> movers, const Movement& movement);

/// Whether what is left to go from `moves` is what readings of demand make of shares that are bound by
/// capacity: nobody moves or grows for that.
[[nodiscard]] bool is_in_place(std::span<const Mover> movers,
                               std::span<const Move> moves,
                               const Movement& movement);

/// The most that the ready endpoints of `movers[index]` are given: percent of all traffic.
[[nodiscard]] double room_of(std::span<const Mover> movers, std::size_t index, double demand);

}  // namespace evenkeel::plan
