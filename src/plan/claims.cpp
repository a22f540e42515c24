#include <optional>
#include <tuple>

#include "evenkeel/plan/plan.hpp"

namespace evenkeel::plan {
namespace {

/// The order of precedence: older first, then by name. What has no creation time is not in the cluster yet.
auto rank(const api::LoadBalancedService& service) {
  return std::tuple{!service.creation_time, service.creation_time.value_or(WallTime{}), service.key};
}

/// Two entries of one object's rules clash unless both name a rule and the names differ.
bool same_rules(const api::Route& a, const api::Route& b) {
  return a.kind == b.kind && a.object_name == b.object_name &&
         (a.rule_name.empty() || b.rule_name.empty() || a.rule_name == b.rule_name);
}

bool claims_workload(const api::LoadBalancedService& other, const api::WorkloadRef& workload) {
  for (const auto& backend : other.spec.backends) {
    if (backend.workload && backend.workload->kind == workload.kind &&
        backend.workload->name == workload.name) {
      return true;
    }
  }
  return false;
}

bool claims_route(const api::LoadBalancedService& other, const api::Route& route) {
  for (const auto& theirs : other.spec.routes) {
    if (same_rules(theirs, route)) return true;
  }
  return false;
}

/// The oldest rival before `service` for which `claims` holds.
template <class Claims>
std::optional<ObjectKey> holder(const api::LoadBalancedService& service,
                                std::span<const api::LoadBalancedService* const> others,
                                Claims claims) {
  const api::LoadBalancedService* oldest = &service;
  for (const auto* other : others) {
    if (other->key == service.key || other->key.ns != service.key.ns) continue;
    if (rank(*other) < rank(*oldest) && claims(*other)) oldest = other;
  }
  if (oldest == &service) return std::nullopt;
  return oldest->key;
}

}  // namespace

Claims resolve_claims(const api::LoadBalancedService& service,
                      std::span<const api::LoadBalancedService* const> others) {
  Claims claims;
  for (std::size_t i = 0; i < service.spec.backends.size(); ++i) {
    const auto& workload = service.spec.backends[i].workload;
    if (!workload) continue;
    const auto winner =
        holder(service, others, [&](const auto& other) { return claims_workload(other, *workload); });
    if (!winner) continue;
    claims.lost.push_back({.field = "spec.backends[" + std::to_string(i) + "].workloadRef",
                           .object = workload->kind + " " + workload->name,
                           .holder = *winner});
  }
  for (std::size_t i = 0; i < service.spec.routes.size(); ++i) {
    const auto& route = service.spec.routes[i];
    const auto winner =
        holder(service, others, [&](const auto& other) { return claims_route(other, route); });
    if (!winner) continue;
    claims.lost.push_back({.field = "spec.routes[" + std::to_string(i) + "]",
                           .object = route.kind + " " + route.object_name,
                           .holder = *winner});
  }
  return claims;
}

}  // namespace evenkeel::plan
