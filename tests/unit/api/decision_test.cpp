#include "evenkeel/api/decision.hpp"

#include <cmath>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "evenkeel/base/time_format.hpp"

namespace evenkeel::api {
namespace {

using nlohmann::json;

TEST(PrintDecision, HasTheDocumentedForm) {
  Decision decision;
  decision.key = {"store", "shop"};
  decision.time = parse_rfc3339("2026-01-01T00:00:00Z").value();
  decision.total = {
      .replicas = 5,
      .steps = {{.step = "Metric", .metric = "rps", .value = 120.0, .quality = Quality::Fresh, .replicas = 5},
                {.step = "Bounds", .replicas = 5, .weight = 12.5, .detail = "within"}}};
  decision.backends["blue"] = {
      .replicas = 4, .weight = 80, .target_weight = 79.5, .state = BackendState::Active, .reason = "r"};
  decision.active_tier = 0;
  decision.conditions = {{"ScalingLimited", ConditionStatus::False, "DesiredWithinRange", "m"}};
  decision.events = {{Event::Type::Warning, "ScaledUp", "m"}};
  decision.warnings = {"w"};
  decision.memory = R"({"v":1})";
  EXPECT_EQ(
      print_decision(decision),
      R"({"namespace":"store","name":"shop","time":"2026-01-01T00:00:00Z","total":{"replicas":5,"steps":[)"
      R"({"step":"Metric","metric":"rps","value":120.0,"quality":"Fresh","replicas":5},)"
      R"({"step":"Bounds","replicas":5,"weight":12.5,"detail":"within"}]},"backends":{"blue":{"replicas":4,"weight":80.0,)"
      R"("targetWeight":79.5,"state":"Active","reason":"r","steps":[]}},"activeTier":0,"conditions":[)"
      R"({"type":"ScalingLimited","status":"False","reason":"DesiredWithinRange","message":"m"}],"events":[)"
      R"({"type":"Warning","reason":"ScaledUp","message":"m"}],"warnings":["w"],"memory":{"v":1}})");
}

TEST(PrintDecision, SaysUntilWhenABackendIsKeptOut) {
  Decision decision;
  decision.backends["blue"].ejected_until = parse_rfc3339("2026-01-01T00:05:00Z");
  decision.backends["blue"].ejections = 2;
  decision.backends["green"] = {};
  const auto backends = json::parse(print_decision(decision))["backends"];
  EXPECT_EQ(backends["blue"]["ejectedUntil"], "2026-01-01T00:05:00Z");
  EXPECT_EQ(backends["blue"]["ejections"], 2);
  EXPECT_FALSE(backends["green"].contains("ejectedUntil"));
  EXPECT_FALSE(backends["green"].contains("ejections"));
}

TEST(PrintDecision, WritesNullForWhatIsLeftAlone) {
  Decision decision;
  decision.backends["blue"] = {};
  const auto printed = json::parse(print_decision(decision));
  EXPECT_TRUE(printed["total"]["replicas"].is_null());
  EXPECT_TRUE(printed["backends"]["blue"]["replicas"].is_null());
  EXPECT_TRUE(printed["activeTier"].is_null());
  EXPECT_EQ(printed["memory"], json::object());
}

TEST(PrintDecision, EscapesText) {
  Decision decision;
  decision.warnings = {"a \"b\" \\ \n \x01 ü"};
  EXPECT_EQ(json::parse(print_decision(decision))["warnings"][0], decision.warnings[0]);
}

TEST(PrintDecision, WritesTheShortestNumberThatReadsBackTheSame) {
  for (const double weight : {0.1, 1.0 / 3.0, 100.0, 1e22, 5e-324, 33.333333333333336}) {
    Decision decision;
    decision.backends["blue"].weight = weight;
    EXPECT_EQ(json::parse(print_decision(decision))["backends"]["blue"]["weight"].get<double>(), weight);
  }
  Decision decision;
  decision.backends["blue"].weight = 0.1;
  EXPECT_NE(print_decision(decision).find("\"weight\":0.1,"), std::string::npos);
  decision.backends["blue"].weight = NAN;
  EXPECT_TRUE(json::parse(print_decision(decision))["backends"]["blue"]["weight"].is_null());
}

TEST(PrintDecision, AddsActionsOnlyWhereGiven) {
  const Decision decision;
  EXPECT_FALSE(json::parse(print_decision(decision)).contains("actions"));
  const std::vector<Action> none;
  EXPECT_EQ(json::parse(print_decision(decision, &none))["actions"], json::array());
  const std::vector<Action> actions{{.api_version = "apps/v1",
                                     .kind = "Deployment",
                                     .key = {"store", "shop-blue"},
                                     .subresource = "scale",
                                     .patch_type = PatchType::Merge,
                                     .patch = R"({"spec":{"replicas":4}})",
                                     .reason = "why"}};
  EXPECT_EQ(json::parse(print_decision(decision, &actions))["actions"][0], json::parse(R"({
    "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "store", "name": "shop-blue",
    "subresource": "scale", "patchType": "merge", "patch": {"spec": {"replicas": 4}}, "reason": "why"})"));
}

}  // namespace
}  // namespace evenkeel::api
