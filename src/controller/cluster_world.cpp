#include "cluster_cache.hpp"

namespace evenkeel::controller {

void ClusterCache::Data::add_backend(const std::string& ns, const api::Backend& backend, World& world) const {
  if (backend.workload) {
    const auto found = deployments.find({ns, backend.workload->name});
    if (found != deployments.end()) {
      world.deployments.insert_or_assign(backend.workload->name, found->second);
    }
  }
  if (backend.service) {
    const ObjectKey name{ns, backend.service->name};
    world.endpoints[name.name] = endpoints_of(name);
    if (services.contains(name)) world.services.insert(name.name);
  }
}

void ClusterCache::Data::add_route(const std::string& ns, const api::Route& route, World& world) const {
  const auto found = routes.find({ns, route.object_name});
  if (found == routes.end()) return;
  world.routes.insert_or_assign(route.object_name,
                                api::RouteObject{route.kind, found->first, found->second.json});
}

void ClusterCache::Data::add_rival_objects(World& world) const {
  const api::LoadBalancedService& service = world.service->service;
  std::set<ObjectKey> rivals;
  add_rivals(service, rivals);
  rivals.erase(service.key);
  for (const auto& rival : rivals) {
    const auto other = entries.find(rival);
    if (other != entries.end() && other->second.observed) world.rivals.push_back(other->second.observed);
  }
}

std::optional<World> ClusterCache::Data::world(const ObjectKey& key) const {
  const auto entry = entries.find(key);
  if (entry == entries.end()) return std::nullopt;
  World world;
  world.service = entry->second.observed;
  world.unreadable = entry->second.unreadable;
  world.routes_served = routes_served;
  if (!world.service) return world;
  const api::Spec& spec = world.service->service.spec;
  for (const auto& backend : spec.backends) add_backend(key.ns, backend, world);
  for (const auto& route : spec.routes) add_route(key.ns, route, world);
  add_rival_objects(world);
  return world;
}

std::optional<World> ClusterCache::world(const ObjectKey& key) const {
  return data_.with([&](const Data& data) { return data.world(key); });
}

std::vector<ObjectKey> ClusterCache::keys() const {
  return data_.with([](const Data& data) {
    std::vector<ObjectKey> keys;
    keys.reserve(data.entries.size());
    for (const auto& [key, entry] : data.entries) keys.push_back(key);
    return keys;
  });
}

std::vector<std::shared_ptr<const api::ObservedService>> ClusterCache::services() const {
  return data_.with([](const Data& data) {
    std::vector<std::shared_ptr<const api::ObservedService>> services;
    services.reserve(data.entries.size());
    for (const auto& [key, entry] : data.entries) {
      if (entry.observed) services.push_back(entry.observed);
    }
    return services;
  });
}

}  // namespace evenkeel::controller
