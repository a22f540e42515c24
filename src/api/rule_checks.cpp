#include "rule_checks.hpp"

#include <algorithm>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "evenkeel/base/quantity.hpp"

namespace evenkeel::api::checks {

using nlohmann::json;

namespace {

/// string(self) of an int-or-string.
std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::to_string(whole(value));
}

std::int64_t whole_or(const json& object, const char* name, std::int64_t otherwise) {
  const auto member = object.find(name);
  return member == object.end() ? otherwise : whole(*member);
}

/// The items of `object`.`list`.`items`, or none where one of the two is absent.
const json& items_of(const json& object, const char* list, const char* items) {
  static const json kNothing = json::array();
  const auto outer = object.find(list);
  if (outer == object.end()) return kNothing;
  const auto inner = outer->find(items);
  return inner == outer->end() ? kNothing : *inner;
}

std::int64_t tier_0_minimums(const json& spec) {
  std::int64_t sum = 0;
  for (const auto& backend : spec["backends"]) {
    if (whole(backend["tier"]) == 0) sum += std::max<std::int64_t>(1, whole_or(backend, "minReplicas", 1));
  }
  return sum;
}

bool has_preset(const json& item) {
  return has(item, "preset");
}

bool can_be_load(const json& metric) {
  return metric["target"]["type"] == "AverageValue" &&
         (!has(metric, "scope") || metric["scope"] == "Service") && !is_resource(metric);
}

std::optional<Quantity> quantity_at(const json& object, const char* name) {
  return Quantity::parse(text_of(object[name]));
}

}  // namespace

bool has(const json& object, const char* name) {
  return object.contains(name);
}

std::int64_t whole(const json& value) {
  if (!value.is_number_float()) return value.get<std::int64_t>();
  // Rules also see what the bounds refuse; no bound comes near where this saturates.
  constexpr double kMost = 9e15;
  return static_cast<std::int64_t>(std::clamp(value.get<double>(), -kMost, kMost));
}

bool every(const json& list, bool (*holds)(const json&)) {
  return std::ranges::all_of(list, holds);
}

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
  return !has(self, "scaling") || tier_0_minimums(self) <= whole(self["scaling"]["maxReplicas"]);
}

bool tier_0_minimums_fit_schedules(const json& self) {
  const auto sum = tier_0_minimums(self);
  return std::ranges::all_of(items_of(self, "scaling", "schedules"),
                             [&](const json& s) { return sum <= whole_or(s, "maxReplicas", sum); });
}

bool is_resource(const json& metric) {
  return has(metric, "preset") &&
         (metric["preset"] == "CPUUtilization" || metric["preset"] == "MemoryUtilization");
}

bool presets_have_services(const json& self) {
  const bool any =
      std::ranges::any_of(items_of(self, "scaling", "metrics"),
                          [](const json& metric) { return has_preset(metric) && !is_resource(metric); }) ||
      std::ranges::any_of(items_of(self, "health", "signals"), has_preset) ||
      std::ranges::any_of(items_of(self, "balancing", "signals"), has_preset);
  return !any || every(self["backends"], has_service);
}

bool has_capacity(const json& backend) {
  return has(backend, "capacityPerReplica");
}

bool capacity_has_a_unit(const json& self) {
  return std::ranges::none_of(self["backends"], has_capacity) ||
         std::ranges::any_of(items_of(self, "scaling", "metrics"), can_be_load);
}

bool minimum_shares_fit(const json& self) {
  if (!has(self, "balancing")) return true;
  return static_cast<std::int64_t>(self["backends"].size()) * whole(self["balancing"]["minSharePercent"]) <=
         100;
}

bool signal_names_differ(const json& self) {
  const auto& metrics = items_of(self, "scaling", "metrics");
  return std::ranges::none_of(items_of(self, "health", "signals"), [&](const json& signal) {
    return std::ranges::any_of(metrics, [&](const json& metric) { return metric["name"] == signal["name"]; });
  });
}

bool can_wake(const json& scaling) {
  return std::ranges::any_of(scaling["metrics"], [](const json& metric) {
    return has(metric, "activation") && (!has(metric, "scope") || metric["scope"] != "Pod") &&
           !is_resource(metric);
  });
}

bool schedules_can_wake(const json& self) {
  const bool any_zero = std::ranges::any_of(self.value("schedules", json::array()),
                                            [](const json& s) { return whole_or(s, "minReplicas", 1) == 0; });
  return !any_zero || can_wake(self);
}

bool schedules_have_room(const json& self) {
  return std::ranges::all_of(self.value("schedules", json::array()), [&](const json& s) {
    return whole_or(s, "minReplicas", whole(self["minReplicas"])) <=
           whole_or(s, "maxReplicas", whole(self["maxReplicas"]));
  });
}

bool load_metric_is_one(const json& self) {
  return !has(self, "loadMetric") || std::ranges::any_of(self["metrics"], [&](const json& metric) {
    return metric["name"] == self["loadMetric"] && can_be_load(metric);
  });
}

bool is_ratio_or_latency(const json& metric) {
  if (!has(metric, "preset")) return false;
  const auto& preset = metric["preset"];
  return preset == "LatencyP50" || preset == "LatencyP90" || preset == "LatencyP99" || preset == "ErrorRatio";
}

bool is_utilization(const json& target) {
  return target["type"] == "Utilization";
}

bool is_fallback(const json& missing) {
  return missing["policy"] == "Fallback";
}

bool is_positive(const json& object, const char* name) {
  if (!has(object, name)) return true;
  const auto quantity = quantity_at(object, name);
  return quantity && quantity->milli() > 0;
}

bool is_not_negative(const json& object, const char* name) {
  if (!has(object, name)) return true;
  const auto quantity = quantity_at(object, name);
  return quantity && quantity->milli() >= 0;
}

bool thresholds_are_ordered(const json& self) {
  if (!has(self, "min") || !has(self, "max")) return true;
  const auto min = quantity_at(self, "min");
  const auto max = quantity_at(self, "max");
  return !min || !max || *min <= *max;
}

bool port_is_valid(const json& self) {
  if (!has(self, "port")) return true;
  const auto& port = self["port"];
  if (!port.is_string()) return whole(port) >= 1 && whole(port) <= 65535;
  static const std::regex kPortName{"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"};
  static const std::regex kLetter{"[a-z]"};
  const auto name = port.get<std::string>();
  return name.size() <= 15 && std::regex_search(name, kPortName) && std::regex_search(name, kLetter);
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
  static const std::regex kLabelName{"^[a-zA-Z_][a-zA-Z0-9_]*$"};
  for (const auto& [key, value] : self.items()) {
    if (key.size() > 63 || !std::regex_search(key, kLabelName)) return false;
  }
  return true;
}

bool is_cron(const json& self) {
  constexpr std::string_view kBefore = "self.matches('(?i)";
  constexpr std::string_view kAfter = "')";
  static const std::regex kCron{
      kCronRule.begin() + kBefore.size(), kCronRule.end() - kAfter.size(), std::regex::icase};
  return std::regex_search(self.get<std::string>(), kCron);
}

}  // namespace evenkeel::api::checks
