#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

namespace evenkeel::kube {

/// Pauses that double from `first` to `last`, each shortened at random by up to a half.
class Backoff {
 public:
  using Pause = std::chrono::milliseconds;

  Backoff(Pause first, Pause last) : first_{first}, last_{last}, next_{first} {}

  Pause take(std::mt19937_64& random) {
    const auto full = next_.count();
    next_ = std::min(next_ * 2, last_);
    return Pause{std::uniform_int_distribution<std::int64_t>{full / 2, full}(random)};
  }
  void reset() { next_ = first_; }

 private:
  Pause first_;
  Pause last_;
  Pause next_;
};

}  // namespace evenkeel::kube
