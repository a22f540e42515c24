#include "evenkeel/api/status.hpp"

#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "evenkeel/base/time_format.hpp"

#include "schema.hpp"

namespace evenkeel::api {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::SizeIs;

WallTime at(const char* text) {
  return parse_rfc3339(text).value();
}

Status full_status() {
  Status status;
  status.conditions = {{.condition = {"Ready", ConditionStatus::True, "Serving", "all is well"},
                        .observed_generation = 3,
                        .last_transition_time = at("2026-01-01T00:00:00Z")}};
  status.observed_generation = 3;
  status.replicas = 4;
  status.desired_replicas = 5;
  status.selector = "app=shop";
  status.active_tier = 0;
  status.weights = "blue=80,green=20";
  status.backends = {{.name = "blue",
                      .state = BackendState::Ejected,
                      .tier = 1,
                      .share_permille = 800,
                      .target_share_permille = 900,
                      .observed_share_permille = 795,
                      .replicas = 3,
                      .ready_replicas = 2,
                      .desired_replicas = 4,
                      .ejected_until = at("2026-01-01T00:05:00Z"),
                      .ejections = 2,
                      .reason = "r"}};
  status.routes = {{.name = "pages",
                    .kind = "HTTPRoute",
                    .object_name = "shop",
                    .provider = "gateway-api",
                    .encoded_weights = {{"blue", 800}},
                    .original_weights = {{"blue", 1}},
                    .programmed_time = at("2026-01-01T00:00:01Z"),
                    .reason = "Programmed"}};
  status.signals = {
      {.name = "rps", .quality = Quality::Partial, .value = 1.5, .sample_time = at("2026-01-01T00:00:02Z")}};
  status.unsupported = {{.field = "f", .provider = "p", .action = "Approximated", .detail = "d"}};
  status.last_decision = {.time = at("2026-01-01T00:00:03Z"),
                          .summary = "s",
                          .steps = {{.backend = "blue",
                                     .step = {.step = "Metric",
                                              .metric = "rps",
                                              .value = 120.0,
                                              .quality = Quality::Fresh,
                                              .replicas = 5,
                                              .weight = 33.3,
                                              .detail = "why"}}}};
  status.last_scale_time = at("2026-01-01T00:00:04Z");
  status.memory = R"({"v":1})";
  return status;
}

json object_with(const json& status) {
  auto object = json::parse(R"({
    "apiVersion": "evenkeel.dev/v1alpha1", "kind": "LoadBalancedService",
    "metadata": {"namespace": "store", "name": "shop", "uid": "u", "resourceVersion": "9", "generation": 3,
                 "creationTimestamp": "2025-12-01T00:00:00Z"},
    "spec": {"backends": [{"name": "blue", "serviceRef": {"name": "shop-blue"}}]}})");
  object["status"] = status;
  return object;
}

json printed(const Status& status) {
  return json::parse(print_status_patch(status)).at("status");
}

TEST(PrintStatusPatch, IsReadBackAsItWas) {
  const auto patch = printed(full_status());
  const auto observed = parse_observed_service(object_with(patch).dump());
  ASSERT_TRUE(observed.ok()) << observed.error().message;
  EXPECT_EQ(printed(observed->status), patch);
  EXPECT_EQ(observed->status.conditions.at(0).condition, full_status().conditions.at(0).condition);
  EXPECT_EQ(observed->status.backends.at(0).state, BackendState::Ejected);
  EXPECT_EQ(observed->status.backends.at(0).observed_share_permille, 795);
  EXPECT_EQ(observed->status.backends.at(0).ejected_until, at("2026-01-01T00:05:00Z"));
  EXPECT_EQ(observed->status.backends.at(0).ejections, 2);
  EXPECT_EQ(observed->status.last_decision.steps.at(0).step.weight, 33.3);
  EXPECT_EQ(observed->status.last_decision.steps.at(0).backend, "blue");
  EXPECT_EQ(observed->status.signals.at(0).value, 1.5);
  EXPECT_EQ(observed->status.last_decision.steps.at(0).step.detail, "why");
  EXPECT_EQ(observed->status.memory, R"({"v":1})");
}

TEST(PrintStatusPatch, ErasesEverythingThatIsEmpty) {
  auto before = object_with(printed(full_status()));
  before.merge_patch(json::parse(print_status_patch(Status{})));
  EXPECT_EQ(before["status"],
            json::parse(R"({"observedGeneration": 0, "replicas": 0, "desiredReplicas": 0})"));
}

TEST(PrintStatusPatch, UsesQuantitiesAndSeconds) {
  const auto patch = printed(full_status());
  EXPECT_EQ(patch["signals"][0]["value"], "1500m");
  EXPECT_EQ(patch["lastDecision"]["steps"][0]["value"], "120");
  EXPECT_EQ(patch["lastScaleTime"], "2026-01-01T00:00:04Z");
}

TEST(PrintStatusPatch, SaysNothingOfWhatThereIsNot) {
  auto status = full_status();
  status.backends[0].ejections = 0;
  auto& steps = status.last_decision.steps;
  const auto add = [&](Step step) { steps.push_back({.backend = {}, .step = std::move(step)}); };
  add({.step = "Hold"});
  add({.step = "Target", .weight = std::numeric_limits<double>::quiet_NaN()});
  add({.step = "Share", .weight = 33.34});
  add({.step = "Share", .weight = 33.36});
  const auto patch = printed(status);
  EXPECT_FALSE(patch["backends"][0].contains("ejections"));
  const auto& written = patch["lastDecision"]["steps"];
  EXPECT_EQ(written[1], (json{{"step", "Hold"}}));
  EXPECT_EQ(written[2], (json{{"step", "Target"}}));
  EXPECT_EQ(written[3]["sharePermille"], 333) << "shares are rounded to the nearest";
  EXPECT_EQ(written[4]["sharePermille"], 334);
}

TEST(PrintStatusPatch, KeepsALastDecisionThatSaysAnything) {
  const auto full = full_status().last_decision;
  EXPECT_TRUE(printed(Status{})["lastDecision"].is_null());
  for (const auto& part :
       {LastDecision{.time = full.time}, {.summary = full.summary}, {.steps = full.steps}}) {
    Status status;
    status.last_decision = part;
    const auto written = printed(status)["lastDecision"];
    ASSERT_TRUE(written.is_object());
    EXPECT_EQ(written["time"].is_null(), !part.time.has_value());
    EXPECT_EQ(written["summary"].is_null(), part.summary.empty());
    EXPECT_EQ(written["steps"].is_null(), part.steps.empty());
  }
}

TEST(PrintStatusPatch, CutsATextWithoutAnyBeginningOfACharacterToNothing) {
  auto status = full_status();
  status.backends[0].reason = std::string(40'000, '\x80');
  EXPECT_EQ(printed(status)["backends"][0]["reason"], "");
}

TEST(PrintStatusPatch, StaysWithinTheSizesOfTheCrd) {
  auto status = full_status();
  status.conditions[0].condition.message = std::string(40'000, 'x');
  std::string umlauts;
  for (int i = 0; i < 40'000; ++i) umlauts += "ü";
  status.backends[0].reason = "x" + umlauts;
  status.backends[0].share_permille = 1001;
  for (int i = 0; i < 100; ++i) status.unsupported.push_back({.field = "f"});
  const auto patch = printed(status);
  EXPECT_EQ(patch["conditions"][0]["message"].get<std::string>().size(), 32'768U);
  const auto* const backends = built_in_crd().root.property("status")->property("backends");
  const auto limit = backends->items->property("reason")->max_length.value();
  ASSERT_EQ(limit % 2, 0U);
  EXPECT_EQ(patch["backends"][0]["reason"].get<std::string>().size(), limit - 1)
      << "no character is cut in two";
  EXPECT_EQ(patch["backends"][0]["sharePermille"], 1000);
  EXPECT_THAT(patch["unsupported"], SizeIs(32));
}

TEST(ParseObservedService, ReadsWhatAWatchDelivers) {
  auto object = object_with(nullptr);
  const auto observed = parse_observed_service(object.dump());
  ASSERT_TRUE(observed.ok()) << observed.error().message;
  EXPECT_EQ(observed->service.key, (ObjectKey{"store", "shop"}));
  EXPECT_EQ(observed->resource_version, "9");
  EXPECT_FALSE(observed->deleting);
  EXPECT_EQ(observed->service.spec.backends.at(0).weight, 100);
  object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  EXPECT_TRUE(parse_observed_service(object.dump())->deleting);
}

TEST(ParseObservedService, TakesAStatusThatCannotBeReadForNone) {
  auto object = object_with(printed(full_status()));
  object["status"]["replicas"] = "many";
  const auto observed = parse_observed_service(object.dump());
  ASSERT_TRUE(observed.ok());
  EXPECT_EQ(observed->status.memory, "");
  EXPECT_THAT(observed->status.conditions, SizeIs(0));
}

TEST(ParseObservedService, IgnoresFieldsOfANewerCrdButNotABadSpec) {
  auto object = object_with(nullptr);
  object["spec"]["later"] = {{"panicPercent", 50}};
  EXPECT_TRUE(parse_observed_service(object.dump()).ok());
  object["spec"]["backends"][0]["weight"] = -1;
  const auto observed = parse_observed_service(object.dump());
  ASSERT_FALSE(observed.ok());
  EXPECT_THAT(observed.error().message, HasSubstr("spec.backends[0].weight: Invalid value: -1"));
}

}  // namespace
}  // namespace evenkeel::api
