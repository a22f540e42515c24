#include "evenkeel/api/decision.hpp"

namespace evenkeel::api {

const char* to_string(Quality quality) noexcept {
  switch (quality) {
    case Quality::Fresh:
      return "Fresh";
    case Quality::Stale:
      return "Stale";
    case Quality::Partial:
      return "Partial";
    case Quality::Empty:
      return "Empty";
    case Quality::Error:
      return "Error";
  }
  return "Error";
}

const char* to_string(BackendState state) noexcept {
  switch (state) {
    case BackendState::Active:
      return "Active";
    case BackendState::Standby:
      return "Standby";
    case BackendState::Draining:
      return "Draining";
    case BackendState::Ejected:
      return "Ejected";
    case BackendState::Unknown:
      return "Unknown";
  }
  return "Unknown";
}

const char* to_string(ConditionStatus status) noexcept {
  switch (status) {
    case ConditionStatus::True:
      return "True";
    case ConditionStatus::False:
      return "False";
    case ConditionStatus::Unknown:
      return "Unknown";
  }
  return "Unknown";
}

}  // namespace evenkeel::api
