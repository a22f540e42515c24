#include "demand.hpp"

#include <cmath>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

namespace evenkeel::plan {
namespace {

using std::chrono::seconds;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::at;
using testing_support::SnapshotBuilder;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr seconds kWindow{60};

scaling::Reading fresh(double value) {
  return {.quality = api::Quality::Fresh, .milli = static_cast<std::int64_t>(value * 1000)};
}
scaling::Reading partial(double value) {
  return {.quality = api::Quality::Partial, .milli = static_cast<std::int64_t>(value * 1000)};
}
scaling::Reading stale() {
  return {.quality = api::Quality::Stale};
}

std::vector<double> values_of(const DemandMemory& memory) {
  std::vector<double> values;
  values.reserve(memory.highest.size());
  for (const auto& entry : memory.highest) values.push_back(entry.value);
  return values;
}

TEST(DemandQueue, HoldsWhatWasHighestSinceEveryMoment) {
  DemandMemory memory;
  memory.record(at(0), 50);
  memory.record(at(10), 80);
  memory.record(at(20), 60);
  memory.record(at(30), 60);
  memory.record(at(40), 20);
  EXPECT_THAT(values_of(memory), ElementsAre(80, 60, 20)) << "an equal later one answers for both";
  EXPECT_EQ(memory.highest_since(at(0)), 80);
  EXPECT_EQ(memory.highest_since(at(10)), 80) << "the cutoff itself is in";
  EXPECT_EQ(memory.highest_since(at(11)), 60);
  EXPECT_EQ(memory.highest_since(at(30)), 60);
  EXPECT_EQ(memory.highest_since(at(40)), 20);
  EXPECT_EQ(memory.highest_since(at(41)), std::nullopt);
}

TEST(DemandQueue, KeepsTheLastOneAndTheOneOfAnEarlierMoment) {
  DemandMemory memory;
  memory.record(at(0), 50);
  EXPECT_EQ(memory.before, std::nullopt);
  memory.record(at(0), 55);
  EXPECT_EQ(memory.before, std::nullopt) << "the same moment again is no earlier one";
  memory.record(at(5), 70);
  EXPECT_EQ(memory.last, (DemandReading{.time = at(5), .value = 70}));
  EXPECT_EQ(memory.before, (DemandReading{.time = at(0), .value = 55}));
}

TEST(DemandQueue, TakesLoadsOnly) {
  DemandMemory memory;
  for (const double nonsense : {kNan, -kInf, kInf, -3.0, 0.0}) {
    memory.record(at(0), nonsense);
    EXPECT_EQ(memory.last->value, 0) << nonsense;
  }
  memory.record(at(0), -0.0);
  EXPECT_FALSE(std::signbit(memory.last->value)) << "it would be printed with its sign";
  memory.record(at(0), 1e300);
  EXPECT_EQ(memory.last->value, 1e15) << "what follows multiplies such figures";
}

TEST(DemandQueue, PastItsSizeTheClosestNeighboursMergeIntoWhatHoldsMoreForLonger) {
  DemandMemory memory;
  memory.record(at(0), 100);
  memory.record(at(40), 90);
  memory.record(at(50), 80);
  memory.record(at(80), 70);
  memory.merge(4);
  EXPECT_THAT(values_of(memory), ElementsAre(100, 90, 80, 70)) << "four are not too many";
  memory.merge(3);
  EXPECT_THAT(values_of(memory), ElementsAre(100, 90, 70));
  EXPECT_EQ(memory.highest[1].time, at(50)) << "90 stands for as long as 80 would have";
  memory.merge(2);
  EXPECT_THAT(values_of(memory), ElementsAre(100, 90));
  EXPECT_EQ(memory.highest[1].time, at(80));
}

TEST(DemandQueue, OfEquallyCloseNeighboursTheOldestMerge) {
  DemandMemory memory;
  for (int i = 0; i < 4; ++i) memory.record(at(10 * i), 9 - i);
  memory.merge(3);
  EXPECT_THAT(values_of(memory), ElementsAre(9, 7, 6)) << "what is recent stays exact";
  EXPECT_EQ(memory.highest[0].time, at(10));
}

TEST(DemandQueue, NeverHoldsMoreThanItsSize) {
  DemandMemory memory;
  for (int i = 0; i < 64; ++i) memory.record(at(10 * i), 1000 - i);
  EXPECT_EQ(memory.highest.size(), 64U);
  memory.record(at(640), 1);
  EXPECT_EQ(memory.highest.size(), 64U);
  EXPECT_EQ(memory.highest.back().value, 1) << "the newest is never merged away while others are closer";
}

TEST(DemandQueue, ForgetsWhatIsBeforeAMoment) {
  DemandMemory memory;
  memory.record(at(0), 100);
  memory.record(at(10), 90);
  memory.forget(at(10));
  EXPECT_THAT(values_of(memory), ElementsAre(90));
}

TEST(DemandQueue, FromMemoryItIsPutInOrderAndIntoThePast) {
  DemandMemory memory;
  memory.highest = {{at(500), 10}, {at(0), 100}, {at(20), kNan}, {at(10), 40}, {at(10), 60}};
  memory.last = {at(300), -5};
  memory.before = {at(200), 7};
  memory.floor = {.lost = {at(900), kInf}, .covered_since = at(800)};
  memory.normalise(at(100));
  EXPECT_THAT(values_of(memory), ElementsAre(100, 60, 10));
  EXPECT_EQ(memory.highest.back().time, at(100)) << "what is later than now is of now";
  EXPECT_EQ(memory.last, (DemandReading{.time = at(100), .value = 0}));
  EXPECT_EQ(memory.before, (DemandReading{.time = at(100), .value = 7}));
  EXPECT_EQ(memory.floor->lost, (DemandReading{.time = at(100), .value = 0}));
  EXPECT_EQ(memory.floor->covered_since, at(100));
}

/// A metric of scope Service with target AverageValue, unless said otherwise.
api::Metric metric(const std::string& name, const std::string& preset = "") {
  api::Metric metric;
  metric.name = name;
  metric.preset = preset;
  metric.target_type = api::TargetType::AverageValue;
  metric.target_value = Quantity::from_milli(50'000);
  metric.scope = api::MetricScope::Service;
  return metric;
}

TEST(LoadMetric, IsRequestsThenConnectionsThenAnyOther) {
  api::Scaling scaling;
  EXPECT_EQ(load_metric_of(scaling), std::nullopt);
  scaling.metrics = {metric("jobs")};
  EXPECT_EQ(load_metric_of(scaling), 0U);
  scaling.metrics = {metric("jobs"), metric("open", "ActiveConnections")};
  EXPECT_EQ(load_metric_of(scaling), 1U);
  scaling.metrics.push_back(metric("rps", "RequestsPerSecond"));
  EXPECT_EQ(load_metric_of(scaling), 2U);
  scaling.metrics.push_back(metric("more", "RequestsPerSecond"));
  EXPECT_EQ(load_metric_of(scaling), 2U) << "the first of them";
}

TEST(LoadMetric, IsTheOneThatIsNamedOrNone) {
  api::Scaling scaling;
  scaling.metrics = {metric("rps", "RequestsPerSecond"), metric("jobs")};
  scaling.load_metric = "jobs";
  EXPECT_EQ(load_metric_of(scaling), 1U);
  scaling.load_metric = "gone";
  EXPECT_EQ(load_metric_of(scaling), std::nullopt);
}

TEST(LoadMetric, MeasuresTheWholeServicePerReplica) {
  api::Scaling scaling;
  scaling.metrics = {metric("rps", "RequestsPerSecond")};
  scaling.metrics[0].scope = api::MetricScope::Backend;
  EXPECT_EQ(load_metric_of(scaling), std::nullopt);
  scaling.metrics[0].scope = api::MetricScope::Service;
  scaling.metrics[0].target_type = api::TargetType::Value;
  EXPECT_EQ(load_metric_of(scaling), std::nullopt);
  scaling.load_metric = "rps";
  EXPECT_EQ(load_metric_of(scaling), std::nullopt) << "not even where it is named";
}

struct LoadRow {
  std::string name;
  std::int64_t target_milli = 50'000;
  std::int32_t overprovisioning = 140;
  std::optional<std::int64_t> own_milli;  ///< capacityPerReplica.
  double capacity = 0;
  double planned = 0;
};
void PrintTo(const LoadRow& row, std::ostream* os) {
  *os << row.name;
}
class LoadOfAReplica : public testing::TestWithParam<LoadRow> {};

TEST_P(LoadOfAReplica, Row) {
  const auto& row = GetParam();
  api::Spec spec;
  spec.backends.push_back({.name = "blue"});
  if (row.own_milli) spec.backends[0].capacity_per_replica = Quantity::from_milli(*row.own_milli);
  spec.failover.overprovisioning_percent = row.overprovisioning;
  spec.scaling = api::Scaling{};
  spec.scaling->metrics = {metric("rps", "RequestsPerSecond")};
  spec.scaling->metrics[0].target_value = Quantity::from_milli(row.target_milli);
  const auto loads = replica_loads(spec);
  ASSERT_EQ(loads.size(), 1U);
  EXPECT_NEAR(loads[0].capacity, row.capacity, 1e-9);
  EXPECT_NEAR(loads[0].planned, row.planned, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Demand,
                         LoadOfAReplica,
                         testing::Values(LoadRow{"TargetAndTheSpare", 50'000, 140, {}, 70, 50},
                                         LoadRow{"NoSpare", 50'000, 100, {}, 50, 50},
                                         LoadRow{"NonsenseSpareIsOnePercent", 50'000, 0, {}, 0.5, 50},
                                         LoadRow{"WhatItDeclaresIsCarried", 50'000, 140, 80'000, 80, 50},
                                         LoadRow{"AndPlannedWithWhereItIsLess", 50'000, 140, 30'000, 30, 30},
                                         LoadRow{"NothingDeclaredInEarnest", 50'000, 140, 0, 70, 50},
                                         LoadRow{"ATargetOfNothingMeasuresNothing", 0, 140, 80'000, 1.4, 1}),
                         [](const auto& row) { return row.param.name; });

TEST(LoadOfAReplica, WithoutALoadMetricIsOneReplicaAndTheSpare) {
  api::Spec spec;
  spec.backends.push_back({.name = "blue"});
  spec.backends[0].capacity_per_replica = Quantity::from_milli(80'000);
  for (const bool is_scaled : {false, true}) {
    if (is_scaled) spec.scaling = api::Scaling{};
    const auto loads = replica_loads(spec);
    EXPECT_NEAR(loads[0].capacity, 1.4, 1e-9) << "its own capacity is in a unit that nothing measures";
    EXPECT_NEAR(loads[0].planned, 1, 1e-9);
  }
}

/// replica_limits() of `builder`, by declared weight.
std::vector<std::int32_t> limits(const SnapshotBuilder& builder, std::int32_t max) {
  const auto& snapshot = const_cast<SnapshotBuilder&>(builder).snapshot();
  std::vector<std::string> warnings;
  const auto members = members_of(snapshot, warnings);
  std::vector<double> proportions;
  proportions.reserve(members.size());
  for (const auto& member : members) proportions.push_back(member.declared->weight);
  return replica_limits(members, proportions, max);
}

TEST(ReplicaLimits, AreThePartsOfTheMaximumInsideEachTier) {
  SnapshotBuilder builder;
  builder.backend("blue", {.weight = 80})
      .backend("green", {.weight = 20})
      .backend("red", {.tier = 1, .weight = 7})
      .backend("grey", {.weight = 0});
  EXPECT_THAT(limits(builder, 20), ElementsAre(16, 4, 20, 1));
}

TEST(ReplicaLimits, AreBoundedByTheOwnMaximumAndNeverUnderOne) {
  SnapshotBuilder builder;
  builder.backend("blue", {.weight = 99, .max = 7}).backend("green", {.weight = 1});
  EXPECT_THAT(limits(builder, 20), ElementsAre(7, 13)) << "what a maximum leaves, the others may have";
  EXPECT_THAT(limits(builder, 0), ElementsAre(1, 1));
}

TEST(ReplicaLimits, AnOwnMinimumIsNoCause) {
  SnapshotBuilder builder;
  builder.backend("blue", {.weight = 50, .min = 30, .max = 5});
  EXPECT_THAT(limits(builder, 20), ElementsAre(20)) << "its maximum is never below its minimum";
}

TEST(ReplicaLimits, OfAMinimumAreNeverBelowIt) {
  SnapshotBuilder builder;
  builder.backend("blue", {.weight = 95}).backend("green", {.weight = 5, .min = 6});
  EXPECT_THAT(limits(builder, 20), ElementsAre(14, 6)) << "and the others have what it leaves";
}

/// measure_demand() over time.
class Measuring : public testing::Test {
 protected:
  Demand at_second(std::int64_t second, const scaling::Reading& reading) {
    return measure_demand(reading, kWindow, at(second), memory);
  }
  DemandMemory memory;
};

TEST_F(Measuring, AFreshReadingIsDemandAndTheWindowKnowsTheHighest) {
  EXPECT_EQ(at_second(0, fresh(120)).value, 120);
  const auto lower = at_second(60, fresh(80));
  EXPECT_EQ(lower.value, 80);
  EXPECT_EQ(lower.highest, 120) << "a window ago is inside it";
  EXPECT_FALSE(lower.remembered);
  EXPECT_EQ(at_second(61, fresh(80)).highest, 80);
}

TEST_F(Measuring, WithoutOneTheLastFreshOneStandsForOneWindow) {
  (void)at_second(0, fresh(120));
  const auto held = at_second(60, stale());
  EXPECT_EQ(held.value, 120);
  EXPECT_TRUE(held.remembered);
  const auto after = at_second(61, stale());
  EXPECT_EQ(after.value, std::nullopt) << "unknown";
  EXPECT_EQ(after.highest, 0);
  EXPECT_FALSE(after.remembered);
}

TEST_F(Measuring, APartialOneCountsOnlyWhereItIsHigher) {
  (void)at_second(0, fresh(120));
  const auto lower = at_second(10, partial(119));
  EXPECT_EQ(lower.value, 120);
  EXPECT_TRUE(lower.remembered);
  EXPECT_TRUE(at_second(15, partial(120)).remembered) << "it is no higher";
  const auto higher = at_second(20, partial(121));
  EXPECT_EQ(higher.value, 121);
  EXPECT_FALSE(higher.remembered);
  EXPECT_EQ(higher.highest, 121);
  EXPECT_EQ(at_second(30, stale()).value, 120) << "it is not remembered: it may miss anything";
  EXPECT_EQ(at_second(200, partial(5)).value, 5) << "better than nothing";
  EXPECT_EQ(at_second(210, partial(0)).value, std::nullopt) << "which says nothing";
}

TEST_F(Measuring, AfterALongWindowItStillKnowsThatLong) {
  (void)measure_demand(fresh(120), seconds{900}, at(0), memory);
  EXPECT_EQ(measure_demand(fresh(80), seconds{900}, at(900), memory).highest, 120);
}

TEST_F(Measuring, AShortWindowKeepsFiveMinutesForTheFloor) {
  (void)at_second(0, fresh(120));
  (void)at_second(300, fresh(80));
  EXPECT_EQ(memory.highest_since(at(0)), 120);
  (void)at_second(301, fresh(80));
  EXPECT_EQ(memory.highest_since(at(0)), 80);
}

TEST(DemandInReplicas, IsWhatIsAskedFor) {
  DemandMemory memory;
  const auto known = demand_in_replicas(AskedReplicas{7}, kWindow, at(0), memory);
  EXPECT_EQ(known.value, 7);
  EXPECT_EQ(known.highest, 7);
  const auto less = demand_in_replicas(AskedReplicas{3}, kWindow, at(10), memory);
  EXPECT_EQ(less.highest, 3) << "the total has windows of its own";
  const auto unknown = demand_in_replicas(std::nullopt, kWindow, at(20), memory);
  EXPECT_EQ(unknown.value, std::nullopt);
  EXPECT_EQ(memory.highest_since(at(0)), 7);
  (void)demand_in_replicas(AskedReplicas{1}, kWindow, at(301), memory);
  EXPECT_EQ(memory.highest_since(at(0)), 3) << "forgotten after the span of a floor";
}

TEST(DemandInReplicas, OfWhichOnlyALeastIsKnownIsWhatItWasWhereThatIsMore) {
  DemandMemory memory;
  const auto least = [&](double value, std::int64_t second) {
    return demand_in_replicas(AskedReplicas{.value = 9, .at_least = value}, kWindow, at(second), memory);
  };
  EXPECT_EQ(least(4, 0).value, 9) << "nothing was known before";
  (void)demand_in_replicas(AskedReplicas{7.5}, kWindow, at(10), memory);
  const auto stands = least(4, 20);
  EXPECT_EQ(stands.value, 7.5);
  EXPECT_TRUE(stands.remembered);
  EXPECT_EQ(memory.last->time, at(10)) << "which is no news";
  const auto more = least(8, 30);
  EXPECT_EQ(more.value, 8);
  EXPECT_FALSE(more.remembered);
  EXPECT_EQ(least(7.9, 30).value, 7.9) << "asked again at that moment, the one before counts";
  const auto window = floor_span(kWindow).count();
  EXPECT_EQ(least(1, 30 + window).value, 7.9);
  EXPECT_EQ(least(1, 31 + window).value, 9) << "for a window, not longer";
}

TEST(SpanOfAFloor, IsTheWindowButFiveMinutesAtLeast) {
  EXPECT_EQ(floor_span(seconds{0}), seconds{300});
  EXPECT_EQ(floor_span(seconds{300}), seconds{300});
  EXPECT_EQ(floor_span(seconds{301}), seconds{301});
}

/// A floor of 120, lost at second 100.
class Floor : public testing::Test {
 protected:
  Floor() {
    memory.record(at(0), 120);
    memory.record(at(50), 40);
    settle(100, true, false);
  }
  void settle(std::int64_t second, bool lost, bool covered) {
    settle_floor(lost, covered, kWindow, at(second), memory);
  }
  DemandMemory memory;
};

TEST_F(Floor, IsTheHighestOfTheTimeBefore) {
  ASSERT_TRUE(memory.floor);
  EXPECT_EQ(memory.floor->lost, (DemandReading{.time = at(100), .value = 120}));
}

TEST_F(Floor, LooksBackFiveMinutesAtLeast) {
  DemandMemory memory;
  memory.record(at(0), 120);
  settle_floor(true, false, kWindow, at(300), memory);
  ASSERT_TRUE(memory.floor);
  EXPECT_EQ(memory.floor->lost.value, 120);
  memory.floor.reset();
  settle_floor(true, false, kWindow, at(301), memory);
  EXPECT_EQ(memory.floor, std::nullopt) << "nothing was asked for lately: nothing to keep up";
}

TEST_F(Floor, ASecondLossDoesNotLowerIt) {
  memory.highest.clear();
  memory.record(at(110), 20);
  settle(120, true, false);
  EXPECT_EQ(memory.floor->lost, (DemandReading{.time = at(120), .value = 120}));
}

TEST_F(Floor, EndsOnceItHasBeenCoveredForItsSpan) {
  settle(200, false, true);
  settle(499, false, true);
  EXPECT_TRUE(memory.floor);
  settle(500, false, true);
  EXPECT_FALSE(memory.floor);
}

TEST_F(Floor, WhatIsCoveredInBetweenDoesNotCount) {
  settle(200, false, true);
  settle(300, false, false);
  EXPECT_EQ(memory.floor->covered_since, std::nullopt);
  settle(400, false, true);
  settle(699, false, true);
  EXPECT_TRUE(memory.floor);
}

TEST_F(Floor, EndsAfterAnHourAtMost) {
  settle(100 + 3599, false, false);
  EXPECT_TRUE(memory.floor);
  settle(100 + 3600, false, false);
  EXPECT_FALSE(memory.floor);
}

TEST_F(Floor, RaisesDemandAndNeverLowersIt) {
  const auto raised = with_floor({.value = 119, .highest = 130}, memory);
  EXPECT_EQ(raised.value, 120);
  EXPECT_EQ(raised.highest, 130);
  EXPECT_TRUE(raised.is_floor);
  const auto raises_both = with_floor({.value = 30, .highest = 40}, memory);
  EXPECT_EQ(raises_both.highest, 120);
  for (const double enough : {120.0, 121.0}) {
    const auto as_it_is = with_floor({.value = enough, .highest = enough}, memory);
    EXPECT_EQ(as_it_is.value, enough);
    EXPECT_FALSE(as_it_is.is_floor) << enough;
  }
  EXPECT_EQ(with_floor({}, memory).value, 120) << "unknown demand is at least that";
  EXPECT_EQ(with_floor({.value = 1}, {}).value, 1) << "without a floor nothing changes";
}

}  // namespace
}  // namespace evenkeel::plan
