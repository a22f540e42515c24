#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "joint.hpp"
#include "snapshot_builder.hpp"

/// Shift before down: what a backend keeps while share leaves it. docs/decision.md, "Moving the shares".
namespace evenkeel::plan {
namespace {

using testing_support::SnapshotBuilder;

/// Blue has five replicas and 60 of 100 points, set and meant; a replica carries 100 of a demand of 400, so
/// that three carry it. Nothing else wants any of them.
class Keeping {
 public:
  Keeping() {
    builder.now(1000).backend("blue", {.spec = 5, .share = 60}).backend("green", {.spec = 5, .share = 40});
    blue.set = blue.weight = blue.target = 60;
    blue.load.capacity = 100;
    memory.backends["blue"].weight = 60;
  }
  /// The replicas that blue keeps.
  std::int32_t kept(std::int32_t total = 5) {
    std::vector<std::string> warnings;
    auto members = members_of(builder.build(), warnings);
    members[0].observed = blue.observed;
    api::Decision decision;
    Joint joint{.snapshot = builder.build(), .members = members, .memory = memory, .decision = decision};
    joint.demand.value = demand;
    joint.readings.push_back({.quality = quality});
    joint.repeats = repeats;
    blue.member = &members[0];
    joint.figures = {blue};
    std::vector<Size> sizes(2);
    keep_for_departures(joint, total, sizes);
    steps = sizes[0].steps;
    return sizes[0].kept;
  }

  SnapshotBuilder builder;
  Memory memory;
  Figures blue;
  std::optional<double> demand = 400;
  api::Quality quality = api::Quality::Fresh;
  bool repeats = false;
  std::vector<api::Step> steps;
};

TEST(Keep, WhatTheShareTakesThatItHasOrIsStillSeenToHave) {
  Keeping service;
  EXPECT_EQ(service.kept(), 3);
  service.blue.observed = 20;
  EXPECT_EQ(service.kept(), 3);
  service.blue.observed = 80;
  EXPECT_EQ(service.kept(), 4);
  ASSERT_EQ(service.steps.size(), 1U);
  EXPECT_EQ(service.steps[0].weight, 80);
  EXPECT_EQ(service.steps[0].value, 400);
  service.demand = 498;
  service.blue.observed = 60.5;
  EXPECT_EQ(service.kept(), 3) << "half a point is how layers round";
  service.blue.observed = 60.6;
  EXPECT_EQ(service.kept(), 4);
  service.demand = 4000;
  EXPECT_EQ(service.kept(), 5) << "no more than it has";
  service.demand = 400;
  service.memory.backends["blue"].leaving.gave_up = true;
  EXPECT_EQ(service.kept(), 3) << "what never left does not count any more";
  EXPECT_EQ(service.kept(0), 0) << "everybody goes to sleep";
}

TEST(Keep, AManualCountIsMetWhereNoShareHasStillToLeave) {
  Keeping service;
  service.builder.spec().replicas = 5;
  EXPECT_EQ(service.kept(), 0);
  service.blue.target = 58;
  EXPECT_EQ(service.kept(), 0) << "two points are no matter";
  service.blue.target = 57.9;
  EXPECT_EQ(service.kept(), 3);
}

TEST(Keep, BlindItKeepsAllUntilAShiftAwayFromItHasFinished) {
  for (const bool is_known : {true, false}) {
    Keeping service;
    if (!is_known) service.demand.reset();
    service.quality = is_known ? api::Quality::Stale : api::Quality::Fresh;
    EXPECT_EQ(service.kept(), 5);
    service.builder.spec().replicas = 2;
    EXPECT_EQ(service.kept(), 0) << "people's count is met";
    service.builder.spec().replicas.reset();
    service.memory.backends["blue"].leaving.finished = true;
    EXPECT_EQ(service.kept(), is_known ? 3 : 0) << "no less than its share takes, as far as that is known";
  }
  Keeping partly;
  partly.quality = api::Quality::Partial;
  EXPECT_EQ(partly.kept(), 3) << "a reading with holes can be used";
}

TEST(Keep, BlindNoShiftOfBeforeLetsItFall) {
  Keeping service;
  service.memory.backends["blue"].leaving.finished = true;
  (void)service.kept();
  service.quality = api::Quality::Error;
  EXPECT_EQ(service.kept(), 5);
}

/// Whether its share is taken to be leaving, and so keeps all of its replicas, with 30 points decided before
/// and now, and the layer of weights as it is given.
bool is_leaving(std::optional<double> blue, double green, bool repeats = false) {
  Keeping service;
  service.memory.backends["blue"].weight = 30;
  service.blue.set = service.blue.weight = service.blue.target = 30;
  service.builder.seen("blue", {.spec = 5, .share = blue}).seen("green", {.spec = 5, .share = green});
  service.repeats = repeats;
  return service.kept() == 5;
}

TEST(Keep, WhatTheLayerStillHasIsLeaving) {
  EXPECT_FALSE(is_leaving(30, 70));
  EXPECT_FALSE(is_leaving(34.9, 65.1));
  EXPECT_TRUE(is_leaving(35, 65)) << "five points are worth waiting for";
  EXPECT_FALSE(is_leaving(35, 65, true)) << "at the same moment it has been seen already";
  EXPECT_FALSE(is_leaving(20, 80));
  EXPECT_FALSE(is_leaving({}, 0)) << "nobody knows what it has: by declared weights a half";
}

}  // namespace
}  // namespace evenkeel::plan
