#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/plan/decide.hpp"

#include "snapshot_builder.hpp"

/// A shift without room to grow: docs/decision.md, "Without room".
namespace evenkeel::plan {
namespace {

using testing_support::SnapshotBuilder;

/// Backends of one tier, as large as the maximum lets them be, without surge; a replica carries 70 requests a
/// second. What is decided is there, ready and observed, at the next look.
class Full {
 public:
  Full(std::int32_t blue, std::int32_t green, double load) : Full({{"blue", blue}, {"green", green}}, load) {}
  Full(const std::vector<std::pair<std::string, std::int32_t>>& backends, double load) : load_{load} {
    std::int32_t sum = 0;
    for (const auto& [name, replicas] : backends) sum += replicas;
    builder.bounds(1, sum).windows(0, 0);
    builder.scaling().max_surge_percent = 0;
    for (const auto& [name, replicas] : backends)
      builder.backend(name, {.weight = replicas, .spec = replicas, .share = 100.0 * replicas / sum});
    builder.metric("rps", load);
    (void)tick(0);
  }
  /// Declares other weights.
  void edit(const std::vector<std::int32_t>& weights) {
    for (std::size_t i = 0; i < weights.size(); ++i) builder.spec().backends[i].weight = weights[i];
  }
  /// One backend has `fewer` ready endpoints than replicas from now on.
  void lose(const std::string& name, std::int32_t fewer) { missing_[name] = fewer; }
  /// This much is measured of it from now on, whatever is set.
  void observe(const std::string& name, double share) { observed_[name] = share; }
  void fail_metric() { fails_ = true; }
  /// Shows what was decided last and decides `seconds` later.
  api::Decision tick(std::int64_t seconds) {
    now_ += seconds;
    builder.now(now_);
    if (!memory_.empty()) {
      for (const auto& [name, backend] : last_.backends) {
        const auto ready = std::max(0, backend.replicas.value_or(0) - missing_[name]);
        builder.seen(name, {.spec = backend.replicas, .ready = ready, .share = backend.weight});
        const auto observed = observed_.find(name);
        builder.snapshot().backends[name].observed_weight =
            observed == observed_.end() ? backend.weight : observed->second;
      }
      builder.memory(memory_);
    }
    auto& metric = builder.snapshot().metrics["rps"];
    metric.samples.clear();
    if (!fails_) metric.samples = {{.value = load_, .time = builder.snapshot().now}};
    if (fails_) metric.error = "nobody answers";
    last_ = decide(builder.build());
    memory_ = last_.memory;
    return last_;
  }

  SnapshotBuilder builder;

 private:
  double load_;
  std::int64_t now_ = 0;
  api::Decision last_;
  std::string memory_;
  std::map<std::string, std::int32_t> missing_;
  std::map<std::string, double> observed_;
  bool fails_ = false;
};

double weight(const api::Decision& decision, const std::string& name = "blue") {
  return decision.backends.at(name).weight;
}
std::int32_t replicas(const api::Decision& decision, const std::string& name = "blue") {
  return decision.backends.at(name).replicas.value_or(-1);
}
bool has_slice(const api::Decision& decision, const std::string& name = "blue") {
  const auto& steps = decision.backends.at(name).steps;
  return std::ranges::any_of(steps, [](const api::Step& step) { return step.step == std::string{"Slice"}; });
}

/// Ticks every 10 s until a decision moves a slice, or gives up a replica for one.
api::Decision next_slice(Full& service) {
  for (int i = 0; i < 60; ++i) {
    const auto decision = service.tick(10);
    if (has_slice(decision)) return decision;
  }
  ADD_FAILURE() << "no slice";
  return service.tick(10);
}

TEST(Slices, WhoHasAsManyMovesAsMuchAsItMustLoseToGiveUpAReplica) {
  Full service{2, 2, 260};
  service.edit({1, 3});
  const auto first = service.tick(10);
  EXPECT_NEAR(weight(first, "green"), 100 * 140.0 / 260, 1e-6) << "as far as what is ready";
  const auto slice = next_slice(service);
  EXPECT_NEAR(weight(slice), 100 * 70.0 / 260, 1e-6) << "what one replica carries";
  EXPECT_EQ(replicas(slice), 2) << "the slice moves first";
  EXPECT_TRUE(has_slice(slice, "green"));
  const auto after = service.tick(10);
  EXPECT_EQ(replicas(after), 1);
  EXPECT_EQ(replicas(after, "green"), 3);
  EXPECT_DOUBLE_EQ(weight(service.tick(10)), 25) << "and the rest follows its replica";
}

TEST(Slices, WhoHasMoreGivesUpAReplicaFirst) {
  Full service{3, 1, 260};
  service.edit({1, 3});
  const auto before = service.tick(10);
  const auto slice = next_slice(service);
  EXPECT_EQ(replicas(slice), 2);
  EXPECT_DOUBLE_EQ(weight(slice), weight(before)) << "no share moves with it";
  EXPECT_FALSE(has_slice(slice, "green"));
  const auto grown = service.tick(10);
  EXPECT_EQ(replicas(grown, "green"), 2);
  const auto second = next_slice(service);
  EXPECT_NEAR(weight(second), 100 * 70.0 / 260, 1e-6) << "then both have two";
}

TEST(Slices, OfEqualSendersTheFirstAndOneAtATime) {
  Full service{{{"blue", 2}, {"green", 2}, {"red", 2}}, 390};
  service.edit({1, 1, 4});
  const auto slice = next_slice(service);
  EXPECT_TRUE(has_slice(slice, "blue"));
  EXPECT_FALSE(has_slice(slice, "green"));
  EXPECT_TRUE(has_slice(slice, "red"));
}

TEST(Slices, TheReceiverIsTheOneThatIsFurthestFromItsTarget) {
  Full service{{{"blue", 4}, {"green", 1}, {"red", 1}}, 390};
  service.edit({1, 2, 3});
  for (int i = 0; i < 60; ++i) {
    const auto decision = service.tick(10);
    if (!has_slice(decision, "green") && !has_slice(decision, "red")) continue;
    EXPECT_TRUE(has_slice(decision, "red"));
    return;
  }
  ADD_FAILURE() << "no slice of share";
}

TEST(Slices, NoneBeforeTheLastReplicaIsReadyNorTwoInAPeriod) {
  Full service{4, 2, 400};
  service.edit({1, 5});
  (void)next_slice(service);
  service.lose("green", 1);
  for (int i = 0; i < 30; ++i) EXPECT_FALSE(has_slice(service.tick(10))) << "green misses one";
}

TEST(Slices, TheSumNeverGrowsAndTheShiftArrives) {
  for (const auto& [blue, green] : std::vector<std::pair<int, int>>{{2, 2}, {3, 1}, {5, 1}, {3, 4}}) {
    const int sum = blue + green;
    Full service{blue, green, 65.0 * sum};
    service.edit({1, sum - 1});
    auto decision = service.tick(10);
    for (int i = 0; i < 400; ++i) {
      EXPECT_LE(replicas(decision) + replicas(decision, "green"), sum);
      EXPECT_GE(replicas(decision), 1);
      decision = service.tick(10);
    }
    EXPECT_NEAR(weight(decision), 100.0 / sum, 1e-6) << blue << "/" << green;
    EXPECT_EQ(replicas(decision), 1) << blue << "/" << green;
    EXPECT_EQ(replicas(decision, "green"), sum - 1) << blue << "/" << green;
  }
}

TEST(Slices, NoneWhereTheReceiverMayGrow) {
  Full service{2, 2, 260};
  service.builder.scaling().max_surge_percent = 100;
  service.edit({1, 3});
  for (int i = 0; i < 60; ++i) EXPECT_FALSE(has_slice(service.tick(10)));
}

TEST(Slices, NoneForAReceiverThatItsOwnMaximumStops) {
  Full service{2, 2, 260};
  service.builder.spec().backends[1].max_replicas = 2;
  service.edit({1, 3});
  auto decision = service.tick(10);
  for (int i = 0; i < 60; ++i) {
    EXPECT_FALSE(has_slice(decision));
    decision = service.tick(10);
  }
  EXPECT_NEAR(weight(decision, "green"), 100 * 140.0 / 260, 1e-6);
}

/// Blue is to have nothing, and half of the traffic stays with it.
TEST(Draining, WhatNeverLeavesGoesWithItsTimeOut) {
  Full service{2, 2, 200};
  service.edit({0, 1});
  service.observe("blue", 50);
  auto decision = service.tick(10);
  EXPECT_EQ(weight(decision), 30) << "140 of 200 are ready elsewhere";
  int told = 0;
  for (int second = 20; second <= 900; second += 10) {
    decision = service.tick(10);
    for (const auto& event : decision.events) told += event.reason == "DrainIncomplete" ? 1 : 0;
    if (second < 610) EXPECT_EQ(replicas(decision), 2) << second;
    if (second >= 610) EXPECT_EQ(replicas(decision), 1) << second;
  }
  EXPECT_EQ(told, 1);
}

TEST(Slices, NoneWhereDemandIsUnknown) {
  Full service{2, 2, 260};
  service.fail_metric();
  for (int i = 0; i < 40; ++i) (void)service.tick(10);
  service.edit({1, 3});
  for (int i = 0; i < 60; ++i) EXPECT_FALSE(has_slice(service.tick(10)));
}

}  // namespace
}  // namespace evenkeel::plan
