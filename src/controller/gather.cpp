#include "gather.hpp"

#include <utility>

#include "evenkeel/routing/provider.hpp"

namespace evenkeel::controller {
namespace {

std::string field(const char* list, std::size_t index, const char* rest) {
  return std::string{"spec."} + list + "[" + std::to_string(index) + "]." + rest;
}

std::vector<plan::Missing> find_missing(const World& world) {
  const api::LoadBalancedService& service = world.service->service;
  const std::string ns = service.key.ns + "/";
  std::vector<plan::Missing> missing;
  for (std::size_t i = 0; i < service.spec.backends.size(); ++i) {
    const auto& backend = service.spec.backends[i];
    if (backend.workload && !world.deployments.contains(backend.workload->name)) {
      missing.push_back(
          {field("backends", i, "workloadRef.name"), "Deployment " + ns + backend.workload->name});
    }
    if (backend.service && !world.services.contains(backend.service->name)) {
      missing.push_back({field("backends", i, "serviceRef.name"), "Service " + ns + backend.service->name});
    }
  }
  for (std::size_t i = 0; i < service.spec.routes.size(); ++i) {
    const auto& route = service.spec.routes[i];
    if (world.routes.contains(route.object_name)) continue;
    std::string object = route.kind + " " + ns + route.object_name;
    if (!world.routes_served) {
      object += " (this cluster does not know the kind HTTPRoute: install the CRDs of Gateway API)";
    }
    missing.push_back({field("routes", i, "objectName"), std::move(object)});
  }
  return missing;
}

/// The shares that the live routes give now: the first route that says anything about our backends speaks for
/// all.
std::map<std::string, double> live_weights(const World& world) {
  const api::LoadBalancedService& service = world.service->service;
  std::vector<routing::BackendShare> backends;
  for (const auto& backend : service.spec.backends) {
    if (backend.service) backends.push_back({backend.name, *backend.service, 0});
  }
  for (const auto& route : service.spec.routes) {
    const routing::Provider* const provider = routing::find_provider(route);
    const auto object = world.routes.find(route.object_name);
    if (provider == nullptr || object == world.routes.end()) continue;
    auto shares = provider->live_shares(route, object->second, backends);
    if (!shares.empty()) return shares;
  }
  return {};
}

std::map<std::string, double> status_weights(const api::Status& status) {
  std::map<std::string, double> weights;
  double sum = 0;
  for (const auto& backend : status.backends) {
    weights[backend.name] = backend.share_permille / 10.0;
    sum += backend.share_permille;
  }
  return sum > 0 ? weights : std::map<std::string, double>{};
}

/// The shares that are set now: what we wrote last; on adoption, and where we only observe, what the route
/// says; where no route says anything, what the last process decided.
std::map<std::string, double> weights_set(const World& world, const ObjectState& state) {
  const bool observing = world.service->service.spec.mode == api::Mode::Observe;
  if (!state.weights.empty() && !observing) return state.weights;
  if (auto live = live_weights(world); !live.empty()) return live;
  if (!state.weights.empty()) return state.weights;
  return status_weights(world.service->status);
}

api::BackendObservation observe(const World& world,
                                const api::Backend& backend,
                                const std::map<std::string, double>& weights) {
  api::BackendObservation observation;
  if (backend.workload) {
    if (const auto found = world.deployments.find(backend.workload->name); found != world.deployments.end()) {
      const api::Deployment& deployment = found->second;
      observation.spec_replicas = deployment.spec_replicas;
      observation.status_replicas = deployment.status_replicas;
      observation.ready_replicas = deployment.ready_replicas;
      observation.updated_replicas = deployment.updated_replicas;
      observation.rollout = deployment.rollout;
      observation.selector = deployment.selector;
    }
  }
  if (backend.service) observation.endpoints = world.endpoints.at(backend.service->name);
  if (const auto found = weights.find(backend.name); found != weights.end()) {
    observation.weight = found->second;
  } else if (!weights.empty()) {
    // Shares are known and this backend is not among them: it was declared since and has none.
    observation.weight = 0;
  }
  return observation;
}

}  // namespace

const api::Status& previous_status(const api::ObservedService& observed, const ObjectState& state) {
  if (!state.status) return observed.status;
  const bool echo_is_due = observed.resource_version == state.status_written_over;
  // A status that lost its conditions after our write was cleared by somebody: write it again.
  return echo_is_due || !observed.status.conditions.empty() ? *state.status : observed.status;
}

Gathered gather(const GatherInput& input) {
  const World& world = input.world;
  const api::ObservedService& observed = *world.service;
  Gathered gathered;
  api::Snapshot& snapshot = gathered.snapshot;
  snapshot.now = input.now;
  snapshot.service = observed.service;
  snapshot.settings = input.settings;
  snapshot.time_zones = input.time_zones;
  snapshot.memory = input.state.memory;
  if (!snapshot.memory && !observed.status.memory.empty()) {
    snapshot.memory = observed.status.memory;
    snapshot.restored = true;
  }
  const auto weights = weights_set(world, input.state);
  for (const auto& backend : observed.service.spec.backends) {
    snapshot.backends.emplace(backend.name, observe(world, backend, weights));
  }
  for (const auto& [name, share] : input.samples.observed_shares(observed.service, input.presets)) {
    snapshot.backends[name].observed_weight = share.percent;
    snapshot.backends[name].observed_weight_time = share.time;
  }
  for (auto& wanted : signals::inputs_of(observed.service)) {
    auto reading = input.samples.reading(observed.service, wanted, input.presets);
    snapshot.metrics.emplace(std::move(wanted.name), std::move(reading));
  }
  for (const auto& [name, route] : world.routes) snapshot.routes.push_back(route);
  std::vector<const api::LoadBalancedService*> rivals;
  rivals.reserve(world.rivals.size());
  for (const auto& rival : world.rivals) rivals.push_back(&rival->service);
  gathered.claims = plan::resolve_claims(observed.service, rivals);
  gathered.missing = find_missing(world);
  return gathered;
}

}  // namespace evenkeel::controller
