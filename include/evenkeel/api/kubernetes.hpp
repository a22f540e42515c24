#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/object_key.hpp"
#include "evenkeel/base/result.hpp"

/// The slices of built-in objects that we use, a few hundred bytes each.
namespace evenkeel::api {

struct Deployment {
  ObjectKey key;
  std::int32_t spec_replicas = 1;
  std::int32_t status_replicas = 0;
  std::int32_t ready_replicas = 0;
  std::int32_t updated_replicas = 0;
  bool rollout = false;  ///< The newest template is not yet what all pods run, or is not yet observed.
  std::string selector;  ///< In selector syntax, for the scale subresource.
};

struct EndpointSlice {
  struct Endpoint {
    std::string id;  ///< UID of the pod behind it, else its first address; equal in IPv4 and IPv6 slices.
    bool ready = false;
  };
  ObjectKey key;
  std::string service;  ///< The Service that it belongs to (label kubernetes.io/service-name).
  std::vector<Endpoint> endpoints;
};

/// Each reads one object as the API server prints it.
/// @return Error{Invalid} naming the field that is missing or of the wrong type.
[[nodiscard]] Result<Deployment> parse_deployment(std::string_view json);
[[nodiscard]] Result<EndpointSlice> parse_endpoint_slice(std::string_view json);

}  // namespace evenkeel::api
