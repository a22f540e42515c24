#include "rules.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <regex>
#include <utility>

#include "evenkeel/base/quantity.hpp"

namespace evenkeel::api {
namespace {

using nlohmann::json;

bool has(const json& object, const char* name) {
  return object.contains(name);
}

std::int64_t whole(const json& value) {
  return value.is_number_float() ? static_cast<std::int64_t>(value.get<double>()) : value.get<std::int64_t>();
}

/// string(self) of an int-or-string.
std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::to_string(whole(value));
}

bool every(const json& list, bool (*holds)(const json&)) {
  return std::ranges::all_of(list, holds);
}

/// No two items of `list` name the same object in `reference`.
bool references_differ(const json& list, const char* reference) {
  std::vector<std::string> names;
  for (const auto& item : list) {
    if (has(item, reference)) names.push_back(item[reference]["name"].get<std::string>());
  }
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) == names.end();
}

bool has_service(const json& backend) {
  return has(backend, "serviceRef");
}

bool tier_0_minimums_fit(const json& self) {
  if (!has(self, "scaling")) return true;
  std::int64_t sum = 0;
  for (const auto& backend : self["backends"]) {
    if (whole(backend["tier"]) == 0) sum += has(backend, "minReplicas") ? whole(backend["minReplicas"]) : 1;
  }
  return sum <= whole(self["scaling"]["maxReplicas"]);
}

bool presets_have_services(const json& self) {
  if (!has(self, "scaling")) return true;
  const auto& metrics = self["scaling"]["metrics"];
  const bool any = std::ranges::any_of(metrics, [](const json& metric) { return has(metric, "preset"); });
  return !any || every(self["backends"], has_service);
}

bool port_is_valid(const json& self) {
  if (!has(self, "port")) return true;
  const auto& port = self["port"];
  if (!port.is_string()) return whole(port) >= 1 && whole(port) <= 65535;
  static const std::regex kName{"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"};
  static const std::regex kLetter{"[a-z]"};
  const auto name = port.get<std::string>();
  return name.size() <= 15 && std::regex_search(name, kName) && std::regex_search(name, kLetter);
}

bool routes_differ(const json& self) {
  const auto overlap = [](const json& a, const json& b) {
    if (a["objectName"] != b["objectName"]) return false;
    return !has(a, "ruleName") || !has(b, "ruleName") || a["ruleName"] == b["ruleName"];
  };
  return std::ranges::all_of(self, [&](const json& a) {
    return std::ranges::count_if(self, [&](const json& b) { return overlap(a, b); }) == 1;
  });
}

bool label_names_are_valid(const json& self) {
  static const std::regex kLabel{"^[a-zA-Z_][a-zA-Z0-9_]*$"};
  for (const auto& [key, value] : self.items()) {
    if (key.size() > 63 || !std::regex_search(key, kLabel)) return false;
  }
  return true;
}

bool tolerance_is_valid(const json& self) {
  if (!has(self, "tolerance")) return true;
  const auto tolerance = Quantity::parse(text_of(self["tolerance"]));
  return tolerance && tolerance->milli() >= 0;
}

struct Entry {
  std::string_view text;
  RuleCheck holds;
};

const auto kRules = std::to_array<Entry>({
    // spec
    {"!has(self.replicas) || has(self.scaling)",
     [](const json& self) { return !has(self, "replicas") || has(self, "scaling"); }},
    {"!has(self.scaling) || self.backends.exists(b, has(b.workloadRef))",
     [](const json& self) {
       return !has(self, "scaling") ||
              std::ranges::any_of(self["backends"], [](const json& b) { return has(b, "workloadRef"); });
     }},
    {"!has(self.scaling) || self.backends.filter(b, b.tier == 0).map(b, has(b.minReplicas) ? b.minReplicas : "
     "1).sum() <= self.scaling.maxReplicas",
     tier_0_minimums_fit},
    {"!has(self.scaling) || !self.scaling.metrics.exists(m, has(m.preset)) || self.backends.all(b, "
     "has(b.serviceRef))",
     presets_have_services},
    {"!has(self.routes) || self.routes.size() == 0 || self.backends.all(b, has(b.serviceRef))",
     [](const json& self) {
       return !has(self, "routes") || self["routes"].empty() || every(self["backends"], has_service);
     }},
    // spec.backends
    {"self.size() == 0 || self.exists(b, b.weight != 0)",
     [](const json& self) {
       return self.empty() ||
              std::ranges::any_of(self, [](const json& b) { return whole(b["weight"]) != 0; });
     }},
    {"self.all(b, !has(b.serviceRef) || self.exists_one(c, has(c.serviceRef) && c.serviceRef.name == "
     "b.serviceRef.name))",
     [](const json& self) { return references_differ(self, "serviceRef"); }},
    {"self.all(b, !has(b.workloadRef) || self.exists_one(c, has(c.workloadRef) && c.workloadRef.name == "
     "b.workloadRef.name))",
     [](const json& self) { return references_differ(self, "workloadRef"); }},
    // spec.backends[]
    {"has(self.workloadRef) || has(self.serviceRef)",
     [](const json& self) { return has(self, "workloadRef") || has(self, "serviceRef"); }},
    {"has(self.workloadRef) || (!has(self.minReplicas) && !has(self.maxReplicas))",
     [](const json& self) {
       return has(self, "workloadRef") || (!has(self, "minReplicas") && !has(self, "maxReplicas"));
     }},
    {"!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
     [](const json& self) {
       return !has(self, "minReplicas") || !has(self, "maxReplicas") ||
              whole(self["minReplicas"]) <= whole(self["maxReplicas"]);
     }},
    {"!has(self.port) || (type(self.port) == int ? self.port >= 1 && self.port <= 65535 : "
     "string(self.port).size() <= 15 && string(self.port).matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && "
     "string(self.port).matches('[a-z]'))",
     port_is_valid},
    // spec.routes
    {"self.all(a, self.exists_one(b, b.objectName == a.objectName && (!has(a.ruleName) || !has(b.ruleName) "
     "|| "
     "a.ruleName == b.ruleName)))",
     routes_differ},
    // spec.scaling
    {"self.minReplicas <= self.maxReplicas",
     [](const json& self) { return whole(self["minReplicas"]) <= whole(self["maxReplicas"]); }},
    // spec.scaling.metrics[]
    {"has(self.preset) != has(self.query)",
     [](const json& self) { return has(self, "preset") != has(self, "query"); }},
    {"!has(self.match) || has(self.query)",
     [](const json& self) { return !has(self, "match") || has(self, "query"); }},
    {"!has(self.timestampQuery) || has(self.query)",
     [](const json& self) { return !has(self, "timestampQuery") || has(self, "query"); }},
    {"!has(self.preset) || self.preset != 'LatencyP99' || self.target.type == 'Value'",
     [](const json& self) {
       return !has(self, "preset") || self["preset"] != "LatencyP99" || self["target"]["type"] == "Value";
     }},
    {"self.all(k, k.size() <= 63 && k.matches('^[a-zA-Z_][a-zA-Z0-9_]*$'))", label_names_are_valid},
    {"isQuantity(string(self.value)) && quantity(string(self.value)).isGreaterThan(quantity('0'))",
     [](const json& self) {
       const auto value = Quantity::parse(text_of(self["value"]));
       return value && value->milli() > 0;
     }},
    // spec.scaling.behavior.*
    {"!has(self.tolerance) || isQuantity(string(self.tolerance)) && "
     "!quantity(string(self.tolerance)).isLessThan(quantity('0'))",
     tolerance_is_valid},
    // spec.replicas
    {"self != 0", [](const json& self) { return whole(self) != 0; }},
});

}  // namespace

RuleCheck find_rule(std::string_view text) {
  const auto* const entry = std::ranges::find(kRules, text, &Entry::text);
  return entry == kRules.end() ? nullptr : entry->holds;
}

std::vector<std::string_view> known_rules() {
  std::vector<std::string_view> texts;
  for (const auto& entry : kRules) texts.push_back(entry.text);
  return texts;
}

}  // namespace evenkeel::api
