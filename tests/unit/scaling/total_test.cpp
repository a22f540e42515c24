#include "evenkeel/scaling/total.hpp"

#include <algorithm>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

/// The controller's half of the arithmetic: windows, policies, bounds, in the order of autoscaling/v2.
namespace evenkeel::scaling {
namespace {

using api::ConditionStatus;
using api::PolicyType;
using api::Quality;
using api::SelectPolicy;
using std::chrono::seconds;
using testing_support::at;

/// One metric whose proposal is what the test says: target 1, so the reading is the count.
class Total : public testing::Test {
 protected:
  Total() {
    scaling.min_replicas = 1;
    scaling.max_replicas = 100;
    scaling.metrics = {{.name = "rps", .target_value = Quantity::from_milli(1'000)}};
    scaling.scale_up.policies = {{PolicyType::Percent, 1000, seconds{15}}};
    scaling.scale_down.policies = {{PolicyType::Percent, 100, seconds{15}}};
    scaling.scale_down.stabilization_window = seconds{0};
    settings.tolerance = Quantity::from_milli(0);
  }

  /// Decides at `now` from `current`; a change takes effect at once.
  TotalOutcome step(std::int64_t now, std::int32_t proposed, Quality quality = Quality::Fresh) {
    Reading reading;
    reading.name = "rps";
    reading.quality = quality;
    if (quality == Quality::Fresh || quality == Quality::Partial)
      reading.milli = std::int64_t{proposed} * 1000;
    readings = {reading};
    return decide(now);
  }
  TotalOutcome decide(std::int64_t now) {
    TotalInput input{.scaling = scaling,
                     .manual = manual,
                     .settings = settings,
                     .now = at(now),
                     .counts = {.current = current,
                                .existing = existing.value_or(current),
                                .ready = ready.value_or(current)},
                     .limits = {.min = scaling.min_replicas, .max = scaling.max_replicas}};
    input.asked = asked;
    input.counts.several = !asked.empty();
    input.floor = floor;
    if (least_by_value) {
      input.counts.several = true;
      input.least_by_value = {least_by_value};
    }
    input.pods = pods;
    auto outcome = decide_total(input, readings, history);
    if (outcome.replicas != current) history.record_event(at(now), outcome.replicas - current);
    current = outcome.replicas;
    return outcome;
  }

  api::Scaling scaling;
  api::Settings settings;
  std::optional<std::int32_t> manual;
  std::optional<std::int32_t> ready;
  std::optional<std::int32_t> existing;
  std::int32_t current = 10;
  std::vector<std::optional<double>> asked;
  std::optional<std::int32_t> floor;
  std::optional<std::int32_t> least_by_value;
  std::span<const api::Pod> pods;
  std::vector<Reading> readings;
  History history;
};

TEST_F(Total, FollowsTheMetricWhenNothingLimitsIt) {
  const auto outcome = step(0, 25);
  EXPECT_EQ(outcome.replicas, 25);
  EXPECT_EQ(outcome.cause, "metric rps is above its target");
  EXPECT_EQ(outcome.scaling_limited.reason, "DesiredWithinRange");
  EXPECT_EQ(outcome.scaling_active.reason, "ValidMetricFound");
  EXPECT_EQ(outcome.able_to_scale.reason, "ReadyForNewScale");
}

/// The detail of the first step of that name; empty where it has none.
std::string detail_of(const TotalOutcome& outcome, const std::string& name) {
  const auto found = std::ranges::find(outcome.steps, name, &api::Step::step);
  return found == outcome.steps.end() ? "" : found->detail.value_or("");
}

TEST_F(Total, TheRecordNamesTheTargetAndTheTolerance) {
  settings.tolerance = Quantity::from_milli(100);
  EXPECT_EQ(detail_of(step(0, 15), "Metric"), "target 1");
  EXPECT_EQ(detail_of(step(1, 16), "Metric"), "within the tolerance of target 1");
}

TEST_F(Total, TheRecordNamesTheWindowThatHoldsTheCount) {
  scaling.scale_down.stabilization_window = seconds{300};
  scaling.scale_up.stabilization_window = seconds{60};
  EXPECT_EQ(detail_of(step(0, 10), "Stabilise"), "");
  EXPECT_EQ(detail_of(step(10, 4), "Stabilise"), "not 4: 10 or more were asked for within the last 300 s");
  EXPECT_EQ(detail_of(step(20, 30), "Stabilise"), "not 30: 10 or fewer were asked for within the last 60 s");
}

TEST_F(Total, TheRecordNamesAWindowTooShortForWhatMultipliesTheCount) {
  const auto fall_by = [&](std::int64_t now, seconds looks_back) {
    current = 10;
    readings.front().window = looks_back;
    readings.front().milli = 4'000;
    return detail_of(decide(now), "Stabilise");
  };
  step(0, 10);
  scaling.scale_down.stabilization_window = seconds{30};
  EXPECT_EQ(fall_by(100, seconds{120}), "") << "a total that does not follow from the count";
  scaling.metrics.front().target_type = api::TargetType::Value;
  scaling.metrics.front().target_value = Quantity::from_milli(10'000);
  EXPECT_EQ(
      fall_by(200, seconds{31}),
      "metric rps looks back on 31 s, scaleDown.stabilizationWindowSeconds only on 30 s: falls may go too "
      "far and come back");
  EXPECT_EQ(fall_by(300, seconds{30}), "");
}

TEST_F(Total, TheRecordNamesThePolicyThatLimitsTheCount) {
  scaling.scale_up.policies = {{PolicyType::Pods, 2, seconds{60}}, {PolicyType::Percent, 50, seconds{30}}};
  EXPECT_EQ(detail_of(step(0, 25), "RateLimit"), "behavior.scaleUp lets it go to 15 now: 50 % in 30 s");
  scaling.scale_up.select_policy = SelectPolicy::Min;
  EXPECT_EQ(detail_of(step(100, 25), "RateLimit"),
            "behavior.scaleUp lets it go to 17 now: 2 replicas in 60 s");
  scaling.scale_down.select_policy = SelectPolicy::Disabled;
  EXPECT_EQ(detail_of(step(200, 2), "RateLimit"), "behavior.scaleDown is Disabled");
  EXPECT_EQ(detail_of(step(300, 17), "RateLimit"), "") << "nothing is limited";
}

TEST_F(Total, TheRecordNamesTheBoundThatCounts) {
  scaling.max_replicas = 20;
  EXPECT_EQ(detail_of(step(0, 50), "Bounds"), "at most 20, the maxReplicas in force");
  scaling.min_replicas = 30;
  scaling.max_replicas = 40;
  EXPECT_EQ(detail_of(step(10, 20), "Bounds"), "at least 30, the minReplicas in force");
  EXPECT_EQ(detail_of(step(20, 30), "Bounds"), "");
  manual = 50;
  EXPECT_EQ(detail_of(step(30, 30), "Bounds"), "at most 40, the maxReplicas in force");
}

TEST_F(Total, TheRecordNamesWhatTheFallbackAsksFor) {
  scaling.on_missing_metrics = {.policy = api::MissingPolicy::Fallback, .replicas = 9};
  EXPECT_TRUE(
      detail_of(step(0, 0, Quality::Error), "Fallback").starts_with("onMissingMetrics asks for at least 9"));
}

TEST_F(Total, TheRecordNamesEveryStepInOrder) {
  const auto outcome = step(0, 25);
  std::vector<std::string> steps;
  for (const auto& taken : outcome.steps) steps.push_back(taken.step);
  EXPECT_EQ(steps, (std::vector<std::string>{"Metric", "Stabilise", "RateLimit", "Bounds"}));
}

TEST_F(Total, FirstSightHoldsTheCountForAWholeWindow) {
  scaling.scale_down.stabilization_window = seconds{300};
  EXPECT_EQ(step(0, 3).replicas, 10);
  EXPECT_EQ(step(299, 3).replicas, 10);
  EXPECT_EQ(step(300, 3).replicas, 3) << "a recommendation exactly as old as the window counts no more";
}

TEST_F(Total, ShrinkingTakesTheHighestOfItsWindow) {
  scaling.scale_down.stabilization_window = seconds{60};
  step(0, 10);
  step(30, 8);
  EXPECT_EQ(step(59, 2).able_to_scale.reason, "ScaleDownStabilized");
  EXPECT_EQ(current, 10);
  EXPECT_EQ(step(61, 2).replicas, 8);
  EXPECT_EQ(step(91, 2).replicas, 2);
}

TEST_F(Total, GrowingTakesTheLowestOfItsWindow) {
  scaling.scale_up.stabilization_window = seconds{60};
  EXPECT_EQ(step(0, 20).able_to_scale.reason, "ScaleUpStabilized") << "the first sight recommended 10";
  EXPECT_EQ(step(30, 15).replicas, 10);
  EXPECT_EQ(step(61, 30).replicas, 15);
  EXPECT_EQ(step(91, 30).replicas, 30);
}

TEST_F(Total, WithoutAWindowOfItsOwnShrinkingWaitsAsTheOperatorSays) {
  scaling.scale_down.stabilization_window.reset();
  settings.downscale_stabilization = seconds{40};
  step(0, 3);
  EXPECT_EQ(step(39, 3).replicas, 10);
  EXPECT_EQ(step(40, 3).replicas, 3);
}

TEST_F(Total, AMetricThatCannotBeUsedHoldsTheCount) {
  for (const auto quality : {Quality::Stale, Quality::Empty, Quality::Error}) {
    const auto outcome = step(0, 0, quality);
    EXPECT_EQ(outcome.replicas, 10);
    EXPECT_EQ(outcome.scaling_active.status, ConditionStatus::False);
    EXPECT_EQ(outcome.scaling_active.reason, "FailedGetExternalMetric");
  }
}

TEST_F(Total, PeopleReadWhatBecomesOfTheCountMeanwhile) {
  EXPECT_TRUE(step(0, 0, Quality::Error).scaling_active.message.starts_with("the count stays where it is"));
  scaling.on_missing_metrics.policy = api::MissingPolicy::Fallback;
  EXPECT_TRUE(step(0, 0, Quality::Error).scaling_active.message.starts_with("the count follows"));
}

TEST_F(Total, APartialMetricMayRaiseAndNeverLowers) {
  EXPECT_EQ(step(0, 5, Quality::Partial).replicas, 10);
  EXPECT_EQ(step(0, 10, Quality::Partial).replicas, 10);
  EXPECT_EQ(step(0, 15, Quality::Partial).replicas, 15);
}

TEST_F(Total, APartialMetricThatAsksForWhatIsThereIsValid) {
  EXPECT_EQ(step(0, 10, Quality::Partial).scaling_active.reason, "ValidMetricFound");
  EXPECT_EQ(step(0, 9, Quality::Partial).scaling_active.reason, "FailedGetExternalMetric");
}

TEST_F(Total, AtABoundTheMetricsDecideStill) {
  scaling.max_replicas = 10;
  EXPECT_EQ(step(0, 7).replicas, 7);
  scaling.max_replicas = 100;
  scaling.min_replicas = 7;
  EXPECT_EQ(step(1, 12).replicas, 12);
}

TEST_F(Total, BoundsComeBeforeMetricsAndPolicies) {
  scaling.scale_down.policies = {{PolicyType::Pods, 1, seconds{60}}};
  scaling.max_replicas = 5;
  EXPECT_EQ(step(0, 0, Quality::Error).replicas, 5);
  scaling.min_replicas = 5;
  current = 2;
  const auto outcome = step(1, 0, Quality::Error);
  EXPECT_EQ(outcome.replicas, 5);
  EXPECT_EQ(outcome.scaling_limited.reason, "TooFewReplicas");
}

TEST_F(Total, TheMaximumStopsGrowthAndSaysSo) {
  scaling.max_replicas = 20;
  const auto outcome = step(0, 50);
  EXPECT_EQ(outcome.replicas, 20);
  EXPECT_NE(outcome.scaling_limited.message.find("above maxReplicas"), std::string::npos);
  EXPECT_EQ(outcome.scaling_limited.status, ConditionStatus::True);
  EXPECT_EQ(outcome.scaling_limited.reason, "TooManyReplicas");
}

TEST_F(Total, TheMinimumStopsShrinkingAndSaysSo) {
  scaling.min_replicas = 4;
  const auto outcome = step(0, 1);
  EXPECT_EQ(outcome.replicas, 4);
  EXPECT_EQ(outcome.scaling_limited.reason, "TooFewReplicas");
}

TEST_F(Total, WhereAPolicyEndsAtABoundTheBoundIsNamed) {
  scaling.scale_up.policies = {{PolicyType::Pods, 5, seconds{15}}};
  scaling.scale_down.policies = {{PolicyType::Pods, 6, seconds{15}}};
  scaling.max_replicas = 15;
  scaling.min_replicas = 4;
  EXPECT_EQ(step(0, 50).scaling_limited.reason, "TooManyReplicas");
  current = 10;
  history = {};
  EXPECT_EQ(step(0, 1).scaling_limited.reason, "TooFewReplicas");
}

TEST_F(Total, WithNoPodReadyTheCountDoesNotFall) {
  ready = 0;
  EXPECT_EQ(step(0, 1).replicas, 10);
  EXPECT_EQ(step(1, 12).replicas, 12) << "it may still rise";
}

TEST_F(Total, AFallByValueLeavesWhatTheBusiestBackendNeeds) {
  scaling.metrics[0].target_type = api::TargetType::Value;
  least_by_value = 7;
  const auto outcome = [&](std::int64_t milli) {
    current = 10;
    readings.front().milli = milli;
    return decide(0);
  };
  step(0, 1);
  EXPECT_EQ(outcome(500).replicas, 7) << "by the sum alone 5";
  EXPECT_EQ(detail_of(outcome(500), "Metric"), "target 1; with fewer the smallest part would be above it");
  EXPECT_EQ(outcome(900).replicas, 9);
  EXPECT_EQ(detail_of(outcome(900), "Metric"), "target 1");
  EXPECT_EQ(outcome(1'500).replicas, 15);
  least_by_value = 12;
  EXPECT_EQ(outcome(500).replicas, 10) << "it is no reason to rise";
}

TEST_F(Total, AValueWithoutAnyPodIsInvalidOutsideItsTolerance) {
  scaling.metrics[0].target_type = api::TargetType::Value;
  settings.tolerance = Quantity::from_milli(100);
  ready = 0;
  existing = 0;
  auto outcome = step(0, 3);
  EXPECT_EQ(outcome.replicas, 10);
  EXPECT_EQ(outcome.scaling_active.reason, "FailedGetExternalMetric");
  EXPECT_EQ(outcome.proposal, std::nullopt) << "nothing that a window would remember";
  outcome = step(1, 1);
  EXPECT_EQ(outcome.scaling_active.reason, "ValidMetricFound") << "as much as wanted is as much as wanted";
  existing = 10;
  EXPECT_EQ(step(2, 3).scaling_active.reason, "ValidMetricFound");
}

TEST_F(Total, WhileFrozenTheCountDoesNotFall) {
  settings.frozen = true;
  EXPECT_EQ(step(0, 1).replicas, 10);
  EXPECT_EQ(step(0, 12).replicas, 12);
}

TEST_F(Total, WhileFrozenOnlyALoweredMaximumTakesAnythingAway) {
  settings.frozen = true;
  scaling.max_replicas = 10;
  EXPECT_EQ(step(0, 1).replicas, 10) << "at the maximum it is not above it";
  scaling.max_replicas = 9;
  EXPECT_EQ(step(1, 1).replicas, 9);
}

TEST_F(Total, AManualCountReplacesMetricsAndPolicies) {
  scaling.scale_down.policies = {{PolicyType::Pods, 1, seconds{60}}};
  manual = 3;
  const auto outcome = step(0, 50);
  EXPECT_EQ(outcome.replicas, 3);
  EXPECT_EQ(outcome.scaling_active.reason, "ManualReplicas");
  EXPECT_EQ(outcome.scaling_limited.reason, "DesiredWithinRange");
  manual = 500;
  EXPECT_EQ(step(1, 50).replicas, 100) << "within the bounds";
  EXPECT_EQ(step(2, 50).scaling_limited.reason, "TooManyReplicas");
  manual = 0;
  const auto too_few = step(3, 50);
  EXPECT_EQ(too_few.replicas, 1);
  EXPECT_EQ(too_few.scaling_limited.reason, "TooFewReplicas");
}

TEST_F(Total, HandingBackToTheMetricsDoesNotShrinkBeforeAWindow) {
  scaling.scale_down.stabilization_window = seconds{60};
  manual = 50;
  step(0, 5);
  step(100, 5);
  manual.reset();
  EXPECT_EQ(step(105, 5).replicas, 50);
  EXPECT_EQ(step(160, 5).replicas, 5);
}

TEST_F(Total, SilenceHoldsTheCountWithoutBlockingIt) {
  Reading silent;
  silent.name = "p99";
  silent.quality = Quality::Fresh;
  silent.abstains = true;
  readings = {silent};
  const auto outcome = decide(0);
  EXPECT_EQ(outcome.replicas, 10);
  EXPECT_EQ(outcome.scaling_active.reason, "NothingAsked");
}

TEST_F(Total, OfSeveralMetricsTheHighestCounts) {
  auto& declared = scaling.metrics.emplace_back();
  declared.name = "queue";
  declared.target_value = Quantity::from_milli(1'000);
  Reading rps;
  rps.name = "rps";
  rps.quality = Quality::Fresh;
  rps.milli = 4'000;
  Reading queue = rps;
  queue.name = "queue";
  queue.milli = 6'000;
  readings = {rps, queue};
  EXPECT_EQ(decide(0).replicas, 6);
  readings[1].quality = Quality::Stale;
  current = 10;
  auto outcome = decide(1);
  EXPECT_EQ(outcome.replicas, 10) << "one that is missing forbids a fall";
  EXPECT_EQ(outcome.scaling_active.reason, "FailedGetExternalMetric");
  readings[0].milli = 10'000;
  outcome = decide(1);
  EXPECT_EQ(outcome.replicas, 10);
  EXPECT_EQ(outcome.scaling_active.reason, "ValidMetricFound") << "who asks for what is there is followed";
  readings[0].milli = 15'000;
  EXPECT_EQ(decide(2).replicas, 15) << "and no rise";
  readings[1] = readings[0];
  readings[0].milli = readings[1].milli = 20'000;
  readings[1].name = "queue";
  EXPECT_EQ(decide(100).cause, "metric rps is above its target") << "of equal ones the first";
}

TEST_F(Total, BackendsTogetherAskThroughTheToleranceOfTheTotal) {
  scaling.metrics[0].scope = api::MetricScope::Backend;
  settings.tolerance = Quantity::from_milli(100);
  asked = {10.9};
  EXPECT_EQ(step(0, 1).replicas, 10) << "within the tolerance";
  asked = {11.2};
  EXPECT_EQ(step(1, 1).replicas, 12);
  asked = {std::nullopt};
  EXPECT_EQ(step(2, 1).scaling_active.reason, "FailedGetExternalMetric");
}

TEST_F(Total, OfSeveralBackendsOnlyMetricsOfTheServiceAreAskedHere) {
  asked = {std::nullopt};
  EXPECT_EQ(step(0, 14).replicas, 14);
  // A second metric, of which nobody has said what the backends need.
  scaling.metrics.push_back({.name = "queue", .scope = api::MetricScope::Backend});
  scaling.metrics[1].target_value = Quantity::from_milli(1'000);
  readings.push_back(readings[0]);
  readings[1].name = "queue";
  readings[0].milli = 9'000;
  const auto outcome = decide(1);
  EXPECT_EQ(outcome.replicas, 14);
  EXPECT_EQ(outcome.scaling_active.reason, "FailedGetExternalMetric");
  EXPECT_NE(outcome.scaling_active.message.find("metric queue"), std::string::npos);
}

TEST_F(Total, OfSeveralBackendsTheServiceMayNeedMoreThanItsReadingAsksFor) {
  asked = {16.2};
  EXPECT_EQ(step(0, 14).replicas, 17) << "its division does";
  settings.tolerance = Quantity::from_milli(100);
  asked = {17.8};
  EXPECT_EQ(step(15, 14).replicas, 17) << "within the tolerance";
}

TEST_F(Total, OfOneBackendItsOwnMetricIsAskedHere) {
  scaling.metrics[0].scope = api::MetricScope::Backend;
  EXPECT_EQ(step(0, 14).replicas, 14);
}

TEST_F(Total, SeveralBackendsDoNotTakeARiseBackWhileNothingCanBeRead) {
  history.pending = PendingScale{.time = at(0), .from = 10, .to = 16, .backends = {}};
  EXPECT_EQ(step(1, 0, Quality::Error).replicas, 10) << "one does as upstream";
  asked = {std::nullopt};
  EXPECT_EQ(step(2, 0, Quality::Error).replicas, 16);
  current = 10;
  scaling.max_replicas = 12;
  EXPECT_EQ(step(3, 0, Quality::Error).replicas, 12) << "within the bounds";
  current = 10;
  history.pending->to = 4;
  EXPECT_EQ(step(4, 0, Quality::Error).replicas, 10) << "a fall is not carried on";
}

TEST_F(Total, OfScopePodThePodsDecideRoundedUp) {
  scaling.metrics[0].scope = api::MetricScope::Pod;
  std::vector<api::Pod> listed(10);
  Reading reading;
  reading.name = "rps";
  reading.quality = Quality::Fresh;
  reading.milli = 1'210;
  for (std::size_t i = 0; i < listed.size(); ++i) {
    listed[i].name = "pod-" + std::to_string(i);
    listed[i].phase = "Running";
    reading.pods.push_back({.pod = listed[i].name, .milli = 1'210, .time = at(0)});
  }
  pods = listed;
  readings = {reading};
  const auto outcome = decide(0);
  EXPECT_EQ(outcome.replicas, 13) << "1.21 times ten";
  EXPECT_DOUBLE_EQ(outcome.steps[0].value.value_or(0), 1.21);
}

TEST_F(Total, AFloorOfDemandHoldsWhateverTheMetricsSay) {
  floor = 14;
  auto outcome = step(0, 5);
  EXPECT_EQ(outcome.replicas, 14);
  EXPECT_EQ(outcome.proposal, 5) << "what the metrics ask for is told apart";
  floor = 18;
  EXPECT_EQ(step(1, 0, Quality::Error).replicas, 18);
  floor = 3;
  EXPECT_EQ(step(2, 0, Quality::Error).replicas, 18) << "it raises and never lowers";
}

TEST_F(Total, ARiseByTheFloorOfDemandNamesItAsItsCause) {
  const std::string cause = "what a lost backend carried is still asked for";
  floor = 14;
  EXPECT_EQ(step(0, 5).cause, cause);
  floor = 18;
  EXPECT_EQ(step(1, 0, Quality::Error).cause, cause);
  floor = 19;
  scaling.on_missing_metrics = {.policy = api::MissingPolicy::Fallback, .replicas = 7};
  EXPECT_EQ(step(2, 0, Quality::Error).cause, cause);
  floor = 3;
  scaling.on_missing_metrics.replicas = 25;
  EXPECT_EQ(step(3, 0, Quality::Error).cause, "no metric can be used and onMissingMetrics asks for it");
}

TEST_F(Total, AForecastUnderANarrowPolicyTakesNoRiseBack) {
  asked = {std::nullopt};
  constexpr std::int64_t kDays = 3 * 86'400;
  scaling.predictive.mode = api::PredictiveMode::Enforce;
  for (std::int64_t t = 0; t < kDays; t += 600) history.seasons.record(scaling.predictive, at(t), 20);
  history.pending = PendingScale{.time = at(kDays - 5), .from = 10, .to = 16, .backends = {}};
  scaling.scale_up.policies = {{PolicyType::Pods, 4, seconds{15}}};
  const auto outcome = step(kDays, 0, Quality::Error);
  EXPECT_EQ(outcome.replicas, 16) << "decided while the policy was wider";
  EXPECT_EQ(outcome.steps.back().step, "Hold");
}

struct LimitRow {
  std::string name;
  std::vector<api::ScalingPolicy> policies;
  SelectPolicy select = SelectPolicy::Max;
  std::int32_t from = 0;
  std::int32_t asked = 0;
  std::int32_t want = 0;
};
void PrintTo(const LimitRow& row, std::ostream* os) {
  *os << row.name;
}
class RateLimit : public Total, public testing::WithParamInterface<LimitRow> {};

TEST_P(RateLimit, Row) {
  const auto& row = GetParam();
  auto& rules = row.asked > row.from ? scaling.scale_up : scaling.scale_down;
  rules.policies = row.policies;
  rules.select_policy = row.select;
  current = row.from;
  scaling.max_replicas = 1'000'000;
  const auto outcome = step(0, row.asked);
  EXPECT_EQ(outcome.replicas, row.want);
  const bool is_limited = row.want != row.asked;
  EXPECT_EQ(outcome.scaling_limited.status, is_limited ? ConditionStatus::True : ConditionStatus::False);
  if (is_limited) {
    EXPECT_EQ(outcome.scaling_limited.reason, row.asked > row.from ? "ScaleUpLimit" : "ScaleDownLimit");
  }
  EXPECT_EQ(step(0, row.asked).replicas, row.want) << "the period is used up";
}

constexpr auto kPods = PolicyType::Pods;
constexpr auto kPercent = PolicyType::Percent;
const std::vector<api::ScalingPolicy> kFourOrDouble = {{kPods, 4, seconds{15}}, {kPercent, 100, seconds{15}}};

INSTANTIATE_TEST_SUITE_P(
    Up,
    RateLimit,
    testing::Values(
        LimitRow{"FourPodsWhereDoublingIsLess", kFourOrDouble, SelectPolicy::Max, 2, 50, 6},
        LimitRow{"DoublingWhereItIsMore", kFourOrDouble, SelectPolicy::Max, 10, 50, 20},
        LimitRow{"MinTakesTheSmallerChange", kFourOrDouble, SelectPolicy::Min, 10, 50, 14},
        LimitRow{"DisabledForbidsGrowth", kFourOrDouble, SelectPolicy::Disabled, 10, 50, 10},
        LimitRow{"TenPercentOfFiftyAreFive", {{kPercent, 10, seconds{15}}}, SelectPolicy::Max, 50, 90, 55},
        LimitRow{"PercentRoundsUpSoThatGrowthNeverStalls",
                 {{kPercent, 10, seconds{15}}},
                 SelectPolicy::Max,
                 1,
                 9,
                 2},
        LimitRow{"WithinTheLimitNothingIsLimited", kFourOrDouble, SelectPolicy::Max, 10, 20, 20}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Down,
    RateLimit,
    testing::Values(
        LimitRow{"OnePod", {{kPods, 1, seconds{60}}}, SelectPolicy::Max, 10, 2, 9},
        LimitRow{"TenPercentRoundsTowardsLess", {{kPercent, 10, seconds{60}}}, SelectPolicy::Max, 15, 2, 13},
        LimitRow{"NinetyPercentOfTenLeaveOne", {{kPercent, 90, seconds{60}}}, SelectPolicy::Max, 10, 1, 1},
        LimitRow{"MaxIsTheLargestChange",
                 {{kPods, 1, seconds{60}}, {kPercent, 50, seconds{60}}},
                 SelectPolicy::Max,
                 10,
                 1,
                 5},
        LimitRow{"MinIsTheSmallestChange",
                 {{kPods, 1, seconds{60}}, {kPercent, 50, seconds{60}}},
                 SelectPolicy::Min,
                 10,
                 1,
                 9},
        LimitRow{"DisabledForbidsShrinking", {{kPods, 1, seconds{60}}}, SelectPolicy::Disabled, 10, 1, 10},
        LimitRow{"MoreThanAHundredPercentIsEverything",
                 {{kPercent, 300, seconds{60}}},
                 SelectPolicy::Max,
                 10,
                 2,
                 2}),
    [](const auto& row) { return row.param.name; });

TEST_F(Total, APeriodLetsGoOfEventsAsOldAsItself) {
  scaling.scale_up.policies = {{kPods, 2, seconds{60}}};
  EXPECT_EQ(step(0, 50).replicas, 12);
  EXPECT_EQ(step(59, 50).replicas, 12);
  EXPECT_EQ(step(60, 50).replicas, 14);
}

TEST_F(Total, WhatTheOtherDirectionDidCountsInTheWholePeriod) {
  // Fell by 4 a minute ago, in a short down period; the up period reaches back further and gives the 4 back.
  scaling.scale_down.policies = {{kPods, 4, seconds{15}}};
  scaling.scale_up.policies = {{kPods, 1, seconds{120}}};
  EXPECT_EQ(step(0, 1).replicas, 6);
  EXPECT_EQ(step(60, 50).replicas, 11) << "10 at the start of the period, and 1";
}

TEST_F(Total, AMetricThatFailsIsNamedAsUpstreamNamesIt) {
  const auto reason_of = [&](api::MetricScope scope, const char* preset, const char* container) {
    scaling.metrics[0].scope = scope;
    scaling.metrics[0].preset = preset;
    scaling.metrics[0].container = container;
    return step(0, 1, Quality::Error).scaling_active.reason;
  };
  using api::MetricScope;
  EXPECT_EQ(reason_of(MetricScope::Service, "RequestsPerSecond", ""), "FailedGetExternalMetric");
  EXPECT_EQ(reason_of(MetricScope::Pod, "RequestsPerSecond", ""), "FailedGetPodsMetric");
  EXPECT_EQ(reason_of(MetricScope::Pod, "CPUUtilization", ""), "FailedGetResourceMetric");
  EXPECT_EQ(reason_of(MetricScope::Pod, "MemoryUtilization", ""), "FailedGetResourceMetric");
  EXPECT_EQ(reason_of(MetricScope::Pod, "MemoryUtilization", "web"), "FailedGetContainerResourceMetric");
}

bool says(const TotalOutcome& outcome, const char* what) {
  for (const auto& step : outcome.steps) {
    if (step.step == what) return true;
  }
  return false;
}

TEST_F(Total, AnOutageIsSaidOnlyWhereItHoldsSomething) {
  ready = 0;
  EXPECT_FALSE(says(step(0, 10), "Outage"));
  EXPECT_TRUE(says(step(1, 9), "Outage"));
}

TEST_F(Total, AFloorOfDemandIsSaidOnlyWhereItRaisesSomething) {
  floor = 10;
  EXPECT_FALSE(says(step(0, 10), "DemandFloor"));
  const auto held = step(1, 0, Quality::Error);
  EXPECT_FALSE(says(held, "DemandFloor"));
  EXPECT_TRUE(says(held, "Hold")) << "nothing recommends a count";
  EXPECT_TRUE(says(step(2, 9), "DemandFloor"));
}

TEST_F(Total, TheFleetBreakerIsNamedOnlyWhereItHoldsSomething) {
  settings.frozen = true;
  EXPECT_FALSE(says(step(0, 10), "Frozen"));
  EXPECT_TRUE(says(step(1, 9), "Frozen"));
}

}  // namespace
}  // namespace evenkeel::scaling
