#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/api/kubernetes.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/api/status.hpp"
#include "evenkeel/base/guarded.hpp"
#include "evenkeel/base/object_key.hpp"
#include "evenkeel/kube/reflector.hpp"

#include "watched.hpp"

namespace evenkeel::controller {

/// Which LoadBalancedServices a change concerns, and how urgently.
struct Impact {
  std::set<ObjectKey> at_once;  ///< What traffic or sizes depend on has changed.
  std::set<ObjectKey> soon;     ///< Only figures for the status have: several such changes make one pass.
  std::string problem;          ///< The object could not be read; says which field. Empty: it could.
};

/// An object that cannot be read: what its status and events need all the same.
struct UnreadableService {
  std::string uid;
  std::int64_t generation = 0;
  std::string problem;
};

/// All that the caches know about one LoadBalancedService.
struct World {
  std::shared_ptr<const api::ObservedService> service;  ///< Null where `unreadable` is set.
  std::optional<UnreadableService> unreadable;
  std::vector<std::shared_ptr<const api::ObservedService>> rivals;  ///< Others that name something it names.
  std::map<std::string, api::Deployment> deployments;               ///< By name; absent: there is none.
  std::map<std::string, api::Endpoints> endpoints;  ///< By name of the Service; one for each named.
  std::set<std::string> services;                   ///< Those that exist.
  std::map<std::string, api::RouteObject> routes;   ///< By name; absent: there is none.
  bool routes_served = true;                        ///< The API server knows the kind HTTPRoute.
};

/// The last known state of everything that is watched, with indexes from what an object names to the object.
/// Thread-safe.
class ClusterCache {
 public:
  /// Takes in one change as a reflector reports it.
  Impact apply(Watched kind, kube::ChangeKind change, const ObjectKey& key, std::string_view json);

  /// Our own successful writes, so that the next pass sees them before their echo arrives. They count only
  /// while the cache holds what it held before the write (`before`): what a watch has delivered since is that
  /// echo, or newer, and nothing would bring it back.
  void record_scale(const ObjectKey& deployment, std::int32_t before, std::int32_t replicas);
  void record_route(const ObjectKey& route, const std::string& before, std::string json);
  /// The resourceVersion of a route; empty: there is none.
  [[nodiscard]] std::string route_version(const ObjectKey& route) const;

  /// Whether the API server knows HTTPRoutes. @return the objects with routes, when that has changed.
  std::set<ObjectKey> set_routes_served(bool served);

  /// Empty: there is no such object.
  [[nodiscard]] std::optional<World> world(const ObjectKey& key) const;
  [[nodiscard]] std::vector<ObjectKey> keys() const;
  [[nodiscard]] std::vector<std::shared_ptr<const api::ObservedService>> services() const;

 private:
  using Index = std::map<ObjectKey, std::set<ObjectKey>>;  // Named object -> LoadBalancedServices.

  struct Entry {
    std::shared_ptr<const api::ObservedService> observed;
    std::optional<UnreadableService> unreadable;
  };
  struct Route {
    std::string json;
    std::string resource_version;
    std::int64_t generation = 0;
  };
  struct Data {
    std::map<ObjectKey, Entry> entries;
    std::map<ObjectKey, api::Deployment> deployments;
    std::set<ObjectKey> services;
    std::map<ObjectKey, api::EndpointSlice> slices;
    std::map<ObjectKey, std::set<ObjectKey>> slices_of;  // Service -> its slices.
    std::map<ObjectKey, Route> routes;
    Index by_workload;
    Index by_service;
    Index by_route;
    bool routes_served = true;

    Impact apply_load_balanced_service(kube::ChangeKind change, const ObjectKey& key, std::string_view json);
    Impact apply_deployment(kube::ChangeKind change, const ObjectKey& key, std::string_view json);
    Impact apply_service(kube::ChangeKind change, const ObjectKey& key);
    Impact apply_slice(kube::ChangeKind change, const ObjectKey& key, std::string_view json);
    Impact apply_route(kube::ChangeKind change, const ObjectKey& key, std::string_view json);

    void index(const api::LoadBalancedService& service, bool add);
    void add_rivals(const api::LoadBalancedService& service, std::set<ObjectKey>& keys) const;
    [[nodiscard]] api::Endpoints endpoints_of(const ObjectKey& service) const;
    [[nodiscard]] std::optional<World> world(const ObjectKey& key) const;
    void add_backend(const std::string& ns, const api::Backend& backend, World& world) const;
    void add_route(const std::string& ns, const api::Route& route, World& world) const;
    void add_rival_objects(World& world) const;
    void remove_slice(const ObjectKey& key);
  };

  Guarded<Data> data_;
};

}  // namespace evenkeel::controller
