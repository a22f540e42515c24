#include "health.hpp"

#include <algorithm>
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
    at_zero_.clear();
    for (const auto& member : members_) at_zero_.push_back(member.declared->name == asleep ? 1 : 0);
    return look_at_health(snapshot, members_, figures(), memory, decision);
  }
  std::vector<double> target(std::optional<double> demand) {
    demand_ = demand;
    const auto seen = view();
    const std::vector<std::int32_t> limits(members_.size(), limit);
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
  std::int32_t limit = 100;  ///< The most replicas that each is meant to have.
  std::string asleep;        ///< Whose count of 0 is ours; may be nobody's.

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
  using Backend = Requests::Backend;
  EXPECT_THAT(
      requests.backends,
      ElementsAre(Backend{.drain = true}, Backend{.drain = true, .drain_now = true}, Backend{.drill = true}));
  EXPECT_EQ(requests.failback, "monday");
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(Requests, ForUnknownNamesAreWarnings) {
  auto snapshot = three();
  snapshot.service.annotations = {{"evenkeel.dev/drain", "blau=now"}, {"evenkeel.dev/drill", "=now"}};
  std::vector<std::string> warnings;
  const auto members = members_of(snapshot, warnings);
  const auto requests = read_requests(snapshot, members, warnings);
  EXPECT_THAT(requests.backends, ElementsAre(Requests::Backend{}, Requests::Backend{}, Requests::Backend{}));
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

TEST(HealthOfASnapshot, OfOneBackendItsFitnessIsWhatIsKnownOfIt) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3});
  Look look{builder.build()};
  const auto fitness = [&] { return look.view().health.backends.front().fitness; };
  EXPECT_EQ(fitness(), Fitness::Eligible);
  look.snapshot = builder.seen("blue", {.spec = 3, .ready = 0}).build();
  EXPECT_EQ(fitness(), Fitness::Unfit) << "it has been ready before";
  look.snapshot = builder.backend("blue", {.weight = 0, .spec = 3}).build();
  EXPECT_EQ(fitness(), Fitness::Out);
  Look off{builder.backend("blue", {.spec = 0}).build()};
  EXPECT_EQ(off.view().health.backends.front().fitness, Fitness::Unfit) << "somebody switched it off";
  Look asleep{builder.build()};
  asleep.asleep = "blue";
  EXPECT_EQ(asleep.view().health.backends.front().fitness, Fitness::Asleep);
}

TEST(HealthOfASnapshot, OneThatWasNeverReadyIsAsleepUnlessItWasSwitchedOff) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3, .share = 100})
      .backend("green", {.spec = 3, .ready = 0})
      .backend("red", {.spec = 0})
      .backend("grey", {.spec = 0});
  Look look{builder.build()};
  look.asleep = "grey";
  const auto view = look.view();
  EXPECT_EQ(view.health.backends[1].fitness, Fitness::Asleep);
  EXPECT_EQ(view.health.backends[2].fitness, Fitness::Unfit);
  EXPECT_EQ(view.health.backends[3].fitness, Fitness::Asleep) << "that 0 is ours";
}

TEST(HealthOfASnapshot, WithoutAWorkloadAsManyAreDeclaredAsStandBehindTheService) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3}).backend("green", {.spec = 4, .has_workload = false});
  Look look{builder.build()};
  const auto expected_with = [&](std::optional<api::Endpoints> endpoints) {
    look.snapshot.backends["green"].endpoints = endpoints;
    return look.view().health.backends[1].expected;
  };
  EXPECT_EQ(expected_with(api::Endpoints{.ready = 4, .total = 4}), 4);
  EXPECT_EQ(expected_with(api::Endpoints{.ready = 2, .total = 3}), 3) << "one of four has gone for good";
  EXPECT_EQ(expected_with(api::Endpoints{.ready = 2, .total = -3}), 0) << "nonsense is none";
  EXPECT_EQ(expected_with(std::nullopt), 0);
}

TEST(HealthOfASnapshot, ASlowStartIsRememberedForTheLongestThatIsDeclared) {
  Look look{three()};
  look.snapshot.service.spec.backends[1].slow_start.window = std::chrono::seconds{60};
  const auto since_at = [&](std::int64_t second) {
    look.snapshot.now = at(second);
    return look.view().health.backends[1].eligible_since;
  };
  EXPECT_EQ(since_at(0), at(0));
  EXPECT_EQ(since_at(59), at(0));
  EXPECT_EQ(since_at(60), std::nullopt);
}

TEST(HealthOfASnapshot, ComputedProportionsAreSaidAndRememberedWithWhatIsObserved) {
  for (const auto mode : {api::Mode::Enforce, api::Mode::Observe}) {
    Look look{three()};
    look.snapshot.service.spec.mode = mode;
    look.snapshot.service.spec.balancing.algorithm = api::Algorithm::LeastUtilization;
    look.snapshot.backends["blue"].observed_weight = 40;
    look.sample("balancing.utilization", "blue", 0.2);
    look.sample("balancing.utilization", "green", 0.8);
    const auto view = look.view();
    const auto& steps = view.steps[0];
    EXPECT_TRUE(std::ranges::any_of(
        steps, [](const api::Step& step) { return step.step == std::string{"Balance"}; }));
    const auto& blue = look.memory.backends["blue"].balancing;
    EXPECT_EQ(blue.proportion.has_value(), mode == api::Mode::Enforce)
        << "what is only looked at is not made";
    ASSERT_THAT(blue.shares, testing::SizeIs(1));
    EXPECT_EQ(blue.shares[0].share, 40);
    EXPECT_EQ(look.memory.backends["green"].balancing.shares.at(0).share, 50) << "set, where nothing is seen";
  }
}

TEST(HealthOfASnapshot, ADrainWaitsForCapacityOfItsTierUnlessItIsToLeaveNow) {
  for (const bool at_once : {false, true}) {
    Look look{three()};
    (void)look.target(8.4);  // All three are expected from now on.
    look.snapshot.service.annotations = {{"evenkeel.dev/drain", at_once ? "blue=now" : "blue"}};
    look.snapshot.backends["green"].endpoints = api::Endpoints{.ready = 2, .total = 3};
    const double green = 200.0 / 6;  // Of 8.4, which six endpoints carry.
    const std::vector<double> wanted =
        at_once ? std::vector<double>{0, 40, 60} : std::vector<double>{50, green, 50 - green};
    EXPECT_THAT(look.target(8.4), Pointwise(DoubleNear(1e-6), wanted));
  }
}

TEST(HealthOfASnapshot, ADrainDoesNotWaitForWhatItsTierMayNotGrowBy) {
  Look look{three()};
  look.snapshot.service.annotations = {{"evenkeel.dev/drain", "blue"}};
  look.limit = 3;  // Which carry 4.2, a half of demand.
  EXPECT_THAT(look.target(8.4), Pointwise(DoubleNear(1e-6), std::vector<double>{0, 50, 50}));
}

TEST(HealthOfASnapshot, ARequestStandsUntilSomebodyCarriesItOut) {
  for (const auto mode : {api::Mode::Observe, api::Mode::Enforce}) {
    Look look{three()};
    look.snapshot.service.spec.mode = mode;
    look.snapshot.service.annotations = {{"evenkeel.dev/failback", "monday"}};
    (void)look.target(2.0);
    EXPECT_EQ(look.memory.split.failback != 0, mode == api::Mode::Enforce);
  }
}

TEST(StateOf, ABackendFollowsItsHealthAndItsShare) {
  failover::BackendHealth health{.fitness = Fitness::Eligible, .ready = 1};
  EXPECT_EQ(state_of(health, 10), api::BackendState::Active);
  EXPECT_EQ(state_of(health, 0), api::BackendState::Standby);
  health.fitness = Fitness::Out;
  EXPECT_EQ(state_of(health, 10), api::BackendState::Draining);
  health = {.fitness = Fitness::Unfit, .ready = 1};
  EXPECT_EQ(state_of(health, 10), api::BackendState::Active) << "it serves until its share has left";
  health = {.fitness = Fitness::Eligible, .ready = 1, .ejected = true};
  EXPECT_EQ(state_of(health, 10), api::BackendState::Active) << "its ejection is ignored";
  health = {.fitness = Fitness::Unfit, .ready = 0, .ejected = true};
  EXPECT_EQ(state_of(health, 0), api::BackendState::Unknown);
}

}  // namespace
}  // namespace evenkeel::plan
