#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "evenkeel/scaling/total.hpp"

#include "snapshot_builder.hpp"

/// From zero and to zero, and what happens when a metric cannot be read meanwhile.
namespace evenkeel::scaling {
namespace {

using api::PolicyType;
using api::Quality;
using std::chrono::seconds;
using testing_support::at;

/// One metric of requests, 10 for each replica, that wakes the service above 2.
class Idle : public testing::Test {
 protected:
  Idle() {
    scaling.min_replicas = 0;
    scaling.max_replicas = 100;
    declare("rps", 10'000).activation = Quantity::from_milli(2'000);
    scaling.scale_up.policies = {{PolicyType::Pods, 4, seconds{15}}};
    scaling.scale_down.policies = {{PolicyType::Percent, 100, seconds{15}}};
    scaling.scale_down.stabilization_window = seconds{0};
    settings.tolerance = Quantity::from_milli(0);
  }
  api::Metric& declare(const std::string& name, std::int64_t target) {
    auto& metric = scaling.metrics.emplace_back();
    metric.name = name;
    metric.target_value = Quantity::from_milli(target);
    return metric;
  }
  static Reading reading(const std::string& name, std::optional<std::int64_t> milli, Quality quality) {
    Reading reading;
    reading.name = name;
    reading.milli = milli;
    reading.quality = quality;
    return reading;
  }
  TotalOutcome decide(std::int64_t now, std::vector<Reading> readings) {
    const TotalInput input{
        .scaling = scaling,
        .manual = manual,
        .settings = settings,
        .now = at(now),
        .counts = {.current = current, .existing = current, .ready = ready.value_or(current)},
        .limits = {.min = limit_min, .max = scaling.max_replicas},
        .restored = restored};
    auto outcome = decide_total(input, readings, history);
    if (outcome.replicas != current) history.record_event(at(now), outcome.replicas - current);
    current = outcome.replicas;
    return outcome;
  }
  TotalOutcome at_load(std::int64_t now, std::int64_t milli) {
    return decide(now, {reading("rps", milli, Quality::Fresh)});
  }
  TotalOutcome without(std::int64_t now, Quality quality) {
    return decide(now, {reading("rps", std::nullopt, quality)});
  }

  api::Scaling scaling;
  api::Settings settings;
  std::optional<std::int32_t> manual;
  std::optional<std::int32_t> ready;
  std::int32_t limit_min = 0;
  std::int32_t current = 0;
  bool restored = false;
  History history;
};

TEST_F(Idle, StaysAtZeroUpToItsActivation) {
  const auto outcome = at_load(0, 2'000);
  EXPECT_EQ(outcome.replicas, 0);
  EXPECT_EQ(outcome.scaling_active.reason, "ScaledToZero");
  EXPECT_EQ(outcome.steps.back().step, "Asleep");
  EXPECT_EQ(outcome.steps.front().detail, "not above its activation: the service stays asleep");
}

TEST_F(Idle, WakesToWhatTheTargetAsksForOutsideThePolicies) {
  const auto woken = at_load(0, 2'001);
  EXPECT_EQ(woken.replicas, 1);
  EXPECT_NE(woken.steps.front().detail, "not above its activation: the service stays asleep");
  current = 0;
  const auto outcome = at_load(1, 345'000);
  EXPECT_EQ(outcome.replicas, 35) << "not the four that the policy allows";
  EXPECT_EQ(outcome.steps[1].step, "Wake");
  current = 0;
  EXPECT_EQ(at_load(2, 9'999'000).replicas, 100) << "the maximum holds all the same";
}

TEST_F(Idle, OnlyMoreThanTheMaximumIsTooMany) {
  EXPECT_EQ(at_load(0, 1'000'000).scaling_limited.reason, "DesiredWithinRange") << "a hundred of a hundred";
  current = 0;
  EXPECT_EQ(at_load(1, 1'000'001).scaling_limited.reason, "TooManyReplicas");
}

TEST_F(Idle, OfMetricsThatAskForAsManyTheFirstIsNamed) {
  declare("queue", 10'000).activation = Quantity::from_milli(2'000);
  const auto outcome =
      decide(0, {reading("rps", 45'000, Quality::Fresh), reading("queue", 41'000, Quality::Fresh)});
  EXPECT_EQ(outcome.replicas, 5);
  EXPECT_EQ(outcome.cause, "metric rps is above its activation");
}

TEST_F(Idle, MetricsWithoutAReadingAreLeftOutAsleepAndAwake) {
  declare("queue", 10'000).activation = Quantity::from_milli(2'000);
  EXPECT_EQ(at_load(0, 45'000).replicas, 5);
  EXPECT_EQ(at_load(20, 65'000).replicas, 7);
  scaling.metrics.pop_back();
  const auto more =
      decide(40, {reading("rps", 75'000, Quality::Fresh), reading("queue", 99'000, Quality::Fresh)});
  EXPECT_EQ(more.replicas, 8) << "and so are readings of no metric";
  current = 0;
  EXPECT_EQ(
      decide(60, {reading("rps", 45'000, Quality::Fresh), reading("queue", 99'000, Quality::Fresh)}).replicas,
      5);
}

TEST_F(Idle, WithoutAMetricThatCouldWakeItTheServiceIsNeverIdle) {
  scaling.metrics[0].activation.reset();
  current = 1;
  at_load(0, 0);
  EXPECT_EQ(at_load(10'000, 0).replicas, 1);
}

TEST_F(Idle, AValueTargetWakesToTheRatio) {
  scaling.metrics[0].target_type = api::TargetType::Value;
  EXPECT_EQ(at_load(0, 25'000).replicas, 3);
}

TEST_F(Idle, AsleepOnlyMetricsWithActivationAreRead) {
  declare("queue", 1'000);
  const auto outcome =
      decide(0, {reading("rps", 0, Quality::Fresh), reading("queue", 500'000, Quality::Fresh)});
  EXPECT_EQ(outcome.replicas, 0);
  EXPECT_EQ(
      decide(1, {reading("rps", 50'000, Quality::Fresh), reading("queue", {}, Quality::Error)}).replicas, 5);
}

TEST_F(Idle, AsleepAnEmptyMetricMeansThatNobodyAsks) {
  EXPECT_EQ(without(0, Quality::Empty).replicas, 0);
  scaling.on_missing_metrics = {.policy = api::MissingPolicy::Fallback, .replicas = 3};
  EXPECT_EQ(without(1, Quality::Empty).replicas, 0);
}

TEST_F(Idle, AsleepAnUnreadableMetricFollowsOnMissingMetrics) {
  EXPECT_EQ(without(0, Quality::Error).replicas, 0);
  EXPECT_EQ(without(1, Quality::Stale).scaling_active.reason, "FailedGetExternalMetric");
  scaling.on_missing_metrics = {.policy = api::MissingPolicy::Fallback, .replicas = 6};
  EXPECT_EQ(without(2, Quality::Error).replicas, 4) << "a fallback passes the policies";
  EXPECT_EQ(without(20, Quality::Error).replicas, 6);
  scaling.scale_up.policies = {{PolicyType::Percent, 50, seconds{15}}};
  current = 0;
  EXPECT_EQ(without(100, Quality::Stale).replicas, 1) << "half of nothing must not keep it asleep for ever";
}

TEST_F(Idle, AsleepAFallbackSaysWhatLimitsIt) {
  scaling.on_missing_metrics = {.policy = api::MissingPolicy::Fallback, .replicas = 6};
  EXPECT_EQ(without(0, Quality::Error).scaling_limited.reason, "ScaleUpLimit") << "4 of 6";
  current = 0;
  scaling.max_replicas = 2;
  EXPECT_EQ(without(100, Quality::Error).scaling_limited.reason, "TooManyReplicas");
  current = 0;
  scaling.max_replicas = 3;
  scaling.on_missing_metrics.replicas = 3;
  EXPECT_EQ(without(200, Quality::Error).scaling_limited.reason, "DesiredWithinRange");
}

TEST_F(Idle, AFallbackToNothingLeavesItAsleep) {
  scaling.on_missing_metrics = {.policy = api::MissingPolicy::Fallback, .replicas = 0};
  const auto outcome = without(0, Quality::Error);
  EXPECT_EQ(outcome.replicas, 0);
  EXPECT_EQ(outcome.steps.back().step, "Asleep");
  EXPECT_EQ(outcome.scaling_limited.reason, "NoRecommendation");
}

TEST_F(Idle, TheLastReplicaGoesAfterItsTime) {
  current = 5;
  EXPECT_EQ(at_load(0, 0).replicas, 1) << "every proposal is at least 1 until then";
  EXPECT_EQ(at_load(299, 2'000).replicas, 1);
  const auto outcome = at_load(300, 2'000);
  EXPECT_EQ(outcome.replicas, 0);
  EXPECT_EQ(outcome.cause, "nobody asks for anything");
}

TEST_F(Idle, AnythingAboveActivationStartsTheTimeAnew) {
  current = 1;
  EXPECT_EQ(at_load(0, 0).replicas, 1);
  EXPECT_EQ(at_load(250, 2'001).replicas, 1);
  EXPECT_EQ(at_load(300, 0).replicas, 1);
  EXPECT_EQ(at_load(599, 0).replicas, 1);
  EXPECT_EQ(at_load(600, 0).replicas, 0);
}

TEST_F(Idle, WhatCannotBeReadIsNotIdle) {
  for (const auto quality : {Quality::Error, Quality::Stale}) {
    history = {};
    current = 1;
    at_load(0, 0);
    without(200, quality);
    EXPECT_EQ(at_load(400, 0).replicas, 1);
    EXPECT_EQ(at_load(700, 0).replicas, 0);
  }
  history = {};
  current = 1;
  at_load(0, 0);
  decide(299, {reading("rps", 0, Quality::Partial)});
  EXPECT_EQ(at_load(300, 0).replicas, 1);
}

TEST_F(Idle, EmptyCountsAsIdleAndShrinksOnlyThen) {
  current = 5;
  EXPECT_EQ(without(0, Quality::Empty).replicas, 5);
  EXPECT_EQ(without(299, Quality::Empty).replicas, 5) << "absent is not zero";
  EXPECT_EQ(without(300, Quality::Empty).replicas, 0);
}

TEST_F(Idle, OtherMetricsHoldTheServiceUpButNotTheLastReplica) {
  declare("cpu", 1'000);
  current = 1;
  decide(0, {reading("rps", 0, Quality::Fresh), reading("cpu", 3'000, Quality::Fresh)});
  EXPECT_EQ(decide(400, {reading("rps", 0, Quality::Fresh), reading("cpu", 3'000, Quality::Fresh)}).replicas,
            3);
  EXPECT_EQ(decide(500, {reading("rps", 0, Quality::Fresh), reading("cpu", 300, Quality::Fresh)}).replicas,
            0);
}

TEST_F(Idle, ANewLeaderStartsTheTimeAnew) {
  current = 1;
  at_load(0, 0);
  restored = true;
  EXPECT_EQ(at_load(300, 0).replicas, 1) << "what happened in between is not in the memory";
  restored = false;
  EXPECT_EQ(at_load(599, 0).replicas, 1);
  EXPECT_EQ(at_load(600, 0).replicas, 0);
}

TEST_F(Idle, FrozenOrWithoutAReadyPodTheLastReplicaStays) {
  current = 1;
  at_load(0, 0);
  settings.frozen = true;
  EXPECT_EQ(at_load(300, 0).replicas, 1);
  settings.frozen = false;
  ready = 0;
  EXPECT_EQ(at_load(301, 0).replicas, 1);
}

TEST_F(Idle, PoliciesMayForbidTheLastStep) {
  scaling.scale_down.select_policy = api::SelectPolicy::Disabled;
  current = 1;
  at_load(0, 0);
  EXPECT_EQ(at_load(300, 0).replicas, 1);
}

TEST_F(Idle, AMinimumAndAPersonWakeIt) {
  at_load(0, 0);
  limit_min = 3;
  EXPECT_EQ(at_load(1, 0).replicas, 3) << "a schedule's minimum";
  limit_min = 0;
  manual = 0;
  EXPECT_EQ(at_load(2, 500'000).replicas, 0) << "a person puts it to sleep whatever comes";
  manual = 2;
  EXPECT_EQ(at_load(3, 0).replicas, 2);
}

TEST_F(Idle, WithAMinimumNothingIsEverIdle) {
  scaling.min_replicas = 1;
  limit_min = 1;
  current = 1;
  at_load(0, 0);
  EXPECT_EQ(at_load(10'000, 0).replicas, 1);
  EXPECT_FALSE(history.idle_since.has_value());
}

TEST_F(Idle, WithTheUsualWindowNothingIsRecordedThatHoldsAWakingServiceBack) {
  scaling.scale_up.stabilization_window = seconds{60};
  at_load(0, 0);
  for (int t = 10; t <= 100; t += 10) at_load(t, 0);
  EXPECT_EQ(at_load(110, 25'000).replicas, 3);
  EXPECT_EQ(at_load(125, 65'000).replicas, 3) << "the window of growth starts with what it woke to";
  EXPECT_EQ(at_load(171, 65'000).replicas, 7);
}

/// Fallback while awake, and the floor of demand.
TEST_F(Idle, AwakeAFallbackRaisesAndNeverLowers) {
  scaling.on_missing_metrics = {.policy = api::MissingPolicy::Fallback, .replicas = 3};
  current = 2;
  EXPECT_EQ(without(0, Quality::Error).replicas, 3);
  current = 8;
  EXPECT_EQ(without(1, Quality::Error).replicas, 8);
  EXPECT_EQ(without(1, Quality::Error).able_to_scale.reason, "ReadyForNewScale");
}

}  // namespace
}  // namespace evenkeel::scaling
