#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/result.hpp"

namespace evenkeel::api {

/// A condition as it stands in status.
struct StatusCondition {
  Condition condition;
  std::int64_t observed_generation = 0;
  std::optional<WallTime> last_transition_time;  ///< Moves only when the status flips.
};

struct BackendStatus {
  std::string name;
  BackendState state = BackendState::Unknown;
  std::int32_t tier = 0;
  std::int32_t share_permille = 0;
  std::int32_t target_share_permille = 0;
  std::optional<std::int32_t> observed_share_permille;
  std::optional<std::int32_t> replicas;
  std::optional<std::int32_t> ready_replicas;
  std::optional<std::int32_t> desired_replicas;
  std::optional<WallTime> ejected_until;
  std::int32_t ejections = 0;  ///< Not yet forgiven.
  std::string reason;
};

struct RouteStatus {
  std::string name;
  std::string kind;
  std::string object_name;
  std::string provider;
  std::map<std::string, std::int32_t> encoded_weights;   ///< Backend -> integer as written.
  std::map<std::string, std::int32_t> original_weights;  ///< As they were before us.
  std::optional<WallTime> programmed_time;
  std::string reason;
};

struct UnsupportedField {
  std::string field;
  std::string provider;
  std::string action;  ///< "Ignored", "Approximated" or "Blocked".
  std::string detail;
};

struct StatusStep {
  std::string backend;  ///< Empty: of the whole service.
  Step step;
};

struct LastDecision {
  std::optional<WallTime> time;
  std::string summary;
  std::vector<StatusStep> steps;
};

struct Status {
  std::vector<StatusCondition> conditions;
  std::int64_t observed_generation = 0;
  std::int32_t replicas = 0;
  std::int32_t desired_replicas = 0;
  std::string selector;
  std::optional<std::int32_t> active_tier;
  std::string weights;  ///< "blue=80,green=20", percent.
  std::vector<BackendStatus> backends;
  std::vector<RouteStatus> routes;
  std::vector<SignalState> signals;
  std::vector<UnsupportedField> unsupported;
  LastDecision last_decision;
  std::optional<WallTime> last_scale_time;
  std::string memory;  ///< JSON text; empty: none.
};

/// An object as a watch delivers it.
struct ObservedService {
  LoadBalancedService service;
  Status status;
  std::string resource_version;
  bool deleting = false;  ///< metadata.deletionTimestamp is set.
};

/// Reads one LoadBalancedService with its status. A status that cannot be read counts as absent (it is ours
/// to rewrite).
/// @return Error{Invalid} naming the field of the spec.
[[nodiscard]] Result<ObservedService> parse_observed_service(std::string_view json);

/// A merge patch for the status subresource: {"status": {...}} with every field of `status`; what is empty is
/// null, so that nothing older survives.
[[nodiscard]] std::string print_status_patch(const Status& status);

}  // namespace evenkeel::api
