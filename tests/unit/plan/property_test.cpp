#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "evenkeel/plan/decide.hpp"
#include "evenkeel/scaling/history.hpp"

#include "snapshot_builder.hpp"

/// What always holds, on random services with hostile values.
namespace evenkeel::plan {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing_support::at;

constexpr int kServices = 200;
constexpr int kDecisionsEach = 50;
constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();

WallTime moved(WallTime now, std::chrono::seconds by) {
  if (by < seconds{0}) return scaling::moment_before(now, -by);
  return now > WallTime::max() - by ? WallTime::max() : now + by;
}

/// Random services, and what happens to them from decision to decision.
class Generator {
 public:
  explicit Generator(unsigned seed) : random_{seed} {}

  bool chance(unsigned percent) { return random_() % 100 < percent; }
  std::int32_t between(std::int32_t low, std::int32_t high) {
    return low + static_cast<std::int32_t>(random_() % static_cast<unsigned>(high - low + 1));
  }
  template <class T>
  T one_of(const std::vector<T>& values) {
    return values[random_() % values.size()];
  }

  double hostile_value() {
    static const std::vector<double> kValues = {std::numeric_limits<double>::quiet_NaN(),
                                                std::numeric_limits<double>::infinity(),
                                                -std::numeric_limits<double>::infinity(),
                                                1e300,
                                                -1e300,
                                                -3,
                                                0,
                                                5e-324};
    return chance(20) ? one_of(kValues) : between(0, 4000) / 7.0;
  }
  std::int32_t hostile_count() {
    static const std::vector<std::int32_t> kCounts = {
        -1, 0, 1, kMost, std::numeric_limits<std::int32_t>::min(), 1000};
    return chance(6) ? one_of(kCounts) : between(1, 12);
  }

  api::Snapshot service() {
    api::Snapshot snapshot;
    snapshot.now = at(0);
    auto& service = snapshot.service;
    service.key = {.ns = "store", .name = "shop"};
    service.uid = "0000-1111";
    const int backends = between(1, 4);
    for (int i = 0; i < backends; ++i) service.spec.backends.push_back(backend(i));
    service.spec.backends.front().weight = std::max(1, service.spec.backends.front().weight);
    service.spec.scaling = scaling();
    snapshot.settings.frozen = chance(3);
    for (const auto& declared : service.spec.backends)
      snapshot.backends[declared.name].spec_replicas = between(1, 9);
    return snapshot;
  }

  /// Lets time pass, somehow, and the world change.
  void disturb(api::Snapshot& snapshot) {
    static const std::vector<std::chrono::seconds> kJumps = {seconds{0},
                                                             seconds{1},
                                                             seconds{5},
                                                             seconds{5},
                                                             seconds{15},
                                                             seconds{61},
                                                             hours{24},
                                                             -seconds{30},
                                                             -hours{24}};
    snapshot.now = moved(snapshot.now, one_of(kJumps));
    if (chance(1)) snapshot.now = chance(50) ? WallTime::max() : WallTime::min();
    for (auto& [name, seen] : snapshot.backends) observe(seen);
    auto& reading = snapshot.metrics["rps"];
    reading = {};
    if (chance(5)) reading.error = "Prometheus is not there";
    for (int i = chance(10) ? 0 : between(1, 3); i > 0; --i) reading.samples.push_back(sample(snapshot.now));
    if (chance(3)) snapshot.metrics.clear();
    auto& spec = snapshot.service.spec;
    if (chance(3)) spec.replicas = chance(50) ? std::optional{between(-5, 60)} : std::nullopt;
    if (chance(2)) spec.mode = one_of<api::Mode>({api::Mode::Enforce, api::Mode::Observe, api::Mode::Paused});
    if (chance(90)) spec.mode = api::Mode::Enforce;
    if (chance(2)) spec.scaling = scaling();
  }

  /// The memory as it comes back: as it was, or not.
  std::optional<std::string> memory(const std::string& last) {
    if (chance(90)) return last;
    if (chance(20)) return std::nullopt;
    auto text = last;
    for (int i = between(1, 8); i > 0 && !text.empty(); --i) {
      const auto place = random_() % text.size();
      if (chance(50)) {
        text[place] = static_cast<char>('0' + random_() % 10);
      } else {
        text.erase(place, 1 + random_() % 9);
      }
    }
    return text;
  }

 private:
  api::Backend backend(int index) {
    api::Backend backend{
        .name = "b" + std::to_string(index), .tier = between(0, 2), .weight = between(0, 3) * 25};
    if (chance(95)) backend.workload = api::WorkloadRef{.name = backend.name};
    backend.service = api::ServiceRef{.name = backend.name, .port = "80"};
    if (chance(20)) backend.min_replicas = between(1, 4);
    if (chance(20)) backend.max_replicas = backend.min_replicas.value_or(1) + between(0, 20);
    return backend;
  }
  api::ScalingRules rules() {
    api::ScalingRules rules;
    if (chance(80)) rules.stabilization_window = seconds{one_of<int>({0, 5, 30, 300})};
    rules.select_policy = one_of<api::SelectPolicy>({api::SelectPolicy::Max,
                                                     api::SelectPolicy::Max,
                                                     api::SelectPolicy::Min,
                                                     api::SelectPolicy::Disabled});
    for (int i = between(0, 3); i > 0; --i) {
      rules.policies.push_back({chance(50) ? api::PolicyType::Pods : api::PolicyType::Percent,
                                chance(5) ? kMost : between(1, 120),
                                seconds{one_of<int>({1, 15, 60, 1800})}});
    }
    if (chance(20)) rules.tolerance = Quantity::from_milli(between(0, 300));
    return rules;
  }
  api::Scaling scaling() {
    api::Scaling scaling;
    scaling.min_replicas = between(1, 4);
    scaling.max_replicas = chance(5) ? kMost : scaling.min_replicas + between(0, 40);
    auto& metric = scaling.metrics.emplace_back();
    metric.name = "rps";
    metric.preset = chance(70) ? "RequestsPerSecond" : "LatencyP99";
    metric.target_type = chance(50) ? api::TargetType::Value : api::TargetType::AverageValue;
    metric.target_value = Quantity::from_milli(chance(3) ? 0 : between(1, 60'000));
    scaling.scale_up = rules();
    scaling.scale_down = rules();
    return scaling;
  }
  api::Sample sample(WallTime now) {
    api::Sample sample{.value = hostile_value()};
    if (chance(90)) sample.time = moved(now, -seconds{between(0, 150)});
    if (chance(5)) sample.time = WallTime::max();
    if (chance(30)) sample.weight = hostile_value();
    if (chance(30)) sample.contributors = hostile_count();
    return sample;
  }
  void observe(api::BackendObservation& seen) {
    if (chance(5)) seen.spec_replicas = hostile_count();
    if (chance(1)) seen.spec_replicas.reset();
    seen.status_replicas = chance(90) ? seen.spec_replicas : std::optional{hostile_count()};
    const auto pods = std::max(0, seen.spec_replicas.value_or(0));
    if (chance(70)) seen.endpoints = api::Endpoints{.ready = pods, .total = pods};
    if (chance(15)) seen.endpoints = api::Endpoints{.ready = chance(70) ? 0 : hostile_count(), .total = pods};
    if (chance(2)) seen.endpoints.reset();
    seen.ready_replicas = pods;
    seen.rollout = chance(5);
    if (chance(10)) seen.weight = hostile_value();
  }

  std::mt19937 random_;
};

std::int32_t ready_of(const api::Snapshot& snapshot, const std::string& name) {
  const auto& seen = snapshot.backends.at(name);
  return std::max(0, seen.endpoints ? seen.endpoints->ready : seen.ready_replicas.value_or(0));
}

void expect_bounds(const api::Snapshot& snapshot, const api::Decision& decision) {
  const auto& spec = snapshot.service.spec;
  if (!spec.scaling) return;
  const auto max = std::max(1, spec.scaling->max_replicas);
  if (decision.total.replicas) {
    EXPECT_GE(*decision.total.replicas, 1);
    EXPECT_LE(*decision.total.replicas, max);
  }
  for (const auto& backend : spec.backends) {
    const auto& decided = decision.backends.at(backend.name);
    if (!decided.replicas) continue;
    const auto own_max = spec.backends.size() == 1 ? max : backend.max_replicas.value_or(max);
    EXPECT_GE(*decided.replicas, 0);
    EXPECT_LE(*decided.replicas, std::max(own_max, backend.min_replicas.value_or(1))) << backend.name;
    const auto seen = snapshot.backends.at(backend.name).spec_replicas.value_or(0);
    if (backend.min_replicas && spec.backends.size() > 1) {
      EXPECT_GE(*decided.replicas, std::min(*backend.min_replicas, seen)) << "growth to it waits for room";
    }
  }
}

void expect_weights(const api::Snapshot& snapshot, const api::Decision& decision) {
  double sum = 0;
  bool eligible_serves = false;
  bool ready_serves = false;
  bool anybody_ready = false;
  for (const auto& backend : snapshot.service.spec.backends) {
    const double weight = decision.backends.at(backend.name).weight;
    EXPECT_TRUE(std::isfinite(weight) && weight >= 0) << weight;
    sum += weight;
    const bool is_ready = ready_of(snapshot, backend.name) > 0;
    anybody_ready = anybody_ready || is_ready;
    ready_serves = ready_serves || (is_ready && weight > 0);
    eligible_serves = eligible_serves || (is_ready && backend.weight > 0 && weight > 0);
  }
  EXPECT_NEAR(sum, 100, 1e-6);
  if (snapshot.service.spec.mode == api::Mode::Paused) return;
  for (const auto& backend : snapshot.service.spec.backends) {
    const double weight = decision.backends.at(backend.name).weight;
    if (eligible_serves && ready_of(snapshot, backend.name) == 0) EXPECT_EQ(weight, 0) << backend.name;
    const bool could_serve = ready_of(snapshot, backend.name) > 0 && backend.weight > 0;
    // A drained one may serve for a while: who takes its share has to be ready first.
    if (could_serve) EXPECT_TRUE(ready_serves) << "somebody could serve, and nobody does";
  }
  const auto ready = std::ranges::find(decision.conditions, "Ready", &api::Condition::type);
  ASSERT_NE(ready, decision.conditions.end());
  if (!anybody_ready) EXPECT_EQ(ready->status, api::ConditionStatus::False);
}

/// With no usable signal the total does not fall, save for bounds and people. One backend: against what is
/// there; what several start from is in their memory, so they are checked by the stories.
void expect_no_blind_fall(const api::Snapshot& snapshot, const api::Decision& decision) {
  const auto& spec = snapshot.service.spec;
  const bool usable = std::ranges::any_of(decision.signals, [](const api::SignalState& signal) {
    return signal.value && signal.quality == api::Quality::Fresh;
  });
  if (usable || spec.replicas || spec.backends.size() != 1 || !decision.total.replicas) return;
  const auto& backend = spec.backends.front();
  const auto current = *snapshot.backends.at(backend.name).spec_replicas;
  const auto max = std::min(spec.scaling->max_replicas, backend.max_replicas.value_or(kMost));
  EXPECT_GE(*decision.total.replicas, std::min(current, max));
}

void expect_equal(const api::Decision& a, const api::Decision& b) {
  EXPECT_EQ(a.total.replicas, b.total.replicas);
  EXPECT_EQ(a.memory, b.memory);
  EXPECT_EQ(a.conditions, b.conditions);
  EXPECT_EQ(a.warnings, b.warnings);
  for (const auto& [name, backend] : a.backends) {
    EXPECT_EQ(backend.replicas, b.backends.at(name).replicas);
    EXPECT_EQ(backend.weight, b.backends.at(name).weight);
    EXPECT_EQ(backend.reason, b.backends.at(name).reason);
  }
}

/// Deciding again with the same now and samples changes nothing.
void expect_idle_repeat(api::Snapshot snapshot, const api::Decision& decision) {
  snapshot.memory = decision.memory;
  const auto again = decide(snapshot);
  EXPECT_EQ(again.total.replicas, decision.total.replicas);
  for (const auto& [name, backend] : decision.backends) {
    EXPECT_EQ(again.backends.at(name).replicas, backend.replicas) << name;
    EXPECT_EQ(again.backends.at(name).weight, backend.weight) << name;
  }
  if (testing::Test::HasFailure()) {
    ADD_FAILURE() << api::print_decision(decision) << "\n" << api::print_decision(again);
  }
}

void carry_out(Generator& generator, const api::Decision& decision, api::Snapshot& snapshot) {
  if (snapshot.service.spec.mode != api::Mode::Enforce || generator.chance(20)) return;
  for (const auto& [name, backend] : decision.backends) {
    auto& seen = snapshot.backends.at(name);
    seen.weight = backend.weight;
    if (backend.replicas && generator.chance(90)) seen.spec_replicas = backend.replicas;
  }
}

/// How often something came about.
struct Counts {
  int decided = 0;
  int scaled = 0;
  int failed_over = 0;
  int dropped = 0;
};

void count(const api::Decision& decision, Counts& counts) {
  ++counts.decided;
  for (const auto& event : decision.events) {
    counts.scaled += event.reason.starts_with("Scaled") ? 1 : 0;
    counts.failed_over += event.reason == "FailedOver" ? 1 : 0;
    counts.dropped += event.reason == "MemoryDropped" ? 1 : 0;
  }
}

TEST(WhatAlwaysHolds, OnRandomServicesWithHostileValues) {
  Counts counts;
  for (unsigned service = 0; service < kServices; ++service) {
    Generator generator{service + 1};
    auto snapshot = generator.service();
    for (int step = 0; step < kDecisionsEach; ++step) {
      SCOPED_TRACE("service " + std::to_string(service) + " step " + std::to_string(step));
      generator.disturb(snapshot);
      snapshot.restored = generator.chance(5);
      const auto decision = decide(snapshot);
      count(decision, counts);
      expect_bounds(snapshot, decision);
      expect_weights(snapshot, decision);
      expect_no_blind_fall(snapshot, decision);
      expect_equal(decision, decide(snapshot));
      expect_idle_repeat(snapshot, decision);
      EXPECT_LT(decision.memory.size(), 16U * 1024);
      if (testing::Test::HasFailure()) FAIL() << "first failure; the rest would follow from it";
      carry_out(generator, decision, snapshot);
      snapshot.memory = generator.memory(decision.memory);
    }
  }
  EXPECT_EQ(counts.decided, kServices * kDecisionsEach);
  // What is never generated is never tested.
  EXPECT_GT(counts.scaled, counts.decided / 20);
  EXPECT_GT(counts.failed_over, counts.decided / 200);
  EXPECT_GT(counts.dropped, counts.decided / 200);
}

}  // namespace
}  // namespace evenkeel::plan
