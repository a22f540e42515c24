#pragma once

namespace evenkeel::failover {

/// Who may take traffic. docs/health.md, "Fitness".
enum class Fitness {
  Eligible,  ///< May take traffic.
  Asleep,    ///< Declared and never yet ready: sized as if it were fit, without traffic.
  Unfit,     ///< Declared to take traffic, and must not.
  Out,       ///< Declared to be without traffic, or draining.
};

// Why a backend does not serve, in the words of every room that says so.
inline constexpr const char* kSwitchedOff =
    "it was switched off by a count of 0; scale it to 1 or more to bring it back";
inline constexpr const char* kSleeps = "it sleeps at 0 replicas";
inline constexpr const char* kNeverReady = "none of its pods has been ready since it was started";
inline constexpr const char* kNoReadyEndpoint = "it has no ready endpoint";

}  // namespace evenkeel::failover
