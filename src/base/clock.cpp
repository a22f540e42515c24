#include "evenkeel/base/clock.hpp"

namespace evenkeel {

Monotonic SystemClock::monotonic() const {
  return std::chrono::steady_clock::now();
}

WallTime SystemClock::wall() const {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

}  // namespace evenkeel
