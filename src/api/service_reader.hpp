#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/api/validate.hpp"

#include "json_field.hpp"
#include "metadata.hpp"

namespace evenkeel::api {

/// What becomes of fields that the CRD does not know.
enum class UnknownFields {
  Refuse,  ///< As `kubectl apply` does: manifests and snapshots.
  Ignore,  ///< An object of the API server, which may know a newer CRD than we do.
};

/// Complains unless apiVersion and kind of `root`, where given, are those of the CRD.
void check_type(const Field& root);

/// Everything of `metadata` that a decision reads; the spec is left to admit().
[[nodiscard]] LoadBalancedService with_metadata(const Metadata& metadata);

/// The spec in `field`, admitted.
/// @return Error{Invalid} "field: message" of the first violation.
[[nodiscard]] Result<Spec> admit(const Field& field, UnknownFields unknown);

/// Prunes, defaults and checks `spec` in place.
/// @param path where `spec` stands; violations begin with it.
[[nodiscard]] std::vector<Violation> admit_spec(nlohmann::json& spec,
                                                const std::string& path,
                                                UnknownFields unknown);

/// The spec of an admitted tree.
[[nodiscard]] Spec to_spec(const nlohmann::json& spec);

}  // namespace evenkeel::api
