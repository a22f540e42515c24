#pragma once

#include <span>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/failover/shares.hpp"
#include "evenkeel/scaling/total.hpp"

#include "members.hpp"
#include "memory.hpp"
#include "sizes.hpp"

/// What people read of a decision: states, conditions, events. Nothing here decides.
namespace evenkeel::plan {

[[nodiscard]] api::Condition make_condition(const char* type,
                                            api::ConditionStatus status,
                                            const char* reason,
                                            std::string message);

/// "blue", "blue and green", "blue, green and red".
[[nodiscard]] std::string names_text(std::span<const std::string> names);

/// Weight, state and reason of every backend.
void report_backends(std::span<const Member> members,
                     const failover::Shares& shares,
                     api::Decision& decision);

/// FailedOver and Ready, from the weights and the conditions that are there already.
void report_service(const api::Snapshot& snapshot,
                    std::span<const Member> members,
                    const failover::Shares& shares,
                    api::Decision& decision);

/// Events on changes of the serving tier and of being served at all, against the last decision's.
void report_changes(std::span<const Member> members,
                    const failover::Shares& shares,
                    Memory& memory,
                    api::Decision& decision);

/// AbleToScale, SignalsAvailable, ScalingActive and ScalingLimited where no total is decided.
void report_no_scaling(const char* reason, const std::string& message, api::Decision& decision);

}  // namespace evenkeel::plan
