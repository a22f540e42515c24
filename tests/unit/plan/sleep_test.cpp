#include <algorithm>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "evenkeel/plan/decide.hpp"

#include "full_service.hpp"
#include "snapshot_builder.hpp"

/// One service over a night: to 0 replicas and back, and what 0 means when somebody else wrote it.
namespace evenkeel::plan {
namespace {

using testing_support::SnapshotBuilder;

class Sleep : public testing::Test {
 protected:
  Sleep() {
    builder.bounds(0, 20).windows(0, 0).backend("blue", {.spec = 3});
    load(0);
    builder.scaling().metrics[0].activation = Quantity::from_milli(1'000);
  }
  void load(double value) {
    auto& samples = builder.snapshot().metrics["rps"].samples;
    if (builder.scaling().metrics.empty()) builder.metric("rps", value, 10'000);
    samples = {{.value = value, .time = builder.snapshot().now}};
  }
  /// Decides at `now` with `spec` replicas there, all ready; remembers.
  api::Decision at(std::int64_t now, std::int32_t spec, double value) {
    builder.now(now).seen("blue", {.spec = spec, .share = 100});
    load(value);
    builder.memory(memory);
    auto decision = decide(builder.build());
    memory = decision.memory;
    return decision;
  }
  static std::optional<std::int32_t> replicas(const api::Decision& decision) {
    EXPECT_EQ(decision.backends.at("blue").replicas, decision.total.replicas);
    return decision.total.replicas;
  }
  static std::string reason(const api::Decision& decision, const std::string& type) {
    return condition(decision, type).reason;
  }

  SnapshotBuilder builder;
  std::optional<std::string> memory;
};

TEST_F(Sleep, AnIdleServiceGoesToZeroIsReadyAndWakes) {
  EXPECT_EQ(replicas(at(0, 3, 0)), 1);
  EXPECT_EQ(replicas(at(299, 1, 0)), 1);
  EXPECT_EQ(replicas(at(300, 1, 0)), 0);
  const auto asleep = at(310, 0, 0);
  EXPECT_EQ(replicas(asleep), 0);
  EXPECT_EQ(reason(asleep, "Ready"), "ScaledToZero");
  EXPECT_EQ(condition(asleep, "Ready").status, api::ConditionStatus::True) << "it is as it was declared";
  EXPECT_TRUE(condition(asleep, "Ready").message.starts_with("nobody asks"));
  EXPECT_EQ(reason(asleep, "ScalingActive"), "ScaledToZero");
  const auto awake = at(320, 0, 95);
  EXPECT_EQ(replicas(awake), 10) << "the policies would allow four";
  EXPECT_EQ(replicas(at(325, 0, 95)), 10) << "not written yet, and still ours";
  EXPECT_EQ(replicas(at(330, 10, 95)), 10);
}

TEST_F(Sleep, ACountOfZeroThatPeopleAskForIsReadyToo) {
  builder.spec().replicas = 0;
  EXPECT_EQ(replicas(at(0, 3, 50)), 0);
  const auto asleep = at(10, 0, 50);
  EXPECT_EQ(replicas(asleep), 0);
  EXPECT_EQ(condition(asleep, "Ready").status, api::ConditionStatus::True);
  EXPECT_TRUE(condition(asleep, "Ready").message.starts_with("spec.replicas is 0"));
}

TEST_F(Sleep, ACountOfZeroThatSomebodyElseWroteSwitchesScalingOff) {
  EXPECT_EQ(replicas(at(0, 3, 25)), 3);
  const auto off = at(10, 0, 95);
  EXPECT_EQ(replicas(off), std::nullopt);
  EXPECT_EQ(reason(off, "ScalingActive"), "ScalingDisabled");
  EXPECT_EQ(replicas(at(2'000, 0, 95)), std::nullopt) << "for as long as it lasts";
  EXPECT_TRUE(replicas(at(2'010, 2, 95)).has_value());
}

TEST_F(Sleep, AtFirstSightZeroIsTakenForSleep) {
  EXPECT_EQ(replicas(at(0, 0, 0)), 0);
  memory = "not a memory";
  EXPECT_EQ(replicas(at(10, 0, 25)), 3) << "a lost memory must not leave it asleep for ever";
  builder.bounds(1, 20);
  memory.reset();
  EXPECT_EQ(replicas(at(20, 0, 25)), std::nullopt) << "a service that never sleeps is switched off";
}

/// What a standby of its own minimum is sized to that is at 0 when tier 0 loses its endpoints; at first sight
/// it had `first`.
std::optional<std::int32_t> standby_at_zero(std::optional<std::int32_t> minimum, std::int32_t first) {
  SnapshotBuilder builder;
  builder.bounds(2, 20).now(0).metric("rps", 40, 10'000);
  builder.backend("blue", {.spec = 4, .share = 100});
  builder.backend("green", {.tier = 1, .min = minimum, .spec = first, .share = 0});
  builder.memory(decide(builder.build()).memory).now(10).metric("rps", 40, 10'000);
  builder.seen("blue", {.spec = 4, .ready = 0, .share = 100}).seen("green", {.spec = 0, .share = 0});
  return decide(builder.build()).backends.at("green").replicas;
}

TEST_F(Sleep, AtFirstSightABackendThatMayHaveNoneSleepsAndIsWoken) {
  EXPECT_EQ(standby_at_zero(0, 0), 4);
  EXPECT_EQ(standby_at_zero({}, 0), std::nullopt) << "it has one at least: somebody else wrote that";
  EXPECT_EQ(standby_at_zero(1, 0), std::nullopt);
  EXPECT_EQ(standby_at_zero(0, 1), std::nullopt) << "one was ours, and somebody has switched it off";
}

TEST_F(Sleep, BesideAStandbyThatStaysItIsSaidOnceAndTheServiceWakes) {
  builder.backend("green", {.tier = 1, .spec = 1, .share = 0});
  const auto scaled = [](const api::Decision& decision) {
    return std::ranges::count_if(decision.events, [](const api::Event& event) {
      return event.reason == "ScaledDown" || event.reason == "ScaledUp";
    });
  };
  (void)at(0, 1, 0);
  const auto idle = at(300, 1, 0);
  EXPECT_EQ(idle.total.replicas, 0);
  EXPECT_EQ(scaled(idle), 1);
  for (const std::int64_t now : {310, 320, 330}) {
    const auto asleep = at(now, 0, 0);
    EXPECT_EQ(asleep.total.replicas, 0);
    EXPECT_EQ(asleep.backends.at("green").replicas, 1);
    EXPECT_EQ(scaled(asleep), 0) << "for as long as it lasts";
  }
  const auto awake = at(340, 0, 95);
  EXPECT_EQ(awake.total.replicas, 10);
  EXPECT_EQ(scaled(awake), 1);
}

TEST_F(Sleep, OfOneBackendAloneTheMinimumOfTheServiceDecides) {
  builder.bounds(1, 20).backend("blue", {.min = 0, .spec = 3});
  EXPECT_EQ(replicas(at(0, 0, 25)), std::nullopt);
}

TEST_F(Sleep, OneThatIsOnlyLookedAtIsTakenForAsleepAtEachSight) {
  builder.spec().mode = api::Mode::Observe;
  EXPECT_EQ(replicas(at(0, 0, 0)), 0);
  EXPECT_EQ(replicas(at(10, 0, 25)), 3) << "nothing of it was ever written";
}

TEST_F(Sleep, AZeroOfOursStaysOursWhileItIsOnlyLookedAt) {
  EXPECT_EQ(replicas(at(0, 1, 0)), 1);
  EXPECT_EQ(replicas(at(300, 1, 0)), 0);
  builder.spec().mode = api::Mode::Observe;
  EXPECT_EQ(replicas(at(310, 1, 0)), 0) << "the write is on its way";
  EXPECT_EQ(replicas(at(320, 0, 0)), 0);
  builder.bounds(1, 20);  // No 0 is taken for sleep at first sight any more.
  EXPECT_EQ(replicas(at(330, 0, 95)), 1);
  EXPECT_EQ(replicas(at(330, 0, 95)), 1) << "the same again";
  builder.spec().mode = api::Mode::Enforce;
  EXPECT_EQ(replicas(at(340, 0, 95)), 1);
}

TEST_F(Sleep, AZeroOfSomebodyElseStaysTheirsWhileItIsOnlyLookedAt) {
  EXPECT_EQ(replicas(at(0, 3, 25)), 3);
  builder.spec().mode = api::Mode::Observe;
  EXPECT_EQ(replicas(at(10, 0, 95)), std::nullopt);
  EXPECT_EQ(replicas(at(10, 0, 95)), std::nullopt) << "the same again";
  builder.spec().mode = api::Mode::Enforce;
  EXPECT_EQ(replicas(at(20, 0, 95)), std::nullopt);
}

TEST_F(Sleep, AZeroAfterACountOfSomebodyElseIsNotOursAnyMore) {
  EXPECT_EQ(replicas(at(0, 1, 0)), 1);
  EXPECT_EQ(replicas(at(300, 1, 0)), 0);
  builder.spec().mode = api::Mode::Observe;
  builder.bounds(1, 20);
  EXPECT_TRUE(replicas(at(310, 5, 25)).has_value());
  EXPECT_EQ(replicas(at(320, 0, 25)), std::nullopt);
}

TEST_F(Sleep, ANewLeaderThatOnlyLooksHoldsItselfToNoWriteOfBefore) {
  builder.bounds(1, 20);
  EXPECT_EQ(replicas(at(0, 2, 15)), 2);
  EXPECT_EQ(replicas(at(10, 2, 45)), 5);
  builder.spec().mode = api::Mode::Observe;
  builder.now(20).seen("blue", {.spec = 2, .share = 100}).memory(memory, true);
  const auto looked_at = decide(builder.build());
  EXPECT_EQ(looked_at.memory.find("events"), std::string::npos) << "nothing was scaled: " << looked_at.memory;
}

TEST_F(Sleep, ALaterMinimumWakesIt) {
  EXPECT_EQ(replicas(at(0, 0, 0)), 0);
  auto& schedule = builder.scaling().schedules.emplace_back();
  schedule.name = "day";
  schedule.start = "1 0 * * *";
  schedule.end = "0 18 * * *";
  schedule.min_replicas = 4;
  EXPECT_EQ(replicas(at(59, 0, 0)), 0);
  const auto day = at(60, 0, 0);
  EXPECT_EQ(replicas(day), 4);
  EXPECT_EQ(day.total.steps.front().step, "Schedule");
}

}  // namespace
}  // namespace evenkeel::plan
