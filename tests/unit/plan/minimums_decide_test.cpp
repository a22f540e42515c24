#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "evenkeel/plan/decide.hpp"

#include "snapshot_builder.hpp"

/// Backends that hold more than their part because of a minimum: docs/decision.md, "Minimums".
namespace evenkeel::plan {
namespace {

using testing_support::BackendFacts;
using testing_support::SnapshotBuilder;

/// A replica of any is planned for 20 requests per second.
class Minimums : public testing::Test {
 protected:
  Minimums() { builder.windows(0, 0); }

  /// What blue has beside others; all are ready.
  void blue_and(std::int32_t weight, const std::vector<std::pair<std::string, BackendFacts>>& others) {
    std::int32_t sum = weight;
    for (const auto& [name, facts] : others) sum += facts.weight;
    builder.backend("blue", {.weight = weight, .spec = 1, .share = 100.0 * weight / sum});
    for (auto [name, facts] : others) {
      facts.spec = facts.min.value_or(1);
      facts.share = 100.0 * facts.weight / sum;
      builder.backend(name, facts);
    }
  }
  api::Decision at_load(double load) {
    builder.metric("rps", load, 20'000);
    return decide(builder.build());
  }
  SnapshotBuilder builder;
};

const api::Step* step_of(const std::vector<api::Step>& steps, const std::string& name) {
  const auto found = std::ranges::find(steps, name, &api::Step::step);
  return found == steps.end() ? nullptr : &*found;
}

TEST_F(Minimums, OfSmallBackendsLeaveTheLargeOneWhatItCarries) {
  blue_and(96, {{"a", {.weight = 1}}, {"b", {.weight = 1}}, {"c", {.weight = 1}}, {"d", {.weight = 1}}});
  const auto decision = at_load(100);
  EXPECT_EQ(decision.total.replicas, 9) << "4.8 for blue, and one of each of the others";
  EXPECT_EQ(decision.backends.at("blue").replicas, 5);
  const auto* step = step_of(decision.total.steps, "Minimums");
  ASSERT_NE(step, nullptr);
  EXPECT_EQ(step->metric, "rps");
  EXPECT_NEAR(step->value.value_or(0), 8.8, 1e-9);
}

TEST_F(Minimums, OfABackendsOwnToo) {
  blue_and(95, {{"green", {.weight = 5, .min = 3}}});
  const auto decision = at_load(100);
  EXPECT_EQ(decision.total.replicas, 8) << "4.75 and 3";
  EXPECT_EQ(decision.backends.at("blue").replicas, 5);
}

TEST_F(Minimums, CountWithinThePartsWhileThoseAndTheOneMoreAreEnough) {
  blue_and(90, {{"green", {.weight = 10}}});
  const auto decision = at_load(80);
  EXPECT_EQ(decision.total.replicas, 4);
  EXPECT_EQ(decision.backends.at("blue").replicas, 4) << "3, and one more";
  EXPECT_EQ(step_of(decision.total.steps, "Minimums"), nullptr);
}

TEST_F(Minimums, LeaveTheToleranceAlone) {
  // 2 for green leave blue 2 of 4, and one more: 3 carry 60, and 66 with the tolerance.
  blue_and(95, {{"green", {.weight = 5, .min = 2}}});
  EXPECT_EQ(at_load(69.4).total.replicas, 4);
  EXPECT_EQ(at_load(69.6).total.replicas, 6) << "3.3 and 2";
}

TEST_F(Minimums, AskForNothingThatAMaximumWouldRefuse) {
  blue_and(95, {{"green", {.weight = 5, .min = 3}}});
  for (auto& backend : builder.spec().backends) {
    if (backend.name == "blue") backend.max_replicas = 2;
  }
  EXPECT_EQ(at_load(100).total.replicas, 5);
}

TEST_F(Minimums, OfAStandbyAreNoPart) {
  blue_and(100, {{"green", {.tier = 1, .weight = 100, .min = 3}}});
  builder.seen("blue", {.spec = 1, .share = 100}).seen("green", {.spec = 3, .share = 0});
  EXPECT_EQ(at_load(80).total.replicas, 4);
}

TEST_F(Minimums, OfALoadThatGoesNobodyKeepsWhatALatencyWouldLeaveIt) {
  builder.backend("blue", {.spec = 3, .share = 50}).backend("green", {.spec = 3, .share = 50});
  EXPECT_EQ(at_load(10).total.replicas, 1) << "half a replica in all";
}

TEST_F(Minimums, HoldForOwnReadingsToo) {
  blue_and(95, {{"green", {.weight = 5, .min = 3}}});
  builder.declare("jobs", 20'000, api::TargetType::AverageValue);
  builder.scaling().metrics.back().scope = api::MetricScope::Backend;
  auto& samples = builder.snapshot().metrics["jobs"].samples;
  const auto decided_at = [&](std::int64_t seconds, const std::optional<std::string>& memory) {
    builder.now(seconds).memory(memory);
    samples.clear();
    for (const auto& [name, load] : {std::pair{"blue", 190.0}, std::pair{"green", 10.0}}) {
      builder.snapshot().backends[name].observed_weight = load / 2;
      samples.push_back({.labels = {{"backend", name}}, .value = load, .time = builder.snapshot().now});
    }
    return decide(builder.build());
  };
  const auto decision = decided_at(600, decided_at(0, std::nullopt).memory);
  EXPECT_EQ(decision.total.replicas, 8) << "of 13 asked for, as far as the policies let it";
  const auto* step = step_of(decision.total.steps, "Minimums");
  ASSERT_NE(step, nullptr);
  EXPECT_EQ(step->metric, "jobs");
  EXPECT_NEAR(step->value.value_or(0), 12.5, 1e-9);
  EXPECT_EQ(decision.backends.at("blue").replicas, 6) << "5, and one more: its need is 9.5";
  const auto* extra = step_of(decision.backends.at("blue").steps, "Extra");
  ASSERT_NE(extra, nullptr);
  EXPECT_EQ(extra->detail, "its own need is above its part, or was and is not known");
}

/// Four equal backends, green with a minimum of 6; what is measured of each goes down as its pods grow.
class HeldBySlowness : public Minimums {
 protected:
  HeldBySlowness() {
    for (const char* name : {"blue", "red", "pink"}) builder.backend(name, {.spec = 4, .share = 25});
    builder.backend("green", {.min = 6, .spec = 6, .share = 25});
    builder.declare("slowness", 10'000, api::TargetType::Value);
    builder.scaling().metrics.back().scope = api::MetricScope::Backend;
  }

  /// @param need   replicas, of each of the others; green needs 3.8.
  /// @param ready  of green.
  std::int32_t total_at(double need, std::int32_t ready, std::int64_t seconds) {
    builder.now(seconds);
    builder.seen("green", {.spec = 6, .ready = ready, .share = 25});
    auto& samples = builder.snapshot().metrics["slowness"].samples;
    samples.clear();
    for (const char* name : {"blue", "red", "pink", "green"}) {
      builder.snapshot().backends[name].observed_weight = 25;
      const double value = name == std::string{"green"} ? 38.0 / ready : need * 10 / 4;
      samples.push_back({.labels = {{"backend", name}}, .value = value, .time = builder.snapshot().now});
    }
    const auto decision = decide(builder.build());
    builder.memory(decision.memory);
    return decision.total.replicas.value_or(0);
  }
};

TEST_F(HeldBySlowness, NoMoreIsAskedForByAGuessUntilNeedsAreKnownAgain) {
  total_at(3.2, 6, 0);
  ASSERT_EQ(total_at(3.2, 6, 600), 14) << "13.4, and nobody is short: 3 carry 3.2 within the tolerance";
  EXPECT_EQ(total_at(3.2, 5, 630), 14) << "3.35 each, if needs were as shares are, would be too much";
  EXPECT_EQ(total_at(3.2, 5, 900), 14);
}

TEST_F(HeldBySlowness, WhatWasAskedForIsKeptUntilNeedsAreKnownAgain) {
  total_at(3.38, 6, 0);
  ASSERT_EQ(total_at(3.38, 6, 600), 17) << "3 x 3.38 and 6";
  EXPECT_EQ(total_at(3.38, 5, 630), 17);
  EXPECT_EQ(total_at(3.38, 5, 900), 17);
}

TEST_F(HeldBySlowness, SharesAreAGuessWhereNeedsWereNeverKnown) {
  total_at(3.2, 6, 0);
  EXPECT_EQ(total_at(3.2, 5, 600), 17) << "3 x 3.35 and 6";
}

TEST_F(Minimums, AreNotAskedForAgainWhileNobodyKnowsTheShares) {
  blue_and(95, {{"green", {.weight = 5, .min = 3}}});
  builder.seen("blue", {.spec = 3, .share = 95});
  builder.declare("jobs", 20'000, api::TargetType::AverageValue);
  builder.scaling().metrics.back().scope = api::MetricScope::Backend;
  builder.snapshot().metrics["jobs"].samples = {
      {.labels = {{"backend", "blue"}}, .value = 190, .time = builder.snapshot().now},
      {.labels = {{"backend", "green"}}, .value = 10, .time = builder.snapshot().now}};
  EXPECT_EQ(decide(builder.build()).total.replicas, 10) << "the sum of the needs";
}

}  // namespace
}  // namespace evenkeel::plan
