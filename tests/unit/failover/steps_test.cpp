#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "targets_rig.hpp"

/// The record of target shares: which rule made of a backend what it has.
namespace evenkeel::failover {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Steps = std::vector<std::pair<std::string, double>>;

/// Names and weights, these to a millionth of a percent.
Steps steps_of(const Targets& targets, std::size_t who) {
  Steps steps;
  for (const auto& step : targets.steps.at(who)) {
    steps.emplace_back(step.step, std::round(step.weight.value_or(-1) * 1e6) / 1e6);
  }
  return steps;
}

TEST(StepsOfTargets, OfOneBackendAreNone) {
  EXPECT_THAT(Service{}.decide({fit(0, 1)}, 4.0).steps, ElementsAre(IsEmpty()));
}

TEST(StepsOfTargets, NameTheProportionInsideTheLowestTier) {
  const auto targets = Service{}.decide({fit(0, 80), fit(0, 20), fit(1, 1)}, 4.0);
  EXPECT_EQ(steps_of(targets, 0), (Steps{{"Proportion", 80}, {"Target", 80}}));
  EXPECT_EQ(steps_of(targets, 1), (Steps{{"Proportion", 20}, {"Target", 20}}));
  EXPECT_EQ(steps_of(targets, 2), (Steps{{"Target", 0}}));
  const auto whole = Service{}.decide({fit(0, 1), fit(1, 1)}, 4.0);
  EXPECT_EQ(steps_of(whole, 0), (Steps{{"Target", 100}})) << "whoever has all needs no proportion";
}

TEST(StepsOfTargets, NameTheCapacityOfWhoHasAllThatItCarries) {
  const auto targets =
      Service{}.decide({fit(0, 1, 2, 4), fit(0, 1, 4, 4), fit(1, 1, 1, 1), fit(2, 1, 7, 7)}, 8.0);
  EXPECT_EQ(steps_of(targets, 0), (Steps{{"Proportion", 50}, {"Capacity", 25}, {"Target", 25}}));
  EXPECT_EQ(steps_of(targets, 1), (Steps{{"Proportion", 50}, {"Capacity", 50}, {"Target", 50}}));
  EXPECT_EQ(steps_of(targets, 2), (Steps{{"Capacity", 12.5}, {"Target", 12.5}}));
  EXPECT_EQ(steps_of(targets, 3), (Steps{{"Target", 12.5}})) << "it could carry 87.5";
  EXPECT_EQ(targets.steps[0][1].detail, "what its 2 ready endpoints can carry; value: what one carries");
  EXPECT_EQ(targets.steps[0][1].value, 1);
}

TEST(StepsOfTargets, NameTheCapacityOfAllThatItMayHave) {
  auto bounded = fit(0, 1, 4, 4);
  bounded.limit = 3;
  const auto targets = Service{}.decide({bounded, fit(0, 1, 9, 9)}, 8.0);
  EXPECT_EQ(steps_of(targets, 0), (Steps{{"Proportion", 50}, {"Capacity", 37.5}, {"Target", 37.5}}));
  EXPECT_EQ(targets.steps[0][1].detail,
            "what the 3 replicas that it may have can carry; value: what one carries");
}

TEST(StepsOfTargets, NameNoCapacityOfWhoCarriesEverything) {
  const auto targets = Service{}.decide({unfit(0, 1), fit(1, 1, 4)}, 4.0);
  EXPECT_EQ(steps_of(targets, 0), (Steps{{"Target", 0}}));
  EXPECT_EQ(steps_of(targets, 1), (Steps{{"Target", 100}}));
}

TEST(StepsOfTargets, NameAProbation) {
  const auto targets = Service{}.decide({on_probation(fit(0, 50)), fit(0, 50)}, 4.0);
  EXPECT_EQ(steps_of(targets, 0), (Steps{{"Proportion", 50}, {"Probation", 5}, {"Target", 5}}));
  EXPECT_EQ(steps_of(targets, 1), (Steps{{"Proportion", 50}, {"Target", 95}}));
  const auto standby = Service{}.decide({fit(0, 1), on_probation(fit(1, 1))}, 4.0);
  EXPECT_EQ(steps_of(standby, 1), (Steps{{"Probation", 0}, {"Target", 0}}));
}

TEST(StepsOfTargets, NameWhatWaitsForThoseThatTakeOver) {
  const auto targets = Service{}.decide({fit(0, 1, 3, 4), leaving(0, 50, 4)}, 4.0);
  EXPECT_EQ(steps_of(targets, 1), (Steps{{"Waits", 25}, {"Target", 25}}));
  const auto gone = Service{}.decide({fit(0, 1, 4, 4), leaving(0, 50, 4)}, 4.0);
  EXPECT_EQ(steps_of(gone, 1), (Steps{{"Target", 0}}));
}

TEST(StepsOfTargets, NameASlowStart) {
  const auto targets = Service{}.decide({fresh(fit(0, 50)), fit(0, 50)}, 4.0);
  EXPECT_EQ(steps_of(targets, 0), (Steps{{"Proportion", 50}, {"SlowStart", 5}, {"Target", 5}}));
  EXPECT_EQ(steps_of(targets, 1), (Steps{{"Proportion", 50}, {"Target", 95}}));
}

TEST(StepsOfTargets, NameAFailbackOfTheTierThatWaits) {
  Service service;
  (void)service.decide({set(fit(0, 1), 0), set(fit(1, 1), 100)}, 4.0, 0);
  const auto targets = service.decide({set(fit(0, 1), 0), set(fit(1, 1), 100)}, 4.0, 60);
  EXPECT_EQ(steps_of(targets, 0), (Steps{{"Proportion", 100}, {"Failback", 20}, {"Target", 20}}));
  EXPECT_EQ(steps_of(targets, 1), (Steps{{"Target", 80}}));
}

struct Limit {
  std::int32_t limit;
  double demand;
  bool is_short;
};

/// Half of the demand is its part.
TEST(Shortage, IsMoreThanTheLimitAndNotTheLimitItself) {
  for (const auto& row : {Limit{2, 4.0, false},
                          Limit{2, 4.1, true},
                          Limit{1, 4.0, true},
                          Limit{3, 4.0, false},
                          Limit{0, 2.0, false}}) {
    const auto targets = Service{}.decide({limited(fit(0, 1), row.limit), fit(0, 1)}, row.demand);
    EXPECT_EQ(targets.is_short.front() != 0, row.is_short) << row.limit << " for a demand of " << row.demand;
  }
  const auto unknown = Service{}.decide({limited(fit(0, 1), 1), fit(0, 1)}, {});
  EXPECT_EQ(unknown.is_short.front(), 0) << "of an unknown demand nothing is too much";
  const auto standby = Service{}.decide({fit(0, 1), limited(fit(1, 1), 1)}, 100.0);
  EXPECT_EQ(standby.is_short.back(), 0) << "nothing is its part";
}

TEST(Carried, IsWhatReadyEndpointsAndTheLimitCarryInPercent) {
  const auto targets =
      Service{}.decide({limited(fit(0, 1, 6, 6), 4), fit(0, 1, 2, 4), unfit(0, 1), fit(1, 1, 8, 8)}, 8.0);
  EXPECT_THAT(targets.carried, near(1e-9, {50, 25, 0, 100}));
}

}  // namespace
}  // namespace evenkeel::failover
