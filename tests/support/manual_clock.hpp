#pragma once

#include <chrono>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/guarded.hpp"

namespace evenkeel::testing {

/// Time that passes when a test says so. Thread-safe.
class ManualClock final : public Clock {
 public:
  /// Begins on 2026-01-01T00:00:00Z.
  ManualClock()
      : now_{Now{Monotonic{std::chrono::hours{1}}, WallTime{std::chrono::seconds{1'767'225'600}}}} {}

  [[nodiscard]] Monotonic monotonic() const override {
    return now_.with([](const Now& now) { return now.monotonic; });
  }
  [[nodiscard]] WallTime wall() const override {
    return now_.with([](const Now& now) { return now.wall; });
  }
  void advance(std::chrono::milliseconds by) {
    now_.with([&](Now& now) {
      now.monotonic += by;
      now.wall += by;
    });
  }

 private:
  struct Now {
    Monotonic monotonic;
    WallTime wall;
  };
  Guarded<Now> now_;
};

}  // namespace evenkeel::testing
