#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/plan/decide.hpp"

#include "snapshot_builder.hpp"

/// The demo's story, decision by decision: a service that scales, fails over and comes back.
namespace evenkeel::plan {
namespace {

using testing_support::BackendFacts;
using testing_support::SnapshotBuilder;

/// A cluster that does at once what is decided, with memory carried on.
class Story : public testing::Test {
 protected:
  Story() {
    builder.bounds(2, 20).windows(0, 30);
    blue = {.tier = 0, .spec = 2};
    green = {.tier = 1, .spec = 1};
  }

  /// Decides at `seconds` with `rps` measured, and carries it out.
  api::Decision step(std::int64_t seconds, double rps) {
    builder.now(seconds).backend("blue", blue).backend("green", green).metric("rps", rps);
    auto decision = decide(builder.build());
    carry_out(decision.backends.at("blue"), blue);
    carry_out(decision.backends.at("green"), green);
    builder.memory(decision.memory);
    return decision;
  }

  static void carry_out(const api::BackendDecision& decided, BackendFacts& backend) {
    // Pods of a backend that is down stay down.
    const bool is_down = backend.ready == 0;
    if (decided.replicas) backend.spec = decided.replicas;
    backend.ready = is_down ? 0 : backend.spec;
    backend.share = decided.weight;
  }

  static std::vector<std::string> reasons(const api::Decision& decision) {
    std::vector<std::string> reasons;
    for (const auto& event : decision.events) reasons.push_back(event.reason);
    return reasons;
  }

  SnapshotBuilder builder;
  BackendFacts blue;
  BackendFacts green;
};

TEST_F(Story, AllTrafficIsOnTierZeroAndTheStandbyKeepsItsMinimum) {
  const auto decision = step(0, 100);
  EXPECT_EQ(decision.total.replicas, 2);
  EXPECT_EQ(decision.backends.at("blue").replicas, 2);
  EXPECT_EQ(decision.backends.at("green").replicas, 1);
  EXPECT_DOUBLE_EQ(decision.backends.at("blue").weight, 100);
  EXPECT_DOUBLE_EQ(decision.backends.at("green").weight, 0);
  EXPECT_EQ(decision.active_tier, 0);
  EXPECT_THAT(reasons(decision), testing::IsEmpty());
}

TEST_F(Story, BlueFollowsTheLoadUpAtOnceAndDownAfterTheWindow) {
  step(0, 100);
  EXPECT_EQ(step(5, 300).total.replicas, 6);
  EXPECT_EQ(step(10, 300).total.replicas, 6);
  EXPECT_EQ(step(15, 100).total.replicas, 6) << "the window still holds the higher recommendation";
  EXPECT_EQ(step(39, 100).total.replicas, 6);
  const auto fallen = step(41, 100);
  EXPECT_EQ(fallen.total.replicas, 2);
  EXPECT_EQ(fallen.backends.at("blue").replicas, 2);
  EXPECT_THAT(reasons(fallen), testing::ElementsAre("ScaledDown"));
}

TEST_F(Story, LosingTheLastEndpointMovesTrafficAndGrowsTheStandbyInOneDecision) {
  step(0, 100);
  step(5, 300);
  step(10, 300);
  blue.ready = 0;
  const auto decision = step(12, 300);
  EXPECT_DOUBLE_EQ(decision.backends.at("green").weight, 100);
  EXPECT_DOUBLE_EQ(decision.backends.at("blue").weight, 0);
  EXPECT_EQ(decision.backends.at("green").replicas, 6);
  EXPECT_EQ(decision.backends.at("blue").replicas, 6) << "one that lost its endpoints keeps its size";
  EXPECT_EQ(decision.active_tier, 1);
  EXPECT_THAT(reasons(decision), testing::ElementsAre("Panic", "FailedOver"));
}

TEST_F(Story, DemandDoesNotVanishWithThePodsThatServedIt) {
  step(0, 300);
  step(5, 300);
  blue.ready = 0;
  EXPECT_EQ(step(7, 300).total.replicas, 6);
  EXPECT_EQ(step(12, 0).total.replicas, 6) << "nothing is measured while nobody answers";
  EXPECT_EQ(step(30, 0).backends.at("green").replicas, 6);
}

TEST_F(Story, BlueTakesOverAgainStepByStepAndGreenShrinksOnlyAfterTheWindow) {
  builder.spec().failover.failback = {
      .mode = api::FailbackMode::Automatic, .after = std::chrono::seconds{10}, .step_percent = 50};
  builder.spec().balancing.max_step_percent = 50;
  builder.spec().balancing.step = std::chrono::seconds{5};
  step(0, 300);
  step(5, 300);
  blue.ready = 0;
  step(10, 300);
  step(60, 300);
  blue.ready = 6;
  const auto seen = step(65, 300);
  EXPECT_DOUBLE_EQ(seen.backends.at("blue").weight, 0) << "it is watched for a while first";
  EXPECT_DOUBLE_EQ(step(75, 300).backends.at("blue").weight, 50);
  const auto back = step(85, 300);
  EXPECT_DOUBLE_EQ(back.backends.at("blue").weight, 100);
  EXPECT_EQ(back.backends.at("blue").replicas, 6);
  EXPECT_EQ(back.backends.at("green").replicas, 6);
  EXPECT_EQ(step(114, 300).backends.at("green").replicas, 6);
  EXPECT_EQ(step(126, 300).backends.at("green").replicas, 1) << "30 s after it was needed last";
}

}  // namespace
}  // namespace evenkeel::plan
