#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "joint.hpp"
#include "snapshot_builder.hpp"

/// Demand where no metric measures it is that of the moment before, until the total is decided.
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

}  // namespace
}  // namespace evenkeel::plan
