#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "movers.hpp"

namespace evenkeel::plan {
namespace {

TEST(RoomOf, IsItsPartOfWhatIsReadyOrOfDemand) {
  const std::vector<Mover> movers = {mover(50, 50, 2), mover(50, 50, 3), mover(0, 0, 9)};
  EXPECT_DOUBLE_EQ(room_of(movers, 0, 200), 70) << "140 of 200";
  EXPECT_DOUBLE_EQ(room_of(movers, 1, 200), 105);
  EXPECT_DOUBLE_EQ(room_of(movers, 0, 350), 40) << "all that is ready of those with share";
  EXPECT_DOUBLE_EQ(room_of(movers, 0, 2000), 40) << "what nobody can carry is no reason to send less";
}

TEST(RoomOf, CountsWhoHasShareOrIsToGetSome) {
  EXPECT_DOUBLE_EQ(room_of(std::vector{mover(100, 0, 2), mover(0, 100, 2)}, 1, 2000), 50);
  EXPECT_DOUBLE_EQ(room_of(std::vector{mover(0, 0, 2), mover(100, 100, 2)}, 1, 2000), 100);
}

TEST(RoomOf, NoEndpointNoRoomAndOneCarriesNothingAtAll) {
  const std::vector<Mover> movers = {mover(100, 0, 0), mover(0, 100, 1)};
  EXPECT_DOUBLE_EQ(room_of(movers, 0, 0), 0);
  EXPECT_DOUBLE_EQ(room_of(movers, 0, 100), 0);
  EXPECT_DOUBLE_EQ(room_of(movers, 1, 0), 100);
}

TEST(Step, ScalesTheWholeVector) {
  const std::vector<Mover> movers = {mover(80, 20, 10), mover(10, 50, 10), mover(10, 30, 10)};
  const auto moved = move_shares(movers, {.demand = 500, .max_step = 20, .pace = Pace::Step});
  EXPECT_THAT(weights_of(moved), near({60, 10 + 40.0 / 3, 10 + 20.0 / 3}));
  EXPECT_TRUE(moved.stepped);
  EXPECT_FALSE(moved.at_once);
  for (const auto& move : moved.moves) EXPECT_STREQ(move.rule, "Step");
}

TEST(Step, TheLastOneEndsAtTheTarget) {
  const std::vector<Mover> movers = {mover(32, 20, 10), mover(68, 80, 10)};
  EXPECT_THAT(weights(movers, {.demand = 500, .max_step = 20}), testing::ElementsAre(20.0, 80.0));
  EXPECT_THAT(weights(movers, {.demand = 500, .max_step = 12}), testing::ElementsAre(20.0, 80.0));
}

TEST(Step, IsNotMadeBeforeItsPeriodIsOver) {
  const std::vector<Mover> movers = {mover(80, 20, 10), mover(20, 80, 10)};
  const auto moved = move_shares(movers, {.demand = 500, .pace = Pace::Rest});
  EXPECT_THAT(weights_of(moved), testing::ElementsAre(80.0, 20.0));
  EXPECT_FALSE(moved.stepped);
  for (const auto& move : moved.moves) EXPECT_STREQ(move.rule, "");
}

TEST(Step, InPlaceNothingMovesAndNothingIsDated) {
  const std::vector<Mover> movers = {mover(80, 80, 10), mover(20, 20, 10)};
  const auto moved = move_shares(movers, {.demand = 500, .pace = Pace::Step});
  EXPECT_THAT(weights_of(moved), testing::ElementsAre(80.0, 20.0));
  EXPECT_FALSE(moved.stepped);
}

TEST(Step, UpBeforeShiftHoldsItBack) {
  const std::vector<Mover> movers = {mover(80, 40, 6), mover(20, 60, 2)};
  const auto moved = move_shares(movers, {.demand = 400, .max_step = 20, .pace = Pace::Step});
  EXPECT_THAT(weights_of(moved), near({65, 35})) << "140 of 400 are ready";
  EXPECT_TRUE(moved.moves[1].waits_for_capacity);
  EXPECT_FALSE(moved.moves[0].waits_for_capacity);
  EXPECT_TRUE(moved.stepped);
}

/// Shares of two, of which the first is bound by what it carries.
std::vector<Mover> bound(double set, double target) {
  std::vector<Mover> movers = {mover(set, target, 1), mover(100 - set, 100 - target, 3)};
  movers[0].carried = target;
  return movers;
}

TEST(Step, WhatReadingsMakeOfSharesThatAreBoundByCapacityIsNotMoved) {
  const Movement movement{.demand = 280};
  EXPECT_THAT(weights(bound(24.5, 25), movement), near({24.5, 75.5}));
  EXPECT_THAT(weights(bound(25.99, 25), movement), near({25.99, 74.01}));
  EXPECT_THAT(weights(bound(26, 25), movement), near({25, 75})) << "a point is more";
  auto free = bound(25.5, 25);
  free[0].carried = 25.1;
  EXPECT_THAT(weights(free, movement), near({25, 75})) << "a share that nothing binds is exact";
  EXPECT_THAT(weights(bound(25.5, 25), Movement{}), near({25, 75})) << "without demand nothing trembles";
}

/// Capacity binds the first at 20; the others divide what is left as is set by `second`, and should by 30
/// to 50.
std::vector<Mover> two_free(double first, double second) {
  std::vector<Mover> movers = {mover(first, 20, 1), mover(second, 30, 3), mover(100 - first - second, 50, 3)};
  movers[0].carried = 20;
  return movers;
}

TEST(Step, WhatReadingsMakeOfTheProportionsThatNothingBindsIsMoved) {
  const Movement declared{.demand = 280};
  const Movement computed{.demand = 280, .computed = true};
  EXPECT_THAT(weights(two_free(20, 30.2), declared), near({20, 30.2, 49.8}));
  EXPECT_THAT(weights(two_free(20, 30.2), computed), near({20, 30, 50}));
  EXPECT_THAT(weights(two_free(20, 29.8), computed), near({20, 30, 50}));
  EXPECT_THAT(weights(two_free(20, 30.09), computed), near({20, 30.09, 49.91}));
  // What capacity leaves to both together has changed, and they divide it as they should.
  EXPECT_THAT(weights(two_free(20.8, 79.2 * 3 / 8), computed), near({20.8, 29.7, 49.5}));
  EXPECT_THAT(weights(two_free(21, 79.0 * 3 / 8), computed), near({20, 30, 50})) << "a point is more";
}

TEST(Step, WhereCapacityLeavesNobodyFreeTheProportionsAreInPlace) {
  const Movement computed{.demand = 280, .computed = true};
  EXPECT_THAT(weights(bound(24.5, 25), computed), near({24.5, 75.5})) << "who is alone with what is left";
  auto movers = bound(24.5, 25);
  movers[1].carried = 75;
  EXPECT_THAT(weights(movers, computed), near({24.5, 75.5}));
}

TEST(Step, WhoHasDrainedBindsNoShare) {
  std::vector<Mover> movers = {mover(24.5, 25, 10), mover(75.5, 75, 10), out(0, 1)};
  movers[2].carried = 0;
  EXPECT_THAT(weights(movers, {.demand = 280}), near({25, 75, 0}));
}

TEST(InPlace, IsWhatReadingsMakeOfWhatIsLeft) {
  const auto in_place = [](double weight, const Movement& movement) {
    const std::vector<Move> moves = {{.weight = weight}, {.weight = 100 - weight}};
    return is_in_place(bound(20, 25), moves, movement);
  };
  EXPECT_TRUE(in_place(24.5, {.demand = 280, .pace = Pace::Step}));
  EXPECT_TRUE(in_place(24.5, {.demand = 280, .pace = Pace::Rest}));
  EXPECT_FALSE(in_place(24, {.demand = 280, .pace = Pace::Rest}));
  EXPECT_FALSE(in_place(24.5, {.demand = 280, .pace = Pace::Edit})) << "an edit goes to its end";
  EXPECT_TRUE(in_place(24.5, {.demand = 280, .computed = true}));
}

TEST(Step, WhatTremblesWaitsForNothing) {
  auto movers = bound(24.5, 25);
  movers[0].ready_capacity = 60;
  movers[1].carried = 70;
  const auto moved = move_shares(movers, {.demand = 1000, .missing = true});
  EXPECT_THAT(weights_of(moved), near({24.5, 75.5}));
  EXPECT_FALSE(moved.moves[0].waits_for_capacity) << "also at the first decision of a moment";
}

TEST(Step, WhatIsToBeNothingOrAllIsMovedToTheEnd) {
  const Movement movement{.demand = 140};
  auto movers = bound(0.5, 0);
  movers[1].carried = 100;
  EXPECT_THAT(weights(movers, movement), near({0, 100}));
  movers = bound(0, 0.5);
  EXPECT_THAT(weights(movers, movement), near({0.5, 99.5}));
}

TEST(Step, OfNothingIsNone) {
  const std::vector<Mover> movers = {mover(80, 40, 6), mover(20, 60, 1)};
  const auto moved = move_shares(movers, {.demand = 400, .pace = Pace::Step});
  EXPECT_THAT(weights_of(moved), testing::ElementsAre(80.0, 20.0));
  EXPECT_FALSE(moved.stepped) << "70 of 400 are ready: it has more than that";
  EXPECT_TRUE(moved.moves[1].waits_for_capacity);
}

TEST(Step, WithUnknownDemandItIsNotBoundByCapacity) {
  const std::vector<Mover> movers = {mover(80, 40, 6), mover(20, 60, 1)};
  EXPECT_THAT(weights(movers, {.total = 7, .max_step = 20, .pace = Pace::Step}), near({60, 40}));
}

TEST(Edit, GoesAsFarAsCapacityIsReadyWhateverTheStep) {
  const std::vector<Mover> movers = {mover(100, 0, 7), mover(0, 100, 2)};
  const auto moved = move_shares(movers, {.demand = 400, .max_step = 1, .pace = Pace::Edit});
  EXPECT_THAT(weights_of(moved), near({65, 35})) << "140 of 400";
  EXPECT_STREQ(moved.moves[1].rule, "Edit");
  EXPECT_FALSE(moved.stepped) << "it waits for no period";
}

TEST(Edit, SeveralReceiversShareByHowFarTheyHaveToGo) {
  const std::vector<Mover> movers = {mover(100, 40, 9), mover(0, 45, 9), mover(0, 15, 9)};
  EXPECT_THAT(weights(movers, {.demand = 100, .pace = Pace::Edit}), near({40, 45, 15}));
}

TEST(Edit, WhatOneHasNoRoomForTheSenderKeeps) {
  const std::vector<Mover> movers = {mover(100, 0, 9), mover(0, 50, 9), mover(0, 50, 0)};
  EXPECT_THAT(weights(movers, {.demand = 100, .pace = Pace::Edit}), near({50, 50, 0}));
}

TEST(Edit, ADemandOfNothingIsCarriedByAnyReadyEndpoint) {
  const std::vector<Mover> movers = {mover(100, 0, 3), mover(0, 100, 1)};
  EXPECT_THAT(weights(movers, {.demand = 0, .pace = Pace::Edit}), near({0, 100}));
}

TEST(Edit, WithUnknownDemandGoesByStepsAsTheirReplicasAreReady) {
  std::vector<Mover> movers = {mover(100, 0, 10), mover(0, 100, 1)};
  movers[1].wanted = 10;
  const Movement movement{.total = 10, .max_step = 20, .pace = Pace::Edit};
  EXPECT_THAT(weights(movers, movement), near({100, 0})) << "20 points of 10 are two replicas";
  EXPECT_TRUE(move_shares(movers, movement).moves[1].waits_for_capacity);
  movers[1] = mover(0, 100, 2);
  movers[1].wanted = 10;
  EXPECT_THAT(weights(movers, movement), near({80, 20}));
  EXPECT_TRUE(move_shares(movers, movement).stepped);
}

TEST(Edit, WithUnknownDemandAllThatIsMeantToBeThereIsEnough) {
  std::vector<Mover> movers = {mover(100, 0, 10), mover(0, 100, 1)};
  movers[1].wanted = 1;
  EXPECT_THAT(weights(movers, {.total = 10, .max_step = 20, .pace = Pace::Edit}), near({80, 20}));
  movers[1].wanted = 2;
  EXPECT_THAT(weights(movers, {.total = 10, .max_step = 20, .pace = Pace::Edit}), near({100, 0}));
}

TEST(Drain, IsAnEditUnderAnyPace) {
  for (const auto pace : {Pace::Step, Pace::Rest}) {
    const std::vector<Mover> movers = {out(60, 9), mover(40, 100, 9)};
    EXPECT_THAT(weights(movers, {.demand = 100, .max_step = 5, .pace = pace}), near({0, 100}));
  }
}

TEST(Drain, WhatIsLeftAndNobodyAsksForIsGone) {
  std::vector<Mover> movers = {mover(45, 45, 10), mover(55, 55, 10), out(1e-6, 1)};
  EXPECT_THAT(weights(movers, {.demand = 500}), testing::ElementsAre(45.0, 55 + 1e-6, 0.0));
  movers[2].set = 1.1e-6;
  EXPECT_EQ(weights(movers, {.demand = 500})[2], 1.1e-6) << "that is a share";
  movers[2] = mover(1e-6, 1e-6, 1);
  EXPECT_EQ(weights(movers, {.demand = 500})[2], 1e-6) << "and so is one that is meant to be";
}

TEST(Drain, WhatAMoveLeavesAndNobodyAsksForIsGoneAtOnce) {
  std::vector<Mover> movers = {mover(40, 100, 10), out(60, 10)};
  movers[0].ready_capacity = 500 * (1 - 5e-9);  // All but 5e-7 percent of demand.
  EXPECT_THAT(weights(movers, {.demand = 500, .pace = Pace::Edit}), testing::ElementsAre(100.0, 0.0));
  movers[0].ready_capacity = 500 * (1 - 5e-8);
  EXPECT_GT(weights(movers, {.demand = 500, .pace = Pace::Edit})[1], 1e-6) << "that is a share";
}

TEST(Drain, LeavesTheOthersToTheirSteps) {
  const std::vector<Mover> movers = {out(30, 9), mover(70, 40, 9), mover(0, 60, 9)};
  EXPECT_THAT(weights(movers, {.demand = 100, .max_step = 20, .pace = Pace::Rest}), near({0, 70, 30}));
  EXPECT_THAT(weights(movers, {.demand = 100, .max_step = 20, .pace = Pace::Step}), near({0, 50, 50}));
}

TEST(Drain, WithUnknownDemandGoesByStepsAsTheirReplicasAreReady) {
  std::vector<Mover> movers = {out(60, 6), mover(40, 100, 4)};
  movers[1].wanted = 10;
  const Movement movement{.total = 10, .max_step = 20, .pace = Pace::Step};
  EXPECT_THAT(weights(movers, movement), near({60, 40})) << "60 points of 10 are six replicas";
  movers[1].ready = 6;
  EXPECT_THAT(weights(movers, movement), near({40, 60}));
}

TEST(AtOnce, WhatIsUnfitLeavesInTheSameDecision) {
  const std::vector<Mover> movers = {unfit(30), mover(70, 100, 9)};
  const auto moved = move_shares(movers, {.demand = 100, .pace = Pace::Rest, .missing = true});
  EXPECT_THAT(weights_of(moved), near({0, 100}));
  EXPECT_TRUE(moved.at_once);
  EXPECT_FALSE(moved.stepped);
  EXPECT_STREQ(moved.moves[0].rule, "AtOnce");
}

TEST(AtOnce, ThoseThatTheTargetsNameTakeItByHowFarTheyHaveToGo) {
  const std::vector<Mover> movers = {unfit(40), mover(40, 70, 90), mover(20, 30, 90)};
  EXPECT_THAT(weights(movers, {.demand = 100, .pace = Pace::Rest, .missing = true}), near({0, 70, 30}));
}

TEST(AtOnce, WhatLeavesGoesFirstToThoseWhoseEndpointsCarryIt) {
  // 700 of demand: the second carries 70 %, the third 10 %, whatever their targets are.
  const std::vector<Mover> movers = {unfit(30), mover(30, 50, 7), mover(40, 50, 1)};
  EXPECT_THAT(weights(movers, {.demand = 700, .missing = true}), near({0, 60, 40}));
}

TEST(AtOnce, InAnOverloadItGoesByWhatIsReady) {
  const std::vector<Mover> movers = {unfit(60), mover(20, 70, 1), mover(20, 30, 1)};
  // Both carry a half of what is carried at all, wherever their targets are.
  EXPECT_THAT(weights(movers, {.demand = 7000, .missing = true}), near({0, 50, 50}));
}

TEST(AtOnce, OneOnProbationIsGivenNoMoreThanItsTarget) {
  std::vector<Mover> movers = {unfit(50), mover(40, 90, 5), mover(10, 10, 5)};
  movers[2].on_trial = true;
  EXPECT_THAT(weights(movers, {.demand = 700, .missing = true}), near({0, 90, 10}));
}

TEST(AtOnce, AnOverloadIsNotHandedToSomebodyWithoutRoom) {
  std::vector<Mover> movers = {mover(80, 20, 2), mover(20, 80, 2)};
  movers[0].carried = 20;
  // Each carries 140 of 1,000: a half of what is carried at all.
  EXPECT_THAT(weights(movers, {.demand = 1000, .pace = Pace::Rest, .missing = true}), near({50, 50}));
}

TEST(AtOnce, WhoDrainsWithoutWaitingLeavesToo) {
  auto leaving = out(30, 5);
  leaving.leaves_now = true;
  const std::vector<Mover> movers = {leaving, mover(70, 100, 1)};
  EXPECT_THAT(weights(movers, {.demand = 1000, .pace = Pace::Rest}), near({0, 100})) << "whatever is ready";
}

TEST(AtOnce, OneWithoutAnEndpointFallsEvenIfItWasNotCalledUnfit) {
  const std::vector<Mover> movers = {mover(30, 0, 0), mover(70, 100, 9)};
  EXPECT_THAT(weights(movers, {.demand = 100, .pace = Pace::Rest}), near({0, 100}));
}

TEST(AtOnce, MissingEndpointsTakeAShareDownToWhatIsCarried) {
  std::vector<Mover> movers = {mover(80, 50, 5), mover(20, 50, 10)};
  movers[0].carried = 70;
  EXPECT_THAT(weights(movers, {.demand = 500, .pace = Pace::Rest, .missing = true}), near({70, 30}))
      << "the rest goes by steps";
  EXPECT_THAT(weights(movers, {.demand = 500, .pace = Pace::Rest}), near({80, 20})) << "nothing is missing";
  movers[0].carried = 30;
  EXPECT_THAT(weights(movers, {.demand = 500, .pace = Pace::Rest, .missing = true}), near({50, 50}))
      << "never below the target";
  movers[0].carried = 90;
  EXPECT_THAT(weights(movers, {.demand = 500, .pace = Pace::Rest, .missing = true}), near({80, 20}));
}

TEST(AtOnce, WithUnknownDemandToTheTarget) {
  std::vector<Mover> movers = {mover(80, 50, 5), mover(20, 50, 10)};
  movers[0].carried = 70;
  EXPECT_THAT(weights(movers, {.total = 15, .pace = Pace::Rest, .missing = true}), near({80, 20}))
      << "what is missing is another's: the first one is whole, and edited at most";
  movers[0].is_missing = true;
  EXPECT_THAT(weights(movers, {.total = 15, .pace = Pace::Rest, .missing = true}), near({50, 50}));
  movers[0].is_missing = false;
  EXPECT_THAT(weights(movers, {.total = 15, .pace = Pace::Rest, .excess_returns = true}), near({80, 20}));
}

TEST(AtOnce, WhatAHolderCannotCarryGoesBack) {
  std::vector<Mover> movers = {mover(80, 50, 5), mover(20, 50, 10)};
  movers[0].carried = 70;
  EXPECT_THAT(weights(movers, {.demand = 500, .pace = Pace::Rest, .excess_returns = true}), near({70, 30}));
}

TEST(AtOnce, WhereNobodyCanTakeItItStays) {
  const std::vector<Mover> movers = {unfit(100, 100), unfit(0)};
  EXPECT_THAT(weights(movers, {.demand = 100, .missing = true}), testing::ElementsAre(100.0, 0.0));
}

TEST(Again, AtOneMomentOnlyWhatCannotServeMoves) {
  std::vector<Mover> movers = {unfit(30), mover(60, 20, 9), mover(10, 80, 9)};
  movers[1].carried = 30;
  const Movement again{.demand = 100, .pace = Pace::Step, .missing = true, .repeats = true};
  const auto moved = move_shares(movers, again);
  EXPECT_THAT(weights_of(moved), near({0, 60, 40}));
  EXPECT_FALSE(moved.stepped);
}

TEST(Again, WhatWaitsForCapacityIsStillSaid) {
  const std::vector<Mover> movers = {mover(100, 0, 7), mover(0, 100, 2)};
  const auto moved = move_shares(movers, {.demand = 400, .pace = Pace::Edit, .repeats = true});
  EXPECT_THAT(weights_of(moved), testing::ElementsAre(100.0, 0.0));
  EXPECT_STREQ(moved.moves[1].rule, "");
  EXPECT_TRUE(moved.moves[1].waits_for_capacity);
}

TEST(Moving, WeightsAlwaysAddUp) {
  const std::vector<Mover> movers = {unfit(33.3), out(33.3, 2), mover(33.4, 80, 3), mover(0, 20, 1)};
  for (const auto pace : {Pace::Edit, Pace::Step, Pace::Rest}) {
    for (const std::optional<double> demand :
         {std::optional<double>{}, std::optional{0.0}, std::optional{900.0}}) {
      double sum = 0;
      for (const double weight :
           weights(movers, {.demand = demand, .total = 6, .pace = pace, .missing = true}))
        sum += weight;
      EXPECT_NEAR(sum, 100, 1e-9);
    }
  }
}

}  // namespace
}  // namespace evenkeel::plan
