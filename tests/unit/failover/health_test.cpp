#include "evenkeel/failover/health.hpp"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evenkeel::failover {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;

WallTime at(std::int64_t time) {
  return WallTime{seconds{1'767'225'600 + time}};
}

Verdict bad(std::int64_t sampled, double severity = 1) {
  return {.signal = 7,
          .bad = true,
          .severity = severity,
          .time = at(sampled),
          .text = "errors 0.2 is above 0.05"};
}
Verdict good(std::int64_t sampled) {
  return {.signal = 7, .time = at(sampled)};
}

/// A service over time: what assess_health() makes of its backends.
class Clinic {
 public:
  explicit Clinic(int backends) {
    for (int i = 0; i < backends; ++i) {
      seen.push_back(
          {.name = std::string(1, static_cast<char>('a' + i)), .ready = 4, .declared_replicas = 4});
    }
    memories.resize(seen.size());
    health.ejection.max_ejected_percent = 50;
  }

  const HealthOutcome& look(std::int64_t time) {
    const HealthInput input{.backends = seen,
                            .health = health,
                            .failover = failover,
                            .longest_slow_start = seconds{60},
                            .demand = demand,
                            .frozen = frozen,
                            .first_sight = false,
                            .now = at(time)};
    for (auto& memory : memories) redate(memory, at(time));
    outcome = assess_health(input, memories, service);
    events.clear();
    for (const auto& event : outcome.events) events.push_back(event.reason);
    const auto before = memories;
    const auto again = assess_health(input, memories, service);
    EXPECT_THAT(again.events, IsEmpty()) << "deciding again changes nothing";
    EXPECT_EQ(memories, before) << "deciding again changes nothing";
    return outcome;
  }
  /// Bad readings of `who` every 10 s, `count` of them, the last at `time`.
  void sicken(std::size_t who, std::int64_t time, int count = 3) {
    for (int i = count - 1; i >= 0; --i) {
      seen[who].verdicts = {bad(time - i * 10)};
      look(time - i * 10);
    }
  }
  Fitness fitness(std::size_t who) const { return outcome.backends[who].fitness; }
  std::vector<Fitness> fitnesses() const {
    std::vector<Fitness> result;
    for (const auto& backend : outcome.backends) result.push_back(backend.fitness);
    return result;
  }

  std::vector<Observed> seen;
  std::vector<HealthMemory> memories;
  HealthServiceMemory service;
  api::Health health;
  api::Failover failover;
  std::optional<double> demand = 4;
  bool frozen = false;
  HealthOutcome outcome;
  std::vector<std::string> events;
};

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

TEST(EjectionOf, ABackendWithBadReadingsInARow) {
  Clinic clinic{2};
  clinic.sicken(0, 20, 2);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
  clinic.seen[0].verdicts = {bad(20)};
  clinic.look(25);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible) << "the same sample counts once";
  clinic.seen[0].verdicts = {bad(30)};
  clinic.look(30);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit);
  EXPECT_THAT(clinic.events, ElementsAre("Ejected"));
  EXPECT_TRUE(clinic.outcome.backends[0].ejected);
  EXPECT_EQ(clinic.outcome.backends[0].ejected_until, at(60));
  EXPECT_EQ(clinic.outcome.backends[0].ejections, 1);
}

TEST(EjectionOf, NobodyWhoIsGoodInBetween) {
  Clinic clinic{2};
  for (int round = 0; round < 5; ++round) {
    clinic.sicken(0, round * 100 + 10, 2);
    clinic.seen[0].verdicts = {};
    clinic.look(round * 100 + 15);
    clinic.seen[0].verdicts = {good(round * 100 + 20)};
    clinic.look(round * 100 + 20);
  }
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
}

TEST(EjectionOf, SamplesWithoutATimeCountOncePerWindow) {
  Clinic clinic{2};
  auto verdict = bad(0);
  verdict.time.reset();
  verdict.window = seconds{30};
  clinic.seen[0].verdicts = {verdict};
  for (const int time : {0, 10, 29, 30, 45}) clinic.look(time);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
  clinic.look(60);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit);
}

TEST(EjectionOf, TheWorstFirstThenByName) {
  Clinic clinic{4};
  for (const int time : {0, 10, 20}) {
    clinic.seen[0].verdicts = {bad(time, 1)};
    clinic.seen[1].verdicts = {bad(time, 3)};
    clinic.seen[2].verdicts = {bad(time, 1)};
    clinic.look(time);
  }
  using F = Fitness;
  EXPECT_THAT(clinic.fitnesses(), ElementsAre(F::Unfit, F::Unfit, F::Eligible, F::Eligible));
}

TEST(EjectionOf, TheQuotaIsRoundedDownButOneMayAlwaysGo) {
  Clinic three{3};
  for (const int time : {0, 10, 20}) {
    for (auto& seen : three.seen) seen.verdicts = {bad(time)};
    three.look(time);
  }
  EXPECT_THAT(three.fitnesses(), ElementsAre(Fitness::Unfit, Fitness::Eligible, Fitness::Eligible));

  Clinic tiers{2};
  tiers.seen[1].tier = 1;
  tiers.sicken(0, 20);
  EXPECT_EQ(tiers.fitness(0), Fitness::Unfit) << "a tier of one gives way to the next";
}

TEST(EjectionOf, NeverTheLastEligibleOne) {
  Clinic clinic{2};
  clinic.seen[1].ready = 0;
  clinic.sicken(0, 100, 10);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
  EXPECT_FALSE(clinic.outcome.backends[0].reason.empty());
}

TEST(EjectionOf, NobodyWhereTheRestWouldBeOverloaded) {
  Clinic clinic{2};
  clinic.demand = 9;  // The other carries 4, less than half.
  clinic.seen[0].verdicts = {bad(0)};
  clinic.look(0);
  clinic.seen[0].verdicts = {bad(10)};
  clinic.look(10);
  clinic.seen[0].verdicts = {bad(20)};
  clinic.look(20);
  EXPECT_THAT(clinic.events, ElementsAre("EjectionWouldOverload"));
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
  clinic.seen[0].verdicts = {bad(30)};
  clinic.look(30);
  EXPECT_THAT(clinic.events, IsEmpty()) << "told once";
  clinic.demand = 8;
  clinic.look(31);
  EXPECT_THAT(clinic.events, ElementsAre("Ejected"));
}

TEST(EjectionOf, NobodyWhileTheFleetBreakerIsOn) {
  Clinic clinic{2};
  clinic.frozen = true;
  clinic.sicken(0, 20, 5);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
}

TEST(EjectionTime, GrowsByTheFactorUpToTheMaximum) {
  const api::Ejection ejection{.base = seconds{30}, .factor = 2, .max = seconds{300}};
  EXPECT_EQ(ejection_time(ejection, 0), seconds{30});
  EXPECT_EQ(ejection_time(ejection, 1), seconds{60});
  EXPECT_EQ(ejection_time(ejection, 3), seconds{240});
  EXPECT_EQ(ejection_time(ejection, 4), seconds{300});
  EXPECT_EQ(ejection_time(ejection, 2'000'000'000), seconds{300});
  EXPECT_EQ(ejection_time({.base = seconds{50}, .factor = 1, .max = seconds{40}}, 9), seconds{40});
}

/// Backend a has been ejected at 20, for 30 s.
class Probation : public testing::Test {
 protected:
  Probation() { clinic.sicken(0, 20); }
  Clinic clinic{2};
};

TEST_F(Probation, FollowsAnEjectionAndEndsWithGoodReadings) {
  clinic.seen[0].verdicts = {good(49)};
  clinic.look(49);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit);
  clinic.look(50);
  EXPECT_THAT(clinic.events, ElementsAre("Reinstated"));
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
  EXPECT_TRUE(clinic.outcome.backends[0].on_probation);
  clinic.seen[0].verdicts = {good(60)};
  clinic.look(60);
  EXPECT_TRUE(clinic.outcome.backends[0].on_probation) << "readings of the ejection do not count";
  clinic.seen[0].verdicts = {good(70)};
  clinic.look(70);
  EXPECT_THAT(clinic.events, ElementsAre("ProbationEnded"));
  EXPECT_FALSE(clinic.outcome.backends[0].on_probation);
  EXPECT_EQ(clinic.outcome.backends[0].ejections, 0);
}

TEST_F(Probation, EndsWithoutReadingsAfterTheMaximum) {
  clinic.seen[0].verdicts = {};
  clinic.look(50);
  clinic.look(349);
  EXPECT_TRUE(clinic.outcome.backends[0].on_probation);
  clinic.look(350);
  EXPECT_FALSE(clinic.outcome.backends[0].on_probation);
}

TEST_F(Probation, AnotherEjectionLastsLonger) {
  clinic.look(50);
  clinic.sicken(0, 80);
  EXPECT_EQ(clinic.outcome.backends[0].ejected_until, at(140));
  EXPECT_EQ(clinic.outcome.backends[0].ejections, 2);
}

TEST_F(Probation, EveryQuietSpanForgivesOneMore) {
  clinic.look(50);
  clinic.sicken(0, 80);  // Until 140.
  clinic.seen[0].verdicts = {};
  clinic.look(140);
  clinic.look(440);
  EXPECT_EQ(clinic.outcome.backends[0].ejections, 1);
  clinic.look(739);
  EXPECT_EQ(clinic.outcome.backends[0].ejections, 1);
  clinic.look(740);
  EXPECT_EQ(clinic.outcome.backends[0].ejections, 0);
}

TEST_F(Probation, AClockThatRunsBackwardsMakesNothingShorter) {
  clinic.look(-1000);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit);
  clinic.look(-971);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit);
  clinic.look(-970);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
  clinic.look(86'400);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
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
