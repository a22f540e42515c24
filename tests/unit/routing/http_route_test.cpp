#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "evenkeel/routing/provider.hpp"

namespace evenkeel::routing {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

json ref(const std::string& service, int weight = -1, int port = 80) {
  json node{{"name", service}, {"port", port}};
  if (weight >= 0) node["weight"] = weight;
  return node;
}

using Nodes = std::vector<json>;

json rule(const Nodes& refs, const std::string& name = "") {
  auto node = json::parse(R"({"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]})");
  node["backendRefs"] = refs;
  if (!name.empty()) node["name"] = name;
  return node;
}

json http_route(const Nodes& rules) {
  auto document = json::parse(R"({
    "apiVersion": "gateway.networking.k8s.io/v1",
    "kind": "HTTPRoute",
    "metadata": {"name": "shop", "namespace": "store", "resourceVersion": "7"},
    "spec": {"parentRefs": [{"name": "gateway"}]}})");
  document["spec"]["rules"] = rules;
  return document;
}

api::RouteObject object(const json& document) {
  return {.kind = "HTTPRoute", .key = {"store", "shop"}, .json = document.dump()};
}

std::vector<BackendShare> blue_and_green(double blue, double green) {
  return {{.name = "blue", .service = {.name = "shop-blue", .port = "80"}, .share = blue},
          {.name = "green", .service = {.name = "shop-green", .port = "80"}, .share = green}};
}

const api::Route kRoute{.name = "pages", .kind = "HTTPRoute", .object_name = "shop"};

const Provider& provider() {
  return *find_provider(kRoute);
}

/// The object after the patch, as the API server would store it.
json patched(const json& document, const RoutePlan& plan) {
  return plan.action ? document.patch(json::parse(plan.action->patch)) : document;
}

/// Weights of a rule as they stand, -1 where there is none.
std::vector<int> weights(const json& document, std::size_t index = 0) {
  std::vector<int> result;
  for (const auto& node : document["spec"]["rules"][index]["backendRefs"])
    result.push_back(node.value("weight", -1));
  return result;
}

TEST(FindProvider, KnowsHttpRoutesByKindAndByName) {
  EXPECT_EQ(provider().capabilities().provider, "gateway-api");
  EXPECT_NE(find_provider({.kind = "HTTPRoute", .provider = "gateway-api"}), nullptr);
  EXPECT_EQ(find_provider({.kind = "HTTPRoute", .provider = "traefik"}), nullptr);
  EXPECT_EQ(find_provider({.kind = "Ingress"}), nullptr);
  EXPECT_THAT(known_providers(), SizeIs(1));
}

struct Row {
  std::string name;
  std::vector<int> live;  ///< blue, green; -1: no weight.
  double blue;
  double green;
  std::vector<int> after;
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}
class RuleWithBothBackends : public testing::TestWithParam<Row> {};

TEST_P(RuleWithBothBackends, GetsTheShares) {
  const auto& row = GetParam();
  const auto before = http_route({rule({ref("shop-blue", row.live[0]), ref("shop-green", row.live[1])})});
  const auto plan = provider().plan(kRoute, object(before), blue_and_green(row.blue, row.green));
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  EXPECT_EQ(weights(patched(before, *plan)), row.after);
  EXPECT_EQ(plan->action.has_value(), row.live != row.after);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    RuleWithBothBackends,
    testing::Values(Row{"AllToTheFirst", {-1, -1}, 100, 0, {1000, 0}},
                    Row{"AllToTheSecond", {1000, 0}, 0, 100, {0, 1000}},
                    Row{"Split", {1000, 0}, 80, 20, {800, 200}},
                    Row{"EqualSplitOfAbsentWeightsStays", {-1, -1}, 50, 50, {-1, -1}},
                    Row{"SameSplitInOtherUnitsStays", {4, 1}, 80, 20, {4, 1}},
                    Row{"SameSplitOverAThousandStays", {8000, 2000}, 80, 20, {8000, 2000}},
                    Row{"OnlyOneTakingTrafficStays", {1, 0}, 100, 0, {1, 0}},
                    Row{"TinyShareIsNotLost", {1, 0}, 99.99, 0.01, {999, 1}},
                    Row{"LessThanOneUnitOffStays", {800, 200}, 80.05, 19.95, {800, 200}},
                    Row{"AShareThatEndsIsWrittenHoweverSmall", {999, 1}, 100, 0, {1000, 0}},
                    Row{"AllZeroIsMended", {0, 0}, 100, 0, {1000, 0}},
                    Row{"SharesNeedNotAddUp", {1, 0}, 3, 1, {750, 250}},
                    Row{"AllZeroOfNobodyFitStays", {0, 0}, 0, 0, {0, 0}},
                    Row{"NobodyFitStays", {300, 700}, 0, 0, {300, 700}}),
    [](const auto& row) { return row.param.name; });

TEST(RuleOneUnitOff, IsWritten) {
  auto backends = blue_and_green(1e-28, 50);
  backends.push_back({.name = "red", .service = {.name = "shop-red"}, .share = 50});
  const auto with_live = [&](int blue, int green, int red) {
    const auto before =
        http_route({rule({ref("shop-blue", blue), ref("shop-green", green), ref("shop-red", red)})});
    const auto plan = provider().plan(kRoute, object(before), backends);
    EXPECT_TRUE(plan.ok());
    return weights(patched(before, *plan));
  };
  EXPECT_EQ(with_live(2, 999, 999), (std::vector<int>{1, 500, 499})) << "blue has a thousandth too much";
  EXPECT_EQ(with_live(1, 999, 1000), (std::vector<int>{1, 999, 1000})) << "half of that does not matter";
}

TEST(RouteWithoutAFitBackend, IsLeftAloneAndSaysSo) {
  const auto before =
      http_route({rule({ref("shop-blue", 7)}), rule({ref("shop-blue", 1), ref("shop-green", 0)})});
  const auto plan = provider().plan(kRoute, object(before), blue_and_green(0, 100));
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(plan->left_alone, ElementsAre(HasSubstr("spec.rules[0]")));
  EXPECT_EQ(weights(patched(before, *plan), 0), std::vector<int>{7});
  EXPECT_EQ(weights(patched(before, *plan), 1), (std::vector<int>{0, 1000}));
}

TEST(RuleThatNamesSomeBackends, GetsTheirSharesRenormalised) {
  auto backends = blue_and_green(50, 30);
  backends.push_back({.name = "red", .service = {.name = "shop-red"}, .share = 20});
  const auto before = http_route({rule({ref("shop-red"), ref("shop-green")})});
  const auto plan = provider().plan(kRoute, object(before), backends);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(weights(patched(before, *plan)), (std::vector<int>{400, 600}));
  EXPECT_THAT(plan->encoded_weights, UnorderedElementsAre(Pair("red", 400), Pair("green", 600)));
  EXPECT_THAT(plan->live_weights, UnorderedElementsAre(Pair("red", 1), Pair("green", 1)));
}

TEST(NamedRule, IsTheOnlyOneThatIsTouched) {
  auto route = kRoute;
  route.rule_name = "basket";
  const Nodes both{ref("shop-blue", 1), ref("shop-green", 0)};
  const auto before = http_route({rule(both, "catalogue"), rule(both, "basket"), rule(both)});
  const auto plan = provider().plan(route, object(before), blue_and_green(0, 100));
  ASSERT_TRUE(plan.ok());
  const auto after = patched(before, *plan);
  EXPECT_EQ(weights(after, 0), (std::vector<int>{1, 0}));
  EXPECT_EQ(weights(after, 1), (std::vector<int>{0, 1000}));
  EXPECT_EQ(weights(after, 2), (std::vector<int>{1, 0}));
}

struct ForeignRow {
  std::string name;
  json foreign;
};
void PrintTo(const ForeignRow& row, std::ostream* os) {
  *os << row.name;
}
class ForeignRef : public testing::TestWithParam<ForeignRow> {};

TEST_P(ForeignRef, KeepsItsWeightAndItsPartOfTheTraffic) {
  auto foreign = GetParam().foreign;
  foreign["weight"] = 500;
  const auto before = http_route({rule({ref("shop-blue", 400), foreign, ref("shop-green", 100)})});
  const auto plan = provider().plan(kRoute, object(before), blue_and_green(20, 80));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(weights(patched(before, *plan)), (std::vector<int>{100, 500, 400}));
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    ForeignRef,
    testing::Values(
        ForeignRow{"OtherService", ref("blog")},
        ForeignRow{"OtherPort", ref("shop-blue", -1, 8080)},
        ForeignRow{"OtherNamespace", {{"name", "shop-blue"}, {"namespace", "else"}, {"port", 80}}},
        ForeignRow{"OtherKind", {{"name", "shop-blue"}, {"kind", "Bucket"}, {"port", 80}}},
        ForeignRow{"OtherGroup", {{"name", "shop-blue"}, {"group", "example.com"}, {"port", 80}}}),
    [](const auto& row) { return row.param.name; });

TEST(RuleWithForeignRefs, SaysWhenItsWeightsAreTooCoarse) {
  const auto before = http_route({rule({ref("shop-blue"), ref("shop-green"), ref("blog")})});
  const auto plan = provider().plan(kRoute, object(before), blue_and_green(80, 20));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(weights(patched(before, *plan)), (std::vector<int>{-1, -1, -1}));
  EXPECT_THAT(plan->approximated, ElementsAre(HasSubstr("scale all weights of the rule up")));
}

TEST(RuleWithForeignRefs, MayMissAShareByAPoint) {
  auto backends = blue_and_green(1, 48.5);
  backends.push_back({.name = "red", .service = {.name = "shop-red"}, .share = 50.5});
  const auto before =
      http_route({rule({ref("shop-blue", 10), ref("shop-green", 20), ref("shop-red", 20), ref("blog", 1)})});
  const auto plan = provider().plan(kRoute, object(before), backends);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(weights(patched(before, *plan)), (std::vector<int>{1, 24, 25, 1})) << "2 of 100 instead of 1";
  EXPECT_THAT(plan->approximated, IsEmpty());
}

TEST(RuleWithForeignRefs, IsLeftAloneWhereOursAreSwitchedOff) {
  const auto before = http_route({rule({ref("shop-blue", 0), ref("shop-green", 0), ref("blog", 1)})});
  const auto plan = provider().plan(kRoute, object(before), blue_and_green(100, 0));
  ASSERT_TRUE(plan.ok());
  EXPECT_FALSE(plan->action.has_value());
  EXPECT_THAT(plan->left_alone, ElementsAre(HasSubstr("weight 0 beside others")));
}

TEST(ServiceRefWithANamedPort, MatchesTheServiceAtAnyPort) {
  auto backends = blue_and_green(0, 100);
  backends[0].service.port = "http";
  backends[1].service.port = "";
  const auto before = http_route({rule({ref("shop-blue", 1, 8080), ref("shop-green", 0, 9090)})});
  const auto plan = provider().plan(kRoute, object(before), backends);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(weights(patched(before, *plan)), (std::vector<int>{0, 1000}));
}

TEST(ServiceRefWithAPort, MatchesAnyThatItCannotTellApart) {
  auto backends = blue_and_green(0, 100);
  backends[0].service.port = "h2c";
  auto without_port = ref("shop-green", 0);
  without_port.erase("port");
  const auto before = http_route({rule({ref("shop-blue", 1, 8080), without_port})});
  const auto plan = provider().plan(kRoute, object(before), backends);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(weights(patched(before, *plan)), (std::vector<int>{0, 1000}));
}

TEST(ServiceRefWithANumber, MatchesThatPortOnly) {
  auto backends = blue_and_green(0, 100);
  backends[0].service.port = "1029";
  const auto before =
      http_route({rule({ref("shop-blue", 1, 1029), ref("shop-blue", 1, 1028), ref("shop-green", 1)})});
  const auto plan = provider().plan(kRoute, object(before), backends);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(weights(patched(before, *plan)), (std::vector<int>{0, 1, 2})) << "the other port is not ours";
}

struct BadRow {
  std::string name;
  std::string document;
  std::string rule_name;
  std::string message;
};
void PrintTo(const BadRow& row, std::ostream* os) {
  *os << row.name;
}
class UnmanageableRoute : public testing::TestWithParam<BadRow> {};

TEST_P(UnmanageableRoute, IsRefusedWithTheRemedy) {
  auto route = kRoute;
  route.rule_name = GetParam().rule_name;
  const api::RouteObject live{.kind = "HTTPRoute", .key = {"store", "shop"}, .json = GetParam().document};
  const auto plan = provider().plan(route, live, blue_and_green(50, 50));
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(plan.error().message, HasSubstr("spec.routes[name=\"pages\"]"));
  EXPECT_THAT(plan.error().message, HasSubstr("HTTPRoute store/shop"));
  EXPECT_THAT(plan.error().message, HasSubstr(GetParam().message));
  EXPECT_THAT(provider().live_shares(route, live, blue_and_green(50, 50)), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    UnmanageableRoute,
    testing::Values(
        BadRow{"NoRules", http_route({}).dump(), "", "add them to the backendRefs"},
        BadRow{"OnlyForeignRefs", http_route({rule({ref("blog")})}).dump(), "", "(shop-blue, shop-green)"},
        BadRow{"NoSuchRule", http_route({rule({ref("shop-blue")}, "a")}).dump(), "b", "has no rule named b"},
        BadRow{"SameBackendTwice",
               http_route({rule({ref("shop-blue"), ref("shop-blue")})}).dump(),
               "",
               "refers to Service shop-blue twice in spec.rules[0]"},
        BadRow{"RulesAreNoList", R"({"spec":{"rules":"all"}})", "", "add them to the backendRefs"},
        BadRow{"RefsAreNoList",
               R"({"spec":{"rules":[{"backendRefs":{}},7,null]}})",
               "",
               "add them to the backendRefs"},
        BadRow{"NotJson", "{", "", "add them to the backendRefs"}),
    [](const auto& row) { return row.param.name; });

TEST(Patch, TestsWhatItReliesOnBeforeItWrites) {
  const auto before = http_route({rule({ref("shop-blue", 1), ref("shop-green")})});
  const auto plan = provider().plan(kRoute, object(before), blue_and_green(0, 100));
  ASSERT_TRUE(plan.ok() && plan->action);
  EXPECT_EQ(json::parse(plan->action->patch), json::parse(R"([
    {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
    {"op": "test", "path": "/spec/rules/0/backendRefs/0/name", "value": "shop-blue"},
    {"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 0},
    {"op": "test", "path": "/spec/rules/0/backendRefs/1/name", "value": "shop-green"},
    {"op": "add", "path": "/spec/rules/0/backendRefs/1/weight", "value": 1000}])"));
  EXPECT_EQ(plan->action->patch_type, api::PatchType::Json);
  EXPECT_EQ(plan->action->key, (ObjectKey{"store", "shop"}));
  EXPECT_THAT(plan->action->reason, HasSubstr("blue 1 -> 0, green 1 -> 1000"));
}

TEST(Patch, FailsOnAnObjectThatHasChanged) {
  const auto before = http_route({rule({ref("shop-blue", 1), ref("shop-green", 0)})});
  const auto plan = provider().plan(kRoute, object(before), blue_and_green(0, 100));
  ASSERT_TRUE(plan.ok());
  const auto reordered = http_route({rule({ref("shop-green", 0), ref("shop-blue", 1)})});
  EXPECT_THROW((void)patched(reordered, *plan), json::exception);
}

TEST(LiveShares, AreTheMeanOfTheFullestRules) {
  const auto live = http_route({rule({ref("shop-blue", 3), ref("shop-green", 1)}),
                                rule({ref("shop-blue", 1), ref("shop-green", 1)}),
                                rule({ref("shop-blue", 9)}),
                                rule({ref("shop-blue", 0), ref("shop-green", 0)})});
  EXPECT_THAT(provider().live_shares(kRoute, object(live), blue_and_green(0, 0)),
              UnorderedElementsAre(Pair("blue", 62.5), Pair("green", 37.5)));
}

TEST(LiveShares, CountNoRuleOfNothingButZeros) {
  const auto live =
      http_route({rule({ref("shop-blue", 0), ref("shop-green", 0)}), rule({ref("shop-blue", 9)})});
  EXPECT_THAT(provider().live_shares(kRoute, object(live), blue_and_green(0, 0)),
              UnorderedElementsAre(Pair("blue", 100)));
}

TEST(LiveShares, AreUnknownWhereAllWeightsAreZero) {
  const auto live = http_route({rule({ref("shop-blue", 0), ref("shop-green", 0)})});
  EXPECT_THAT(provider().live_shares(kRoute, object(live), blue_and_green(0, 0)), IsEmpty());
}

/// Takes the weights of our backends out, so that the rest can be compared.
json without_our_weights(json document) {
  for (auto& node : document["spec"]["rules"]) {
    for (auto& one : node["backendRefs"]) {
      if (one["name"] == "shop-blue" || one["name"] == "shop-green") one.erase("weight");
    }
  }
  return document;
}

TEST(AnyRoute, KeepsEverythingButTheWeightsOfOurRefsAndIsThenAsWanted) {
  std::mt19937 random{4};  // NOLINT(bugprone-random-generator-seed): the same cases every time.
  const auto below = [&](unsigned limit) { return static_cast<int>(random() % limit); };
  for (int round = 0; round < 500; ++round) {
    Nodes rules;
    for (int i = below(5); i >= 0; --i) {
      Nodes refs;
      if (below(4) > 0) refs.push_back(ref("shop-blue", below(3) * below(900) - 1));
      if (below(3) == 0) refs.push_back(ref("blog", below(100)));
      if (below(4) > 0) refs.push_back(ref("shop-green", below(3) * below(900) - 1));
      rules.push_back(rule(refs, below(2) == 0 ? "named" : ""));
    }
    const auto before = http_route(rules);
    const double blue = below(2) * below(101);
    const auto shares = blue_and_green(blue, 100 - blue);
    const auto plan = provider().plan(kRoute, object(before), shares);
    if (!plan.ok()) continue;
    const auto after = patched(before, *plan);
    ASSERT_EQ(without_our_weights(after).dump(), without_our_weights(before).dump());
    const auto again = provider().plan(kRoute, object(after), shares);
    ASSERT_TRUE(again.ok());
    EXPECT_FALSE(again->action.has_value()) << again->action->reason;
    EXPECT_EQ(again->encoded_weights, plan->encoded_weights);
  }
}

}  // namespace
}  // namespace evenkeel::routing
