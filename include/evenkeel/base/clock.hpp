#pragma once

#include <chrono>

namespace evenkeel {

/// For intervals and deadlines; never shown to people.
using Monotonic = std::chrono::steady_clock::time_point;

/// For timestamps that people or the API read. Nanoseconds: the 9 decimals that RFC 3339 texts carry here.
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// The only source of time in the program. Implementations are safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Monotonic monotonic() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;
};

/// The machine's clocks. Constructed by the wiring and handed down as `const Clock&`.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Monotonic monotonic() const override;
  [[nodiscard]] WallTime wall() const override;
};

}  // namespace evenkeel
