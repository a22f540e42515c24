#pragma once

namespace evenkeel::failover {

/// Who may take traffic. docs/health.md, "Fitness".
enum class Fitness {
  Eligible,  ///< May take traffic.
  Asleep,    ///< Declared and never yet ready: sized as if it were fit, without traffic.
  Unfit,     ///< Declared to take traffic, and must not.
  Out,       ///< Declared to be without traffic, or draining.
};

}  // namespace evenkeel::failover
