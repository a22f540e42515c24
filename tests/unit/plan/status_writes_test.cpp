#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/plan/plan.hpp"

#include "snapshot_builder.hpp"

/// What of a status is worth a write or an event, and what a pass makes of what was written before.
namespace evenkeel::plan {
namespace {

using api::ConditionStatus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::at;
using testing_support::SnapshotBuilder;

api::Status written() {
  api::Status status;
  status.conditions = {{.condition = {.type = "Ready", .status = ConditionStatus::True, .reason = "Serving"},
                        .observed_generation = 1,
                        .last_transition_time = at(0)}};
  status.backends.emplace_back().name = "blue";
  status.routes = {{.name = "main", .kind = "HTTPRoute", .object_name = "shop"}};
  status.unsupported = {{.field = "f", .provider = "p", .action = "Ignored", .detail = "d"}};
  status.signals.emplace_back().name = "rps";
  status.signals[0].value = 100;
  status.last_decision.time = at(0);
  return status;
}

struct Edit {
  std::string name;
  std::function<void(api::Status&)> make;
};
void PrintTo(const Edit& edit, std::ostream* os) {
  *os << edit.name;
}
class StatusWrite : public testing::TestWithParam<Edit> {};

TEST_P(StatusWrite, FollowsWhatAloneHasChanged) {
  const auto before = written();
  auto after = before;
  GetParam().make(after);
  EXPECT_TRUE(status_needs_write(before, after, at(0)));
  EXPECT_TRUE(status_needs_write(after, before, at(0)));
  EXPECT_FALSE(status_needs_write(after, after, at(0)));
}

INSTANTIATE_TEST_SUITE_P(
    Fields,
    StatusWrite,
    testing::Values(
        Edit{"ConditionReason", [](api::Status& s) { s.conditions[0].condition.reason = "Paused"; }},
        Edit{"ConditionGeneration", [](api::Status& s) { s.conditions[0].observed_generation = 2; }},
        Edit{"ConditionMore", [](api::Status& s) { s.conditions.push_back(s.conditions[0]); }},
        Edit{"BackendName", [](api::Status& s) { s.backends[0].name = "green"; }},
        Edit{"BackendState", [](api::Status& s) { s.backends[0].state = api::BackendState::Ejected; }},
        Edit{"BackendTier", [](api::Status& s) { s.backends[0].tier = 1; }},
        Edit{"BackendShare", [](api::Status& s) { s.backends[0].share_permille = 1; }},
        Edit{"BackendTarget", [](api::Status& s) { s.backends[0].target_share_permille = 1; }},
        Edit{"BackendReplicas", [](api::Status& s) { s.backends[0].replicas = 1; }},
        Edit{"BackendReady", [](api::Status& s) { s.backends[0].ready_replicas = 1; }},
        Edit{"BackendDesired", [](api::Status& s) { s.backends[0].desired_replicas = 1; }},
        Edit{"BackendEjected", [](api::Status& s) { s.backends[0].ejected_until = at(9); }},
        Edit{"BackendEjections", [](api::Status& s) { s.backends[0].ejections = 1; }},
        Edit{"BackendObserved", [](api::Status& s) { s.backends[0].observed_share_permille = 0; }},
        Edit{"BackendReason", [](api::Status& s) { s.backends[0].reason = "it stands by"; }},
        Edit{"RouteName", [](api::Status& s) { s.routes[0].name = "other"; }},
        Edit{"RouteKind", [](api::Status& s) { s.routes[0].kind = "Ingress"; }},
        Edit{"RouteObject", [](api::Status& s) { s.routes[0].object_name = "other"; }},
        Edit{"RouteProvider", [](api::Status& s) { s.routes[0].provider = "nginx"; }},
        Edit{"RouteWeights", [](api::Status& s) { s.routes[0].encoded_weights["blue"] = 1; }},
        Edit{"RouteOriginal", [](api::Status& s) { s.routes[0].original_weights["blue"] = 1; }},
        Edit{"RouteReason", [](api::Status& s) { s.routes[0].reason = "it is not there"; }},
        Edit{"UnsupportedField", [](api::Status& s) { s.unsupported[0].field = "g"; }},
        Edit{"UnsupportedProvider", [](api::Status& s) { s.unsupported[0].provider = "q"; }},
        Edit{"UnsupportedAction", [](api::Status& s) { s.unsupported[0].action = "Blocked"; }},
        Edit{"UnsupportedDetail", [](api::Status& s) { s.unsupported[0].detail = "e"; }},
        Edit{"SignalName", [](api::Status& s) { s.signals[0].name = "cpu"; }},
        Edit{"SignalQuality", [](api::Status& s) { s.signals[0].quality = api::Quality::Stale; }},
        Edit{"SignalWithoutAValue", [](api::Status& s) { s.signals[0].value.reset(); }},
        Edit{"SignalMore", [](api::Status& s) { s.signals.push_back(s.signals[0]); }},
        Edit{"Generation", [](api::Status& s) { s.observed_generation = 7; }},
        Edit{"Replicas", [](api::Status& s) { s.replicas = 7; }},
        Edit{"DesiredReplicas", [](api::Status& s) { s.desired_replicas = 7; }},
        Edit{"Selector", [](api::Status& s) { s.selector = "app=shop"; }},
        Edit{"ActiveTier", [](api::Status& s) { s.active_tier = 3; }},
        Edit{"Weights", [](api::Status& s) { s.weights = "blue=100"; }},
        Edit{"LastScaleTime", [](api::Status& s) { s.last_scale_time = at(1); }}),
    [](const auto& row) { return row.param.name; });

TEST(StatusReadings, AreNotWrittenAgainAtTheVeryMomentOfAWrite) {
  auto after = written();
  after.signals[0].value = 200;
  EXPECT_FALSE(status_needs_write(written(), after, at(0)));
  EXPECT_TRUE(status_needs_write(written(), after, at(-1)));
  EXPECT_TRUE(status_needs_write(written(), after, at(300)));
}

TEST(StatusReadings, OfEveryBackendAndSignalCount) {
  auto before = written();
  before.signals.push_back(before.signals[0]);
  before.backends.push_back(before.backends[0]);
  for (auto& backend : before.backends) backend.observed_share_permille = 500;
  auto after = before;
  after.signals[1].value = 111;
  EXPECT_TRUE(status_needs_write(before, after, at(300)));
  after = before;
  after.backends[1].observed_share_permille = 550;
  EXPECT_FALSE(status_needs_write(before, after, at(300))) << "a tenth, and no more";
  after.backends[1].observed_share_permille = 449;
  EXPECT_TRUE(status_needs_write(before, after, at(300)));
}

std::vector<std::string> reasons(const std::vector<api::Event>& events) {
  std::vector<std::string> reasons;
  reasons.reserve(events.size());
  for (const auto& event : events) reasons.push_back(event.reason);
  return reasons;
}

api::Status with_signals(ConditionStatus status, const std::string& reason) {
  auto result = written();
  result.conditions[0].condition = {
      .type = "SignalsAvailable", .status = status, .reason = reason, .message = reason};
  return result;
}

TEST(TransitionEvents, ABadConditionIsToldAtFirstSightAndForEveryNewReason) {
  const auto good = with_signals(ConditionStatus::True, "AllFresh");
  const auto stale = with_signals(ConditionStatus::False, "Stale");
  const auto error = with_signals(ConditionStatus::False, "SignalError");
  EXPECT_THAT(reasons(transition_events({}, stale)), ElementsAre("Stale"));
  EXPECT_THAT(reasons(transition_events(good, stale)), ElementsAre("Stale"));
  EXPECT_THAT(reasons(transition_events(stale, error)), ElementsAre("SignalError"));
  EXPECT_THAT(transition_events(stale, stale), IsEmpty());
  EXPECT_THAT(reasons(transition_events(error, good)), ElementsAre("Recovered"));
  EXPECT_THAT(transition_events({}, good), IsEmpty());
  EXPECT_THAT(transition_events(stale, {}), IsEmpty()) << "what is not said is not known";
  const auto same_reason = with_signals(ConditionStatus::False, "AllFresh");
  EXPECT_THAT(reasons(transition_events(good, same_reason)), ElementsAre("AllFresh"));
}

TEST(TransitionEvents, AMissingBackendIsToldOnceForEverySentence) {
  const auto missing = [](const std::string& message) {
    auto status = written();
    status.conditions[0].condition.reason = "BackendNotFound";
    status.conditions[0].condition.message = message;
    return status;
  };
  EXPECT_THAT(transition_events(missing("blue"), missing("blue")), IsEmpty());
  EXPECT_THAT(reasons(transition_events(missing("blue"), missing("green"))), ElementsAre("BackendNotFound"));
}

/// One pass over a service of blue, with a plan and its results as a test wants them.
struct Pass {
  SnapshotBuilder builder;
  api::Decision decision;
  Plan plan;
  std::vector<ActionResult> results;
  Claims claims;
  api::Status previous;

  Pass() {
    builder.backend("blue", {.spec = 2});
    decision.time = at(60);
  }
  [[nodiscard]] api::Status status() const {
    return make_status(builder.build(), decision, plan, results, claims, {}, previous);
  }
  [[nodiscard]] api::Condition condition(const std::string& type) const {
    for (const auto& entry : status().conditions) {
      if (entry.condition.type == type) return entry.condition;
    }
    return {};
  }
};

api::Action scale(const std::string& name) {
  return {.kind = "Deployment", .key = {.ns = "store", .name = name}, .subresource = "scale"};
}
api::Action write_route() {
  return {.kind = "HTTPRoute", .key = {.ns = "store", .name = "shop"}};
}

TEST(PassOfWrites, OnlyAScaleThatWasSentAndRefusedIsAFailedOne) {
  Pass pass;
  pass.plan.actions = {write_route(), scale("shop-blue"), scale("shop-green")};
  pass.results = {{"500"}, {""}};
  EXPECT_EQ(pass.condition("AbleToScale").reason, "NotDecided") << "the turn of green did not come";
  EXPECT_EQ(pass.status().last_scale_time, at(60));
  pass.results = {{""}, {"403"}, {"409"}};
  EXPECT_EQ(pass.condition("AbleToScale").reason, "FailedUpdateScale");
  EXPECT_THAT(pass.condition("AbleToScale").message, HasSubstr("store/shop-blue could not be scaled: 403"));
  EXPECT_EQ(pass.status().last_scale_time, std::nullopt);
  pass.results = {{""}, {""}, {""}, {"beyond the last"}};
  EXPECT_EQ(pass.condition("AbleToScale").reason, "NotDecided");
}

TEST(PassOfWrites, TheFirstApproximationAndTheFirstLostClaimAreNamed) {
  Pass pass;
  pass.plan.routes.resize(2);
  pass.plan.routes[1].approximated = {"says 1 of 3 as 33", "says 2 of 3 as 67"};
  EXPECT_THAT(pass.condition("FullyExpressed").message, HasSubstr("says 1 of 3"));
  EXPECT_EQ(pass.condition("Conflicted").reason, "NoConflict");
  for (const char* holder : {"older", "other"})
    pass.claims.lost.push_back(
        {.field = "spec.routes[0]", .object = "HTTPRoute shop", .holder = {"a", holder}});
  EXPECT_THAT(pass.condition("Conflicted").message, HasSubstr("a/older"));
}

TEST(PassOfWrites, TheWeightsThatStandAreThoseOfTheVerySameRoute) {
  Pass pass;
  const api::RouteStatus route{.name = "main", .kind = "HTTPRoute", .object_name = "shop"};
  pass.plan.routes.emplace_back().status = route;
  pass.plan.routes[0].status.encoded_weights = {{"blue", 7}};
  auto before = route;
  before.encoded_weights = {{"blue", 5}};
  before.original_weights = {{"blue", 3}};
  before.programmed_time = at(0);
  pass.previous.routes = {before};
  EXPECT_EQ(pass.status().routes[0].encoded_weights.at("blue"), 5) << "it has not been written since";
  EXPECT_EQ(pass.status().routes[0].original_weights.at("blue"), 3);
  EXPECT_EQ(pass.status().routes[0].programmed_time, at(0));
  for (auto api::RouteStatus::* const field :
       {&api::RouteStatus::name, &api::RouteStatus::kind, &api::RouteStatus::object_name}) {
    pass.previous.routes = {before};
    pass.previous.routes[0].*field = "other";
    EXPECT_THAT(pass.status().routes[0].encoded_weights, IsEmpty()) << "nothing of it has been written";
    EXPECT_EQ(pass.status().routes[0].programmed_time, std::nullopt);
  }
}

TEST(PassOfWrites, AMomentWithinASecondIsWrittenAsItsEnd) {
  Pass pass;
  pass.decision.backends["blue"].ejected_until = at(30) - std::chrono::milliseconds{400};
  EXPECT_EQ(pass.status().backends[0].ejected_until, at(30));
}

}  // namespace
}  // namespace evenkeel::plan
