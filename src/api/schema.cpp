#include "schema.hpp"

#include <charconv>
#include <map>

#include "evenkeel/api/validate.hpp"

#include "rules.hpp"
#include "yaml.hpp"

namespace evenkeel::api {
namespace {

using nlohmann::json;

/// Compiles one schema node after the other, noting on the way what it has no answer for.
class Compiler {
 public:
  explicit Compiler(Crd& crd) : crd_{crd} {}

  Schema compile(const json& node, const std::string& path) {
    Schema schema;
    schema.type = read_type(node, path);
    for (const auto& [keyword, value] : node.items()) {
      if (!take_structure(schema, keyword, value, path) && !take_bound(schema, keyword, value)) {
        crd_.unknown_keywords.push_back(std::string{path}.append(": ").append(keyword));
      }
    }
    schema.is_open =
        schema.type == Schema::Type::Object && schema.properties.empty() && !schema.additional_properties;
    return schema;
  }

 private:
  Schema::Type read_type(const json& node, const std::string& path) {
    if (node.value("x-kubernetes-int-or-string", false)) return Schema::Type::IntOrString;
    const auto type = node.value("type", "");
    if (type == "object") return Schema::Type::Object;
    if (type == "array") return Schema::Type::Array;
    if (type == "string") return Schema::Type::String;
    if (type == "integer") return Schema::Type::Integer;
    crd_.unknown_keywords.push_back(path + ": type " + type);
    return Schema::Type::Object;
  }

  bool take_structure(Schema& schema,
                      const std::string& keyword,
                      const json& value,
                      const std::string& path) {
    if (keyword == "properties") {
      for (const auto& [name, child] : value.items()) {
        schema.properties.emplace(
            name, std::make_unique<Schema>(compile(child, std::string{path}.append(".").append(name))));
      }
    } else if (keyword == "items") {
      schema.items = std::make_unique<Schema>(compile(value, path + "[]"));
    } else if (keyword == "additionalProperties") {
      schema.additional_properties = std::make_unique<Schema>(compile(value, path + ".*"));
    } else if (keyword == "x-kubernetes-validations") {
      for (const auto& rule : value) schema.rules.push_back(compile_rule(rule));
    } else if (keyword == "required") {
      schema.required = value.get<std::vector<std::string>>();
    } else if (keyword == "x-kubernetes-list-map-keys") {
      schema.list_map_keys = value.get<std::vector<std::string>>();
    } else if (keyword == "default") {
      schema.default_value = value;
    } else {
      // The rest says nothing that a value could violate.
      return keyword == "type" || keyword == "description" || keyword == "x-kubernetes-int-or-string" ||
             keyword == "x-kubernetes-list-type";
    }
    return true;
  }

  static bool take_bound(Schema& schema, const std::string& keyword, const json& value) {
    if (keyword == "enum") {
      schema.allowed = value.get<std::vector<std::string>>();
    } else if (keyword == "pattern") {
      schema.pattern_text = value.get<std::string>();
      schema.pattern = std::regex{schema.pattern_text, std::regex::ECMAScript | std::regex::optimize};
    } else if (keyword == "minimum") {
      schema.minimum = value.get<std::int64_t>();
    } else if (keyword == "maximum") {
      schema.maximum = value.get<std::int64_t>();
    } else if (keyword == "format") {
      // int32 and int64 are covered by the bounds that every integer has; date-time occurs in status only,
      // which validation leaves to its writer.
      return value == "int32" || value == "int64" || value == "date-time";
    } else {
      return take_size(schema, keyword, value);
    }
    return true;
  }

  static bool take_size(Schema& schema, const std::string& keyword, const json& value) {
    const std::map<std::string, std::optional<std::size_t>*> sizes{{"minLength", &schema.min_length},
                                                                   {"maxLength", &schema.max_length},
                                                                   {"minItems", &schema.min_items},
                                                                   {"maxItems", &schema.max_items},
                                                                   {"minProperties", &schema.min_properties},
                                                                   {"maxProperties", &schema.max_properties}};
    const auto size = sizes.find(keyword);
    if (size == sizes.end()) return false;
    *size->second = value.get<std::size_t>();
    return true;
  }

  Rule compile_rule(const json& node) {
    Rule rule;
    rule.text = node.value("rule", "");
    rule.field = node.value("fieldPath", "");
    rule.message = node.value("message", "failed rule: " + rule.text);
    rule.holds = find_rule(rule.text);
    if (rule.holds == nullptr) crd_.unknown_rules.push_back(rule.text);
    return rule;
  }

  Crd& crd_;
};

int read_revision(const json& document) {
  const auto text = document["metadata"]["annotations"].value("evenkeel.dev/schema-revision", "0");
  int revision = 0;
  std::from_chars(text.data(), text.data() + text.size(), revision);
  return revision;
}

}  // namespace

const Schema* Schema::property(std::string_view name) const {
  const auto found = properties.find(name);
  return found == properties.end() ? nullptr : found->second.get();
}

Crd compile_crd(std::string_view yaml) {
  const auto stream = read_yaml(yaml);
  Crd crd;
  json document = stream.documents.at(0).value;
  const auto& version = document.at("spec").at("versions").at(0);
  crd.group = document["spec"]["group"].get<std::string>();
  crd.version = version.at("name").get<std::string>();
  crd.kind = document["spec"]["names"]["kind"].get<std::string>();
  crd.schema_revision = read_revision(document);
  crd.root = Compiler{crd}.compile(version.at("schema").at("openAPIV3Schema"), "");
  return crd;
}

const Crd& built_in_crd() {
  // Constant once made, and made from a text that the tests have compiled: nothing here can fail.
  static const Crd kCrd = compile_crd(crd_yaml());
  return kCrd;
}

int schema_revision() {
  return built_in_crd().schema_revision;
}

}  // namespace evenkeel::api
