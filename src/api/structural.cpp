#include "structural.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "json_text.hpp"

namespace evenkeel::api {
namespace {

using nlohmann::json;

std::string item_path(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

bool is_whole(const json& value) {
  if (value.is_number_integer()) return true;
  return value.is_number_float() && value.get<double>() == std::trunc(value.get<double>());
}

const char* type_name(const json& value) {
  switch (value.type()) {
    case json::value_t::object:
      return "object";
    case json::value_t::array:
      return "array";
    case json::value_t::string:
      return "string";
    case json::value_t::boolean:
      return "boolean";
    case json::value_t::number_integer:
    case json::value_t::number_unsigned:
      return "integer";
    case json::value_t::number_float:
      return "number";
    default:
      return "null";
  }
}

const char* expected_type(Schema::Type type) {
  using enum Schema::Type;
  switch (type) {
    case Object:
      return "object";
    case Array:
      return "array";
    case String:
      return "string";
    case Integer:
      return "integer";
    case IntOrString:
      return "integer,string";
  }
  return "";
}

bool has_type(Schema::Type type, const json& value) {
  using enum Schema::Type;
  switch (type) {
    case Object:
      return value.is_object();
    case Array:
      return value.is_array();
    case String:
      return value.is_string();
    case Integer:
      return is_whole(value);
    case IntOrString:
      return value.is_string() || is_whole(value);
  }
  return false;
}

/// Characters, as OpenAPI counts lengths; the text is valid UTF-8 or, from YAML, counted as if it were.
std::size_t length_of(const std::string& text) {
  const auto continues = std::ranges::count_if(text, [](char c) { return (c & 0xC0) == 0x80; });
  return text.size() - static_cast<std::size_t>(continues);
}

/// Walks a value beside its schema and collects what is wrong, in the API server's words.
class Checker {
 public:
  explicit Checker(std::vector<Violation>& violations) : violations_{violations} {}

  void check(const Schema& schema, const json& value, const std::string& path) {
    if (!has_type(schema.type, value)) {
      return shape_broken(path,
                          "Invalid value: \"" + std::string{type_name(value)} + "\": " + path +
                              " in body must be of type " + expected_type(schema.type) + ": \"" +
                              type_name(value) + "\"");
    }
    if (value.is_object()) return check_object(schema, value, path);
    if (value.is_array()) return check_array(schema, value, path);
    if (value.is_string()) return check_text(schema, value.get_ref<const std::string&>(), path);
    check_number(schema, value, path);
  }

  [[nodiscard]] Shape shape() const { return shape_; }

 private:
  void add(const std::string& path, std::string message) {
    violations_.push_back({path, std::move(message)});
  }
  void shape_broken(const std::string& path, std::string message) {
    shape_ = Shape::Broken;
    add(path, std::move(message));
  }
  /// A value outside a bound: "Invalid value: 1001: spec.x in body should be ...".
  void out_of_bounds(const std::string& path, const std::string& value, const std::string& should) {
    add(path, "Invalid value: " + value + ": " + path + " in body should " + should);
  }
  void too_many(const std::string& path, std::size_t size, std::size_t limit) {
    shape_broken(path,
                 "Too many: " + std::to_string(size) + ": must have at most " + std::to_string(limit) +
                     (limit == 1 ? " item" : " items"));
  }

  void check_object(const Schema& schema, const json& value, const std::string& path) {
    if (schema.max_properties && value.size() > *schema.max_properties) {
      too_many(path, value.size(), *schema.max_properties);
    }
    if (schema.min_properties && value.size() < *schema.min_properties) {
      out_of_bounds(path,
                    std::to_string(value.size()),
                    "have at least " + std::to_string(*schema.min_properties) + " properties");
    }
    for (const auto& name : schema.required) {
      if (!value.contains(name)) shape_broken(child_path(path, name), "Required value");
    }
    for (const auto& [name, member] : value.items()) {
      const auto* const declared = schema.property(name);
      if (const auto* const known = declared ? declared : schema.additional_properties.get()) {
        check(*known, member, child_path(path, name));
      }
    }
  }

  void check_array(const Schema& schema, const json& value, const std::string& path) {
    if (schema.max_items && value.size() > *schema.max_items) too_many(path, value.size(), *schema.max_items);
    if (schema.min_items && value.size() < *schema.min_items) {
      out_of_bounds(path,
                    std::to_string(value.size()),
                    "have at least " + std::to_string(*schema.min_items) + " items");
    }
    if (schema.items) {
      for (std::size_t i = 0; i < value.size(); ++i) check(*schema.items, value[i], item_path(path, i));
    }
    check_keys(schema, value, path);
  }

  void check_keys(const Schema& schema, const json& value, const std::string& path) {
    // Like the API server, which compares keys only where every item can have one.
    const bool all_maps = std::ranges::all_of(value, [](const json& item) { return item.is_object(); });
    if (schema.list_map_keys.empty() || !all_maps) return;
    std::map<std::string, int> seen;
    for (std::size_t i = 0; i < value.size(); ++i) {
      auto key = json::object();
      for (const auto& name : schema.list_map_keys) {
        if (value[i].contains(name)) key[name] = value[i][name];
      }
      auto text = key.dump();
      if (++seen[text] == 2) add(item_path(path, i), "Duplicate value: " + text);
    }
  }

  void check_text(const Schema& schema, const std::string& text, const std::string& path) {
    const auto quoted = json(text).dump(-1, ' ', false, json::error_handler_t::replace);
    const auto length = length_of(text);
    if (schema.max_length && length > *schema.max_length) {
      return shape_broken(path,
                          "Too long: may not be more than " + std::to_string(*schema.max_length) + " bytes");
    }
    if (schema.min_length && length < *schema.min_length) {
      out_of_bounds(path, quoted, "be at least " + std::to_string(*schema.min_length) + " chars long");
    }
    if (schema.pattern && !std::regex_search(text, *schema.pattern)) {
      out_of_bounds(path, quoted, "match '" + schema.pattern_text + "'");
    }
    if (!schema.allowed.empty() && std::ranges::find(schema.allowed, text) == schema.allowed.end()) {
      std::string supported;
      for (const auto& word : schema.allowed) supported += (supported.empty() ? "\"" : ", \"") + word + "\"";
      shape_broken(path, "Unsupported value: " + quoted + ": supported values: " + supported);
    }
  }

  void check_number(const Schema& schema, const json& value, const std::string& path) {
    const auto number = value.get<double>();  // Exact up to 2^53, beyond which every bound is passed anyway.
    if (schema.maximum && number > static_cast<double>(*schema.maximum)) {
      out_of_bounds(path, value.dump(), "be less than or equal to " + std::to_string(*schema.maximum));
    }
    if (schema.minimum && number < static_cast<double>(*schema.minimum)) {
      out_of_bounds(path, value.dump(), "be greater than or equal to " + std::to_string(*schema.minimum));
    }
  }

  std::vector<Violation>& violations_;
  Shape shape_ = Shape::Sound;
};

/// The schema of a member, declared or not; null when there is none.
const Schema* schema_of(const Schema& schema, std::string_view name) {
  const auto* const declared = schema.property(name);
  return declared ? declared : schema.additional_properties.get();
}

}  // namespace

Violation unknown_field(const std::string& field) {
  return {field, "unknown field \"" + field + "\"; remove it or correct its name"};
}

std::string child_path(const std::string& path, std::string_view name) {
  return path.empty() ? std::string{quoted_name(name)} : path + "." + std::string{quoted_name(name)};
}

void prune(const Schema& schema, json& value, const std::string& path, std::vector<Violation>& violations) {
  // What stands where something else belongs is looked into all the same: nothing in it is known.
  static const Schema kNothing;
  if (value.is_array()) {
    const auto& items = schema.items ? *schema.items : kNothing;
    for (std::size_t i = 0; i < value.size(); ++i) prune(items, value[i], item_path(path, i), violations);
  }
  if (!value.is_object() || schema.is_open) return;
  for (auto member = value.begin(); member != value.end();) {
    const auto field = child_path(path, member.key());
    if (const auto* const known = schema_of(schema, member.key())) {
      prune(*known, *member, field, violations);
      ++member;
    } else {
      violations.push_back(unknown_field(field));
      member = value.erase(member);
    }
  }
}

void apply_defaults(const Schema& schema, json& value) {
  if (value.is_array() && schema.items) {
    for (auto& item : value) apply_defaults(*schema.items, item);
  }
  if (!value.is_object()) return;
  for (auto member = value.begin(); member != value.end();) {
    member = member->is_null() ? value.erase(member) : std::next(member);
  }
  for (const auto& [name, child] : schema.properties) {
    if (child->default_value && !value.contains(name)) value[name] = *child->default_value;
  }
  for (auto& [name, member] : value.items()) {
    if (const auto* const known = schema_of(schema, name)) apply_defaults(*known, member);
  }
}

Shape check_structure(const Schema& schema,
                      const json& value,
                      const std::string& path,
                      std::vector<Violation>& violations) {
  Checker checker{violations};
  checker.check(schema, value, path);
  return checker.shape();
}

void check_rules(const Schema& schema,
                 const json& value,
                 const std::string& path,
                 std::vector<Violation>& violations) {
  for (const auto& rule : schema.rules) {
    if (rule.holds == nullptr || rule.holds(value)) continue;
    const auto field = rule.field.empty() ? path : child_path(path, std::string_view{rule.field}.substr(1));
    violations.push_back({field, "Invalid value: " + rule.message});
  }
  if (value.is_array() && schema.items) {
    for (std::size_t i = 0; i < value.size(); ++i)
      check_rules(*schema.items, value[i], item_path(path, i), violations);
  }
  if (!value.is_object()) return;
  for (const auto& [name, member] : value.items()) {
    if (const auto* const known = schema_of(schema, name)) {
      check_rules(*known, member, child_path(path, name), violations);
    }
  }
}

}  // namespace evenkeel::api
