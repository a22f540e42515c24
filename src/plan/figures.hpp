#pragma once

#include <cstdint>
#include <optional>

#include "demand.hpp"
#include "members.hpp"

namespace evenkeel::plan {

/// What sizes and moves of one backend are decided from. Shares in percent of all traffic.
struct Figures {
  const Member* member = nullptr;
  bool is_eligible = false;
  bool is_unfit = false;      ///< Meant to take traffic, and cannot.
  bool is_out = false;        ///< Declared weight 0, or draining.
  bool on_trial = false;      ///< On probation after an ejection.
  bool leaves_now = false;    ///< Draining without waiting for capacity.
  bool is_short = false;      ///< Fewer endpoints than expected, or beyond its limit.
  std::int32_t ready = 0;     ///< Endpoints that count.
  std::int32_t expected = 0;  ///< Endpoints that it is meant to have ready.
  double full = 0;            ///< By proportions, over the lowest tier that can serve.
  double sizing = 0;          ///< The same by declared proportions: what its size follows.
  double carried = 0;         ///< What its ready endpoints carry; infinite where nothing bounds it.
  double set = 0;             ///< What a move starts from.
  double target = 0;
  double weight = 0;               ///< What is set from this decision on.
  std::optional<double> observed;  ///< Measured; what is hardly there counts as 0.
  ReplicaLoad load;
  std::int32_t limit = 0;

  /// Fewer ready endpoints than it is meant to have.
  [[nodiscard]] bool is_missing() const { return !is_out && ready < expected; }
  [[nodiscard]] double ready_capacity() const { return ready * load.capacity; }
};

/// Shares that differ by less are the same: they went through divisions and back.
inline constexpr double kSameShare = 1e-6;

}  // namespace evenkeel::plan
