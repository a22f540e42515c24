#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string_view>

#include "evenkeel/base/apportion.hpp"
#include "evenkeel/plan/plan.hpp"

#include "status_conditions.hpp"

namespace evenkeel::plan {
namespace {

std::int32_t saturated(std::int64_t value) {
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(value, 0, std::numeric_limits<std::int32_t>::max()));
}

const api::BackendObservation& seen_of(const api::Snapshot& snapshot, const std::string& backend) {
  static const api::BackendObservation kNothing;
  const auto found = snapshot.backends.find(backend);
  return found == snapshot.backends.end() ? kNothing : found->second;
}

/// Shares as whole thousandths that add up to 1000.
template <class Share>
std::vector<std::int32_t> permille(const api::Snapshot& snapshot,
                                   const api::Decision& decision,
                                   Share share) {
  std::vector<double> shares;
  for (const auto& backend : snapshot.service.spec.backends) {
    const auto found = decision.backends.find(backend.name);
    shares.push_back(found == decision.backends.end() ? 0.0 : share(found->second));
  }
  return apportion(shares, 1000);
}

/// "80" or "33.3".
std::string percent_text(std::int32_t permille) {
  std::string text = std::to_string(permille / 10);
  if (permille % 10 != 0) text += "." + std::to_string(permille % 10);
  return text;
}

void fill_backends(const api::Snapshot& snapshot, const api::Decision& decision, api::Status& status) {
  const auto weights = permille(snapshot, decision, [](const auto& backend) { return backend.weight; });
  const auto targets =
      permille(snapshot, decision, [](const auto& backend) { return backend.target_weight; });
  std::int64_t existing = 0;
  std::int64_t desired = 0;
  const auto& backends = snapshot.service.spec.backends;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    const auto& declared = backends[i];
    const auto& seen = seen_of(snapshot, declared.name);
    api::BackendStatus backend;
    backend.name = declared.name;
    backend.tier = declared.tier;
    backend.share_permille = weights[i];
    backend.target_share_permille = targets[i];
    if (seen.observed_weight && std::isfinite(*seen.observed_weight)) {
      backend.observed_share_permille =
          static_cast<std::int32_t>(std::lround(std::clamp(*seen.observed_weight, 0.0, 100.0) * 10));
    }
    backend.replicas = seen.status_replicas;
    backend.ready_replicas = seen.endpoints ? seen.endpoints->ready : seen.ready_replicas;
    if (const auto found = decision.backends.find(declared.name); found != decision.backends.end()) {
      backend.state = found->second.state;
      backend.desired_replicas = found->second.replicas;
      backend.reason = found->second.reason;
      // In whole seconds, as it is written: what is read back must be the same.
      if (const auto until = found->second.ejected_until) {
        backend.ejected_until = std::chrono::ceil<std::chrono::seconds>(*until);
      }
      backend.ejections = found->second.ejections;
    }
    existing += seen.status_replicas.value_or(0);
    desired += backend.desired_replicas.value_or(seen.spec_replicas.value_or(0));
    status.weights += (i == 0 ? "" : ",") + declared.name + "=" + percent_text(weights[i]);
    status.backends.push_back(std::move(backend));
  }
  status.replicas = saturated(existing);
  status.desired_replicas = saturated(desired);
  if (backends.size() == 1) status.selector = seen_of(snapshot, backends.front().name).selector;
}

/// The entry of the same route in an older status.
const api::RouteStatus* same_route(const api::Status& status, const api::RouteStatus& route) {
  const auto found = std::ranges::find_if(status.routes, [&](const api::RouteStatus& other) {
    return other.name == route.name && other.kind == route.kind && other.object_name == route.object_name;
  });
  return found == status.routes.end() ? nullptr : &*found;
}

/// The weights of a route and since when they stand: those of this pass where they are written, else the
/// older ones.
void date_weights(bool stands, const api::RouteStatus* before, WallTime now, api::RouteStatus& route) {
  if (before != nullptr) {
    // How it was before us is what it was when we came.
    if (!before->original_weights.empty()) route.original_weights = before->original_weights;
    if (!stands || before->encoded_weights == route.encoded_weights)
      route.programmed_time = before->programmed_time;
    if (!stands) route.encoded_weights = before->encoded_weights;
  } else if (!stands) {
    route.encoded_weights.clear();
    route.programmed_time.reset();
  }
  if (stands && !route.programmed_time) route.programmed_time = now;
  // Until we have written once there is nothing to go back from.
  if (!stands && (before == nullptr || before->original_weights.empty())) route.original_weights.clear();
}

void fill_routes(const PassOutcome& pass, const api::Status& previous, api::Status& status) {
  for (const auto& outcome : pass.plan.routes) {
    auto route = outcome.status;
    const bool stands = outcome.programmed || (outcome.action && succeeded(pass, *outcome.action));
    date_weights(stands, same_route(previous, route), pass.decision.time, route);
    if (outcome.action && *outcome.action < pass.results.size() &&
        !pass.results[*outcome.action].error.empty()) {
      route.reason = pass.results[*outcome.action].error;
    }
    for (const auto& detail : outcome.approximated) {
      status.unsupported.push_back({.field = "backends.weight",
                                    .provider = route.provider,
                                    .action = "Approximated",
                                    .detail = detail});
    }
    status.routes.push_back(std::move(route));
  }
}

void fill_conditions(const PassOutcome& pass, const api::Status& previous, api::Status& status) {
  for (auto& condition : conditions_of(pass)) {
    api::StatusCondition next{.condition = std::move(condition),
                              .observed_generation = pass.snapshot.service.generation,
                              .last_transition_time = pass.decision.time};
    for (const auto& before : previous.conditions) {
      const bool same = before.condition.type == next.condition.type &&
                        before.condition.status == next.condition.status && before.last_transition_time;
      if (same) next.last_transition_time = before.last_transition_time;
    }
    status.conditions.push_back(std::move(next));
  }
}

std::string summary(const api::Status& status, const api::Decision& decision) {
  std::string text;
  if (decision.total.replicas) text = "replicas " + std::to_string(*decision.total.replicas) + "; ";
  return text + "weights " + status.weights;
}

/// As the CRD has it.
constexpr std::size_t kMaxSteps = 256;

/// Those of the total, then those of each backend in the order of the spec.
std::vector<api::StatusStep> all_steps(const api::Snapshot& snapshot, const api::Decision& decision) {
  std::vector<api::StatusStep> steps;
  steps.reserve(decision.total.steps.size());
  for (const auto& step : decision.total.steps) steps.push_back({.backend = {}, .step = step});
  for (const auto& backend : snapshot.service.spec.backends) {
    const auto found = decision.backends.find(backend.name);
    if (found == decision.backends.end()) continue;
    for (const auto& step : found->second.steps) steps.push_back({.backend = backend.name, .step = step});
  }
  // A longer list would cost the whole status: the API server refuses it.
  if (steps.size() > kMaxSteps) {
    steps.resize(kMaxSteps - 1);
    steps.push_back(
        {.backend = {}, .step = {.step = "LeftOut", .detail = "there were more steps than a status holds"}});
  }
  return steps;
}

bool any_scaled(const PassOutcome& pass) {
  for (std::size_t i = 0; i < pass.plan.actions.size(); ++i) {
    if (pass.plan.actions[i].subresource == "scale" && succeeded(pass, i)) return true;
  }
  return false;
}

}  // namespace

api::Status make_status(const api::Snapshot& snapshot,
                        const api::Decision& decision,
                        const Plan& plan,
                        std::span<const ActionResult> results,
                        const Claims& claims,
                        std::span<const Missing> missing,
                        const api::Status& previous) {
  const PassOutcome pass{.snapshot = snapshot,
                         .decision = decision,
                         .plan = plan,
                         .results = results,
                         .claims = claims,
                         .missing = missing};
  api::Status status;
  fill_conditions(pass, previous, status);
  status.observed_generation = snapshot.service.generation;
  fill_backends(snapshot, decision, status);
  status.active_tier = decision.active_tier;
  fill_routes(pass, previous, status);
  status.signals = decision.signals;
  status.last_decision = {
      .time = decision.time, .summary = summary(status, decision), .steps = all_steps(snapshot, decision)};
  status.last_scale_time = any_scaled(pass) ? std::optional{decision.time} : previous.last_scale_time;
  status.memory = decision.memory;
  return status;
}

}  // namespace evenkeel::plan
