#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "full_service.hpp"

/// A shift without room to grow: docs/decision.md, "Without room".
namespace evenkeel::plan {
namespace {

/// Ticks every 10 s until a decision moves a slice, or gives up a replica for one.
api::Decision next_slice(Full& service) {
  for (int i = 0; i < 60; ++i) {
    const auto decision = service.tick(10);
    if (has_slice(decision)) return decision;
  }
  ADD_FAILURE() << "no slice";
  return service.tick(10);
}

TEST(Slices, WhoHasAsManyMovesAsMuchAsItMustLoseToGiveUpAReplica) {
  Full service{2, 2, 260};
  service.edit({1, 3});
  const auto first = service.tick(10);
  EXPECT_NEAR(weight(first, "green"), 100 * 140.0 / 260, 1e-6) << "as far as what is ready";
  const auto slice = next_slice(service);
  EXPECT_NEAR(weight(slice), 100 * 70.0 / 260, 1e-6) << "what one replica carries";
  EXPECT_EQ(replicas(slice), 2) << "the slice moves first";
  EXPECT_TRUE(has_slice(slice, "green"));
  const auto after = service.tick(10);
  EXPECT_EQ(replicas(after), 1);
  EXPECT_EQ(replicas(after, "green"), 3);
  EXPECT_DOUBLE_EQ(weight(service.tick(10)), 25) << "and the rest follows its replica";
}

TEST(Slices, WhoHasMoreGivesUpAReplicaFirst) {
  Full service{3, 1, 260};
  service.edit({1, 3});
  const auto before = service.tick(10);
  const auto slice = next_slice(service);
  EXPECT_EQ(replicas(slice), 2);
  EXPECT_DOUBLE_EQ(weight(slice), weight(before)) << "no share moves with it";
  EXPECT_FALSE(has_slice(slice, "green"));
  const auto grown = service.tick(10);
  EXPECT_EQ(replicas(grown, "green"), 2);
  const auto second = next_slice(service);
  EXPECT_NEAR(weight(second), 100 * 70.0 / 260, 1e-6) << "then both have two";
}

TEST(Slices, OfEqualSendersTheFirstAndOneAtATime) {
  Full service{{{"blue", 2}, {"green", 2}, {"red", 2}}, 390};
  service.edit({1, 1, 4});
  const auto slice = next_slice(service);
  EXPECT_TRUE(has_slice(slice, "blue"));
  EXPECT_FALSE(has_slice(slice, "green"));
  EXPECT_TRUE(has_slice(slice, "red"));
}

TEST(Slices, TheReceiverIsTheOneThatIsFurthestFromItsTarget) {
  Full service{{{"blue", 4}, {"green", 1}, {"red", 1}}, 390};
  service.edit({1, 2, 3});
  for (int i = 0; i < 60; ++i) {
    const auto decision = service.tick(10);
    if (!has_slice(decision, "green") && !has_slice(decision, "red")) continue;
    EXPECT_TRUE(has_slice(decision, "red"));
    return;
  }
  ADD_FAILURE() << "no slice of share";
}

TEST(Slices, NoneBeforeTheLastReplicaIsReadyNorTwoInAPeriod) {
  Full service{4, 2, 400};
  service.edit({1, 5});
  (void)next_slice(service);
  service.lose("green", 1);
  for (int i = 0; i < 30; ++i) EXPECT_FALSE(has_slice(service.tick(10))) << "green misses one";
}

TEST(Slices, TheSumNeverGrowsAndTheShiftArrives) {
  for (const auto& [blue, green] : std::vector<std::pair<int, int>>{{2, 2}, {3, 1}, {5, 1}, {3, 4}}) {
    const int sum = blue + green;
    Full service{blue, green, 65.0 * sum};
    service.edit({1, sum - 1});
    auto decision = service.tick(10);
    for (int i = 0; i < 400; ++i) {
      EXPECT_LE(replicas(decision) + replicas(decision, "green"), sum);
      EXPECT_GE(replicas(decision), 1);
      decision = service.tick(10);
    }
    EXPECT_NEAR(weight(decision), 100.0 / sum, 1e-6) << blue << "/" << green;
    EXPECT_EQ(replicas(decision), 1) << blue << "/" << green;
    EXPECT_EQ(replicas(decision, "green"), sum - 1) << blue << "/" << green;
  }
}

TEST(Slices, NoneWhereTheReceiverMayGrow) {
  Full service{2, 2, 260};
  service.builder.scaling().max_surge_percent = 100;
  service.edit({1, 3});
  for (int i = 0; i < 60; ++i) EXPECT_FALSE(has_slice(service.tick(10)));
}

TEST(Slices, NoneForAReceiverThatItsOwnMaximumStops) {
  Full service{2, 2, 260};
  service.builder.spec().backends[1].max_replicas = 2;
  service.edit({1, 3});
  auto decision = service.tick(10);
  for (int i = 0; i < 60; ++i) {
    EXPECT_FALSE(has_slice(decision));
    decision = service.tick(10);
  }
  EXPECT_NEAR(weight(decision, "green"), 100 * 140.0 / 260, 1e-6);
  EXPECT_EQ(condition(decision, "WeightsEffective").status, api::ConditionStatus::False);
  EXPECT_EQ(condition(decision, "WeightsEffective").reason, "CapacityBound");
  service.builder.spec().backends[1].max_replicas = 3;
  EXPECT_NE(condition(service.tick(10), "WeightsEffective").reason, "CapacityBound") << "it may grow";
}

/// Twelve replicas where eleven may be: blue, with a maximum of ten, has eight, which carry 1120 of 1500; the
/// standby the rest. What is not needed any more falls after `window` seconds.
testing_support::SnapshotBuilder above_the_maximum(std::int64_t window) {
  testing_support::SnapshotBuilder builder;
  builder.bounds(1, 10).windows(0, window).metric("rps", 750);
  builder.scaling().max_surge_percent = 0;
  builder.backend("blue", {.spec = 8, .share = 1120 / 15.0});
  builder.backend("green", {.tier = 1, .spec = 4, .share = 100 - 1120 / 15.0});
  return builder;
}

/// What was decided is there, and ready, at the next look.
void carry_out(const api::Decision& decision, testing_support::SnapshotBuilder& builder) {
  for (const char* name : {"blue", "green"})
    builder.seen(name, {.spec = replicas(decision, name), .share = weight(decision, name)});
}

/// Green of tier 1 helps out, and pre-scale keeps more of it than its share takes. Blue cannot grow for the
/// share that is to come back, and nothing is to be had from green.
TEST(Slices, WhereAnotherRuleKeepsTheSenderTheConditionSaysSo) {
  auto builder = above_the_maximum(600);
  api::Decision decision;
  for (int second = 0; second <= 300; second += 30) {
    builder.now(second);
    builder.snapshot().metrics["rps"].samples.front().time = builder.snapshot().now;
    decision = decide(builder.build());
    builder.memory(decision.memory);
    EXPECT_EQ(replicas(decision, "green"), 4);
    EXPECT_NEAR(weight(decision), 1120 / 15.0, 1e-6);
  }
  EXPECT_GT(decision.backends.at("blue").target_weight, 90) << "it could take more than it has";
  EXPECT_EQ(condition(decision, "WeightsEffective").reason, "CapacityBound");
}

/// More is there than all may have, as after an outage that others grew for: what may come is no reason for
/// the standby to keep what tier 0 waits for.
TEST(Slices, AboveTheMaximumNobodyIsPreScaled) {
  auto builder = above_the_maximum(0);
  api::Decision decision;
  for (int second = 0; second < 1800; second += 30) {
    builder.now(second);
    builder.snapshot().metrics["rps"].samples.front().time = builder.snapshot().now;
    decision = decide(builder.build());
    builder.memory(decision.memory);
    carry_out(decision, builder);
  }
  EXPECT_EQ(replicas(decision, "blue"), 10);
  EXPECT_EQ(replicas(decision, "green"), 1);
  EXPECT_NEAR(weight(decision), 1400 / 15.0, 1e-6) << "what ten carry of what fifteen are asked for";
}

/// Everybody is overloaded, and shares are computed from readings that say no more than that: who has more
/// than its part keeps it for a share that would follow the replicas.
TEST(Slices, WhereAllAreOverloadedWhoIsBeyondItsPartGivesUntilTheyAreEven) {
  testing_support::SnapshotBuilder builder;
  builder.bounds(1, 11).windows(0, 0).metric("rps", 1540);
  builder.scaling().max_surge_percent = 0;
  builder.spec().balancing.algorithm = api::Algorithm::LeastUtilization;
  builder.backend("blue", {.weight = 97, .spec = 2, .share = 40});
  builder.backend("green", {.weight = 3, .spec = 9, .share = 60});
  api::Decision decision;
  for (int second = 0; second < 3600; second += 30) {
    builder.now(second);
    auto& metrics = builder.snapshot().metrics;
    metrics["rps"].samples.front().time = builder.snapshot().now;
    metrics["balancing.utilization"].samples.clear();
    for (const char* name : {"blue", "green"})
      metrics["balancing.utilization"].samples.push_back(
          {.labels = {{"backend", name}}, .value = 1, .time = builder.snapshot().now});
    decision = decide(builder.build());
    builder.memory(decision.memory);
    carry_out(decision, builder);
  }
  const double blue = weight(decision, "blue") / replicas(decision, "blue");
  const double green = weight(decision, "green") / replicas(decision, "green");
  EXPECT_EQ(replicas(decision, "blue") + replicas(decision, "green"), 11);
  EXPECT_LT(blue, 1.5 * green) << replicas(decision, "blue") << " " << replicas(decision, "green") << " "
                               << weight(decision, "blue");
}

/// Blue is to have nothing, and half of the traffic stays with it.
TEST(Draining, WhatNeverLeavesGoesWithItsTimeOut) {
  Full service{2, 2, 200};
  service.edit({0, 1});
  service.observe("blue", 50);
  auto decision = service.tick(10);
  EXPECT_EQ(weight(decision), 30) << "140 of 200 are ready elsewhere";
  std::int64_t told = 0;
  for (int second = 20; second <= 900; second += 10) {
    decision = service.tick(10);
    told += count_events(decision, "DrainIncomplete");
    if (second < 610) EXPECT_EQ(replicas(decision), 2) << second;
    if (second >= 610) EXPECT_EQ(replicas(decision), 1) << second;
  }
  EXPECT_EQ(told, 1);
}

TEST(Slices, NoneWhereDemandIsUnknown) {
  Full service{2, 2, 260};
  service.fail_metric();
  for (int i = 0; i < 40; ++i) (void)service.tick(10);
  service.edit({1, 3});
  for (int i = 0; i < 60; ++i) EXPECT_FALSE(has_slice(service.tick(10)));
  EXPECT_NEAR(weight(service.tick(10)), 25, 1e-6) << "it waits for no room that only its own shift makes";
}

}  // namespace
}  // namespace evenkeel::plan
