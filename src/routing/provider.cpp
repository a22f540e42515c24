#include "evenkeel/routing/provider.hpp"

#include <array>

#include "providers.hpp"

namespace evenkeel::routing {

std::span<const Provider* const> known_providers() {
  static const std::array<const Provider*, 1> kProviders{&http_route_provider()};
  return kProviders;
}

const Provider* find_provider(const api::Route& route) {
  for (const auto* const provider : known_providers()) {
    const auto& layer = provider->capabilities();
    if (layer.kind == route.kind && (route.provider.empty() || route.provider == layer.provider))
      return provider;
  }
  return nullptr;
}

}  // namespace evenkeel::routing
