#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/scaling/total.hpp"

/// From readings to one count, before windows and policies.
namespace evenkeel::scaling {

/// What all metrics together ask for.
struct Proposal {
  std::optional<std::int32_t> replicas;  ///< Empty: no action.
  std::string metric;                    ///< Whose proposal it is.
  std::string problem;                   ///< Of the first metric that cannot be used.
  const char* reason = "";               ///< Its condition's reason, as upstream names it.
  bool silent = false;                   ///< Nothing is wrong; nobody asked.
};

/// The maximum over the metrics; one that cannot be used forbids a fall. A step for each.
/// @param idle nobody has asked for long enough: metrics with `activation` that are Empty ask for nothing.
[[nodiscard]] Proposal combine(const TotalInput& input,
                               std::span<const Reading> readings,
                               bool idle,
                               std::vector<api::Step>& steps);

/// At 0 replicas: what a metric above its `activation` asks for, at least 1; 0 where none is.
[[nodiscard]] Proposal combine_asleep(const TotalInput& input,
                                      std::span<const Reading> readings,
                                      std::vector<api::Step>& steps);

/// Keeps `history.idle_since`.
/// @return whether all metrics with `activation` have been Fresh or Empty and not above it for idleAfter.
[[nodiscard]] bool watch_idleness(const TotalInput& input,
                                  std::span<const Reading> readings,
                                  History& history);

}  // namespace evenkeel::scaling
