#include "health_readings.hpp"

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

/// What single backends' samples say of their health and of their proportions.
namespace evenkeel::plan {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing_support::at;
using testing_support::SnapshotBuilder;

/// Blue and green, a half of the traffic each.
class ReadingsOfBackends : public testing::Test {
 protected:
  ReadingsOfBackends() {
    builder.now(100).backend("blue", {.share = 50}).backend("green", {.share = 50});
    signal.name = "errors";
    signal.query = "errors";
  }
  api::Sample& sample(const std::string& metric, const std::string& backend, double value) {
    auto& samples = builder.snapshot().metrics[metric].samples;
    samples.push_back({.labels = {{"backend", backend}}, .value = value, .time = at(90)});
    return samples.back();
  }
  template <class Use>
  auto with_readings(Use use) {
    const auto members = members_of(builder.build(), decision.warnings);
    const std::vector<double> set = {50, 50};
    BackendReadings readings{builder.build(), members, set, decision};
    return use(readings);
  }
  api::Decision decision;

  std::vector<failover::Verdict> verdicts_of_blue() {
    builder.spec().health.signals = {signal};
    return with_readings([](BackendReadings& readings) { return readings.verdicts(); }).at(0);
  }
  std::vector<balancing::Candidate> candidates(api::Algorithm algorithm) {
    builder.spec().balancing.algorithm = algorithm;
    return with_readings([](BackendReadings& readings) {
      std::vector<balancing::Candidate> candidates(2);
      readings.fill(candidates);
      return candidates;
    });
  }
  std::optional<double> latency(std::size_t index) {
    const auto read = candidates(api::Algorithm::FastestResponse).at(index).latency;
    return read ? std::optional{read->value} : std::nullopt;
  }

  SnapshotBuilder builder;
  api::HealthSignal signal;
};

TEST_F(ReadingsOfBackends, AVerdictIsHowFarItIsBeyondItsThresholdRelativeToIt) {
  struct Row {
    std::optional<std::int64_t> min_milli;
    std::optional<std::int64_t> max_milli;
    double value = 0;
    bool bad = false;
    double severity = 0;
    std::string text;
  };
  const std::vector<Row> rows = {
      {{}, 50, 0.05, false, 0, ""},
      {{}, 50, 0.2, true, 3, "errors 0.2 is above 0.05"},
      {{}, 0, 0.2, true, 200, "errors 0.2 is above 0"},
      {2000, {}, 2, false, 0, ""},
      {2000, {}, 0.5, true, 3, "errors 0.5 is below 2"},
      // A lower bound above the upper one: what equals the upper is below the lower, and not above anything.
      {2000, 500, 0.5, true, 3, "errors 0.5 is below 2"},
  };
  for (const auto& row : rows) {
    signal.min = row.min_milli ? std::optional{Quantity::from_milli(*row.min_milli)} : std::nullopt;
    signal.max = row.max_milli ? std::optional{Quantity::from_milli(*row.max_milli)} : std::nullopt;
    builder.snapshot().metrics.clear();
    sample("errors", "blue", row.value);
    const auto verdicts = verdicts_of_blue();
    ASSERT_THAT(verdicts, SizeIs(1));
    EXPECT_EQ(verdicts[0].bad, row.bad) << row.text;
    EXPECT_NEAR(verdicts[0].severity, row.severity, 1e-9) << row.text;
    EXPECT_EQ(verdicts[0].text, row.text);
  }
}

TEST_F(ReadingsOfBackends, AVerdictHasTheMomentAndTheWindowOfItsSample) {
  signal.max = Quantity::from_milli(50);
  const auto usual = failover::Verdict{}.window;
  for (const auto window : {seconds{0}, usual + seconds{30}}) {
    builder.snapshot().metrics.clear();
    sample("errors", "blue", 1).window = window;
    const auto verdicts = verdicts_of_blue();
    ASSERT_THAT(verdicts, SizeIs(1));
    EXPECT_EQ(verdicts[0].time, at(90));
    EXPECT_EQ(verdicts[0].window, window.count() > 0 ? window : usual);
  }
}

TEST_F(ReadingsOfBackends, WhoSaysNothingThatCountsGetsNoVerdict) {
  signal.max = Quantity::from_milli(50);
  sample("errors", "green", 1);
  EXPECT_THAT(verdicts_of_blue(), IsEmpty()) << "nothing is said of it";
  sample("errors", "blue", 1).time = at(-100'000);
  EXPECT_THAT(verdicts_of_blue(), IsEmpty()) << "its sample is too old";
  builder.snapshot().metrics.clear();
  signal.preset = "ErrorRatio";
  sample("errors", "blue", 1).weight = 0;
  EXPECT_THAT(verdicts_of_blue(), IsEmpty()) << "nobody asked it anything";
}

TEST_F(ReadingsOfBackends, LatenciesOfUpToASecondAreFinerThanThousandths) {
  for (const auto& [value, wanted] : {std::pair{0.0012, 0.0012}, {0.9996, 0.9996}, {1.0012, 1.002}}) {
    builder.snapshot().metrics.clear();
    sample("balancing.latency", "blue", value);
    EXPECT_EQ(latency(0), wanted);
  }
}

TEST_F(ReadingsOfBackends, ALatencyIsTheLargestOfTheBackendsOwn) {
  sample("balancing.latency", "blue", 0.0008);
  sample("balancing.latency", "blue", 0.0012).labels["pod"] = "b";
  sample("balancing.latency", "green", 0.0014);
  auto& samples = builder.snapshot().metrics["balancing.latency"].samples;
  samples.push_back({.labels = {}, .value = 0.0013, .time = at(90)});
  samples.push_back({.labels = {{"backend", "blue"}, {"pod", "c"}},
                     .value = std::numeric_limits<double>::quiet_NaN(),
                     .time = at(90)});
  EXPECT_EQ(latency(0), 0.0012);
  EXPECT_EQ(latency(1), 0.0014);
}

TEST_F(ReadingsOfBackends, ProportionsComeWithTheMomentAndTheWindowOfTheSample) {
  for (const auto window : {seconds{0}, seconds{1}, seconds{600}}) {
    builder.snapshot().metrics.clear();
    sample("balancing.connections", "blue", 7).window = window;
    const auto read = candidates(api::Algorithm::LeastConnections).at(0).connections;
    ASSERT_TRUE(read);
    EXPECT_EQ(read->value, 7);
    EXPECT_EQ(read->time, at(90));
    EXPECT_EQ(read->window, window.count() > 0 ? window : scaling::kUsualWindow);
  }
}

TEST_F(ReadingsOfBackends, WhoSaysNothingThatCountsHasNoProportion) {
  sample("balancing.latency", "green", 0.5);
  EXPECT_EQ(latency(0), std::nullopt);
  sample("balancing.latency", "blue", 0.5).time = at(-100'000);
  EXPECT_EQ(latency(0), std::nullopt);
  EXPECT_EQ(latency(1), 0.5);
  builder.snapshot().metrics.clear();
  sample("balancing.latency", "blue", 0.5).weight = 0;
  EXPECT_EQ(latency(0), std::nullopt) << "nobody asked it anything";
}

}  // namespace
}  // namespace evenkeel::plan
