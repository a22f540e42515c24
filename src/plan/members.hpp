#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/api/snapshot.hpp"

namespace evenkeel::plan {

/// One declared backend with what was seen of it, every figure within its range.
struct Member {
  const api::Backend* declared = nullptr;
  const api::BackendObservation* seen = nullptr;
  std::size_t index = 0;                      ///< In spec.backends.
  std::optional<std::int32_t> spec_replicas;  ///< Empty: no workload declared, or it was not found.
  std::int32_t existing = 0;                  ///< Pods, those of a roll-out's surge left out.
  std::int32_t ready_pods = 0;                ///< Ready ones among them.
  std::int32_t ready_endpoints = 0;
  double set_share = 0;            ///< As given; the failover room sorts out nonsense.
  std::optional<double> observed;  ///< Measured share, percent; what is hardly there counts as 0.
  bool rollout = false;            ///< Its workload is replacing its pods.
  bool asleep = false;             ///< At 0 by our own scaling.
  std::int32_t usual_minimum = 1;  ///< Where it declares none of its own.

  /// A count of 0 that is not ours: somebody has switched it off.
  [[nodiscard]] bool switched_off() const { return spec_replicas == 0 && !asleep; }
  /// Whether its workload is ours to size.
  [[nodiscard]] bool sizeable() const { return declared->workload && spec_replicas && !switched_off(); }
  /// Its own minimum: a warm standby has one replica.
  [[nodiscard]] std::int32_t min_replicas() const {
    return std::max(0, declared->min_replicas.value_or(usual_minimum));
  }
  /// Whoever has a part of the total has at least one replica.
  [[nodiscard]] std::int32_t least_part() const { return std::max(1, min_replicas()); }
  /// Its own maximum, else that of the service; never below its minimum.
  [[nodiscard]] std::int32_t max_replicas(std::int32_t service_max) const {
    return std::max(min_replicas(), declared->max_replicas.value_or(service_max));
  }
};

/// The declared backends, in order. What makes no sense is put right by a stated rule, with a warning.
[[nodiscard]] std::vector<Member> members_of(const api::Snapshot& snapshot,
                                             std::vector<std::string>& warnings);

/// Warns of metrics that nothing declares: a name that is misspelt leaves the one that is meant without
/// samples.
void warn_of_undeclared_metrics(const api::Snapshot& snapshot, std::vector<std::string>& warnings);

/// Weights that add up to nothing tell nobody's share.
[[nodiscard]] bool is_any_share_set(std::span<const Member> members);

/// The shares that are set: percent of all traffic, adding up to 100. What is no share counts as 0; where
/// nothing is set, the declared weights of the lowest tier that has one above 0.
[[nodiscard]] std::vector<double> shares_as_set(std::span<const Member> members);

}  // namespace evenkeel::plan
