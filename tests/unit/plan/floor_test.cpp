#include <algorithm>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "evenkeel/plan/decide.hpp"

#include "snapshot_builder.hpp"

/// Demand must not vanish with the pods that served it: docs/decision.md, "Demand".
namespace evenkeel::plan {
namespace {

using testing_support::SnapshotBuilder;

/// Blue serves 300 requests a second with 6 replicas, green of tier 1 stands by; nothing else delays a fall.
class AfterALoss : public testing::Test {
 protected:
  AfterALoss() {
    builder.windows(0, 0).backend("blue", {.spec = 6}).backend("green", {.tier = 1, .spec = 1});
    (void)at(0, 6, 1, 100, 300);
  }
  /// Decides at `now` with so many ready endpoints, blue's share and a demand as they are given.
  api::Decision at(std::int64_t now, std::int32_t blue, std::int32_t green, double share, double demand) {
    builder.now(now).metric("rps", demand).memory(memory);
    builder.seen("blue", {.spec = 6, .ready = blue, .share = share});
    builder.seen("green", {.spec = std::max(1, green), .ready = green, .share = 100 - share});
    auto decision = decide(builder.build());
    memory = decision.memory;
    return decision;
  }
  static bool has_floor(const api::Decision& decision) {
    return std::ranges::any_of(decision.total.steps,
                               [](const api::Step& step) { return step.step == std::string{"DemandFloor"}; });
  }

  SnapshotBuilder builder;
  std::optional<std::string> memory;
};

TEST_F(AfterALoss, WhatWasAskedForIsAFloor) {
  const auto decision = at(10, 0, 1, 100, 5);
  EXPECT_TRUE(has_floor(decision));
  EXPECT_EQ(decision.total.replicas, 6);
  EXPECT_EQ(decision.backends.at("green").replicas, 6) << "and green is grown for it";
}

TEST_F(AfterALoss, OfOneWithoutShareNothingWasServed) {
  const auto decision = at(10, 6, 0, 100, 5);
  EXPECT_FALSE(has_floor(decision));
  EXPECT_EQ(decision.total.replicas, 1);
}

TEST_F(AfterALoss, ASecondLookSeesNoSecondLoss) {
  (void)at(10, 0, 1, 100, 5);
  (void)at(100, 0, 1, 0, 5);
  EXPECT_TRUE(has_floor(at(10 + 3599, 0, 1, 0, 5)));
  EXPECT_FALSE(has_floor(at(10 + 3600, 0, 1, 0, 5))) << "an hour after the loss at most";
}

TEST_F(AfterALoss, ItEndsWhenTheLostHaveBeenBackForFiveMinutes) {
  (void)at(10, 0, 1, 100, 5);
  (void)at(20, 6, 1, 0, 5);
  EXPECT_TRUE(has_floor(at(319, 6, 1, 100, 5)));
  EXPECT_FALSE(has_floor(at(320, 6, 1, 100, 5)));
}

TEST_F(AfterALoss, ItEndsWhenReadyCapacityHasCoveredItForFiveMinutes) {
  (void)at(10, 0, 1, 100, 5);
  (void)at(20, 0, 4, 0, 5);
  EXPECT_TRUE(has_floor(at(400, 0, 4, 0, 5))) << "280 do not cover 300";
  (void)at(410, 0, 5, 0, 5);
  EXPECT_TRUE(has_floor(at(709, 0, 5, 0, 5)));
  EXPECT_FALSE(has_floor(at(710, 0, 5, 0, 5)));
}

TEST_F(AfterALoss, JustEnoughCoversIt) {
  (void)at(400, 6, 1, 100, 280);
  (void)at(410, 0, 1, 100, 5);
  (void)at(420, 0, 4, 0, 5);
  EXPECT_TRUE(has_floor(at(719, 0, 4, 0, 5)));
  EXPECT_FALSE(has_floor(at(720, 0, 4, 0, 5)));
}

TEST_F(AfterALoss, TheLostAreBackWithTheirFirstEndpointWhoeverWasNeverThere) {
  builder.backend("red", {.tier = 2, .spec = 0, .share = 0});  // Somebody has switched it off.
  (void)at(10, 0, 1, 100, 5);
  (void)at(20, 1, 1, 0, 5);
  EXPECT_TRUE(has_floor(at(319, 1, 1, 0, 5)));
  EXPECT_FALSE(has_floor(at(320, 1, 1, 0, 5))) << "though 140 do not cover 300";
}

TEST_F(AfterALoss, ATargetOfNothingAsksForNothing) {
  (void)at(10, 0, 1, 100, 5);
  builder.metric("rps", 5, 0);
  builder.now(20).memory(memory);
  const auto decision = decide(builder.build());
  EXPECT_LE(decision.total.replicas, 6) << "what was lost cannot be told in replicas";
}

TEST_F(AfterALoss, WhatWeTookDownIsNoLoss) {
  builder.spec().backends[0].weight = 0;
  EXPECT_FALSE(has_floor(at(10, 0, 1, 100, 5))) << "it was edited away";
}

}  // namespace
}  // namespace evenkeel::plan
