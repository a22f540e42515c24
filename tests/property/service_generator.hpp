#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "random.hpp"

namespace evenkeel::property {

using Json = nlohmann::json;

/// What sort of spec is wanted; the rest is left to chance.
struct SpecWishes {
  int min_backends = 1;
  bool always_scaled = false;  ///< `scaling` and a workload for every backend.
  bool simple = false;         ///< No schedule, prediction, manual count, mode or scale to zero.
};

/// A random spec of a LoadBalancedService that the CRD admits, as JSON: what stands under "service.spec" of a
/// snapshot. Every field of the API that the decision reads has its chance.
[[nodiscard]] Json random_spec(Random& random, const SpecWishes& wishes = {});

/// Declares in `spec` a signal for each balancing reading and health check under the names that snapshots
/// use.
/// @return names of `metrics` entries that a snapshot of this spec may carry, scope Backend.
[[nodiscard]] std::vector<std::string> backend_readings(const Json& spec);

}  // namespace evenkeel::property
