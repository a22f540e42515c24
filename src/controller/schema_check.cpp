#include "schema_check.hpp"

#include <charconv>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "evenkeel/kube/resource.hpp"

namespace evenkeel::controller {
namespace {

constexpr const char* kCrd = "loadbalancedservices.evenkeel.dev";
constexpr const char* kRemedy =
    "apply the CRD that belongs to this version (crds/evenkeel.dev_loadbalancedservices.yaml, or helm "
    "upgrade with "
    "crds.enabled)";

/// 0 where the annotation is missing or no number: older than all that carry it.
int revision_of(const std::string& crd_json) {
  const auto crd = nlohmann::json::parse(crd_json, nullptr, false);
  const nlohmann::json::json_pointer pointer{"/metadata/annotations/evenkeel.dev~1schema-revision"};
  if (!crd.is_object() || !crd.contains(pointer) || !crd.at(pointer).is_string()) return 0;
  const auto text = crd.at(pointer).get<std::string>();
  int revision = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), revision);
  return problem == std::errc{} && end == text.data() + text.size() ? revision : 0;
}

}  // namespace

Result<Done> check_schema(kube::Api& api, int revision_needed, const kube::Call& call) {
  const kube::Resource crds{"apiextensions.k8s.io", "v1", "customresourcedefinitions"};
  const auto crd = api.get(kube::object_path(crds, {.ns = "", .name = kCrd}), call);
  if (!crd.ok()) {
    Error error = crd.error();
    if (error.kind == ErrorKind::NotFound) {
      error.message = std::string{"the CRD "} + kCrd + " is not installed: " + kRemedy;
    } else {
      error.message = std::string{"the CRD "} + kCrd + " cannot be read: " + error.message;
    }
    return error;
  }
  const int revision = revision_of(*crd);
  if (revision >= revision_needed) return Done{};
  return Error{ErrorKind::Invalid,
               std::string{"the CRD "} + kCrd + " has schema revision " + std::to_string(revision) +
                   ", this binary needs " + std::to_string(revision_needed) + ": " + kRemedy};
}

}  // namespace evenkeel::controller
