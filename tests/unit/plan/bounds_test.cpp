#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sizing.hpp"

/// From what is wanted to what is decided: docs/decision.md, "Sizes", rule 4.
namespace evenkeel::plan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

struct BoundsRow {
  std::string name;
  std::int32_t max = 10;
  std::int32_t percent = 100;
  std::int64_t steady = 0;
  std::int64_t surge = 0;
};
void PrintTo(const BoundsRow& row, std::ostream* os) {
  *os << row.name;
}
class SumOfSizes : public testing::TestWithParam<BoundsRow> {};

/// Blue and green of tier 2, red of tier 5 with a minimum of 3, grey of tier 7 with the usual one.
TEST_P(SumOfSizes, IsBounded) {
  Sizing service;
  service.max = GetParam().max;
  service.builder.scaling().max_surge_percent = GetParam().percent;
  service.add("blue", {.tier = 2, .min = 4}, 50);
  service.add("green", {.tier = 2}, 50);
  service.add("red", {.tier = 5, .min = 3}, 0);
  service.add("grey", {.tier = 7}, 0);
  const auto bounds = service.bounds();
  EXPECT_EQ(bounds.steady, GetParam().steady);
  EXPECT_EQ(bounds.surge, GetParam().surge);
}

INSTANTIATE_TEST_SUITE_P(
    Bounds,
    SumOfSizes,
    testing::Values(BoundsRow{"TheMaximumAndTheMinimumsOfStandbys", 10, 100, 14, 10},
                    BoundsRow{"TheSurgeIsRoundedUp", 10, 15, 14, 2},
                    BoundsRow{"AWholeOneIsNot", 10, 20, 14, 2},
                    BoundsRow{"NoSurge", 10, 0, 14, 0},
                    BoundsRow{"NonsenseIsNoSurge", 10, -5, 14, 0},
                    BoundsRow{"SumsDoNotOverflow", 2'147'483'647, 100, 2'147'483'651, 2'147'483'647}),
    [](const auto& row) { return row.param.name; });

TEST(SumOfSizes, TheLowestTierIsThatOfTheLowestWithWeight) {
  Sizing service;
  service.max = 10;
  service.add("blue", {.tier = 0, .weight = 0, .min = 2}, 0);
  service.add("green", {.tier = 1, .min = 3}, 100);
  EXPECT_EQ(service.bounds().steady, 10) << "what has no weight is no tier to stand by for";
}

TEST(BoundSizes, FallsAreDecidedAtOnceUnlessSomethingKeepsThem) {
  Sizing service;
  service.add("blue", {.spec = 9}, 50);
  service.add("green", {.spec = 9}, 50);
  std::vector<Size> sizes = {{.wanted = 4}, {.wanted = 4, .kept = 7}};
  EXPECT_THAT(replicas_of(service.bounded(sizes)), ElementsAre(4, 7));
  sizes[1].kept = 12;
  EXPECT_THAT(replicas_of(service.bounded(sizes)), ElementsAre(4, 9)) << "kept is not grown";
  sizes[1].kept = 3;
  EXPECT_THAT(replicas_of(service.bounded(sizes)), ElementsAre(4, 4));
}

TEST(BoundSizes, ItsOwnMaximumTakesWhatIsKept) {
  Sizing service;
  service.add("blue", {.max = 6, .spec = 9}, 100);
  EXPECT_THAT(replicas_of(service.bounded({{.wanted = 4, .kept = 9}})), ElementsAre(6));
}

TEST(BoundSizes, WhatIsNotOursIsLeftAlone) {
  Sizing service;
  service.add("blue", {.spec = 4}, 100);
  service.add("green", {.spec = 0}, 0);
  service.add("red", {.has_workload = false}, 0);
  EXPECT_THAT(replicas_of(service.bounded({{.wanted = 5}, {.wanted = 5}, {.wanted = 5}})),
              ElementsAre(5, -1, -1));
}

TEST(BoundSizes, WhatTheSumStopsItsOwnMaximumDoesNot) {
  Sizing service;
  service.add("blue", {.max = 10, .spec = 2}, 50);
  service.add("green", {.spec = 2}, 50);
  const std::vector<Size> sizes = {{.wanted = 10, .stopped_by_own_maximum = true}, {.wanted = 6}};
  EXPECT_TRUE(service.bounded(sizes)[0].stopped_by_own_maximum);
  service.max = 10;
  EXPECT_FALSE(service.bounded(sizes)[0].stopped_by_own_maximum) << "others may still make room for it";
}

TEST(BoundSizes, InsideATierRoomIsGivenByHowMuchIsMissing) {
  Sizing service;
  service.max = 10;
  service.add("blue", {.spec = 2}, 50);
  service.add("green", {.spec = 2}, 50);
  const std::vector<Size> sizes = {{.wanted = 10}, {.wanted = 6}};
  const auto bounded = service.bounded(sizes);
  EXPECT_THAT(replicas_of(bounded), ElementsAre(6, 4)) << "6 to give, by 8 : 4";
  EXPECT_TRUE(bounded[0].stopped_by_bounds);
  EXPECT_TRUE(bounded[1].stopped_by_bounds);
  EXPECT_THAT(steps_of(bounded[0]), ElementsAre("SumBounds", "OwnBounds"));
  EXPECT_EQ(bounded[0].steps[0].detail, "of 10: all backends together may have 10");
  service.max = 16;
  const auto all = service.bounded(sizes);
  EXPECT_THAT(replicas_of(all), ElementsAre(10, 6));
  EXPECT_FALSE(all[0].stopped_by_bounds);
}

TEST(BoundSizes, LowerTiersGrowFirstWhatHasToBeThereBeforeAll) {
  Sizing service;
  service.max = 8;
  service.add("green", {.tier = 1, .min = 2, .spec = 1}, 0);
  service.add("blue", {.spec = 3}, 100);
  const std::vector<Size> sizes = {{.wanted = 6}, {.wanted = 9}};
  EXPECT_THAT(replicas_of(service.bounded(sizes)), ElementsAre(2, 8)) << "10 in all, the minimum first";
  service.max = 11;
  EXPECT_THAT(replicas_of(service.bounded(sizes)), ElementsAre(4, 9));
}

TEST(BoundSizes, PartsOfTheTotalComeBeforeWhatIsCarriedBeside) {
  Sizing service;
  service.max = 8;
  service.builder.scaling().max_surge_percent = 0;
  service.add("blue", {.spec = 2}, 50);
  service.add("green", {.spec = 2}, 50);
  EXPECT_THAT(replicas_of(service.bounded({{.part = 4, .wanted = 8}, {.part = 4, .wanted = 4}})),
              ElementsAre(4, 4));
  EXPECT_THAT(replicas_of(service.bounded({{.part = 8, .wanted = 4}, {.part = 4, .wanted = 4}})),
              ElementsAre(4, 4))
      << "a part is no more than what is wanted";
}

TEST(Keep, IsOnlyOfMoreThanIsWantedOrKeptAnyhow) {
  Size size{.wanted = 4, .kept = 3};
  keep(size, "Hold", 4, "for that reason");
  EXPECT_EQ(size.kept, 3);
  EXPECT_EQ(size.reason, "");
  keep(size, "Hold", 6, "for this reason");
  keep(size, "Leaving", 6, "for that reason");
  EXPECT_EQ(size.kept, 6);
  EXPECT_EQ(size.reason, "for this reason");
  EXPECT_THAT(steps_of(size), ElementsAre("Hold"));
}

TEST(BoundSizes, NothingThatIsThereGoesForTheBounds) {
  Sizing service;
  service.max = 6;
  service.add("blue", {.spec = 9}, 50);
  service.add("green", {.spec = 2}, 50);
  EXPECT_THAT(replicas_of(service.bounded({{.wanted = 9}, {.wanted = 4}})), ElementsAre(9, 2));
}

TEST(BoundSizes, OfAnUnfitOneOnlyWhatServesCounts) {
  Sizing service;
  service.max = 8;
  service.add_unfit("blue", {.spec = 6}, 100).ready = 1;
  service.add("green", {.spec = 4}, 0);
  EXPECT_THAT(replicas_of(service.bounded({{.wanted = 6}, {.wanted = 9}})), ElementsAre(6, 7));
  service.figures[0].ready = 9;
  EXPECT_THAT(replicas_of(service.bounded({{.wanted = 6}, {.wanted = 9}})), ElementsAre(6, 4))
      << "never more than it has: 10 are above 8 already";
}

TEST(BoundSizes, OfOneThatMissesSomeOnlyWhatServesUntilItsShareIsBack) {
  Sizing service;
  service.max = 8;
  auto& blue = service.add("blue", {.spec = 6, .ready = 2}, 60);
  service.add("green", {.spec = 2}, 40);
  const std::vector<Size> sizes = {{.wanted = 6}, {.wanted = 9}};
  EXPECT_THAT(replicas_of(service.bounded(sizes)), ElementsAre(6, 2)) << "it has its share: all of it counts";
  blue.weight = 20;
  EXPECT_THAT(replicas_of(service.bounded(sizes)), ElementsAre(6, 6));
  blue.weight = blue.sizing - kSameShare / 2;
  EXPECT_THAT(replicas_of(service.bounded(sizes)), ElementsAre(6, 2)) << "but for rounding it has it back";
  blue.weight = 0;
  blue.sizing = kSameShare;
  EXPECT_THAT(replicas_of(service.bounded(sizes)), ElementsAre(6, 2)) << "and this is rounding still";
  blue.sizing = 60;
  blue.ready = 6;
  EXPECT_THAT(replicas_of(service.bounded(sizes)), ElementsAre(6, 2)) << "it misses nobody";
}

/// Blue gives its share to green and keeps 8 while it wants 2; green is to grow to 8 of 10.
Sizing shifting(std::int32_t surge_percent) {
  Sizing service;
  service.max = 10;
  service.builder.scaling().max_surge_percent = surge_percent;
  service.add("blue", {.spec = 8}, 20).weight = 80;
  service.add("green", {.spec = 2}, 80).weight = 20;
  return service;
}

TEST(BoundSizes, WhatIsThereOnlyForTheMoveComesOnTopUpToTheSurge) {
  const std::vector<Size> sizes = {{.wanted = 2, .kept = 8}, {.wanted = 8}};
  EXPECT_THAT(replicas_of(shifting(100).bounded(sizes)), ElementsAre(8, 8));
  EXPECT_THAT(replicas_of(shifting(60).bounded(sizes)), ElementsAre(8, 8));
  EXPECT_THAT(replicas_of(shifting(50).bounded(sizes)), ElementsAre(8, 7));
  EXPECT_THAT(replicas_of(shifting(0).bounded(sizes)), ElementsAre(8, 2));
}

TEST(BoundSizes, TheSurgeIsNoMoreThanTheMoveAsksFor) {
  auto service = shifting(100);
  EXPECT_THAT(replicas_of(service.bounded({{.wanted = 8}, {.wanted = 9}})), ElementsAre(8, 2));
  EXPECT_THAT(replicas_of(service.bounded({{.wanted = 7, .kept = 8}, {.wanted = 9}})), ElementsAre(8, 3));
  EXPECT_THAT(replicas_of(service.bounded({{.wanted = 8}, {.wanted = 9, .for_shift = 4}})),
              ElementsAre(8, 6));
}

TEST(BoundSizes, ASurgeIsSaidByThoseThatGrow) {
  auto service = shifting(100);
  const auto sizes = service.bounded({{.wanted = 2, .kept = 8}, {.wanted = 8}});
  EXPECT_THAT(steps_of(sizes[1]), Contains("Surge"));
  EXPECT_THAT(steps_of(sizes[0]), Not(Contains("Surge")));
  EXPECT_THAT(sizes[1].steps.front().detail.value_or(""), testing::HasSubstr("may have 10 more than 10"));
  service.max = 16;
  EXPECT_THAT(steps_of(service.bounded({{.wanted = 2, .kept = 8}, {.wanted = 8}})[1]),
              Not(Contains("Surge")));
}

/// Tier 0 has 6, its standby 6 of which 2 are its minimum.
class LoweredMaximum : public testing::Test {
 protected:
  LoweredMaximum() {
    service.memory.max_was_lowered = true;
    service.add("blue", {.spec = 6}, 100);
    service.add("green", {.tier = 1, .min = 2, .spec = 6}, 0);
    service.memory.backends["blue"].part = 4;
  }
  std::vector<std::int32_t> replicas(std::int32_t max) {
    service.max = max;
    return replicas_of(service.bounded({{.wanted = 6}, {.wanted = 6}}));
  }
  Sizing service;
};

TEST_F(LoweredMaximum, TakesFromTheHighestTierDown) {
  EXPECT_THAT(replicas(10), ElementsAre(6, 6)) << "12 are allowed with the minimum of the standby";
  EXPECT_THAT(replicas(9), ElementsAre(6, 5));
  EXPECT_THAT(replicas(6), ElementsAre(6, 2));
  EXPECT_THAT(replicas(5), ElementsAre(5, 2));
}

TEST_F(LoweredMaximum, NeverAPartOrAMinimum) {
  EXPECT_THAT(replicas(4), ElementsAre(4, 2));
  EXPECT_THAT(replicas(1), ElementsAre(4, 2));
}

TEST_F(LoweredMaximum, TakesWhatIsKeptBeforeWhatIsWantedAndNoMoreThanIsAboveIt) {
  const std::vector<Size> sizes = {{.wanted = 3, .kept = 6}, {.wanted = 5, .kept = 6}};
  const auto of = [&](std::int32_t max) {
    service.max = max;
    return replicas_of(service.bounded(sizes));
  };
  service.memory.backends["blue"].part = 3;
  EXPECT_THAT(of(10), ElementsAre(6, 6)) << "12 are allowed with the minimum of the standby";
  EXPECT_THAT(of(9), ElementsAre(5, 6)) << "who has most beyond gives first";
  EXPECT_THAT(of(8), ElementsAre(5, 5));
  EXPECT_THAT(of(6), ElementsAre(3, 5));
  EXPECT_THAT(of(5), ElementsAre(3, 4)) << "then from the highest tier down";
  service.max = 6;
  EXPECT_THAT(steps_of(service.bounded(sizes)[0]), ElementsAre("SumBounds", "OwnBounds"));
}

TEST_F(LoweredMaximum, LeavesAnUnfitOneWhatDoesNotCount) {
  service.add_unfit("red", {.spec = 9}, 0);
  const std::vector<Size> sizes = {{.wanted = 6}, {.wanted = 6}, {.wanted = 1, .kept = 9}};
  const auto of = [&](std::int32_t max) {
    service.max = max;
    return replicas_of(service.bounded(sizes));
  };
  EXPECT_THAT(of(10), ElementsAre(6, 6, 9));
  EXPECT_THAT(of(9), ElementsAre(6, 5, 9));
  service.figures[2].ready = 3;
  EXPECT_THAT(of(13), ElementsAre(6, 6, 9)) << "15 count, and 15 are allowed";
  EXPECT_THAT(of(12), ElementsAre(6, 6, 2)) << "those that are not ready go with one that is";
  const std::vector<Size> kept = {{.wanted = 4, .kept = 6}, {.wanted = 6}, {.wanted = 1, .kept = 9}};
  service.max = 12;
  EXPECT_THAT(replicas_of(service.bounded(kept)), ElementsAre(5, 6, 9)) << "so others come before it";
}

/// Blue gives its share to green, keeps 8 while it wants 2, and counts with them as a surge; red keeps 4.
Sizing shifting_under_a_lowered_maximum(std::int32_t surge_percent) {
  Sizing service;
  service.max = 10;
  service.memory.max_was_lowered = true;
  service.builder.scaling().max_surge_percent = surge_percent;
  auto& blue = service.add("blue", {.spec = 8}, 20);
  blue.weight = blue.full = 60;
  service.add("green", {.spec = 7}, 80).weight = 40;
  service.add("red", {.spec = 4}, 0);
  return service;
}

TEST(LoweredMaximumWhileTrafficMoves, LeavesTheSurgeToWhatMoves) {
  const std::vector<Size> sizes = {{.wanted = 2, .kept = 8}, {.wanted = 7}, {.wanted = 1, .kept = 4}};
  EXPECT_THAT(replicas_of(shifting_under_a_lowered_maximum(100).bounded(sizes)), ElementsAre(8, 7, 1))
      << "16 are 10 and the 6 that blue has for what leaves it; nothing moves for red";
  EXPECT_THAT(replicas_of(shifting_under_a_lowered_maximum(40).bounded(sizes)), ElementsAre(6, 7, 1));
  EXPECT_THAT(replicas_of(shifting_under_a_lowered_maximum(0).bounded(sizes)), ElementsAre(2, 7, 1));
  auto arrived = shifting_under_a_lowered_maximum(100);
  arrived.figures[0].weight = arrived.figures[0].target;
  EXPECT_THAT(replicas_of(arrived.bounded(sizes)), ElementsAre(2, 7, 1));
  arrived.memory.backends["blue"].leaving.departure.emplace();
  EXPECT_THAT(replicas_of(arrived.bounded(sizes)), ElementsAre(8, 7, 1)) << "its traffic is still leaving";
}

TEST(LoweredMaximumWhileTrafficMoves, LeavesTheSurgeToWhatIsThereForAShift) {
  auto service = shifting_under_a_lowered_maximum(100);
  EXPECT_THAT(replicas_of(service.bounded({{.wanted = 4}, {.wanted = 7, .for_shift = 2}, {.wanted = 1}})),
              ElementsAre(4, 7, 1));
  EXPECT_THAT(replicas_of(service.bounded({{.wanted = 4}, {.wanted = 7}, {.wanted = 1}})),
              ElementsAre(2, 7, 1));
}

TEST(LoweredMaximumWhileTrafficMoves, LeavesTheSurgeToWhoServesWhatWillGoBack) {
  const auto replicas_under = [](std::int32_t surge_percent) {
    Sizing service;
    service.max = 6;
    service.memory.max_was_lowered = true;
    service.builder.scaling().max_surge_percent = surge_percent;
    service.add("blue", {.spec = 8}, 100).weight = 0;
    service.memory.backends["blue"].part = 6;
    auto& green = service.add("green", {.tier = 1, .spec = 8}, 0);
    green.weight = green.target = 100;
    return replicas_of(service.bounded({{.part = 6, .wanted = 6}, {.wanted = 6}}));
  };
  EXPECT_THAT(replicas_under(100), ElementsAre(6, 6)) << "a fail-back waits: green serves all there is";
  EXPECT_THAT(replicas_under(50), ElementsAre(6, 4)) << "6, the standby's minimum of 1 and a surge of 3";
  EXPECT_THAT(replicas_under(0), ElementsAre(6, 1));
}

TEST(Bounding, SaysWhyABackendIsSmallerThanItWas) {
  Sizing service;
  service.max = 6;
  service.add("blue", {.spec = 8}, 100);
  service.add("green", {.spec = 0}, 0);
  const auto sizes = service.bounded({{.wanted = 6, .kept = 8, .reason = "it is kept"}, {}});
  EXPECT_EQ(sizes[0].replicas, 6);
  EXPECT_EQ(sizes[0].reason, "maxReplicas was lowered: what is above it goes");
  EXPECT_EQ(sizes[0].steps.back().detail, "within its own minimum and maxReplicas of scaling");
  EXPECT_EQ(sizes[1].steps.back().step, "Off");
  EXPECT_TRUE(sizes[1].steps.back().detail->starts_with("it was switched off"));
}

TEST_F(LoweredMaximum, OnlyALoweredOneTakesWhatIsThere) {
  service.memory.max_was_lowered = false;
  EXPECT_THAT(replicas(5), ElementsAre(6, 6));
}

}  // namespace
}  // namespace evenkeel::plan
