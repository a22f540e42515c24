#include "evenkeel/scaling/signal.hpp"

#include <cmath>
#include <limits>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

namespace evenkeel::scaling {
namespace {

using api::Quality;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
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

TEST(ReadSignal, AnAverageUtilizationOfZeroIsAnErrorToo) {
  auto metric = rps();
  metric.target_type = api::TargetType::Utilization;
  metric.average_utilization = 0;
  const api::MetricReading given{.samples = {sample(1)}, .error = std::nullopt};
  EXPECT_EQ(read_signal(metric, &given, {.now = at(1000)}).quality, Quality::Error);
  metric.average_utilization = 1;
  EXPECT_EQ(read_signal(metric, &given, {.now = at(1000)}).quality, Quality::Fresh);
}

TEST(ReadSignal, NegativeValuesComeWithAWarning) {
  const api::MetricReading given{.samples = {sample(-1)}, .error = std::nullopt};
  EXPECT_EQ(read_signal(rps(), &given, {.now = at(1000)}).warnings.size(), 1U);
  const api::MetricReading zero{.samples = {sample(0)}, .error = std::nullopt};
  EXPECT_TRUE(read_signal(rps(), &zero, {.now = at(1000)}).warnings.empty());
}

TEST(ReadSignal, TimesInTheFutureComeWithAWarningWhenItIsNotTheClocks) {
  const api::MetricReading skewed{.samples = {sample(1, -5)}, .error = std::nullopt};
  EXPECT_TRUE(read_signal(rps(), &skewed, {.now = at(1000)}).warnings.empty());
  const api::MetricReading wrong{.samples = {sample(1, -6)}, .error = std::nullopt};
  EXPECT_EQ(read_signal(rps(), &wrong, {.now = at(1000)}).warnings.size(), 1U);
}

TEST(ReadSignal, SamplesWithTheSameLabelsBothCountWithAWarning) {
  api::MetricReading given{.samples = {sample(1), sample(2)}, .error = std::nullopt};
  EXPECT_EQ(read_signal(rps(), &given, {.now = at(1000)}).warnings.size(), 1U) << "also without any";
  given.samples[0].labels = {{"route", "pages"}};
  EXPECT_TRUE(read_signal(rps(), &given, {.now = at(1000)}).warnings.empty());
  for (auto& each : given.samples) each.labels = {{"route", "pages"}};
  const auto reading = read_signal(rps(), &given, {.now = at(1000)});
  EXPECT_EQ(reading.milli, 3'000);
  EXPECT_EQ(reading.warnings.size(), 1U);
}

TEST(ReadSignal, WhatIsBelowZeroBesideTheValueComesWithAWarning) {
  const auto warnings = [](const api::Sample& only) {
    const api::MetricReading given{.samples = {only}, .error = std::nullopt};
    return read_signal(rps(), &given, {.now = at(1000), .serving_endpoints = 1}).warnings;
  };
  EXPECT_THAT(warnings(asked(1, -1)), ElementsAre(HasSubstr("weight below 0")));
  EXPECT_THAT(warnings(from_pods(1, -1)), ElementsAre(HasSubstr("contributors below 0")));
  auto looking_ahead = sample(1);
  looking_ahead.window = std::chrono::seconds{-60};
  EXPECT_THAT(warnings(looking_ahead), ElementsAre(HasSubstr("windowSeconds below 0")));
  const api::MetricReading given{.samples = {looking_ahead}, .error = std::nullopt};
  EXPECT_EQ(read_signal(rps(), &given, {.now = at(1000)}).window, kUsualWindow) << "as where it is unknown";
  EXPECT_THAT(warnings(asked(1, 0)), IsEmpty());
}

TEST(ReadSignal, OfAPodsSamplesTheLastCounts) {
  auto metric = rps();
  metric.scope = api::MetricScope::Pod;
  api::MetricReading given{.samples = {sample(1), sample(2), sample(5)}, .error = std::nullopt};
  for (auto& each : given.samples) each.labels = {{"pod", "b"}};
  given.samples[0].labels = {{"pod", "c"}};
  const auto reading = read_signal(metric, &given, {.now = at(1000)});
  ASSERT_EQ(reading.pods.size(), 2U);
  EXPECT_EQ(reading.pods[0].pod, "b");
  EXPECT_EQ(reading.pods[0].milli, 5'000);
  EXPECT_EQ(reading.pods[1].milli, 1'000);
  EXPECT_EQ(reading.milli, 3'000) << "the mean of two pods, not of three samples";
  EXPECT_EQ(reading.warnings.size(), 1U);
}

TEST(ReadSignal, ABadSampleOfAPodThatHasAGoodOneIsNoHole) {
  auto metric = rps();
  metric.scope = api::MetricScope::Pod;
  api::MetricReading given{.samples = {sample(kNan), sample(2), sample(9, 5000)}, .error = std::nullopt};
  for (auto& each : given.samples) each.labels = {{"pod", "a"}};
  const auto reading = read_signal(metric, &given, {.now = at(1000)});
  EXPECT_EQ(reading.quality, Quality::Fresh);
  EXPECT_EQ(reading.milli, 2'000);
  given.samples[2].labels = {{"pod", "b"}};
  EXPECT_EQ(read_signal(metric, &given, {.now = at(1000)}).quality, Quality::Partial) << "b has no other";
}

api::Pod serving_pod(const char* name) {
  api::Pod pod;
  pod.name = name;
  pod.phase = "Running";
  pod.ready = true;
  pod.ready_transition_time = at(0);
  return pod;
}

TEST(ReadSignal, OfScopePodTheFigureIsTheMeanAndEachBackendHasItsSum) {
  auto metric = rps();
  metric.scope = api::MetricScope::Pod;
  const std::vector<api::Pod> blue = {serving_pod("a"), serving_pod("b")};
  const std::vector<api::Pod> green = {serving_pod("c")};
  const std::vector<SignalBackend> backends = {{.name = "blue", .has_share = true, .pods = blue},
                                               {.name = "green", .has_share = true, .pods = green}};
  api::MetricReading given{.samples = {sample(20), sample(41)}, .error = std::nullopt};
  given.samples[0].labels = {{"pod", "a"}};
  given.samples[1].labels = {{"pod", "b"}};
  const auto reading = read_signal(metric, &given, {.now = at(1000), .backends = backends});
  EXPECT_EQ(reading.milli, 30'500);
  ASSERT_EQ(reading.by_backend.size(), 1U) << "no sample speaks of green";
  EXPECT_EQ(reading.by_backend.at("blue").milli, 61'000);
}

TEST(ReadSignal, PodsThatDoNotServeAreNotExpected) {
  auto metric = rps();
  metric.scope = api::MetricScope::Pod;
  std::vector<api::Pod> pods;
  for (const char* name : {"a", "deleted", "unready", "unknown", "finished"})
    pods.push_back(serving_pod(name));
  pods[1].deleted = true;
  pods[2].ready = false;
  pods[3].ready.reset();
  pods[4].phase = "Succeeded";
  const std::vector<SignalBackend> backends = {{.name = "blue", .has_share = true, .pods = pods}};
  api::MetricReading given{.samples = {sample(1)}, .error = std::nullopt};
  given.samples[0].labels = {{"pod", "a"}};
  EXPECT_EQ(read_signal(metric, &given, {.now = at(1000), .backends = backends}).quality, Quality::Fresh);
}

TEST(ReadSignal, AnEmptyLabelIsNone) {
  const std::vector<SignalBackend> backends = {{.name = "blue", .has_share = true}};
  for (const auto scope : {api::MetricScope::Backend, api::MetricScope::Pod}) {
    auto metric = rps();
    metric.scope = scope;
    api::MetricReading given{.samples = {sample(1)}, .error = std::nullopt};
    given.samples[0].labels = {{"backend", ""}, {"pod", ""}};
    const auto reading = read_signal(metric, &given, {.now = at(1000), .backends = backends});
    EXPECT_EQ(reading.quality, Quality::Error);
    ASSERT_EQ(reading.warnings.size(), 1U);
    EXPECT_NE(reading.warnings[0].find("without the label"), std::string::npos) << reading.warnings[0];
  }
}

TEST(ReadSignal, WhereNoSampleIsOfADeclaredBackendPeopleReadThatThereIsNone) {
  auto metric = rps();
  metric.scope = api::MetricScope::Backend;
  const std::vector<SignalBackend> backends = {{.name = "blue"}};
  api::MetricReading given{.samples = {sample(1)}, .error = std::nullopt};
  given.samples[0].labels = {{"backend", "red"}};
  const auto reading = read_signal(metric, &given, {.now = at(1000), .backends = backends});
  EXPECT_EQ(reading.quality, Quality::Empty);
  EXPECT_NE(reading.problem.find("no series"), std::string::npos);
  EXPECT_FALSE(reading.abstains);
}

/// Three pods that serve; only the first has a sample, the last became ready `age` seconds ago.
Quality quality_with_young(std::int64_t age) {
  auto metric = rps();
  metric.scope = api::MetricScope::Pod;
  std::vector<SignalBackend> backends = {
      {.name = "blue", .has_share = true, .ready_endpoints = 3, .pods = {}}};
  std::vector<api::Pod> pods;
  for (const char* name : {"a", "b", "c"}) pods.push_back(serving_pod(name));
  pods.back().ready_transition_time = at(1000 - age);
  backends.front().pods = pods;
  api::MetricReading given{.samples = {sample(1)}, .error = std::nullopt};
  given.samples[0].labels = {{"pod", "a"}};
  return read_signal(metric, &given, {.now = at(1000), .backends = backends}).quality;
}

TEST(ReadSignal, APodThatHasJustBecomeReadyIsNotExpected) {
  EXPECT_EQ(quality_with_young(59), Quality::Fresh) << "one of two is missing";
  EXPECT_EQ(quality_with_young(60), Quality::Partial) << "two of three are";
}

api::Metric ratio() {
  return metric_of("errors", "ErrorRatio", api::TargetType::Value, 10);
}

TEST(ReadSignal, RatiosAreTheMeanOfTheRequests) {
  const api::MetricReading given{.samples = {asked(0.1, 100), asked(0.2, 300)}, .error = std::nullopt};
  EXPECT_EQ(read_signal(ratio(), &given, {.now = at(1000)}).milli, 175);
  const api::MetricReading thirds{.samples = {asked(0.1, 1), asked(0.2, 2)}, .error = std::nullopt};
  EXPECT_EQ(read_signal(ratio(), &thirds, {.now = at(1000)}).milli, 167) << "a part of a thousandth counts";
}

TEST(ReadSignal, RatiosOfUnknownWeightAreTheLargest) {
  for (const double weight : {1e308, kInf, kNan}) {
    const api::MetricReading given{.samples = {asked(0.1, 100), asked(0.2, weight), asked(0.15, weight)},
                                   .error = std::nullopt};
    const auto milli = read_signal(ratio(), &given, {.now = at(1000)}).milli;
    EXPECT_GE(milli, 150) << weight;
    EXPECT_LE(milli, 200) << weight;
  }
  const api::MetricReading unknown{.samples = {asked(0.1, 100), sample(0.2)}, .error = std::nullopt};
  EXPECT_EQ(read_signal(ratio(), &unknown, {.now = at(1000)}).milli, 200);
  const api::MetricReading huge{.samples = {asked(0, 1.5e308), asked(0, 1.5e308), asked(0.1, 1)},
                                .error = std::nullopt};
  EXPECT_EQ(read_signal(ratio(), &huge, {.now = at(1000)}).milli, 100) << "their sum is no number";
}

TEST(ReadSignal, BackendsAreReadOneByOne) {
  auto metric = latency();
  metric.scope = api::MetricScope::Backend;
  const std::vector<SignalBackend> backends = {
      {.name = "blue", .has_share = true, .ready_endpoints = 2, .pods = {}},
      {.name = "green", .has_share = true, .ready_endpoints = 2, .pods = {}},
      {.name = "red", .has_share = true, .ready_endpoints = 2, .pods = {}}};
  api::MetricReading given{.samples = {sample(0.1), sample(0.4), asked(kNan, 0), sample(9, 500), sample(7)},
                           .error = std::nullopt};
  const char* names[] = {"blue", "blue", "green", "red", "gone"};
  for (std::size_t i = 0; i < 5; ++i) given.samples[i].labels["backend"] = names[i];
  given.samples[0].window = std::chrono::seconds{90};
  const auto reading = read_signal(metric, &given, {.now = at(1000), .backends = backends});
  ASSERT_EQ(reading.by_backend.size(), 3U);
  EXPECT_EQ(reading.by_backend.at("blue").milli, 400);
  EXPECT_EQ(reading.by_backend.at("blue").window, std::chrono::seconds{90});
  EXPECT_TRUE(reading.by_backend.at("green").abstains);
  EXPECT_EQ(reading.by_backend.at("red").quality, Quality::Stale);
  EXPECT_FALSE(reading.by_backend.at("red").milli) << "what is not used has no figure, not even 0";
  EXPECT_EQ(reading.quality, Quality::Partial);
  EXPECT_EQ(reading.milli, 400);
  EXPECT_EQ(reading.warnings.size(), 2U) << "of equal labels, and of the backend that is not declared";
}

TEST(ReadSignal, ABackendThatSaysNothingIsMissedThoughNobodyAskedAnotherOne) {
  auto metric = latency();
  metric.scope = api::MetricScope::Backend;
  const std::vector<SignalBackend> backends = {{.name = "blue", .has_share = true, .ready_endpoints = 1},
                                               {.name = "green", .has_share = true, .ready_endpoints = 1},
                                               {.name = "red", .has_share = true, .ready_endpoints = 1}};
  api::MetricReading given{.samples = {asked(0.1, 5), asked(kNan, 0)}, .error = std::nullopt};
  given.samples[0].labels["backend"] = "blue";
  given.samples[1].labels["backend"] = "green";
  const auto reading = read_signal(metric, &given, {.now = at(1000), .backends = backends});
  EXPECT_EQ(reading.quality, Quality::Partial);
  EXPECT_NE(reading.problem.find("backend red"), std::string::npos) << reading.problem;
}

TEST(IsNextReading, CountsNewerSamplesOnlyOnce) {
  BackendReading reading{.quality = Quality::Fresh, .milli = 1, .sample_time = at(100), .dated = true};
  EXPECT_TRUE(is_next_reading(reading, std::nullopt, at(100)));
  EXPECT_FALSE(is_next_reading(reading, at(100), at(500)));
  EXPECT_TRUE(is_next_reading(reading, at(99), at(500)));
  reading.sample_time.reset();
  EXPECT_FALSE(is_next_reading(reading, std::nullopt, at(500)));
}

TEST(ReadSignal, OfEquallyNewSamplesOneWithATimeIsEnough) {
  auto metric = rps();
  metric.scope = api::MetricScope::Backend;
  const std::vector<SignalBackend> backends = {{.name = "blue", .has_share = true}};
  for (const bool dated_first : {false, true}) {
    std::vector<api::Sample> samples(2, {.labels = {{"backend", "blue"}}, .value = 1});
    samples[dated_first ? 0 : 1].time = at(1000);
    samples[1].labels["pod"] = "b";
    const api::MetricReading given{.samples = samples, .error = std::nullopt};
    const auto reading = read_signal(metric, &given, {.now = at(1000), .backends = backends});
    ASSERT_TRUE(reading.by_backend.contains("blue"));
    EXPECT_TRUE(reading.by_backend.at("blue").dated) << dated_first;
  }
}

TEST(IsNextReading, WithoutATimeItIsOncePerWindow) {
  BackendReading reading{.quality = Quality::Fresh, .milli = 1, .sample_time = at(500)};
  reading.window = std::chrono::seconds{30};
  EXPECT_FALSE(is_next_reading(reading, at(471), at(500)));
  EXPECT_TRUE(is_next_reading(reading, at(470), at(500)));
  reading.window = std::chrono::seconds{0};
  EXPECT_FALSE(is_next_reading(reading, at(441), at(500)));
  EXPECT_TRUE(is_next_reading(reading, at(440), at(500)));
}

TEST(ReadSignal, OnlyALatencyThatNobodyAskedForAbstains) {
  const api::MetricReading silent{.samples = {asked(0.5, 0)}, .error = std::nullopt};
  EXPECT_TRUE(read_signal(latency(), &silent, {.now = at(1000)}).abstains);
  EXPECT_FALSE(read_signal(rps(), &silent, {.now = at(1000)}).abstains);
  const api::MetricReading some{.samples = {asked(0.5, 0), asked(0.2, 5)}, .error = std::nullopt};
  EXPECT_FALSE(read_signal(latency(), &some, {.now = at(1000)}).abstains) << "others were asked";
  const api::MetricReading stale{.samples = {asked(0.5, 0), sample(0.2, 121)}, .error = std::nullopt};
  EXPECT_FALSE(read_signal(latency(), &stale, {.now = at(1000)}).abstains) << "others were, and say nothing";
}

TEST(DecimalText, IsAPlainDecimalWithoutZerosBehindIt) {
  constexpr std::pair<std::int64_t, const char*> kRows[] = {{0, "0"},
                                                            {1, "0.001"},
                                                            {250, "0.25"},
                                                            {999, "0.999"},
                                                            {1'000, "1"},
                                                            {12'500, "12.5"},
                                                            {-1, "-0.001"},
                                                            {-999, "-0.999"},
                                                            {-1'000, "-1"},
                                                            {-1'500, "-1.5"}};
  for (const auto& [milli, text] : kRows) EXPECT_EQ(decimal_text(milli), text);
}

TEST(ReadSignal, TimesAtBothEndsOfTheCalendarAreOrdered) {
  const api::MetricReading oldest{.samples = {{.value = 1, .time = WallTime::min()}}, .error = std::nullopt};
  EXPECT_EQ(read_signal(rps(), &oldest, {.now = WallTime::max()}).quality, Quality::Stale);
  const api::MetricReading newest{.samples = {{.value = 1, .time = WallTime::max()}}, .error = std::nullopt};
  EXPECT_EQ(read_signal(rps(), &newest, {.now = WallTime::min()}).quality, Quality::Fresh);
}

}  // namespace
}  // namespace evenkeel::scaling
