#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "movers.hpp"

/// Who takes what leaves at once, and what is too little to move: docs/decision.md, "Moving the shares".
namespace evenkeel::plan {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::Pointwise;

/// Shares that differ by no more than this are the same.
constexpr double kSame = 2e-8;

auto exactly(const std::vector<double>& wanted) {
  return Pointwise(DoubleEq(), wanted);
}

Movement resting(double demand) {
  return {.demand = demand, .pace = Pace::Rest};
}

TEST(LeavingAtOnce, WhatNobodyCarriesGoesByTheTargetsAlone) {
  EXPECT_THAT(weights({unfit(100), mover(0, 70, 0), mover(0, 30, 0)}, resting(100)), near({0, 70, 30}));
}

TEST(LeavingAtOnce, OfNoDemandAtAllWhoeverIsReadyTakesAll) {
  EXPECT_THAT(weights({unfit(60), mover(20, 50, 0), mover(20, 50, 3)}, resting(0)), near({0, 20, 80}));
}

TEST(LeavingAtOnce, InAnOverloadStandbysTakeByWhatIsReady) {
  EXPECT_THAT(weights({unfit(100), mover(0, 50, 1), mover(0, 50, 9)}, resting(7000)), near({0, 10, 90}));
}

/// An ejected one whose endpoints are all ready.
Mover ejected(double set, double target, std::int32_t ready) {
  auto result = mover(set, target, ready);
  result.is_unfit = true;
  return result;
}

/// One with endpoints that has no share, or is about to have none, tells nothing of what those that stay
/// carry.
TEST(LeavingAtOnce, WhatHasNoShareLeftCarriesNothing) {
  auto leaving = mover(3 * kSame, kSame, 100);
  leaving.leaves_now = true;
  for (const auto& other : {mover(0, 0, 100), mover(0, kSame, 100), leaving, ejected(0, 0, 100)}) {
    const auto after = weights({unfit(60), mover(20, 50, 1), mover(20, 50, 9), other}, resting(7000));
    EXPECT_NEAR(after[1], 20, 1e-6) << "a tenth of what is carried, and it has twice that; beside one of "
                                    << other.set << " for " << other.target;
    EXPECT_NEAR(after[2], 80, 1e-6);
  }
}

TEST(LeavingAtOnce, NothingIsSparedForOneThatIsEjected) {
  const std::vector<Mover> movers = {unfit(60), ejected(20, 20, 9), mover(10, 70, 1), mover(10, 10, 9)};
  EXPECT_THAT(weights(movers, resting(700)), near({0, 20, 10, 70}));
}

TEST(LeavingAtOnce, WhatIsOnProbationOrOnItsWayOutTakesNothingBeside) {
  // On probation it has a fifth; the others carry four fifths of what is carried by 1 : 4.
  std::vector<Mover> movers = {unfit(60), mover(10, 50, 1), mover(20, 30, 4), mover(10, 20, 5)};
  movers[3].on_trial = true;
  EXPECT_THAT(weights(movers, resting(7000)), near({0, 16, 64, 20}));
  const std::vector<Mover> draining = {unfit(60), out(10, 9), mover(10, 80, 1), mover(20, 20, 9)};
  EXPECT_THAT(weights(draining, resting(700)), near({0, 10, 10, 80}));
}

TEST(Step, WithUnknownDemandOnlyADrainWaitsForReplicas) {
  std::vector<Mover> movers = {mover(80, 40, 6), mover(20, 60, 1), out(kSame, 1)};
  movers[1].wanted = 10;
  const Movement movement{.total = 10, .max_step = 20, .pace = Pace::Step};
  EXPECT_THAT(weights(movers, movement), near({60, 40, 0})) << "a trace that leaves is no drain";
  movers[2].set = 5;
  movers[0].set = 75;
  EXPECT_THAT(weights(movers, movement), near({75, 20, 5})) << "40 points of 10 are four replicas";
}

TEST(RoomOf, IsNothingWhereNothingThatHasAShareIsReady) {
  EXPECT_DOUBLE_EQ(room_of(std::vector{mover(100, 100, 0), mover(0, 0, 2)}, 1, 100), 0);
}

TEST(Traces, OfAShareAreNone) {
  EXPECT_THAT(weights({mover(100, 100, 9), mover(kSame, kSame, 9)}, resting(100)), exactly({100, 0}));
  EXPECT_THAT(weights({mover(100, 100, 9), mover(2 * kSame, 2 * kSame, 9)}, resting(100)),
              exactly({100, 2 * kSame}));
}

TEST(Traces, DoNotLeaveWithTheOthers) {
  auto movement = resting(100);
  EXPECT_THAT(weights({unfit(30), unfit(2 * kSame, kSame), mover(70, 100, 9)}, movement),
              exactly({0, 2 * kSame, 100}));
}

TEST(Traces, AreNoStep) {
  const std::vector<Mover> movers = {mover(100, 100, 9),
                                     mover(2 * kSame, kSame, 9),
                                     mover(2 * kSame, kSame, 9),
                                     mover(0, kSame, 9),
                                     mover(0, kSame, 9)};
  const auto moved = move_shares(movers, {.total = 9, .pace = Pace::Step});
  EXPECT_THAT(weights_of(moved), exactly({100, 2 * kSame, 2 * kSame, 0, 0}));
  EXPECT_FALSE(moved.stepped);
}

TEST(Traces, ThatHaveRoomAreNotGivenAndNotWaitedFor) {
  auto little = mover(0, 2 * kSame, 1);
  little.ready_capacity = kSame;
  const std::vector<Mover> movers = {mover(4 * kSame, 2 * kSame, 10), little};
  const auto moved = move_shares(movers, {.demand = 100, .pace = Pace::Edit});
  EXPECT_THAT(weights_of(moved), exactly({4 * kSame, 0}));
  EXPECT_FALSE(moved.moves[1].waits_for_capacity) << "the half that it lacks is a trace";
}

TEST(Traces, ThatLackToATargetAreGivenWithTheRest) {
  auto little = mover(0, 2 * kSame, 1);
  little.ready_capacity = kSame;
  const std::vector<Mover> movers = {mover(60, 50, 10), little, mover(40, 50, 10)};
  EXPECT_EQ(weights(movers, {.demand = 100, .pace = Pace::Edit})[1], 2 * kSame)
      << "or the shift would never be over";
}

TEST(Traces, ThatDrainEndNoWait) {
  std::vector<Mover> movers = {mover(80, 50, 5), mover(20, 50, 0), out(2 * kSame, 1)};
  movers[0].carried = 50;
  movers[2].target = kSame;
  const auto moved = move_shares(movers, {.demand = 500, .pace = Pace::Rest, .missing = true});
  EXPECT_THAT(weights_of(moved), exactly({80, 20, 2 * kSame}));
  EXPECT_TRUE(moved.moves[1].waits_for_capacity);
}

}  // namespace
}  // namespace evenkeel::plan
