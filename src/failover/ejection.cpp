#include <algorithm>
#include <cmath>

#include "evenkeel/base/moment.hpp"

#include "assess.hpp"

namespace evenkeel::failover {
namespace {

using Streak = HealthMemory::Streak;

/// Enough for any threshold, and far from the end of the type.
constexpr std::int32_t kLongest = 1'000'000;

Streak* find_streak(HealthMemory& memory, std::uint32_t signal) {
  const auto found = std::ranges::find(memory.streaks, signal, &Streak::signal);
  return found == memory.streaks.end() ? nullptr : &*found;
}

/// Whether the verdict is another one than was counted last.
bool is_next(const Verdict& verdict, const Streak* streak, WallTime now) {
  if (streak == nullptr) return true;
  if (verdict.time) return std::min(*verdict.time, now) > streak->counted;
  const auto window = verdict.window.count() > 0 ? verdict.window : std::chrono::seconds{60};
  return has_passed(streak->counted, window, now);
}

void count_verdict(const Verdict& verdict, WallTime now, HealthMemory& memory) {
  auto* streak = find_streak(memory, verdict.signal);
  if (!is_next(verdict, streak, now)) return;
  if (verdict.bad) memory.last_bad = now;
  if (streak == nullptr) {
    // Whoever is well and not watched needs no bookkeeping, nor does a signal for which there is no room.
    const bool is_watched = memory.probation && memory.streaks.size() < HealthMemory::kMaxStreaks;
    if (!verdict.bad && !is_watched) return;
    memory.streaks.push_back({.signal = verdict.signal});
    streak = &memory.streaks.back();
  }
  streak->counted = verdict.time ? std::min(*verdict.time, now) : now;
  streak->bad = verdict.bad ? std::min(streak->bad + 1, kLongest) : 0;
  streak->good = verdict.bad ? 0 : std::min(streak->good + 1, kLongest);
}

/// Forgets of too many streaks those that are least alarming. One of good readings alone stays: it knows
/// which sample is no news.
void prune(HealthMemory& memory) {
  std::ranges::sort(memory.streaks, [](const Streak& a, const Streak& b) {
    return a.bad != b.bad ? a.bad > b.bad : a.signal < b.signal;
  });
  if (memory.streaks.size() > HealthMemory::kMaxStreaks) memory.streaks.resize(HealthMemory::kMaxStreaks);
  std::ranges::sort(memory.streaks, {}, &Streak::signal);
}

/// Marks every sample of today as counted, so that none is taken for news later.
void start_anew(const Observed& seen, WallTime now, HealthMemory& memory) {
  memory.streaks.clear();
  for (const auto& verdict : seen.verdicts) {
    const auto counted = verdict.time ? std::min(*verdict.time, now) : now;
    memory.streaks.push_back({.signal = verdict.signal, .counted = counted});
  }
  prune(memory);
}

/// All signals that speak have been good often enough.
bool proved(const HealthInput& input, const Observed& seen, HealthMemory& memory) {
  if (seen.verdicts.empty()) return false;
  return std::ranges::all_of(seen.verdicts, [&](const Verdict& verdict) {
    const auto* streak = find_streak(memory, verdict.signal);
    // More signals than streaks are kept: the others prove themselves by not being bad.
    if (streak == nullptr) return memory.streaks.size() == HealthMemory::kMaxStreaks && !verdict.bad;
    return streak->good >= std::max(1, input.health.success_threshold);
  });
}

bool quiet_for_long(const HealthInput& input, const HealthMemory& memory, WallTime since) {
  const auto from = std::max(since, memory.last_bad.value_or(since));
  return has_passed(from, input.health.ejection.max, input.now);
}

/// The worst of the readings that have been bad for too long; 0 where none has.
double badness(const HealthInput& input, const Patient& patient) {
  double worst = 0;
  for (const auto& verdict : patient.seen->verdicts) {
    const auto* streak = find_streak(*patient.memory, verdict.signal);
    if (!verdict.bad || streak == nullptr || streak->bad < std::max(1, input.health.failure_threshold)) {
      continue;
    }
    const double severity = std::isfinite(verdict.severity) ? std::max(verdict.severity, 0.0) : 0.0;
    worst = std::max(worst, 1 + severity);
  }
  return worst;
}

std::string what_is_bad(const Patient& patient) {
  std::string text;
  for (const auto& verdict : patient.seen->verdicts) {
    if (!verdict.bad) continue;
    if (!text.empty()) text += "; ";
    text += verdict.text;
  }
  return text;
}

struct Tally {
  std::int32_t members = 0;
  std::int32_t ejected = 0;
};

Tally tally_tier(const Patients& patients, std::int32_t tier) {
  Tally tally;
  for (const auto& patient : patients) {
    if (!patient.takes_part() || patient.seen->tier != tier) continue;
    ++tally.members;
    if (patient.ejected) ++tally.ejected;
  }
  return tally;
}

/// Whether the tier's quota lets one more go.
bool within_quota(const HealthInput& input, const Patients& patients, const Patient& candidate) {
  bool another = false;
  bool another_proven = false;
  for (const auto& other : patients) {
    if (&other == &candidate || !other.eligible()) continue;
    another = true;
    another_proven = another_proven || !other.on_probation;
  }
  if (!another) return false;
  const auto tally = tally_tier(patients, candidate.seen->tier);
  const std::int64_t percent = std::clamp(input.health.ejection.max_ejected_percent, 0, 100);
  if (tally.ejected < tally.members * percent / 100) return true;
  return tally.ejected == 0 && another_proven;
}

/// What the others carry, those on probation with their share only.
double rest_carries(const HealthInput& input, const Patients& patients, const Patient& candidate) {
  double sum = 0;
  for (const auto& other : patients) {
    if (&other == &candidate || !other.eligible()) continue;
    double carries = ready_capacity(other);
    if (other.on_probation) {
      const double set = other.seen->set_share;
      const double share = std::isfinite(set) ? std::clamp(set, 0.0, 100.0) : 0.0;
      carries = std::min(carries, share / 100 * *input.demand);
    }
    sum += carries;
  }
  return sum;
}

bool would_overload(const HealthInput& input, const Patients& patients, const Patient& candidate) {
  if (!input.demand || !(*input.demand > 0)) return false;
  const double needed = *input.demand * std::clamp(input.failover.panic_percent, 0, 100) / 100;
  return rest_carries(input, patients, candidate) < needed;
}

void refuse(Patient& patient, const std::string& why, std::vector<api::Event>& events) {
  patient.note = why;
  if (patient.memory->refused) return;
  patient.memory->refused = true;
  events.push_back(
      {.type = api::Event::Type::Warning,
       .reason = "EjectionWouldOverload",
       .message = patient.seen->name + " is not ejected (" + what_is_bad(patient) + "): " + why});
}

void take_out(const HealthInput& input, Patient& patient, std::vector<api::Event>& events) {
  auto& memory = *patient.memory;
  const auto time = ejection_time(input.health.ejection, memory.ejections);
  memory.ejections = std::min(memory.ejections + 1, kLongest);
  memory.ejected = input.now;
  memory.probation.reset();
  patient.ejected = true;
  patient.on_probation = false;
  patient.note = what_is_bad(patient);
  events.push_back({.type = api::Event::Type::Warning,
                    .reason = "Ejected",
                    .message = patient.seen->name + " takes no traffic for " + std::to_string(time.count()) +
                               " s: " + patient.note});
  start_anew(*patient.seen, input.now, memory);
}

}  // namespace

void look_at_readings(const HealthInput& input, Patient& patient, std::vector<api::Event>& events) {
  auto& memory = *patient.memory;
  const auto& name = patient.seen->name;
  if (memory.ejected) {
    const auto time = ejection_time(input.health.ejection, memory.ejections - 1);
    if (!has_passed(*memory.ejected, time, input.now)) {
      patient.ejected = true;
      start_anew(*patient.seen, input.now, memory);
      return;
    }
    memory.ejected.reset();
    memory.probation = input.now;
    memory.last_bad.reset();
    start_anew(*patient.seen, input.now, memory);
    events.push_back({.type = api::Event::Type::Normal,
                      .reason = "Reinstated",
                      .message = name + " is back on probation, with a small share"});
  }
  for (const auto& verdict : patient.seen->verdicts) count_verdict(verdict, input.now, memory);

  if (memory.probation) {
    if (proved(input, *patient.seen, memory) || quiet_for_long(input, memory, *memory.probation)) {
      memory.probation.reset();
      memory.ejections = std::max(0, memory.ejections - 1);
      memory.last_bad = input.now;
      events.push_back({.type = api::Event::Type::Normal,
                        .reason = "ProbationEnded",
                        .message = name + " has proved itself; its share is no longer that of a probation"});
    }
  } else if (memory.ejections > 0 &&
             quiet_for_long(input, memory, memory.last_bad.value_or(WallTime::min()))) {
    // What happened long ago does not make the next ejection longer.
    --memory.ejections;
    memory.last_bad = input.now;
  }
  patient.on_probation = memory.probation.has_value();
  prune(memory);
  if (!memory.probation && memory.ejections == 0 && memory.streaks.empty()) memory.last_bad.reset();
}

void eject(const HealthInput& input, Patients& patients, std::vector<api::Event>& events) {
  struct Suspect {
    double badness;
    Patient* patient;
  };
  std::vector<Suspect> suspects;
  for (auto& patient : patients) {
    const double bad = patient.eligible() ? badness(input, patient) : 0.0;
    if (bad > 0) {
      suspects.push_back({bad, &patient});
    } else {
      patient.memory->refused = false;
    }
  }
  std::ranges::sort(suspects, [](const Suspect& a, const Suspect& b) {
    if (a.badness != b.badness) return a.badness > b.badness;
    return a.patient->seen->name < b.patient->seen->name;
  });
  for (const auto& [badness, suspect] : suspects) {
    if (input.frozen) {
      suspect->note = "its readings are bad; nothing is ejected while the fleet breaker is on";
    } else if (!within_quota(input, patients, *suspect)) {
      suspect->note = "its readings are bad; it is not ejected, for maxEjectedPercent or for want of another";
    } else if (would_overload(input, patients, *suspect)) {
      refuse(*suspect, "the others would carry less than panicPercent of the demand", events);
    } else {
      suspect->memory->refused = false;
      take_out(input, *suspect, events);
    }
  }
}

}  // namespace evenkeel::failover
