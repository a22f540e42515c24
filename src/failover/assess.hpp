#pragma once

#include <span>
#include <vector>

#include "evenkeel/failover/health.hpp"

/// The parts of assess_health(), in the order in which they are taken.
namespace evenkeel::failover {

/// One backend on the way through the rules.
struct Patient {
  const Observed* seen = nullptr;
  HealthMemory* memory = nullptr;
  std::int32_t ready = 0;  ///< Endpoints that count.
  bool declared = false;   ///< Declared weight above 0.
  bool draining = false;   ///< By annotation, and not suspended.
  bool asleep = false;
  bool drilled = false;
  bool flap_wait = false;
  bool below_minimum = false;  ///< Under health.minReadyPercent.
  bool ejected = false;
  bool on_probation = false;
  std::string note;  ///< Why something that one would expect was not done.

  [[nodiscard]] bool takes_part() const { return declared && !draining; }
  /// By all the rules.
  [[nodiscard]] bool eligible() const {
    return takes_part() && ready > 0 && !flap_wait && !below_minimum && !ejected;
  }
};

using Patients = std::vector<Patient>;

/// Expected endpoints, losses of the last one, the wait after a flap.
void look_at_endpoints(const HealthInput& input, Patient& patient);

/// Streaks of readings; the end of an ejection and of a probation; forgiveness.
void look_at_readings(const HealthInput& input, Patient& patient, std::vector<api::Event>& events);

/// Takes out who has been bad for too long, the worst first.
void eject(const HealthInput& input, Patients& patients, std::vector<api::Event>& events);

/// Until when a backend that is ejected or waits after a flap stays out.
[[nodiscard]] std::optional<WallTime> out_until(const HealthInput& input, const Patient& patient);

/// What the ready endpoints of a backend carry, in the unit of demand.
[[nodiscard]] double ready_capacity(const Patient& patient);

}  // namespace evenkeel::failover
