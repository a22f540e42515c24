#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/base/result.hpp"

/// Weights -> patches for a route object. One file per provider; the rest of the house sees only this header.
/// Everything here is pure and safe to call from any thread.
namespace evenkeel::routing {

/// What a layer can express. One record per provider; facts and sources in docs/routing.md.
struct Capabilities {
  std::string_view provider;     ///< "gateway-api"
  std::string_view kind;         ///< "HTTPRoute"
  std::string_view api_version;  ///< "gateway.networking.k8s.io/v1"
  std::int32_t weight_max = 0;   ///< Largest integer of one weight.
  std::int32_t granularity = 0;  ///< Units that the shares of one rule are divided into.
};

/// One backend with the share it is to get.
struct BackendShare {
  std::string name;  ///< Backend name.
  api::ServiceRef service;
  double share = 0;  ///< Percent of all traffic.
};

/// What has to be done to one route object.
struct RoutePlan {
  std::optional<api::Action> action;  ///< Empty: the object is already as wanted.
  /// Backend -> integer as it will stand after the action, in the first managed rule that names it.
  std::map<std::string, std::int32_t> encoded_weights;
  std::map<std::string, std::int32_t> live_weights;  ///< Backend -> integer found, in the same rule.
  /// Rules that were not touched, each with its reason: no backend that they name is fit.
  std::vector<std::string> left_alone;
  /// Rules whose whole numbers miss a share by more than a point, each with the remedy.
  std::vector<std::string> approximated;
};

class Provider {
 public:
  virtual ~Provider() = default;
  [[nodiscard]] virtual const Capabilities& capabilities() const = 0;

  /// The patch that gives every managed rule of `object` the shares, renormalised over the backends that the
  /// rule names. Touches only weights of our backendRefs; the patch tests what it relies on (resourceVersion
  /// and names). Never leaves a rule with weights of 0 only.
  /// @return Error{Invalid} when the object cannot be managed: no rule refers to any backend, the named rule
  ///         does not exist, two references of one rule mean the same backend; names field and remedy.
  [[nodiscard]] virtual Result<RoutePlan> plan(const api::Route& route,
                                               const api::RouteObject& object,
                                               std::span<const BackendShare> shares) const = 0;

  /// The shares that `object` gives now, percent per backend, mean over those managed rules that name the
  /// most backends: used on adoption. Empty when no rule refers to a backend, or all their weights are 0.
  [[nodiscard]] virtual std::map<std::string, double> live_shares(
      const api::Route& route,
      const api::RouteObject& object,
      std::span<const BackendShare> backends) const = 0;
};

/// The provider for a route, from `provider` or, where that is empty, from `kind`.
/// Null when there is none; `known_providers()` then says what there is.
[[nodiscard]] const Provider* find_provider(const api::Route& route);
[[nodiscard]] std::span<const Provider* const> known_providers();

}  // namespace evenkeel::routing
