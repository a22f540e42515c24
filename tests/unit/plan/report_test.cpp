#include "report.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "full_service.hpp"

namespace evenkeel::plan {
namespace {

TEST(NamesText, ReadsAsASentenceDoes) {
  EXPECT_EQ(names_text(std::vector<std::string_view>{}), "nobody");
  EXPECT_EQ(names_text(std::vector<std::string_view>{"blue"}), "blue");
  EXPECT_EQ(names_text(std::vector<std::string_view>{"blue", "green"}), "blue and green");
  EXPECT_EQ(names_text(std::vector<std::string_view>{"blue", "green", "red"}), "blue, green and red");
}

/// Green gets 50 points; `off` more are seen. @return what is said `second` seconds after they were set.
std::string effective(double off, std::int64_t second) {
  Full service{4, 4, 200};
  service.edit({3, 5});
  (void)service.tick(10);
  const auto set = weight(service.tick(0), "green");
  service.observe("green", set + off);
  return condition(service.tick(second), "WeightsEffective").reason;
}

TEST(WeightsEffective, IsFalseWhereAShareStaysMoreThanFivePointsOff) {
  EXPECT_EQ(effective(5, 900), "SharesObserved");
  EXPECT_EQ(effective(5.1, 900), "ShareOff");
  EXPECT_EQ(effective(-5.1, 900), "ShareOff");
  EXPECT_EQ(effective(5.1, 119), "SharesObserved") << "traffic takes its time";
  EXPECT_EQ(effective(5.1, 120), "ShareOff");
}

TEST(RecordOfABackend, TellsWhereItsShareIsGoingAndWhyItIsNotThere) {
  Full service{2, 2, 260};
  service.edit({1, 3});
  const auto decision = service.tick(10);
  const auto& steps = decision.backends.at("green").steps;
  const auto target = std::ranges::find(steps, "Target", &api::Step::step);
  ASSERT_NE(target, steps.end());
  EXPECT_NEAR(*target->weight, 75, 1e-6);
  const auto wait = std::ranges::find(steps, "UpBeforeShift", &api::Step::step);
  ASSERT_NE(wait, steps.end());
  EXPECT_EQ(wait->detail, "it rises when more of it is ready than 2");
}

TEST(SurgeDuringShift, IsToldOnce) {
  Full service{2, 2, 260};
  service.builder.scaling().max_surge_percent = 100;
  service.edit({1, 3});
  std::int64_t told = 0;
  std::int32_t most = 0;
  for (int i = 0; i < 20; ++i) {
    const auto decision = service.tick(10);
    told += count_events(decision, "SurgeDuringShift");
    most = std::max(most, replicas(decision) + replicas(decision, "green"));
  }
  EXPECT_GT(most, 4);
  EXPECT_EQ(told, 1);
}

TEST(SurgeDuringShift, IsNotToldWhereNothingIsWritten) {
  Full service{2, 2, 260};
  service.builder.scaling().max_surge_percent = 100;
  service.builder.spec().mode = api::Mode::Observe;
  service.edit({1, 3});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(count_events(service.tick(10), "SurgeDuringShift"), 0);
}

TEST(NoReadyEndpoints, NamesThoseThatMayTakeTraffic) {
  testing_support::SnapshotBuilder builder;
  builder.backend("blue", {.spec = 2, .ready = 0})
      .backend("green", {.weight = 0, .spec = 2, .ready = 0})
      .metric("rps", 50);
  const auto decision = decide(builder.build());
  EXPECT_EQ(condition(decision, "Ready").reason, "NoReadyEndpoints");
  EXPECT_TRUE(condition(decision, "Ready").message.ends_with("look at the pods of blue"));
}

using testing_support::SnapshotBuilder;

const std::string& message(const api::Decision& decision, const std::string& type) {
  return condition(decision, type).message;
}
bool has_step(const std::vector<api::Step>& steps, const std::string& name) {
  return std::ranges::find(steps, name, &api::Step::step) != steps.end();
}

/// What is decided of `builder` once each of `down` has lost its endpoints, five seconds after all was well.
api::Decision after_losing(SnapshotBuilder& builder, const std::vector<std::string>& down) {
  const auto before = decide(builder.build());
  builder.now(5).memory(before.memory);
  for (const auto& name : down) {
    auto& seen = builder.snapshot().backends.at(name);
    seen.ready_replicas = 0;
    seen.endpoints = api::Endpoints{.ready = 0, .total = 0};
  }
  auto& sample = builder.snapshot().metrics.at("rps").samples.front();
  sample.time = builder.snapshot().now;
  return decide(builder.build());
}

/// Puts into `builder` that blue was lost, green of tier 1 has its traffic, and blue is back.
void lose_and_return(SnapshotBuilder& builder) {
  builder.backend("blue", {.max = 2, .spec = 2, .share = 100})
      .backend("green", {.tier = 1, .spec = 2, .share = 0})
      .metric("rps", 100);
  const auto lost = after_losing(builder, {"blue"});
  builder.now(10).memory(lost.memory).metric("rps", 100);
  builder.seen("blue", {.spec = 2, .share = 0}).seen("green", {.spec = 2, .share = 100});
}

TEST(States, TellWhoTakesTrafficAndWhoStandsBy) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3, .share = 100})
      .backend("green", {.tier = 1, .spec = 1, .share = 0})
      .backend("red", {.weight = 0, .spec = 1, .share = 0})
      .backend("grey", {.tier = 1, .spec = 1, .share = 0})
      .metric("rps", 150);
  builder.snapshot().service.annotations["evenkeel.dev/drain"] = "grey";
  const auto decision = decide(builder.build());
  EXPECT_EQ(decision.backends.at("blue").state, api::BackendState::Active);
  EXPECT_EQ(decision.backends.at("blue").reason, "it takes traffic");
  EXPECT_EQ(decision.backends.at("green").state, api::BackendState::Standby);
  EXPECT_EQ(decision.backends.at("green").reason, "it stands by");
  EXPECT_EQ(decision.backends.at("red").state, api::BackendState::Draining);
  EXPECT_EQ(decision.backends.at("red").reason, "its weight is 0");
  EXPECT_EQ(decision.backends.at("grey").state, api::BackendState::Draining);
}

TEST(States, AStandbyIsActiveUntilItsShareHasGoneBack) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3, .share = 100})
      .backend("green", {.tier = 1, .spec = 3, .share = 0})
      .metric("rps", 150);
  builder.spec().failover.failback = {.after = std::chrono::seconds{0}, .step_percent = 100};
  builder.memory(after_losing(builder, {"blue"}).memory).now(90).metric("rps", 150);
  builder.seen("blue", {.spec = 3, .share = 0}).seen("green", {.spec = 3, .share = 100});
  const auto decision = decide(builder.build());
  const auto& green = decision.backends.at("green");
  EXPECT_EQ(green.target_weight, 0);
  EXPECT_GT(green.weight, 0);
  EXPECT_EQ(green.state, api::BackendState::Active);
}

std::string detail_of_move(const api::Decision& decision, const std::string& name) {
  const auto& steps = decision.backends.at("blue").steps;
  const auto found = std::ranges::find(steps, name, &api::Step::step);
  return found == steps.end() ? "" : found->detail.value_or("");
}

TEST(RecordOfABackend, SaysWhyItsShareMovedOrStayed) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3, .share = 100})
      .backend("green", {.tier = 1, .spec = 3, .share = 0})
      .metric("rps", 150);
  EXPECT_EQ(detail_of_move(decide(builder.build()), "Stay"), "it has the share it is meant to have");
  EXPECT_EQ(detail_of_move(after_losing(builder, {"blue"}), "AtOnce"),
            "what cannot be served or carried moves at once");
  Full service{4, 4, 200};
  service.edit({3, 5});
  EXPECT_EQ(detail_of_move(service.tick(10), "Edit"),
            "an edit, a drain or a new declaration moves as fast as capacity becomes ready");
}

TEST(FailedOver, IsFalseWhileAllTrafficIsOnTierZero) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3, .share = 100})
      .backend("green", {.tier = 1, .spec = 1, .share = 0})
      .metric("rps", 150);
  const auto decision = decide(builder.build());
  EXPECT_EQ(condition(decision, "FailedOver").status, api::ConditionStatus::False);
  EXPECT_EQ(message(decision, "FailedOver"), "all traffic is on tier 0: blue");
}

TEST(FailedOver, NamesThoseOfLowerTiersThatMayTakeTrafficAndHaveNoEndpoint) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 2, .share = 100})
      .backend("grey", {.weight = 0, .spec = 1, .share = 0})
      .backend("green", {.tier = 1, .spec = 3, .share = 0})
      .backend("red", {.tier = 1, .spec = 1, .share = 0})
      .backend("black", {.tier = 2, .spec = 1, .share = 0})
      .metric("rps", 50);
  const auto decision = after_losing(builder, {"blue", "grey", "red"});
  EXPECT_EQ(message(decision, "FailedOver"),
            "tier 1 serves: green; blue has no ready endpoint: look at the pods");
}

TEST(FailedOver, NamesAllTiersThatServe) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 2, .share = 100})
      .backend("green", {.tier = 1, .spec = 1, .share = 0})
      .backend("red", {.tier = 2, .spec = 1, .share = 0})
      .metric("rps", 130);
  const auto decision = after_losing(builder, {"blue"});
  EXPECT_EQ(message(decision, "FailedOver"),
            "tiers 1 to 2 serve: green and red; blue has no ready endpoint: look at the pods");
}

TEST(FailedOver, IsAnEventThatNamesADrainAsItsCause) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 2, .share = 100})
      .backend("green", {.tier = 1, .spec = 2, .share = 0})
      .metric("rps", 100);
  builder.memory(decide(builder.build()).memory).now(5).metric("rps", 100);
  builder.snapshot().service.annotations["evenkeel.dev/drain"] = "blue=now";
  const auto decision = decide(builder.build());
  const auto told = std::ranges::find(decision.events, "FailedOver", &api::Event::reason);
  ASSERT_NE(told, decision.events.end());
  EXPECT_EQ(told->message, "traffic moves from tier 0 to tier 1 (green); blue: it is being drained");
  EXPECT_EQ(condition(decision, "FailedOver").reason, "TierNotEligible");
  EXPECT_EQ(message(decision, "FailedOver"), "tier 1 serves: green; blue: it is being drained");
}

TEST(FailedOver, OfADrillDoesNotSendAnybodyToLookAtPods) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 2, .share = 100})
      .backend("green", {.tier = 1, .spec = 2, .share = 0})
      .metric("rps", 100);
  builder.snapshot().service.annotations["evenkeel.dev/drill"] = "blue";
  EXPECT_EQ(message(decide(builder.build()), "FailedOver"),
            "tier 1 serves: green; blue: a drill takes its endpoints away");
}

TEST(FailedOver, IsOnlyWhatWouldBeWhereNothingIsWritten) {
  SnapshotBuilder builder;
  builder.spec().mode = api::Mode::Observe;
  builder.backend("blue", {.spec = 2, .share = 100})
      .backend("green", {.tier = 1, .spec = 2, .share = 0})
      .metric("rps", 100);
  const auto decision = after_losing(builder, {"blue"});
  EXPECT_TRUE(message(decision, "FailedOver").starts_with("tier 1 would serve: green;"));
}

TEST(FailedOver, SaysWhatAFailBackWaitsFor) {
  SnapshotBuilder builder;
  auto& failback = builder.spec().failover.failback;
  failback = {.after = std::chrono::seconds{60}, .step_percent = 20};
  lose_and_return(builder);
  EXPECT_TRUE(message(decide(builder.build()), "FailedOver")
                  .ends_with("gets it after afterSeconds (60), 20 % at a time"));
  builder.spec().balancing.max_step_percent = 5;
  EXPECT_TRUE(message(decide(builder.build()), "FailedOver").ends_with(", 5 % at a time"));
  failback.mode = api::FailbackMode::Manual;
  EXPECT_TRUE(message(decide(builder.build()), "FailedOver").ends_with("evenkeel.dev/failback a new text"));
  builder.snapshot().service.annotations["evenkeel.dev/failback"] = "now";
  EXPECT_TRUE(message(decide(builder.build()), "FailedOver")
                  .ends_with("gets it as you asked for, 5 % at a time every afterSeconds"))
      << "who has asked is not asked to do it again";
}

/// What was told of fail-over and fail-back, in order.
std::vector<std::string> told(const api::Decision& decision) {
  std::vector<std::string> messages;
  for (const auto& event : decision.events) {
    if (event.reason == "FailedOver" || event.reason == "FailedBack")
      messages.push_back(event.reason + ": " + event.message);
  }
  return messages;
}

TEST(FailedBack, NamesOnlyWhoTakesTheTrafficBack) {
  SnapshotBuilder builder;
  builder.spec().failover.failback = {.after = std::chrono::seconds{0}, .step_percent = 20};
  lose_and_return(builder);
  EXPECT_EQ(told(decide(builder.build())),
            std::vector<std::string>{"FailedBack: traffic moves from tier 1 to tier 0 (blue)"});
}

TEST(FailedOver, OfAPartIsToldOnceAndSoIsItsEnd) {
  SnapshotBuilder builder;
  builder.backend("blue", {.max = 4, .spec = 4, .share = 100})
      .backend("green", {.tier = 1, .spec = 4, .share = 0})
      .metric("rps", 200);
  auto decision = decide(builder.build());
  EXPECT_TRUE(told(decision).empty());
  std::vector<std::string> messages;
  for (int second = 10; second <= 1500; second += 10) {
    const int ready = second < 300 ? 2 : 4;
    builder.now(second).memory(decision.memory).metric("rps", 200);
    builder.seen("blue", {.spec = 4, .ready = ready, .share = weight(decision)});
    builder.seen("green", {.spec = replicas(decision, "green"), .share = weight(decision, "green")});
    decision = decide(builder.build());
    const auto news = told(decision);
    messages.insert(messages.end(), news.begin(), news.end());
  }
  EXPECT_EQ(messages,
            (std::vector<std::string>{"FailedOver: a part of the traffic of tier 0 moves to green",
                                      "FailedBack: all traffic is back on tier 0 (blue)"}));
}

TEST(Paused, SaysThatEverythingStays) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 2, .ready = 0, .share = 100})
      .backend("green", {.spec = 2, .share = 0})
      .metric("rps", 100);
  builder.spec().mode = api::Mode::Paused;
  const auto decision = decide(builder.build());
  const auto& steps = decision.backends.at("blue").steps;
  ASSERT_FALSE(steps.empty());
  EXPECT_EQ(steps.back().step, "Stay");
  EXPECT_EQ(steps.back().weight, 100);
  EXPECT_EQ(std::ranges::count(steps, "Target", &api::Step::step), 0) << "nothing is going anywhere";
}

TEST(Ready, IsFalseWhereTheShareIsOnADeadBackendAndNothingMovesIt) {
  for (const auto mode : {api::Mode::Paused, api::Mode::Observe}) {
    SnapshotBuilder builder;
    builder.spec().mode = mode;
    builder.backend("blue", {.spec = 2, .ready = 0, .share = 100})
        .backend("green", {.tier = 1, .spec = 2, .share = 0})
        .metric("rps", 100);
    const auto decision = decide(builder.build());
    EXPECT_EQ(condition(decision, "Ready").status, api::ConditionStatus::False);
    EXPECT_EQ(condition(decision, "Ready").reason, "NoReadyEndpoints");
    EXPECT_TRUE(message(decision, "Ready").starts_with("blue should serve"));
  }
}

TEST(Ready, SaysThatNotAllOfTheDemandIsCarried) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 2, .share = 50}).backend("green", {.spec = 2, .share = 50});
  builder.metric("rps", 280);
  EXPECT_EQ(condition(decide(builder.build()), "Ready").reason, "Serving");
  EXPECT_EQ(condition(after_losing(builder, {"blue"}), "Ready").reason, "Overloaded");
}

TEST(WeightsEffective, IsNotBoundByCapacityWhereTrafficWaitsToGoBack) {
  SnapshotBuilder builder;
  builder.spec().failover.failback.mode = api::FailbackMode::Manual;
  lose_and_return(builder);
  const auto back = decide(builder.build());
  EXPECT_EQ(condition(back, "FailedOver").reason, "FailbackWaits");
  EXPECT_EQ(condition(back, "WeightsEffective").reason, "NotObserved");
}

/// Blue is meant to have a half of `rps`, and its nine replicas carry 630: @return what is said of that.
std::string capped_at_nine(double rps) {
  SnapshotBuilder builder;
  builder.backend("blue", {.max = 9, .spec = 9, .share = 50}).backend("green", {.spec = 30, .share = 50});
  builder.metric("rps", rps);
  return condition(decide(builder.build()), "WeightsEffective").reason;
}

TEST(WeightsEffective, IsBoundByCapacityWhereAMaximumTakesMoreThanFivePoints) {
  EXPECT_EQ(capped_at_nine(1400), "NotObserved");
  EXPECT_EQ(capped_at_nine(1410), "CapacityBound");
}

TEST(WeightsEffective, IsBoundByAMaximumThatCarriesAllItCanAndNotAllOfTheDemand) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 4, .share = 100})
      .backend("green", {.tier = 1, .max = 2, .spec = 2, .share = 0})
      .metric("rps", 180);
  const auto decision = after_losing(builder, {"blue"});
  EXPECT_EQ(condition(decision, "WeightsEffective").reason, "CapacityBound");
  EXPECT_TRUE(message(decision, "WeightsEffective").starts_with("the maxReplicas of backend green"));
}

TEST(WeightsEffective, OneObservedShareIsEnoughToTell) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 2, .share = 50}).backend("green", {.spec = 2, .share = 50});
  builder.metric("rps", 200);
  EXPECT_EQ(condition(decide(builder.build()), "WeightsEffective").reason, "NotObserved");
  builder.snapshot().backends["green"].observed_weight = 50;
  EXPECT_EQ(condition(decide(builder.build()), "WeightsEffective").reason, "SharesObserved");
}

TEST(Uncovered, IsToldOfSeveralThatDoNotCarryTheDemandAfterALoss) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 2, .share = 50}).backend("green", {.spec = 2, .share = 50});
  builder.metric("rps", 280);
  EXPECT_FALSE(has_step(decide(builder.build()).total.steps, "Uncovered"));
  EXPECT_TRUE(has_step(after_losing(builder, {"blue"}).total.steps, "Uncovered"));
  SnapshotBuilder sole;
  sole.backend("blue", {.spec = 2, .share = 100}).metric("rps", 2000);
  EXPECT_FALSE(has_step(decide(sole.build()).total.steps, "Uncovered"));
}

TEST(RecordOfABackend, SaysOfAStepThatItWaitsForNothing) {
  Full service{4, 4, 400};
  service.fail_metric();
  service.edit({1, 7});
  const auto decision = service.tick(10);
  ASSERT_LT(weight(decision, "green"), decision.backends.at("green").target_weight);
  EXPECT_EQ(has_step(decision.backends.at("green").steps, "UpBeforeShift"), weight(decision, "green") <= 50);
}

TEST(RecordOfABackend, TellsAlsoOfOneWithoutAWorkloadWhatItWaitsFor) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 1, .share = 0, .has_workload = false})
      .backend("green", {.spec = 9, .share = 100, .has_workload = false})
      .metric("rps", 500);
  const auto decision = decide(builder.build());
  const auto& steps = decision.backends.at("blue").steps;
  EXPECT_NEAR(weight(decision), 14, 1e-6) << "70 of 500";
  const auto wait = std::ranges::find(steps, "UpBeforeShift", &api::Step::step);
  ASSERT_NE(wait, steps.end());
  EXPECT_EQ(wait->detail, "it rises when more of it is ready than 1");
}

}  // namespace
}  // namespace evenkeel::plan
