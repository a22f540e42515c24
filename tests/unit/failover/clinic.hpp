#pragma once

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/failover/health.hpp"

#include "snapshot_builder.hpp"

/// A service and its readings over time, in the words of a test.
namespace evenkeel::failover {

using testing_support::at;

inline Verdict bad(std::int64_t sampled, double severity = 1) {
  return {.signal = 7,
          .bad = true,
          .severity = severity,
          .time = at(sampled),
          .text = "errors 0.2 is above 0.05"};
}
inline Verdict good(std::int64_t sampled) {
  return {.signal = 7, .time = at(sampled)};
}

/// A service over time: what assess_health() makes of its backends.
class Clinic {
 public:
  explicit Clinic(int backends) {
    for (int i = 0; i < backends; ++i) {
      seen.push_back(
          {.name = std::string(1, static_cast<char>('a' + i)), .ready = 4, .declared_replicas = 4});
    }
    memories.resize(seen.size());
    health.ejection.max_ejected_percent = 50;
  }

  const HealthOutcome& look(std::int64_t time) {
    const HealthInput input{.backends = seen,
                            .health = health,
                            .failover = failover,
                            .longest_slow_start = std::chrono::seconds{60},
                            .demand = demand,
                            .frozen = frozen,
                            .first_sight = false,
                            .now = at(time)};
    for (auto& memory : memories) redate(memory, at(time));
    outcome = assess_health(input, memories, service);
    events.clear();
    for (const auto& event : outcome.events) events.push_back(event.reason);
    const auto before = memories;
    const auto again = assess_health(input, memories, service);
    EXPECT_THAT(again.events, testing::IsEmpty()) << "deciding again changes nothing";
    EXPECT_EQ(memories, before) << "deciding again changes nothing";
    return outcome;
  }
  /// Bad readings of `who` every 10 s, `count` of them, the last at `time`.
  void sicken(std::size_t who, std::int64_t time, int count = 3) {
    for (int i = count - 1; i >= 0; --i) {
      seen[who].verdicts = {bad(time - i * 10)};
      look(time - i * 10);
    }
  }
  Fitness fitness(std::size_t who) const { return outcome.backends[who].fitness; }
  std::vector<Fitness> fitnesses() const {
    std::vector<Fitness> result;
    for (const auto& backend : outcome.backends) result.push_back(backend.fitness);
    return result;
  }

  std::vector<Observed> seen;
  std::vector<HealthMemory> memories;
  HealthServiceMemory service;
  api::Health health;
  api::Failover failover;
  std::optional<double> demand = 4;
  bool frozen = false;
  HealthOutcome outcome;
  std::vector<std::string> events;
};

}  // namespace evenkeel::failover
