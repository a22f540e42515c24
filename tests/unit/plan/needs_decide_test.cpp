#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "evenkeel/plan/decide.hpp"

#include "snapshot_builder.hpp"

/// What single backends say they need, in a whole decision: docs/decision.md, "Needs".
namespace evenkeel::plan {
namespace {

using testing_support::SnapshotBuilder;

/// Blue and green have half of the traffic each; a replica of either is planned for 10 jobs.
class OwnNeeds : public testing::Test {
 protected:
  OwnNeeds() {
    builder.windows(0, 0);
    builder.backend("blue", {.spec = 4, .share = 50}).backend("green", {.spec = 4, .share = 50});
  }
  void declare(const std::string& name) {
    builder.declare(name, 10'000, api::TargetType::AverageValue);
    builder.scaling().metrics.back().scope = api::MetricScope::Backend;
    builder.scaling().metrics.back().preset.clear();
  }
  void sample(const std::string& name, double blue, double green) {
    auto& samples = builder.snapshot().metrics[name].samples;
    samples.clear();
    for (const auto& [backend, value] : {std::pair{"blue", blue}, std::pair{"green", green}}) {
      samples.push_back({.labels = {{"backend", backend}}, .value = value, .time = builder.snapshot().now});
    }
  }
  /// Both have been at their shares for so many seconds; what is decided then.
  api::Decision settled(std::int64_t seconds = 600) {
    for (const char* name : {"blue", "green"}) builder.snapshot().backends[name].observed_weight = 50;
    builder.now(0).memory({});
    for (auto& [name, metric] : builder.snapshot().metrics) {
      for (auto& one : metric.samples) one.time = builder.snapshot().now;
    }
    const auto first = decide(builder.build());
    builder.now(seconds).memory(first.memory);
    for (auto& [name, metric] : builder.snapshot().metrics) {
      for (auto& one : metric.samples) one.time = builder.snapshot().now;
    }
    return decide(builder.build());
  }
  SnapshotBuilder builder;
};

std::optional<std::int32_t> part_of(const api::Decision& decision, const std::string& backend) {
  const auto& steps = decision.backends.at(backend).steps;
  const auto found =
      std::ranges::find_if(steps, [](const api::Step& step) { return step.step == std::string{"Part"}; });
  return found == steps.end() ? std::nullopt : found->replicas;
}

TEST_F(OwnNeeds, DivideTheTotal) {
  declare("jobs");
  sample("jobs", 60, 20);
  const auto decision = settled();
  EXPECT_EQ(decision.total.replicas, 8);
  EXPECT_EQ(part_of(decision, "blue"), 6);
  EXPECT_EQ(part_of(decision, "green"), 2);
}

TEST_F(OwnNeeds, OfTheMetricThatAsksForMostCount) {
  declare("few");
  declare("jobs");
  declare("fewer");
  sample("few", 10, 30);
  sample("jobs", 60, 20);
  sample("fewer", 10, 20);
  const auto decision = settled();
  EXPECT_EQ(decision.total.replicas, 8);
  EXPECT_EQ(part_of(decision, "blue"), 6);
  EXPECT_EQ(part_of(decision, "green"), 2);
}

TEST_F(OwnNeeds, OfMetricsThatAskForAsMuchTheFirstCounts) {
  declare("jobs");
  declare("others");
  sample("jobs", 60, 20);
  sample("others", 20, 60);
  const auto decision = settled();
  EXPECT_EQ(decision.total.replicas, 8);
  EXPECT_EQ(part_of(decision, "blue"), 6);
}

TEST_F(OwnNeeds, OfOneThatSaysNothingComeFromTheOthers) {
  declare("jobs");
  sample("jobs", 60, 20);
  builder.snapshot().metrics["jobs"].samples.pop_back();
  const auto decision = settled();
  EXPECT_EQ(decision.total.replicas, 12) << "six for a half";
  EXPECT_EQ(part_of(decision, "green"), 6);
}

TEST_F(OwnNeeds, OfAStandbyAskForNothing) {
  builder.backend("blue", {.spec = 4, .share = 100}).backend("green", {.tier = 1, .spec = 4, .share = 0});
  declare("jobs");
  sample("jobs", 30, 90);
  EXPECT_EQ(decide(builder.build()).total.replicas, 4) << "three of its own, and four are there";
}

/// Blue needs 4 for a fifth of the traffic, green 11 for the rest, and green's share is moving.
class OneMoves : public OwnNeeds {
 protected:
  OneMoves() {
    builder.backend("blue", {.weight = 20, .spec = 4, .share = 20})
        .backend("green", {.weight = 80, .spec = 11, .share = 80})
        .backend("spare", {.tier = 1, .spec = 2, .share = 0});
    declare("jobs");
  }

  /// @param spare  percent of the traffic that the standby carries.
  std::optional<std::int32_t> total_at(double spare) {
    std::optional<std::int32_t> total;
    for (const std::int64_t seconds : {0, 600}) {
      builder.now(seconds);
      builder.snapshot().backends["blue"].observed_weight = 20;
      builder.snapshot().backends["green"].observed_weight = 70;
      builder.snapshot().backends["spare"].observed_weight = spare;
      sample("jobs", 40, 110);
      const auto decision = decide(builder.build());
      builder.memory(decision.memory);
      total = decision.total.replicas;
    }
    return total;
  }
};

TEST_F(OneMoves, WhoseShareIsKnownKeepsTheTotal) {
  EXPECT_EQ(total_at(0), 15) << "by what blue needs it would be 20";
}

TEST_F(OneMoves, WhoseShareIsKnownTellsWhatIsMeantForAllWhileAStandbyCarriesSome) {
  EXPECT_EQ(total_at(10), 20);
}

TEST_F(OwnNeeds, ThatAreKnownKeepAPartWhereAnotherMetricDecides) {
  declare("jobs");
  sample("jobs", 60, 20);
  builder.metric("rps", 50);
  auto before = settled();
  ASSERT_EQ(part_of(before, "blue"), 6);
  builder.seen("blue", {.spec = 6, .share = 50}).seen("green", {.spec = 2, .share = 50});
  for (const char* name : {"blue", "green"}) builder.snapshot().backends[name].observed_weight = 50;
  builder.now(700).metric("rps", 450).memory(before.memory);
  sample("jobs", 60, 20);
  const auto decision = decide(builder.build());
  EXPECT_EQ(decision.total.replicas, 9);
  EXPECT_EQ(part_of(decision, "blue"), 6) << "by shares it would be five";
}

TEST_F(OwnNeeds, ThatCannotBeReadAnyMoreDivideAsBefore) {
  declare("jobs");
  sample("jobs", 60, 20);
  const auto before = settled();
  ASSERT_EQ(part_of(before, "blue"), 6);
  builder.seen("blue", {.spec = 6, .share = 50}).seen("green", {.spec = 2, .share = 50});
  builder.now(700).memory(before.memory);
  builder.snapshot().metrics["jobs"] = {.samples = {}, .error = "timeout"};
  EXPECT_EQ(part_of(decide(builder.build()), "blue"), 6) << "by shares it would be four";
}

TEST_F(OwnNeeds, ThatWereNeverKnownLeaveEverybodyWhatHeHas) {
  builder.backend("blue", {.weight = 90, .spec = 4, .share = 90})
      .backend("green", {.weight = 10, .spec = 4, .share = 10});
  declare("jobs");
  builder.snapshot().metrics["jobs"] = {.samples = {}, .error = "timeout"};
  const auto first = decide(builder.build());
  builder.now(100).memory(first.memory);
  for (const auto& decision : {first, decide(builder.build())}) {
    EXPECT_EQ(part_of(decision, "blue"), 4) << "by shares it would be seven";
    EXPECT_EQ(part_of(decision, "green"), 4);
  }
}

TEST_F(OwnNeeds, ThatWereNeverKnownDoNotHoldWhatALoadDivides) {
  builder.backend("blue", {.weight = 90, .spec = 4, .share = 90})
      .backend("green", {.weight = 10, .spec = 4, .share = 10});
  declare("jobs");
  builder.metric("rps", 400);
  for (const char* name : {"jobs", "rps"}) {
    builder.snapshot().metrics[name] = {.samples = {}, .error = "timeout"};
  }
  const auto blind = decide(builder.build());
  ASSERT_EQ(part_of(blind, "blue"), 4);
  builder.snapshot().metrics.erase("rps");
  builder.now(100).metric("rps", 400).memory(blind.memory);
  const auto decision = decide(builder.build());
  EXPECT_EQ(part_of(decision, "blue"), 7);
  EXPECT_EQ(part_of(decision, "green"), 1);
}

TEST_F(OwnNeeds, OfACountThatHasJustChangedDivideAsBefore) {
  declare("latency");
  builder.scaling().metrics.back().target_type = api::TargetType::Value;
  sample("latency", 10, 10);
  const auto before = settled();
  ASSERT_EQ(part_of(before, "blue"), 4);
  // Half of green's pods are gone: two seem to do what four did.
  builder.seen("blue", {.spec = 4, .share = 50}).seen("green", {.spec = 4, .ready = 2, .share = 50});
  for (const char* name : {"blue", "green"}) builder.snapshot().backends[name].observed_weight = 50;
  builder.now(700).memory(before.memory);
  sample("latency", 10, 10);
  const auto moment = decide(builder.build());
  EXPECT_EQ(part_of(moment, "green"), 4);
  builder.now(800).memory(moment.memory);
  sample("latency", 10, 10);
  EXPECT_EQ(part_of(decide(builder.build()), "green"), 2) << "they still do";
}

TEST_F(OwnNeeds, OfSamplesWithoutAWindowCountAfterTheUsualOne) {
  declare("jobs");
  sample("jobs", 60, 20);
  for (auto& one : builder.snapshot().metrics["jobs"].samples) one.window = std::chrono::seconds{0};
  EXPECT_EQ(part_of(settled(59), "blue"), 4);
  EXPECT_EQ(part_of(settled(60), "blue"), 6);
}

TEST_F(OwnNeeds, OfTheMetricThatDecidesAreInTheRecord) {
  declare("jobs");
  declare("tasks");
  sample("jobs", 30, 50);
  sample("tasks", 10, 10);
  const auto decision = settled();
  std::vector<std::string> metrics;
  std::vector<double> needs;
  for (const auto& step : decision.total.steps) {
    if (step.step != "Need") continue;
    metrics.push_back(step.metric.value_or(""));
    needs.push_back(step.value.value_or(-1));
    EXPECT_EQ(step.weight, 50);
  }
  EXPECT_EQ(metrics, (std::vector<std::string>{"jobs", "jobs"}));
  EXPECT_EQ(needs, (std::vector<double>{3, 5}));
  EXPECT_EQ(decision.total.replicas, 8);
}

/// Three equal backends of three replicas each, sized by the slowest of them; nine are there.
class BySlowest : public testing::Test {
 protected:
  BySlowest() {
    builder.windows(0, 0).bounds(1, 100);
    for (const char* name : {"blue", "green", "red"}) builder.backend(name, {.spec = 3, .share = 100.0 / 3});
    builder.declare("latency", 1'000, api::TargetType::Value);
    builder.scaling().scale_down.policies = {{api::PolicyType::Percent, 100, std::chrono::seconds{15}}};
  }
  std::optional<std::int32_t> total_at(double latency) {
    builder.snapshot().metrics["latency"].samples = {{.value = latency, .time = builder.snapshot().now}};
    return decide(builder.build()).total.replicas;
  }
  SnapshotBuilder builder;
};

TEST_F(BySlowest, AFallLeavesEverybodyEnoughReplicas) {
  EXPECT_EQ(total_at(0.8), 9) << "eight would leave one of them two, which makes 1.2 of 0.8";
  EXPECT_EQ(total_at(0.66), 6) << "two each make 0.99";
  EXPECT_EQ(total_at(0.32), 3);
  EXPECT_EQ(total_at(0.95), 9) << "within the tolerance";
  EXPECT_EQ(total_at(1.5), 14) << "a rise is upstream's";
}

/// Of seven replicas blue's fifth and green's second are equally due: what a fall leaves green is foreseen as
/// it comes, or the fall comes back.
TEST_F(BySlowest, AFallForeseesTheDivisionThatIsMade) {
  builder.backend("blue", {.weight = 90, .max = 5, .spec = 5, .share = 900.0 / 13})
      .backend("green", {.weight = 30, .spec = 3, .share = 300.0 / 13})
      .backend("red", {.weight = 10, .spec = 1, .share = 100.0 / 13});
  EXPECT_EQ(total_at(0.449), 8);
  EXPECT_EQ(part_of(decide(builder.build()), "green"), 2) << "three do 0.449 each, so one would do 1.35";
}

}  // namespace
}  // namespace evenkeel::plan
