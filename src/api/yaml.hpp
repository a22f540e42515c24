#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace evenkeel::api {

struct YamlProblem {
  std::string field;  ///< Path of the value; empty where the text itself cannot be read.
  std::string message;
  int line = 0;  ///< 1-based.
};

struct YamlDocument {
  nlohmann::json value;
  std::map<std::string, int, std::less<>> lines;  ///< Path ("spec.backends[0].name") -> 1-based line.
  std::vector<YamlProblem> problems;              ///< Keys that are there twice.
};

struct YamlStream {
  std::vector<YamlDocument> documents;
  std::optional<YamlProblem> problem;  ///< Why reading stopped; `documents` holds those before.
};

/// Reads YAML (or JSON) text as kubectl does: its scalar types (`yes` is true, 010 is 8, dates are text),
/// anchors expanded within a budget. Merge keys (`<<`) are refused.
[[nodiscard]] YamlStream read_yaml(std::string_view text);

/// The value of an unquoted scalar.
[[nodiscard]] nlohmann::json resolve_scalar(const std::string& text);

}  // namespace evenkeel::api
