#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/plan/conditions.hpp"
#include "evenkeel/plan/decide.hpp"
#include "evenkeel/plan/plan.hpp"

#include "snapshot_builder.hpp"

namespace evenkeel::plan {
namespace {

using api::ConditionStatus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::at;
using testing_support::SnapshotBuilder;

/// A service with a route, and the passes over it.
class Status : public testing::Test {
 protected:
  Status() {
    builder.backend("blue", {.weight = 80, .spec = 4, .share = 80});
    builder.backend("green", {.weight = 20, .spec = 1, .share = 20});
    builder.metric("rps", 250);
    builder.spec().routes = {{.name = "main", .kind = "HTTPRoute", .object_name = "shop"}};
    set_route(800, 200);
  }

  void set_route(int blue, int green) {
    builder.snapshot().routes = {
        {.kind = "HTTPRoute",
         .key = {.ns = "store", .name = "shop"},
         .json = R"({"metadata":{"name":"shop","namespace":"store"},"spec":{"rules":[{"backendRefs":[)"
                 R"({"name":"shop-blue","port":80,"weight":)" +
                 std::to_string(blue) + R"(},{"name":"shop-green","port":80,"weight":)" +
                 std::to_string(green) + "}]}]}}"}};
  }

  /// One pass; every action ends with `error`, empty for success.
  api::Status pass(const std::string& error = "") {
    const auto decision = decide(builder.build());
    const auto planned = plan(builder.build(), decision, claims);
    const std::vector<ActionResult> results(planned.actions.size(), {error});
    return make_status(builder.build(), decision, planned, results, claims, missing, previous);
  }

  static const api::StatusCondition& condition(const api::Status& status, const std::string& type) {
    static const api::StatusCondition kNone;
    const auto found = std::ranges::find_if(
        status.conditions, [&](const api::StatusCondition& entry) { return entry.condition.type == type; });
    return found == status.conditions.end() ? kNone : *found;
  }
  static std::string reason(const api::Status& status, const std::string& type) {
    return condition(status, type).condition.reason;
  }

  SnapshotBuilder builder;
  Claims claims;
  std::vector<Missing> missing;
  api::Status previous;
};

TEST_F(Status, SaysWhatShareWasMeasured) {
  builder.snapshot().backends["green"].observed_weight = 20.04;
  const auto status = pass();
  EXPECT_EQ(status.backends[1].observed_share_permille, 200);
  EXPECT_EQ(status.backends[0].observed_share_permille, std::nullopt);
  previous = status;
  builder.snapshot().backends["green"].observed_weight = 21;
  EXPECT_FALSE(status_needs_write(previous, pass(), at(400))) << "less than a tenth";
  builder.snapshot().backends["green"].observed_weight = 23;
  EXPECT_FALSE(status_needs_write(previous, pass(), at(100))) << "every 5 minutes at most";
  EXPECT_TRUE(status_needs_write(previous, pass(), at(400)));
}

TEST_F(Status, SaysForHowLongABackendIsOut) {
  auto decision = decide(builder.build());
  decision.backends["blue"].ejected_until = at(30);
  decision.backends["blue"].ejections = 2;
  const auto planned = plan(builder.build(), decision, claims);
  const std::vector<ActionResult> results(planned.actions.size());
  const auto status = make_status(builder.build(), decision, planned, results, claims, missing, previous);
  EXPECT_EQ(status.backends[0].ejected_until, at(30));
  EXPECT_EQ(status.backends[0].ejections, 2);
  EXPECT_EQ(status.backends[1].ejected_until, std::nullopt);
}

TEST_F(Status, HasAllTenConditionsOnTheFirstVisit) {
  const auto status = pass();
  std::vector<std::string> types;
  for (const auto& entry : status.conditions) {
    types.push_back(entry.condition.type);
    EXPECT_FALSE(entry.condition.reason.empty()) << entry.condition.type;
    EXPECT_FALSE(entry.condition.message.empty()) << entry.condition.type;
    EXPECT_EQ(entry.observed_generation, 1);
    EXPECT_EQ(entry.last_transition_time, at(0));
  }
  EXPECT_THAT(types,
              ElementsAre("Ready",
                          "AbleToScale",
                          "SignalsAvailable",
                          "ScalingActive",
                          "ScalingLimited",
                          "RoutesProgrammed",
                          "FullyExpressed",
                          "WeightsEffective",
                          "FailedOver",
                          "Conflicted"));
  EXPECT_EQ(reason(status, "Ready"), "Serving");
  EXPECT_EQ(reason(status, "WeightsEffective"), "NotObserved");
}

TEST_F(Status, AnObjectThatCannotBeReadHasTheSameConditionsAndOneReason) {
  const auto readable = pass();
  const auto conditions = conditions_of_unreadable("spec.backends: not a list");
  ASSERT_EQ(conditions.size(), readable.conditions.size());
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const auto& found = conditions[i];
    EXPECT_EQ(found.type, readable.conditions[i].condition.type);
    EXPECT_EQ(found.status, i == 0 ? ConditionStatus::False : ConditionStatus::Unknown) << found.type;
    EXPECT_EQ(found.reason, "SpecInvalid") << found.type;
    EXPECT_EQ(found.message, "spec.backends: not a list") << found.type;
  }
}

TEST_F(Status, TellsSharesAndSizesAsKubectlPrintsThem) {
  const auto status = pass();
  EXPECT_EQ(status.weights, "blue=80,green=20");
  EXPECT_EQ(status.replicas, 5);
  EXPECT_EQ(status.desired_replicas, 5);
  EXPECT_EQ(status.active_tier, 0);
  EXPECT_EQ(status.backends[0].share_permille, 800);
  EXPECT_EQ(status.selector, "") << "several backends have no common one";
}

TEST_F(Status, OneBackendHasASelectorForTheScaleSubresource) {
  builder.spec().backends.pop_back();
  builder.snapshot().backends.at("blue").selector = "app=shop";
  EXPECT_EQ(pass().selector, "app=shop");
}

TEST_F(Status, ThirdsAddUpToAHundred) {
  builder.backend("blue", {.weight = 1, .spec = 1}).backend("green", {.weight = 1, .spec = 1});
  builder.backend("red", {.weight = 1, .spec = 1});
  EXPECT_EQ(pass().weights, "blue=33.4,green=33.3,red=33.3");
}

TEST_F(Status, TransitionTimesMoveOnlyWhenTheStatusFlips) {
  previous = pass();
  builder.now(10).metric("rps", 250);
  auto next = pass();
  EXPECT_EQ(condition(next, "Ready").last_transition_time, at(0));
  builder.seen("blue", {.spec = 4, .ready = 0, .share = 80})
      .seen("green", {.spec = 1, .ready = 0, .share = 20});
  next = pass();
  EXPECT_EQ(condition(next, "Ready").condition.status, ConditionStatus::False);
  EXPECT_EQ(condition(next, "Ready").last_transition_time, at(10));
}

TEST_F(Status, MissingObjectsAreNamedWithFieldAndRemedy) {
  missing = {{.field = "spec.backends[1].serviceRef.name", .object = "Service store/shop-green"}};
  EXPECT_EQ(reason(pass(), "Ready"), "BackendNotFound");
  EXPECT_THAT(condition(pass(), "Ready").condition.message,
              HasSubstr("spec.backends[1].serviceRef.name: Service store/shop-green"));
  missing = {{.field = "spec.routes[0].objectName", .object = "HTTPRoute store/shop"}};
  EXPECT_EQ(reason(pass(), "RoutesProgrammed"), "RouteNotFound");
  EXPECT_EQ(reason(pass(), "Ready"), "RouteNotFound");
}

TEST_F(Status, ALostClaimIsAConflictThatNamesTheHolder) {
  claims.lost = {{.field = "spec.backends[0].workloadRef",
                  .object = "Deployment shop-blue",
                  .holder = {"store", "old"}}};
  const auto status = pass();
  EXPECT_EQ(condition(status, "Conflicted").condition.status, ConditionStatus::True);
  EXPECT_THAT(condition(status, "Conflicted").condition.message, HasSubstr("store/old"));
  EXPECT_EQ(reason(status, "Ready"), "Conflicted");
  EXPECT_THAT(condition(status, "Ready").condition.message, HasSubstr("store/old"));
}

TEST_F(Status, AConflictIsSummedUpByTheSentenceThatNamesTheHolder) {
  // The route's own sentence does not say who has it.
  claims.lost = {{.field = "spec.routes[0]", .object = "HTTPRoute shop", .holder = {"store", "old"}}};
  const auto status = pass();
  EXPECT_EQ(reason(status, "RoutesProgrammed"), "Conflicted");
  EXPECT_THAT(condition(status, "Ready").condition.message, HasSubstr("store/old"));
}

TEST_F(Status, AScaleThatFailedIsSaid) {
  builder.metric("rps", 5000);
  const auto status = pass("403 Forbidden");
  EXPECT_EQ(reason(status, "AbleToScale"), "FailedUpdateScale");
  EXPECT_THAT(condition(status, "AbleToScale").condition.message, HasSubstr("403"));
  EXPECT_FALSE(status.last_scale_time.has_value());
  EXPECT_EQ(pass().last_scale_time, at(0));
}

TEST_F(Status, ARouteThatCouldNotBeWrittenIsSaidAndNotTakenForWritten) {
  set_route(1, 1);
  auto status = pass("500");
  EXPECT_EQ(reason(status, "RoutesProgrammed"), "RouteWriteFailed");
  EXPECT_THAT(status.routes[0].encoded_weights, IsEmpty());
  status = pass();
  EXPECT_EQ(reason(status, "RoutesProgrammed"), "Programmed");
  EXPECT_EQ(status.routes[0].encoded_weights.at("blue"), 800);
}

TEST_F(Status, ARouteWhoseTurnDidNotComeIsNotWrittenYet) {
  set_route(1, 1);
  const auto decision = decide(builder.build());
  const auto planned = plan(builder.build(), decision, claims);
  ASSERT_FALSE(planned.actions.empty());
  const auto status = make_status(builder.build(), decision, planned, {}, claims, missing, previous);
  EXPECT_EQ(reason(status, "RoutesProgrammed"), "NotWritten");
  EXPECT_THAT(status.routes[0].encoded_weights, IsEmpty());
}

TEST_F(Status, OriginalWeightsStayWhatTheyWereBeforeUs) {
  set_route(1, 3);
  previous = pass();
  EXPECT_EQ(previous.routes[0].original_weights.at("green"), 3);
  set_route(800, 200);
  builder.now(60).metric("rps", 250);
  const auto status = pass();
  EXPECT_EQ(status.routes[0].original_weights.at("green"), 3);
  EXPECT_EQ(status.routes[0].programmed_time, at(0));
}

TEST_F(Status, ObserveDoesNotCallARouteProgrammedThatItDidNotWrite) {
  set_route(1, 1);
  builder.spec().mode = api::Mode::Observe;
  EXPECT_EQ(condition(pass(), "RoutesProgrammed").condition.status, ConditionStatus::Unknown);
}

TEST_F(Status, IsWrittenForWhatChangedAndNotForThePassingOfTime) {
  previous = pass();
  const auto again = [&](std::int64_t now) {
    builder.now(now);
    return status_needs_write(previous, pass(), at(now));
  };
  builder.memory(previous.memory);
  EXPECT_FALSE(again(0));
  builder.now(3600).metric("rps", 250);
  EXPECT_FALSE(again(3600)) << "an hour has passed and nothing happened";
  builder.snapshot().service.generation = 2;
  EXPECT_TRUE(again(3600)) << "it says of which generation it tells";
  builder.snapshot().service.generation = 1;
  EXPECT_FALSE(again(3600));
  builder.seen("blue", {.spec = 4, .ready = 3, .share = 80});
  EXPECT_TRUE(again(3600)) << "a pod is not ready any more";
}

TEST_F(Status, ReadingsAreWrittenWhenTheyMovedByATenthAndAtMostEveryFiveMinutes) {
  previous = pass();
  const auto with_reading = [&](std::int64_t now, double rps) {
    auto next = previous;
    next.signals[0].value = rps;
    return status_needs_write(previous, next, at(now));
  };
  EXPECT_FALSE(with_reading(600, 274));
  EXPECT_FALSE(with_reading(600, 275)) << "a tenth, and no more";
  EXPECT_TRUE(with_reading(600, 276));
  EXPECT_FALSE(with_reading(299, 1000));
  EXPECT_TRUE(with_reading(300, 1000));
  EXPECT_TRUE(with_reading(-60, 1000)) << "a clock that ran backwards";
}

TEST_F(Status, AQualityIsWrittenAtOnce) {
  previous = pass();
  builder.snapshot().metrics.clear();
  EXPECT_TRUE(status_needs_write(previous, pass(), at(1)));
}

std::vector<std::string> reasons(const std::vector<api::Event>& events) {
  std::vector<std::string> reasons;
  for (const auto& event : events) reasons.push_back(event.reason);
  return reasons;
}

TEST_F(Status, WhatTurnsBadIsAnEventOnceAndSoIsItsEnd) {
  previous = pass();
  EXPECT_THAT(transition_events({}, previous), IsEmpty());
  builder.snapshot().metrics.clear();
  const auto bad = pass();
  EXPECT_THAT(reasons(transition_events(previous, bad)), ElementsAre("SignalError"));
  EXPECT_THAT(transition_events(bad, bad), IsEmpty());
  builder.metric("rps", 250);
  EXPECT_THAT(reasons(transition_events(bad, pass())), ElementsAre("Recovered"));
}

TEST_F(Status, AMissingBackendIsAnEventAlsoOnTheFirstVisit) {
  missing = {{.field = "spec.backends[1].serviceRef.name", .object = "Service store/shop-green"}};
  EXPECT_THAT(reasons(transition_events({}, pass())), ElementsAre("BackendNotFound"));
}

TEST_F(Status, HoldsNoMoreStepsThanTheApiServerTakes) {
  auto decision = decide(builder.build());
  decision.total.steps.resize(300, {.step = "Metric"});
  const auto planned = plan(builder.build(), decision, claims);
  const auto status = make_status(builder.build(), decision, planned, {}, claims, missing, previous);
  ASSERT_EQ(status.last_decision.steps.size(), 256U);
  EXPECT_EQ(status.last_decision.steps.back().step.step, "LeftOut");
}

}  // namespace
}  // namespace evenkeel::plan
