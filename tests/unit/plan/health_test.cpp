#include "health.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

namespace evenkeel::plan {
namespace {

using failover::Fitness;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pointwise;
using testing_support::at;
using testing_support::SnapshotBuilder;

/// Three backends of 3 replicas, green and red after blue in one tier or as they are declared.
api::Snapshot three() {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3, .share = 50})
      .backend("green", {.spec = 3, .share = 50})
      .backend("red", {.tier = 1, .spec = 3, .share = 0});
  return builder.build();
}

/// look_at_health() with what a decision would hand to it.
class Look {
 public:
  explicit Look(api::Snapshot snapshot) : snapshot{std::move(snapshot)} {}

  HealthView view() {
    std::vector<std::string> ignored;
    decision = {};
    members_ = members_of(snapshot, ignored);
    capacities_.assign(members_.size(), 1.4);
    set_.clear();
    for (const auto& member : members_) set_.push_back(member.set_share);
    at_zero_.assign(members_.size(), 0);
    return look_at_health(snapshot, members_, figures(), memory, decision);
  }
  std::vector<double> target(std::optional<double> demand) {
    demand_ = demand;
    const auto seen = view();
    const std::vector<std::int32_t> limits(members_.size(), 100);
    return find_targets(snapshot, members_, seen, figures(), limits, memory).target;
  }
  void sample(const std::string& metric, const std::string& backend, double value) {
    auto& samples = snapshot.metrics[metric].samples;
    std::erase_if(samples, [&](const api::Sample& sample) { return sample.labels.at("backend") == backend; });
    samples.push_back({.labels = {{"backend", backend}}, .value = value, .time = snapshot.now});
  }

  api::Snapshot snapshot;
  Memory memory;
  api::Decision decision;

 private:
  HealthFigures figures() const {
    return {.demand = demand_, .capacities = capacities_, .set = set_, .at_zero_by_us = at_zero_};
  }
  std::vector<Member> members_;
  std::vector<double> capacities_;
  std::vector<double> set_;
  std::vector<char> at_zero_;
  std::optional<double> demand_;
};

TEST(Requests, AreReadFromAnnotations) {
  auto snapshot = three();
  snapshot.service.annotations = {{"evenkeel.dev/drain", " blue , green=now,, "},
                                  {"evenkeel.dev/drill", "red"},
                                  {"evenkeel.dev/failback", " monday "}};
  std::vector<std::string> warnings;
  const auto members = members_of(snapshot, warnings);
  const auto requests = read_requests(snapshot, members, warnings);
  EXPECT_THAT(requests.drain, ElementsAre(1, 1, 0));
  EXPECT_THAT(requests.drain_now, ElementsAre(0, 1, 0));
  EXPECT_THAT(requests.drill, ElementsAre(0, 0, 1));
  EXPECT_EQ(requests.failback, "monday");
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(Requests, ForUnknownNamesAreWarnings) {
  auto snapshot = three();
  snapshot.service.annotations = {{"evenkeel.dev/drain", "blau=now"}, {"evenkeel.dev/drill", "=now"}};
  std::vector<std::string> warnings;
  const auto members = members_of(snapshot, warnings);
  const auto requests = read_requests(snapshot, members, warnings);
  EXPECT_THAT(requests.drain, ElementsAre(0, 0, 0));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("evenkeel.dev/drain names blau")));
}

TEST(HealthOfASnapshot, ADrainedBackendGivesItsShareAway) {
  Look look{three()};
  look.snapshot.service.annotations = {{"evenkeel.dev/drain", "blue=now"}};
  EXPECT_THAT(look.target(2.0), Pointwise(DoubleNear(1e-6), std::vector<double>{0, 100, 0}));
}

TEST(HealthOfASnapshot, ADrillFailsOver) {
  Look look{three()};
  look.snapshot.service.annotations = {{"evenkeel.dev/drill", "blue,green"}};
  EXPECT_THAT(look.target(2.0), Pointwise(DoubleNear(1e-6), std::vector<double>{0, 0, 100}));
}

TEST(HealthOfASnapshot, ASignalAboveItsThresholdEjects) {
  Look look{three()};
  api::HealthSignal signal;
  signal.name = "errors";
  signal.preset = "ErrorRatio";
  signal.max = Quantity::from_milli(50);
  look.snapshot.service.spec.health.signals = {signal};
  for (const int time : {0, 10, 20}) {
    look.snapshot.now = at(time);
    look.sample("errors", "blue", 0.2);
    look.sample("errors", "green", 0.05);
    (void)look.view();
  }
  ASSERT_THAT(look.decision.events, testing::SizeIs(1));
  EXPECT_EQ(look.decision.events.front().reason, "Ejected");
  EXPECT_THAT(look.decision.events.front().message, HasSubstr("errors 0.2 is above 0.05"));
  const auto view = look.view();
  EXPECT_EQ(view.health.backends[0].fitness, Fitness::Unfit);
  EXPECT_EQ(view.health.backends[1].fitness, Fitness::Eligible);
  EXPECT_EQ(state_of(view.health.backends[0], 0), api::BackendState::Ejected);
}

TEST(HealthOfASnapshot, ASignalBelowItsThresholdEjects) {
  Look look{three()};
  api::HealthSignal signal;
  signal.name = "goodput";
  signal.query = "goodput";
  signal.min = Quantity::from_milli(1000);
  look.snapshot.service.spec.health.signals = {signal};
  look.snapshot.service.spec.health.failure_threshold = 1;
  look.sample("goodput", "blue", 1.0);
  EXPECT_EQ(look.view().health.backends[0].fitness, Fitness::Eligible) << "the threshold itself is good";
  look.sample("goodput", "green", 0.5);
  const auto view = look.view();
  EXPECT_EQ(view.health.backends[1].fitness, Fitness::Unfit);
  EXPECT_EQ(view.health.backends[0].fitness, Fitness::Eligible);
}

TEST(HealthOfASnapshot, ReadingsReachTheProportions) {
  Look look{three()};
  look.snapshot.service.spec.balancing.algorithm = api::Algorithm::FastestResponse;
  look.snapshot.service.spec.balancing.max_step_percent = 100;
  look.sample("balancing.latency", "blue", 0.0012);
  look.sample("balancing.latency", "green", 0.0048);
  const auto view = look.view();
  EXPECT_TRUE(view.computed);
  EXPECT_NEAR(view.proportions[0], 0.8, 1e-6) << "milliseconds are told apart";
  EXPECT_NEAR(view.proportions[1], 0.2, 1e-6);
}

TEST(HealthOfASnapshot, OneBackendHasEverythingWhateverItsHealth) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3, .ready = 0});
  Look look{builder.build()};
  EXPECT_EQ(look.view().health.backends.front().fitness, Fitness::Asleep);
  EXPECT_THAT(look.target({}), Pointwise(DoubleNear(1e-6), std::vector<double>{100}));
}

TEST(StateOf, ABackendFollowsItsHealthAndItsShare) {
  failover::BackendHealth health{.fitness = Fitness::Eligible, .ready = 1};
  EXPECT_EQ(state_of(health, 10), api::BackendState::Active);
  EXPECT_EQ(state_of(health, 0), api::BackendState::Standby);
  health.fitness = Fitness::Out;
  EXPECT_EQ(state_of(health, 10), api::BackendState::Draining);
  health = {.fitness = Fitness::Unfit, .ready = 0, .ejected = true};
  EXPECT_EQ(state_of(health, 0), api::BackendState::Unknown);
}

}  // namespace
}  // namespace evenkeel::plan
