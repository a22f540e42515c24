#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evenkeel/base/clock.hpp"

/// What the readings of single backends ask of the total and of its parts. docs/decision.md, "Needs".
namespace evenkeel::plan {

/// Since when the share of a backend can be relied on. Past moments only.
struct ShareWatch {
  std::optional<double> share;            ///< The share that is set, as last seen.
  std::optional<WallTime> set_since;      ///< It has been set since then.
  std::optional<WallTime> settled_since;  ///< The observed one has been close to it since then.
  bool operator==(const ShareWatch&) const = default;
};

/// Keeps `watch` up to date: shares in percent of all traffic.
void watch_share(double set, std::optional<double> observed, WallTime now, ShareWatch& watch);

/// Since when as many pods as now have been ready.
struct CountWatch {
  std::int32_t ready = 0;
  WallTime since;
  bool operator==(const CountWatch&) const = default;
};

/// Keeps `watch` up to date.
void watch_count(std::int32_t ready, WallTime now, std::optional<CountWatch>& watch);

/// What a reading is of.
struct ReadingSpan {
  WallTime time;  ///< Of its newest sample.
  std::chrono::seconds window{60};
};

/// The share that a reading of the backend was taken under, in percent: the observed one where it has stayed
/// close to the set one since the reading's window began; where shares are not observed, a set one that has
/// not changed for max(2 x window, `drain`). Empty: nothing can be told from that reading alone.
[[nodiscard]] std::optional<double> share_behind(const ShareWatch& watch,
                                                 std::optional<double> observed,
                                                 ReadingSpan reading,
                                                 std::chrono::seconds drain,
                                                 WallTime now);

/// Whether a reading was taken under the count that is there now: as many have been ready since its window
/// began. A need that grows with the count tells nothing of a part before: what fewer replicas used, times
/// what there are now, is more than the load asks for, and of more of them it is less.
[[nodiscard]] bool is_count_behind(const std::optional<CountWatch>& watch, ReadingSpan reading);

/// How many times what they carry is meant for those who have `carried` percent of all traffic and are meant
/// to have all of it: more than once while others carry some. 1 where they carry too little to tell.
[[nodiscard]] double beyond_carried(double carried);

struct BackendNeed {
  double full = 0;              ///< Percent of all traffic that its size follows.
  std::optional<double> share;  ///< share_behind() its reading; where `full` is 0, what it carries now.
  std::optional<double> need;   ///< Replicas, unrounded; empty: its reading cannot be used.
  std::optional<double> ratio;  ///< Where the need grows with the count: of the reading to its target.
  bool is_count_behind = true;  ///< is_count_behind() its reading.
};

/// Whether it tells what its backend needs: at a share that is known, and is not next to nothing beside the
/// one that it is to have. The total is worked out from those that have 5 % of the traffic together.
[[nodiscard]] bool is_usable(const BackendNeed& backend);

struct Needs {
  std::optional<double> total;     ///< Unrounded; empty: no backend's reading can be used.
  std::optional<double> demand;    ///< As the total, under the shares that are there; empty: none is known.
  std::optional<double> at_least;  ///< The sum of the needs, where some share is not known: some backends use
                                   ///< more for the same than others, so the rest tell little of them.
  std::vector<double> parts;       ///< What the total is divided by; empty: not known.
  std::vector<char> guessed;       ///< Of each part, whether it is what the others need on average.
};

/// sum(need x full / share) / sum(full) over the backends whose reading and share can be used; while there is
/// none, the sum of all needs, at least the current total. While some share is not known but every need is,
/// and others carry less than 5 % of the traffic, those whose share is known keep the current total and ask
/// for no more than that sum. Where needs grow with the count, at most the highest ratio times the current
/// total (times 100 / share, while only a share of all traffic is theirs and somebody is above the target):
/// replicas that grew ahead of traffic, and pods that start, ask for no more; and the parts are known only
/// while the counts are those that the readings were taken under.
[[nodiscard]] Needs combine_needs(std::span<const BackendNeed> backends, std::int32_t current);

}  // namespace evenkeel::plan
