#include "watches.hpp"

#include <utility>

namespace evenkeel::controller {
namespace {

/// Changes that touch nothing but figures in the status are collected for so long.
constexpr std::chrono::milliseconds kSoon{250};

/// A label value, so a closed set.
const char* restart_reason(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Gone:
      return "expired";
    case ErrorKind::Timeout:
      return "timeout";
    case ErrorKind::Unavailable:
    case ErrorKind::Throttled:
      return "unavailable";
    case ErrorKind::NotFound:
      return "not_found";
    case ErrorKind::Forbidden:
    case ErrorKind::Unauthorized:
      return "forbidden";
    case ErrorKind::Conflict:
    case ErrorKind::Invalid:
    case ErrorKind::Cancelled:
      return "error";
  }
  return "error";
}

std::string id_of(Watched kind, const std::string& ns) {
  return ns.empty() ? std::string{to_string(kind)} : std::string{to_string(kind)} + " of namespace " + ns;
}

}  // namespace

Watches::Watches(Deps deps, const std::vector<std::string>& namespaces, std::uint64_t seed)
    : deps_{std::move(deps)} {
  const std::vector<std::string> all{""};
  const auto& chosen = namespaces.empty() ? all : namespaces;
  // Known before the first thread starts, so that "nothing is missing" cannot be said too early.
  constexpr Watched kKinds[] = {Watched::LoadBalancedService,
                                Watched::Deployment,
                                Watched::Service,
                                Watched::EndpointSlice,
                                Watched::HttpRoute};
  states_.with([&](auto& states) {
    for (const Watched kind : kKinds) {
      for (const auto& ns : chosen) states[id_of(kind, ns)];
    }
  });
  for (const Watched kind : kKinds) {
    for (const auto& ns : chosen) start(kind, ns, ++seed);
  }
}

void Watches::start(Watched kind, const std::string& ns, std::uint64_t seed) {
  kube::ReflectorOptions options;
  options.selection = {.resource = resource_of(kind), .ns = ns};
  options.seed = seed;
  // Short enough that what was installed a moment ago is picked up while somebody looks on.
  options.pause_last = std::chrono::seconds{10};
  const std::string id = id_of(kind, ns);
  reflectors_.push_back(std::make_unique<kube::Reflector>(
      deps_.list_watch,
      std::move(options),
      kube::ReflectorCallbacks{
          .on_event = [this, kind](kube::ChangeKind change,
                                   const ObjectKey& key,
                                   std::string_view json) { on_event(kind, change, key, json); },
          .on_synced = [this, kind, id] { on_synced(kind, id); },
          .on_error = [this, kind, id](const Error& error) { on_error(kind, id, error); }},
      deps_.clock));
}

void Watches::enqueue(const Impact& impact) {
  for (const auto& key : impact.at_once) deps_.queue.add(key);
  for (const auto& key : impact.soon) deps_.queue.add_after(key, kSoon);
}

void Watches::on_event(Watched kind, kube::ChangeKind change, const ObjectKey& key, std::string_view json) {
  const Impact impact = deps_.cache.apply(kind, change, key, json);
  enqueue(impact);
  // A LoadBalancedService tells of itself, by its condition and an event.
  if (impact.problem.empty() || kind == Watched::LoadBalancedService) return;
  deps_.log.warning(
      "object cannot be read",
      {{"resource", to_string(kind)}, {"namespace", key.ns}, {"name", key.name}, {"error", impact.problem}});
}

void Watches::on_synced(Watched kind, const std::string& id) {
  const bool had_problem = states_.with([&](auto& states) {
    State& state = states.at(id);
    const bool before = !state.problem.empty();
    state = State{.synced = true, .absent = false, .problem = {}};
    return before;
  });
  if (had_problem) deps_.log.info("watch works again", {{"resource", id}});
  if (kind == Watched::HttpRoute) {
    for (const auto& key : deps_.cache.set_routes_served(true)) deps_.queue.add(key);
  }
  if (kind == Watched::LoadBalancedService) deps_.on_schema_lost(false);
  deps_.on_progress();
}

void Watches::on_error(Watched kind, const std::string& id, const Error& error) {
  deps_.metrics.count_watch_restart(to_string(kind), restart_reason(error.kind));
  const bool kind_is_unknown = error.kind == ErrorKind::NotFound;
  bool is_new = false;
  bool is_absent = false;
  states_.with([&](auto& states) {
    State& state = states.at(id);
    is_new = state.problem != error.message;
    state.problem = error.message;
    // Once it was there its last state is kept: an unread world is not an empty one.
    if (kind == Watched::HttpRoute && kind_is_unknown && !state.synced) state.absent = true;
    is_absent = state.absent;
  });
  deps_.log.log(is_new && !is_absent ? ops::Level::Warning
                : is_new             ? ops::Level::Info
                                     : ops::Level::Debug,
                "watch failed",
                {{"resource", id}, {"kind", to_string(error.kind)}, {"error", error.message}});
  if (is_absent) {
    for (const auto& key : deps_.cache.set_routes_served(false)) deps_.queue.add(key);
    deps_.on_progress();
  }
  if (kind == Watched::LoadBalancedService && kind_is_unknown) deps_.on_schema_lost(true);
}

std::string Watches::unsynced() const {
  return states_.with([](const auto& states) {
    std::string text;
    for (const auto& [id, state] : states) {
      if (state.synced || state.absent) continue;
      text += (text.empty() ? "" : "; ") + id + (state.problem.empty() ? "" : ": " + state.problem);
    }
    return text;
  });
}

}  // namespace evenkeel::controller
