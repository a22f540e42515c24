#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "joint.hpp"
#include "snapshot_builder.hpp"

/// What is known before the total is decided: demand where no metric measures it, and full shares.
namespace evenkeel::plan {
namespace {

using testing_support::at;
using testing_support::SnapshotBuilder;

class Unmeasured : public testing::Test {
 protected:
  Unmeasured() { builder.windows(0, 60).backend("blue", {}).backend("green", {}); }
  std::optional<double> demand_at(std::int64_t now) {
    builder.now(now);
    std::vector<std::string> warnings;
    const auto members = members_of(builder.build(), warnings);
    api::Decision decision;
    Joint joint{.snapshot = builder.build(), .members = members, .memory = memory, .decision = decision};
    measure(joint);
    return joint.demand.value;
  }
  SnapshotBuilder builder;
  Memory memory;
};

TEST_F(Unmeasured, IsKnownForOneScaleDownWindow) {
  memory.demand.last = {at(0), 5};
  EXPECT_EQ(demand_at(1), 5);
  EXPECT_EQ(demand_at(60), 5);
  EXPECT_EQ(demand_at(61), std::nullopt);
}

TEST_F(Unmeasured, AtTheSameMomentAgainItIsStillThatOfTheMomentBefore) {
  memory.demand.before = {at(10), 5};
  memory.demand.last = {at(20), 7};
  EXPECT_EQ(demand_at(20), 5);
  EXPECT_EQ(demand_at(21), 7);
  memory.demand.before.reset();
  EXPECT_EQ(demand_at(20), std::nullopt);
}

TEST_F(Unmeasured, OfOneBackendNobodyAsks) {
  builder.spec().backends.pop_back();
  memory.demand.last = {at(0), 5};
  EXPECT_EQ(demand_at(1), std::nullopt);
}

using failover::Fitness;

struct Seen {
  Fitness fitness = Fitness::Eligible;
  std::int32_t ready = 1;
  std::int32_t tier = 0;
  std::int32_t weight = 100;
  double set = 0;
};

/// Full shares of backends as they are seen.
std::vector<double> full_shares(const std::vector<Seen>& seen, api::Algorithm algorithm = {}) {
  SnapshotBuilder builder;
  for (const auto& one : seen) {
    builder.backend("backend-" + std::to_string(builder.spec().backends.size()),
                    {.tier = one.tier, .weight = one.weight});
  }
  builder.spec().balancing.algorithm = algorithm;
  std::vector<std::string> warnings;
  const auto members = members_of(builder.build(), warnings);
  Memory memory;
  api::Decision decision;
  Joint joint{.snapshot = builder.build(), .members = members, .memory = memory, .decision = decision};
  for (const auto& one : seen) {
    joint.set.push_back(one.set);
    joint.origin.push_back(one.set);
    joint.view.health.backends.push_back({.fitness = one.fitness, .ready = one.ready});
  }
  find_full_shares(joint);
  return joint.full;
}

auto near(const std::vector<double>& wanted) {
  return testing::Pointwise(testing::DoubleNear(1e-9), wanted);
}

TEST(FullSharesBeforeTargets, AreOfTheLowestTierThatMayServe) {
  const Seen unfit{.fitness = Fitness::Unfit, .ready = 0};
  const Seen asleep{.fitness = Fitness::Asleep, .ready = 0, .weight = 25};
  EXPECT_THAT(full_shares({{.weight = 75}, asleep, unfit, {.tier = 1}}), near({75, 25, 0, 0}));
  EXPECT_THAT(full_shares({unfit, {.tier = 2}, {.tier = 1}}), near({0, 0, 100}));
}

TEST(FullSharesBeforeTargets, AreEqualUnderRoundRobin) {
  EXPECT_THAT(full_shares({{.weight = 75}, {.weight = 25}}, api::Algorithm::RoundRobin), near({50, 50}));
}

TEST(FullSharesBeforeTargets, AreWhatIsSetWhereNobodyMayServe) {
  const Seen lost{.fitness = Fitness::Unfit, .ready = 0, .set = 60};
  const Seen leaving{.fitness = Fitness::Out, .ready = 2, .set = 40};
  EXPECT_THAT(full_shares({lost, leaving}), near({0, 100})) << "with those that still serve";
  EXPECT_THAT(full_shares({lost, {.fitness = Fitness::Out, .ready = 0, .set = 40}}), near({60, 40}));
}

}  // namespace
}  // namespace evenkeel::plan
