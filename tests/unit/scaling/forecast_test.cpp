#include "evenkeel/scaling/forecast.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "evenkeel/scaling/total.hpp"

#include "snapshot_builder.hpp"

namespace evenkeel::scaling {
namespace {

using std::chrono::seconds;
using testing_support::at;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kHour = 3'600;

/// 5 at night, 40 from 8 to 18 o'clock.
std::int32_t office(std::int64_t second_of_day) {
  return second_of_day >= 8 * kHour && second_of_day < 18 * kHour ? 40 : 5;
}

SeasonMemory after_days(std::int64_t days, const api::Predictive& predictive) {
  SeasonMemory memory;
  for (std::int64_t t = 0; t < days * kDay; t += 600) memory.record(predictive, at(t), office(t % kDay));
  return memory;
}

TEST(Forecast, BeforeASeasonIsOverNothingIsKnown) {
  const api::Predictive predictive;
  EXPECT_EQ(SeasonMemory{}.forecast(predictive, at(0)), std::nullopt);
  EXPECT_EQ(after_days(1, predictive).forecast(predictive, at(kDay - 1800)), std::nullopt);
}

TEST(Forecast, SeasonsAreNumberedFrom1970OnBothSides) {
  const api::Predictive predictive;
  const auto season_of = [&](WallTime time) {
    SeasonMemory memory;
    memory.record(predictive, time, 7);
    return memory.newest;
  };
  const auto season_at = [&](std::int64_t second) { return season_of(WallTime{seconds{second}}); };
  EXPECT_EQ(season_at(0), 0);
  EXPECT_EQ(season_at(kDay - 1), 0);
  EXPECT_EQ(season_at(kDay), 1);
  EXPECT_EQ(season_at(-1), -1);
  EXPECT_EQ(season_at(-kDay), -1);
  EXPECT_EQ(season_at(-kDay - 1), -2);
  constexpr std::chrono::milliseconds kMoment{1};
  EXPECT_EQ(season_of(WallTime{seconds{kDay}} - kMoment), 0) << "a season is over when its last second is";
  EXPECT_EQ(season_of(WallTime{} - kMoment), -1);
}

TEST(Forecast, SaysWhatWasNeededAtThisTimeOfTheSeason) {
  const api::Predictive predictive;
  const auto memory = after_days(3, predictive);
  EXPECT_EQ(memory.forecast(predictive, at(3 * kDay + 3 * kHour)), 5);
  EXPECT_EQ(memory.forecast(predictive, at(3 * kDay + 12 * kHour)), 40);
  EXPECT_EQ(memory.forecast(predictive, at(3 * kDay + 20 * kHour)), 5);
}

TEST(Forecast, LooksAheadByTheHorizon) {
  api::Predictive predictive;
  const auto memory = after_days(2, predictive);
  EXPECT_EQ(memory.forecast(predictive, at(2 * kDay + 7 * kHour)), 5);
  predictive.horizon = seconds{2 * kHour};
  EXPECT_EQ(memory.forecast(predictive, at(2 * kDay + 7 * kHour)), 40);
}

TEST(Forecast, LooksAtTheSliceOfTheHorizonAndNoneAfterIt) {
  // As many slices as a season may have, of a minute each.
  api::Predictive predictive;
  predictive.season = predictive.history = seconds{SeasonMemory::kMostSlicesPerSeason * 60};
  SeasonMemory memory;
  for (std::int64_t minute = 0; minute < SeasonMemory::kMostSlicesPerSeason; ++minute) {
    memory.record(predictive, WallTime{std::chrono::minutes{minute}}, minute == 10 ? 50 : 1);
  }
  const WallTime fifth_minute{predictive.season + seconds{300}};
  predictive.horizon = seconds{299};
  EXPECT_EQ(memory.forecast(predictive, fifth_minute), 1);
  predictive.horizon = seconds{300};
  EXPECT_EQ(memory.forecast(predictive, fifth_minute), 50);
}

TEST(Forecast, LooksAheadIntoTheNextSeason) {
  api::Predictive predictive;
  predictive.horizon = seconds{2 * kHour};
  SeasonMemory memory;
  for (std::int64_t t = 0; t < 2 * kDay - kHour; t += 600)
    memory.record(predictive, at(t), t % kDay < kHour ? 30 : 2);
  EXPECT_EQ(memory.forecast(predictive, at(2 * kDay - kHour)), 30);
}

TEST(Forecast, OneSpikeInManySeasonsIsNoPattern) {
  api::Predictive predictive;
  predictive.history = seconds{14 * kDay};
  SeasonMemory memory;
  for (std::int64_t day = 0; day < 12; ++day) memory.record(predictive, at(day * kDay), day == 4 ? 500 : 10);
  EXPECT_EQ(memory.forecast(predictive, at(12 * kDay)), 10) << "the 90 % quantile of twelve";
}

TEST(Forecast, ForgetsWhatIsOlderThanItsHistory) {
  api::Predictive predictive;
  predictive.history = seconds{2 * kDay};
  SeasonMemory memory;
  memory.record(predictive, at(0), 90);
  for (std::int64_t day = 1; day < 3; ++day) memory.record(predictive, at(day * kDay), 10);
  EXPECT_EQ(memory.forecast(predictive, at(3 * kDay)), 90) << "the season that goes on is one more";
  memory.record(predictive, at(3 * kDay), 10);
  EXPECT_EQ(memory.forecast(predictive, at(3 * kDay)), 10);
}

TEST(Forecast, AnotherSeasonStartsAnew) {
  api::Predictive predictive;
  auto memory = after_days(2, predictive);
  predictive.season = seconds{7 * kDay};
  predictive.history = seconds{28 * kDay};
  EXPECT_EQ(memory.forecast(predictive, at(2 * kDay)), std::nullopt);
  memory.record(predictive, at(2 * kDay), 7);
  EXPECT_EQ(memory.seasons.size(), 1U);
}

TEST(Forecast, AnotherSeasonOfAsManySlicesStartsAnewToo) {
  const api::Predictive daily;
  const api::Predictive weekly{.season = 7 * daily.season, .history = 7 * daily.history};
  for (const auto& [before, after] : {std::pair{daily, weekly}, std::pair{weekly, daily}}) {
    SeasonMemory memory;
    for (int i = 0; i < 3; ++i) memory.record(before, at(0) + i * before.season, 9);
    const auto now = at(0) + 3 * before.season;
    EXPECT_EQ(memory.forecast(before, now), 9);
    EXPECT_EQ(memory.forecast(after, now), std::nullopt);
    memory.record(after, now, 7);
    EXPECT_EQ(memory.season, after.season);
    EXPECT_EQ(memory.seasons.size(), 1U);
    EXPECT_EQ(memory.forecast(after, now + after.season), 7);
  }
}

TEST(Forecast, AnotherHistoryCutsTheSeasonAnew) {
  api::Predictive predictive;
  auto memory = after_days(2, predictive);
  EXPECT_EQ(memory.seasons[0].size(), 42U) << "336 slices for a week and the season that goes on";
  predictive.history = seconds{2 * kDay};
  EXPECT_EQ(memory.forecast(predictive, at(2 * kDay)), std::nullopt);
  memory.record(predictive, at(2 * kDay + 23 * kHour), 7);
  ASSERT_EQ(memory.seasons.size(), 1U);
  EXPECT_EQ(memory.seasons[0].size(), 112U) << "for two days and the one that goes on";
}

TEST(Forecast, AfterAPauseOnlyTheSeasonsOfTheHistoryAreKept) {
  api::Predictive predictive;
  predictive.history = seconds{2 * kDay};
  const auto kept_after = [&](std::int64_t days) {
    SeasonMemory memory;
    memory.record(predictive, at(0), 9);
    memory.record(predictive, at(days * kDay), 1);
    return memory.seasons.size();
  };
  EXPECT_EQ(kept_after(1), 2U);
  EXPECT_EQ(kept_after(2), 3U) << "the season that goes on is one more";
  EXPECT_EQ(kept_after(3), 1U) << "nothing is left of what was known";
}

TEST(Forecast, ClocksThatJumpDoNoHarm) {
  const api::Predictive predictive;
  auto memory = after_days(2, predictive);
  memory.record(predictive, at(-5 * kDay), 999);
  EXPECT_EQ(memory.forecast(predictive, at(2 * kDay + 3 * kHour)), 5) << "the past is known already";
  memory.record(predictive, at(400 * kDay), 3);
  EXPECT_EQ(memory.seasons.size(), 1U);
  memory.record(predictive, WallTime::max(), 3);
  (void)memory.forecast(predictive, WallTime::max());
  memory.record(predictive, WallTime::min(), 3);
  (void)memory.forecast(predictive, WallTime::min());
}

TEST(Forecast, StaysSmallWhateverIsDeclared) {
  constexpr std::int64_t kLatest = 7'000'000'000;  // what a WallTime can hold
  for (const std::int64_t season : {1L, 3600L, kDay, 7 * kDay, 10'000 * kDay}) {
    for (const std::int64_t history : {1L, kDay, 30 * kDay, 100'000 * kDay}) {
      api::Predictive predictive;
      predictive.season = seconds{season};
      predictive.history = seconds{history};
      SeasonMemory memory;
      for (int i = 0; i < 3000; ++i) memory.record(predictive, at(std::min(i * season / 50, kLatest)), i);
      std::size_t slices = 0;
      for (const auto& row : memory.seasons) slices += row.size();
      EXPECT_LE(slices, static_cast<std::size_t>(SeasonMemory::kMaxSlices));
      (void)memory.forecast(predictive, at(std::min(3000 * season / 50, kLatest)));
    }
  }
}

TEST(Forecast, AMemoryOfAnotherFormIsDropped) {
  const api::Predictive predictive;
  const auto good = after_days(2, predictive);
  const auto dropped = [](SeasonMemory memory) {
    memory.normalise();
    return memory.seasons.empty();
  };
  EXPECT_FALSE(dropped(good));
  auto bad = good;
  bad.seasons[1].pop_back();
  EXPECT_TRUE(dropped(bad));
  bad = good;
  bad.season = seconds{0};
  EXPECT_TRUE(dropped(bad));
  bad = good;
  bad.newest = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(dropped(bad));
  bad = good;
  bad.seasons.resize(5000, bad.seasons[0]);
  EXPECT_TRUE(dropped(bad));
}

/// In the decision: the total at 7:55 of the third day of a service that needs 40 from 8 o'clock on.
class ForecastInTheTotal : public testing::Test {
 protected:
  TotalOutcome decide(api::PredictiveMode mode, std::int32_t current, std::int32_t asked) {
    scaling.max_replicas = 30;
    scaling.metrics.resize(1);
    scaling.metrics[0].name = "m";
    scaling.metrics[0].target_value = Quantity::from_milli(1'000);
    scaling.scale_up.policies = {{api::PolicyType::Pods, 10, seconds{60}}};
    scaling.scale_down.policies = {{api::PolicyType::Percent, 100, seconds{15}}};
    scaling.scale_down.stabilization_window = seconds{0};
    scaling.predictive.mode = mode;
    Reading reading;
    reading.name = "m";
    reading.quality = asked < 0 ? api::Quality::Error : api::Quality::Fresh;
    if (asked >= 0) reading.milli = std::int64_t{asked} * 1000;
    const TotalInput input{.scaling = scaling,
                           .manual = std::nullopt,
                           .settings = settings,
                           .now = at(2 * kDay + 8 * kHour - 300),
                           .counts = {.current = current, .existing = current, .ready = current},
                           .limits = {.min = 1, .max = 30}};
    History history;
    history.seasons = after_days(2, scaling.predictive);
    return decide_total(input, std::vector<Reading>{reading}, history);
  }
  api::Scaling scaling;
  api::Settings settings;
};

TEST_F(ForecastInTheTotal, EnforceRaisesThroughThePolicies) {
  const auto outcome = decide(api::PredictiveMode::Enforce, 5, 5);
  EXPECT_EQ(outcome.replicas, 15);
  EXPECT_EQ(outcome.cause, "the forecast asks for it");
  EXPECT_EQ(decide(api::PredictiveMode::Enforce, 25, 5).replicas, 30) << "and never above the maximum";
}

TEST_F(ForecastInTheTotal, EnforceHoldsWhatIsNeededSoonAndLowersNothing) {
  EXPECT_EQ(decide(api::PredictiveMode::Enforce, 30, 5).replicas, 30);
}

TEST_F(ForecastInTheTotal, MoreThanTheMaximumIsNotAskedFor) {
  // It says 40, the maximum is 30.
  const auto risen = decide(api::PredictiveMode::Enforce, 25, 5);
  EXPECT_EQ(risen.scaling_limited.reason, "DesiredWithinRange");
  const auto held = decide(api::PredictiveMode::Enforce, 30, -1);
  EXPECT_EQ(held.replicas, 30);
  EXPECT_EQ(held.cause, "");
  EXPECT_EQ(held.scaling_limited.reason, "NoRecommendation");
}

TEST_F(ForecastInTheTotal, ShadowOnlySaysIt) {
  const auto outcome = decide(api::PredictiveMode::Shadow, 5, 5);
  EXPECT_EQ(outcome.replicas, 5);
  bool said = false;
  for (const auto& step : outcome.steps) said = said || (step.step == "Forecast" && step.replicas == 40);
  EXPECT_TRUE(said);
}

TEST_F(ForecastInTheTotal, WithoutAMetricItStillRaises) {
  EXPECT_EQ(decide(api::PredictiveMode::Enforce, 5, -1).replicas, 15);
  EXPECT_EQ(decide(api::PredictiveMode::Off, 5, -1).replicas, 5);
}

TEST(SeasonMemoryOfNonsense, NumbersThatNoSeasonHasAreDropped) {
  constexpr auto kFarthest = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;
  const auto kept = [&](std::int64_t newest) {
    SeasonMemory memory{.season = seconds{kDay}, .newest = newest, .seasons = {{1, 2, 3}}};
    memory.normalise();
    return !memory.seasons.empty();
  };
  EXPECT_TRUE(kept(kFarthest));
  EXPECT_FALSE(kept(kFarthest + 1));
  EXPECT_TRUE(kept(-kFarthest));
  EXPECT_FALSE(kept(-kFarthest - 1));
}

TEST(SeasonMemoryOfNonsense, OnlyWhatRecordingProducesIsKept) {
  struct Row {
    const char* name;
    std::int64_t season;
    std::size_t rows;
    std::size_t slices;
    bool is_kept;
  };
  constexpr Row kRows[] = {{"a season as short as may be", 60, 1, 3, true},
                           {"a shorter one", 59, 1, 3, false},
                           {"a season as long as may be", 366 * kDay, 1, 3, true},
                           {"a longer one", 366 * kDay + 1, 1, 3, false},
                           {"as many slices as may be", kDay, 2, 168, true},
                           {"more", kDay, 1, 337, false},
                           {"seasons without slices", kDay, 2, 0, false},
                           {"no seasons", kDay, 0, 0, false}};
  for (const auto& row : kRows) {
    SeasonMemory memory{.season = seconds{row.season}, .newest = 5, .seasons = {}};
    memory.seasons.resize(row.rows, std::vector<std::int32_t>(row.slices, 1));
    memory.normalise();
    EXPECT_EQ(memory.season.count(), row.is_kept ? row.season : 0) << row.name;
    EXPECT_EQ(memory.seasons.size(), row.is_kept ? row.rows : 0U) << row.name;
  }
}

}  // namespace
}  // namespace evenkeel::scaling
