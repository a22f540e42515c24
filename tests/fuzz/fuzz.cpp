#include "fuzz.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "evenkeel/plan/decide.hpp"

#include "checker.hpp"

namespace evenkeel::fuzz {
namespace {

/// Rules that hold for a decision on any input, with any history.
bool always_holds(std::string_view rule) {
  constexpr std::array<std::string_view, 5> kRules = {
      "1 bounds", "2 sum", "2 weights", "10 memory", "form: backends"};
  for (const auto known : kRules) {
    if (rule == known) return true;
  }
  return false;
}

constexpr const char* kRich =
    R"json({"now":"2026-01-01T00:00:00Z","service":{"apiVersion":"evenkeel.dev/v1alpha1",
"kind":"LoadBalancedService","metadata":{"namespace":"store","name":"shop","uid":"1","generation":1,
"annotations":{"evenkeel.dev/drain":"green"}},"spec":{"backends":[
{"name":"blue","serviceRef":{"name":"shop-blue","port":80},"workloadRef":{"name":"shop-blue"},"weight":80},
{"name":"green","serviceRef":{"name":"shop-green","port":80},"workloadRef":{"name":"shop-green"},"weight":20},
{"name":"away","tier":1,"serviceRef":{"name":"shop-away","port":80},"workloadRef":{"name":"shop-away"}}],
"routes":[{"name":"pages","kind":"HTTPRoute","objectName":"shop"}],
"scaling":{"minReplicas":1,"maxReplicas":20,"metrics":[{"name":"rps","preset":"RequestsPerSecond",
"target":{"type":"AverageValue","value":"50"}}]}}},"backends":{
"blue":{"specReplicas":3,"statusReplicas":3,"readyReplicas":3,"endpoints":{"ready":3,"total":3},"weight":80},
"green":{"specReplicas":1,"statusReplicas":1,"readyReplicas":1,"endpoints":{"ready":1,"total":1},"weight":20},
"away":{"specReplicas":1,"statusReplicas":1,"readyReplicas":1,"endpoints":{"ready":1,"total":1},"weight":0}},
"metrics":{"rps":{"samples":[{"value":170,"time":"2026-01-01T00:00:00Z","windowSeconds":60}]}}})json";

}  // namespace

void fail(std::string_view what) {
  std::fprintf(stderr, "BROKEN %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

api::Decision decide_and_check(const api::Snapshot& snapshot) {
  auto decision = plan::decide(snapshot);
  property::Checker checker;
  for (const auto& violation : checker.check(snapshot, decision, property::MemoryOrigin::Foreign)) {
    if (always_holds(violation.rule)) fail(violation.rule + ": " + violation.detail);
  }
  const auto printed = api::print_decision(decision);
  if (!nlohmann::json::accept(printed)) fail("not JSON: " + printed);
  if (!nlohmann::json::accept(decision.memory)) fail("memory is not JSON: " + decision.memory);
  if (api::print_decision(plan::decide(snapshot)) != printed) fail("9 equal input, another output");
  return decision;
}

const api::Snapshot& rich_snapshot() {
  static const auto kSnapshot = [] {
    auto snapshot = api::parse_snapshot(kRich);
    if (!snapshot.ok()) fail(snapshot.error().message);
    return *std::move(snapshot);
  }();
  return kSnapshot;
}

}  // namespace evenkeel::fuzz
