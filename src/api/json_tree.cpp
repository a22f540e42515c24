#include "json_tree.hpp"

#include "json_field.hpp"

namespace evenkeel::api {
namespace {

using nlohmann::json;
using simdjson::dom::element_type;

/// The depth is bounded by JsonDocument::kMaxDepth.
json convert(simdjson::dom::element element, const std::string& path, std::vector<std::string>& duplicates) {
  switch (element.type()) {
    case element_type::ARRAY: {
      auto items = json::array();
      // Named: in a range-for the temporary result of get_array() would be gone before the first item.
      const simdjson::dom::array elements = element.get_array().value_unsafe();
      for (const auto item : elements) {
        items.push_back(convert(item, path + "[" + std::to_string(items.size()) + "]", duplicates));
      }
      return items;
    }
    case element_type::OBJECT: {
      auto members = json::object();
      const simdjson::dom::object fields = element.get_object().value_unsafe();
      for (const auto member : fields) {
        const std::string name{member.key};
        const auto member_path = path.empty() ? name : std::string{path}.append(".").append(name);
        if (members.contains(name)) duplicates.push_back(member_path);
        members[name] = convert(member.value, member_path, duplicates);
      }
      return members;
    }
    case element_type::INT64:
      return element.get_int64().value_unsafe();
    case element_type::UINT64:
      return element.get_uint64().value_unsafe();
    case element_type::DOUBLE:
      return element.get_double().value_unsafe();
    case element_type::STRING:
      return std::string{element.get_string().value_unsafe()};
    case element_type::BOOL:
      return element.get_bool().value_unsafe();
    case element_type::NULL_VALUE:
      break;
  }
  return nullptr;
}

}  // namespace

JsonTree to_tree(simdjson::dom::element element) {
  JsonTree tree;
  tree.value = convert(element, "", tree.duplicates);
  return tree;
}

Result<JsonTree> read_tree(std::string_view text) {
  JsonDocument document;
  const auto parsed = document.parse(text);
  if (!parsed.ok()) return parsed.error();
  return to_tree(*parsed);
}

}  // namespace evenkeel::api
