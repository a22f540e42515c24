#include "evenkeel/scaling/forecast.hpp"

#include <algorithm>
#include <limits>

#include "evenkeel/scaling/history.hpp"

namespace evenkeel::scaling {
namespace {

constexpr std::chrono::seconds kShortestSeason{60};
constexpr std::chrono::seconds kLongestSeason{366 * 86'400};

std::chrono::seconds season_of(const api::Predictive& predictive) {
  return std::clamp(predictive.season, kShortestSeason, kLongestSeason);
}

std::int64_t seasons_kept(const api::Predictive& predictive) {
  return std::clamp<std::int64_t>(predictive.history / season_of(predictive), 1, SeasonMemory::kMostSeasons);
}

/// One season more is kept than is looked at: the one that goes on.
std::int64_t slices_of(const api::Predictive& predictive) {
  return std::min(SeasonMemory::kMaxSlices / (seasons_kept(predictive) + 1),
                  SeasonMemory::kMostSlicesPerSeason);
}

struct Place {
  std::int64_t season = 0;
  std::size_t slice = 0;
};

Place place_of(WallTime time, std::chrono::seconds season, std::int64_t slices) {
  const auto since = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  const auto length = season.count();
  const auto number = since >= 0 ? since / length : (since + 1) / length - 1;
  const auto phase = since - number * length;
  return {.season = number, .slice = static_cast<std::size_t>(phase * slices / length)};
}

}  // namespace

void SeasonMemory::record(const api::Predictive& predictive, WallTime now, std::int32_t replicas) {
  const auto slices = slices_of(predictive);
  const auto kept = static_cast<std::size_t>(seasons_kept(predictive) + 1);
  const auto at = place_of(now, season_of(predictive), slices);
  const std::vector<std::int32_t> untouched(static_cast<std::size_t>(slices), kUnknown);
  if (season != season_of(predictive) || seasons.empty() || seasons[0].size() != untouched.size()) {
    season = season_of(predictive);
    newest = at.season;
    seasons = {untouched};
  }
  // A clock that ran backwards: the past is known already.
  if (at.season < newest) return;
  for (; newest < at.season && at.season - newest < static_cast<std::int64_t>(kept); ++newest) {
    seasons.insert(seasons.begin(), untouched);
  }
  if (newest < at.season) {
    newest = at.season;
    seasons = {untouched};
  }
  if (seasons.size() > kept) seasons.resize(kept);
  auto& slice = seasons[0][at.slice];
  slice = std::max(slice, std::max(0, replicas));
}

std::optional<std::int32_t> SeasonMemory::forecast(const api::Predictive& predictive, WallTime now) const {
  const auto slices = slices_of(predictive);
  if (seasons.empty() || season != season_of(predictive)) return std::nullopt;
  if (static_cast<std::int64_t>(seasons[0].size()) != slices) return std::nullopt;
  const auto first = place_of(now, season, slices);
  const auto last = place_of(moment_after(now, std::min(predictive.horizon, season)), season, slices);
  const auto count = std::min((last.season - first.season) * slices + static_cast<std::int64_t>(last.slice) -
                                  static_cast<std::int64_t>(first.slice) + 1,
                              slices);
  std::optional<std::int32_t> highest;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto slice = static_cast<std::int64_t>(first.slice) + i;
    const auto of_season = first.season + slice / slices;
    std::vector<std::int32_t> known;
    for (std::size_t row = 0; row < seasons.size(); ++row) {
      const auto value = seasons[row][static_cast<std::size_t>(slice % slices)];
      if (newest - static_cast<std::int64_t>(row) < of_season && value != kUnknown) known.push_back(value);
    }
    if (known.empty()) continue;
    std::ranges::sort(known);
    const auto rank = (known.size() * 9 + 9) / 10;
    highest = std::max(highest.value_or(0), known[rank - 1]);
  }
  return highest;
}

void SeasonMemory::normalise() {
  const auto rows = static_cast<std::int64_t>(seasons.size());
  const bool fits = rows > 0 && season >= kShortestSeason && season <= kLongestSeason &&
                    rows * static_cast<std::int64_t>(seasons[0].size()) <= kMaxSlices && !seasons[0].empty();
  constexpr auto kFarthest = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;
  const bool equal =
      std::ranges::all_of(seasons, [&](const auto& row) { return row.size() == seasons[0].size(); });
  if (fits && equal && newest >= -kFarthest && newest <= kFarthest) return;
  *this = {};
}

}  // namespace evenkeel::scaling
