#include "evenkeel/scaling/signal.hpp"

#include <cmath>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

namespace evenkeel::scaling {
namespace {

using api::Quality;
using testing_support::at;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

api::Metric metric_of(const char* name, const char* preset, api::TargetType type, std::int64_t target_milli) {
  api::Metric metric;
  metric.name = name;
  metric.preset = preset;
  metric.target_type = type;
  metric.target_value = Quantity::from_milli(target_milli);
  return metric;
}
api::Metric rps() {
  return metric_of("rps", "RequestsPerSecond", api::TargetType::AverageValue, 50'000);
}
api::Metric latency() {
  return metric_of("p99", "LatencyP99", api::TargetType::Value, 250);
}
api::Sample sample(double value, std::int64_t age = 0) {
  return {.value = value, .time = at(1000 - age)};
}
api::Sample asked(double value, double requests) {
  return {.value = value, .time = at(1000), .weight = requests};
}
api::Sample from_pods(double value, std::int32_t contributors) {
  return {.value = value, .time = at(1000), .contributors = contributors};
}

struct Row {
  std::string name;
  api::Metric metric;
  std::vector<api::Sample> samples;
  Quality quality = Quality::Fresh;
  std::optional<std::int64_t> milli;
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}
class ReadSignal : public testing::TestWithParam<Row> {};

TEST_P(ReadSignal, Row) {
  const api::MetricReading given{.samples = GetParam().samples, .error = std::nullopt};
  const auto reading = read_signal(GetParam().metric, &given, {.now = at(1000), .serving_endpoints = 10});
  EXPECT_EQ(reading.quality, GetParam().quality) << reading.problem;
  EXPECT_EQ(reading.milli, GetParam().milli);
  EXPECT_EQ(reading.problem.empty(), GetParam().quality == Quality::Fresh);
}

INSTANTIATE_TEST_SUITE_P(
    Usable,
    ReadSignal,
    testing::Values(
        Row{"OneFreshSampleCounts", rps(), {sample(120)}, Quality::Fresh, 120'000},
        Row{"SamplesOfOneServiceAreAddedUp", rps(), {sample(100), sample(20.5)}, Quality::Fresh, 120'500},
        Row{"OfLatenciesTheLargestCounts", latency(), {sample(0.1), sample(0.3)}, Quality::Fresh, 300},
        Row{"ValuesRoundUpToAMilli", rps(), {sample(0.0001)}, Quality::Fresh, 1},
        Row{"BelowZeroCountsAsZero", rps(), {sample(-5), sample(7)}, Quality::Fresh, 7'000},
        Row{"HugeValuesSaturate",
            rps(),
            {sample(1e300), sample(1e300)},
            Quality::Fresh,
            std::numeric_limits<std::int64_t>::max()},
        Row{"ExactlyMaxAgeIsFresh", rps(), {sample(1, 120)}, Quality::Fresh, 1'000},
        Row{"WithoutATimeASampleIsOfNow", rps(), {{.value = 3}}, Quality::Fresh, 3'000},
        Row{"ATimeInTheFutureIsOfNow", rps(), {sample(3, -9999)}, Quality::Fresh, 3'000},
        Row{"SilentLatenciesAbstain", latency(), {asked(0.9, 0), asked(0.2, 5)}, Quality::Fresh, 200},
        Row{"NobodyAskedIsFreshAndWithoutAValue", latency(), {asked(kNan, 0)}, Quality::Fresh, {}},
        Row{"ZeroRequestsPerSecondAreAValue", rps(), {asked(0, 0)}, Quality::Fresh, 0},
        Row{"NineOfTenContributorsAreEnough", rps(), {from_pods(9, 9)}, Quality::Fresh, 9'000},
        Row{"UnknownContributorsAreNotMissed", rps(), {from_pods(9, 1), sample(1)}, Quality::Fresh, 10'000}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    NotQuite,
    ReadSignal,
    testing::Values(
        Row{"OlderThanMaxAgeIsStale", rps(), {sample(1, 121)}, Quality::Stale, {}},
        Row{"NoSamplesAreEmpty", rps(), {}, Quality::Empty, {}},
        Row{"NanIsAnError", rps(), {sample(kNan)}, Quality::Error, {}},
        Row{"InfinityIsAnError", rps(), {sample(-kInf)}, Quality::Error, {}},
        Row{"OfAllDroppedTheWorstClassCounts", rps(), {sample(1, 500), sample(kNan)}, Quality::Error, {}},
        Row{"SomeStaleIsPartial", rps(), {sample(1, 500), sample(4)}, Quality::Partial, 4'000},
        Row{"SomeNanIsPartial", rps(), {sample(kInf), sample(4)}, Quality::Partial, 4'000},
        Row{"FewContributorsArePartial", rps(), {from_pods(8, 8)}, Quality::Partial, 8'000},
        Row{"NegativeContributorsAreNone", rps(), {from_pods(8, -8)}, Quality::Partial, 8'000}),
    [](const auto& row) { return row.param.name; });

TEST(ReadSignal, WhatWasNotReadIsAnErrorAndNeverZero) {
  const auto reading = read_signal(rps(), nullptr, {.now = at(0)});
  EXPECT_EQ(reading.quality, Quality::Error);
  EXPECT_FALSE(reading.milli.has_value());
}

TEST(ReadSignal, TheSourcesOwnErrorIsWhatPeopleRead) {
  const api::MetricReading given{.samples = {sample(1)},
                                 .error = "spec.scaling.metrics[0].query: not PromQL"};
  const auto reading = read_signal(rps(), &given, {.now = at(1000)});
  EXPECT_EQ(reading.quality, Quality::Error);
  EXPECT_NE(reading.problem.find("not PromQL"), std::string::npos);
}

TEST(ReadSignal, ATargetOfZeroIsAnError) {
  auto metric = rps();
  metric.target_value = Quantity::from_milli(0);
  const api::MetricReading given{.samples = {sample(1)}, .error = std::nullopt};
  EXPECT_EQ(read_signal(metric, &given, {.now = at(1000)}).quality, Quality::Error);
}

TEST(ReadSignal, NegativeValuesComeWithAWarning) {
  const api::MetricReading given{.samples = {sample(-1)}, .error = std::nullopt};
  EXPECT_EQ(read_signal(rps(), &given, {.now = at(1000)}).warnings.size(), 1U);
}

TEST(ReadSignal, OnlyALatencyThatNobodyAskedForAbstains) {
  const api::MetricReading silent{.samples = {asked(0.5, 0)}, .error = std::nullopt};
  EXPECT_TRUE(read_signal(latency(), &silent, {.now = at(1000)}).abstains);
  EXPECT_FALSE(read_signal(rps(), &silent, {.now = at(1000)}).abstains);
}

TEST(ReadSignal, TimesAtBothEndsOfTheCalendarAreOrdered) {
  const api::MetricReading oldest{.samples = {{.value = 1, .time = WallTime::min()}}, .error = std::nullopt};
  EXPECT_EQ(read_signal(rps(), &oldest, {.now = WallTime::max()}).quality, Quality::Stale);
  const api::MetricReading newest{.samples = {{.value = 1, .time = WallTime::max()}}, .error = std::nullopt};
  EXPECT_EQ(read_signal(rps(), &newest, {.now = WallTime::min()}).quality, Quality::Fresh);
}

}  // namespace
}  // namespace evenkeel::scaling
