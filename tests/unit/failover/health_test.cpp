#include "evenkeel/failover/health.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clinic.hpp"

namespace evenkeel::failover {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;

TEST(Expected, FollowsGrowthOnlyOnceItIsReadyAndAShrinkAtOnce) {
  Clinic clinic{2};
  auto& blue = clinic.seen[0];
  const auto expected = [&](std::int32_t declared, std::int32_t ready, std::int64_t time) {
    blue.declared_replicas = declared;
    blue.ready = ready;
    return clinic.look(time).backends[0].expected;
  };
  EXPECT_EQ(expected(4, 0, 0), 1);
  EXPECT_EQ(expected(4, 3, 1), 3);
  EXPECT_EQ(expected(8, 3, 2), 3) << "growing makes nobody unfit";
  EXPECT_EQ(expected(8, 8, 3), 8);
  EXPECT_EQ(expected(8, 5, 4), 8) << "a loss is not normal";
  EXPECT_EQ(expected(6, 5, 5), 6) << "what was given up is not missed";
  EXPECT_EQ(expected(6, 9, 6), 6) << "surge pods are not expected to stay";
  EXPECT_EQ(expected(0, 0, 7), 0);
}

TEST(Expected, IsInTheRecordWhereEndpointsAreMissing) {
  Clinic clinic{2};
  clinic.look(0);
  clinic.seen[0].ready = 3;
  const auto& backends = clinic.look(1).backends;
  EXPECT_TRUE(backends[0].missing_endpoints);
  EXPECT_FALSE(backends[1].missing_endpoints);
  ASSERT_FALSE(backends[0].steps.empty());
  EXPECT_EQ(backends[0].steps.front().step, std::string{"Expected"});
  for (const auto& step : backends[1].steps) EXPECT_NE(step.step, std::string{"Expected"});
}

TEST(Fitness, AsleepIsWhoWasNeverReadyOrIsAtZeroByUs) {
  Clinic clinic{2};
  auto& blue = clinic.seen[0];
  blue.ready = 0;
  clinic.look(0);
  EXPECT_EQ(clinic.fitness(0), Fitness::Asleep);
  blue.ready = 4;
  clinic.look(1);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
  blue.ready = 0;
  clinic.look(2);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit);
  blue.declared_replicas = 0;
  blue.at_zero_by_us = true;
  clinic.look(3);
  EXPECT_EQ(clinic.fitness(0), Fitness::Asleep);
  blue.declared_replicas = 1;
  blue.at_zero_by_us = false;
  clinic.look(4);
  EXPECT_EQ(clinic.fitness(0), Fitness::Asleep) << "it is being woken";
  blue.declared_replicas = 0;
  blue.switched_off = true;
  clinic.look(5);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit);
}

TEST(Fitness, MinReadyPercentCountsExpectedEndpoints) {
  Clinic clinic{2};
  clinic.health.min_ready_percent = 75;
  clinic.look(0);
  clinic.seen[0].ready = 3;
  clinic.look(1);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
  clinic.seen[0].ready = 2;
  clinic.look(2);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit);
}
TEST(Flapping, MakesTheReturnWaitFromTheSecondLossOn) {
  Clinic clinic{2};
  auto& blue = clinic.seen[0];
  const auto ready = [&](std::int32_t count, std::int64_t time) {
    blue.ready = count;
    clinic.look(time);
    return clinic.fitness(0) == Fitness::Eligible;
  };
  EXPECT_TRUE(ready(4, 0));
  EXPECT_FALSE(ready(0, 10));
  EXPECT_TRUE(ready(4, 20)) << "the first loss costs nothing";
  EXPECT_FALSE(ready(0, 30));
  EXPECT_FALSE(ready(4, 40));
  EXPECT_TRUE(clinic.outcome.backends[0].ejected);
  EXPECT_EQ(clinic.outcome.backends[0].ejected_until, at(70));
  EXPECT_FALSE(ready(4, 69));
  EXPECT_TRUE(ready(4, 70));
  EXPECT_FALSE(ready(0, 80));
  EXPECT_FALSE(ready(4, 149)) << "counted from the return";
  EXPECT_FALSE(ready(4, 208));
  EXPECT_TRUE(ready(4, 209));
  EXPECT_FALSE(ready(0, 1000));
  EXPECT_TRUE(ready(4, 1001)) << "ten minutes later it is a first loss again";
}

TEST(Flapping, CountsSixLossesAtMost) {
  Clinic clinic{2};
  clinic.health.ejection.base = std::chrono::seconds{1};
  auto& blue = clinic.seen[0];
  for (int loss = 0; loss < 8; ++loss) {
    blue.ready = 4;
    clinic.look(loss * 20);
    blue.ready = 0;
    clinic.look(loss * 20 + 10);
  }
  blue.ready = 4;
  clinic.look(200);
  EXPECT_EQ(clinic.outcome.backends[0].ejected_until, at(216)) << "the sixth: 1 s x 2^4";
}

TEST(Flapping, NeedsLossesThatLieTogetherWhateverIsInMemory) {
  Clinic clinic{2};
  clinic.look(0);
  clinic.memories[0].losses = {at(100), at(5000)};
  clinic.memories[0].returned = at(5000);
  clinic.look(5001);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
  clinic.memories[0].losses = {at(4900), at(5000)};
  clinic.look(5002);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit);
}

TEST(Flapping, LossesThatDoNotCountAreForgotten) {
  // What is very old is remembered as equally old: two single losses would become two in a row.
  Clinic clinic{2};
  clinic.look(0);
  clinic.memories[0].losses = {at(100), at(5000)};
  clinic.look(5001);
  EXPECT_THAT(clinic.memories[0].losses, testing::ElementsAre(at(5000)));
}

TEST(Flapping, DuringAnEjectionTheLaterEndCounts) {
  Clinic clinic{2};
  clinic.sicken(0, 20);
  EXPECT_EQ(clinic.outcome.backends[0].ejected_until, at(50));
  auto& blue = clinic.seen[0];
  for (const int time : {30, 32}) {
    blue.ready = 0;
    clinic.look(time);
    blue.ready = 4;
    clinic.look(time + 1);
  }
  EXPECT_EQ(clinic.outcome.backends[0].ejected_until, at(63)) << "30 s from the return at 33";
  clinic.look(62);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit);
  clinic.look(63);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
}

TEST(Flapping, IsNotWhatWeScaledDownOurselves) {
  Clinic clinic{2};
  auto& blue = clinic.seen[0];
  for (int round = 0; round < 4; ++round) {
    blue.ready = 4;
    blue.at_zero_by_us = false;
    clinic.look(round * 20);
    EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
    blue.ready = 0;
    blue.at_zero_by_us = true;
    clinic.look(round * 20 + 10);
  }
}

TEST(Drill, TakesTheEndpointsAwayAsLongAsSomebodyElseIsEligible) {
  Clinic clinic{2};
  clinic.seen[0].drill = true;
  clinic.look(0);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit);
  EXPECT_EQ(clinic.outcome.backends[0].ready, 0);
  clinic.seen[1].ready = 0;
  clinic.look(1);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
  EXPECT_THAT(clinic.events, IsSupersetOf({std::string{"DrillRefused"}}));
  clinic.look(2);
  EXPECT_THAT(clinic.events, IsEmpty());
}

TEST(Drill, OfEverybodyLeavesOne) {
  Clinic clinic{2};
  for (auto& seen : clinic.seen) seen.drill = true;
  clinic.look(0);
  EXPECT_THAT(clinic.fitnesses(), ElementsAre(Fitness::Unfit, Fitness::Eligible));
}

TEST(Waivers, GoInOrder) {
  Clinic clinic{2};
  clinic.health.min_ready_percent = 80;
  clinic.failover.panic_percent = 0;
  clinic.look(0);
  clinic.seen[0].ready = 2;
  clinic.seen[1].draining = true;
  clinic.look(1);
  EXPECT_THAT(clinic.fitnesses(), ElementsAre(Fitness::Eligible, Fitness::Out))
      << "minReadyPercent before drain";
  clinic.seen[0].ready = 0;
  clinic.look(2);
  EXPECT_THAT(clinic.fitnesses(), ElementsAre(Fitness::Unfit, Fitness::Eligible));
  EXPECT_THAT(clinic.events, ElementsAre("DrainSuspended"));
  EXPECT_FALSE(clinic.outcome.backends[1].draining);
  clinic.look(3);
  EXPECT_THAT(clinic.events, IsEmpty());
  clinic.seen[0].ready = 4;
  clinic.look(4);
  EXPECT_EQ(clinic.fitness(1), Fitness::Out);
}

/// a waits after a flap, b is below its minimum, c is ejected, d is drained: one after the other is let in,
/// as those before it lose their endpoints.
TEST(Waivers, LetInNoMoreThanNeeded) {
  Clinic clinic{4};
  clinic.failover.panic_percent = 0;
  clinic.health.min_ready_percent = 80;
  clinic.sicken(2, 20);
  for (const int time : {21, 23}) {
    clinic.seen[0].ready = 0;
    clinic.look(time);
    clinic.seen[0].ready = 4;
    clinic.look(time + 1);
  }
  clinic.seen[1].ready = 3;
  clinic.seen[3].draining = true;
  using F = Fitness;
  clinic.look(25);
  EXPECT_THAT(clinic.fitnesses(), ElementsAre(F::Eligible, F::Unfit, F::Unfit, F::Out));
  clinic.seen[0].ready = 0;
  clinic.look(26);
  EXPECT_THAT(clinic.fitnesses(), ElementsAre(F::Unfit, F::Eligible, F::Unfit, F::Out));
  clinic.seen[1].ready = 0;
  clinic.look(27);
  EXPECT_THAT(clinic.fitnesses(), ElementsAre(F::Unfit, F::Unfit, F::Eligible, F::Out));
  clinic.seen[2].ready = 0;
  clinic.look(28);
  EXPECT_THAT(clinic.fitnesses(), ElementsAre(F::Unfit, F::Unfit, F::Unfit, F::Eligible));
}

TEST(Waivers, AnEjectionIsIgnoredWhenNobodyElseIsLeft) {
  Clinic clinic{2};
  clinic.sicken(0, 20);
  ASSERT_EQ(clinic.fitness(0), Fitness::Unfit);
  clinic.seen[1].ready = 0;
  clinic.look(21);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
  EXPECT_FALSE(clinic.outcome.backends[0].ejected);
  clinic.seen[1].ready = 4;
  clinic.look(22);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit) << "its time runs all the same";
}

TEST(Waivers, DeclaredWeightZeroIsNeverWaived) {
  Clinic clinic{2};
  clinic.seen[0].ready = 0;
  clinic.seen[1].takes_part = false;
  clinic.look(0);
  EXPECT_EQ(clinic.fitness(1), Fitness::Out);
}

TEST(Panic, IgnoresEjectionWhereTooLittleIsLeft) {
  Clinic clinic{3};
  clinic.sicken(0, 20);
  ASSERT_EQ(clinic.fitness(0), Fitness::Unfit);
  clinic.demand = 12;
  clinic.seen[1].ready = 1;
  clinic.seen[2].ready = 0;
  clinic.look(21);
  EXPECT_TRUE(clinic.outcome.panic);
  EXPECT_THAT(clinic.events, ElementsAre("Panic"));
  EXPECT_THAT(clinic.fitnesses(), ElementsAre(Fitness::Eligible, Fitness::Eligible, Fitness::Unfit));
  clinic.demand = 5;
  clinic.look(22);
  EXPECT_FALSE(clinic.outcome.panic) << "what is left carries the demand";
  EXPECT_THAT(clinic.events, ElementsAre("PanicEnded"));
  clinic.demand.reset();
  clinic.look(23);
  EXPECT_TRUE(clinic.outcome.panic) << "unknown demand may be any";
}

TEST(Panic, SuspendsNoDrain) {
  Clinic clinic{3};
  clinic.look(0);
  clinic.demand = 12;
  clinic.seen[0].ready = 1;
  clinic.seen[1].ready = 0;
  clinic.seen[2].draining = true;
  clinic.look(1);
  EXPECT_TRUE(clinic.outcome.panic);
  EXPECT_THAT(clinic.fitnesses(), ElementsAre(Fitness::Eligible, Fitness::Unfit, Fitness::Out));
}

TEST(Panic, BeginsBelowItsPercentAndBelowTheDemand) {
  Clinic clinic{2};
  clinic.look(0);
  clinic.demand = 5;
  clinic.seen[0].ready = 0;
  EXPECT_FALSE(clinic.look(1).panic) << "half of them is not less than half";
  clinic.seen[1].ready = 3;
  EXPECT_TRUE(clinic.look(2).panic);
  clinic.demand = 3;
  EXPECT_FALSE(clinic.look(3).panic) << "3 carry 3";
}

TEST(Panic, CountsWhoTakesPartAndWhatIsACapacity) {
  Clinic clinic{4};
  clinic.seen[2].takes_part = false;
  clinic.seen[3].ready = 0;
  clinic.look(0);
  ASSERT_EQ(clinic.fitness(3), Fitness::Asleep);
  clinic.seen[0].ready = 0;
  clinic.seen[1].ready = 3;
  clinic.demand = 2;
  EXPECT_FALSE(clinic.look(1).panic) << "3 carry 2";
  for (const double odd : {std::numeric_limits<double>::infinity(), -1.0, 0.0}) {
    clinic.seen[1].capacity = odd;
    EXPECT_TRUE(clinic.look(2).panic) << "3 of 8, which carry nothing: " << odd;
  }
}

TEST(Panic, AsleepMissesNothing) {
  Clinic clinic{3};
  clinic.demand.reset();
  clinic.seen[1].ready = clinic.seen[2].ready = 0;
  clinic.seen[0].ready = clinic.seen[0].declared_replicas.emplace(1);
  clinic.look(0);
  EXPECT_FALSE(clinic.outcome.panic) << "one of one is there, and two have yet to come";
}

TEST(Panic, NeedsSomethingExpected) {
  Clinic clinic{2};
  clinic.demand.reset();
  for (auto& seen : clinic.seen) {
    seen.ready = 0;
    seen.declared_replicas = 0;
    seen.switched_off = true;
  }
  clinic.look(0);
  EXPECT_FALSE(clinic.outcome.panic);
}

TEST(SlowStartBegins, WhenABackendHasBecomeEligible) {
  Clinic clinic{2};
  clinic.seen[0].ready = 0;
  clinic.look(0);
  clinic.seen[0].ready = 4;
  EXPECT_EQ(clinic.look(10).backends[0].eligible_since, at(10));
  EXPECT_EQ(clinic.look(69).backends[0].eligible_since, at(10));
  EXPECT_EQ(clinic.look(70).backends[0].eligible_since, std::nullopt);
}

TEST(Redate, PutsRightWhatAnybodyMayHaveWritten) {
  HealthMemory memory;
  memory.losses.assign(50, at(900));
  memory.losses.back() = at(3);
  memory.streaks.resize(50);
  memory.streaks[0].counted = memory.streaks[1].counted = at(900);
  memory.ejected = memory.returned = memory.probation = memory.last_bad = memory.eligible_since = at(900);
  redate(memory, at(10));
  EXPECT_EQ(memory.losses.size(), HealthMemory::kMaxLosses);
  EXPECT_THAT(memory.losses, testing::Each(at(10)));
  EXPECT_EQ(memory.streaks.size(), HealthMemory::kMaxStreaks);
  EXPECT_EQ(memory.streaks[0].counted, at(10));
  for (const auto& moment :
       {memory.ejected, memory.returned, memory.probation, memory.last_bad, memory.eligible_since}) {
    EXPECT_EQ(moment, at(10));
  }
}

}  // namespace
}  // namespace evenkeel::failover
