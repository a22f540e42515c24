#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "evenkeel/api/validate.hpp"

#include "schema.hpp"

/// What the API server does with an object before it stores it, step by step. Values are changed in place;
/// every step appends to `violations`, whose paths begin with `path`.
namespace evenkeel::api {

/// Takes out what the schema does not know, and complains about it (fieldValidation=Strict).
void prune(const Schema& schema,
           nlohmann::json& value,
           const std::string& path,
           std::vector<Violation>& violations);

/// Fills in defaults. A member that is null counts as absent.
void apply_defaults(const Schema& schema, nlohmann::json& value);

/// Whether rules may be looked at: they rely on types, required fields, enums and sizes being right.
enum class Shape { Sound, Broken };

/// Checks types, bounds, sizes, enums, patterns, required fields and keys that are there twice.
[[nodiscard]] Shape check_structure(const Schema& schema,
                                    const nlohmann::json& value,
                                    const std::string& path,
                                    std::vector<Violation>& violations);

/// Checks the CEL rules. Only for a value whose shape is sound.
void check_rules(const Schema& schema,
                 const nlohmann::json& value,
                 const std::string& path,
                 std::vector<Violation>& violations);

/// The complaint about a field that no schema has.
[[nodiscard]] Violation unknown_field(const std::string& field);

/// `path.name`, or `name` at the root.
[[nodiscard]] std::string child_path(const std::string& path, std::string_view name);

}  // namespace evenkeel::api
