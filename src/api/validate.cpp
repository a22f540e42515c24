#include "evenkeel/api/validate.hpp"

#include <algorithm>
#include <array>

#include "service_reader.hpp"
#include "structural.hpp"
#include "yaml.hpp"

namespace evenkeel::api {
namespace {

using nlohmann::json;

/// Line of `field`, or of the nearest thing around it that is in the text.
int line_of(const YamlDocument& document, std::string field) {
  while (true) {
    const auto line = document.lines.find(field);
    if (line != document.lines.end()) return line->second;
    if (field.empty()) return 0;
    const auto end = field.find_last_of(".[");
    field.resize(end == std::string::npos ? 0 : end);
  }
}

std::string text_at(const json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string{};
}

bool is_subdomain(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  char last = '.';
  for (const char c : name) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool first_or_dot = last == '.';
    if (!alphanumeric && c != '-' && c != '.') return false;
    if (!alphanumeric && (first_or_dot || (c == '.' && last == '-'))) return false;
    last = c;
  }
  return last != '-' && last != '.';
}

/// The part of metadata that a manifest is refused for most.
void check_metadata(const json& object, const std::string& prefix, std::vector<Violation>& violations) {
  constexpr std::array<std::string_view, 15> kKnown{"annotations",
                                                    "creationTimestamp",
                                                    "deletionGracePeriodSeconds",
                                                    "deletionTimestamp",
                                                    "finalizers",
                                                    "generateName",
                                                    "generation",
                                                    "labels",
                                                    "managedFields",
                                                    "name",
                                                    "namespace",
                                                    "ownerReferences",
                                                    "resourceVersion",
                                                    "selfLink",
                                                    "uid"};
  const auto path = child_path(prefix, "metadata");
  const auto metadata = object.value("metadata", json::object());
  if (!metadata.is_object()) return violations.push_back({path, "Invalid value: metadata must be an object"});
  for (const auto& [name, value] : metadata.items()) {
    const auto field = child_path(path, name);
    if (std::ranges::find(kKnown, name) == kKnown.end()) violations.push_back(unknown_field(field));
  }
  for (const char* texts : {"labels", "annotations"}) {
    const auto member = metadata.find(texts);
    if (member == metadata.end() || member->is_null()) continue;
    if (!member->is_object() ||
        !std::ranges::all_of(*member, [](const json& text) { return text.is_string(); })) {
      violations.push_back({child_path(path, texts),
                            "Invalid value: every value must be a string: quote numbers and booleans"});
    }
  }
  const auto name = text_at(metadata, "name");
  if (name.empty() && text_at(metadata, "generateName").empty()) {
    violations.push_back({child_path(path, "name"), "Required value: name or generateName is required"});
  } else if (!name.empty() && !is_subdomain(name)) {
    violations.push_back(
        {child_path(path, "name"),
         "Invalid value: \"" + name +
             "\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
             "characters, '-' or '.', and must start and end with an alphanumeric character"});
  }
}

void check_service(json& object, const std::string& prefix, std::vector<Violation>& violations) {
  const auto& crd = built_in_crd();
  check_metadata(object, prefix, violations);
  for (auto& [name, member] : object.items()) {
    const auto* const known = crd.root.property(name);
    const auto field = child_path(prefix, name);
    if (known == nullptr) violations.push_back(unknown_field(field));
    // Values of a status are dropped on creation, but its field names are looked at.
    if (known != nullptr && name == "status") prune(*known, member, field, violations);
  }
  const auto spec = object.find("spec");
  const auto field = child_path(prefix, "spec");
  if (spec == object.end() || spec->is_null()) return violations.push_back({field, "Required value"});
  std::ranges::move(admit_spec(*spec, field, UnknownFields::Refuse), std::back_inserter(violations));
}

/// Checks one object, or the items of a List.
void check_object(json& object, const std::string& prefix, std::vector<Violation>& violations) {
  if (object.is_null()) return;
  if (!object.is_object()) {
    return violations.push_back(
        {prefix, "not a Kubernetes object: a map with apiVersion and kind is expected"});
  }
  const auto& crd = built_in_crd();
  const auto kind = text_at(object, "kind");
  if (kind.empty()) return violations.push_back({child_path(prefix, "kind"), "Required value"});
  const auto items = object.find("items");
  if (kind.ends_with("List") && items != object.end() && items->is_array() && prefix.empty()) {
    for (std::size_t i = 0; i < items->size(); ++i) {
      check_object((*items)[i], "items[" + std::to_string(i) + "]", violations);
    }
    return;
  }
  const auto api_version = text_at(object, "apiVersion");
  const auto wanted = crd.group + "/" + crd.version;
  if (kind == crd.kind && api_version == wanted) return check_service(object, prefix, violations);
  if (kind == crd.kind || api_version.starts_with(crd.group + "/")) {
    violations.push_back({child_path(prefix, kind == crd.kind ? "apiVersion" : "kind"),
                          "no matches for kind \"" + kind + "\" in version \"" + api_version + "\": use " +
                              crd.kind + " of " + wanted});
  }
}

}  // namespace

std::vector<Violation> validate_manifest(std::string_view yaml) {
  std::vector<Violation> violations;
  auto stream = read_yaml(yaml);
  for (auto& document : stream.documents) {
    const auto first = violations.size();
    for (const auto& problem : document.problems) {
      violations.push_back({problem.field, problem.message, problem.line});
    }
    check_object(document.value, "", violations);
    for (auto i = first; i < violations.size(); ++i) {
      auto& violation = violations[i];
      if (violation.line == 0) violation.line = line_of(document, violation.field);
    }
  }
  if (stream.problem) {
    violations.push_back({stream.problem->field, stream.problem->message, stream.problem->line});
  }
  return violations;
}

Result<LoadBalancedService> parse_service(std::string_view json, std::string_view prefix) {
  JsonDocument document;
  const auto parsed = document.parse(json);
  if (!parsed.ok()) return parsed.error();
  Complaint complaint;
  const Field root{*parsed, complaint, prefix};
  check_type(root);
  auto service = with_metadata(read_metadata(root));
  if (!complaint.empty()) return complaint.error();
  auto spec = admit(root["spec"], UnknownFields::Refuse);
  if (!spec.ok()) return spec.error();
  service.spec = *std::move(spec);
  return service;
}

}  // namespace evenkeel::api
