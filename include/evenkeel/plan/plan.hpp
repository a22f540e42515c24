#pragma once

#include <span>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/api/status.hpp"
#include "evenkeel/base/object_key.hpp"

namespace evenkeel::plan {

/// What another, older object already has; what is listed is left alone by plan().
struct Claims {
  struct Lost {
    std::string field;   ///< "spec.backends[0].workloadRef"
    std::string object;  ///< "Deployment shop-blue"
    ObjectKey holder;    ///< The LoadBalancedService that has it.
  };
  std::vector<Lost> lost;
};

/// Who has which workload and route: the older object (creationTimestamp, then namespace/name).
/// @return the claims that `service` lost against `others` (which may contain `service` itself).
[[nodiscard]] Claims resolve_claims(const api::LoadBalancedService& service,
                                    std::span<const api::LoadBalancedService* const> others);

/// Names in the spec for which nothing exists in the cluster.
struct Missing {
  std::string field;   ///< "spec.backends[1].serviceRef.name"
  std::string object;  ///< "Service store/shop-green"
};

/// How one route fared in planning.
struct RouteOutcome {
  api::RouteStatus
      status;  ///< What will stand in status once the action has succeeded; `reason` says what went wrong.
  bool programmed = false;  ///< The live object already says what was decided.
  std::string problem;      ///< CamelCase, as in condition RoutesProgrammed; empty: there is none.
  /// What the route cannot say as exactly as it was decided, each with the remedy.
  std::vector<std::string> approximated;
  std::optional<std::size_t> action;  ///< Index into Plan::actions.
};

/// Decision -> writes, in the order in which they are sent: weights first, then growth, then shrinking.
struct Plan {
  std::vector<api::Action> actions;
  std::vector<RouteOutcome> routes;  ///< One per spec.routes, in order.
  std::vector<api::Event> events;    ///< Beyond those of the decision.
};

/// Pure. In mode Observe and Paused there are no actions.
[[nodiscard]] Plan plan(const api::Snapshot& snapshot,
                        const api::Decision& decision,
                        const Claims& claims = {});

/// How a sent action ended; index as in Plan::actions. Empty `error`: it succeeded.
struct ActionResult {
  std::string error;
};

/// The whole status to be written: every condition of docs/api.md, on the first visit too. `previous` gives
/// transition times, original weights and what is kept.
[[nodiscard]] api::Status make_status(const api::Snapshot& snapshot,
                                      const api::Decision& decision,
                                      const Plan& plan,
                                      std::span<const ActionResult> results,
                                      const Claims& claims,
                                      std::span<const Missing> missing,
                                      const api::Status& previous);

/// Whether `next` is worth a write: a change of decision, state, quality or condition at once; a reading that
/// moved by more than a tenth at most every 5 minutes since `previous.last_decision.time`; never the mere
/// passing of time.
[[nodiscard]] bool status_needs_write(const api::Status& previous, const api::Status& next, WallTime now);

/// Events for what changed between two statuses beyond the events of the decision: conditions that turned bad
/// or good again. Each comes once per change, also across a restart, because status remembers.
[[nodiscard]] std::vector<api::Event> transition_events(const api::Status& previous, const api::Status& next);

}  // namespace evenkeel::plan
