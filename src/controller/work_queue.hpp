#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/object_key.hpp"
#include "evenkeel/ops/metrics.hpp"

namespace evenkeel::controller {

/// The rules of the queue, without threads or clock: a key waits at most once, and is never taken while it is
/// being worked on; added meanwhile, it comes back when that is done.
class QueueState {
 public:
  struct Taken {
    ObjectKey key;
    Monotonic::duration waited;
  };

  /// @return false when the key was waiting already.
  bool add(const ObjectKey& key, Monotonic now);
  /// Adds at `due`; of several times for one key the earliest counts.
  void add_at(const ObjectKey& key, Monotonic due);
  /// The key that has waited longest.
  std::optional<Taken> take(Monotonic now);
  /// The work on `key` has ended.
  void done(const ObjectKey& key, Monotonic now);
  /// When the next delayed key is due.
  [[nodiscard]] std::optional<Monotonic> next_due() const;
  /// Moves what is due to those that wait.
  void move_due(Monotonic now);

  [[nodiscard]] ops::QueueFigures figures(Monotonic now) const;

 private:
  std::deque<ObjectKey> order_;
  std::map<ObjectKey, Monotonic> waiting_;  // Since when.
  std::map<ObjectKey, Monotonic> active_;   // Since when.
  std::map<ObjectKey, Monotonic> again_;    // Added while active; since when.
  std::map<ObjectKey, Monotonic> delayed_;
};

/// Pauses between failed passes over one key: 50 ms, doubling, 30 s at most.
[[nodiscard]] std::chrono::milliseconds retry_pause(int failures);

/// Keys for workers. Thread-safe.
class WorkQueue {
 public:
  /// Both are borrowed and outlive the queue. `clock` must run (waiting is real).
  WorkQueue(const Clock& clock, ops::Metrics& metrics) : clock_{clock}, metrics_{metrics} {}

  void add(const ObjectKey& key);
  void add_after(const ObjectKey& key, std::chrono::milliseconds delay);
  /// Adds after a pause that grows with each failure since the last `succeeded`; at least `least`.
  void retry(const ObjectKey& key, std::chrono::milliseconds least);
  void succeeded(const ObjectKey& key);

  /// Waits for a key. @return empty once `stop` is requested; what still waits is left.
  std::optional<ObjectKey> take(const std::stop_token& stop);
  void done(const ObjectKey& key);

  [[nodiscard]] ops::QueueFigures figures() const;
  /// Waits until nobody works on a key, until `deadline` at most.
  bool wait_idle(Monotonic deadline);

 private:
  const Clock& clock_;
  ops::Metrics& metrics_;  // Guards itself.
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  QueueState state_;                   // Guarded by mutex_.
  std::map<ObjectKey, int> failures_;  // Guarded by mutex_.
};

}  // namespace evenkeel::controller
