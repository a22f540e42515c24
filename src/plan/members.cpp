#include "members.hpp"

#include <algorithm>

namespace evenkeel::plan {
namespace {

const api::BackendObservation kNothingSeen;

/// Reads counts of one backend; what lies below 0 counts as 0.
class CountReader {
 public:
  CountReader(const std::string& backend, std::vector<std::string>& warnings)
      : backend_{backend},
        warnings_{warnings} {}

  std::optional<std::int32_t> read(const char* field, std::optional<std::int32_t> count) {
    if (!count || *count >= 0) return count;
    warnings_.push_back("backends." + backend_ + "." + field + " is below 0; it counts as 0");
    return 0;
  }

 private:
  const std::string& backend_;
  std::vector<std::string>& warnings_;
};

std::int32_t ready_among(const std::vector<api::Pod>& pods) {
  const auto ready = std::ranges::count_if(
      pods, [](const api::Pod& pod) { return pod.phase == "Running" && pod.ready.value_or(false); });
  return static_cast<std::int32_t>(ready);
}

Member member_of(const api::Backend& backend,
                 const api::BackendObservation& seen,
                 std::vector<std::string>& warnings) {
  CountReader counts{backend.name, warnings};
  Member member{.declared = &backend};
  if (backend.workload) member.spec_replicas = counts.read("specReplicas", seen.spec_replicas);
  const auto existing = counts.read("statusReplicas", seen.status_replicas);
  const auto ready = counts.read("readyReplicas", seen.ready_replicas);
  std::optional<std::int32_t> endpoints;
  if (seen.endpoints) endpoints = counts.read("endpoints.ready", seen.endpoints->ready);

  member.existing = existing.value_or(member.spec_replicas.value_or(0));
  member.ready_pods = seen.pods.empty() ? ready.value_or(endpoints.value_or(0)) : ready_among(seen.pods);
  member.ready_endpoints = endpoints.value_or(member.ready_pods);
  member.rollout = seen.rollout;
  if (seen.rollout && member.spec_replicas) {
    // Old and new pods stand side by side; only as many as are declared are meant to stay.
    member.existing = std::min(member.existing, *member.spec_replicas);
    member.ready_pods = std::min(member.ready_pods, *member.spec_replicas);
  }
  member.set_share = seen.weight.value_or(0);
  return member;
}

}  // namespace

std::int32_t Member::min_replicas() const {
  return std::max(1, declared->min_replicas.value_or(1));
}

std::int32_t Member::max_replicas(std::int32_t service_max) const {
  return std::max(min_replicas(), declared->max_replicas.value_or(service_max));
}

std::vector<Member> members_of(const api::Snapshot& snapshot, std::vector<std::string>& warnings) {
  std::vector<Member> members;
  for (const auto& backend : snapshot.service.spec.backends) {
    const auto found = snapshot.backends.find(backend.name);
    const auto& seen = found == snapshot.backends.end() ? kNothingSeen : found->second;
    members.push_back(member_of(backend, seen, warnings));
    members.back().index = members.size() - 1;
  }
  for (const auto& [name, seen] : snapshot.backends) {
    const auto declared =
        std::ranges::any_of(members, [&](const Member& m) { return m.declared->name == name; });
    if (!declared)
      warnings.push_back("backends." + name + " is not declared in spec.backends; it is left out");
  }
  return members;
}

}  // namespace evenkeel::plan
