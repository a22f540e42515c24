#pragma once

#include <mutex>
#include <utility>

namespace evenkeel {

/// A value that can be touched only while its mutex is held.
template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_{std::forward<Args>(args)...} {}

  /// Runs `fn(T&)` under the lock. Keep `fn` short: no I/O, no logging, no callbacks into unknown code.
  template <class Fn>
  decltype(auto) with(Fn&& fn) {
    const std::scoped_lock lock{mutex_};
    return std::forward<Fn>(fn)(value_);
  }
  template <class Fn>
  decltype(auto) with(Fn&& fn) const {
    const std::scoped_lock lock{mutex_};
    return std::forward<Fn>(fn)(std::as_const(value_));
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace evenkeel
