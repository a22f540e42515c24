#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/scaling/signal.hpp"

#include "arithmetic.hpp"

/// Scope Pod: upstream's rules for pods one by one (replica_calculator.go of Kubernetes 1.34).
namespace evenkeel::scaling {

struct PodInput {
  const api::Metric& metric;
  std::span<const PodSample> samples;  ///< Sorted by pod.
  std::span<const api::Pod> pods;      ///< Those that the workload selects.
  std::int32_t current = 0;            ///< What a proposal that changes nothing proposes.
  bool rollout = false;
  bool strangers = true;  ///< Samples of pods that are not listed count, as upstream has it.
  const api::Settings& settings;
  WallTime now;
  Tolerance tolerance;
};

struct PodOutcome {
  /// Unrounded; rounded up it is the proposal. Empty: the metric is invalid, or abstains.
  std::optional<double> need;
  bool abstains = false;
  /// What the pods that can be measured use over their target.
  double ratio = 0;
  /// What those that serve need, without the caution of a proposal: one of them that cannot be measured yet
  /// is like the others while they are within their target, and uses nothing while they are above it. Pods
  /// that do not serve carry nothing.
  double load = 0;
  /// Percent of the requests for Utilization, else thousandths of the mean: what the target is compared with.
  std::int64_t usage = 0;
  const char* problem = "";   ///< Why there is none.
  std::string_view pod = {};  ///< The one that the problem is about; may be empty.
};

[[nodiscard]] PodOutcome size_from_pods(const PodInput& input);

}  // namespace evenkeel::scaling
