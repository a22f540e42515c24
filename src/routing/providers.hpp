#pragma once

#include "evenkeel/routing/provider.hpp"

namespace evenkeel::routing {

/// One for every file of this folder that writes a kind of object. They hold no state.
[[nodiscard]] const Provider& http_route_provider();

}  // namespace evenkeel::routing
