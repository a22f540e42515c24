#pragma once

#include <cstddef>
#include <vector>

#include "evenkeel/base/clock.hpp"

namespace evenkeel::failover {

/// For which share of the traffic a backend was needed lately. What a fail-over has grown is given up only
/// after it has not been needed for a while: who took over once may have to again.
class Hold {
 public:
  /// "For all that it has": of a backend that cannot serve, or that is seen for the first time.
  static constexpr double kEverything = 1e9;
  static constexpr std::size_t kMaxEntries = 4;

  struct Entry {
    WallTime until;    ///< The last moment at which it was in force.
    double share = 0;  ///< Fraction of all traffic.
  };

  Hold() = default;
  /// From memory, in any order and of any size; what is later than `now` counts as of now.
  Hold(std::vector<Entry> entries, WallTime now);

  /// From `now` on `share` is needed; what was needed before has been until now.
  void record(WallTime now, double share);
  /// The largest share that was in force later than `cutoff`, at least the one in force now.
  [[nodiscard]] double highest_after(WallTime cutoff) const;
  void forget(WallTime before);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] bool empty() const { return entries_.empty(); }

 private:
  void push(Entry entry);
  std::vector<Entry> entries_;  ///< Times rise, shares fall.
};

}  // namespace evenkeel::failover
