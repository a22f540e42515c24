#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace evenkeel::api {

using RuleCheck = bool (*)(const nlohmann::json& self);

/// The C++ of a CEL rule of the CRD, by its exact text; null when there is none. It is called with `self`
/// only when the whole object has the right types, sizes and enums, as the API server does.
[[nodiscard]] RuleCheck find_rule(std::string_view text);

/// Every text that find_rule() knows; for the test that compares them with the CRD.
[[nodiscard]] std::vector<std::string_view> known_rules();

}  // namespace evenkeel::api
