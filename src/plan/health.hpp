#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/failover/health.hpp"
#include "evenkeel/failover/targets.hpp"

#include "members.hpp"
#include "memory.hpp"

/// From the snapshot to who is fit and who is meant to have which share. docs/health.md.
namespace evenkeel::plan {

/// What annotations ask for.
struct Requests {
  struct Backend {
    bool drain = false;
    bool drain_now = false;  ///< Without waiting for capacity.
    bool drill = false;
    bool operator==(const Backend&) const = default;
  };
  std::vector<Backend> backends;  ///< Parallel to the members.
  std::string failback;           ///< Text of the manual fail-back.
};

/// Reads evenkeel.dev/drain, drill and failback; names that are not declared get a warning.
[[nodiscard]] Requests read_requests(const api::Snapshot& snapshot,
                                     std::span<const Member> members,
                                     std::vector<std::string>& warnings);

/// What is known of backends before their health is. Vectors run parallel to the members.
struct HealthFigures {
  std::optional<double> demand;         ///< Empty: unknown.
  std::span<const double> capacities;   ///< Of one replica, in the unit of demand.
  std::span<const double> set;          ///< Shares that were set when this moment was decided first, percent.
  std::span<const char> at_zero_by_us;  ///< A count of 0 that we wrote.
  bool first_sight = false;             ///< There is no memory of this service.
};

/// Who is fit, in which proportions the members of a tier share. Vectors run parallel to the members.
struct HealthView {
  failover::HealthOutcome health;
  std::vector<double> proportions;  ///< Inside a tier, relative.
  std::vector<double> declared;     ///< What declared weights give, relative: what sizes follow.
  bool computed = false;            ///< Proportions follow readings.
  Requests requests;
  std::vector<std::vector<api::Step>> steps;  ///< Expected, Health, Balance.
};

/// Health and proportions of every backend; keeps memory up to date, adds warnings and events to `decision`.
[[nodiscard]] HealthView look_at_health(const api::Snapshot& snapshot,
                                        std::span<const Member> members,
                                        const HealthFigures& figures,
                                        Memory& memory,
                                        api::Decision& decision);

/// Full and target shares from a view; keeps memory up to date.
/// @param limits  the most replicas that every backend is meant to have.
[[nodiscard]] failover::Targets find_targets(const api::Snapshot& snapshot,
                                             std::span<const Member> members,
                                             const HealthView& view,
                                             const HealthFigures& figures,
                                             std::span<const std::int32_t> limits,
                                             Memory& memory);

/// State of a backend for people and for status, by its health and the share that it has now.
[[nodiscard]] api::BackendState state_of(const failover::BackendHealth& health, double weight);

}  // namespace evenkeel::plan
