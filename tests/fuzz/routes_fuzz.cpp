#include <nlohmann/json.hpp>

#include "evenkeel/plan/plan.hpp"

#include "fuzz.hpp"

/// Bytes as the live route: what is sent is JSON that tests what it relies on, or the route is left alone.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace evenkeel;
  auto snapshot = fuzz::rich_snapshot();
  snapshot.routes.push_back({.kind = "HTTPRoute",
                             .key = {.ns = "store", .name = "shop"},
                             .json = std::string{reinterpret_cast<const char*>(data), size}});
  static const auto kDecision = fuzz::decide_and_check(fuzz::rich_snapshot());
  const auto plan = plan::plan(snapshot, kDecision);
  for (const auto& action : plan.actions) {
    if (!nlohmann::json::accept(action.patch)) fuzz::fail("a patch that is not JSON: " + action.patch);
  }
  for (const auto& route : plan.routes) {
    for (const auto& [name, weight] : route.status.encoded_weights) {
      if (weight < 0 || weight > 1'000'000) fuzz::fail("weight of " + name + ": " + std::to_string(weight));
    }
  }
  if (!nlohmann::json::accept(api::print_decision(kDecision, &plan.actions)))
    fuzz::fail("actions are not JSON");
  return 0;
}
