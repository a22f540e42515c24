#include "writer.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "evenkeel/kube/resource.hpp"

#include "watched.hpp"

namespace evenkeel::controller {
namespace {

/// One write may take this long, its retries included.
constexpr std::chrono::seconds kWriteTimeout{10};
constexpr std::chrono::seconds kRefusedFirst{5};
constexpr std::chrono::seconds kRefusedLast{60};
/// More than this many paths refused at once are not kept apart any more: they are all tried again.
constexpr std::size_t kRefusalsKept = 10'000;

/// Of what can be written, the kind that an action is about.
std::optional<Watched> kind_of(const api::Action& action) {
  if (action.api_version == "apps/v1" && action.kind == "Deployment") return Watched::Deployment;
  if (action.api_version == "gateway.networking.k8s.io/v1" && action.kind == "HTTPRoute") {
    return Watched::HttpRoute;
  }
  return std::nullopt;
}

std::optional<std::int32_t> live_replicas(const api::Snapshot& snapshot, const api::Action& action) {
  for (const auto& backend : snapshot.service.spec.backends) {
    if (!backend.workload || backend.workload->kind != action.kind ||
        backend.workload->name != action.key.name)
      continue;
    const auto found = snapshot.backends.find(backend.name);
    return found == snapshot.backends.end() ? std::nullopt : found->second.spec_replicas;
  }
  return std::nullopt;
}

/// A scale action of which it is not known that it grows counts as shrinking: waiting is the safe side.
bool shrinks(const api::Snapshot& snapshot, const api::Action& action) {
  const auto asked = replicas_asked(action);
  if (!asked) return false;
  const auto live = live_replicas(snapshot, action);
  return !live || *asked < *live;
}

/// The same failure, its message led by what was tried.
Error of_writing(const std::string& what, const Error& cause) {
  return {cause.kind, "writing " + what + ": " + cause.message, cause.retry_after};
}

}  // namespace

std::optional<std::int32_t> replicas_asked(const api::Action& action) {
  if (action.subresource != "scale") return std::nullopt;
  const auto patch = nlohmann::json::parse(action.patch, nullptr, false);
  const nlohmann::json::json_pointer pointer{"/spec/replicas"};
  if (!patch.is_object() || !patch.contains(pointer) || !patch.at(pointer).is_number_integer())
    return std::nullopt;
  return patch.at(pointer).get<std::int32_t>();
}

std::vector<plan::ActionResult> Written::results() const {
  std::vector<plan::ActionResult> results;
  results.reserve(errors.size());
  for (const auto& error : errors) results.push_back({error ? error->message : std::string{}});
  return results;
}

bool Written::all_ok() const {
  return std::none_of(errors.begin(), errors.end(), [](const auto& error) { return error.has_value(); });
}

kube::Call Writer::call() const {
  return {.deadline = deps_.clock.monotonic() + kWriteTimeout, .stop = abort_};
}

Written Writer::apply(const api::Snapshot& snapshot, const plan::Plan& plan) {
  Written written;
  std::optional<Error> waits;
  for (const auto& action : plan.actions) {
    if (waits && shrinks(snapshot, action)) {
      written.errors.emplace_back(waits);
      continue;
    }
    const auto sent = send(action, snapshot);
    if (sent.ok()) {
      written.errors.emplace_back(std::nullopt);
      const auto asked = replicas_asked(action);
      const auto live = live_replicas(snapshot, action);
      if (asked && live) {
        deps_.metrics.count_scale_event(snapshot.service.key,
                                        *asked > *live ? ops::ScaleDirection::Up : ops::ScaleDirection::Down);
      }
    } else {
      written.errors.emplace_back(sent.error());
      // Of the same kind as its cause, so that it is tried again when that is.
      waits = Error{
          sent.error().kind,
          "waits, for nothing shrinks before " + action.kind + " " + to_string(action.key) + " is written"};
    }
  }
  return written;
}

Result<Done> Writer::send(const api::Action& action, const api::Snapshot& snapshot) {
  const auto kind = kind_of(action);
  if (!kind) {
    return Error{ErrorKind::Invalid,
                 "cannot write " + action.kind + " of " + action.api_version + ": unknown kind"};
  }
  const kube::Resource resource = resource_of(*kind);
  const std::string version_before = deps_.cache.route_version(action.key);
  auto answer = patch(
      {.path = kube::object_path(resource, action.key, action.subresource),
       .type = action.patch_type == api::PatchType::Json ? kube::PatchType::Json : kube::PatchType::Merge,
       .body = action.patch,
       .resource = resource.plural,
       .identity = action.patch});
  const std::string what = action.kind + " " + to_string(action.key) +
                           (action.subresource.empty() ? "" : "/" + action.subresource);
  if (!answer.ok()) return of_writing(what, answer.error());
  if (*kind == Watched::HttpRoute) {
    deps_.cache.record_route(action.key, version_before, *std::move(answer));
  } else if (const auto asked = replicas_asked(action)) {
    if (const auto live = live_replicas(snapshot, action)) {
      deps_.cache.record_scale(action.key, *live, *asked);
    }
  }
  const ObjectKey& owner = snapshot.service.key;
  deps_.log.info(
      "written",
      {{"namespace", owner.ns}, {"name", owner.name}, {"object", what}, {"reason", action.reason}});
  return Done{};
}

Result<std::string> Writer::patch(const Write& write) {
  const Monotonic now = deps_.clock.monotonic();
  auto standing = refusals_.with([&](auto& refusals) -> std::optional<Refusal> {
    const auto found = refusals.find(write.path);
    if (found == refusals.end() || found->second.identity != write.identity) return std::nullopt;
    return found->second;
  });
  if (standing && now < standing->until) return std::move(standing->error);
  auto answer = deps_.api.patch(write.path, write.type, write.body, call());
  deps_.metrics.count_write(write.resource, answer.ok() ? "success" : to_string(answer.error().kind));
  const bool is_refused = !answer.ok() && !is_retryable(answer.error().kind);
  refusals_.with([&](auto& refusals) {
    if (!is_refused) {
      refusals.erase(write.path);
      return;
    }
    if (refusals.size() >= kRefusalsKept) refusals.clear();
    const auto pause = standing ? std::min(standing->pause * 2, kRefusedLast) : kRefusedFirst;
    refusals.insert_or_assign(write.path, Refusal{write.identity, answer.error(), pause, now + pause});
  });
  return answer;
}

Result<Done> Writer::write_status(const ObjectKey& key,
                                  const std::string& uid,
                                  const std::string& status_patch) {
  auto body = nlohmann::json::parse(status_patch, nullptr, false);
  body["metadata"]["uid"] = uid;
  const auto kind = Watched::LoadBalancedService;
  // Its figures change all the time, and what refuses it (RBAC, an admission rule) seldom looks at them.
  const auto answer = patch({.path = kube::object_path(resource_of(kind), key, "status"),
                             .type = kube::PatchType::Merge,
                             .body = body.dump(),
                             .resource = std::string{to_string(kind)} + "/status",
                             .identity = uid});
  if (answer.ok()) return Done{};
  return of_writing("the status of LoadBalancedService " + to_string(key), answer.error());
}

}  // namespace evenkeel::controller
