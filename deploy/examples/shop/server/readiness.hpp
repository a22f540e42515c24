// Whether the shop wants traffic.
#pragma once

#include <atomic>

namespace shop {

// Two reasons not to be ready, kept apart: a drain is for ever, the switch can be turned back. Thread-safe.
class Readiness {
 public:
  explicit Readiness(bool on) : on_(on) {}

  void turn(bool on) { on_ = on; }
  void drain() { draining_ = true; }

  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] bool ready() const { return on_ && !draining_; }
  [[nodiscard]] const char* text() const { return draining_ ? "draining\n" : on_ ? "on\n" : "off\n"; }

 private:
  std::atomic<bool> on_;
  std::atomic<bool> draining_{false};
};

}  // namespace shop
