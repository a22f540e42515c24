#include "evenkeel/failover/targets.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/failover/health.hpp"

#include "targets_rig.hpp"

namespace evenkeel::failover {
namespace {

using std::chrono::seconds;
using testing::DoubleNear;
using testing::Pointwise;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

struct Row {
  std::string name;
  std::vector<TargetBackend> backends;
  std::optional<double> demand;
  std::vector<double> target;
  double uncovered = 0;  ///< Percent.
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}
class TargetShares : public testing::TestWithParam<Row> {};

TEST_P(TargetShares, Row) {
  const auto& row = GetParam();
  const auto targets = Service{}.decide(row.backends, row.demand);
  EXPECT_THAT(targets.target, Pointwise(DoubleNear(1e-6), row.target));
  EXPECT_NEAR(targets.uncovered * 100, row.uncovered, 1e-6);
  EXPECT_TRUE(targets.served);
}

INSTANTIATE_TEST_SUITE_P(
    LoadAloneMovesNothing,
    TargetShares,
    testing::Values(
        Row{"OneHasAll", {fit(0, 7)}, 4.0, {100}},
        Row{"ByProportion", {fit(0, 80), fit(0, 20)}, 4.0, {80, 20}},
        Row{"AllGoesToTheLowestTier", {fit(1, 100), fit(0, 1)}, 4.0, {0, 100}},
        Row{"OverloadStays", {fit(0, 80), fit(0, 20), fit(1, 100)}, 1000.0, {80, 20, 0}},
        Row{"AsleepIsNotMissed", {asleep(0, 80), fit(0, 20), fit(1, 100)}, 1000.0, {0, 100, 0}},
        Row{"OverloadStaysInALaterTierToo", {asleep(0, 1), fit(1, 1), fit(2, 1)}, 1000.0, {0, 100, 0}},
        Row{"WhatIsAboveALimitGoesWhereEndpointsAreReady",
            {limited(fit(0, 1, 3, 3), 3), fit(1, 1, 2, 2), fit(2, 1, 8, 8)},
            10.0,
            {30, 20, 50}},
        Row{"ARollOutWithinTheSpare", {fit(0, 50, 3), fit(0, 50), fit(1, 1)}, 6.0, {50, 50, 0}},
        Row{"NoDemandIsCarriedByOne", {fit(0, 50, 1), fit(0, 50), fit(1, 1)}, 0.0, {50, 50, 0}},
        Row{"OnlyTheLimitOfOne", {limited(fit(0, 50, 10, 10), 2), fit(0, 50, 10, 10)}, 10.0, {20, 80}},
        Row{"TheLimitsOfAllSpill",
            {limited(fit(0, 1, 3, 3), 3), limited(fit(0, 1, 3, 3), 3), fit(1, 1, 8, 8)},
            10.0,
            {30, 30, 40}}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    ALossSpills,
    TargetShares,
    testing::Values(
        Row{"ToTheOthersOfTheTierFirst",
            {unfit(0, 50), fit(0, 25, 8, 8), fit(0, 25, 8, 8)},
            8.0,
            {0, 50, 50}},
        Row{"NothingToWhoHasNoWeight", {unfit(0, 100), out(0, 8), fit(1, 5)}, 4.0, {0, 0, 100}},
        Row{"TiersNeedNotFollowEachOther", {unfit(3, 1), fit(7, 1), fit(9, 1)}, 4.0, {0, 100, 0}},
        Row{"ThenToTheNextTier", {unfit(0, 50), fit(0, 50, 4), fit(1, 1, 8, 8)}, 8.0, {0, 50, 50}},
        Row{"ThenToTheOneAfter",
            {unfit(0, 50), fit(0, 50, 4), fit(1, 1, 2, 2), fit(2, 1, 9, 9)},
            8.0,
            {0, 50, 25, 25}},
        Row{"BoundedByReadyCapacity", {fit(0, 50, 1), fit(0, 50, 3), fit(1, 1, 8, 8)}, 8.0, {12.5, 37.5, 50}},
        Row{"BoundedByTheLimitToo",
            {unfit(0, 1), limited(fit(0, 1, 6, 6), 4), fit(1, 1, 8, 8)},
            8.0,
            {0, 50, 50}},
        Row{"ReadyCapacityAboveTheLimitComesLast",
            {unfit(0, 1), limited(fit(0, 1, 6, 6), 4), fit(1, 1, 2, 2)},
            8.0,
            {0, 75, 25}},
        Row{"TheRestByReadyCapacity", {unfit(0, 1), fit(0, 1, 3, 3), fit(1, 1, 1, 1)}, 8.0, {0, 75, 25}, 50},
        Row{"OfAWholeTier", {unfit(0, 1), fit(1, 80, 8, 8), fit(1, 20, 2, 2)}, 8.0, {0, 80, 20}},
        Row{"ASenderThatWaitsCounts",
            {fit(0, 1, 2, 4), leaving(0, 50, 4), fit(1, 1, 8, 8)},
            8.0,
            {25, 50, 25}},
        Row{"ASenderWaitsForWhatItsTierMayGrowAndNoLonger",
            {limited(fit(0, 1, 2, 4), 4), leaving(0, 50, 4), fit(1, 1, 8, 8)},
            8.0,
            {25, 25, 50}},
        Row{"WhatItsTierMayNotGrowByGoesToTheNext",
            {limited(fit(0, 1), 4), leaving(0, 50, 4), fit(1, 1, 8, 8)},
            8.0,
            {50, 0, 50}},
        Row{"WhatTheNextMayStillGrowByWaits",
            {limited(fit(0, 1), 4), leaving(0, 50, 4), limited(fit(1, 1, 1, 1), 4)},
            8.0,
            {50, 37.5, 12.5}},
        Row{"WhatOneWaitsForIsNotWaitedForTwice",
            {set(limited(fit(0, 1, 2, 4), 4), 50),
             leaving(0, 25, 4),
             limited(fit(1, 1, 1, 1), 1),
             leaving(1, 25, 6)},
            8.0,
            {50, 25, 25, 0},
            37.5},
        Row{"ASenderWithoutEndpointsIsNoHelp",
            {fit(0, 1, 2, 4), leaving(0, 50, 0), fit(1, 1, 8, 8)},
            8.0,
            {25, 0, 75}},
        Row{"NorIsOneWithoutShare", {fit(0, 1, 2, 4), leaving(0, 0, 4), fit(1, 1, 8, 8)}, 8.0, {25, 0, 75}},
        Row{"ASenderDoesNotWaitForWhatNobodyMayGrow",
            {limited(fit(0, 1, 2, 4), 4), leaving(0, 50, 4)},
            8.0,
            {75, 25},
            50},
        Row{"NorForWhatEndpointsAboveALimitCarry",
            {limited(fit(0, 1, 6, 7), 4), leaving(0, 50, 4)},
            8.0,
            {100, 0},
            25},
        Row{"EndpointsAboveALimitTakeWhatASenderIsNotToKeep",
            {limited(fit(0, 1, 5, 6), 4), limited(fit(0, 1, 2, 3), 2), leaving(0, 5, 4)},
            7.0,
            {500.0 / 7, 200.0 / 7, 0}},
        Row{"ASenderOfALaterTierComesAfterThoseBefore",
            {set(fit(0, 1, 2, 4), 25), set(fit(1, 1, 8, 8), 70), leaving(2, 5, 4)},
            8.0,
            {25, 75, 0}},
        Row{"ASenderBelowTheLowestTierCountsBeforeLaterTiers",
            {leaving(0, 50, 4), fit(1, 1, 2, 4), fit(2, 1, 8, 8)},
            8.0,
            {50, 25, 25}},
        Row{"ATierOfASenderAloneServes", {leaving(0, 50, 4), fit(1, 1, 8, 8)}, 8.0, {0, 100}},
        Row{"OneThatIsWholeTakesAllFromTheSender", {fit(0, 1, 4), leaving(0, 50, 4)}, 8.0, {100, 0}}),
    [](const auto& row) { return row.param.name; });

/// Envoy's priority levels (docs: "Priority levels", "Overprovisioning factor" 1.4), healthy of 100 hosts.
INSTANTIATE_TEST_SUITE_P(
    UnknownDemandIsEnvoysHostRatio,
    TargetShares,
    testing::Values(
        Row{"P72", {fit(0, 1, 72, 100), fit(1, 1, 100, 100)}, {}, {100, 0}},
        Row{"P71", {fit(0, 1, 71, 100), fit(1, 1, 100, 100)}, {}, {99.4, 0.6}},
        Row{"P50", {fit(0, 1, 50, 100), fit(1, 1, 100, 100)}, {}, {70, 30}},
        Row{"P25", {fit(0, 1, 25, 100), fit(1, 1, 100, 100)}, {}, {35, 65}},
        Row{"P25And25", {fit(0, 1, 25, 100), fit(1, 1, 25, 100)}, {}, {50, 50}, 30},
        Row{"P25And25And100",
            {fit(0, 1, 25, 100), fit(1, 1, 25, 100), fit(2, 1, 100, 100)},
            {},
            {35, 35, 30}},
        Row{"P25And25And20",
            {fit(0, 1, 25, 100), fit(1, 1, 25, 100), fit(2, 1, 20, 100)},
            {},
            {35 + 50.0 / 70, 35 + 50.0 / 70, 28 + 40.0 / 70},
            2},
        Row{"ForWhoeverHasNoCapacity",
            {with_capacity(fit(0, 1, 50, 100), 0), fit(1, 1, 100, 100)},
            4.0,
            {70, 30}},
        Row{"InsideATierByReadyOfExpected", {fit(0, 1, 50, 100), fit(0, 2, 100, 100)}, {}, {20, 80}},
        Row{"TheDeadOneCountsInTheTiersRatio", {unfit(0, 1, 4), fit(0, 1, 4), fit(1, 1)}, {}, {0, 70, 30}}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Probation,
    TargetShares,
    testing::Values(
        Row{"HasATenthOfItsTarget", {on_probation(fit(0, 50)), fit(0, 50)}, 4.0, {5, 95}},
        Row{"ButTheMinimumAtLeast", {on_probation(fit(0, 2)), fit(0, 98)}, 4.0, {1, 99}},
        Row{"WhatTheOthersCannotCarrySpills",
            {on_probation(fit(0, 50)), fit(0, 50, 4), fit(1, 1, 9, 9)},
            8.0,
            {5, 50, 45}},
        Row{"AloneItTakesAll", {on_probation(fit(0, 50)), unfit(0, 50)}, 4.0, {100, 0}},
        Row{"WhatNobodyCarriesGoesToTheOthers", {on_probation(fit(0, 50)), fit(0, 50)}, 100.0, {4, 96}, 92},
        Row{"WhatItLeavesMayBeMoreThanTheOthersCarry",
            {on_probation(fit(0, 50)), fit(0, 50)},
            8.0,
            {5, 95},
            45},
        Row{"AStandbyIsNotTriedWithWhatSlowStartLeaves",
            {fresh(fit(0, 50)), on_probation(fit(1, 1))},
            4.0,
            {100, 0}},
        Row{"NorWithWhatProbationLeaves", {on_probation(fit(0, 50)), on_probation(fit(1, 1))}, 4.0, {100, 0}},
        Row{"AStandbyWithoutTrafficIsNotTried", {fit(0, 1), on_probation(fit(1, 1))}, 4.0, {100, 0}}),
    [](const auto& row) { return row.param.name; });

/// At its beginning: a tenth of its part.
INSTANTIATE_TEST_SUITE_P(
    SlowStart,
    TargetShares,
    testing::Values(
        Row{"EndpointsAboveALimitComeFirst",
            {limited(fit(0, 1, 6, 6), 2), fresh(fit(0, 1, 4, 4))},
            8.0,
            {75, 25}},
        Row{"OfUnknownDemandTheOthersTakeTheRest",
            {fresh(fit(0, 1, 1, 4)), fit(0, 1, 1, 4)},
            {},
            {5, 95},
            65},
        Row{"WhatATierKeepsIsItsOwn", {set(fit(0, 1, 1, 2), 0), set(fresh(fit(1, 1)), 100)}, {}, {0, 100}},
        Row{"BeforeAProbation", {fresh(fit(0, 1, 1, 4)), on_probation(fit(0, 1, 1, 4))}, {}, {95, 5}, 65}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    NobodyIsEligible,
    TargetShares,
    testing::Values(Row{
        "TheSharesStayWithThoseThatAreReady", {set(unfit(0, 1), 60), leaving(0, 40)}, 4.0, {0, 100}}),
    [](const auto& row) { return row.param.name; });

class NobodyServes : public testing::TestWithParam<Row> {};

TEST_P(NobodyServes, TheSharesStay) {
  const auto targets = Service{}.decide(GetParam().backends, GetParam().demand);
  EXPECT_THAT(targets.target, near(1e-9, GetParam().target));
  EXPECT_FALSE(targets.served);
}

INSTANTIATE_TEST_SUITE_P(
    TargetShares,
    NobodyServes,
    testing::Values(
        Row{"AsTheyAreSet", {set(unfit(0, 1), 30), set(unfit(1, 1), 70)}, 4.0, {30, 70}},
        Row{"RescaledOverWhatIsDeclared", {set(unfit(0, 1), 30), set(unfit(1, 1), 30)}, 4.0, {50, 50}},
        Row{"NotToWhoIsReadyAndHasNeitherWeightNorShare", {set(unfit(0, 100), 100), out(0)}, 4.0, {100, 0}},
        Row{"AtTheStartTheDeclaredOnes", {asleep(1, 9), asleep(0, 75), asleep(0, 25)}, {}, {0, 75, 25}},
        Row{"NonsenseIsNotSet", {set(unfit(0, 3), kNan), set(unfit(0, 1), -5)}, 4.0, {75, 25}},
        Row{"WithNothingDeclaredEverybody", {out(0, 0), out(1, 0)}, 4.0, {50, 50}}),
    [](const auto& row) { return row.param.name; });

TEST(FullShares, OfAServiceThatStartsAreTheDeclaredOnes) {
  EXPECT_THAT(Service{}.decide({asleep(1, 9), asleep(0, 75), asleep(0, 25)}, {}).full,
              near(1e-9, {0, 0.75, 0.25}));
}

TEST(FullShares, AreThoseOfTheLowestTierWithSomebodyEligibleOrAsleep) {
  EXPECT_THAT(Service{}.decide({unfit(0, 60), fit(0, 30), asleep(0, 10), fit(1, 100)}, 4.0).full,
              near(1e-9, {0, 0.75, 0.25, 0}));
  EXPECT_THAT(Service{}.decide({asleep(0, 1), fit(1, 1)}, 4.0).full, near(1e-9, {1, 0}));
}

TEST(FullShares, WithoutProportionsAreEqualAmongThoseThatHaveOne) {
  EXPECT_THAT(Service{}.decide({fit(0, 0), unfit(0, 0), fit(0, kNan), fit(1, 0)}, 4.0).full,
              near(1e-12, {0.5, 0, 0.5, 0}));
}

TEST(FullShares, SizesFollowDeclaredProportions) {
  auto slow = fit(0, 0.2);
  slow.declared_proportion = 50;
  auto quick = fit(0, 0.8);
  quick.declared_proportion = 50;
  const auto targets = Service{}.decide({slow, quick}, 4.0);
  EXPECT_THAT(targets.full, near(1e-9, {0.2, 0.8}));
  EXPECT_THAT(targets.sizing, near(1e-9, {0.5, 0.5}));
}

TEST(Shortage, IsLackOfEndpointsOrTheLimit) {
  const auto targets = Service{}.decide({fit(0, 1, 3), fit(0, 1), limited(fit(0, 2), 1), fit(1, 1, 3)}, 8.0);
  EXPECT_EQ(targets.is_short, (std::vector<char>{1, 0, 1, 1}));
}

/// Tier 0 has failed over to tier 1 and is back.
class Failback : public testing::Test {
 protected:
  Failback() {
    EXPECT_THAT(service.target({fit(0, 1), fit(1, 1)}, 4.0, 0), near(1e-9, {100, 0}));
    EXPECT_THAT(service.target({unfit(0, 1), fit(1, 1)}, 4.0, 10), near(1e-9, {0, 100}));
  }
  double blue(std::int64_t time) { return service.target({fit(0, 1), fit(1, 1)}, 4.0, time).front(); }

  Service service;
};

TEST_F(Failback, GoesByStepsAfterAWait) {
  EXPECT_NEAR(blue(100), 0, 1e-9);
  EXPECT_NEAR(blue(159), 0, 1e-9);
  EXPECT_NEAR(blue(160), 20, 1e-9);
  EXPECT_NEAR(blue(160), 20, 1e-9) << "deciding again changes nothing";
  EXPECT_NEAR(blue(219), 20, 1e-9);
  EXPECT_NEAR(blue(220), 40, 1e-9);
  EXPECT_NEAR(blue(100'000), 60, 1e-9) << "a jump of the clock is one step";
  EXPECT_NEAR(blue(50), 60, 1e-9) << "time that runs backwards takes nothing away";
  for (const int time : {200'000, 300'000}) EXPECT_GE(blue(time), 80 - 1e-9);
  EXPECT_NEAR(blue(400'000), 100, 1e-9);
}

TEST_F(Failback, TakesTheSmallerOfTheTwoSteps) {
  service.balancing.max_step_percent = 5;
  EXPECT_NEAR(blue(100), 0, 1e-9);
  EXPECT_NEAR(blue(160), 5, 1e-9);
}

TEST_F(Failback, BeginsAnewAfterAnotherLoss) {
  EXPECT_NEAR(blue(100), 0, 1e-9);
  EXPECT_NEAR(service.target({unfit(0, 1), fit(1, 1)}, 4.0, 150).front(), 0, 1e-9);
  EXPECT_NEAR(blue(170), 0, 1e-9);
  EXPECT_NEAR(blue(229), 0, 1e-9);
  EXPECT_NEAR(blue(230), 20, 1e-9);
}

TEST_F(Failback, ManualWaitsForANewText) {
  service.failover.failback.mode = api::FailbackMode::Manual;
  EXPECT_NEAR(blue(100), 0, 1e-9);
  EXPECT_NEAR(blue(10'000), 0, 1e-9);
  service.failback = "monday";
  EXPECT_NEAR(blue(10'001), 20, 1e-9);
  for (int step = 1; step <= 4; ++step) (void)blue(10'001 + step * 60);
  EXPECT_NEAR(blue(10'300), 100, 1e-9);
  EXPECT_NEAR(service.target({unfit(0, 1), fit(1, 1)}, 4.0, 11'000).front(), 0, 1e-9);
  EXPECT_NEAR(blue(12'000), 0, 1e-9);
  EXPECT_NEAR(blue(13'000), 0, 1e-9) << "a text acts once";
  service.failback = "tuesday";
  EXPECT_NEAR(blue(13'001), 20, 1e-9);
}

TEST_F(Failback, WhatTheHolderCannotCarryGoesBackAtOnce) {
  const auto targets = service.decide({fit(0, 1), fit(1, 1, 3)}, 4.0, 11);
  EXPECT_THAT(targets.target, near(1e-9, {25, 75}));
  EXPECT_TRUE(targets.excess_returns);
  EXPECT_TRUE(targets.failback_waits);
  EXPECT_THAT(service.target({fit(0, 1), unfit(1, 1)}, 4.0, 12), near(1e-9, {100, 0}));
}

TEST_F(Failback, AProbationDoesNotWaitForIt) {
  const std::vector<TargetBackend> trying = {on_probation(fit(0, 1)), fit(1, 1, 9, 9)};
  EXPECT_NEAR(service.target(trying, 4.0, 11).front(), 10, 1e-9);
  EXPECT_NEAR(service.target(trying, 4.0, 500).front(), 10, 1e-9);
  EXPECT_NEAR(blue(510), 10, 1e-9);
  EXPECT_NEAR(blue(570), 30, 1e-9);
}

TEST_F(Failback, ManualHoldsAProbationBackToo) {
  service.failover.failback.mode = api::FailbackMode::Manual;
  EXPECT_NEAR(service.target({on_probation(fit(0, 1)), fit(1, 1, 9, 9)}, 4.0, 11).front(), 0, 1e-9);
}

TEST_F(Failback, AShareThatIsSetAlreadyNeedsNoReturn) {
  EXPECT_NEAR(service.target({set(fit(0, 1), 70), set(fit(1, 1), 30)}, 4.0, 11).front(), 70, 1e-9);
}

TEST_F(Failback, WithoutAWaitIsAllAtOnce) {
  service.failover.failback.after = seconds{0};
  EXPECT_NEAR(blue(11), 100, 1e-9);
}

TEST_F(Failback, ManualUnderObserveFollowsATextThatIsNew) {
  service.observe = true;
  service.failover.failback.mode = api::FailbackMode::Manual;
  const auto share = [&](const std::string& text, std::int64_t time) {
    service.failback = text;
    return service.target({set(fit(0, 1), 40), set(fit(1, 1), 60)}, 4.0, time).front();
  };
  EXPECT_NEAR(share("", 100), 40, 1e-9);
  EXPECT_NEAR(share("", 160), 40, 1e-9);
  EXPECT_NEAR(share("monday", 161), 60, 1e-9);
  EXPECT_NEAR(share("", 162), 40, 1e-9);
  service.memory.failback = digest("monday");
  EXPECT_NEAR(share("monday", 163), 40, 1e-9) << "it was carried out before";
  EXPECT_NEAR(share("", 164), 40, 1e-9);
  EXPECT_NEAR(share("tuesday", 165), 60, 1e-9);
  service.memory.returning = true;
  EXPECT_NEAR(share("", 166), 60, 1e-9) << "one that was under way goes on";
}

TEST_F(Failback, ObserveStartsFromWhatIsSet) {
  service.observe = true;
  const std::vector<TargetBackend> backends = {set(fit(0, 1), 40), set(fit(1, 1), 60)};
  EXPECT_NEAR(service.target(backends, 4.0, 100).front(), 40, 1e-9);
  EXPECT_NEAR(service.target(backends, 4.0, 160).front(), 60, 1e-9);
  EXPECT_NEAR(service.target(backends, 4.0, 161).front(), 60, 1e-9) << "nothing was written: it is still due";
}

TEST(FirstArrival, OfATierThatNeverServedIsNoReturn) {
  Service service;
  EXPECT_NEAR(service.target({asleep(0, 1), asleep(1, 1)}, {}, 0).front(), 100, 1e-9);
  EXPECT_NEAR(service.target({set(asleep(0, 1), 100), fit(1, 1)}, {}, 5).front(), 0, 1e-9);
  EXPECT_NEAR(service.target({fit(0, 1), set(fit(1, 1), 100)}, {}, 10).front(), 100, 1e-9);
}

TEST(FirstSight, OfAServiceThatHasFailedOverIsNotItsEnd) {
  Service service;
  EXPECT_NEAR(service.target({set(fit(0, 1), 0), set(fit(1, 1), 100)}, {}, 0).front(), 0, 1e-9);
  EXPECT_NEAR(service.target({set(fit(0, 1), 0), set(fit(1, 1), 100)}, {}, 60).front(), 20, 1e-9);
}

TEST(DeadBand, SmallChangesOfTheSplitAreNotMade) {
  Service service;
  service.failover.failback.after = seconds{1};
  const auto blue = [&](double demand, std::int64_t time) {
    return service.target({unfit(0, 1), fit(0, 1, 4), fit(1, 1, 90, 90)}, demand, time)[1];
  };
  EXPECT_NEAR(blue(8.0, 0), 50, 1e-9);
  EXPECT_NEAR(blue(7.8, 10), 50, 1e-9) << "51.3 would be 1.3 points more";
  EXPECT_NEAR(blue(8.1, 20), 400 / 8.1, 1e-9) << "away from what cannot be carried";
  (void)blue(7.0, 30);
  EXPECT_NEAR(blue(7.0, 40), 400 / 7.0, 1e-9);
}

TEST(DeadBand, ALimitThatMovesALittleMovesNothing) {
  Service service;
  const auto shares = [&](std::int32_t first, std::int32_t second, std::int64_t time) {
    return service.target(
        {limited(fit(0, 1, 40, 40), first), limited(fit(1, 1, 60, 60), second), fit(2, 1, 90, 90)},
        100.0,
        time);
  };
  EXPECT_THAT(shares(50, 30, 0), near(1e-6, {50, 30, 20}));
  EXPECT_THAT(shares(50, 29, 10), near(1e-6, {50, 30, 20}));
  EXPECT_THAT(shares(50, 27, 20), near(1e-6, {50, 27, 23}));
  EXPECT_THAT(shares(49, 27, 30), near(1e-6, {49, 27, 24})) << "away from what is not ready";
}

TEST(DeadBand, OfOneTierIsNotThatOfAnother) {
  Service service;
  const auto blue = [&](std::int32_t limit, std::int64_t time) {
    return service.target({limited(fit(0, 1, 60, 60), limit), fit(1, 1, 90, 90)}, 100.0, time).front();
  };
  EXPECT_NEAR(blue(50, 0), 50, 1e-6);
  EXPECT_NEAR(blue(49, 10), 50, 1e-6);
  EXPECT_NEAR(blue(47, 20), 47, 1e-6);
  EXPECT_NEAR(blue(46, 30), 47, 1e-6);
}

TEST(DeadBand, AReturnIsFinished) {
  Service service;
  service.failover.failback.after = seconds{1};
  EXPECT_NEAR(service.target({fit(0, 1, 99, 100), fit(1, 1, 90, 90)}, 100.0, 0).front(), 99, 1e-9);
  (void)service.target({fit(0, 1, 100, 100), fit(1, 1, 90, 90)}, 100.0, 10);
  EXPECT_NEAR(service.target({fit(0, 1, 100, 100), fit(1, 1, 90, 90)}, 100.0, 20).front(), 100, 1e-9);
}

TEST(SlowStart, RisesByStepsFromItsMinimum) {
  Service service;
  auto fresh = fit(0, 50);
  fresh.slow_start = {.window = seconds{120}, .min_percent = 10};
  fresh.eligible_since = at(0);
  const auto share = [&](std::int64_t time) {
    return service.target({fresh, fit(0, 50)}, 4.0, time).front();
  };
  EXPECT_NEAR(share(0), 5, 1e-9);
  EXPECT_NEAR(share(29), 5, 1e-9);
  EXPECT_NEAR(share(30), 12.5, 1e-9);
  EXPECT_NEAR(share(60), 25, 1e-9);
  EXPECT_NEAR(share(119), 37.5, 1e-9);
  EXPECT_NEAR(share(120), 50, 1e-9);
}

TEST(SlowStart, WithoutAWindowThereIsNone) {
  Service service;
  auto fresh = fit(0, 50);
  fresh.slow_start = {.window = seconds{0}, .min_percent = 10};
  for (const std::int64_t since : {-10, 0, 100}) {
    fresh.eligible_since = at(since);
    EXPECT_NEAR(service.target({fresh, fit(0, 50)}, 4.0, 0).front(), 50, 1e-9) << since;
  }
}

TEST(SlowStart, LeavesNothingUnserved) {
  Service service;
  auto fresh = fit(0, 50);
  fresh.slow_start = {.window = seconds{120}, .min_percent = 10};
  fresh.eligible_since = at(0);
  EXPECT_THAT(service.target({fresh, unfit(0, 50)}, 4.0, 0), near(1e-9, {100, 0}));
  EXPECT_THAT(service.target({fresh, fit(0, 50, 3, 4)}, 4.0, 0), near(1e-9, {25, 75}));
}

TEST(SlowStart, WhatNobodyCanCarryIsSharedByReadyCapacityAllTheSame) {
  Service service;
  auto fresh = fit(0, 50);
  fresh.slow_start = {.window = seconds{120}, .min_percent = 10};
  fresh.eligible_since = at(0);
  EXPECT_THAT(service.target({fresh, fit(0, 50, 3, 4)}, 100.0, 0), near(1e-6, {400.0 / 7, 300.0 / 7}));
}

TEST(MinimumShare, HoldsUnderComputedProportions) {
  Service service;
  service.computed = true;
  service.balancing.min_share_percent = 2;
  EXPECT_THAT(service.target({fit(0, 0.001), fit(0, 0.5), fit(0, 0.499), fit(1, 1)}, 4.0),
              near(0.01, {2, 49.05, 48.95, 0}));
}

TEST(MinimumShare, IsNotForATierWithoutTraffic) {
  Service service;
  service.computed = true;
  service.balancing.min_share_percent = 2;
  EXPECT_THAT(service.target({fit(0, 1), fit(1, 1), fit(2, 1)}, 4.0), near(1e-9, {100, 0, 0}));
}

TEST(MinimumShare, ThatIsMoreThanThereIsMakesAllEqual) {
  Service service;
  service.computed = true;
  service.balancing.min_share_percent = 100;
  for (std::size_t size = 2; size < 40; ++size) {
    std::vector<TargetBackend> backends;
    for (std::size_t i = 0; i < size; ++i) backends.push_back(fit(0, 1.0 + static_cast<double>(i) / 7));
    const std::vector<double> equal(size, 100.0 / static_cast<double>(size));
    EXPECT_THAT(service.target(backends, 4.0), near(1e-6, equal));
    backends.assign(size, fit(0, 1));
    EXPECT_THAT(service.target(backends, 4.0), near(1e-6, equal));
  }
}

TEST(RedateOfTheSplit, PutsRightWhatAnybodyMayHaveWritten) {
  SplitMemory memory;
  memory.boundaries = {{.tier = 5, .share = 7, .since = at(900)},
                       {.tier = 1, .share = kNan},
                       {.tier = 3, .share = -1, .since = at(3)},
                       {.tier = 3, .share = 0, .since = at(3)},
                       {.tier = 4, .share = 0.25}};
  redate(memory, at(10));
  EXPECT_EQ(memory.boundaries,
            (std::vector<SplitMemory::Boundary>{{.tier = 1, .share = 0},
                                                {.tier = 3, .share = 0, .since = at(3)},
                                                {.tier = 4, .share = 0.25},
                                                {.tier = 5, .share = 1, .since = at(10)}}));
}

TEST(TargetSharesOfNonsense, AreFiniteAndAddUp) {
  for (const double value : {kNan, kInf, -kInf, 1e300, -1.0, 0.0, 5e-324}) {
    Service service;
    auto odd = fit(0, value);
    odd.capacity = value;
    odd.set_share = value;
    odd.declared_proportion = value;
    const auto targets = service.decide({odd, unfit(0, 1), fit(0, value), fit(1, 1)}, value);
    double sum = 0;
    for (const double share : targets.target) {
      EXPECT_TRUE(std::isfinite(share) && share >= 0) << value;
      sum += share;
    }
    EXPECT_NEAR(sum, 100, 1e-6) << value;
    EXPECT_EQ(targets.target[1], 0) << value;
    EXPECT_NEAR(std::accumulate(targets.full.begin(), targets.full.end(), 0.0), 1, 1e-9) << value;
  }
}

}  // namespace
}  // namespace evenkeel::failover
