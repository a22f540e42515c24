#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>
#include <simdjson.h>

#include "evenkeel/base/result.hpp"

namespace evenkeel::api {

/// JSON as a tree that can be changed: what defaults are applied to.
struct JsonTree {
  nlohmann::json value;
  std::vector<std::string> duplicates;  ///< Paths of members that are there twice; the last one counts.
};

/// @return Error{Invalid} when `text` is not JSON, or deeper than JsonDocument::kMaxDepth.
[[nodiscard]] Result<JsonTree> read_tree(std::string_view text);
[[nodiscard]] JsonTree to_tree(simdjson::dom::element element);

}  // namespace evenkeel::api
