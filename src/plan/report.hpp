#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"

#include "joint.hpp"

/// What people read of a decision: states, conditions, events. Nothing here decides.
namespace evenkeel::plan {

/// Fraction of demand that is worth telling about.
inline constexpr double kWorthTelling = 0.01;

[[nodiscard]] api::Condition make_condition(const char* type,
                                            api::ConditionStatus status,
                                            const char* reason,
                                            std::string message);

/// "blue", "blue and green", "blue, green and red".
[[nodiscard]] std::string names_text(std::span<const std::string_view> names);

/// Why a backend is in its state.
[[nodiscard]] std::string reason_of(const Figures& backend, const failover::BackendHealth& health);

/// What was made of one declared signal, for status.
[[nodiscard]] api::SignalState signal_state(const scaling::Reading& reading);

/// Weight, state and reason of every backend, with the steps of health, proportions and targets: the
/// first that are reported of it.
void report_backends(Joint& joint);

/// What moved the shares, step by step, and what stops them. `sizes` may be empty.
void report_moves(Joint& joint, const Moved& moved, std::span<const Size> sizes);

/// An event when the sum of the sizes goes above its bound because traffic moves.
void report_surge(Joint& joint, const SumBounds& bounds, std::span<const Size> sizes);

/// WeightsEffective, FailedOver and Ready, from the weights and the conditions that are there already.
void report_service(Joint& joint);

/// Events on changes of the serving tier and of being served at all, against the last decision's.
void report_changes(Joint& joint);

/// AbleToScale, SignalsAvailable, ScalingActive and ScalingLimited where no total is decided.
void report_no_scaling(const char* reason, const std::string& message, api::Decision& decision);

void report_unreadable_memory(api::Decision& decision);

}  // namespace evenkeel::plan
