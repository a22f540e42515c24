#include "writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "evenkeel/kube/resource.hpp"

namespace evenkeel::controller {
namespace {

/// One write may take this long, its retries included.
constexpr std::chrono::seconds kWriteTimeout{10};
constexpr std::chrono::seconds kRefusedFirst{5};
constexpr std::chrono::seconds kRefusedLast{60};
/// More than this many paths refused at once are not kept apart any more: they are all tried again.
constexpr std::size_t kRefusalsKept = 10'000;

struct Kind {
  const char* api_version;
  const char* kind;
  kube::Resource resource;
};

std::optional<kube::Resource> resource_of(const api::Action& action) {
  const std::array kinds{
      Kind{"apps/v1", "Deployment", {"apps", "v1", "deployments"}},
      Kind{"gateway.networking.k8s.io/v1", "HTTPRoute", {"gateway.networking.k8s.io", "v1", "httproutes"}},
  };
  for (const auto& kind : kinds) {
    if (action.api_version == kind.api_version && action.kind == kind.kind) return kind.resource;
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
    const auto sent = send(action, snapshot.service.key);
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

Result<Done> Writer::send(const api::Action& action, const ObjectKey& owner) {
  const auto resource = resource_of(action);
  if (!resource) {
    return Error{ErrorKind::Invalid,
                 "cannot write " + action.kind + " of " + action.api_version + ": unknown kind"};
  }
  const auto type =
      action.patch_type == api::PatchType::Json ? kube::PatchType::Json : kube::PatchType::Merge;
  const std::string path = kube::object_path(*resource, action.key, action.subresource);
  auto answer = patch(path, type, action);
  const std::string what = action.kind + " " + to_string(action.key) +
                           (action.subresource.empty() ? "" : "/" + action.subresource);
  if (!answer.ok()) {
    Error error = answer.error();
    error.message = "writing " + what + ": " + error.message;
    return error;
  }
  if (const auto asked = replicas_asked(action)) {
    deps_.cache.record_scale(action.key, *asked);
  } else if (action.kind == "HTTPRoute") {
    deps_.cache.record_route(action.key, *std::move(answer));
  }
  deps_.log.info(
      "written",
      {{"namespace", owner.ns}, {"name", owner.name}, {"object", what}, {"reason", action.reason}});
  return Done{};
}

Result<std::string> Writer::patch(const std::string& path, kube::PatchType type, const api::Action& action) {
  const Monotonic now = deps_.clock.monotonic();
  auto standing = refusals_.with([&](auto& refusals) -> std::optional<Refusal> {
    const auto found = refusals.find(path);
    if (found == refusals.end() || found->second.patch != action.patch) return std::nullopt;
    return found->second;
  });
  if (standing && now < standing->until) return std::move(standing->error);
  auto answer = deps_.api.patch(path, type, action.patch, call());
  const std::string resource = resource_of(action)->plural;
  deps_.metrics.count_write(resource, answer.ok() ? "success" : to_string(answer.error().kind));
  const bool is_refused = !answer.ok() && !is_retryable(answer.error().kind);
  refusals_.with([&](auto& refusals) {
    if (!is_refused) {
      refusals.erase(path);
      return;
    }
    if (refusals.size() >= kRefusalsKept) refusals.clear();
    const auto pause = standing ? std::min(standing->pause * 2, kRefusedLast) : kRefusedFirst;
    refusals.insert_or_assign(path, Refusal{action.patch, answer.error(), pause, now + pause});
  });
  return answer;
}

Result<Done> Writer::write_status(const ObjectKey& key,
                                  const std::string& uid,
                                  const std::string& status_patch) {
  const kube::Resource resource{"evenkeel.dev", "v1alpha1", "loadbalancedservices"};
  auto patch = nlohmann::json::parse(status_patch, nullptr, false);
  patch["metadata"]["uid"] = uid;
  const auto answer = deps_.api.patch(
      kube::object_path(resource, key, "status"), kube::PatchType::Merge, patch.dump(), call());
  if (!answer.ok()) {
    deps_.metrics.count_write("loadbalancedservices/status", to_string(answer.error().kind));
    Error error = answer.error();
    error.message = "writing the status of LoadBalancedService " + to_string(key) + ": " + error.message;
    return error;
  }
  deps_.metrics.count_write("loadbalancedservices/status", "success");
  return Done{};
}

}  // namespace evenkeel::controller
