#pragma once

#include <cstdint>
#include <span>
#include <vector>

/// Who serves: from readiness and tiers to the shares to set and to the shares that sizes follow.
/// docs/decision.md, "Sharing".
namespace evenkeel::failover {

/// What is known of one backend.
struct Candidate {
  std::int32_t tier = 0;      ///< Lower is preferred.
  double proportion = 0;      ///< Within its tier, relative; 0 or less: declared to be without traffic.
  std::int32_t ready = 0;     ///< Ready endpoints.
  bool ever_ready = false;    ///< It has had a ready endpoint, now or before.
  bool switched_off = false;  ///< At a count of 0 that is not ours.
  double set_share = 0;       ///< Percent of all traffic that is set now; anything, even NaN.
};

enum class Fitness {
  Eligible,  ///< May take traffic.
  Asleep,    ///< Declared and never yet ready: sized as if it were fit, without traffic.
  Unfit,     ///< Declared to take traffic, and must not.
  Out,       ///< Declared to be without traffic, or draining.
};

/// Vectors run parallel to the candidates.
struct Shares {
  std::vector<Fitness> fitness;
  std::vector<double> weights;  ///< Percent of all traffic to set; adds up to 100.
  std::vector<double> full;     ///< Fractions that the total is divided by; adds up to 1.
  bool served = false;          ///< The weights reach a ready endpoint.
};

/// All traffic to the lowest tier with an eligible backend, there by proportion. Where nobody is eligible the
/// shares that are set stay: with those that still have ready endpoints, else as they are.
/// @pre there is at least one candidate.
[[nodiscard]] Shares share_out(std::span<const Candidate> candidates);

/// The shares that are set, over the candidates and adding up to 100; where there are none, the proportions
/// of the lowest tier that has one above 0.
[[nodiscard]] std::vector<double> shares_as_set(std::span<const Candidate> candidates);

}  // namespace evenkeel::failover
