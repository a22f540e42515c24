#pragma once

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "evenkeel/failover/targets.hpp"

#include "snapshot_builder.hpp"

/// Backends in the words of a test of target shares: `fit(0, 50)`, `unfit(1, 100)`.
namespace evenkeel::failover {

constexpr std::int32_t kNoLimit = 1'000'000;

inline auto near(double within, const std::vector<double>& wanted) {
  return testing::Pointwise(testing::DoubleNear(within), wanted);
}
using testing_support::at;

/// An eligible backend with `ready` of `expected` endpoints.
inline TargetBackend fit(std::int32_t tier,
                         double proportion,
                         std::int32_t ready = 4,
                         std::int32_t expected = 4) {
  return {.tier = tier,
          .proportion = proportion,
          .declared_proportion = proportion,
          .fitness = Fitness::Eligible,
          .ready = ready,
          .expected = expected,
          .limit = kNoLimit};
}
inline TargetBackend unfit(std::int32_t tier, double proportion, std::int32_t expected = 4) {
  auto backend = fit(tier, proportion, 0, expected);
  backend.fitness = Fitness::Unfit;
  return backend;
}
inline TargetBackend asleep(std::int32_t tier, double proportion) {
  auto backend = fit(tier, proportion, 0, 0);
  backend.fitness = Fitness::Asleep;
  return backend;
}
inline TargetBackend set(TargetBackend backend, double share) {
  backend.set_share = share;
  return backend;
}
inline TargetBackend limited(TargetBackend backend, std::int32_t limit) {
  backend.limit = limit;
  return backend;
}
inline TargetBackend on_probation(TargetBackend backend) {
  backend.on_probation = true;
  return backend;
}
/// It has become eligible at 0 and rises from a tenth for two minutes.
inline TargetBackend fresh(TargetBackend backend) {
  backend.slow_start = {.window = std::chrono::seconds{120}, .min_percent = 10};
  backend.eligible_since = at(0);
  return backend;
}
inline TargetBackend with_capacity(TargetBackend backend, double capacity) {
  backend.capacity = capacity;
  return backend;
}
/// Declared weight 0: it has no traffic and waits for nobody.
inline TargetBackend out(std::int32_t tier, std::int32_t ready = 4) {
  auto backend = fit(tier, 0, ready);
  backend.fitness = Fitness::Out;
  return backend;
}
/// Weight 0 or drained, and its share waits for who is to take it.
inline TargetBackend leaving(std::int32_t tier, double share, std::int32_t ready = 4) {
  auto backend = set(fit(tier, 0, ready), share);
  backend.fitness = Fitness::Out;
  backend.waiting_sender = true;
  return backend;
}

/// A service over time: what target_shares() makes of it, with its memory.
class Service {
 public:
  Service() { balancing.max_step_percent = 100; }

  Targets decide(const std::vector<TargetBackend>& backends,
                 std::optional<double> demand,
                 std::int64_t time = 0) {
    const TargetInput input{.backends = backends,
                            .demand = demand,
                            .failover = failover,
                            .balancing = balancing,
                            .failback_request = failback,
                            .computed = computed,
                            .observe = observe,
                            .now = at(time)};
    return target_shares(input, memory);
  }
  std::vector<double> target(const std::vector<TargetBackend>& backends,
                             std::optional<double> demand,
                             std::int64_t time = 0) {
    return decide(backends, demand, time).target;
  }

  api::Failover failover;
  api::Balancing balancing;
  SplitMemory memory;
  std::string failback;
  bool computed = false;
  bool observe = false;
};

}  // namespace evenkeel::failover
