#include "evenkeel/plan/plan.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "evenkeel/routing/provider.hpp"

namespace evenkeel::plan {
namespace {

bool is_lost(const Claims& claims, const std::string& field) {
  return std::ranges::any_of(claims.lost, [&](const Claims::Lost& lost) { return lost.field == field; });
}

std::vector<routing::BackendShare> shares_of(const api::Snapshot& snapshot, const api::Decision& decision) {
  std::vector<routing::BackendShare> shares;
  for (const auto& backend : snapshot.service.spec.backends) {
    const auto decided = decision.backends.find(backend.name);
    if (!backend.service || decided == decision.backends.end()) continue;
    shares.push_back({.name = backend.name, .service = *backend.service, .share = decided->second.weight});
  }
  return shares;
}

const api::RouteObject* find_object(const api::Snapshot& snapshot, const api::Route& route) {
  const auto found = std::ranges::find_if(snapshot.routes, [&](const api::RouteObject& object) {
    return object.kind == route.kind && object.key.name == route.object_name &&
           object.key.ns == snapshot.service.key.ns;
  });
  return found == snapshot.routes.end() ? nullptr : &*found;
}

std::string known_kinds() {
  std::string text;
  for (const auto* provider : routing::known_providers()) {
    if (!text.empty()) text += ", ";
    text += std::string{provider->capabilities().kind} + " (" +
            std::string{provider->capabilities().provider} + ")";
  }
  return text;
}

void set_problem(RouteOutcome& outcome, const char* problem, std::string sentence) {
  outcome.problem = problem;
  outcome.status.reason = std::move(sentence);
}

/// Outcome of one route without its action, which comes back beside it.
std::pair<RouteOutcome, std::optional<api::Action>> plan_route(const api::Snapshot& snapshot,
                                                               const api::Decision& decision,
                                                               const Claims& claims,
                                                               std::size_t index) {
  const auto& route = snapshot.service.spec.routes[index];
  const std::string field = "spec.routes[" + std::to_string(index) + "]";
  RouteOutcome outcome;
  outcome.status.name = route.name;
  outcome.status.kind = route.kind;
  outcome.status.object_name = route.object_name;
  outcome.status.provider = route.provider;

  const auto* provider = routing::find_provider(route);
  if (provider == nullptr) {
    set_problem(outcome,
                "UnknownProvider",
                field + ".kind: nothing here writes " + route.kind + "; there is " + known_kinds());
    return {std::move(outcome), std::nullopt};
  }
  outcome.status.provider = provider->capabilities().provider;
  if (is_lost(claims, field)) {
    set_problem(outcome, "Conflicted", field + ": another LoadBalancedService manages it");
    return {std::move(outcome), std::nullopt};
  }
  const auto* object = find_object(snapshot, route);
  if (object == nullptr) {
    set_problem(outcome,
                "RouteNotFound",
                field + ".objectName: " + route.kind + " " + snapshot.service.key.ns + "/" +
                    route.object_name + " is not there; create it or correct the name");
    return {std::move(outcome), std::nullopt};
  }
  auto planned = provider->plan(route, *object, shares_of(snapshot, decision));
  if (!planned.ok()) {
    set_problem(outcome, "RouteNotManaged", planned.error().message);
    return {std::move(outcome), std::nullopt};
  }
  outcome.status.encoded_weights = planned->encoded_weights;
  outcome.status.original_weights = planned->live_weights;
  outcome.status.programmed_time = decision.time;
  outcome.programmed = !planned->action;
  outcome.approximated = planned->approximated;
  if (!planned->left_alone.empty()) {
    std::string sentence = field + ": " + route.kind + " " + route.object_name;
    const char* separator = " ";
    for (const auto& rule : planned->left_alone) sentence += std::exchange(separator, "; ") + rule;
    set_problem(outcome, "NoFitBackend", std::move(sentence));
  }
  return {std::move(outcome), std::move(planned->action)};
}

struct Scaling {
  std::string backend;
  std::int32_t from = 0;
  std::int32_t to = 0;
  api::WorkloadRef workload;
};

std::vector<Scaling> scalings_of(const api::Snapshot& snapshot,
                                 const api::Decision& decision,
                                 const Claims& claims) {
  std::vector<Scaling> scalings;
  const auto& backends = snapshot.service.spec.backends;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    const auto& backend = backends[i];
    const auto decided = decision.backends.find(backend.name);
    const auto seen = snapshot.backends.find(backend.name);
    if (!backend.workload || decided == decision.backends.end() || seen == snapshot.backends.end()) continue;
    if (!decided->second.replicas || !seen->second.spec_replicas) continue;
    if (is_lost(claims, "spec.backends[" + std::to_string(i) + "].workloadRef")) continue;
    if (*decided->second.replicas == *seen->second.spec_replicas) continue;
    scalings.push_back({.backend = backend.name,
                        .from = *seen->second.spec_replicas,
                        .to = *decided->second.replicas,
                        .workload = *backend.workload});
  }
  return scalings;
}

api::Action scale_action(const std::string& ns, const Scaling& scaling) {
  return {.api_version = scaling.workload.api_version,
          .kind = scaling.workload.kind,
          .key = {.ns = ns, .name = scaling.workload.name},
          .subresource = "scale",
          .patch_type = api::PatchType::Merge,
          .patch = R"({"spec":{"replicas":)" + std::to_string(scaling.to) + "}}",
          .reason = "backend " + scaling.backend + ": replicas " + std::to_string(scaling.from) + " -> " +
                    std::to_string(scaling.to)};
}

}  // namespace

Plan plan(const api::Snapshot& snapshot, const api::Decision& decision, const Claims& claims) {
  const auto& service = snapshot.service;
  const bool writes = service.spec.mode == api::Mode::Enforce;
  Plan plan;
  for (std::size_t i = 0; i < service.spec.routes.size(); ++i) {
    auto [outcome, action] = plan_route(snapshot, decision, claims, i);
    if (action && writes) {
      outcome.action = plan.actions.size();
      plan.actions.push_back(std::move(*action));
    }
    plan.routes.push_back(std::move(outcome));
  }
  if (!writes) return plan;
  const auto scalings = scalings_of(snapshot, decision, claims);
  for (const auto& scaling : scalings) {
    if (scaling.to > scaling.from) plan.actions.push_back(scale_action(service.key.ns, scaling));
  }
  for (const auto& scaling : scalings) {
    if (scaling.to < scaling.from) plan.actions.push_back(scale_action(service.key.ns, scaling));
  }
  return plan;
}

}  // namespace evenkeel::plan
