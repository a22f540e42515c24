#include "members.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <string_view>

#include "evenkeel/base/moment.hpp"

namespace evenkeel::plan {
namespace {

const api::BackendObservation kNothingSeen;

/// Percent under which an observed share is noise.
constexpr double kHardlyThere = 0.5;

/// Reads counts of one backend; what lies below 0 counts as 0.
class CountReader {
 public:
  CountReader(const std::string& backend, std::vector<std::string>& warnings)
      : backend_{backend},
        warnings_{warnings} {}

  void warn(const std::string& what) { warnings_.push_back("backends." + backend_ + "." + what); }

  std::optional<std::int32_t> read(const char* field, std::optional<std::int32_t> count) {
    if (!count || *count >= 0) return count;
    warn(std::string{field} + " is below 0; it counts as 0");
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

/// Shares come out of divisions.
constexpr double kRounding = 1e-6;

void warn_of_share(const char* field, std::optional<double> share, CountReader& reader) {
  if (share && *share < -kRounding) reader.warn(std::string{field} + " is below 0; it counts as 0");
  if (share && *share > 100 + kRounding) reader.warn(std::string{field} + " is above 100; it counts as 100");
}

void warn_of_equal_names(const std::vector<api::Pod>& pods, CountReader& reader) {
  // As they are listed, they come by name.
  if (std::ranges::is_sorted(pods, std::less_equal{}, &api::Pod::name)) return;
  std::vector<std::string_view> names;
  names.reserve(pods.size());
  for (const auto& pod : pods) {
    if (!pod.name.empty()) names.push_back(pod.name);
  }
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end())
    reader.warn("pods has several of the name " + std::string{*twice} + "; each of them counts");
}

/// The first of each kind is enough to find the mistake.
void warn_of_pods(const std::vector<api::Pod>& pods, WallTime now, CountReader& reader) {
  const auto warn = [&](std::optional<WallTime> api::Pod::* moment, const char* field, const char* rule) {
    const auto found = std::ranges::find_if(
        pods, [&](const api::Pod& pod) { return pod.*moment && is_to_come(*(pod.*moment), now); });
    if (found == pods.end()) return;
    reader.warn("pods[" + std::to_string(found - pods.begin()) + "]." + field + " is in the future; " + rule);
  };
  warn(&api::Pod::start_time, "startTime", "the pod counts as just started");
  warn(&api::Pod::ready_transition_time, "readyTransitionTime", "it counts as of now");
  warn_of_equal_names(pods, reader);
}

/// What is out of its range, or not of this time; what it counts as is the rule of whoever reads it.
void warn_of_nonsense(const api::BackendObservation& seen, WallTime now, CountReader& reader) {
  reader.read("updatedReplicas", seen.updated_replicas);
  if (seen.endpoints && seen.endpoints->total) {
    const auto total = reader.read("endpoints.total", seen.endpoints->total);
    if (seen.endpoints->ready > *total)
      reader.warn("endpoints.ready is above endpoints.total; it counts as it is");
  }
  warn_of_share("weight", seen.weight, reader);
  warn_of_share("observedWeight", seen.observed_weight, reader);
  if (seen.observed_weight_time && is_to_come(*seen.observed_weight_time, now))
    reader.warn("observedWeightTime is in the future; it counts as of now");
  if (!seen.pods.empty()) warn_of_pods(seen.pods, now, reader);
}

Member member_of(const api::Backend& backend,
                 const api::BackendObservation& seen,
                 WallTime now,
                 std::vector<std::string>& warnings) {
  CountReader counts{backend.name, warnings};
  Member member{.declared = &backend, .seen = &seen};
  const auto spec_replicas = counts.read("specReplicas", seen.spec_replicas);
  if (backend.workload) member.spec_replicas = spec_replicas;
  const auto existing = counts.read("statusReplicas", seen.status_replicas);
  const auto ready = counts.read("readyReplicas", seen.ready_replicas);
  std::optional<std::int32_t> endpoints;
  if (seen.endpoints) endpoints = counts.read("endpoints.ready", seen.endpoints->ready);

  warn_of_nonsense(seen, now, counts);

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
  if (seen.observed_weight && std::isfinite(*seen.observed_weight)) {
    const double observed = std::clamp(*seen.observed_weight, 0.0, 100.0);
    member.observed = observed < kHardlyThere ? 0.0 : observed;
  }
  return member;
}

/// A tier 0 that may be put to sleep is not kept awake by its backends.
std::int32_t usual_minimum(const api::Spec& spec, const api::Backend& backend) {
  const bool may_sleep = backend.tier == 0 && spec.scaling && spec.scaling->min_replicas == 0;
  return may_sleep ? 0 : 1;
}

double clean_share(double share) {
  return std::isfinite(share) && share > 0 ? std::min(share, 100.0) : 0.0;
}

/// Declared weights of the lowest tier that has one above 0.
std::vector<double> declared_shares(std::span<const Member> members) {
  std::optional<std::int32_t> lowest;
  for (const auto& member : members) {
    const auto& declared = *member.declared;
    if (declared.weight > 0) lowest = std::min(lowest.value_or(declared.tier), declared.tier);
  }
  std::vector<double> shares;
  for (const auto& member : members) {
    const bool takes = member.declared->weight > 0 && member.declared->tier == lowest;
    // Nobody is declared to take traffic, which validation refuses; some share has to be named all the same.
    shares.push_back(!lowest ? 1.0 : takes ? member.declared->weight : 0.0);
  }
  return shares;
}

}  // namespace

std::vector<Member> members_of(const api::Snapshot& snapshot, std::vector<std::string>& warnings) {
  std::vector<Member> members;
  members.reserve(snapshot.service.spec.backends.size());
  std::size_t observed = 0;
  for (const auto& backend : snapshot.service.spec.backends) {
    const auto found = snapshot.backends.find(backend.name);
    if (found != snapshot.backends.end()) ++observed;
    const auto& seen = found == snapshot.backends.end() ? kNothingSeen : found->second;
    members.push_back(member_of(backend, seen, snapshot.now, warnings));
    members.back().index = members.size() - 1;
    members.back().usual_minimum = usual_minimum(snapshot.service.spec, backend);
  }
  if (observed == snapshot.backends.size()) return members;
  for (const auto& [name, seen] : snapshot.backends) {
    const auto declared =
        std::ranges::any_of(members, [&](const Member& m) { return m.declared->name == name; });
    if (!declared)
      warnings.push_back("backends." + name + " is not declared in spec.backends; it is left out");
  }
  return members;
}

void warn_of_undeclared_metrics(const api::Snapshot& snapshot, std::vector<std::string>& warnings) {
  constexpr std::array<std::string_view, 4> kBalancing = {
      "balancing.connections", "balancing.latency", "balancing.errors", "balancing.utilization"};
  const auto& spec = snapshot.service.spec;
  for (const auto& [name, reading] : snapshot.metrics) {
    const auto is_name = [&](const auto& declared) { return declared.name == name; };
    const bool is_declared = (spec.scaling && std::ranges::any_of(spec.scaling->metrics, is_name)) ||
                             std::ranges::any_of(spec.health.signals, is_name) ||
                             std::ranges::find(kBalancing, name) != kBalancing.end();
    if (!is_declared) {
      warnings.push_back(
          "metrics." + name.substr(0, 253) +
          " is declared neither in spec.scaling.metrics nor in spec.health.signals; it is left out");
    }
  }
}

bool is_any_share_set(std::span<const Member> members) {
  return std::ranges::any_of(members, [](const Member& m) { return clean_share(m.set_share) > 0; });
}

std::vector<double> shares_as_set(std::span<const Member> members) {
  std::vector<double> shares;
  if (is_any_share_set(members)) {
    shares.reserve(members.size());
    for (const auto& member : members) shares.push_back(clean_share(member.set_share));
  } else {
    shares = declared_shares(members);
  }
  double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  // Traces of a share are what rounding left.
  constexpr double kTrace = 1e-6;
  for (auto& share : shares) share = share * 100 / sum < kTrace ? 0.0 : share * 100 / sum;
  // Many traces are something: what is left adds up to 100 all the same.
  sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (std::abs(sum - 100) > 1e-9) {
    for (auto& share : shares) share *= 100 / sum;
  }
  return shares;
}

}  // namespace evenkeel::plan
