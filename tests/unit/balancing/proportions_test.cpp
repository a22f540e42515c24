#include "evenkeel/balancing/proportions.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "readings.hpp"
#include "snapshot_builder.hpp"

namespace evenkeel::balancing {
namespace {

using api::Algorithm;
using std::chrono::seconds;
using testing::DoubleNear;
using testing::Each;
using testing::IsEmpty;
using testing::Pointwise;

using testing_support::at;

auto near(double within, const std::vector<double>& wanted) {
  return Pointwise(DoubleNear(within), wanted);
}
BackendValue value(double figure, std::int64_t sampled, std::int64_t window = 60) {
  return {.value = figure, .time = at(sampled), .window = seconds{window}};
}

/// A tier over time: what proportions() makes of it.
class Tier {
 public:
  explicit Tier(Algorithm algorithm, std::size_t size = 2) {
    balancing.algorithm = algorithm;
    balancing.max_step_percent = 100;
    balancing.smoothing = seconds{0};
    candidates.assign(size, {.declared_weight = 100, .eligible = true, .ready = 4});
    for (auto& candidate : candidates) candidate.set_share = 100.0 / static_cast<double>(size);
    memories.resize(size);
  }

  std::vector<double> decide(std::int64_t time) {
    const ProportionInput input{.backends = candidates,
                                .balancing = balancing,
                                .observe = observe,
                                .shifted = shifted,
                                .now = at(time)};
    const auto made = proportions(input, memories, tiers);
    const auto& result = made.values;
    steps = made.steps;
    const auto before = memories;
    const auto tiers_before = tiers;
    EXPECT_EQ(proportions(input, memories, tiers).values, result) << "deciding again changes nothing";
    EXPECT_TRUE(observe || (memories == before && tiers == tiers_before)) << "deciding again changes nothing";
    return result;
  }

  api::Balancing balancing;
  bool observe = false;
  std::optional<WallTime> shifted;
  std::vector<Candidate> candidates;
  std::vector<BalancingMemory> memories;
  std::vector<TierMemory> tiers;
  std::vector<std::vector<api::Step>> steps;  ///< Of the last decision.
};

TEST(DeclaredProportions, AreTheWeightsOrEqual) {
  std::vector<api::Backend> backends(3);
  backends[0].weight = 80;
  backends[1].weight = 20;
  backends[2].weight = 0;
  for (const auto algorithm : {Algorithm::WeightedRoundRobin, Algorithm::ClientIPHash, Algorithm::Random}) {
    EXPECT_THAT(declared_proportions(backends, algorithm), near(0, {80, 20, 0}));
  }
  EXPECT_THAT(declared_proportions(backends, Algorithm::RoundRobin), near(0, {1, 1, 0}));
}

TEST(Proportions, OfDeclaredAlgorithmsReadNothing) {
  for (const auto algorithm : {Algorithm::WeightedRoundRobin, Algorithm::ClientIPHash, Algorithm::Random}) {
    Tier tier{algorithm};
    tier.candidates[0].declared_weight = 300;
    tier.candidates[0].latency = value(9, 0);
    EXPECT_THAT(tier.decide(0), near(0, {300, 100}));
    EXPECT_FALSE(is_computed(algorithm));
  }
  Tier equal{Algorithm::RoundRobin, 3};
  equal.candidates[0].declared_weight = 300;
  equal.candidates[2].declared_weight = 0;
  EXPECT_THAT(equal.decide(0), near(0, {1, 1, 0}));
}

TEST(Proportions, OfLeastConnectionsCountThemPerReadyReplica) {
  Tier tier{Algorithm::LeastConnections};
  tier.candidates[0].connections = value(36, 0);  // 9 for each of 4
  tier.candidates[1].connections = value(38, 0);  // 19 for each of 2
  tier.candidates[1].ready = 2;
  tier.candidates[1].declared_weight = 200;
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.5, 0.5}));
  tier.candidates[1].declared_weight = 100;
  EXPECT_THAT(tier.decide(30), near(1e-9, {2.0 / 3, 1.0 / 3}));
}

TEST(Proportions, OfFastestResponsePunishErrors) {
  Tier tier{Algorithm::FastestResponse};
  tier.candidates[0].latency = value(0.1, 0);
  tier.candidates[1].latency = value(0.3, 0);
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.75, 0.25}));
  tier.candidates[0].errors = value(2.0 / 3, 30);
  tier.candidates[1].errors = value(0, 30);
  EXPECT_THAT(tier.decide(30), near(1e-9, {0.5, 0.5}));
}

TEST(Proportions, OfLeastUtilizationRestWhereUtilizationIsEqual) {
  Tier tier{Algorithm::LeastUtilization};
  tier.candidates[0].set_share = 80;
  tier.candidates[1].set_share = 20;
  for (auto& candidate : tier.candidates) candidate.utilization = value(0.6, 0);
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.8, 0.2}));
  tier.candidates[1].declared_weight = 7;
  EXPECT_THAT(tier.decide(30), near(1e-9, {0.8, 0.2})) << "weights only say who takes part";
  tier.candidates[0].utilization = value(0.8, 60);
  tier.candidates[1].utilization = value(0.2, 60);
  EXPECT_THAT(tier.decide(60), near(1e-9, {0.5, 0.5}));
}

TEST(Proportions, OfCapacityFollowReadyCapacity) {
  Tier tier{Algorithm::Capacity};
  tier.candidates[1].ready = 2;
  tier.candidates[1].capacity = 6;
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.25, 0.75}));
}

TEST(Proportions, AMissingReadingIsTheMeanOfTheOthers) {
  Tier tier{Algorithm::FastestResponse, 3};
  tier.candidates[0].latency = value(0.1, 0);
  tier.candidates[1].latency = value(0.3, 0);
  // 1/0.1 : 1/0.3 : 1/0.2
  EXPECT_THAT(tier.decide(0), near(1e-9, {6.0 / 11, 2.0 / 11, 3.0 / 11}));
}

TEST(Proportions, WithoutAnyReadingStayWhereTheyAre) {
  Tier tier{Algorithm::FastestResponse};
  tier.candidates[0].set_share = 70;
  tier.candidates[1].set_share = 30;
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.7, 0.3}));
  tier.candidates[0].set_share = 10;
  EXPECT_THAT(tier.decide(1000), near(1e-9, {0.7, 0.3}));
}

TEST(Proportions, BeginWithWhatIsDeclaredWhereNothingIsSet) {
  Tier tier{Algorithm::FastestResponse};
  tier.candidates[0].declared_weight = 300;
  for (auto& candidate : tier.candidates) candidate.set_share = 0;
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.75, 0.25}));
}

TEST(Proportions, AreEqualWhereNobodyIsWorthAnything) {
  Tier tier{Algorithm::FastestResponse};
  tier.candidates[0].set_share = 70;
  tier.candidates[1].set_share = 30;
  for (auto& candidate : tier.candidates) {
    candidate.latency = value(0.1, 0);
    candidate.errors = value(1, 0);
  }
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.5, 0.5}));
}

TEST(Proportions, OfLeastUtilizationWithoutAnyShareFollowUtilizationAlone) {
  Tier tier{Algorithm::LeastUtilization};
  for (auto& candidate : tier.candidates) candidate.set_share = 0;
  tier.candidates[0].utilization = value(0.2, 0);
  tier.candidates[1].utilization = value(0.6, 0);
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.75, 0.25}));
}

TEST(Proportions, OfLeastUtilizationLeaveWhoHasNothingWithNothing) {
  Tier tier{Algorithm::LeastUtilization};
  tier.candidates[0].set_share = 0;
  tier.candidates[1].set_share = 100;
  for (auto& candidate : tier.candidates) candidate.utilization = value(0.6, 0);
  EXPECT_THAT(tier.decide(0), near(1e-9, {0, 1}));
}

TEST(Proportions, OfLeastUtilizationReadTheSharesOfWhenItWasMeasured) {
  Tier tier{Algorithm::LeastUtilization};
  for (auto& candidate : tier.candidates) candidate.utilization = value(0.6, 0, 30);
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.5, 0.5}));
  tier.candidates[0].observed_share = 80;
  tier.candidates[1].observed_share = 20;
  for (auto& candidate : tier.candidates) candidate.utilization = value(0.6, 60, 30);
  EXPECT_THAT(tier.decide(60), near(1e-9, {0.5, 0.5}));
  EXPECT_THAT(tier.decide(90), near(1e-9, {0.5, 0.5})) << "its sample knows nothing of the new shares";
}

TEST(Proportions, OfCapacityThatIsNoNumberAboveZeroCountReplicas) {
  for (const double odd : {0.0, -1.0, std::nan("")}) {
    Tier tier{Algorithm::Capacity};
    tier.candidates[0].capacity = odd;
    EXPECT_THAT(tier.decide(0), near(1e-9, {0.5, 0.5})) << odd;
  }
}

TEST(Proportions, AreInTheRecordWhereSeveralHaveReadings) {
  Tier tier{Algorithm::FastestResponse, 3};
  tier.candidates[0].latency = value(0.1, 0);
  tier.candidates[1].latency = value(0.3, 0);
  tier.candidates[2].tier = 1;
  tier.candidates[2].latency = value(0.3, 0);
  (void)tier.decide(0);
  ASSERT_EQ(tier.steps[0].size(), 1U);
  EXPECT_EQ(tier.steps[0].front().step, std::string{"Balance"});
  EXPECT_NEAR(*tier.steps[0].front().weight, 75, 1e-9);
  EXPECT_NEAR(*tier.steps[0].front().value, 1, 1e-9);
  EXPECT_NEAR(*tier.steps[1].front().weight, 25, 1e-9);
  EXPECT_THAT(tier.steps[2], IsEmpty()) << "alone in its tier";

  Tier unread{Algorithm::FastestResponse};
  (void)unread.decide(0);
  EXPECT_THAT(unread.steps, Each(IsEmpty()));
}

TEST(Proportions, MoveAStepAtATime) {
  Tier tier{Algorithm::FastestResponse};
  tier.balancing.max_step_percent = 10;
  tier.candidates[0].latency = value(0.1, 0);
  tier.candidates[1].latency = value(0.9, 0);
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.6, 0.4}));
  EXPECT_THAT(tier.decide(29), near(1e-9, {0.6, 0.4}));
  EXPECT_THAT(tier.decide(30), near(1e-9, {0.7, 0.3}));
  EXPECT_THAT(tier.decide(86'400), near(1e-9, {0.8, 0.2})) << "a jump of the clock is one step";
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.8, 0.2})) << "time that runs backwards is none";
}

TEST(Proportions, WaitUntilSharesMayMakeAStep) {
  Tier tier{Algorithm::FastestResponse};
  tier.candidates[0].latency = value(0.1, 0);
  tier.candidates[1].latency = value(0.9, 0);
  tier.shifted = at(0);
  EXPECT_THAT(tier.decide(29), near(1e-9, {0.5, 0.5})) << "readings do not know the last step yet";
  EXPECT_THAT(tier.decide(30), near(1e-9, {0.9, 0.1}));
}

TEST(Proportions, LeaveSmallGapsAlone) {
  Tier tier{Algorithm::FastestResponse};
  tier.candidates[0].latency = value(0.100, 0);
  tier.candidates[1].latency = value(0.107, 0);
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.5, 0.5}));
  EXPECT_THAT(tier.tiers.front().stepped, testing::Eq(std::nullopt)) << "a step not made changes nothing";
  tier.candidates[1].latency = value(0.110, 10);
  EXPECT_GT(tier.decide(10).front(), 0.52);
}

/// One of 8 belongs at 1 / 50 and is at 0; the others are nearer to where they belong.
TEST(Proportions, MakeAStepOverTwoPoints) {
  Tier tier{Algorithm::Capacity, 8};
  for (std::size_t i = 0; i < 8; ++i) {
    tier.candidates[i].ready = i == 0 ? 1 : 7;
    tier.memories[i].proportion = i == 0 ? 0.0 : 1.0 / 7;
  }
  EXPECT_NEAR(tier.decide(0).front(), 0.02, 1e-12);
}

TEST(Gain, HalvesOnATurnAndGrowsOtherwise) {
  Tier tier{Algorithm::FastestResponse};
  const auto step = [&](double first, double second, std::int64_t time) {
    tier.candidates[0].latency = value(first, time, 30);
    tier.candidates[1].latency = value(second, time, 30);
    return tier.decide(time).front();
  };
  EXPECT_NEAR(step(0.1, 0.3, 0), 0.75, 1e-9);
  EXPECT_NEAR(step(0.3, 0.1, 30), 0.25, 1e-9);
  EXPECT_NEAR(tier.tiers.front().gain, 0.5, 1e-9);
  EXPECT_NEAR(step(0.1, 0.3, 60), 0.5, 1e-9);
  EXPECT_NEAR(tier.tiers.front().gain, 0.25, 1e-9);
  EXPECT_NEAR(step(0.1, 0.3, 90), 0.5625, 1e-9);
  EXPECT_NEAR(tier.tiers.front().gain, 0.3, 1e-9);
}

/// Three equal backends whose latencies say that the share has to go on round the circle, a third at a time.
TEST(Gain, FadesWhereStepsTurnAside) {
  Tier tier{Algorithm::FastestResponse, 3};
  for (int i = 0; i < 12; ++i) {
    for (int b = 0; b < 3; ++b) {
      // A fifth of a turn each step: each turns aside by 72 degrees, and none turns back.
      const double angle = i * 2 * M_PI / 5 + b * 2 * M_PI / 3;
      tier.candidates[static_cast<std::size_t>(b)].latency = value(1 / (1 + 0.5 * std::cos(angle)), i * 30);
    }
    (void)tier.decide(i * 30);
  }
  EXPECT_LT(tier.tiers.front().gain, 0.5);
}

TEST(Gain, AStepAtARightAngleTurnsAsideAndNotBack) {
  Tier tier{Algorithm::Capacity, 4};
  const std::vector<std::int32_t> ready = {5, 5, 7, 3};
  const std::vector<double> last = {0.1, -0.1, 0, 0};
  for (std::size_t i = 0; i < 4; ++i) {
    tier.candidates[i].ready = ready[i];
    tier.memories[i].proportion = 0.25;
    tier.memories[i].last_step = last[i];
  }
  (void)tier.decide(0);
  EXPECT_NEAR(tier.tiers.front().gain, 0.9, 1e-12);
}

/// Of three the first goes on as before, the others turn back.
/// @param first  points that it has of the tier's 100; by its proportion it would be 60.
/// @param tier_share  percent of all traffic that the tier has.
double gain_where_two_turn(double first, double tier_share = 100) {
  Tier tier{Algorithm::Capacity, 3};
  const std::vector<std::int32_t> ready = {16, 1, 3};
  const std::vector<double> proportion = {0.6, 0.2, 0.2};
  const std::vector<double> last = {0.5, 0.05, 0.05};
  for (std::size_t i = 0; i < 3; ++i) {
    tier.candidates[i].ready = ready[i];
    tier.candidates[i].set_share = (i == 0 ? first : (100 - first) / 2) * tier_share / 100;
    tier.memories[i].proportion = proportion[i];
    tier.memories[i].last_step = last[i];
  }
  (void)tier.decide(0);
  return tier.tiers.front().gain;
}

TEST(Gain, IsNotToldByOneWhoseShareDoesNotFollow) {
  EXPECT_NEAR(gain_where_two_turn(20), 0.5, 1e-12) << "it has a third of what its readings ask for";
  EXPECT_NEAR(gain_where_two_turn(44), 0.5, 1e-12);
  EXPECT_NEAR(gain_where_two_turn(46), 0.9, 1e-12) << "its way is most of the way";
  EXPECT_NEAR(gain_where_two_turn(46, 50), 0.9, 1e-12) << "of what the tier has";
  EXPECT_NEAR(gain_where_two_turn(44, 50), 0.5, 1e-12);
  EXPECT_NEAR(gain_where_two_turn(std::numeric_limits<double>::quiet_NaN()), 0.9, 1e-12);
}

/// A step of that circle turns by 20 degrees only, but a window of the readings holds twelve of them.
TEST(Gain, FadesWhereManyStepsOfAWindowGoRoundInACircle) {
  Tier tier{Algorithm::FastestResponse, 3};
  tier.balancing.step = seconds{5};
  tier.tiers = {{.tier = 0, .gain = 0.2}};
  for (int i = 0; i < 36; ++i) {
    for (int b = 0; b < 3; ++b) {
      const double angle = i * 2 * M_PI / 18 + b * 2 * M_PI / 3;
      tier.candidates[static_cast<std::size_t>(b)].latency =
          value(1 / (1 + 0.9 * std::cos(angle)), i * 5, 60);
    }
    (void)tier.decide(i * 5);
  }
  EXPECT_LT(tier.tiers.front().gain, 0.1);
}

TEST(Gain, DoublesOnceStepsHaveGoneTheSameWayForThreeWindows) {
  Tier tier{Algorithm::FastestResponse};
  tier.tiers = {{.tier = 0, .gain = 0.02, .stepped = at(-30), .turned = at(0)}};
  tier.candidates[0].latency = value(0.1, 0, 30);
  tier.candidates[1].latency = value(0.9, 0, 30);
  const auto gain_after = [&](std::int64_t time) {
    (void)tier.decide(time);
    return tier.tiers.front().gain;
  };
  double gain = 0.02;
  for (const int time : {0, 30, 60, 90}) {
    gain *= 1.2;
    EXPECT_NEAR(gain_after(time), gain, 1e-9) << time;
  }
  EXPECT_NEAR(gain_after(120), 2 * gain, 1e-9);
  // Whoever turns back begins anew.
  tier.candidates[0].latency = value(1000, 150, 30);
  tier.candidates[1].latency = value(0.001, 150, 30);
  EXPECT_NEAR(gain_after(150), gain, 1e-9) << "half of it";
  EXPECT_NEAR(gain_after(180), 1.2 * gain, 1e-9);
}

TEST(Gain, GrowsWhereThreeGoOnTheSameWay) {
  Tier tier{Algorithm::FastestResponse, 3};
  tier.tiers = {{.tier = 0, .gain = 0.1}};
  tier.candidates[0].latency = value(0.1, 0, 30);
  tier.candidates[1].latency = value(0.2, 0, 30);
  tier.candidates[2].latency = value(0.3, 0, 30);
  for (int i = 0; i < 3; ++i) (void)tier.decide(30 * i);
  EXPECT_NEAR(tier.tiers.front().gain, 0.1 * 1.2 * 1.2 * 1.2, 1e-9);
}

TEST(Gain, GrowsOnceInAWindowOfItsReadingsHoweverManyStepsThereAre) {
  Tier tier{Algorithm::FastestResponse};
  tier.balancing.step = seconds{5};
  tier.tiers = {{.tier = 0, .gain = 0.1, .stepped = at(0)}};
  tier.candidates[0].latency = value(0.1, 0, 60);
  tier.candidates[1].latency = value(0.9, 0, 20);
  for (int time = 5; time <= 60; time += 5) (void)tier.decide(time);
  EXPECT_NEAR(tier.tiers.front().gain, 0.1 * 1.2, 1e-9);
  (void)tier.decide(300);
  EXPECT_NEAR(tier.tiers.front().gain, 0.1 * 1.2 * 1.2, 1e-9) << "once for a step, however long it took";
}

TEST(Gain, OfCapacityWaitsForNoReading) {
  Tier tier{Algorithm::Capacity};
  tier.balancing.step = seconds{5};
  tier.tiers = {{.tier = 0, .gain = 0.1, .stepped = at(0)}};
  tier.candidates[0].ready = 36;
  tier.candidates[0].utilization = value(0.5, 0, 60);
  (void)tier.decide(5);
  EXPECT_NEAR(tier.tiers.front().gain, 0.1 * 1.2, 1e-9);
}

TEST(Gain, StaysWithinItsBounds) {
  Tier tier{Algorithm::FastestResponse};
  for (int i = 0; i < 60; ++i) {
    const bool odd = i % 2 == 1;
    tier.candidates[0].latency = value(odd ? 1e-3 : 1e3, i * 30);
    tier.candidates[1].latency = value(odd ? 1e3 : 1e-3, i * 30);
    (void)tier.decide(i * 30);
    EXPECT_GE(tier.tiers.front().gain, 1.0 / 64);
    EXPECT_LE(tier.tiers.front().gain, 1);
  }
}

TEST(Gain, ThatHasBeenHalvedStopsNobodyShortOfWhereHeBelongs) {
  Tier tier{Algorithm::FastestResponse};
  tier.candidates[0].latency = value(0.1, 0);
  tier.candidates[1].latency = value(0.15, 0);
  (void)tier.decide(0);
  tier.tiers.front().gain = 1.0 / 64;
  tier.candidates[0].latency = value(0.15, 30);
  tier.candidates[1].latency = value(0.1, 30);
  for (int i = 1; i < 60; ++i) (void)tier.decide(i * 30);
  // 0.4 is where it belongs: 20 points from where it was, of which a gain of 1/64 would make steps of 0.3.
  EXPECT_NEAR(tier.decide(60 * 30).front(), 0.4, 0.02);
}

TEST(Smoothing, FollowsTheTimeBetweenSamples) {
  Tier tier{Algorithm::LeastConnections};
  tier.balancing.smoothing = seconds{30};
  tier.candidates[0].connections = value(10, 0);
  (void)tier.decide(0);
  tier.candidates[0].connections = value(20, 30);
  (void)tier.decide(30);
  EXPECT_NEAR(tier.memories[0].connections->value, 10 + 10 * (1 - std::exp(-1)), 1e-9);
  (void)tier.decide(35);
  EXPECT_NEAR(tier.memories[0].connections->value, 10 + 10 * (1 - std::exp(-1)), 1e-9)
      << "one sample counts once";
}

TEST(AverageShare, WeighsByTime) {
  BalancingMemory memory;
  memory.shares = {{at(0), 10}, {at(60), 40}, {at(90), 70}};
  EXPECT_NEAR(average_share(memory, at(120), seconds{60}), (30 * 40 + 30 * 70) / 60.0, 1e-9);
  EXPECT_NEAR(average_share(memory, at(120), seconds{30}), 70, 1e-9);
  EXPECT_NEAR(average_share(memory, at(75), seconds{30}), 25, 1e-9);
  EXPECT_NEAR(average_share(memory, at(120), seconds{240}), (180 * 10 + 30 * 40 + 30 * 70) / 240.0, 1e-9);
  EXPECT_NEAR(average_share(memory, at(-5), seconds{30}), 10, 1e-9);
}

TEST(AverageShare, KeepsItsMeanWhenTheRecordIsFull) {
  Tier tier{Algorithm::LeastUtilization};
  double integral = 0;
  for (int i = 0; i < 20; ++i) {
    tier.candidates[0].observed_share = i % 2 == 0 ? 40 : 60;
    integral += 5 * *tier.candidates[0].observed_share;
    (void)tier.decide(i * 5);
  }
  EXPECT_LE(tier.memories[0].shares.size(), BalancingMemory::kMaxShares);
  EXPECT_NEAR(average_share(tier.memories[0], at(100), seconds{100}), integral / 100, 1e-6);
}

TEST(Members, ThatAreNotEligibleComeBackAsOneOfThem) {
  Tier tier{Algorithm::FastestResponse, 3};
  tier.candidates[2].eligible = false;
  tier.candidates[0].latency = value(0.1, 0);
  tier.candidates[1].latency = value(0.1, 0);
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.5, 0.5, 0.5}));
  tier.candidates[2].eligible = true;
  EXPECT_THAT(tier.decide(30), near(1e-9, {1.0 / 3, 1.0 / 3, 1.0 / 3}));
}

TEST(Observe, StartsFromTheSharesThatAreSetAndRecordsNoStep) {
  Tier tier{Algorithm::FastestResponse};
  tier.observe = true;
  tier.balancing.max_step_percent = 10;
  tier.candidates[0].latency = value(0.1, 0);
  tier.candidates[1].latency = value(0.9, 0);
  EXPECT_THAT(tier.decide(0), near(1e-9, {0.6, 0.4}));
  EXPECT_THAT(tier.decide(300), near(1e-9, {0.6, 0.4}));
}

TEST(Nonsense, LeavesFiniteProportions) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  for (const auto algorithm : {Algorithm::LeastConnections,
                               Algorithm::FastestResponse,
                               Algorithm::LeastUtilization,
                               Algorithm::Capacity}) {
    for (const double odd : {kNan, kInf, -kInf, 1e300, -1e300, 0.0, 5e-324}) {
      Tier tier{algorithm, 3};
      auto& first = tier.candidates.front();
      first.connections = first.latency = first.errors = first.utilization = value(odd, 0);
      first.capacity = odd;
      first.set_share = odd;
      first.observed_share = odd;
      for (const int time : {0, 30, 60}) {
        const auto result = tier.decide(time);
        for (const double proportion : result)
          EXPECT_TRUE(std::isfinite(proportion) && proportion >= 0) << odd;
        EXPECT_GT(std::accumulate(result.begin(), result.end(), 0.0), 0) << odd;
      }
    }
  }
}

/// A tier in a closed loop: readings follow shares by `reading(share, index)`, shares follow proportions at
/// once. @return the shares after every decision.
std::vector<std::vector<double>> run_loop(Tier& tier,
                                          const std::function<double(double, std::size_t)>& reading,
                                          std::optional<BackendValue> Candidate::* place,
                                          int decisions) {
  std::vector<std::vector<double>> history;
  for (int i = 0; i < decisions; ++i) {
    for (std::size_t b = 0; b < tier.candidates.size(); ++b) {
      auto& candidate = tier.candidates[b];
      candidate.*place = value(reading(candidate.set_share / 100, b), i * 10, 30);
      candidate.observed_share = candidate.set_share;
    }
    auto shares = tier.decide(i * 10);
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (std::size_t b = 0; b < shares.size(); ++b) {
      tier.candidates[b].set_share = std::clamp(shares[b] / sum, 0.01, 1.0) * 100;
    }
    history.push_back(shares);
  }
  return history;
}

void expect_rest(const std::vector<std::vector<double>>& history) {
  for (std::size_t i = history.size() - 50; i < history.size(); ++i) {
    EXPECT_THAT(history[i], near(1e-9, history.back())) << i;
  }
}

TEST(ClosedLoop, TwoEqualBackendsDoNotSwingForEver) {
  Tier tier{Algorithm::LeastConnections};
  tier.candidates[0].set_share = 90;
  tier.candidates[1].set_share = 10;
  tier.balancing.smoothing = seconds{30};
  tier.balancing.max_step_percent = 20;
  // Connections of a queue at 80 % of its capacity: steep.
  const auto queue = [](double share, std::size_t) {
    const double load = std::min(0.999, share * 1.6);
    return 4 * load / (1 - load);
  };
  const auto history = run_loop(tier, queue, &Candidate::connections, 400);
  expect_rest(history);
  EXPECT_NEAR(history.back().front(), 0.5, 0.1);
}

TEST(ClosedLoop, ALessEfficientBackendIsNotStarved) {
  Tier tier{Algorithm::LeastUtilization};
  tier.balancing.smoothing = seconds{30};
  tier.balancing.max_step_percent = 20;
  const auto cost = [](double share, std::size_t b) { return share * (b == 0 ? 1.2 : 1.0) * 1.5; };
  const auto history = run_loop(tier, cost, &Candidate::utilization, 400);
  expect_rest(history);
  EXPECT_NEAR(history.back().front(), 1 / 2.2, 0.03);
}

}  // namespace
}  // namespace evenkeel::balancing
