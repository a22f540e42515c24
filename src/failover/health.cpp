#include "evenkeel/failover/health.hpp"

#include <algorithm>
#include <array>

#include "evenkeel/base/digest.hpp"
#include "evenkeel/base/moment.hpp"

#include "assess.hpp"

namespace evenkeel::failover {
namespace {

/// What is ignored while nobody is eligible, one after the other; each includes those before.
enum class Waiver { None, FlapWait, MinReady, Ejection, Drain };

bool eligible_under(const Patient& patient, Waiver waiver) {
  if (!patient.declared || patient.ready <= 0) return false;
  if (patient.draining && waiver < Waiver::Drain) return false;
  if (patient.ejected && waiver < Waiver::Ejection) return false;
  if (patient.below_minimum && waiver < Waiver::MinReady) return false;
  return !patient.flap_wait || waiver >= Waiver::FlapWait;
}

bool anybody(const Patients& patients, Waiver waiver) {
  return std::ranges::any_of(patients, [&](const Patient& p) { return eligible_under(p, waiver); });
}

Patients examine(const HealthInput& input,
                 std::span<HealthMemory> memories,
                 std::vector<api::Event>& events) {
  Patients patients;
  patients.reserve(input.backends.size());
  for (std::size_t i = 0; i < input.backends.size(); ++i) {
    const auto& seen = input.backends[i];
    auto& patient = patients.emplace_back();
    patient.seen = &seen;
    patient.memory = &memories[i];
    patient.declared = seen.takes_part;
    patient.draining = seen.draining;
    look_at_endpoints(input, patient);
    look_at_readings(input, patient, events);
  }
  return patients;
}

/// A drill takes all endpoints of a backend away, as long as somebody else is eligible.
void drill(Patients& patients, HealthServiceMemory& service, std::vector<api::Event>& events) {
  std::string refused;
  for (auto& patient : patients) {
    if (!patient.seen->drill || patient.ready == 0) continue;
    const bool another = std::ranges::any_of(
        patients, [&](const Patient& other) { return &other != &patient && other.eligible(); });
    if (another) {
      patient.drilled = true;
      patient.ready = 0;
      continue;
    }
    patient.note = "the drill is refused: nobody else is eligible";
    refused += (refused.empty() ? "" : ", ") + patient.seen->name;
  }
  if (!refused.empty() && !service.drill_refused) {
    events.push_back({.type = api::Event::Type::Warning,
                      .reason = "DrillRefused",
                      .message = "no drill for " + refused + ": nobody else is eligible"});
  }
  service.drill_refused = !refused.empty();
}

/// Too few of the expected endpoints are left, and they cannot carry the demand.
bool in_panic(const HealthInput& input, const Patients& patients) {
  std::int64_t ready = 0;
  std::int64_t expected = 0;
  double carried = 0;
  for (const auto& patient : patients) {
    if (!patient.takes_part() || patient.asleep) continue;
    ready += patient.ready;
    expected += patient.memory->expected;
    carried += ready_capacity(patient);
  }
  if (expected == 0 || ready * 100 >= expected * std::clamp(input.failover.panic_percent, 0, 100)) {
    return false;
  }
  return !input.demand || carried < *input.demand;
}

void report_panic(bool panic, HealthServiceMemory& service, std::vector<api::Event>& events) {
  if (panic && !service.panic) {
    events.push_back({.type = api::Event::Type::Warning,
                      .reason = "Panic",
                      .message = "less than panicPercent of the expected endpoints are ready and they cannot "
                                 "carry the demand: ejection, minReadyPercent and the wait after a flap are "
                                 "ignored"});
  } else if (!panic && service.panic) {
    events.push_back({.type = api::Event::Type::Normal,
                      .reason = "PanicEnded",
                      .message =
                          "enough endpoints are ready for what is asked now: ejection, minReadyPercent "
                          "and the wait after a flap count again"});
  }
  service.panic = panic;
}

Waiver needed_waiver(const Patients& patients, bool panic) {
  constexpr std::array kWaivers = {
      Waiver::None, Waiver::FlapWait, Waiver::MinReady, Waiver::Ejection, Waiver::Drain};
  for (const auto waiver : kWaivers) {
    if (panic && waiver < Waiver::Ejection) continue;
    if (anybody(patients, waiver)) return waiver;
  }
  return Waiver::None;
}

/// Drains that wait because nobody else can serve, told once.
void report_suspended(const Patient& patient, bool suspended, std::vector<api::Event>& events) {
  if (suspended && !patient.memory->suspended) {
    events.push_back({.type = api::Event::Type::Warning,
                      .reason = "DrainSuspended",
                      .message = patient.seen->name +
                                 " may take traffic although it is to be drained: nobody else can serve"});
  }
  patient.memory->suspended = suspended;
}

std::string endpoints_text(const Patient& patient) {
  return std::to_string(patient.ready) + " of " + std::to_string(patient.memory->expected) +
         " expected endpoints are ready";
}

std::string unfit_reason(const Patient& patient) {
  if (patient.drilled) return "a drill takes its endpoints away";
  if (patient.seen->switched_off) return kSwitchedOff;
  if (patient.ready == 0) return kNoReadyEndpoint;
  if (patient.ejected) {
    return "its readings were bad for too long" +
           (patient.note.empty() ? "; the event Ejected names them" : ": " + patient.note);
  }
  if (patient.flap_wait) return "it lost its last endpoint again and again, and waits before it returns";
  return endpoints_text(patient) + ", less than minReadyPercent";
}

std::string waived_reason(const Patient& patient, bool panic) {
  const std::string why = panic ? "panic" : "nobody else can serve";
  if (patient.draining) return "its drain is suspended: nobody else can serve";
  if (patient.ejected) return "its ejection is ignored: " + why;
  if (patient.below_minimum) return "minReadyPercent is ignored: " + why;
  return "its wait after a flap is ignored: " + why;
}

std::string reason_of(const Patient& patient, Fitness fitness, bool panic) {
  switch (fitness) {
    case Fitness::Out:
      return patient.declared ? "it is being drained" : "its weight is 0";
    case Fitness::Asleep:
      return patient.seen->at_zero_by_us ? kSleeps : kNeverReady;
    case Fitness::Unfit:
      return unfit_reason(patient);
    case Fitness::Eligible:
      break;
  }
  if (!patient.eligible()) return waived_reason(patient, panic);
  if (!patient.note.empty()) return patient.note;
  return patient.on_probation ? "it is on probation after an ejection" : "";
}

Fitness fitness_of(const Patient& patient, Waiver waiver) {
  if (eligible_under(patient, waiver)) return Fitness::Eligible;
  if (!patient.takes_part()) return Fitness::Out;
  return patient.asleep ? Fitness::Asleep : Fitness::Unfit;
}

/// Since when it has been eligible, where its slow start may still matter.
void follow_eligibility(const HealthInput& input, bool eligible, bool first_sight, HealthMemory& memory) {
  if (eligible && !memory.eligible && !first_sight) memory.eligible_since = input.now;
  const bool over =
      memory.eligible_since && has_passed(*memory.eligible_since, input.longest_slow_start, input.now);
  if (!eligible || over) memory.eligible_since.reset();
  memory.eligible = eligible;
}

void add_steps(const Patient& patient, BackendHealth& health) {
  if (health.missing_endpoints) {
    health.steps.push_back({.step = "Expected",
                            .value = static_cast<double>(health.ready),
                            .replicas = health.expected,
                            .detail = endpoints_text(patient)});
  }
  if (!health.reason.empty()) health.steps.push_back({.step = "Health", .detail = health.reason});
}

BackendHealth conclude(const HealthInput& input, Waiver waiver, bool panic, const Patient& patient) {
  BackendHealth health;
  health.fitness = fitness_of(patient, waiver);
  health.ready = patient.ready;
  health.expected = patient.memory->expected;
  health.missing_endpoints = health.ready < health.expected;
  const bool eligible = health.fitness == Fitness::Eligible;
  health.draining = !patient.takes_part() && !eligible;
  // What is ignored keeps nobody out; its time runs all the same.
  health.ejected = !eligible && patient.takes_part() && (patient.ejected || patient.flap_wait);
  if (health.ejected) health.ejected_until = out_until(input, patient);
  health.on_probation = eligible && patient.on_probation && !panic;
  health.ejections = patient.memory->ejections;
  health.eligible_since = patient.memory->eligible_since;
  health.drilled = patient.drilled;
  health.reason = reason_of(patient, health.fitness, panic);
  add_steps(patient, health);
  return health;
}

}  // namespace

HealthOutcome assess_health(const HealthInput& input,
                            std::span<HealthMemory> memories,
                            HealthServiceMemory& service) {
  HealthOutcome outcome;
  auto patients = examine(input, memories, outcome.events);
  drill(patients, service, outcome.events);
  outcome.panic = in_panic(input, patients);
  report_panic(outcome.panic, service, outcome.events);
  if (!outcome.panic) eject(input, patients, outcome.events);

  const auto waiver = needed_waiver(patients, outcome.panic);
  outcome.backends.reserve(patients.size());
  for (auto& patient : patients) {
    const bool eligible = eligible_under(patient, waiver);
    report_suspended(patient, patient.draining && eligible, outcome.events);
    follow_eligibility(input, eligible, input.first_sight, *patient.memory);
    outcome.backends.push_back(conclude(input, waiver, outcome.panic, patient));
  }
  return outcome;
}

std::uint32_t digest(std::string_view text) {
  if (text.empty()) return 0;
  return std::max(1U, mix_digest(kDigestStart, text));
}

void redate(HealthMemory& memory, WallTime now) {
  const auto past = [&](std::optional<WallTime>& time) {
    if (time) time = std::min(*time, now);
  };
  for (auto& loss : memory.losses) loss = std::min(loss, now);
  std::ranges::sort(memory.losses);
  if (memory.losses.size() > HealthMemory::kMaxLosses) {
    memory.losses.erase(memory.losses.begin(),
                        memory.losses.end() - static_cast<std::ptrdiff_t>(HealthMemory::kMaxLosses));
  }
  if (memory.streaks.size() > HealthMemory::kMaxStreaks) memory.streaks.resize(HealthMemory::kMaxStreaks);
  for (auto& streak : memory.streaks) streak.counted = std::min(streak.counted, now);
  past(memory.returned);
  past(memory.ejected);
  past(memory.probation);
  past(memory.last_bad);
  past(memory.eligible_since);
}

}  // namespace evenkeel::failover
