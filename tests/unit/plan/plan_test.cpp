#include "evenkeel/plan/plan.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/plan/decide.hpp"

#include "snapshot_builder.hpp"

namespace evenkeel::plan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::at;
using testing_support::SnapshotBuilder;

std::string http_route(int blue, int green) {
  return R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute",
    "metadata":{"name":"shop","namespace":"store","resourceVersion":"7"},
    "spec":{"rules":[{"backendRefs":[{"name":"shop-blue","port":80,"weight":)" +
         std::to_string(blue) + R"(},{"name":"shop-green","port":80,"weight":)" + std::to_string(green) +
         "}]}]}}";
}

/// Blue of 3 with all the traffic and green of 1 as its standby; blue is down.
SnapshotBuilder blue_is_down() {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3, .share = 100}).backend("green", {.tier = 1, .spec = 1, .share = 0});
  builder.metric("rps", 150);
  builder.memory(decide(builder.build()).memory);
  builder.now(5).seen("blue", {.spec = 3, .ready = 0, .share = 100}).metric("rps", 150);
  builder.spec().routes = {{.name = "main", .kind = "HTTPRoute", .object_name = "shop"}};
  builder.snapshot().routes = {
      {.kind = "HTTPRoute", .key = {.ns = "store", .name = "shop"}, .json = http_route(1, 0)}};
  return builder;
}

std::vector<std::string> targets(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& action : plan.actions) {
    names.push_back(action.kind + "/" + action.key.name +
                    (action.subresource.empty() ? "" : "/" + action.subresource) +
                    (action.subresource == "scale" ? " " + action.patch : ""));
  }
  return names;
}

TEST(PlanOrder, WeightsThenGrowthThenShrinking) {
  auto builder = blue_is_down();
  builder.backend("red", {.weight = 0, .spec = 5, .share = 0});
  const auto result = plan(builder.build(), decide(builder.build()));
  EXPECT_THAT(targets(result),
              ElementsAre("HTTPRoute/shop",
                          R"(Deployment/shop-green/scale {"spec":{"replicas":3}})",
                          R"(Deployment/shop-red/scale {"spec":{"replicas":1}})"));
}

TEST(PlanOrder, WhoIsNotSeenOrNotDecidedIsNotScaled) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 2}).backend("green", {.spec = 2}).backend("red", {.spec = 2});
  api::Decision decision;
  for (const char* name : {"blue", "red"}) decision.backends[name].replicas = 5;
  builder.snapshot().backends.erase("blue");
  const auto result = plan(builder.build(), decision);
  EXPECT_THAT(targets(result), ElementsAre(R"(Deployment/shop-red/scale {"spec":{"replicas":5}})"));
}

TEST(PlanOrder, WhatIsNotOursToScaleIsNotScaled) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 2})
      .backend("green", {.spec = std::nullopt})
      .backend("red", {.spec = 2})
      .backend("grey", {.spec = 2, .has_workload = false});
  builder.snapshot().backends["grey"].spec_replicas = 2;
  api::Decision decision;
  for (const char* name : {"green", "grey"}) decision.backends[name].replicas = 5;
  decision.backends["red"].replicas = 2;
  decision.backends["blue"].replicas.reset();
  EXPECT_THAT(targets(plan(builder.build(), decision)), IsEmpty());
}

TEST(PlanOrder, OnlyWhoIsDecidedAndHasAServiceIsWrittenIntoARoute) {
  SnapshotBuilder builder;
  builder.backend("blue", {}).backend("red", {}).backend("green", {});
  builder.spec().backends[1].service.reset();
  builder.spec().routes = {{.name = "main", .kind = "HTTPRoute", .object_name = "shop"}};
  builder.snapshot().routes = {
      {.kind = "HTTPRoute", .key = {.ns = "store", .name = "shop"}, .json = http_route(1, 1)}};
  api::Decision decision;
  for (const char* name : {"blue", "red", "green"}) decision.backends[name].weight = 50;
  const auto result = plan(builder.build(), decision);
  EXPECT_THAT(result.routes[0].status.encoded_weights,
              ElementsAre(testing::Key("blue"), testing::Key("green")));
}

TEST(PlanOrder, AShareRisesOnlyToWhatIsReadyAndItsSenderKeepsWhatItsShareTakes) {
  SnapshotBuilder builder;
  builder.backend("blue", {.weight = 10, .spec = 9, .share = 50})
      .backend("green", {.weight = 90, .spec = 1, .share = 50});
  builder.metric("rps", 500).windows(0, 0);
  const auto result = plan(builder.build(), decide(builder.build()));
  EXPECT_THAT(targets(result),
              ElementsAre(R"(Deployment/shop-green/scale {"spec":{"replicas":9}})",
                          R"(Deployment/shop-blue/scale {"spec":{"replicas":4}})"))
      << "half of 500 takes four replicas of 70 each";
}

TEST(PlanOrder, FailingOverIsOneRoutePatchAndOneGrowth) {
  auto builder = blue_is_down();
  const auto result = plan(builder.build(), decide(builder.build()));
  EXPECT_THAT(targets(result),
              ElementsAre("HTTPRoute/shop", R"(Deployment/shop-green/scale {"spec":{"replicas":3}})"));
  EXPECT_THAT(result.actions[0].patch, HasSubstr("/backendRefs/1/weight"));
  ASSERT_EQ(result.routes.size(), 1U);
  EXPECT_EQ(result.routes[0].action, 0U);
  EXPECT_FALSE(result.routes[0].programmed);
}

TEST(PlanNothing, WhereTheWorldIsAsDecided) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3, .share = 100}).backend("green", {.tier = 1, .spec = 1, .share = 0});
  builder.metric("rps", 150);
  builder.spec().routes = {{.name = "main", .kind = "HTTPRoute", .object_name = "shop"}};
  builder.snapshot().routes = {
      {.kind = "HTTPRoute", .key = {.ns = "store", .name = "shop"}, .json = http_route(1000, 0)}};
  const auto result = plan(builder.build(), decide(builder.build()));
  EXPECT_THAT(targets(result), IsEmpty());
  EXPECT_TRUE(result.routes[0].programmed);
}

TEST(PlanNothing, InObserveAndPaused) {
  for (const auto mode : {api::Mode::Observe, api::Mode::Paused}) {
    auto builder = blue_is_down();
    builder.spec().mode = mode;
    EXPECT_THAT(plan(builder.build(), decide(builder.build())).actions, IsEmpty());
  }
}

TEST(PlanClaims, WhatAnotherObjectHasIsLeftAlone) {
  auto builder = blue_is_down();
  const Claims claims{{{.field = "spec.backends[1].workloadRef",
                        .object = "Deployment shop-green",
                        .holder = {"store", "old"}},
                       {.field = "spec.routes[0]", .object = "HTTPRoute shop", .holder = {"store", "old"}}}};
  const auto result = plan(builder.build(), decide(builder.build()), claims);
  EXPECT_THAT(result.actions, IsEmpty());
  EXPECT_EQ(result.routes[0].problem, "Conflicted");
}

struct RouteRow {
  std::string name;
  api::Route route;
  std::string json;
  std::string problem;
  std::string says;
};
void PrintTo(const RouteRow& row, std::ostream* os) {
  *os << row.name;
}
class PlanRoute : public testing::TestWithParam<RouteRow> {};

TEST_P(PlanRoute, ProblemNamesFieldAndRemedy) {
  auto builder = blue_is_down();
  builder.spec().routes = {GetParam().route};
  builder.snapshot().routes = {
      {.kind = "HTTPRoute", .key = {.ns = "store", .name = "shop"}, .json = GetParam().json}};
  const auto result = plan(builder.build(), decide(builder.build()));
  EXPECT_EQ(result.routes[0].problem, GetParam().problem);
  EXPECT_THAT(result.routes[0].status.reason, HasSubstr(GetParam().says));
  EXPECT_THAT(targets(result), testing::Not(testing::Contains("HTTPRoute/shop")));
  EXPECT_EQ(result.actions.size(), 1U) << "sizes do not wait for routes";
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    PlanRoute,
    testing::Values(RouteRow{"NotThere",
                             {.name = "main", .kind = "HTTPRoute", .object_name = "other"},
                             http_route(1, 0),
                             "RouteNotFound",
                             "spec.routes[0].objectName: HTTPRoute store/other"},
                    RouteRow{"OfAKindThatNobodyWrites",
                             {.name = "main", .kind = "Gopher", .object_name = "shop"},
                             http_route(1, 0),
                             "UnknownProvider",
                             "spec.routes[0].kind"},
                    RouteRow{"WithoutOurServices",
                             {.name = "main", .kind = "HTTPRoute", .object_name = "shop"},
                             R"({"metadata":{"name":"shop"},"spec":{"rules":[]}})",
                             "RouteNotManaged",
                             "serviceRef"}),
    [](const auto& row) { return row.param.name; });

api::LoadBalancedService claimant(const std::string& name,
                                  std::optional<std::int64_t> created,
                                  const std::string& rule = "") {
  api::LoadBalancedService service;
  service.key = {.ns = "store", .name = name};
  if (created) service.creation_time = at(*created);
  service.spec.backends = {{.name = "blue", .workload = api::WorkloadRef{.name = "shop-blue"}}};
  service.spec.routes = {{.name = "main", .kind = "HTTPRoute", .object_name = "shop", .rule_name = rule}};
  return service;
}

TEST(ResolveClaims, TheOlderOneHasThem) {
  const auto old = claimant("zebra", 0);
  const auto young = claimant("ant", 10);
  const std::vector<const api::LoadBalancedService*> all = {&young, &old};
  EXPECT_THAT(resolve_claims(old, all).lost, IsEmpty());
  const auto lost = resolve_claims(young, all).lost;
  ASSERT_EQ(lost.size(), 2U);
  EXPECT_EQ(lost[0].field, "spec.backends[0].workloadRef");
  EXPECT_EQ(lost[0].object, "Deployment shop-blue");
  EXPECT_EQ(lost[0].holder.name, "zebra");
  EXPECT_EQ(lost[1].field, "spec.routes[0]");
}

TEST(ResolveClaims, OfEqualAgeTheNameDecides) {
  const auto a = claimant("ant", 0);
  const auto z = claimant("zebra", 0);
  const std::vector<const api::LoadBalancedService*> all = {&a, &z};
  EXPECT_THAT(resolve_claims(a, all).lost, IsEmpty());
  EXPECT_EQ(resolve_claims(z, all).lost.size(), 2U);
}

TEST(ResolveClaims, OtherNamespacesAndOtherRulesDoNotClash) {
  auto elsewhere = claimant("ant", 0);
  elsewhere.key.ns = "other";
  const auto mine = claimant("zebra", 10, "checkout");
  auto other_rule = claimant("bee", 0, "catalogue");
  other_rule.spec.backends[0].workload->name = "another";
  EXPECT_THAT(
      resolve_claims(mine, std::vector<const api::LoadBalancedService*>{&elsewhere, &other_rule}).lost,
      IsEmpty());
  other_rule.spec.routes[0].rule_name.clear();
  EXPECT_EQ(resolve_claims(mine, std::vector<const api::LoadBalancedService*>{&other_rule}).lost.size(), 1U);
  other_rule.spec.routes[0].rule_name = "catalogue";
  const auto all_rules = claimant("zebra", 10);
  EXPECT_EQ(resolve_claims(all_rules, std::vector<const api::LoadBalancedService*>{&other_rule}).lost.size(),
            1U);
}

}  // namespace
}  // namespace evenkeel::plan
