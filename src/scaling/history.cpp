#include "evenkeel/scaling/history.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace evenkeel::scaling {
namespace {

/// No window looks back further; a longer one would only overflow.
constexpr std::chrono::seconds kLongestSpan = std::chrono::hours{24 * 365};

/// Index of the entry that lies closest to its successor: merging those two loses the least.
template <class Entry>
std::size_t closest_pair(const std::vector<Entry>& entries) {
  std::size_t best = 0;
  for (std::size_t i = 1; i + 1 < entries.size(); ++i) {
    if (entries[i + 1].time - entries[i].time < entries[best + 1].time - entries[best].time) best = i;
  }
  return best;
}

/// Keeps the older value with the newer time: of two neighbours that is the more cautious value (the queue is
/// monotonic), kept for longer.
void merge_recommendations(std::vector<Recommendation>& queue, std::size_t most) {
  while (queue.size() > most) {
    const auto i = closest_pair(queue);
    queue[i].time = queue[i + 1].time;
    queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

/// Of one direction where there are such: a rise and a fall in one would give each other's limits free.
std::size_t closest_events(const std::vector<ScaleEvent>& events) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i + 1 < events.size(); ++i) {
    if ((events[i].change < 0) != (events[i + 1].change < 0)) continue;
    if (!best || events[i + 1].time - events[i].time < events[*best + 1].time - events[*best].time) best = i;
  }
  return best.value_or(closest_pair(events));
}

void merge_events(std::vector<ScaleEvent>& events, std::size_t most) {
  while (events.size() > most) {
    const auto i = closest_events(events);
    events[i].time = events[i + 1].time;
    events[i].change += events[i + 1].change;
    events.erase(events.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

/// `dominated(older, newer)`: the older entry can never decide again once the newer one is there.
template <class Dominated>
void push(std::vector<Recommendation>& queue, Recommendation entry, Dominated dominated) {
  while (!queue.empty() && dominated(queue.back().replicas, entry.replicas)) queue.pop_back();
  queue.push_back(entry);
  merge_recommendations(queue, History::kMaxEntries);
}

std::optional<std::int32_t> first_after(const std::vector<Recommendation>& queue, WallTime cutoff) {
  const auto found = std::ranges::upper_bound(queue, cutoff, {}, &Recommendation::time);
  if (found == queue.end()) return std::nullopt;
  return found->replicas;
}

/// The newest stays, however old: an empty queue means that the object was never seen.
void drop_before(std::vector<Recommendation>& queue, WallTime moment) {
  const auto first_kept = std::ranges::lower_bound(queue, moment, {}, &Recommendation::time);
  if (first_kept == queue.end() && !queue.empty()) {
    queue.erase(queue.begin(), queue.end() - 1);
  } else {
    queue.erase(queue.begin(), first_kept);
  }
}

template <class Entry>
void redate_entries(std::vector<Entry>& entries, WallTime now) {
  for (auto& entry : entries) entry.time = std::min(entry.time, now);
}

template <class Dominated>
void rebuild(std::vector<Recommendation>& queue, Dominated dominated) {
  const auto is_wrong = [&](const Recommendation& older, const Recommendation& newer) {
    return older.time >= newer.time || dominated(older.replicas, newer.replicas);
  };
  const bool is_usual =
      queue.size() <= History::kMaxEntries && std::ranges::adjacent_find(queue, is_wrong) == queue.end();
  if (is_usual) return;
  std::ranges::sort(
      queue, {}, [](const Recommendation& entry) { return std::pair{entry.time, entry.replicas}; });
  std::vector<Recommendation> sorted;
  for (const auto& entry : queue) push(sorted, entry, dominated);
  queue = std::move(sorted);
}

}  // namespace

WallTime moment_before(WallTime now, std::chrono::seconds span) {
  const auto clamped = std::clamp(span, std::chrono::seconds{0}, kLongestSpan);
  if (now < WallTime::min() + clamped) return WallTime::min();
  return now - clamped;
}

WallTime moment_after(WallTime time, std::chrono::seconds span) {
  const auto clamped = std::clamp(span, std::chrono::seconds{0}, kLongestSpan);
  if (time > WallTime::max() - clamped) return WallTime::max();
  return time + clamped;
}

void History::record_recommendation(WallTime now, std::int32_t replicas) {
  record_floor(now, replicas);
  push(lowest, {now, replicas}, std::greater_equal{});
}

void History::record_floor(WallTime now, std::int32_t replicas) {
  push(highest, {now, replicas}, std::less_equal{});
}

std::optional<std::int32_t> History::highest_after(WallTime cutoff) const {
  return first_after(highest, cutoff);
}

std::optional<std::int32_t> History::lowest_after(WallTime cutoff) const {
  return first_after(lowest, cutoff);
}

void History::record_event(WallTime time, std::int64_t change) {
  const auto after = std::ranges::upper_bound(events, time, {}, &ScaleEvent::time);
  events.insert(after, {time, change});
  merge_events(events, kMaxEntries);
}

std::int64_t History::change_after(WallTime cutoff) const {
  std::int64_t sum = 0;
  for (const auto& event : events) {
    if (event.time > cutoff) sum += event.change;
  }
  return sum;
}

void History::forget(WallTime recommendations_before, WallTime events_before) {
  drop_before(highest, recommendations_before);
  drop_before(lowest, recommendations_before);
  std::erase_if(events, [&](const ScaleEvent& event) { return event.time < events_before; });
}

void History::merge(std::size_t most) {
  merge_recommendations(highest, most);
  merge_recommendations(lowest, most);
  merge_events(events, most);
}

void History::redate(WallTime now) {
  redate_entries(highest, now);
  redate_entries(lowest, now);
  redate_entries(events, now);
  if (pending) pending->time = std::min(pending->time, now);
  if (idle_since) idle_since = std::min(*idle_since, now);
}

void History::normalise() {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  rebuild(highest, std::less_equal{});
  rebuild(lowest, std::greater_equal{});
  std::ranges::sort(events, {}, [](const ScaleEvent& event) { return std::pair{event.time, event.change}; });
  for (auto& event : events) event.change = std::clamp(event.change, -kMost, kMost);
  merge_events(events, kMaxEntries);
  seasons.normalise();
}

}  // namespace evenkeel::scaling
