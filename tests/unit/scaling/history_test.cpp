#include "evenkeel/scaling/history.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

namespace evenkeel::scaling {
namespace {

using std::chrono::seconds;
using testing_support::at;

TEST(MomentBefore, NeverOverflows) {
  EXPECT_EQ(moment_before(WallTime::min(), seconds{60}), WallTime::min());
  EXPECT_LT(moment_before(WallTime::max(), seconds::max()), WallTime::max());
  EXPECT_EQ(moment_before(at(0), seconds{-60}), at(0));
}

TEST(History, QueuesAnswerAsIfEveryRecommendationWereKept) {
  std::mt19937 random{20260101};
  History history;
  std::vector<Recommendation> all;
  std::int64_t now = 0;
  for (int i = 0; i < 3000; ++i) {
    now += static_cast<std::int64_t>(random() % 20);
    const auto replicas = static_cast<std::int32_t>(random() % 30);
    history.record_recommendation(at(now), replicas);
    history.forget(moment_before(at(now), seconds{300}), at(now));
    all.push_back({at(now), replicas});
    const auto cutoff = moment_before(at(now), seconds{static_cast<std::int64_t>(random() % 300)});
    std::optional<std::int32_t> highest;
    std::optional<std::int32_t> lowest;
    for (const auto& entry : all) {
      if (entry.time <= cutoff) continue;
      highest = std::max(highest.value_or(entry.replicas), entry.replicas);
      lowest = std::min(lowest.value_or(entry.replicas), entry.replicas);
    }
    ASSERT_EQ(history.highest_after(cutoff), highest) << i;
    ASSERT_EQ(history.lowest_after(cutoff), lowest) << i;
  }
}

TEST(History, PastItsSizeItHoldsMoreForLonger) {
  History history;
  for (int i = 0; i < 500; ++i) history.record_recommendation(at(i), 1000 - i);
  EXPECT_LE(history.highest.size(), History::kMaxEntries);
  for (int i = 0; i < 500; ++i) {
    EXPECT_GE(history.highest_after(at(i - 1)).value_or(0), 1000 - i) << "shrinks earlier than it should";
  }
  EXPECT_TRUE(std::ranges::is_sorted(history.highest, {}, &Recommendation::time));
}

TEST(History, TheNewestRecommendationIsNeverForgotten) {
  History history;
  history.record_recommendation(at(0), 7);
  history.forget(at(1000), at(1000));
  EXPECT_TRUE(history.has_recommendations()) << "the object would be taken for a new one";
  EXPECT_EQ(history.highest_after(at(1000)), std::nullopt);
}

TEST(History, AFloorAloneIsARecommendation) {
  History history;
  EXPECT_FALSE(history.has_recommendations());
  history.record_floor(at(0), 7);
  EXPECT_TRUE(history.has_recommendations());
  EXPECT_EQ(history.lowest_after(at(-1)), std::nullopt) << "growth does not wait for it";
}

TEST(History, WhatIsExactlyAsOldAsTheLimitIsNotForgotten) {
  History history;
  for (const int time : {99, 100, 200}) {
    history.record_floor(at(time), 1000 - time);
    history.record_event(at(time), 1);
  }
  history.forget(at(100), at(100));
  EXPECT_EQ(history.highest_after(at(98)), 900) << "what is older is gone";
  EXPECT_EQ(history.change_after(at(98)), 2);
}

TEST(History, MergedEventsKeepTheirSum) {
  History history;
  for (int i = 0; i < 200; ++i) history.record_event(at(i), 1);
  EXPECT_LE(history.events.size(), History::kMaxEntries);
  EXPECT_EQ(history.change_after(at(-1)), 200);
  EXPECT_GE(history.change_after(at(99)), 100) << "merging must not free a limit early";
}

TEST(History, MergingKeepsRisesAndFallsApart) {
  History history;
  for (int i = 0; i < 100; ++i) history.record_event(at(i), i < 50 ? 3 : -3);
  EXPECT_LE(history.events.size(), History::kMaxEntries);
  EXPECT_EQ(history.change_after(at(49)), -150) << "only the falls";
  EXPECT_EQ(history.change_after(at(-1)), 0);
}

TEST(History, OfEquallyCloseEventsTheOldestMerge) {
  History history;
  for (int i = 0; i < 4; ++i) history.record_event(at(10 * i), 1);
  history.merge(3);
  ASSERT_EQ(history.events.size(), 3U);
  EXPECT_EQ(history.events[0].change, 2);
  EXPECT_EQ(history.events[0].time, at(10)) << "what is recent stays exact";
}

TEST(History, WhatChangedNothingMergesLikeARise) {
  // Whichever of the two rises is closer to it; a fall is not.
  for (const int time : {10, 20}) {
    History history;
    for (const auto& [when, change] : {std::pair{0, 3}, {time, 0}, {30, 3}, {31, -3}}) {
      history.record_event(at(when), change);
    }
    history.merge(3);
    ASSERT_EQ(history.events.size(), 3U);
    EXPECT_EQ(history.events[0].time, at(time == 10 ? 10 : 0));
    EXPECT_EQ(history.events[1].time, at(30));
    EXPECT_EQ(history.events[2].change, -3);
  }
}

TEST(History, EventsOfOneMomentStayInTheOrderInWhichTheyCame) {
  History history;
  history.record_event(at(0), 4);
  history.record_event(at(0), -2);
  EXPECT_EQ(history.events[0].change, 4);
  EXPECT_EQ(history.events[1].change, -2);
}

TEST(History, EventsAreCountedByTheirTimeNotByTheirArrival) {
  History history;
  history.record_event(at(50), 3);
  history.record_event(at(20), 4);
  EXPECT_EQ(history.change_after(at(30)), 3);
  EXPECT_EQ(history.change_after(at(20)), 3);
  EXPECT_EQ(history.change_after(at(19)), 7);
}

TEST(History, WhatLiesInTheFutureCountsAsOfNow) {
  History history;
  history.record_recommendation(at(100), 9);
  history.record_event(at(100), 5);
  history.pending = PendingScale{.time = at(100), .from = 1, .to = 2, .backends = {}};
  history.idle_since = at(100);
  history.redate(at(10));
  EXPECT_EQ(history.highest_after(at(9)), 9);
  EXPECT_EQ(history.highest_after(at(10)), std::nullopt);
  EXPECT_EQ(history.change_after(at(10)), 0);
  EXPECT_EQ(history.pending->time, at(10));
  EXPECT_EQ(history.idle_since, at(10));
  history.redate(at(50));
  EXPECT_EQ(history.pending->time, at(10)) << "what lies in the past stays there";
  EXPECT_EQ(history.idle_since, at(10));
}

TEST(History, EntriesFromAnywhereArePutInOrder) {
  History history;
  history.highest = {{at(5), 1}, {at(1), 9}, {at(3), 4}, {at(4), 2}};
  history.lowest = history.highest;
  history.events = {{at(5), std::numeric_limits<std::int64_t>::max()}, {at(1), 1}};
  history.normalise();
  EXPECT_EQ(history.highest_after(at(0)), 9);
  EXPECT_EQ(history.highest_after(at(3)), 2);
  EXPECT_EQ(history.lowest_after(at(0)), 1);
  EXPECT_EQ(history.change_after(at(1)), std::numeric_limits<std::int32_t>::max());
}

TEST(HistoryMerge, OfEquallyCloseNeighboursTheOldestMerge) {
  History history;
  for (int i = 0; i < 4; ++i) history.record_recommendation(at(10 * i), 9 - i);
  history.merge(3);
  ASSERT_EQ(history.highest.size(), 3U);
  EXPECT_EQ(history.highest[0].replicas, 9);
  EXPECT_EQ(history.highest[0].time, at(10)) << "what is recent stays exact";
  EXPECT_EQ(history.highest[1].time, at(20));
}

}  // namespace
}  // namespace evenkeel::scaling
