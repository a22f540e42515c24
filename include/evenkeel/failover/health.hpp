#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/failover/fitness.hpp"

/// Who may take traffic. docs/health.md is the specification.
namespace evenkeel::failover {

/// What one of health.signals says of a backend. Without a usable reading there is no verdict.
struct Verdict {
  std::uint32_t signal = 0;  ///< Digest of its name.
  bool bad = false;
  double severity = 0;           ///< How far it is beyond its threshold; the largest is the worst.
  std::optional<WallTime> time;  ///< Of its newest sample; empty: it has no time of its own.
  std::chrono::seconds window{60};
  std::string text;  ///< "errors 0.2 is above 0.05"; empty where it is good.
};

/// One backend as it is seen.
struct Observed {
  std::string name;
  std::int32_t tier = 0;
  bool takes_part = true;  ///< Its declared weight is above 0.
  bool draining = false;   ///< By annotation.
  bool drill = false;      ///< By annotation.
  std::int32_t ready = 0;  ///< Endpoints.
  /// How many endpoints are declared: the workload's count, else all endpoints. Empty: as many as are ready.
  std::optional<std::int32_t> declared_replicas;
  bool at_zero_by_us = false;  ///< A count of 0 that we wrote.
  bool switched_off = false;   ///< A count of 0 that we did not write.
  double capacity = 1;         ///< Of a replica, in the unit of demand.
  double set_share = 0;        ///< Percent of all traffic that is set now; anything, even NaN.
  std::vector<Verdict> verdicts;
};

/// What is remembered of one backend. Past moments only.
struct HealthMemory {
  static constexpr std::size_t kMaxLosses = 6;
  static constexpr std::size_t kMaxStreaks = 4;

  /// Consecutive readings of one signal.
  struct Streak {
    std::uint32_t signal = 0;
    std::int32_t bad = 0;
    std::int32_t good = 0;
    WallTime counted;  ///< The sample's time, or the moment, when it advanced last.
    bool operator==(const Streak&) const = default;
  };

  bool ever_ready = false;  ///< Since it was last at 0 by our own scaling.
  bool had_endpoint = false;
  bool refused = false;    ///< Its ejection is refused, and that was said.
  bool suspended = false;  ///< Its drain is suspended, and that was said.
  std::int32_t expected = 0;
  std::vector<WallTime> losses;      ///< Of the last endpoint; times rise.
  std::optional<WallTime> returned;  ///< It has had an endpoint again since.
  std::int32_t ejections = 0;        ///< Those not yet forgiven.
  std::optional<WallTime> ejected;
  std::optional<WallTime> probation;
  std::optional<WallTime> last_bad;  ///< Bad reading, or the last forgiveness: what the next one waits from.
  std::vector<Streak> streaks;       ///< Only those that matter: somebody is bad or on probation.
  bool eligible = false;
  std::optional<WallTime> eligible_since;  ///< Empty: for longer than its slow start could last.

  bool operator==(const HealthMemory&) const = default;
};

/// What is remembered of the service as a whole.
struct HealthServiceMemory {
  bool panic = false;
  bool drill_refused = false;
  bool operator==(const HealthServiceMemory&) const = default;
};

struct HealthInput {
  std::span<const Observed> backends;
  const api::Health& health;
  const api::Failover& failover;
  std::chrono::seconds longest_slow_start{0};
  std::optional<double> demand;  ///< Empty: unknown.
  bool frozen = false;           ///< Nothing new is ejected.
  bool first_sight = false;      ///< There is no memory of this service: nobody has just become eligible.
  WallTime now;
};

/// What was made of one backend.
struct BackendHealth {
  Fitness fitness = Fitness::Unfit;
  std::int32_t ready = 0;                  ///< Endpoints that count: none in a drill.
  std::int32_t expected = 0;               ///< Endpoints that would be normal.
  bool missing_endpoints = false;          ///< Fewer ready than expected.
  bool on_probation = false;               ///< Its share is that of a probation.
  bool ejected = false;                    ///< By its readings or after a flap, and not waived.
  bool draining = false;                   ///< By annotation or declared weight 0.
  bool drilled = false;                    ///< A drill takes its endpoints away.
  std::optional<WallTime> ejected_until;   ///< While `ejected`.
  std::optional<WallTime> eligible_since;  ///< Where slow start may still apply.
  std::int32_t ejections = 0;
  std::string reason;            ///< A sentence for people; empty where there is nothing to say.
  std::vector<api::Step> steps;  ///< Only what is worth one.
};

struct HealthOutcome {
  std::vector<BackendHealth> backends;  ///< Parallel to the input.
  bool panic = false;
  std::vector<api::Event> events;
};

/// Decides on every backend and keeps `memories` (parallel to the backends) up to date. Pure; again with the
/// same `now` and the same readings it changes nothing.
/// @pre as many memories as backends.
[[nodiscard]] HealthOutcome assess_health(const HealthInput& input,
                                          std::span<HealthMemory> memories,
                                          HealthServiceMemory& service);

/// For how long an ejection lasts when `earlier` others are not yet forgiven: base x factor^earlier, at most
/// the maximum.
[[nodiscard]] std::chrono::seconds ejection_time(const api::Ejection& ejection, std::int32_t earlier);

/// A short digest for names and texts in memory: FNV-1a, the same on every machine; 0: the text is empty.
[[nodiscard]] std::uint32_t digest(std::string_view text);

/// Puts right what was read from memory: what is later than `now` is of now, lists are in order and bounded.
void redate(HealthMemory& memory, WallTime now);

}  // namespace evenkeel::failover
