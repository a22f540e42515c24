#include "work_queue.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace evenkeel::controller {

bool QueueState::add(const ObjectKey& key, Monotonic now) {
  delayed_.erase(key);
  if (active_.contains(key)) return again_.emplace(key, now).second;
  if (!waiting_.emplace(key, now).second) return false;
  order_.push_back(key);
  return true;
}

void QueueState::add_at(const ObjectKey& key, Monotonic due) {
  if (waiting_.contains(key) || again_.contains(key)) return;
  const auto [entry, inserted] = delayed_.emplace(key, due);
  if (!inserted) entry->second = std::min(entry->second, due);
}

void QueueState::move_due(Monotonic now) {
  std::vector<ObjectKey> due;
  for (const auto& [key, when] : delayed_) {
    if (when <= now) due.push_back(key);
  }
  for (const auto& key : due) add(key, now);
}

std::optional<QueueState::Taken> QueueState::take(Monotonic now) {
  move_due(now);
  if (order_.empty()) return std::nullopt;
  Taken taken{.key = order_.front(), .waited = {}};
  order_.pop_front();
  taken.waited = now - waiting_.at(taken.key);
  waiting_.erase(taken.key);
  active_.emplace(taken.key, now);
  return taken;
}

void QueueState::done(const ObjectKey& key, Monotonic now) {
  active_.erase(key);
  if (again_.erase(key) > 0) add(key, now);
}

std::optional<Monotonic> QueueState::next_due() const {
  const auto earliest = std::min_element(
      delayed_.begin(), delayed_.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (earliest == delayed_.end()) return std::nullopt;
  return earliest->second;
}

ops::QueueFigures QueueState::figures(Monotonic now) const {
  ops::QueueFigures figures{.depth = order_.size(), .active = active_.size()};
  for (const auto& [key, since] : active_) {
    const ops::Seconds age = now - since;
    figures.unfinished += age;
    figures.longest_running = std::max(figures.longest_running, age);
  }
  return figures;
}

std::chrono::milliseconds retry_pause(int failures) {
  constexpr std::chrono::milliseconds kFirst{50};
  constexpr std::chrono::milliseconds kLast{30'000};
  // 2^10 x 50 ms is beyond the last one already, so the shift cannot overflow.
  return std::min(kLast, kFirst * (1 << std::clamp(failures - 1, 0, 10)));
}

void WorkQueue::add(const ObjectKey& key) {
  {
    const std::scoped_lock lock{mutex_};
    if (!state_.add(key, clock_.monotonic())) return;
  }
  metrics_.count_queue_add();
  changed_.notify_one();
}

void WorkQueue::add_after(const ObjectKey& key, std::chrono::milliseconds delay) {
  {
    const std::scoped_lock lock{mutex_};
    state_.add_at(key, clock_.monotonic() + delay);
  }
  changed_.notify_one();
}

void WorkQueue::retry(const ObjectKey& key, std::chrono::milliseconds least) {
  std::chrono::milliseconds pause{0};
  {
    const std::scoped_lock lock{mutex_};
    pause = std::max(least, retry_pause(++failures_[key]));
  }
  metrics_.count_queue_retry();
  add_after(key, pause);
}

void WorkQueue::succeeded(const ObjectKey& key) {
  const std::scoped_lock lock{mutex_};
  failures_.erase(key);
}

std::optional<ObjectKey> WorkQueue::take(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const Monotonic now = clock_.monotonic();
    if (auto taken = state_.take(now)) {
      lock.unlock();
      metrics_.count_queue_take(taken->waited);
      return std::move(taken->key);
    }
    // Every change of the state notifies, so a wake-up is all that is waited for.
    const auto due = state_.next_due();
    const auto woken = [seen = due, this] {
      return state_.figures(Monotonic{}).depth > 0 || state_.next_due() != seen;
    };
    if (due) {
      changed_.wait_until(lock, stop, *due, woken);
    } else {
      changed_.wait(lock, stop, woken);
    }
  }
  return std::nullopt;
}

void WorkQueue::done(const ObjectKey& key) {
  {
    const std::scoped_lock lock{mutex_};
    state_.done(key, clock_.monotonic());
  }
  changed_.notify_all();
}

ops::QueueFigures WorkQueue::figures() const {
  const std::scoped_lock lock{mutex_};
  return state_.figures(clock_.monotonic());
}

bool WorkQueue::wait_idle(Monotonic deadline) {
  std::unique_lock lock{mutex_};
  return changed_.wait_until(lock, deadline, [this] { return state_.figures(Monotonic{}).active == 0; });
}

}  // namespace evenkeel::controller
