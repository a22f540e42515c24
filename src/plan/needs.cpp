#include "needs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evenkeel/base/moment.hpp"

namespace evenkeel::plan {
namespace {

/// Percent of all traffic under which readings say too little of the whole.
constexpr double kLeastShare = 5;

bool is_close(double observed, double set) {
  return std::abs(observed - set) <= std::max(5.0, set / 10);
}

/// Windows come from samples: anything.
std::chrono::seconds window_of(const ReadingSpan& reading) {
  constexpr std::chrono::hours kLongest{24};
  return std::clamp<std::chrono::seconds>(reading.window, std::chrono::seconds{0}, kLongest);
}

/// beyond_carried() by those who are meant to have all of the traffic. 1 where it cannot be told.
double beyond_shares(std::span<const BackendNeed> backends) {
  double carried = 0;
  for (const auto& backend : backends) {
    if (backend.full <= 0) continue;
    if (!backend.share) return 1;
    carried += *backend.share;
  }
  return beyond_carried(carried);
}

/// The most that ratios ask for; infinite where the needs are loads.
double most_by_ratio(std::span<const BackendNeed> backends, std::int32_t current) {
  // Taken under the counts that are there and shares that are known, needs are what they say.
  const bool is_certain = std::ranges::all_of(backends, [](const BackendNeed& backend) {
    return backend.full <= 0 || (is_usable(backend) && backend.is_count_behind);
  });
  if (is_certain) return std::numeric_limits<double>::infinity();
  double highest = 0;
  for (const auto& backend : backends) {
    if (backend.need && !backend.ratio) return std::numeric_limits<double>::infinity();
    if (backend.need) highest = std::max(highest, *backend.ratio);
  }
  return std::max<double>(current, highest * current * beyond_shares(backends));
}

/// Whether the sum of the needs is what all of the traffic needs, as it is divided now.
bool is_all_told(std::span<const BackendNeed> backends) {
  double elsewhere = 0;
  for (const auto& backend : backends) {
    if (backend.full > 0) {
      if (!backend.need) return false;
    } else {
      if (!backend.share) return false;
      elsewhere += *backend.share;
    }
  }
  return elsewhere < kLeastShare;
}

}  // namespace

double beyond_carried(double carried) {
  return carried >= kLeastShare ? std::max(1.0, 100 / carried) : 1;
}

bool is_usable(const BackendNeed& backend) {
  return backend.need && backend.share && backend.full > 0 &&
         *backend.share >= std::min(kLeastShare, backend.full / 2);
}

void watch_share(double set, std::optional<double> observed, WallTime now, ShareWatch& watch) {
  constexpr double kSame = 0.5;  // Points: what computed shares tremble by changes no reading.
  if (!watch.share || std::abs(*watch.share - set) > kSame) {
    watch.share = set;
    watch.set_since = now;
  }
  if (!observed || !is_close(*observed, set)) {
    watch.settled_since.reset();
  } else if (!watch.settled_since) {
    watch.settled_since = now;
  }
}

void watch_count(std::int32_t ready, WallTime now, std::optional<CountWatch>& watch) {
  if (!watch || watch->ready != ready) watch = CountWatch{.ready = ready, .since = now};
}

std::optional<double> share_behind(const ShareWatch& watch,
                                   std::optional<double> observed,
                                   ReadingSpan reading,
                                   std::chrono::seconds drain,
                                   WallTime now) {
  const auto window = window_of(reading);
  if (observed) {
    const bool is_settled = watch.settled_since && has_passed(*watch.settled_since, window, reading.time);
    return is_settled ? observed : std::nullopt;
  }
  const auto span = std::max(2 * window, drain);
  const bool is_old = watch.set_since && has_passed(*watch.set_since, span, now);
  return is_old ? watch.share : std::nullopt;
}

bool is_count_behind(const std::optional<CountWatch>& watch, ReadingSpan reading) {
  return watch && has_passed(watch->since, window_of(reading), reading.time);
}

Needs combine_needs(std::span<const BackendNeed> backends, std::int32_t current) {
  Needs needs;
  double weighted = 0;
  double full = 0;
  double all = 0;
  double used = 0;
  double shares = 0;
  bool any = false;
  bool is_share_missing = false;
  for (const auto& backend : backends) {
    if (!backend.need) continue;
    any = true;
    all += *backend.need;
    is_share_missing = is_share_missing || !backend.share;
    if (!is_usable(backend)) continue;
    weighted += *backend.need * backend.full / *backend.share;
    full += backend.full / 100;
    used += *backend.need;
    shares += *backend.share / 100;
  }
  if (!any) return needs;
  const double most = most_by_ratio(backends, current);
  if (!(shares * 100 >= kLeastShare)) {
    needs.total = std::min(std::max<double>(all, current), most);
    needs.at_least = std::min(all, most);
    return needs;
  }
  double told = weighted / full;
  // Some backends use more for the same than others: of the rest, the sum tells more than a few do.
  if (is_share_missing && is_all_told(backends)) told = std::max(all, std::min<double>(told, current));
  needs.total = std::min(told, most);
  needs.demand = std::min(used / shares, most);
  if (is_share_missing) needs.at_least = std::min(all, most);
  const bool is_divided = std::ranges::all_of(
      backends, [](const BackendNeed& backend) { return !backend.ratio || backend.is_count_behind; });
  if (!is_divided) return needs;
  for (const auto& backend : backends) {
    // Whoever cannot tell gets what the others need on average for such a share.
    const bool is_known = is_usable(backend);
    const double part =
        is_known ? *backend.need * backend.full / *backend.share : *needs.total * backend.full / 100;
    needs.parts.push_back(std::isfinite(part) ? part : 0.0);
    needs.guessed.push_back(is_known ? 0 : 1);
  }
  return needs;
}

}  // namespace evenkeel::plan
