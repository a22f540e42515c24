#pragma once

#include <algorithm>
#include <chrono>

#include "evenkeel/base/clock.hpp"

namespace evenkeel::kube {

/// A rate limit: `burst` at once, then one for each `interval` that passes. Time is an argument.
class TokenBucket {
 public:
  using Duration = Monotonic::duration;

  TokenBucket(Duration interval, int burst) : interval_{interval}, depth_{interval * burst} {}

  /// When the next one may go; not later than `now` means at once.
  [[nodiscard]] Monotonic earliest(Monotonic now) const {
    return std::max(empty_until_, now) + interval_ - depth_;
  }

  /// Takes one, also one that must wait until `earliest`: those that come later then wait longer.
  void take(Monotonic now) { empty_until_ = std::max(empty_until_, now) + interval_; }

 private:
  Duration interval_;
  Duration depth_;
  Monotonic empty_until_{};  ///< When the bucket would be full again.
};

}  // namespace evenkeel::kube
