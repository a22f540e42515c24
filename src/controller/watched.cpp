#include "watched.hpp"

namespace evenkeel::controller {

const char* to_string(Watched kind) noexcept {
  switch (kind) {
    case Watched::LoadBalancedService:
      return "loadbalancedservices";
    case Watched::Deployment:
      return "deployments";
    case Watched::Service:
      return "services";
    case Watched::EndpointSlice:
      return "endpointslices";
    case Watched::HttpRoute:
      return "httproutes";
  }
  return "unknown";
}

kube::Resource resource_of(Watched kind) {
  const char* const plural = to_string(kind);
  switch (kind) {
    case Watched::LoadBalancedService:
      return {"evenkeel.dev", "v1alpha1", plural};
    case Watched::Deployment:
      return {"apps", "v1", plural};
    case Watched::Service:
      return {"", "v1", plural};
    case Watched::EndpointSlice:
      return {"discovery.k8s.io", "v1", plural};
    case Watched::HttpRoute:
      return {"gateway.networking.k8s.io", "v1", plural};
  }
  return {};
}

}  // namespace evenkeel::controller
