#pragma once

#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"

namespace evenkeel::plan {

/// All ten conditions of docs/api.md, in its order, for an object whose spec cannot be read: nothing is known
/// but that, and why.
/// @param problem  what is wrong with the spec, for people.
[[nodiscard]] std::vector<api::Condition> conditions_of_unreadable(const std::string& problem);

}  // namespace evenkeel::plan
