#include "evenkeel/api/snapshot.hpp"

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "evenkeel/base/time_format.hpp"

namespace evenkeel::api {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::StartsWith;

json smallest() {
  return json::parse(R"({
    "now": "2026-01-01T00:00:00Z",
    "service": {"metadata": {"namespace": "store", "name": "shop"},
                "spec": {"backends": [{"name": "blue", "serviceRef": {"name": "shop-blue"}}]}}})");
}

json full() {
  auto document = smallest();
  document["service"] = json::parse(R"json({
    "apiVersion": "evenkeel.dev/v1alpha1", "kind": "LoadBalancedService",
    "metadata": {"namespace": "store", "name": "shop", "uid": "u", "generation": 3,
                 "creationTimestamp": "2025-12-01T00:00:00Z", "annotations": {"evenkeel.dev/drain": "blue"}},
    "spec": {"mode": "Observe", "replicas": 3,
      "backends": [{"name": "blue", "tier": 1, "weight": 80, "minReplicas": 2, "maxReplicas": 9,
                    "workloadRef": {"name": "shop-blue"}, "serviceRef": {"name": "shop-blue", "port": "http"}}],
      "routes": [{"name": "pages", "kind": "HTTPRoute", "objectName": "shop", "ruleName": "r",
                  "provider": "gateway-api"}],
      "scaling": {"minReplicas": 2, "maxReplicas": 20,
        "metrics": [{"name": "rps", "query": "sum(x)", "match": {"a": "b"}, "timestampQuery": "max(t)",
                     "target": {"type": "Value", "value": "250m"}, "maxAgeSeconds": 30}],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 10, "selectPolicy": "Min", "tolerance": "50m",
                                   "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]}}}}})json");
  document["backends"] = json::parse(R"({"blue": {
    "specReplicas": 3, "statusReplicas": 4, "readyReplicas": 2, "updatedReplicas": 1, "rollout": true,
    "endpoints": {"ready": 2, "total": 5}, "weight": 80, "observedWeight": 79.5,
    "observedWeightTime": "2025-12-31T23:59:59.5Z",
    "pods": [{"name": "blue-0", "phase": "Running", "ready": true, "deleted": true, "revision": "6f9c",
              "startTime": "2025-12-31T23:00:00Z", "readyTransitionTime": "2025-12-31T23:00:10Z",
              "requests": {"cpu": "500m", "memory": "1Gi"},
              "containers": [{"name": "web", "requests": {"cpu": 0.5}}]},
             {"name": "blue-1", "ready": null}]}})");
  document["metrics"] = json::parse(R"({"rps": {"samples": [
    {"labels": {"backend": "blue"}, "value": 120.5, "time": "2025-12-31T23:59:50.123456789Z", "windowSeconds": 60,
     "weight": 7200, "contributors": 3}, {"value": "NaN"}, {"value": "+Inf"}, {"value": "-Inf"}], "error": null},
    "gone": {"samples": [], "error": "no answer"}})");
  document["restored"] = true;
  document["settings"] = json::parse(R"({"cpuInitializationSeconds": 1, "initialReadinessDelaySeconds": 2,
    "tolerance": 0.2, "downscaleStabilizationSeconds": 3, "frozen": true})");
  document["routes"] =
      json::parse(R"([{"kind": "HTTPRoute", "metadata": {"namespace": "store", "name": "shop"},
                                       "spec": {"rules": []}}])");
  document["memory"] = {{"a", {1, 2.5}}};
  return document;
}

Snapshot read(const json& document) {
  auto snapshot = parse_snapshot(document.dump());
  EXPECT_TRUE(snapshot.ok()) << snapshot.error().message;
  return *std::move(snapshot);
}

TEST(ParseSnapshot, TakesNeutralValuesForWhatIsAbsent) {
  const auto snapshot = read(smallest());
  EXPECT_THAT(snapshot.backends, IsEmpty());
  EXPECT_THAT(snapshot.metrics, IsEmpty());
  EXPECT_FALSE(snapshot.memory.has_value());
  EXPECT_FALSE(snapshot.restored);
  EXPECT_EQ(snapshot.settings.downscale_stabilization, 300s);
  EXPECT_EQ(snapshot.settings.tolerance.milli(), 100);
  const auto& blue = snapshot.service.spec.backends.at(0);
  EXPECT_EQ(blue.weight, 100);
  EXPECT_EQ(blue.tier, 0);
  EXPECT_FALSE(blue.workload.has_value());
  EXPECT_FALSE(snapshot.service.spec.scaling.has_value());

  auto sparse = smallest();
  sparse["backends"] = {{"blue", json::object()}};
  const auto observed = read(sparse).backends.at("blue");
  EXPECT_FALSE(observed.spec_replicas.has_value());
  EXPECT_FALSE(observed.endpoints.has_value());
  EXPECT_FALSE(observed.weight.has_value());
}

TEST(ParseSnapshot, ReadsEveryFieldOfTheService) {
  const auto service = read(full()).service;
  EXPECT_EQ(service.key, (ObjectKey{"store", "shop"}));
  EXPECT_EQ(service.uid, "u");
  EXPECT_EQ(service.generation, 3);
  EXPECT_EQ(service.creation_time, parse_rfc3339("2025-12-01T00:00:00Z"));
  EXPECT_THAT(service.annotations, ElementsAre(Pair("evenkeel.dev/drain", "blue")));
  EXPECT_EQ(service.spec.mode, Mode::Observe);
  EXPECT_EQ(service.spec.replicas, 3);
  const auto& blue = service.spec.backends.at(0);
  EXPECT_EQ(blue.tier, 1);
  EXPECT_EQ(blue.weight, 80);
  EXPECT_EQ(blue.workload, (WorkloadRef{"apps/v1", "Deployment", "shop-blue"}));
  EXPECT_EQ(blue.service, (ServiceRef{"shop-blue", "http"}));
  EXPECT_EQ(blue.min_replicas, 2);
  EXPECT_EQ(blue.max_replicas, 9);
  const auto& route = service.spec.routes.at(0);
  EXPECT_EQ(route.object_name + route.rule_name + route.provider, "shoprgateway-api");
}

TEST(ParseSnapshot, ReadsScalingWithTheDefaultsOfAutoscalingV2) {
  const auto scaling = read(full()).service.spec.scaling;
  ASSERT_TRUE(scaling.has_value());
  EXPECT_EQ(scaling->min_replicas, 2);
  const auto& metric = scaling->metrics.at(0);
  EXPECT_EQ(metric.query + metric.timestamp_query + metric.match.at("a"), "sum(x)max(t)b");
  EXPECT_EQ(metric.target_type, TargetType::Value);
  EXPECT_EQ(metric.target_value.milli(), 250);
  EXPECT_EQ(metric.max_age, 30s);
  const auto& down = scaling->scale_down;
  EXPECT_EQ(down.stabilization_window, 10s);
  EXPECT_EQ(down.select_policy, SelectPolicy::Min);
  EXPECT_THAT(down.policies, ElementsAre(ScalingPolicy{PolicyType::Pods, 2, 60s}));
  EXPECT_EQ(down.tolerance->milli(), 50);
  const auto& up = scaling->scale_up;
  EXPECT_EQ(up.stabilization_window, 0s);
  EXPECT_EQ(up.select_policy, SelectPolicy::Max);
  EXPECT_THAT(
      up.policies,
      ElementsAre(ScalingPolicy{PolicyType::Pods, 4, 15s}, ScalingPolicy{PolicyType::Percent, 100, 15s}));
}

TEST(ParseSnapshot, GivesAbsentAndEmptyBehaviorTheSameRules) {
  auto absent = full();
  absent["service"]["spec"]["scaling"].erase("behavior");
  auto empty = full();
  empty["service"]["spec"]["scaling"]["behavior"] = {{"scaleUp", json::object()},
                                                     {"scaleDown", json::object()}};
  const auto a = *read(absent).service.spec.scaling;
  const auto b = *read(empty).service.spec.scaling;
  EXPECT_EQ(a.scale_up.policies, b.scale_up.policies);
  EXPECT_EQ(a.scale_up.stabilization_window, b.scale_up.stabilization_window);
  EXPECT_EQ(a.scale_down.policies, b.scale_down.policies);
  EXPECT_FALSE(a.scale_down.stabilization_window.has_value());
  EXPECT_FALSE(b.scale_down.stabilization_window.has_value());
}

TEST(ParseSnapshot, ReadsEveryFieldOfABackend) {
  const auto blue = read(full()).backends.at("blue");
  EXPECT_EQ(blue.spec_replicas, 3);
  EXPECT_EQ(blue.status_replicas, 4);
  EXPECT_EQ(blue.ready_replicas, 2);
  EXPECT_EQ(blue.updated_replicas, 1);
  EXPECT_TRUE(blue.rollout);
  EXPECT_EQ(blue.endpoints->ready, 2);
  EXPECT_EQ(blue.endpoints->total, 5);
  EXPECT_EQ(blue.weight, 80);
  EXPECT_EQ(blue.observed_weight, 79.5);
  EXPECT_EQ(blue.observed_weight_time, parse_rfc3339("2025-12-31T23:59:59.5Z"));
  ASSERT_THAT(blue.pods, SizeIs(2));
  const auto& pod = blue.pods[0];
  EXPECT_EQ(pod.name + pod.phase + pod.revision, "blue-0Running6f9c");
  EXPECT_TRUE(pod.deleted);
  EXPECT_EQ(pod.ready, true);
  EXPECT_EQ(pod.start_time, parse_rfc3339("2025-12-31T23:00:00Z"));
  EXPECT_EQ(pod.ready_transition_time, parse_rfc3339("2025-12-31T23:00:10Z"));
  EXPECT_EQ(pod.requests.at("memory").milli(), (1LL << 30) * 1000);
  EXPECT_EQ(pod.containers.at(0).requests.at("cpu").milli(), 500);
  EXPECT_FALSE(blue.pods[1].ready.has_value());
}

TEST(ParseSnapshot, ReadsEveryFieldOfAMetric) {
  const auto metrics = read(full()).metrics;
  const auto& samples = metrics.at("rps").samples;
  ASSERT_THAT(samples, SizeIs(4));
  EXPECT_FALSE(metrics.at("rps").error.has_value());
  EXPECT_THAT(samples[0].labels, ElementsAre(Pair("backend", "blue")));
  EXPECT_EQ(samples[0].value, 120.5);
  EXPECT_EQ(samples[0].time, parse_rfc3339("2025-12-31T23:59:50.123456789Z"));
  EXPECT_EQ(samples[0].window, 60s);
  EXPECT_EQ(samples[0].weight, 7200);
  EXPECT_EQ(samples[0].contributors, 3);
  EXPECT_TRUE(std::isnan(samples[1].value));
  EXPECT_EQ(samples[2].value, INFINITY);
  EXPECT_EQ(samples[3].value, -INFINITY);
  EXPECT_EQ(metrics.at("gone").error, "no answer");
}

TEST(ParseSnapshot, ReadsTheRest) {
  const auto snapshot = read(full());
  EXPECT_TRUE(snapshot.restored);
  EXPECT_EQ(snapshot.settings.cpu_initialization, 1s);
  EXPECT_EQ(snapshot.settings.initial_readiness_delay, 2s);
  EXPECT_EQ(snapshot.settings.tolerance.milli(), 200);
  EXPECT_EQ(snapshot.settings.downscale_stabilization, 3s);
  EXPECT_TRUE(snapshot.settings.frozen);
  EXPECT_EQ(snapshot.routes.at(0).key, (ObjectKey{"store", "shop"}));
  EXPECT_EQ(json::parse(snapshot.routes.at(0).json), full()["routes"][0]);
}

TEST(ParseSnapshot, TellsNoMemoryFromAnEmptyOne) {
  auto document = smallest();
  document["memory"] = nullptr;
  EXPECT_FALSE(read(document).memory.has_value());
  document["memory"] = json::object();
  EXPECT_EQ(read(document).memory, "{}");
  EXPECT_EQ(json::parse(*read(full()).memory), full()["memory"]);
}

TEST(ParseSnapshot, SaturatesCounts) {
  auto document = smallest();
  document["backends"]["blue"] = {{"specReplicas", 99'999'999'999}, {"readyReplicas", 1e300}};
  EXPECT_EQ(read(document).backends.at("blue").spec_replicas, 2'147'483'647);
  EXPECT_EQ(read(document).backends.at("blue").ready_replicas, 2'147'483'647);
}

/// The full snapshot with other text in the place of some.
Result<Snapshot> read_with(const std::string& what, const std::string& replacement) {
  auto text = full().dump();
  text.replace(text.find(what), what.size(), replacement);
  return parse_snapshot(text);
}

TEST(ParseSnapshot, SaturatesNumbersBeyond64Bits) {
  constexpr auto kMost = std::numeric_limits<double>::max();
  const std::vector<std::pair<std::string, double>> rows{{"18446744073709551616", 0x1p64},
                                                         {"-9223372036854775809", -0x1p63},
                                                         {"1" + std::string(30, '0'), 1e30},
                                                         {"1" + std::string(400, '0'), kMost},
                                                         {"1e400", kMost},
                                                         {"-1.5E+999999999999999999999", -kMost},
                                                         {"1e-999999999999999999999", 0},
                                                         {"0e400", 0}};
  for (const auto& [text, value] : rows) {
    const auto snapshot = read_with("120.5", text);
    ASSERT_TRUE(snapshot.ok()) << text << ": " << snapshot.error().message;
    EXPECT_EQ(snapshot->metrics.at("rps").samples[0].value, value) << text;
  }
  EXPECT_EQ(read_with(R"("specReplicas":3)", R"("specReplicas":1e400)")->backends.at("blue").spec_replicas,
            std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(read_with(R"("specReplicas":3)", R"("specReplicas":-99999999999999999999)")
                ->backends.at("blue")
                .spec_replicas,
            std::numeric_limits<std::int32_t>::min());
}

TEST(ParseSnapshot, ReadsAllElseExactlyBesideANumberBeyond64Bits) {
  auto document = full();
  document["memory"] = {{"at", 1'767'225'600'123'456'789}, {"of", 18'446'744'073'709'551'615U}, {"x", 0.1}};
  document["say \"1e400\", 18446744073709551616\\"] = "1e400 \\\" 99999999999999999999";
  auto text = document.dump();
  text.insert(1, R"("unknown":[1e400, -18446744073709551616,7],)");
  const auto snapshot = parse_snapshot(text);
  ASSERT_TRUE(snapshot.ok()) << snapshot.error().message;
  EXPECT_EQ(json::parse(*snapshot->memory), document["memory"]);
}

TEST(ParseSnapshot, NamesThePathOfANumberBeyond64BitsThatMayNotBeThere) {
  const auto message = [](const std::string& what, const std::string& replacement) {
    return read_with(what, replacement).error().message;
  };
  EXPECT_THAT(message(R"("restored":true)", R"("restored":1e400)"),
              StartsWith("restored: must be true or false"));
  EXPECT_THAT(message(R"("maxReplicas":20)", R"("maxReplicas":18446744073709551616)"),
              StartsWith("service.spec.scaling.maxReplicas: "));
}

TEST(ParseSnapshot, LeavesTextAloneThatLooksLikeSuchANumber) {
  auto document = smallest();
  document["service"]["metadata"]["annotations"]["a"] = "1e400";
  auto text = document.dump();
  text.insert(text.size() - 1, R"(,"another":1e400)");
  const auto snapshot = parse_snapshot(text);
  ASSERT_TRUE(snapshot.ok()) << snapshot.error().message;
  EXPECT_EQ(snapshot->service.annotations.at("a"), "1e400");
}

TEST(ParseSnapshot, SaturatesWhatIsWrittenWithAPoint) {
  auto document = smallest();
  document["backends"]["blue"] = {
      {"specReplicas", 0x1p63}, {"readyReplicas", -0x1p63}, {"updatedReplicas", 2.0}};
  document["service"]["metadata"]["generation"] = -0x1p63;
  const auto snapshot = read(document);
  EXPECT_EQ(snapshot.backends.at("blue").spec_replicas, std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(snapshot.backends.at("blue").ready_replicas, std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(snapshot.backends.at("blue").updated_replicas, 2);
  EXPECT_EQ(snapshot.service.generation, std::numeric_limits<std::int64_t>::min());
}

TEST(ParseSnapshot, TakesNoWindowForNoneAndNoToleranceForOne) {
  auto document = full();
  document["metrics"]["rps"]["samples"][0]["windowSeconds"] = 0;
  document["metrics"]["rps"]["samples"][1]["windowSeconds"] = 1;
  document["settings"]["tolerance"] = 0;
  const auto snapshot = read(document);
  EXPECT_FALSE(snapshot.metrics.at("rps").samples[0].window.has_value());
  EXPECT_EQ(snapshot.metrics.at("rps").samples[1].window, 1s);
  EXPECT_EQ(snapshot.settings.tolerance.milli(), 0);
}

TEST(ParseSnapshot, QuotesNoMoreOfANameThanAnyRealOneHas) {
  const auto message_of = [](const std::string& backend) {
    auto document =
        nlohmann::json::parse(R"({"now": "2026-01-01T00:00:00Z", "service": {"metadata": {"name": "shop"},
      "spec": {"backends": [{"name": "blue", "serviceRef": {"name": "shop-blue"}}]}}})");
    document["backends"][backend] = 5;
    return parse_snapshot(document.dump()).error().message;
  };
  const std::string longest(256, 'b');
  EXPECT_EQ(message_of(longest), "backends." + longest + ": must be an object");
  EXPECT_EQ(message_of(longest + "b"), "backends." + longest + ": must be an object");
  std::string wide = "b";
  for (int i = 0; i < 1'000'000; ++i) wide += "\u00e4";
  EXPECT_EQ(message_of(wide), "backends." + wide.substr(0, 255) + ": must be an object")
      << "whole characters";
}

TEST(ParseSnapshot, NamesTheFirstOfSeveralMistakes) {
  auto document = smallest();
  auto& spec = document["service"]["spec"];
  spec["backends"][0]["weight"] = 1001;
  spec["mode"] = "Sleep";
  const auto message = parse_snapshot(document.dump()).error().message;
  EXPECT_THAT(message, StartsWith("service.spec.backends[0].weight: Invalid value: 1001"));
  const auto twice =
      parse_snapshot(R"({"now": "2026-01-01T00:00:00Z", "service": {"metadata": {"name": "shop"},
    "spec": {"backends": [{"name": "blue", "name": "red", "weight": 1, "weight": 2}]}}})");
  ASSERT_FALSE(twice.ok());
  EXPECT_EQ(twice.error().message,
            "service.spec.backends[0].name: duplicate field \"service.spec.backends[0].name\"");
}

TEST(ParseSnapshot, LeavesNonsenseToTheDecision) {
  auto document = full();
  auto& blue = document["backends"]["blue"];
  blue["specReplicas"] = -3;
  blue["statusReplicas"] = -1e300;
  blue["endpoints"] = {{"ready", -1}, {"total", -2}};
  blue["weight"] = -0.5;
  blue["observedWeight"] = 1e300;
  document["backends"]["nobody"] = {{"specReplicas", 1}};
  auto& sample = document["metrics"]["rps"]["samples"][0];
  sample["time"] = "2261-01-01T00:00:00Z";
  sample["windowSeconds"] = -60;
  sample["weight"] = -1;
  sample["contributors"] = -1;
  document["metrics"]["rps"]["samples"][1] = sample;
  const auto snapshot = read(document);
  const auto& seen = snapshot.backends.at("blue");
  EXPECT_EQ(seen.spec_replicas, -3);
  EXPECT_EQ(seen.status_replicas, std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(seen.endpoints->ready, -1);
  EXPECT_EQ(seen.endpoints->total, -2);
  EXPECT_EQ(seen.weight, -0.5);
  EXPECT_EQ(seen.observed_weight, 1e300);
  EXPECT_TRUE(snapshot.backends.contains("nobody"));
  const auto& samples = snapshot.metrics.at("rps").samples;
  EXPECT_EQ(samples[0].time, parse_rfc3339("2261-01-01T00:00:00Z"));
  EXPECT_EQ(samples[0].window, -60s);
  EXPECT_EQ(samples[0].weight, -1);
  EXPECT_EQ(samples[0].contributors, -1);
  EXPECT_EQ(samples[1].labels, samples[0].labels);
}

TEST(ParseSnapshot, TakesTheFirstOfMembersThatAreThereTwice) {
  const auto snapshot = parse_snapshot(R"({
    "now": "2026-01-01T00:00:00Z", "now": "2027-01-01T00:00:00Z",
    "service": {"metadata": {"namespace": "store", "name": "shop", "name": "other",
                             "annotations": {"a": "first", "a": "second"}},
                "spec": {"backends": [{"name": "blue", "serviceRef": {"name": "shop-blue"}}]}},
    "backends": {"blue": {"specReplicas": 1, "specReplicas": 2}, "blue": {"specReplicas": 3}},
    "metrics": {"rps": {"samples": [{"value": 1, "value": 2, "labels": {"l": "1", "l": "2"}}]},
                "rps": {"samples": []}}})");
  ASSERT_TRUE(snapshot.ok()) << snapshot.error().message;
  EXPECT_EQ(snapshot->now, parse_rfc3339("2026-01-01T00:00:00Z"));
  EXPECT_EQ(snapshot->service.key.name, "shop");
  EXPECT_EQ(snapshot->service.annotations.at("a"), "first");
  EXPECT_EQ(snapshot->backends.at("blue").spec_replicas, 1);
  ASSERT_THAT(snapshot->metrics.at("rps").samples, SizeIs(1));
  EXPECT_EQ(snapshot->metrics.at("rps").samples[0].value, 1);
  EXPECT_EQ(snapshot->metrics.at("rps").samples[0].labels.at("l"), "1");
}

TEST(ParseSnapshot, RefusesASpecFieldThatIsThereTwice) {
  const auto snapshot = parse_snapshot(R"({"now": "2026-01-01T00:00:00Z", "service": {
    "metadata": {"name": "shop"},
    "spec": {"backends": [{"name": "blue", "weight": 1, "weight": 2, "serviceRef": {"name": "shop-blue"}}]}}})");
  ASSERT_FALSE(snapshot.ok());
  EXPECT_THAT(snapshot.error().message, StartsWith("service.spec.backends[0].weight: duplicate field"));
}

struct BadRow {
  std::string name;
  std::string path;  ///< JSON pointer.
  json value;
  std::string complaint;
};
void PrintTo(const BadRow& row, std::ostream* os) {
  *os << row.name;
}
class BadSnapshot : public testing::TestWithParam<BadRow> {};

TEST_P(BadSnapshot, IsRefusedWithThePath) {
  auto document = full();
  document[json::json_pointer{GetParam().path}] = GetParam().value;
  const auto snapshot = parse_snapshot(document.dump());
  ASSERT_FALSE(snapshot.ok());
  EXPECT_EQ(snapshot.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(snapshot.error().message, StartsWith(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    BadSnapshot,
    testing::Values(
        BadRow{"NoNow", "/now", nullptr, "now: must be given"},
        BadRow{"NowIsNoTime", "/now", "today", "now: must be a time in RFC 3339"},
        BadRow{"NowIsANumber", "/now", 5, "now: must be a time"},
        BadRow{"NoService", "/service", nullptr, "service: must be given"},
        BadRow{"ServiceIsAList", "/service", json::array(), "service: must be an object"},
        BadRow{"NoName", "/service/metadata/name", nullptr, "service.metadata.name: must be given"},
        BadRow{"OtherKind", "/service/kind", "Service", "service.kind: must be LoadBalancedService"},
        BadRow{
            "OtherVersion", "/service/apiVersion", "v1", "service.apiVersion: must be evenkeel.dev/v1alpha1"},
        BadRow{"NoSpec", "/service/spec", nullptr, "service.spec: Required value"},
        BadRow{"Bound",
               "/service/spec/backends/0/weight",
               1001,
               "service.spec.backends[0].weight: Invalid value: 1001"},
        BadRow{"UnknownField", "/service/spec/bakends", 1, "service.spec.bakends: unknown field"},
        BadRow{"Rule", "/service/spec/scaling/minReplicas", 21, "service.spec.scaling.maxReplicas: "},
        BadRow{"TextCount",
               "/backends/blue/specReplicas",
               "3",
               "backends.blue.specReplicas: must be a whole number"},
        BadRow{"FractionCount",
               "/backends/blue/specReplicas",
               2.5,
               "backends.blue.specReplicas: must be a whole number"},
        BadRow{"NegativeSetting",
               "/settings/downscaleStabilizationSeconds",
               -1,
               "settings.downscaleStabilizationSeconds: must be 0 or more"},
        BadRow{"TextFlag", "/backends/blue/rollout", "yes", "backends.blue.rollout: must be true or false"},
        BadRow{"PodTime",
               "/backends/blue/pods/1/startTime",
               "x",
               "backends.blue.pods[1].startTime: must be a time"},
        BadRow{"PodRequest",
               "/backends/blue/pods/0/requests/cpu",
               "x",
               "backends.blue.pods[0].requests.cpu: must be a quantity"},
        BadRow{"SampleWord",
               "/metrics/rps/samples/1/value",
               "many",
               "metrics.rps.samples[1].value: must be a number, \"NaN\""},
        BadRow{"NoSampleValue",
               "/metrics/rps/samples/1",
               json::object(),
               "metrics.rps.samples[1].value: must be given"},
        BadRow{"SampleLabel",
               "/metrics/rps/samples/0/labels/n",
               1,
               "metrics.rps.samples[0].labels.n: must be a string"},
        BadRow{"ErrorIsANumber", "/metrics/rps/error", 5, "metrics.rps.error: must be a string"},
        BadRow{"Tolerance", "/settings/tolerance", -0.1, "settings.tolerance: must be 0 or more"},
        BadRow{"RouteWithoutKind", "/routes/0/kind", nullptr, "routes[0].kind: must be given"},
        BadRow{"RoutesAreNoList", "/routes", json::object(), "routes: must be a list"}),
    [](const auto& row) { return row.param.name; });

TEST(ParseSnapshot, RefusesWhatIsNoObject) {
  for (const auto* text : {"", " ", "nonsense", "[1", "{\"a\":}", "{} {}", "\xff"}) {
    const auto snapshot = parse_snapshot(text);
    ASSERT_FALSE(snapshot.ok()) << text;
    EXPECT_EQ(snapshot.error().kind, ErrorKind::Invalid);
    EXPECT_FALSE(snapshot.error().message.empty());
  }
  EXPECT_THAT(parse_snapshot("[]").error().message, HasSubstr("must be an object"));
}

TEST(ParseSnapshot, SaysWhereATextIsNoJson) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"nonsense", " at column 2: "},
      {R"({"now" "2026"})", " at column 13: "},
      {"{} {}", " at column 4: "},
      {"{\n \"a\": 1,\n}\n", " at line 3, column 1: "},
      {R"({"a":[1,2)", " at column 10: it ends too early"},
      {"{\"a\":\n\n", " at line 3, column 1: it ends too early"},
      {R"({"a": "b)", " at column 9: it ends too early"},
      {"{\"a\": \"\xff\"}", " at column 8: "},
      {"\xff\xfe", " at column 1: "},
      {R"({"long": 1e400, "b": 01})", " at column 23: "},
      {R"({"a": 1e400-0})", " at column 13: "},
      {R"({"a": 18446744073709551616.5.1e400})", " at column 29: "},
      {R"({"\"1e400": 18446744073709551616, "b": 5, )", " at column 43: it ends too early"}};
  for (const auto& [text, place] : rows) {
    EXPECT_THAT(parse_snapshot(text).error().message, StartsWith("not valid JSON" + place)) << text;
  }
}

TEST(ParseSnapshot, NamesTheRemedyWhereOneIsKnown) {
  const std::vector<std::pair<std::string, std::string>> rows{
      {"NaN", R"(NaN; write it as the text "NaN")"},
      {"nan", R"(nan; write it as the text "NaN")"},
      {"Infinity", R"(Infinity; write it as the text "+Inf")"},
      {"inf", R"(inf; write it as the text "+Inf")"},
      {"+Inf", R"(+Inf; write it as the text "+Inf")"},
      {"-Infinity", R"(write it as the text "-Inf")"}};
  for (const auto& [value, remedy] : rows) {
    EXPECT_THAT(read_with("120.5", value).error().message, HasSubstr(remedy)) << value;
  }
  EXPECT_THAT(parse_snapshot("\xef\xbb\xbf{}").error().message, HasSubstr("without"));
}

TEST(ParseSnapshot, SaysNoPlaceOfWhatIsOnlyTooDeep) {
  const auto message = parse_snapshot(std::string(200, '[') + std::string(200, ']')).error().message;
  EXPECT_EQ(message, "too deep: objects and lists may stand 128 levels deep in each other");
}

TEST(ParseSnapshot, RefusesNestingWithoutEnd) {
  const auto snapshot = parse_snapshot(std::string(1'000'000, '['));
  ASSERT_FALSE(snapshot.ok());
  EXPECT_THAT(snapshot.error().message, HasSubstr("not valid JSON"));
}

/// Whatever the bytes are, they give a snapshot or an error that says something.
void expect_an_answer(SnapshotReader& reader, const std::string& text) {
  const auto snapshot = reader.read(text);
  if (!snapshot.ok()) EXPECT_FALSE(snapshot.error().message.empty()) << text;
}

TEST(SnapshotReader, AnswersEveryTruncationAndEveryBrokenByte) {
  SnapshotReader reader;
  const auto text = full().dump();
  for (std::size_t size = 0; size < text.size(); ++size) expect_an_answer(reader, text.substr(0, size));
  constexpr auto kBytes = "\0\xff\xc3{}[]\",:\\-9eu"sv;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto broken = text;
    broken[i] = kBytes[i % kBytes.size()];
    expect_an_answer(reader, broken);
  }
  EXPECT_TRUE(reader.read(text).ok()) << "and reads on as before";
}

TEST(SnapshotReader, AnswersValuesOfEveryTypeInEveryPlace) {
  SnapshotReader reader;
  std::set<std::string> places;
  const auto flat = full().flatten();
  for (const auto& [path, value] : flat.items()) {
    for (json::json_pointer place{path}; !place.empty(); place.pop_back()) places.insert(place.to_string());
  }
  const std::vector<json> values{
      nullptr, true, -1, 1e308, 18'446'744'073'709'551'615ULL, "", "x", json::array(), json::object()};
  for (const auto& place : places) {
    for (const auto& value : values) {
      auto document = full();
      document[json::json_pointer{place}] = value;
      expect_an_answer(reader, document.dump());
    }
  }
}

TEST(SnapshotReader, RefusesNumbersAndTextsThatJsonCannotHold) {
  SnapshotReader reader;
  const auto with_value = [&](const std::string& value) {
    auto text = full().dump();
    text.replace(text.find("120.5"), 5, value);
    return reader.read(text);
  };
  EXPECT_TRUE(with_value("1e-400").ok()) << "too small to be told from 0";
  for (const auto* value : {"NaN", "-", "01", "0x10", "\"\xc3\"", "\"\\ud800\"", "\"a\nb\""}) {
    EXPECT_FALSE(with_value(value).ok()) << value;
  }
}

TEST(SnapshotReader, ReadsOnAfterABadTextAndAfterManySpecs) {
  SnapshotReader reader;
  EXPECT_FALSE(reader.read("nonsense").ok());
  auto document = smallest();
  for (int weight = 1; weight <= 1000; ++weight) {
    for (const char* ns : {"a", "b", "c"}) {
      document["service"]["spec"]["backends"][0]["weight"] = weight;
      document["service"]["metadata"]["namespace"] = ns;
      const auto snapshot = reader.read(document.dump());
      ASSERT_TRUE(snapshot.ok());
      ASSERT_EQ(snapshot->service.spec.backends[0].weight, weight);
      ASSERT_EQ(snapshot->service.key.ns, ns);
    }
  }
}

}  // namespace
}  // namespace evenkeel::api
