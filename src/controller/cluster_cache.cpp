#include "cluster_cache.hpp"

#include <utility>

#include <simdjson.h>

namespace evenkeel::controller {
namespace {

using kube::ChangeKind;

/// Of metadata, what tells one state of an object from another.
struct Version {
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;  ///< 0 where the kind has none.
};

Version read_version(std::string_view json) {
  Version version;
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(simdjson::padded_string{json}).get(root) != simdjson::SUCCESS) return version;
  std::string_view text;
  if (root.at_pointer("/metadata/uid").get(text) == simdjson::SUCCESS) version.uid = text;
  if (root.at_pointer("/metadata/resourceVersion").get(text) == simdjson::SUCCESS)
    version.resource_version = text;
  std::int64_t generation = 0;
  if (root.at_pointer("/metadata/generation").get(generation) == simdjson::SUCCESS)
    version.generation = generation;
  return version;
}

bool is_same_size(const api::Deployment& a, const api::Deployment& b) {
  return a.spec_replicas == b.spec_replicas;
}

bool is_same(const api::Deployment& a, const api::Deployment& b) {
  return is_same_size(a, b) && a.status_replicas == b.status_replicas &&
         a.ready_replicas == b.ready_replicas && a.updated_replicas == b.updated_replicas &&
         a.rollout == b.rollout && a.selector == b.selector;
}

/// Whether two states of an object ask for the same: status and labels aside.
bool asks_the_same(const api::ObservedService& a, const api::ObservedService& b) {
  return a.service.uid == b.service.uid && a.service.generation == b.service.generation &&
         a.service.annotations == b.service.annotations && a.deleting == b.deleting;
}

std::set<ObjectKey> found(const std::map<ObjectKey, std::set<ObjectKey>>& index, const ObjectKey& key) {
  const auto entry = index.find(key);
  return entry == index.end() ? std::set<ObjectKey>{} : entry->second;
}

void update_index(std::map<ObjectKey, std::set<ObjectKey>>& index,
                  const ObjectKey& named,
                  const ObjectKey& by,
                  bool add) {
  if (add) {
    index[named].insert(by);
    return;
  }
  const auto entry = index.find(named);
  if (entry == index.end()) return;
  entry->second.erase(by);
  if (entry->second.empty()) index.erase(entry);
}

}  // namespace

Impact ClusterCache::apply(Watched kind, ChangeKind change, const ObjectKey& key, std::string_view json) {
  return data_.with([&](Data& data) -> Impact {
    switch (kind) {
      case Watched::LoadBalancedService:
        return data.apply_load_balanced_service(change, key, json);
      case Watched::Deployment:
        return data.apply_deployment(change, key, json);
      case Watched::Service:
        return data.apply_service(change, key);
      case Watched::EndpointSlice:
        return data.apply_slice(change, key, json);
      case Watched::HttpRoute:
        return data.apply_route(change, key, json);
    }
    return {};
  });
}

Impact ClusterCache::Data::apply_load_balanced_service(ChangeKind change,
                                                       const ObjectKey& key,
                                                       std::string_view json) {
  Impact impact;
  const auto before = entries.find(key);
  const std::shared_ptr<const api::ObservedService> old =
      before == entries.end() ? nullptr : before->second.observed;
  Entry entry;
  if (change == ChangeKind::Applied) {
    auto parsed = api::parse_observed_service(json);
    if (parsed.ok()) {
      entry.observed = std::make_shared<const api::ObservedService>(*std::move(parsed));
    } else {
      const Version version = read_version(json);
      entry.unreadable = UnreadableService{version.uid, version.generation, parsed.error().message};
      impact.problem = parsed.error().message;
    }
  }
  // The echo of our own status writes ends here.
  const bool is_echo = old && entry.observed && asks_the_same(*old, *entry.observed);
  if (!is_echo) {
    impact.at_once.insert(key);
    // Claims may have moved: whoever names the same things has to look again.
    if (old) {
      add_rivals(old->service, impact.at_once);
      index(old->service, false);
    }
    if (entry.observed) {
      index(entry.observed->service, true);
      add_rivals(entry.observed->service, impact.at_once);
    }
  }
  if (change == ChangeKind::Applied) {
    entries[key] = std::move(entry);
  } else {
    entries.erase(key);
  }
  return impact;
}

Impact ClusterCache::Data::apply_deployment(ChangeKind change, const ObjectKey& key, std::string_view json) {
  Impact impact;
  const auto before = deployments.find(key);
  if (change == ChangeKind::Deleted) {
    if (before == deployments.end()) return impact;
    deployments.erase(before);
    impact.at_once = found(by_workload, key);
    return impact;
  }
  auto parsed = api::parse_deployment(json);
  if (!parsed.ok()) {
    // The last known state is kept: what cannot be read must not look like what is gone.
    impact.problem = parsed.error().message;
    return impact;
  }
  if (before == deployments.end() || !is_same_size(before->second, *parsed)) {
    impact.at_once = found(by_workload, key);
  } else if (!is_same(before->second, *parsed)) {
    impact.soon = found(by_workload, key);
  }
  deployments.insert_or_assign(key, *std::move(parsed));
  return impact;
}

Impact ClusterCache::Data::apply_service(ChangeKind change, const ObjectKey& key) {
  const bool changed = change == ChangeKind::Applied ? services.insert(key).second : services.erase(key) > 0;
  Impact impact;
  if (changed) impact.at_once = found(by_service, key);
  return impact;
}

void ClusterCache::Data::remove_slice(const ObjectKey& key) {
  const auto slice = slices.find(key);
  if (slice == slices.end()) return;
  update_index(slices_of, {key.ns, slice->second.service}, key, false);
  slices.erase(slice);
}

Impact ClusterCache::Data::apply_slice(ChangeKind change, const ObjectKey& key, std::string_view json) {
  Impact impact;
  std::optional<api::EndpointSlice> next;
  if (change == ChangeKind::Applied) {
    auto parsed = api::parse_endpoint_slice(json);
    if (!parsed.ok()) {
      impact.problem = parsed.error().message;
      return impact;
    }
    next = *std::move(parsed);
  }
  std::set<ObjectKey> touched;
  if (const auto before = slices.find(key); before != slices.end())
    touched.insert({key.ns, before->second.service});
  if (next) touched.insert({key.ns, next->service});
  std::map<ObjectKey, api::Endpoints> endpoints_before;
  for (const auto& service : touched) endpoints_before[service] = endpoints_of(service);
  remove_slice(key);
  if (next) {
    update_index(slices_of, {key.ns, next->service}, key, true);
    slices.insert_or_assign(key, *std::move(next));
  }
  for (const auto& [service, before] : endpoints_before) {
    const api::Endpoints after = endpoints_of(service);
    if (after.ready != before.ready) {
      impact.at_once.merge(found(by_service, service));
    } else if (after.total != before.total) {
      impact.soon.merge(found(by_service, service));
    }
  }
  return impact;
}

Impact ClusterCache::Data::apply_route(ChangeKind change, const ObjectKey& key, std::string_view json) {
  Impact impact;
  const auto before = routes.find(key);
  if (change == ChangeKind::Deleted) {
    if (before == routes.end()) return impact;
    routes.erase(before);
    impact.at_once = found(by_route, key);
    return impact;
  }
  Version version = read_version(json);
  // Only what a person or we ourselves asked for counts, not the status that the gateway writes.
  const bool is_echo = before != routes.end() && before->second.generation == version.generation;
  if (!is_echo) impact.at_once = found(by_route, key);
  routes.insert_or_assign(key,
                          Route{std::string{json}, std::move(version.resource_version), version.generation});
  return impact;
}

void ClusterCache::Data::index(const api::LoadBalancedService& service, bool add) {
  const std::string& ns = service.key.ns;
  for (const auto& backend : service.spec.backends) {
    if (backend.workload) update_index(by_workload, {ns, backend.workload->name}, service.key, add);
    if (backend.service) update_index(by_service, {ns, backend.service->name}, service.key, add);
  }
  for (const auto& route : service.spec.routes)
    update_index(by_route, {ns, route.object_name}, service.key, add);
}

void ClusterCache::Data::add_rivals(const api::LoadBalancedService& service,
                                    std::set<ObjectKey>& keys) const {
  const std::string& ns = service.key.ns;
  for (const auto& backend : service.spec.backends) {
    if (backend.workload) keys.merge(found(by_workload, {ns, backend.workload->name}));
  }
  for (const auto& route : service.spec.routes) keys.merge(found(by_route, {ns, route.object_name}));
}

api::Endpoints ClusterCache::Data::endpoints_of(const ObjectKey& service) const {
  // One pod is in two slices where the Service has two address families.
  std::map<std::string_view, bool> ready_by_id;
  if (const auto names = slices_of.find(service); names != slices_of.end()) {
    for (const auto& name : names->second) {
      for (const auto& endpoint : slices.at(name).endpoints) ready_by_id[endpoint.id] |= endpoint.ready;
    }
  }
  api::Endpoints endpoints{.ready = 0, .total = static_cast<std::int32_t>(ready_by_id.size())};
  for (const auto& [id, ready] : ready_by_id) endpoints.ready += ready ? 1 : 0;
  return endpoints;
}

void ClusterCache::record_scale(const ObjectKey& deployment, std::int32_t before, std::int32_t replicas) {
  data_.with([&](Data& data) {
    const auto found = data.deployments.find(deployment);
    if (found == data.deployments.end() || found->second.spec_replicas != before) return;
    found->second.spec_replicas = replicas;
  });
}

void ClusterCache::record_route(const ObjectKey& route, const std::string& before, std::string json) {
  Version version = read_version(json);
  data_.with([&](Data& data) {
    const auto found = data.routes.find(route);
    if (found == data.routes.end() || found->second.resource_version != before) return;
    found->second = Route{std::move(json), std::move(version.resource_version), version.generation};
  });
}

std::string ClusterCache::route_version(const ObjectKey& route) const {
  return data_.with([&](const Data& data) {
    const auto found = data.routes.find(route);
    return found == data.routes.end() ? std::string{} : found->second.resource_version;
  });
}

std::set<ObjectKey> ClusterCache::set_routes_served(bool served) {
  return data_.with([&](Data& data) {
    std::set<ObjectKey> concerned;
    if (data.routes_served == served) return concerned;
    data.routes_served = served;
    for (const auto& [route, keys] : data.by_route) concerned.insert(keys.begin(), keys.end());
    return concerned;
  });
}

}  // namespace evenkeel::controller
