#pragma once

#include "evenkeel/base/result.hpp"
#include "evenkeel/kube/api_client.hpp"

namespace evenkeel::controller {

/// Asks the API server whether the CRD is there and new enough.
/// @return an Error whose message says what is wrong and what to apply: NotFound (no CRD), Invalid (too old),
/// or as
///         the API server answered.
[[nodiscard]] Result<Done> check_schema(kube::Api& api, int revision_needed, const kube::Call& call);

}  // namespace evenkeel::controller
