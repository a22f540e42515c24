#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "rules.hpp"

namespace evenkeel::api {

/// A CEL rule of the CRD with the C++ that answers it.
struct Rule {
  std::string text;
  std::string field;  ///< Relative path that the complaint is about (".maxReplicas"), or empty.
  std::string message;
  RuleCheck holds = nullptr;
};

/// A structural schema, the part of OpenAPI v3 that a CRD may use and ours does.
struct Schema {
  enum class Type { Object, Array, String, Integer, IntOrString };

  Type type = Type::Object;
  std::map<std::string, std::unique_ptr<Schema>, std::less<>> properties;
  std::unique_ptr<Schema> items;
  std::unique_ptr<Schema> additional_properties;
  bool is_open = false;  ///< An object without declared content (metadata): anything goes.
  std::vector<std::string> required;
  std::vector<std::string> list_map_keys;
  std::vector<std::string> allowed;  ///< enum; empty: anything.
  std::optional<std::int64_t> minimum, maximum;
  std::optional<std::size_t> min_length, max_length, min_items, max_items, min_properties, max_properties;
  std::string pattern_text;
  std::optional<std::regex> pattern;
  std::optional<nlohmann::json> default_value;
  std::vector<Rule> rules;

  [[nodiscard]] const Schema* property(std::string_view name) const;
};

/// The CRD that is built in, compiled once.
struct Crd {
  std::string group;
  std::string version;
  std::string kind;
  int schema_revision = 0;
  Schema root;
  std::vector<std::string> unknown_rules;  ///< Rules that the table of rules.cpp lacks. Tests keep it empty.
  std::vector<std::string> unknown_keywords;  ///< Schema keywords that nothing here answers. Likewise.
};

[[nodiscard]] const Crd& built_in_crd();

/// Compiles CRD text; for tests, besides built_in_crd().
[[nodiscard]] Crd compile_crd(std::string_view yaml);

}  // namespace evenkeel::api
