#include "evenkeel/failover/hold.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace evenkeel::failover {

Hold::Hold(std::vector<Entry> entries, WallTime now) {
  for (auto& entry : entries) {
    entry.until = std::min(entry.until, now);
    if (!std::isfinite(entry.share)) entry.share = kEverything;
  }
  const auto is_wrong = [](const Entry& older, const Entry& newer) {
    return older.until >= newer.until || older.share <= newer.share;
  };
  if (entries.size() <= kMaxEntries && std::ranges::adjacent_find(entries, is_wrong) == entries.end()) {
    entries_ = std::move(entries);
    return;
  }
  // Of equal times the smallest share comes last: it is the one in force.
  std::ranges::sort(entries, {}, [](const Entry& entry) { return std::pair{entry.until, -entry.share}; });
  for (const auto& entry : entries) push(entry);
}

void Hold::record(WallTime now, double share) {
  if (!entries_.empty()) entries_.back().until = std::max(entries_.back().until, now);
  push({.until = now, .share = share});
}

void Hold::push(Entry entry) {
  while (!entries_.empty() && entries_.back().share <= entry.share) entries_.pop_back();
  entries_.push_back(entry);
  // The oldest two merge into what holds more for longer.
  while (entries_.size() > kMaxEntries) {
    entries_[0].until = entries_[1].until;
    entries_.erase(entries_.begin() + 1);
  }
}

double Hold::highest_after(WallTime cutoff) const {
  if (entries_.empty()) return kEverything;
  const auto found = std::ranges::upper_bound(entries_, cutoff, {}, &Entry::until);
  return found == entries_.end() ? entries_.back().share : found->share;
}

void Hold::forget(WallTime before) {
  while (entries_.size() > 1 && entries_.front().until < before) entries_.erase(entries_.begin());
}

}  // namespace evenkeel::failover
