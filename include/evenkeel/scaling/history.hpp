#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/scaling/forecast.hpp"

/// What the total's arithmetic remembers. docs/decision.md, "Time" and "Memory".
namespace evenkeel::scaling {

/// `now - span` without overflow; a negative span counts as 0.
[[nodiscard]] WallTime moment_before(WallTime now, std::chrono::seconds span);
/// `time + span`, likewise.
[[nodiscard]] WallTime moment_after(WallTime time, std::chrono::seconds span);

struct Recommendation {
  WallTime time;
  std::int32_t replicas = 0;
};

/// A change of the total that was made. `change` is to less from.
struct ScaleEvent {
  WallTime time;
  std::int64_t change = 0;
};

struct CountChange {
  std::int32_t from = 0;
  std::int32_t to = 0;

  /// Whether a count of it may be seen while it is under way.
  [[nodiscard]] bool explains(std::int32_t count) const { return count == from || count == to; }
};

/// A change of the total that was decided and not yet seen.
struct PendingScale {
  WallTime time;
  std::int32_t from = 0;
  std::int32_t to = 0;
  std::map<std::string, CountChange> backends;  ///< Those whose count changes with it, by name.
};

/// Everything in it lies in the past: what is later than `now` was re-dated when it was read.
class History {
 public:
  /// More entries than this merge with their neighbours.
  static constexpr std::size_t kMaxEntries = 64;

  /// @name For reading and writing memory. Times rise; `highest` falls and `lowest` rises in value.
  /// @{
  std::vector<Recommendation> highest;  ///< Monotonic queue: answers "the highest since".
  std::vector<Recommendation> lowest;   ///< Monotonic queue: answers "the lowest since".
  std::vector<ScaleEvent> events;
  std::optional<PendingScale> pending;
  std::optional<WallTime> idle_since;  ///< Nobody has asked for anything since.
  SeasonMemory seasons;
  /// @}

  [[nodiscard]] bool has_recommendations() const { return !highest.empty() || !lowest.empty(); }

  void record_recommendation(WallTime now, std::int32_t replicas);
  /// Only for windows of shrinking: growth does not wait for it.
  void record_floor(WallTime now, std::int32_t replicas);
  [[nodiscard]] std::optional<std::int32_t> highest_after(WallTime cutoff) const;
  [[nodiscard]] std::optional<std::int32_t> lowest_after(WallTime cutoff) const;

  void record_event(WallTime time, std::int64_t change);
  /// Sum of the changes later than `cutoff`.
  [[nodiscard]] std::int64_t change_after(WallTime cutoff) const;

  /// Drops what no window and no period looks back to.
  void forget(WallTime recommendations_before, WallTime events_before);

  /// Merges neighbours until no list has more than `most` entries, keeping the cautious value.
  void merge(std::size_t most);

  /// What is later than `now` counts as of now: clocks run backwards, and a memory may be anybody's.
  void redate(WallTime now);

  /// Puts entries from memory back into the order and size that the rest relies on.
  void normalise();
};

}  // namespace evenkeel::scaling
