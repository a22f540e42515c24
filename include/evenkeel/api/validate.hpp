#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/base/result.hpp"

namespace evenkeel::api {

/// One complaint about a manifest, as the API server would make it.
struct Violation {
  std::string field;    ///< "spec.backends[0].weight"
  std::string message;  ///< What is wrong and what to do.
  int line = 0;         ///< 1-based line in the file; 0 where unknown.
};

/// Checks every LoadBalancedService document of a YAML (or JSON) file against the CRD that is built in:
/// structure, types, bounds, unknown fields, and its CEL rules. Documents of other kinds are passed over.
/// Empty: all is well. Same verdict and same field as the API server with that CRD.
[[nodiscard]] std::vector<Violation> validate_manifest(std::string_view yaml);

/// Reads one LoadBalancedService object (JSON), defaults applied, rules checked.
/// @return Error{Invalid} "field: message" of the first violation, its path beginning with `prefix`.
[[nodiscard]] Result<LoadBalancedService> parse_service(std::string_view json, std::string_view prefix = "");

/// The revision of the built-in CRD (its annotation evenkeel.dev/schema-revision).
[[nodiscard]] int schema_revision();

/// The built-in CRD, YAML text.
[[nodiscard]] std::string_view crd_yaml();

}  // namespace evenkeel::api
