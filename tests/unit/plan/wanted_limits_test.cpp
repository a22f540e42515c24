#include <cstdint>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sizing.hpp"

/// Where the rules of what is wanted begin and end: docs/decision.md, "Sizes", rules 1 to 3.
namespace evenkeel::plan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

TEST(WantedByNeed, WhoHasNoFullShareTakesNoPartByItsNeed) {
  Sizing service;
  service.needs = {10, 5};
  service.add("blue", {.spec = 10}, 100);
  service.add("green", {.tier = 1, .spec = 1}, 0);
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 1));
}

/// Both had six; blue has a part by its declared weight alone. There is room for eleven.
Sizing both_had_six() {
  Sizing service;
  service.max = 11;
  service.add("blue", {.spec = 6}, 0).sizing = 50;
  service.add("green", {.spec = 6}, 100).sizing = 50;
  for (const char* name : {"blue", "green"}) service.memory.backends[name].part = 6;
  return service;
}

TEST(WantedByNeed, WhoHasNoFullShareKeepsNothingFromTheOthers) {
  auto service = both_had_six();
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(1, 5));
  service = both_had_six();
  service.known_needs = {5, 5};
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(1, 6));
  service = both_had_six();
  service.are_needs_unknown = true;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(1, 6));
}

TEST(WantedByNeed, WhileNoNeedIsKnownTheTotalIsDividedAsBefore) {
  Sizing service;
  service.total = 9;
  service.add("blue", {.spec = 3}, 50);
  service.add("green", {.spec = 6}, 50);
  service.are_needs_unknown = true;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(3, 6)) << "there is no before but what is there";
  const auto had = [&](std::int32_t blue, std::int32_t green) {
    service.memory.backends["blue"].part = blue;
    service.memory.backends["green"].part = green;
  };
  had(3, 6);
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(3, 6));
  had(3, 6);
  service.total = 18;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(6, 12));
  had(3, 6);
  service.total = 9;
  service.are_needs_unknown = false;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(5, 4));
}

TEST(WantedCarry, OfLessThanHalfAReplicaIsNone) {
  Sizing service;
  service.add("blue", {.spec = 10}, 100);
  auto& green = service.add("green", {.tier = 1, .min = 0, .spec = 1}, 0);
  green.target = green.weight = 5;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 1)) << "half a replica";
  green.target = green.weight = 4.9;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 0));
}

TEST(WantedCarry, OfWhatItHasAnyhowIsNotSaid) {
  Sizing service;
  service.add_unfit("blue", {.spec = 10}, 100);
  auto& green = service.add("green", {.tier = 1, .min = 5, .spec = 5}, 0);
  green.target = green.weight = 50;
  EXPECT_THAT(steps_of(service.wanted()[1]), ElementsAre("Minimum"));
}

TEST(WantedCarry, SharesThatDifferByRoundingAreTheSameWhateverTheTotal) {
  Sizing service;
  service.total = service.max = 1'000'000'000;
  service.demand = {.value = 1e15, .highest = 0};
  service.add("blue", {.spec = 9}, 100);
  auto& green = service.add("green", {.tier = 1, .spec = 1}, 0);
  green.target = kSameShare;
  EXPECT_EQ(service.wanted()[1].wanted, 1);
  green.target = 0;
  green.weight = kSameShare;
  EXPECT_EQ(service.wanted()[1].wanted, 1);
  green.weight = 2 * kSameShare;
  EXPECT_EQ(service.wanted()[1].wanted, 20) << "the fifty-millionth part";
}

TEST(WantedShift, OfARiseWithinRoundingIsNone) {
  Sizing service;
  service.total = service.max = 1'000'000'000;
  service.demand = {.value = 1e15, .highest = 0};
  service.add("blue", {.spec = 9}, 100);
  auto& green = service.add("green", {.spec = 1}, 2 * kSameShare);
  green.sizing = green.weight = 0;
  green.target = kSameShare;
  EXPECT_EQ(service.wanted()[1].for_shift, 0);
  green.target = 2 * kSameShare;
  EXPECT_EQ(service.wanted()[1].for_shift, 22);
}

TEST(WantedShift, IsNotForFailOver) {
  Sizing service;
  service.demand = {.value = 2000, .highest = 0};
  service.add("blue", {.spec = 10}, 100);
  auto& green = service.add("green", {.tier = 1, .spec = 1, .ready = 0}, 0);
  green.target = 100;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 1)) << "and it carries nothing yet";
}

TEST(WantedBounds, ItsMinimumHoldsAlsoWhereItsPartIsNothing) {
  Sizing service;
  service.add("blue", {.min = 2, .spec = 2}, 50).sizing = 0;
  service.add("green", {.spec = 8}, 50).sizing = 100;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(2, 10));
}

TEST(WantedBounds, AMaximumStopsWhatWouldBeRoundedUpBeyondIt) {
  Sizing service;
  service.add("blue", {.max = 4, .spec = 4}, 45);
  service.add("green", {.spec = 6}, 55);
  EXPECT_TRUE(service.wanted()[0].stopped_by_own_maximum) << "4.5 of 10";
  service.figures[0].sizing = 44.9;
  EXPECT_FALSE(service.wanted()[0].stopped_by_own_maximum);
}

TEST(WantedBounds, WithoutPreScaleNothingIsSaidOfAStandbyThatIsItsMinimum) {
  Sizing service;
  service.builder.spec().failover.pre_scale = false;
  service.add("blue", {.spec = 10}, 100);
  service.add("green", {.tier = 1, .spec = 1}, 0);
  EXPECT_THAT(steps_of(service.wanted()[1]), Not(Contains("PreScaleDisabled")));
}

/// What is kept of what is there ten seconds later, when everybody is as `service` has them now, has one
/// replica at least and the total is `total`.
std::vector<std::int32_t> kept_later(Sizing& service, std::int32_t total) {
  (void)service.wanted();
  for (auto& declared : service.builder.spec().backends) declared.min_replicas = 1;
  service.total = total;
  service.builder.now(10);
  for (auto& backend : service.figures) {
    backend.is_unfit = false;
    backend.is_eligible = true;
    backend.ready = backend.expected;
    if (backend.member->declared->tier > 0)
      backend.full = backend.sizing = backend.target = backend.weight = 0;
  }
  return kept_of(service.wanted());
}

TEST(WantedHold, AMinimumIsNotWhatFailOverAdded) {
  Sizing service;
  service.add("blue", {.weight = 90, .spec = 4}, 90);
  service.add("green", {.weight = 10, .min = 6, .spec = 6}, 10);
  EXPECT_THAT(kept_later(service, 4), ElementsAre(0, 0));
  Sizing carrying;
  carrying.add_unfit("blue", {.spec = 4}, 100);
  auto& standby = carrying.add("green", {.tier = 1, .min = 5, .spec = 5}, 0);
  standby.target = standby.weight = 50;
  EXPECT_EQ(kept_later(carrying, 4)[1], 0);
}

/// Blue of tier 0 is gone, and the parts are those of green, a standby.
Sizing parts_of_a_standby(std::int32_t total) {
  Sizing service;
  service.total = total;
  service.add_unfit("blue", {.spec = 2}, 0);
  service.add("green", {.tier = 1, .spec = total}, 100);
  return service;
}

TEST(WantedHold, WhateverAStandbyHasAsItsPartWasAddedByFailOver) {
  auto small = parts_of_a_standby(2);
  EXPECT_EQ(kept_later(small, 1)[1], 2);
  auto by_need = parts_of_a_standby(8);
  by_need.needs = {0, 8};
  EXPECT_EQ(kept_later(by_need, 1)[1], 8);
}

/// Tier 0 carries 140 of a demand of 740; red of tier 1 is planned for the other 600.
Sizing pre_scaled(std::int32_t minimum) {
  Sizing service;
  service.total = 2;
  service.demand = {.value = 740, .highest = 0};
  service.add("blue", {.spec = 1}, 100);
  service.add_unfit("green", {.spec = 1}, 0);
  service.add("red", {.tier = 1, .min = minimum, .spec = 6}, 0);
  return service;
}

TEST(WantedHold, WhatWasGrownAheadIsKeptUnlessItIsTheMinimum) {
  auto grown = pre_scaled(1);
  EXPECT_EQ(kept_later(grown, 2)[2], 6);
  auto usual = pre_scaled(6);
  EXPECT_EQ(kept_later(usual, 2)[2], 0);
}

}  // namespace
}  // namespace evenkeel::plan
