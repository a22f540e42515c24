// The one thing in this shop that takes time: a till with a few places, and a queue in front of it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <queue>
#include <vector>

namespace shop {

// Says when a request that arrives now will be finished, first come first served. Overload is honest: the
// wait grows with the queue, and past its bound a request is refused. Work is only ever a sleep, so the end
// of every request is known when it arrives and no thread has to be woken in turn. Thread-safe.
class Till {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  // `places` requests (at least 1) are worked on at once, for `work` each; `queue` more may wait.
  Till(std::size_t places, std::size_t queue, Duration work) : work_(work), queue_(queue) {
    for (std::size_t i = 0; i < places; ++i) {
      free_at_.push(Time::min());
    }
  }

  // Takes a place for a request that arrives at `now`, which must not run backwards. Returns when it is
  // finished; nothing where the queue is full.
  std::optional<Time> enter(Time now) {
    const std::scoped_lock lock(mutex_);
    while (!waiting_until_.empty() && waiting_until_.front() <= now) {
      waiting_until_.pop_front();
    }
    const Time start = std::max(now, free_at_.top());
    if (start > now) {
      if (waiting_until_.size() >= queue_) {
        return std::nullopt;
      }
      waiting_until_.push_back(start);
    }
    free_at_.pop();
    free_at_.push(start + work_);
    return start + work_;
  }

 private:
  const Duration work_;
  const std::size_t queue_;

  std::mutex mutex_;                                                      // guards what follows
  std::priority_queue<Time, std::vector<Time>, std::greater<>> free_at_;  // one entry for each place
  std::deque<Time> waiting_until_;                                        // starts that lie ahead, in order
};

}  // namespace shop
