#pragma once

#include "evenkeel/kube/resource.hpp"

namespace evenkeel::controller {

/// What is watched.
enum class Watched { LoadBalancedService, Deployment, Service, EndpointSlice, HttpRoute };

/// The plural, as in paths; a label value.
[[nodiscard]] const char* to_string(Watched kind) noexcept;

[[nodiscard]] kube::Resource resource_of(Watched kind);

}  // namespace evenkeel::controller
