#include "departure.hpp"

#include <optional>

#include <gtest/gtest.h>

#include "figures.hpp"
#include "snapshot_builder.hpp"

namespace evenkeel::plan {
namespace {

using testing_support::at;

/// A backend over time: 30 s to drain, 600 s at most.
class Departing : public testing::Test {
 protected:
  DepartureState at_second(std::int64_t second,
                           double before,
                           double weight,
                           std::optional<double> observed = {}) {
    return follow_departure({.before = before, .weight = weight, .observed = observed, .now = at(second)},
                            memory);
  }
  DepartureMemory memory;
};

TEST_F(Departing, WhoLosesNothingIsFree) {
  EXPECT_FALSE(at_second(0, 40, 40).keeps_size);
  EXPECT_EQ(memory, DepartureMemory{});
  EXPECT_FALSE(at_second(10, 40, 60).keeps_size);
  EXPECT_EQ(memory, DepartureMemory{});
}

TEST_F(Departing, UnobservedItTakesDrainSecondsAfterTheLastFall) {
  EXPECT_TRUE(at_second(0, 100, 60).keeps_size);
  EXPECT_TRUE(at_second(20, 60, 40).keeps_size);
  EXPECT_TRUE(at_second(49, 40, 40).keeps_size) << "a further fall starts it anew";
  EXPECT_FALSE(memory.finished);
  EXPECT_FALSE(at_second(50, 40, 40).keeps_size);
  EXPECT_TRUE(memory.finished);
  EXPECT_FALSE(memory.gave_up);
}

TEST_F(Departing, ObservedItTakesUntilTheShareIsWithinTwoPointsOnEitherSide) {
  EXPECT_TRUE(at_second(0, 100, 40, 100).keeps_size);
  EXPECT_TRUE(at_second(300, 40, 40, 42.1).keeps_size);
  EXPECT_TRUE(at_second(305, 40, 40, 37.9).keeps_size) << "it is not where it is meant to be";
  EXPECT_FALSE(at_second(310, 40, 40, 42).keeps_size);
  EXPECT_TRUE(memory.finished);
}

TEST_F(Departing, FewerThanFivePointsKeepNobody) {
  EXPECT_FALSE(at_second(0, 100, 95.1).keeps_size);
  EXPECT_FALSE(memory.finished) << "but they are on their way";
  EXPECT_TRUE(at_second(10, 95.1, 95).keeps_size) << "5 in all";
}

TEST_F(Departing, WhatWasGivenUpStaysGivenUpWhileItWouldStillKeepAReplica) {
  const DepartureInput fall{
      .before = 4, .weight = 0, .observed = 0.6, .timeout = std::chrono::seconds{0}, .now = at(0)};
  EXPECT_TRUE(follow_departure(fall, memory).timed_out);
  auto again = fall;
  again.before = 0;
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(follow_departure(again, memory).timed_out);
    EXPECT_TRUE(memory.gave_up) << "0.6 is more than a layer rounds by";
  }
  again.observed = 0.5;
  (void)follow_departure(again, memory);
  EXPECT_FALSE(memory.gave_up);
}

TEST_F(Departing, ANewLeaderStartsWhatIsUnderWayAnew) {
  const auto restart_at = [&](std::int64_t second) {
    restart_departure(std::chrono::seconds{30}, at(second), memory);
  };
  restart_at(0);
  EXPECT_EQ(memory, DepartureMemory{});
  EXPECT_TRUE(at_second(0, 100, 60).keeps_size);
  restart_at(20);
  EXPECT_TRUE(at_second(49, 60, 60).keeps_size) << "30 s from then on";
  EXPECT_FALSE(at_second(50, 60, 60).keeps_size);
}

TEST_F(Departing, ANewLeaderNeitherRevivesNorGivesUpWhatWasOver) {
  EXPECT_FALSE(at_second(0, 50, 47, 60).keeps_size);
  restart_departure(std::chrono::seconds{30}, at(700), memory);
  EXPECT_FALSE(at_second(700, 47, 47, 60).timed_out)
      << "its 600 s are counted from the new leader's first look";
  EXPECT_FALSE(memory.gave_up);
  EXPECT_FALSE(memory.departure);
}

TEST_F(Departing, FewPointsAreOverByTimeWhateverIsObserved) {
  EXPECT_FALSE(at_second(0, 100, 96, 100).keeps_size);
  (void)at_second(29, 96, 96, 100);
  EXPECT_FALSE(memory.finished);
  (void)at_second(30, 96, 96, 100);
  EXPECT_TRUE(memory.finished);
}

TEST_F(Departing, ItsTimeOutEndsItWhateverIsObserved) {
  EXPECT_TRUE(at_second(0, 100, 40, 100).keeps_size);
  EXPECT_TRUE(at_second(500, 40, 30, 90).keeps_size);
  EXPECT_TRUE(at_second(599, 30, 30, 90).keeps_size);
  const auto end = at_second(600, 30, 30, 90);
  EXPECT_FALSE(end.keeps_size);
  EXPECT_TRUE(end.timed_out) << "a further fall does not start it anew";
  EXPECT_TRUE(memory.finished);
  EXPECT_TRUE(memory.gave_up);
}

TEST_F(Departing, AfterTheTimeOutWhatIsSeenCountsAgainOnceItHasArrived) {
  (void)at_second(0, 100, 40, 100);
  (void)at_second(600, 40, 40, 90);
  (void)at_second(610, 40, 40, 42.1);
  EXPECT_TRUE(memory.gave_up);
  (void)at_second(620, 40, 40);
  EXPECT_TRUE(memory.gave_up) << "nothing seen, nothing arrived";
  (void)at_second(630, 40, 40, 38);
  EXPECT_FALSE(memory.gave_up);
  EXPECT_TRUE(memory.finished);
}

TEST_F(Departing, AnotherOneHasATimeOutOfItsOwn) {
  EXPECT_TRUE(at_second(0, 100, 60).keeps_size);
  // A day later the first is over, seen or not.
  EXPECT_TRUE(at_second(86'400, 60, 40).keeps_size);
  EXPECT_FALSE(memory.gave_up);
  EXPECT_FALSE(at_second(86'430, 40, 40).keeps_size);
  EXPECT_TRUE(memory.finished);
}

TEST_F(Departing, AShareThatComesBackEndsItWithoutFinishing) {
  (void)at_second(0, 100, 40);
  EXPECT_TRUE(at_second(10, 40, 99).keeps_size == false) << "a point is not worth waiting for";
  EXPECT_TRUE(memory.departure);
  EXPECT_FALSE(at_second(20, 99, 100).keeps_size);
  EXPECT_FALSE(memory.departure);
  EXPECT_FALSE(memory.finished);
}

TEST_F(Departing, WhatLeavesAShareThatOthersRaisedLeavesFromThere) {
  EXPECT_TRUE(at_second(0, 34, 9).keeps_size);
  EXPECT_FALSE(at_second(10, 68, 68).keeps_size) << "who had the rest is gone: all of it is back";
  EXPECT_EQ(memory, DepartureMemory{});
  EXPECT_TRUE(at_second(20, 68, 60).keeps_size);
  EXPECT_EQ(memory.departure->began, at(20)) << "another one, with a time-out of its own";
}

TEST_F(Departing, WhatIsRaisedALittleIsTheSameDeparture) {
  EXPECT_TRUE(at_second(0, 34, 9).keeps_size);
  EXPECT_TRUE(at_second(10, 38.9, 33).keeps_size) << "1 point from 34, but 5.9 from 38.9";
  EXPECT_EQ(memory.departure->began, at(0));
}

TEST_F(Departing, ARiseForgetsThatItHadFinished) {
  (void)at_second(0, 100, 40, 100);
  (void)at_second(600, 40, 40, 90);
  (void)at_second(610, 40, 41);
  EXPECT_FALSE(memory.finished);
  EXPECT_FALSE(memory.gave_up);
}

TEST_F(Departing, AFurtherFallForgetsThatItHadFinished) {
  (void)at_second(0, 100, 90);
  (void)at_second(30, 90, 90);
  ASSERT_TRUE(memory.finished);
  EXPECT_TRUE(at_second(40, 90, 80).keeps_size);
  EXPECT_FALSE(memory.finished);
  EXPECT_EQ(memory.departure->from, 90);
}

TEST_F(Departing, DecidingAgainChangesNothing) {
  (void)at_second(0, 100, 90, 97);
  const auto before = memory;
  EXPECT_TRUE(at_second(0, 90, 90, 97).keeps_size);
  EXPECT_EQ(memory, before);
}

TEST_F(Departing, ADifferenceOfRoundingIsNoMove) {
  (void)at_second(0, 100, 100 - 1e-7);
  EXPECT_FALSE(memory.departure);
  (void)at_second(0, 100, 90);
  (void)at_second(10, 90, 90 + 1e-7);
  EXPECT_TRUE(memory.departure);
  EXPECT_EQ(memory.departure->last, at(0));
}

TEST_F(Departing, WhatIsExactlyRoundingIsNoMoveEither) {
  (void)at_second(0, 100, 100 - kSameShare);
  EXPECT_FALSE(memory.departure) << "no fall";
  (void)at_second(0, 100, 40, 100);
  (void)at_second(600, 40, 40, 90);
  ASSERT_TRUE(memory.finished);
  memory.departure.reset();
  (void)at_second(610, 0, kSameShare);
  EXPECT_TRUE(memory.finished) << "no rise";
  (void)at_second(620, 0, 2 * kSameShare);
  EXPECT_FALSE(memory.finished);
}

TEST_F(Departing, AShareIsBackWhereOnlyRoundingIsMissing) {
  (void)at_second(0, 100, 40);
  (void)at_second(10, 40, 100 - kSameShare);
  EXPECT_TRUE(memory.departure);
  (void)at_second(10, 40, 100 - kSameShare / 2);
  EXPECT_FALSE(memory.departure);
}

TEST_F(Departing, FivePointsButForRoundingAreWorthWaitingFor) {
  EXPECT_TRUE(at_second(0, kWorthWaiting - kSameShare, 0).keeps_size);
  memory = {};
  EXPECT_FALSE(at_second(0, kWorthWaiting - 2 * kSameShare, 0).keeps_size);
}

}  // namespace
}  // namespace evenkeel::plan
