#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/failover/health.hpp"

#include "clinic.hpp"

namespace evenkeel::failover {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

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

TEST(EjectionOf, SamplesWithoutATimeOrAWindowCountOnceInAMinute) {
  Clinic clinic{2};
  auto verdict = bad(0);
  verdict.time.reset();
  verdict.window = seconds{0};
  clinic.seen[0].verdicts = {verdict};
  for (const int time : {0, 30, 60, 119}) clinic.look(time);
  EXPECT_EQ(clinic.fitness(0), Fitness::Eligible);
  clinic.look(120);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit);
}

/// A verdict of signal `signal`.
Verdict of(std::uint32_t signal, Verdict verdict) {
  verdict.signal = signal;
  return verdict;
}

TEST(EjectionOf, ManySignalsForgetsThoseThatHaveBeenBadForLeast) {
  Clinic clinic{2};
  clinic.seen[0].verdicts = {of(9, bad(0))};
  clinic.look(0);
  for (const int time : {10, 20}) {
    clinic.seen[0].verdicts = {of(9, bad(time))};
    for (const std::uint32_t other : {1U, 2U, 3U, 4U}) {
      clinic.seen[0].verdicts.push_back(of(other, time == 10 ? bad(time) : good(time)));
    }
    clinic.look(time);
  }
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit) << "9 has been bad three times";
}

TEST(EjectionOf, ManySignalsKeepsTheSameOfThoseThatAreEquallyBad) {
  Clinic clinic{2};
  for (const std::uint32_t signal : {5U, 4U, 3U, 2U, 1U}) {
    clinic.seen[0].verdicts.push_back(of(signal, bad(0)));
  }
  clinic.look(0);
  clinic.seen[0].verdicts = {of(1, bad(10))};
  clinic.look(10);
  clinic.seen[0].verdicts = {of(1, bad(20))};
  clinic.look(20);
  EXPECT_EQ(clinic.fitness(0), Fitness::Unfit);
}

TEST(EjectionOf, TheWorstFirstWhateverItsName) {
  Clinic clinic{4};
  for (const int time : {0, 10, 20}) {
    clinic.seen[0].verdicts = {bad(time, 1)};
    clinic.seen[1].verdicts = {bad(time, 3)};
    clinic.seen[2].verdicts = {bad(time, 2)};
    clinic.look(time);
  }
  using F = Fitness;
  EXPECT_THAT(clinic.fitnesses(), ElementsAre(F::Eligible, F::Unfit, F::Unfit, F::Eligible));
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

TEST(EjectionOf, NoMoreThanTheQuotaOfWhoTakesPartInTheTier) {
  for (const bool in_another_tier : {true, false}) {
    Clinic clinic{4};
    for (const std::size_t who : {2U, 3U}) {
      clinic.seen[who].tier = in_another_tier ? 1 : 0;
      clinic.seen[who].takes_part = in_another_tier;
    }
    for (const int time : {0, 10, 20}) {
      clinic.seen[0].verdicts = clinic.seen[1].verdicts = {bad(time)};
      clinic.look(time);
    }
    EXPECT_EQ(clinic.fitness(0), Fitness::Unfit) << in_another_tier;
    EXPECT_EQ(clinic.fitness(1), Fitness::Eligible) << "half of two is one";
  }
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
  EXPECT_EQ(ejection_time({.base = seconds{50}, .factor = 1, .max = seconds{60}}, 9), seconds{50});
  EXPECT_EQ(ejection_time({.base = seconds{150}, .factor = 2, .max = seconds{301}}, 1), seconds{300});
  EXPECT_EQ(ejection_time({.base = seconds{0}, .factor = 2, .max = seconds{300}}, 5), seconds{0});
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

/// More signals than streaks are kept of.
TEST_F(Probation, OfManySignalsEndsWhenAllHaveBeenGoodOftenEnough) {
  clinic.look(50);
  const auto all_good = [&](std::int64_t time, bool one_is_bad) {
    auto& verdicts = clinic.seen[0].verdicts;
    verdicts.clear();
    for (std::uint32_t signal = 1; signal <= 6; ++signal) {
      verdicts.push_back(good(time));
      verdicts.back().signal = signal;
    }
    verdicts.back().bad = one_is_bad;
    clinic.look(time);
    return clinic.outcome.backends[0].on_probation;
  };
  EXPECT_TRUE(all_good(60, false));
  EXPECT_TRUE(all_good(70, true));
  EXPECT_TRUE(all_good(80, false));
  EXPECT_FALSE(all_good(90, false))
      << "two in a row of those that are counted, and nothing bad of the others";
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

TEST_F(Probation, ABadReadingThatWasMeasuredDuringTheEjectionIsNoNews) {
  clinic.seen[0].verdicts = {bad(49)};
  clinic.look(49);
  for (const int time : {50, 60, 70, 349}) clinic.look(time);
  EXPECT_TRUE(clinic.outcome.backends[0].on_probation);
  clinic.look(350);
  EXPECT_FALSE(clinic.outcome.backends[0].on_probation) << "300 s without a bad reading that counts";
}

TEST_F(Probation, ABadReadingBeginsTheWaitAnew) {
  clinic.seen[0].verdicts = {};
  clinic.look(50);
  clinic.seen[0].verdicts = {bad(100)};
  clinic.look(100);
  clinic.seen[0].verdicts = {};
  clinic.look(399);
  EXPECT_TRUE(clinic.outcome.backends[0].on_probation);
  clinic.look(400);
  EXPECT_FALSE(clinic.outcome.backends[0].on_probation);
}

TEST_F(Probation, CountsWithItsShareWhereAnotherIsToBeEjected) {
  clinic.seen[0].verdicts = {};
  clinic.seen[0].set_share = 10;
  clinic.seen[1].set_share = 90;
  clinic.health.ejection.max_ejected_percent = 100;
  clinic.look(50);
  ASSERT_TRUE(clinic.outcome.backends[0].on_probation);
  clinic.sicken(1, 80);
  EXPECT_EQ(clinic.fitness(1), Fitness::Eligible) << "its 4 endpoints carry all, its share only a tenth";
  EXPECT_THAT(clinic.events, ElementsAre("EjectionWouldOverload"));
  clinic.seen[0].set_share = 50;
  clinic.look(81);
  EXPECT_EQ(clinic.fitness(1), Fitness::Unfit);
}

TEST_F(Probation, SamplesOfTheFutureCountAsOfNow) {
  clinic.seen[0].verdicts = {good(1000)};
  clinic.look(50);
  clinic.look(60);
  EXPECT_TRUE(clinic.outcome.backends[0].on_probation);
  clinic.look(70);
  EXPECT_FALSE(clinic.outcome.backends[0].on_probation);
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

}  // namespace
}  // namespace evenkeel::failover
