#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "evenkeel/base/moment.hpp"
#include "evenkeel/failover/health.hpp"
#include "evenkeel/failover/targets.hpp"

/// What always holds of health and of target shares, on random services with hostile values.
namespace evenkeel::failover {
namespace {

using std::chrono::seconds;

constexpr int kServices = 150;
constexpr int kDecisionsEach = 60;

/// A random service, and what happens to it from decision to decision.
class World {
 public:
  explicit World(unsigned seed) : random_{seed} {
    const int size = between(1, 6);
    for (int i = 0; i < size; ++i) add_backend(i);
    seen.front().takes_part = true;
    targets.front().proportion = std::max(1.0, targets.front().proportion);
    health.min_ready_percent = one_of({0, 0, 0, 50, 80});
    health.failure_threshold = between(1, 3);
    health.success_threshold = between(1, 2);
    health.ejection = {.base = seconds{between(1, 60)},
                       .factor = between(1, 4),
                       .max = seconds{between(1, 300)},
                       .max_ejected_percent = one_of({0, 34, 50, 100})};
    failover.panic_percent = one_of({0, 50, 50, 100});
    failover.overprovisioning_percent = one_of({0, 100, 140, 1000});
    failover.failback.mode = chance(30) ? api::FailbackMode::Manual : api::FailbackMode::Automatic;
    failover.failback.after = seconds{between(1, 120)};
    failover.failback.step_percent = between(1, 100);
    balancing.max_step_percent = between(1, 100);
    balancing.min_share_percent = between(0, 10);
    computed = chance(40);
    memories.resize(seen.size());
  }

  bool chance(unsigned percent) { return random_() % 100 < percent; }
  int between(int low, int high) {
    return low + static_cast<int>(random_() % static_cast<unsigned>(high - low + 1));
  }
  int one_of(const std::vector<int>& values) { return values[random_() % values.size()]; }
  double hostile(double usual) {
    static const std::vector<double> kValues = {std::numeric_limits<double>::quiet_NaN(),
                                                std::numeric_limits<double>::infinity(),
                                                -std::numeric_limits<double>::infinity(),
                                                1e300,
                                                -1e300,
                                                5e-324,
                                                0};
    return chance(4) ? kValues[random_() % kValues.size()] : usual;
  }

  void disturb() {
    pass_time();
    demand.reset();
    if (chance(80)) demand = hostile(between(0, 3000) / 100.0);
    frozen = chance(3);
    if (chance(3)) failback = std::to_string(random_());
    for (std::size_t i = 0; i < seen.size(); ++i) disturb_backend(i);
  }

  HealthOutcome assess() {
    for (auto& memory : memories) redate(memory, now);
    const HealthInput input{.backends = seen,
                            .health = health,
                            .failover = failover,
                            .longest_slow_start = seconds{60},
                            .demand = demand,
                            .frozen = frozen,
                            .first_sight = first,
                            .now = now};
    first = false;
    return assess_health(input, memories, service);
  }
  Targets decide(const HealthOutcome& outcome) {
    redate(split, now);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      auto& target = targets[i];
      const auto& backend = outcome.backends[i];
      target.fitness = backend.fitness;
      target.ready = backend.ready;
      target.expected = backend.expected;
      target.on_probation = backend.on_probation;
      target.eligible_since = backend.eligible_since;
      target.capacity = seen[i].capacity;
      target.set_share = seen[i].set_share;
      target.waiting_sender = backend.fitness == Fitness::Out;
    }
    const TargetInput input{.backends = targets,
                            .demand = demand,
                            .failover = failover,
                            .balancing = balancing,
                            .failback_request = failback,
                            .computed = computed,
                            .observe = false,
                            .now = now};
    return target_shares(input, split);
  }
  /// The shares are written, or not.
  void carry_out(const Targets& decided) {
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (chance(80)) seen[i].set_share = hostile(decided.target[i]);
    }
  }

  std::vector<Observed> seen;
  std::vector<TargetBackend> targets;
  std::vector<HealthMemory> memories;
  HealthServiceMemory service;
  SplitMemory split;
  api::Health health;
  api::Failover failover;
  api::Balancing balancing;
  std::optional<double> demand;
  std::string failback;
  bool computed = false;
  bool frozen = false;
  bool first = true;
  WallTime now{seconds{1'767'225'600}};

 private:
  void add_backend(int i) {
    Observed backend{.name = "b" + std::to_string(i), .tier = between(0, 2)};
    backend.takes_part = chance(90);
    backend.declared_replicas = between(1, 6);
    backend.ready = *backend.declared_replicas;
    targets.push_back(
        {.tier = backend.tier,
         .proportion = backend.takes_part ? between(1, 100) : 0.0,
         .declared_proportion = backend.takes_part ? between(1, 100) : 0.0,
         .limit = between(1, 9),
         .slow_start = {.window = seconds{chance(30) ? 60 : 0}, .min_percent = between(1, 100)}});
    seen.push_back(std::move(backend));
  }
  void pass_time() {
    static const std::vector<int> kSteps = {0, 1, 5, 5, 10, 30, 61, 86'400, -30, -86'400};
    const seconds step{kSteps[random_() % kSteps.size()]};
    if (chance(1)) {
      now = chance(50) ? WallTime::max() : WallTime::min();
    } else if (step >= seconds{0}) {
      now = moment_after(now, step);
    } else if (now > WallTime::min() - step) {
      now += step;
    }
    if (chance(5)) now = WallTime{seconds{1'767'225'600 + between(0, 5000)}};
  }
  void disturb_backend(std::size_t i) {
    auto& backend = seen[i];
    if (chance(10)) backend.declared_replicas = between(0, 8);
    if (chance(2)) backend.declared_replicas.reset();
    const int declared = backend.declared_replicas.value_or(3);
    if (chance(25)) backend.ready = chance(30) ? between(-1, 0) : between(0, declared);
    if (chance(30)) backend.ready = declared;
    backend.at_zero_by_us = declared == 0 && chance(50);
    backend.switched_off = declared == 0 && !backend.at_zero_by_us;
    backend.draining = chance(5);
    backend.drill = chance(3);
    backend.capacity = hostile(1);
    backend.verdicts.clear();
    if (chance(60)) {
      Verdict verdict{.signal = 1, .bad = chance(50), .severity = hostile(1), .text = "bad"};
      if (chance(80)) verdict.time = now;
      if (chance(3)) verdict.time = WallTime::max();
      backend.verdicts.push_back(verdict);
    }
    targets[i].proportion = targets[i].proportion > 0 ? hostile(targets[i].proportion) : 0.0;
    if (!std::isfinite(targets[i].proportion) || targets[i].proportion <= 0)
      targets[i].proportion = backend.takes_part;
  }

  std::mt19937 random_;
};

std::string names(const std::vector<double>& shares) {
  std::string text;
  for (const double share : shares) text += std::to_string(share) + " ";
  return text;
}

std::string text_of(const SplitMemory& split) {
  std::string text = split.returning ? "returning " : "";
  for (const auto& boundary : split.boundaries) {
    text += "tier " + std::to_string(boundary.tier) + " " + std::to_string(boundary.share) +
            (boundary.since ? " since " + std::to_string(boundary.since->time_since_epoch().count()) : "") +
            "; ";
  }
  return text;
}

void expect_shares(const World& world, const HealthOutcome& outcome, const Targets& decided) {
  double sum = 0;
  double full = 0;
  double sizing = 0;
  bool anybody = false;
  for (std::size_t i = 0; i < world.seen.size(); ++i) {
    EXPECT_TRUE(std::isfinite(decided.target[i]) && decided.target[i] >= 0);
    sum += decided.target[i];
    full += decided.full[i];
    sizing += decided.sizing[i];
    anybody = anybody || outcome.backends[i].fitness == Fitness::Eligible;
  }
  EXPECT_NEAR(sum, 100, 1e-6) << names(decided.target);
  EXPECT_NEAR(full, 1, 1e-9);
  EXPECT_NEAR(sizing, 1, 1e-9);
  EXPECT_TRUE(decided.uncovered >= 0 && decided.uncovered <= 1) << decided.uncovered;
  for (std::size_t i = 0; i < world.seen.size() && anybody; ++i) {
    const auto& backend = outcome.backends[i];
    const bool may =
        backend.fitness == Fitness::Eligible || (backend.fitness == Fitness::Out && backend.ready > 0);
    if (!may) EXPECT_EQ(decided.target[i], 0) << i << ": " << names(decided.target);
    if (backend.ready == 0) EXPECT_EQ(decided.target[i], 0) << i;
    if (backend.ejected) EXPECT_EQ(decided.target[i], 0) << i;
  }
  if (anybody) EXPECT_TRUE(decided.served);
}

void expect_health(const World& world, const HealthOutcome& outcome) {
  bool could_serve = false;
  bool anybody = false;
  for (std::size_t i = 0; i < world.seen.size(); ++i) {
    const auto& backend = outcome.backends[i];
    could_serve = could_serve || (world.seen[i].takes_part && world.seen[i].ready > 0);
    anybody = anybody || backend.fitness == Fitness::Eligible;
    if (backend.ejected) EXPECT_TRUE(backend.ejected_until.has_value());
    if (backend.fitness == Fitness::Eligible) EXPECT_GT(backend.ready, 0);
  }
  EXPECT_EQ(anybody, could_serve) << "whoever is ready and declared serves, if nobody else does";
}

/// Deciding again at the same moment says nothing new, and leaves memory as it is.
void expect_idle_repeat(World& world, const Targets& decided) {
  const auto memories = world.memories;
  const auto split = world.split;
  const auto again = world.assess();
  EXPECT_TRUE(again.events.empty());
  EXPECT_EQ(world.decide(again).target, decided.target);
  EXPECT_EQ(world.memories, memories);
  EXPECT_EQ(world.split, split) << text_of(world.split) << "instead of " << text_of(split);
}

/// How often something came about.
using Counts = std::map<std::string, int>;

void count(const World& world, const HealthOutcome& outcome, const Targets& decided, Counts& counts) {
  ++counts["decisions"];
  for (const auto& event : outcome.events) ++counts[event.reason];
  if (outcome.panic) ++counts["in panic"];
  if (!world.demand) ++counts["unknown demand"];
  if (decided.failback_waits) ++counts["waiting"];
  if (decided.uncovered > 0) ++counts["uncovered"];
  for (const auto& backend : outcome.backends) {
    if (backend.on_probation) ++counts["probation"];
  }
}

TEST(WhatAlwaysHoldsOfShares, OnRandomServicesWithHostileValues) {
  Counts counts;
  for (unsigned seed = 1; seed <= kServices; ++seed) {
    World world{seed};
    for (int step = 0; step < kDecisionsEach; ++step) {
      SCOPED_TRACE("service " + std::to_string(seed) + " step " + std::to_string(step));
      world.disturb();
      const auto outcome = world.assess();
      const auto decided = world.decide(outcome);
      expect_health(world, outcome);
      expect_shares(world, outcome, decided);
      expect_idle_repeat(world, decided);
      if (testing::Test::HasFailure()) FAIL() << "first failure; the rest would follow from it";
      count(world, outcome, decided, counts);
      world.carry_out(decided);
    }
  }
  // What is never generated is never tested.
  for (const char* what : {"in panic", "unknown demand", "waiting", "uncovered", "probation", "Ejected"}) {
    EXPECT_GT(counts[what], counts["decisions"] / 50) << what;
  }
  for (const char* what : {"DrainSuspended", "DrillRefused", "EjectionWouldOverload", "ProbationEnded"}) {
    EXPECT_GT(counts[what], 10) << what;
  }
}

}  // namespace
}  // namespace evenkeel::failover
