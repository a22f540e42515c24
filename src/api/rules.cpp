#include "rules.hpp"

#include <algorithm>
#include <array>

#include "rule_checks.hpp"

namespace evenkeel::api {
namespace {

using namespace checks;
using nlohmann::json;

struct Entry {
  std::string_view text;
  RuleCheck holds;
};

const auto kRules = std::to_array<Entry>({
    // spec
    {"!has(self.replicas) || has(self.scaling)",
     [](const json& self) { return !has(self, "replicas") || has(self, "scaling"); }},
    {"!has(self.replicas) || self.replicas != 0 || has(self.scaling) && self.scaling.minReplicas == 0",
     [](const json& self) {
       if (!has(self, "replicas") || whole(self["replicas"]) != 0) return true;
       return has(self, "scaling") && whole(self["scaling"]["minReplicas"]) == 0;
     }},
    {"!has(self.scaling) || self.backends.exists(b, has(b.workloadRef))",
     [](const json& self) {
       return !has(self, "scaling") ||
              std::ranges::any_of(self["backends"], [](const json& b) { return has(b, "workloadRef"); });
     }},
    {"!has(self.scaling) || self.backends.filter(b, b.tier == 0).map(b, has(b.minReplicas) && b.minRe"
     "plicas > 1 ? b.minReplicas : 1).sum() <= self.scaling.maxReplicas",
     tier_0_minimums_fit},
    {"!has(self.scaling) || !has(self.scaling.schedules) || self.scaling.schedules.all(s, !has(s.maxR"
     "eplicas) || self.backends.filter(b, b.tier == 0).map(b, has(b.minReplicas) && b.minReplicas > 1"
     " ? b.minReplicas : 1).sum() <= s.maxReplicas)",
     tier_0_minimums_fit_schedules},
    {"!self.backends.exists(b, has(b.capacityPerReplica)) || has(self.scaling) && self.scaling.metric"
     "s.exists(m, m.target.type == 'AverageValue' && (!has(m.scope) || m.scope == 'Service') && (!has"
     "(m.preset) || !(m.preset in ['CPUUtilization', 'MemoryUtilization'])))",
     capacity_has_a_unit},
    {"!(has(self.scaling) && self.scaling.metrics.exists(m, has(m.preset) && !(m.preset in ['CPUUtili"
     "zation', 'MemoryUtilization'])) || has(self.health) && has(self.health.signals) && self.health."
     "signals.exists(s, has(s.preset)) || has(self.balancing) && has(self.balancing.signals) && self."
     "balancing.signals.exists(s, has(s.preset))) || self.backends.all(b, has(b.serviceRef))",
     presets_have_services},
    {"!has(self.routes) || self.routes.size() == 0 || self.backends.all(b, has(b.serviceRef))",
     [](const json& self) {
       return !has(self, "routes") || self["routes"].empty() || every(self["backends"], has_service);
     }},
    {"!has(self.balancing) || self.backends.size() * self.balancing.minSharePercent <= 100",
     minimum_shares_fit},
    {"!has(self.scaling) || !has(self.health) || !has(self.health.signals) || self.health.signals.all"
     "(s, !self.scaling.metrics.exists(m, m.name == s.name))",
     signal_names_differ},
    // spec.backends
    {"self.size() == 0 || self.exists(b, b.weight != 0)",
     [](const json& self) {
       return self.empty() ||
              std::ranges::any_of(self, [](const json& b) { return whole(b["weight"]) != 0; });
     }},
    {"self.all(b, !has(b.serviceRef) || self.exists_one(c, has(c.serviceRef) && c.serviceRef.name == "
     "b.serviceRef.name))",
     [](const json& self) { return references_differ(self, "serviceRef"); }},
    {"self.all(b, !has(b.workloadRef) || self.exists_one(c, has(c.workloadRef) && c.workloadRef.name "
     "== b.workloadRef.name))",
     [](const json& self) { return references_differ(self, "workloadRef"); }},
    {"self.all(b, has(b.capacityPerReplica)) || !self.exists(b, has(b.capacityPerReplica))",
     [](const json& self) { return every(self, has_capacity) || std::ranges::none_of(self, has_capacity); }},
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
    {"!has(self.capacityPerReplica) || isQuantity(string(self.capacityPerReplica)) && quantity(string"
     "(self.capacityPerReplica)).isGreaterThan(quantity('0'))",
     [](const json& self) { return is_positive(self, "capacityPerReplica"); }},
    // spec.backends[].serviceRef
    {"!has(self.port) || (type(self.port) == int ? self.port >= 1 && self.port <= 65535 : string(self"
     ".port).size() <= 15 && string(self.port).matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && string(s"
     "elf.port).matches('[a-z]'))",
     port_is_valid},
    // spec.routes
    {"self.all(a, self.exists_one(b, b.objectName == a.objectName && (!has(a.ruleName) || !has(b.rule"
     "Name) || a.ruleName == b.ruleName)))",
     routes_differ},
    // spec.balancing.signals[]
    {"has(self.preset) != has(self.query)",
     [](const json& self) { return has(self, "preset") != has(self, "query"); }},
    {"!has(self.match) || has(self.query)",
     [](const json& self) { return !has(self, "match") || has(self, "query"); }},
    {"!has(self.timestampQuery) || has(self.query)",
     [](const json& self) { return !has(self, "timestampQuery") || has(self, "query"); }},
    // spec.balancing.signals[].match
    {"self.all(k, k.size() <= 63 && k.matches('^[a-zA-Z_][a-zA-Z0-9_]*$'))", label_names_are_valid},
    // spec.health.signals[]
    {"has(self.max) || has(self.min)", [](const json& self) { return has(self, "max") || has(self, "min"); }},
    {"!has(self.max) || isQuantity(string(self.max)) && !quantity(string(self.max)).isLessThan(quanti"
     "ty('0'))",
     [](const json& self) { return is_not_negative(self, "max"); }},
    {"!has(self.min) || isQuantity(string(self.min)) && quantity(string(self.min)).isGreaterThan(quan"
     "tity('0'))",
     [](const json& self) { return is_positive(self, "min"); }},
    {"!has(self.max) || !has(self.min) || !isQuantity(string(self.max)) || !isQuantity(string(self.mi"
     "n)) || !quantity(string(self.min)).isGreaterThan(quantity(string(self.max)))",
     thresholds_are_ordered},
    // spec.scaling
    {"self.minReplicas <= self.maxReplicas",
     [](const json& self) { return whole(self["minReplicas"]) <= whole(self["maxReplicas"]); }},
    {"self.minReplicas != 0 || self.metrics.exists(m, has(m.activation) && (!has(m.scope) || m.scope "
     "!= 'Pod') && (!has(m.preset) || !(m.preset in ['CPUUtilization', 'MemoryUtilization'])))",
     [](const json& self) { return whole(self["minReplicas"]) != 0 || can_wake(self); }},
    {"!has(self.schedules) || !self.schedules.exists(s, has(s.minReplicas) && s.minReplicas == 0) || "
     "self.metrics.exists(m, has(m.activation) && (!has(m.scope) || m.scope != 'Pod') && (!has(m.pres"
     "et) || !(m.preset in ['CPUUtilization', 'MemoryUtilization'])))",
     schedules_can_wake},
    {"!has(self.schedules) || self.schedules.all(s, (has(s.minReplicas) ? s.minReplicas : self.minRep"
     "licas) <= (has(s.maxReplicas) ? s.maxReplicas : self.maxReplicas))",
     schedules_have_room},
    {"!has(self.loadMetric) || self.metrics.exists(m, m.name == self.loadMetric && m.target.type == '"
     "AverageValue' && (!has(m.scope) || m.scope == 'Service') && (!has(m.preset) || !(m.preset in ['"
     "CPUUtilization', 'MemoryUtilization'])))",
     load_metric_is_one},
    // spec.scaling.metrics[]
    {"!has(self.preset) || !(self.preset in ['LatencyP50', 'LatencyP90', 'LatencyP99', 'ErrorRatio'])"
     " || self.target.type == 'Value'",
     [](const json& self) { return !is_ratio_or_latency(self) || self["target"]["type"] == "Value"; }},
    {"self.target.type != 'Utilization' || has(self.preset) && self.preset in ['CPUUtilization', 'Mem"
     "oryUtilization']",
     [](const json& self) { return !is_utilization(self["target"]) || is_resource(self); }},
    {"!has(self.preset) || !(self.preset in ['CPUUtilization', 'MemoryUtilization']) || self.target.t"
     "ype != 'Value'",
     [](const json& self) { return !is_resource(self) || self["target"]["type"] != "Value"; }},
    {"!has(self.preset) || !(self.preset in ['CPUUtilization', 'MemoryUtilization']) || !has(self.sco"
     "pe) || self.scope == 'Pod'",
     [](const json& self) { return !is_resource(self) || !has(self, "scope") || self["scope"] == "Pod"; }},
    {"!has(self.container) || has(self.preset) && self.preset in ['CPUUtilization', 'MemoryUtilizatio"
     "n']",
     [](const json& self) { return !has(self, "container") || is_resource(self); }},
    {"!has(self.activation) || isQuantity(string(self.activation)) && !quantity(string(self.activatio"
     "n)).isLessThan(quantity('0'))",
     [](const json& self) { return is_not_negative(self, "activation"); }},
    // spec.scaling.metrics[].target
    {"self.type == 'Utilization' || has(self.value)",
     [](const json& self) { return is_utilization(self) || has(self, "value"); }},
    {"self.type != 'Utilization' || !has(self.value)",
     [](const json& self) { return !is_utilization(self) || !has(self, "value"); }},
    {"self.type != 'Utilization' || has(self.averageUtilization)",
     [](const json& self) { return !is_utilization(self) || has(self, "averageUtilization"); }},
    {"self.type == 'Utilization' || !has(self.averageUtilization)",
     [](const json& self) { return is_utilization(self) || !has(self, "averageUtilization"); }},
    {"!has(self.value) || isQuantity(string(self.value)) && quantity(string(self.value)).isGreaterTha"
     "n(quantity('0'))",
     [](const json& self) { return is_positive(self, "value"); }},
    // spec.scaling.onMissingMetrics
    {"self.policy != 'Fallback' || has(self.replicas)",
     [](const json& self) { return !is_fallback(self) || has(self, "replicas"); }},
    {"self.policy == 'Fallback' || !has(self.replicas)",
     [](const json& self) { return is_fallback(self) || !has(self, "replicas"); }},
    // spec.scaling.schedules[]
    {"has(self.minReplicas) || has(self.maxReplicas)",
     [](const json& self) { return has(self, "minReplicas") || has(self, "maxReplicas"); }},
    {"self.start != self.end", [](const json& self) { return self["start"] != self["end"]; }},
    // spec.scaling.schedules[].start
    {kCronRule, is_cron},
    // spec.scaling.predictive
    {"self.historySeconds >= self.seasonSeconds",
     [](const json& self) { return whole(self["historySeconds"]) >= whole(self["seasonSeconds"]); }},
    // spec.scaling.behavior.scaleUp
    {"!has(self.tolerance) || isQuantity(string(self.tolerance)) && !quantity(string(self.tolerance))"
     ".isLessThan(quantity('0'))",
     [](const json& self) { return is_not_negative(self, "tolerance"); }},
});

}  // namespace

RuleCheck find_rule(std::string_view text) {
  const auto* const entry = std::ranges::find(kRules, text, &Entry::text);
  return entry == kRules.end() ? nullptr : entry->holds;
}

std::vector<std::string_view> known_rules() {
  std::vector<std::string_view> texts;
  texts.reserve(kRules.size());
  for (const auto& entry : kRules) texts.push_back(entry.text);
  return texts;
}

}  // namespace evenkeel::api
