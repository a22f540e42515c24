#pragma once

#include <string>

#include "evenkeel/scaling/total.hpp"

#include "proposal.hpp"

/// The words of AbleToScale, ScalingActive and ScalingLimited. Reasons are upstream's where it has one.
namespace evenkeel::scaling {

[[nodiscard]] api::Condition unstabilised();
/// AbleToScale from a proposal and what the windows made of it.
[[nodiscard]] api::Condition stabilisation(std::int32_t current, std::int32_t proposal, std::int32_t stable);
[[nodiscard]] api::Condition scaling_active(const TotalInput& input, const Proposal& proposal);
/// ScalingLimited with its sentence; True unless `reason` says that nothing is limited.
[[nodiscard]] api::Condition limited(const char* reason);

}  // namespace evenkeel::scaling
