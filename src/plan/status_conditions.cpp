#include "status_conditions.hpp"

#include <algorithm>
#include <string_view>

#include "evenkeel/plan/conditions.hpp"

#include "report.hpp"

namespace evenkeel::plan {
namespace {

using api::Condition;
using api::ConditionStatus;

constexpr std::string_view kBackendFields = "spec.backends";
constexpr std::string_view kRouteFields = "spec.routes";

const Missing* first_missing(const PassOutcome& pass, std::string_view fields) {
  const auto found = std::ranges::find_if(pass.missing, [&](const Missing& missing) {
    return std::string_view{missing.field}.starts_with(fields);
  });
  return found == pass.missing.end() ? nullptr : &*found;
}

std::string missing_text(const Missing& missing) {
  return missing.field + ": " + missing.object + " is not there; create it or correct the name";
}

/// A condition of the decision; unknown where it has none.
Condition decided(const PassOutcome& pass, const char* type) {
  for (const auto& condition : pass.decision.conditions) {
    if (condition.type == type) return condition;
  }
  return make_condition(type, ConditionStatus::Unknown, "NotDecided", "nothing was decided about it yet");
}

/// The error of the first failed scale write; empty where none failed.
std::string failed_scaling(const PassOutcome& pass) {
  for (std::size_t i = 0; i < pass.plan.actions.size() && i < pass.results.size(); ++i) {
    const auto& action = pass.plan.actions[i];
    if (action.subresource == "scale" && !pass.results[i].error.empty()) {
      return action.kind + " " + to_string(action.key) + " could not be scaled: " + pass.results[i].error;
    }
  }
  return {};
}

Condition able_to_scale(const PassOutcome& pass) {
  auto error = failed_scaling(pass);
  if (error.empty()) return decided(pass, "AbleToScale");
  return make_condition("AbleToScale", ConditionStatus::False, "FailedUpdateScale", std::move(error));
}

/// The first route that is not as decided, as reason and sentence.
std::optional<Condition> route_problem(const PassOutcome& pass, const RouteOutcome& route) {
  const auto bad = [](const char* reason, std::string message) {
    return make_condition("RoutesProgrammed", ConditionStatus::False, reason, std::move(message));
  };
  if (!route.problem.empty()) return bad(route.problem.c_str(), route.status.reason);
  if (route.programmed) return std::nullopt;
  const std::string object = route.status.kind + " " + route.status.object_name;
  if (pass.snapshot.service.spec.mode != api::Mode::Enforce) {
    return make_condition("RoutesProgrammed",
                          ConditionStatus::Unknown,
                          "NotWritten",
                          object + " has other weights; spec.mode is not Enforce, so it is left as it is");
  }
  if (route.action && succeeded(pass, *route.action)) return std::nullopt;
  if (route.action && *route.action < pass.results.size()) {
    return bad("RouteWriteFailed", object + " could not be written: " + pass.results[*route.action].error);
  }
  return bad("NotWritten", object + " has not been written yet");
}

Condition routes_programmed(const PassOutcome& pass) {
  if (pass.plan.routes.empty()) {
    return make_condition("RoutesProgrammed", ConditionStatus::True, "NoRoutes", "spec.routes is empty");
  }
  if (const auto* missing = first_missing(pass, kRouteFields)) {
    return make_condition(
        "RoutesProgrammed", ConditionStatus::False, "RouteNotFound", missing_text(*missing));
  }
  for (const auto& route : pass.plan.routes) {
    if (auto problem = route_problem(pass, route)) return *problem;
  }
  return make_condition(
      "RoutesProgrammed", ConditionStatus::True, "Programmed", "every route has its weights");
}

Condition fully_expressed(const PassOutcome& pass) {
  for (const auto& route : pass.plan.routes) {
    if (route.approximated.empty()) continue;
    return make_condition(
        "FullyExpressed",
        ConditionStatus::False,
        "WeightsApproximated",
        route.status.kind + " " + route.status.object_name + " " + route.approximated.front());
  }
  return make_condition("FullyExpressed",
                        ConditionStatus::True,
                        "FullyExpressed",
                        "the routes can express all that is declared");
}

Condition conflicted(const PassOutcome& pass) {
  if (pass.claims.lost.empty()) {
    return make_condition(
        "Conflicted", ConditionStatus::False, "NoConflict", "nobody else claims what this names");
  }
  const auto& lost = pass.claims.lost.front();
  return make_condition("Conflicted",
                        ConditionStatus::True,
                        "ClaimedByAnother",
                        lost.field + ": " + lost.object + " belongs to LoadBalancedService " +
                            to_string(lost.holder) + ", which is older; remove it from one of the two");
}

/// The conditions beside the summary, in the order of the API.
struct Rule {
  const char* type;
  Condition (*find)(const PassOutcome&);  ///< Null: as the decision has it.
};
constexpr Rule kRules[] = {{"AbleToScale", able_to_scale},
                           {"SignalsAvailable", nullptr},
                           {"ScalingActive", nullptr},
                           {"ScalingLimited", nullptr},
                           {"RoutesProgrammed", routes_programmed},
                           {"FullyExpressed", fully_expressed},
                           {"WeightsEffective", nullptr},
                           {"FailedOver", nullptr},
                           {"Conflicted", conflicted}};

/// The summary: served, sized and routed as declared, or the first reason why not.
Condition ready(const PassOutcome& pass, std::span<const Condition> others) {
  const auto not_ready = [](const std::string& reason, const std::string& message) {
    return make_condition("Ready", ConditionStatus::False, reason.c_str(), message);
  };
  if (const auto* missing = first_missing(pass, kBackendFields)) {
    return not_ready("BackendNotFound", missing_text(*missing));
  }
  auto summary = decided(pass, "Ready");
  if (summary.status != ConditionStatus::True) return summary;
  // Before the routes: of what is claimed by another this one names the holder.
  if (!pass.claims.lost.empty()) return not_ready("Conflicted", conflicted(pass).message);
  for (const auto& condition : others) {
    const bool is_needed = condition.type == "AbleToScale" || condition.type == "RoutesProgrammed";
    if (is_needed && condition.status == ConditionStatus::False) {
      return not_ready(condition.reason, condition.message);
    }
  }
  return summary;
}

}  // namespace

bool succeeded(const PassOutcome& pass, std::size_t index) {
  return index < pass.results.size() && pass.results[index].error.empty();
}

std::vector<Condition> conditions_of(const PassOutcome& pass) {
  std::vector<Condition> others;
  for (const auto& rule : kRules) others.push_back(rule.find ? rule.find(pass) : decided(pass, rule.type));
  std::vector<Condition> all{ready(pass, others)};
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

std::vector<Condition> conditions_of_unreadable(const std::string& problem) {
  std::vector<Condition> all{make_condition("Ready", ConditionStatus::False, "SpecInvalid", problem)};
  for (const auto& rule : kRules)
    all.push_back(make_condition(rule.type, ConditionStatus::Unknown, "SpecInvalid", problem));
  return all;
}

}  // namespace evenkeel::plan
