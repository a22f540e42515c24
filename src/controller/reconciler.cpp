#include "reconciler.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "evenkeel/base/time_format.hpp"
#include "evenkeel/plan/conditions.hpp"
#include "evenkeel/plan/decide.hpp"
#include "evenkeel/plan/plan.hpp"

namespace evenkeel::controller {
namespace {

std::string unreadable_status(const UnreadableService& service, WallTime now) {
  nlohmann::json conditions = nlohmann::json::array();
  for (const auto& condition : plan::conditions_of_unreadable(service.problem)) {
    conditions.push_back({{"type", condition.type},
                          {"status", api::to_string(condition.status)},
                          {"reason", condition.reason},
                          {"message", condition.message},
                          {"observedGeneration", service.generation},
                          {"lastTransitionTime", format_rfc3339_seconds(now)}});
  }
  return nlohmann::json{
      {"status", {{"conditions", std::move(conditions)}, {"observedGeneration", service.generation}}}}
      .dump();
}

/// The error that says most about what to do next: one that a person must mend before one that passes.
std::optional<Error> first_error(const Written& written) {
  std::optional<Error> passing;
  for (const auto& error : written.errors) {
    if (!error) continue;
    if (!is_retryable(error->kind)) return error;
    if (!passing) passing = error;
  }
  return passing;
}

bool lost_a_race(const Written& written) {
  const auto error = first_error(written);
  return error && error->kind == ErrorKind::Conflict;
}

}  // namespace

Result<Done> Reconciler::reconcile(const ObjectKey& key) {
  const auto world = deps_.cache.world(key);
  if (!world) {
    forget(key);
    return Done{};
  }
  if (world->unreadable) {
    return reconcile_unreadable(key, *world->unreadable, *state_of(key, world->unreadable->uid));
  }
  // Nothing of ours has to be undone, so an object on its way out is left alone.
  if (world->service->deleting) return Done{};
  return reconcile_readable(*world, *state_of(key, world->service->service.uid));
}

std::shared_ptr<ObjectState> Reconciler::state_of(const ObjectKey& key, const std::string& uid) {
  return states_.with([&](auto& states) {
    auto& state = states[key];
    // Another object under the same name inherits nothing.
    if (!state || state->uid != uid) {
      state = std::make_shared<ObjectState>();
      state->uid = uid;
    }
    return state;
  });
}

void Reconciler::forget(const ObjectKey& key) {
  states_.with([&](auto& states) { states.erase(key); });
  deps_.metrics.drop_object(key);
}

Result<Done> Reconciler::reconcile_unreadable(const ObjectKey& key,
                                              const UnreadableService& service,
                                              ObjectState& state) {
  if (state.unreadable_told != service.problem) {
    deps_.reporter.report_unreadable(key, service.uid, service.problem);
    state.unreadable_told = service.problem;
    state.unreadable_written.reset();
  }
  if (state.unreadable_written == service.generation) return Done{};
  state.status.reset();
  const auto sent =
      deps_.writer.write_status(key, service.uid, unreadable_status(service, deps_.clock.wall()));
  if (sent.ok()) state.unreadable_written = service.generation;
  return sent;
}

Result<Done> Reconciler::reconcile_readable(const World& world, ObjectState& state) {
  const api::ObservedService& observed = *world.service;
  state.unreadable_told.clear();
  state.unreadable_written.reset();
  const Samples samples = deps_.samples();
  if (!samples->covers(observed.service, deps_.presets)) {
    // Deciding now would take "not read yet" for "cannot be read".
    deps_.await_samples(observed.service.key);
    return Done{};
  }
  const WallTime now = deps_.clock.wall();
  const Gathered gathered = gather({.world = world,
                                    .state = state,
                                    .samples = *samples,
                                    .presets = deps_.presets,
                                    .settings = settings_,
                                    .time_zones = deps_.time_zones,
                                    .now = now});
  const api::Decision decision = plan::decide(gathered.snapshot);
  const plan::Plan plan = plan::plan(gathered.snapshot, decision, gathered.claims);
  const Written written = deps_.writer.apply(gathered.snapshot, plan);

  const api::Status previous = previous_status(observed, state);
  remember(gathered.snapshot, decision, plan, written, state);
  std::vector<api::Event> events = decision.events;
  events.insert(events.end(), plan.events.begin(), plan.events.end());
  deps_.reporter.report(observed.service, events);
  // Somebody wrote at the same moment: what matters now is to decide again, not to tell of a failure that is
  // none.
  if (lost_a_race(written) && ++state.races_lost <= kRacesUntold) return *first_error(written);
  state.races_lost = 0;

  const api::Status next = plan::make_status(
      gathered.snapshot, decision, plan, written.results(), gathered.claims, gathered.missing, previous);
  deps_.reporter.report(observed.service, plan::transition_events(previous, next));
  deps_.metrics.set_object(observed.service.key, figures_of(gathered.snapshot, decision, next));
  auto updated = update_status(world, next, state, now);
  if (auto error = first_error(written)) return *std::move(error);
  return updated;
}

void Reconciler::remember(const api::Snapshot& snapshot,
                          const api::Decision& decision,
                          const plan::Plan& plan,
                          const Written& written,
                          ObjectState& state) {
  state.memory = decision.memory;
  if (state.active_tier && decision.active_tier && *state.active_tier != *decision.active_tier) {
    deps_.metrics.count_failover(snapshot.service.key, *state.active_tier, *decision.active_tier);
  }
  if (decision.active_tier) state.active_tier = decision.active_tier;
  if (snapshot.service.spec.mode != api::Mode::Enforce) return;
  // A share counts as set once no route is left that should say so and does not.
  for (std::size_t i = 0; i < plan.actions.size(); ++i) {
    if (plan.actions[i].subresource.empty() && written.errors[i]) return;
  }
  state.weights.clear();
  for (const auto& [name, backend] : decision.backends) state.weights.emplace(name, backend.weight);
}

Result<Done> Reconciler::update_status(const World& world,
                                       const api::Status& next,
                                       ObjectState& state,
                                       WallTime now) {
  const api::ObservedService& observed = *world.service;
  if (!plan::status_needs_write(previous_status(observed, state), next, now)) return Done{};
  const auto sent =
      deps_.writer.write_status(observed.service.key, observed.service.uid, api::print_status_patch(next));
  if (!sent.ok()) return sent.error();
  state.status = next;
  state.status_written_over = observed.resource_version;
  return Done{};
}

}  // namespace evenkeel::controller
