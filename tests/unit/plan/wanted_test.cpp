#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sizing.hpp"

/// What every backend is meant to have: docs/decision.md, "Sizes", rules 1 to 3.
namespace evenkeel::plan {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Value;
using testing_support::BackendFacts;

TEST(WantedParts, FollowFullSharesAndAStandbyHasItsMinimum) {
  Sizing service;
  service.add("blue", {.spec = 7}, 70);
  service.add("green", {.spec = 3}, 30);
  service.add("red", {.tier = 1, .min = 2, .spec = 2}, 0);
  const auto sizes = service.wanted();
  EXPECT_THAT(wanted_of(sizes), ElementsAre(7, 3, 2));
  EXPECT_TRUE(sizes[0].has_part);
  EXPECT_FALSE(sizes[2].has_part);
  EXPECT_THAT(steps_of(sizes[0]), ElementsAre("Part"));
  EXPECT_THAT(steps_of(sizes[2]), ElementsAre("Minimum"));
  EXPECT_EQ(service.memory.backends["blue"].part, 7);
  EXPECT_EQ(service.memory.backends["red"].part, std::nullopt);
}

TEST(WantedParts, SharesOfSizesAreNotThoseOfTraffic) {
  Sizing service;
  service.add("blue", {.spec = 5}, 70).sizing = 50;
  service.add("green", {.spec = 5}, 30).sizing = 50;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(5, 5));
}

TEST(WantedParts, AnExtraForWhatItsLoadAsksFor) {
  Sizing service;
  service.demand = {.value = 500, .highest = 1400};
  service.add("blue", {.spec = 6}, 62);
  service.add("green", {.spec = 4}, 38);
  const auto sizes = service.wanted();
  EXPECT_THAT(wanted_of(sizes), ElementsAre(7, 5)) << "the highest of the window counts: 145 and 133 each";
  EXPECT_THAT(steps_of(sizes[0]), ElementsAre("Part", "Extra"));
  EXPECT_EQ(service.memory.backends["green"].had_extra, Extra::Load);
  service.measured = false;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(6, 4)) << "planned by proportions";
}

TEST(WantedParts, ByNeedFollowTheNeeds) {
  Sizing service;
  service.measured = false;
  service.needs = {2, 8};
  service.add("blue", {.spec = 5}, 50);
  service.add("green", {.spec = 5}, 50);
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(2, 8));
}

TEST(WantedParts, AKnownNeedKeepsAPartWhicheverMetricDecides) {
  Sizing service;
  service.measured = false;
  service.needs = {3.5, 6.5};
  service.add("blue", {.spec = 4}, 50);
  service.add("green", {.spec = 6}, 50);
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(4, 6));
  service.needs = {};
  service.known_needs = {3.5, 6.5};
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(5, 6)) << "by shares, but green needs its six";
  service.known_needs = {1, 4};
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(5, 5));
}

TEST(WantedParts, WhatOthersNeedIsNoReasonToFall) {
  Sizing service;
  service.measured = false;
  service.needs = {12, 8};
  service.add("blue", {.spec = 12}, 50);
  service.add("green", {.spec = 8}, 50);
  service.total = 20;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(12, 8));
  service.needs = {10, 10};
  service.guessed = {1, 0};
  EXPECT_EQ(service.wanted()[0].wanted, 12) << "what it needs is not known just now";
  service.guessed = {0, 0};
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 10));
}

/// Blue of tier 0 is gone; green of tier 1 has all traffic and 2 replicas.
Sizing failed_over() {
  Sizing service;
  service.add_unfit("blue", {.spec = 10}, 100);
  auto& green = service.add("green", {.tier = 1, .spec = 2}, 0);
  green.target = green.weight = 100;
  return service;
}

TEST(WantedParts, ThatStayAsTheyWereSayWhy) {
  Sizing service;
  service.measured = false;
  service.total = service.max = 11;
  service.add("blue", {.spec = 5}, 50);
  service.add("green", {.spec = 6}, 50);
  service.memory.backends["blue"].part = 5;
  service.memory.backends["green"].part = 6;
  service.needs = {5.55, 5.45};
  auto sizes = service.wanted();
  EXPECT_THAT(wanted_of(sizes), ElementsAre(5, 6));
  EXPECT_THAT(sizes[0].steps[0].detail.value_or(""), HasSubstr("no part is far from its proportion"));
  service.total = 10;
  service.needs = {4.9, 5.1};
  sizes = service.wanted();
  EXPECT_THAT(wanted_of(sizes), ElementsAre(5, 6));
  EXPECT_THAT(sizes[0].steps[0].detail.value_or(""), HasSubstr("by its own need"));
  EXPECT_THAT(sizes[1].steps[0].detail.value_or(""), HasSubstr("less than 1.3 replicas below"));
}

TEST(WantedParts, WhoHasNoneAnyMoreTellsNothingOfWhatOthersNeed) {
  Sizing service;
  service.measured = false;
  service.total = 12;
  service.add("blue", {.spec = 4}, 50);
  service.add("green", {.spec = 4}, 50);
  service.add("red", {.spec = 4}, 0);
  for (const char* name : {"blue", "green", "red"}) service.memory.backends[name].part = 4;
  service.needs = {6, 3, 0};
  service.guessed = {0, 1, 0};
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(6, 6, 1)) << "green needs half as much again, as blue";
}

TEST(WantedCarry, WhatTakesOverGetsItsShareOfTheTotal) {
  auto service = failed_over();
  auto sizes = service.wanted();
  EXPECT_THAT(wanted_of(sizes), ElementsAre(10, 10));
  EXPECT_THAT(steps_of(sizes[1]), ElementsAre("Minimum", "Carry"));
  service.figures[1].target = service.figures[1].weight = 30;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 3));
  service.figures[1].target = 31;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 4)) << "the larger of set and meant, rounded up";
}

TEST(WantedCarry, NotForOneThatIsOutOrHasNoEndpoint) {
  auto service = failed_over();
  service.figures[1].is_out = true;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 1));
  service = failed_over();
  service.figures[1].ready = 0;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 1));
}

TEST(WantedCarry, AReturnThatWaitsIsCarriedAnEditIsNot) {
  Sizing service;
  service.add("blue", {.spec = 10}, 100).weight = 60;
  service.add("green", {.tier = 1, .spec = 4}, 0).weight = 40;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 4));
  service.is_edited = true;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 1));
}

TEST(WantedCarry, AManualCountIsMetByThoseThatHaveAPart) {
  Sizing service;
  service.builder.spec().replicas = 10;
  service.add("blue", {.spec = 5}, 50).target = 80;
  service.add("green", {.spec = 5}, 50).target = 20;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(5, 5));
  auto over = failed_over();
  over.builder.spec().replicas = 10;
  EXPECT_THAT(wanted_of(over.wanted()), ElementsAre(10, 10));
}

TEST(WantedCarry, WhereThereIsNoRoomWhatWaitsToLeaveHasWhatCarriesIt) {
  Sizing service;
  service.demand.value = 1000;
  service.add("blue", {.spec = 8}, 95).weight = 71;
  auto& green = service.add("green", {.spec = 4}, 5);
  green.weight = 29;
  green.target = 20;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(9, 3)) << "of the total";
  service.max = 10;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(9, 2))
      << "290 of 140 each, a tenth more is no replica";
  green.target = 25;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(9, 3)) << "it keeps what it is meant to have";
  green.target = 30;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(9, 3)) << "it is not leaving";
  green.target = 20;
  service.demand.value.reset();
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(9, 3)) << "nobody knows what carries it";
}

TEST(WantedHold, WhatAMinimumGivesIsNoFailOver) {
  Sizing service;
  service.add("blue", {.weight = 50, .spec = 5, .ready = 4}, 50);
  service.figures[0].expected = 5;
  service.add("green", {.weight = 50, .min = 8, .spec = 8}, 50);
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(2, 8));
  const auto& hold = service.memory.backends["green"].hold;
  EXPECT_EQ(hold.highest_after(testing_support::at(-1)), 0) << "8 of 10 are its part, whoever is away";
}

/// Blue gives 40 points to green by an edit; parts are already by the new weights.
Sizing shifting() {
  Sizing service;
  service.is_edited = true;
  service.total = 20;
  service.demand = {.value = 2000, .highest = 2000};
  service.add("blue", {.spec = 10}, 10).weight = 50;
  auto& green = service.add("green", {.spec = 10}, 50);
  green.target = 90;
  green.full = green.sizing = 50;
  return service;
}

TEST(WantedShift, WhatItsTargetTakesIsGrownAhead) {
  auto service = shifting();
  service.measured = false;
  service.add("red", {.spec = 10}, 40);
  // Of 20 by 10 : 50 : 40 green has 10; 90 % of 2000 / 140 are 12.9.
  const auto sizes = service.wanted();
  EXPECT_THAT(wanted_of(sizes), ElementsAre(2, 18, 8)) << "all that it takes over, by shares of the total";
  EXPECT_THAT(steps_of(sizes[1]), ElementsAre("Part", "Carry"));
}

TEST(WantedShift, OnlyRisesOfThoseWithAPartWhereDemandIsKnown) {
  Sizing service;
  service.is_edited = true;
  service.total = 20;
  service.demand = {.value = 2000, .highest = 0};
  service.add("blue", {.spec = 15}, 80).sizing = 50;
  auto& green = service.add("green", {.spec = 5}, 80);
  green.sizing = 50;
  green.weight = 20;
  const auto sizes = service.wanted();
  EXPECT_THAT(wanted_of(sizes), ElementsAre(10, 12)) << "80 % of 2000 / 140 are 11.4";
  EXPECT_EQ(sizes[1].for_shift, 2);
  EXPECT_THAT(steps_of(sizes[1]), ElementsAre("Part", "Shift"));
  EXPECT_EQ(sizes[0].for_shift, 0) << "its share does not rise";
  service.in_place = true;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 10)) << "nor does any, if this is where they stay";
  service.in_place = false;
  service.demand.value = 100'000;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 18))
      << "no more than its share of 22, a tenth above";
  service.figures[1].load.capacity = 100;
  service.demand.value = 2160;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 18))
      << "no total grows for what is within tolerance";
  service.demand.value = std::nullopt;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 10));
  service.demand.value = 2000;
  service.builder.spec().replicas = 20;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(10, 10)) << "people's counts are met";
}

/// Tier 0 carries 280 of a demand of 1000; standbys of tier 1 and 2 have a replica each.
Sizing short_of_720() {
  Sizing service;
  service.demand = {.value = 1000, .highest = 0};
  service.add("blue", {.spec = 2}, 100);
  service.add_unfit("green", {.spec = 8}, 0);
  service.add("red", {.tier = 1, .weight = 75, .spec = 1}, 0);
  service.add("grey", {.tier = 1, .weight = 25, .spec = 1}, 0);
  service.add("black", {.tier = 2, .spec = 1}, 0);
  return service;
}

std::vector<std::int32_t> standbys(Sizing& service) {
  const auto wanted = wanted_of(service.wanted());
  return {wanted.begin() + 2, wanted.end()};
}

TEST(WantedPreScale, TheNextTierIsPlannedForWhatIsNotCarried) {
  auto service = short_of_720();
  EXPECT_THAT(standbys(service), ElementsAre(6, 2, 1)) << "540 and 180 of 100 each";
  EXPECT_THAT(steps_of(service.wanted()[2]), ElementsAre("Minimum", "PreScale"));
}

TEST(WantedParts, OfATotalOfNothingOnlyStandbysKeepTheirMinimum) {
  Sizing service;
  service.total = 0;
  service.add("blue", {.tier = 0, .spec = 0}, 100);
  service.add("drained", {.tier = 0, .spec = 0}, 0).is_out = true;
  service.add("standby", {.tier = 1, .spec = 0}, 0);
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(0, 0, 1));
  service.total = 1;
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(1, 1, 1));
}

TEST(WantedPreScale, AskNoMoreOfWhoHasTheTotalThanTheTolerance) {
  Sizing service;
  service.add_unfit("blue", {.spec = 1}, 0);
  service.add("green", {.tier = 1, .spec = 8}, 100);
  service.total = 8;
  service.demand = {.value = 880, .highest = 0};
  EXPECT_THAT(steps_of(service.wanted()[1]), ElementsAre("Part"));
  service.demand.value = 881;
  EXPECT_THAT(steps_of(service.wanted()[1]), ElementsAre("Part", "PreScale"));
}

TEST(WantedPreScale, EquallyUnderRoundRobin) {
  auto service = short_of_720();
  service.builder.spec().balancing.algorithm = api::Algorithm::RoundRobin;
  EXPECT_THAT(standbys(service), ElementsAre(4, 4, 1));
}

TEST(WantedPreScale, WhoIsOutOrUnfitTakesNothing) {
  auto service = short_of_720();
  service.figures[2].is_out = true;
  EXPECT_THAT(standbys(service), ElementsAre(1, 8, 1));
  service = short_of_720();
  service.figures[3].is_unfit = true;
  service.figures[3].is_eligible = false;
  EXPECT_THAT(standbys(service), ElementsAre(8, 1, 6)) << "and the tier after that, less what red carries";
}

TEST(WantedPreScale, NotWhileTheLowerTiersAreWhole) {
  auto service = short_of_720();
  service.figures[1].is_unfit = false;
  EXPECT_THAT(standbys(service), ElementsAre(1, 1, 1)) << "mere load moves nothing";
  service.figures[0].is_short = true;
  EXPECT_THAT(standbys(service), ElementsAre(6, 2, 1));
  service.figures[0].is_eligible = false;
  EXPECT_THAT(standbys(service), ElementsAre(1, 1, 1)) << "one that is asleep is not short";
}

TEST(WantedPreScale, NotForWhatIsCarriedOrUnknownOrSwitchedOff) {
  auto service = short_of_720();
  service.demand.value = 280;
  EXPECT_THAT(standbys(service), ElementsAre(1, 1, 1));
  service.demand.value = 281;
  EXPECT_THAT(standbys(service), ElementsAre(1, 1, 1)) << "one each is enough for it";
  service.demand.value = std::nullopt;
  EXPECT_THAT(standbys(service), ElementsAre(1, 1, 1));
  service.demand.value = 1000;
  service.builder.spec().failover.pre_scale = false;
  EXPECT_THAT(standbys(service), ElementsAre(1, 1, 1));
}

TEST(WantedPreScale, NotWhileTheMaximumStopsALowerTier) {
  auto service = short_of_720();
  const auto is_pre_scaled = [&] { return Value(steps_of(service.wanted()[2]), Contains("PreScale")); };
  service.max = 2;
  EXPECT_FALSE(is_pre_scaled()) << "blue waits for eight more, and five of five are there";
  service.max = 3;
  EXPECT_TRUE(is_pre_scaled()) << "there is room for one";
  service.max = 2;
  service.builder.seen("blue", {.spec = 10, .ready = 2});
  EXPECT_TRUE(is_pre_scaled()) << "it has its part, whoever of that is ready";
  service.builder.seen("blue", {.spec = std::nullopt, .ready = 2});
  service.max = 0;
  EXPECT_TRUE(is_pre_scaled()) << "nothing of it could grow";
}

TEST(WantedPreScale, WhateverItsOwnTierLacks) {
  Sizing service;
  service.add_unfit("blue", {.spec = 1}, 0);
  service.add("green", {.tier = 1, .spec = 2}, 100);
  service.total = 8;
  service.max = 1;
  service.demand = {.value = 881, .highest = 0};
  EXPECT_THAT(steps_of(service.wanted()[1]), Contains("PreScale"));
}

TEST(WantedPreScale, WhatIsLeavingCarriesNothingOfIt) {
  auto service = short_of_720();
  service.figures[0].is_out = true;
  EXPECT_THAT(standbys(service), ElementsAre(8, 3, 1)) << "1000 by 3 : 1";
}

/// Green took over 9 replicas' worth at second 0; from then on blue is back.
class AfterFailOver : public testing::Test {
 protected:
  AfterFailOver() {
    service.total = 9;
    service.add_unfit("blue", {.spec = 9}, 100);
    auto& green = service.add("green", {.tier = 1, .spec = 9}, 0);
    green.target = green.weight = 100;
    EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(9, 9));
    service.figures[0].is_unfit = false;
    service.figures[0].is_eligible = true;
    service.figures[0].ready = 9;
    service.figures[0].target = service.figures[0].weight = 100;
    standby().target = standby().weight = 0;
  }
  Figures& standby() { return service.figures[1]; }
  std::vector<Size> at_second(std::int64_t second) {
    service.builder.now(second);
    return service.wanted();
  }
  Sizing service;
};

TEST_F(AfterFailOver, WhatItAddedStaysForAWindowAfterItWasNeededLast) {
  const auto first = at_second(10);
  EXPECT_THAT(wanted_of(first), ElementsAre(9, 1));
  EXPECT_THAT(kept_of(first), ElementsAre(0, 9));
  EXPECT_THAT(first[1].reason, HasSubstr("scale-down window"));
  EXPECT_THAT(kept_of(at_second(309)), ElementsAre(0, 9));
  EXPECT_THAT(kept_of(at_second(310)), ElementsAre(0, 0));
}

TEST_F(AfterFailOver, NoMoreIsKeptThanIsThere) {
  service.builder.seen("green", {.spec = 6});
  EXPECT_THAT(kept_of(at_second(10)), ElementsAre(0, 6));
  service.builder.seen("green", {.spec = 12});
  EXPECT_THAT(kept_of(at_second(10)), ElementsAre(0, 9)) << "nor more than fail-over added";
}

TEST_F(AfterFailOver, WhatIsOutIsNotKept) {
  standby().is_out = true;
  EXPECT_THAT(kept_of(at_second(10)), ElementsAre(0, 0));
}

TEST(WantedHold, WhatIsUnfitOrShortOfEndpointsKeepsItsSize) {
  Sizing service;
  service.add("blue", {.spec = 8, .ready = 7}, 100);
  auto sizes = service.wanted();
  service.total = 4;
  sizes = service.wanted();
  EXPECT_THAT(wanted_of(sizes), ElementsAre(4));
  EXPECT_THAT(kept_of(sizes), ElementsAre(8));
  EXPECT_THAT(sizes[0].reason, HasSubstr("until it is back"));
  service.figures[0].ready = 8;
  service.builder.now(299);
  EXPECT_THAT(kept_of(service.wanted()), ElementsAre(8)) << "and for a window after it is back";
  service.builder.now(600);
  EXPECT_THAT(kept_of(service.wanted()), ElementsAre(0));
}

TEST(WantedHold, AtFirstSightWhatIsThereMayBeNeeded) {
  Sizing service;
  service.total = 4;
  service.memory.backends["blue"];
  service.add("blue", {.spec = 8}, 100);
  EXPECT_THAT(kept_of(service.wanted()), ElementsAre(8));
}

TEST(WantedHold, FrozenNothingFalls) {
  Sizing service;
  service.total = 4;
  service.add("blue", {.spec = 8}, 100);
  EXPECT_THAT(kept_of(service.wanted()), ElementsAre(0));
  service.builder.snapshot().settings.frozen = true;
  const auto sizes = service.wanted();
  EXPECT_THAT(kept_of(sizes), ElementsAre(8));
  EXPECT_THAT(sizes[0].reason, HasSubstr("fleet breaker"));
}

TEST(WantedHold, AManualCountLowersAllButWhatIsLost) {
  Sizing service;
  service.builder.spec().replicas = 6;
  service.total = 6;
  service.add("blue", {.spec = 9}, 50);
  service.add_unfit("green", {.spec = 9}, 50);
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(3, 3));
  EXPECT_THAT(kept_of(service.wanted()), ElementsAre(0, 6)) << "no more than the whole";
}

/// Two halves; green is gone, so blue's part is the whole total.
std::vector<std::int32_t> kept_after_taking_all(std::int32_t total) {
  Sizing service;
  service.total = total;
  service.add("blue", {.spec = total}, 100);
  service.add_unfit("green", {.spec = 2}, 0);
  (void)service.wanted();
  for (auto& backend : service.figures) {
    backend.is_unfit = false;
    backend.is_eligible = true;
    backend.ready = backend.expected;
    backend.full = backend.sizing = backend.target = backend.weight = 50;
  }
  service.builder.now(10);
  return kept_of(service.wanted());
}

TEST(WantedHold, APartThatGrewByMoreThanRoundingWasGrownByFailOver) {
  EXPECT_THAT(kept_after_taking_all(5), ElementsAre(0, 0)) << "3 if all were fit, and 2 for roundings";
  EXPECT_THAT(kept_after_taking_all(6), ElementsAre(6, 0));
}

TEST(WantedHold, WhileNobodyIsAwayNothingWasGrownByFailOver) {
  Sizing service;
  service.total = 27;
  service.add("blue", {.spec = 23}, 85);
  service.add("green", {.max = 4, .spec = 4}, 15);
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(23, 4)) << "green may not have its half";
  service.total = 20;
  service.builder.now(10);
  const auto sizes = service.wanted();
  EXPECT_THAT(wanted_of(sizes), ElementsAre(17, 3));
  EXPECT_THAT(kept_of(sizes), ElementsAre(0, 0)) << "the total has waited for its window already";
}

TEST(WantedBounds, ItsOwnMaximumStopsIt) {
  Sizing service;
  service.add("blue", {.max = 4, .spec = 4}, 100);
  auto sizes = service.wanted();
  EXPECT_THAT(wanted_of(sizes), ElementsAre(4));
  EXPECT_TRUE(sizes[0].stopped_by_own_maximum);
  EXPECT_THAT(sizes[0].reason, HasSubstr("maxReplicas of the backend"));
  service.total = 4;
  sizes = service.wanted();
  EXPECT_FALSE(sizes[0].stopped_by_own_maximum);
}

TEST(WantedBounds, TheMaximumOfTheServiceIsNotItsOwn) {
  Sizing service;
  service.max = 4;
  service.add("blue", {.spec = 4}, 100);
  const auto sizes = service.wanted();
  EXPECT_THAT(wanted_of(sizes), ElementsAre(4));
  EXPECT_FALSE(sizes[0].stopped_by_own_maximum);
  EXPECT_TRUE(sizes[0].stopped_by_bounds);
  EXPECT_THAT(sizes[0].reason, HasSubstr("maxReplicas of scaling"));
}

TEST(WantedBounds, ItsOwnMinimumHolds) {
  Sizing service;
  service.total = 2;
  service.add("blue", {.min = 4, .spec = 4}, 100);
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(4));
}

TEST(WantedBounds, AServiceAtZeroHasStandbysOnly) {
  Sizing service;
  service.total = 0;
  service.add("blue", {.min = 1, .spec = 1}, 100);
  service.add("green", {.tier = 1, .min = 2, .spec = 2}, 0);
  EXPECT_THAT(wanted_of(service.wanted()), ElementsAre(0, 2));
}

TEST(WantedBounds, WithoutPreScaleAStandbyIsItsMinimum) {
  auto service = failed_over();
  service.builder.spec().failover.pre_scale = false;
  const auto sizes = service.wanted();
  EXPECT_THAT(wanted_of(sizes), ElementsAre(10, 1));
  EXPECT_THAT(steps_of(sizes[1]), Contains("PreScaleDisabled"));
}

TEST(WantedBounds, WithoutPreScaleAStandbyKeepsWhatItHasWhileItIsLost) {
  Sizing service;
  service.builder.spec().failover.pre_scale = false;
  service.add_unfit("blue", {.spec = 10}, 0);
  service.add_unfit("green", {.tier = 1, .spec = 3}, 100);
  const auto sizes = service.wanted();
  EXPECT_THAT(wanted_of(sizes), ElementsAre(1, 1));
  EXPECT_THAT(kept_of(sizes), ElementsAre(10, 3)) << "a bound of what it grows to is none of what is there";
  EXPECT_THAT(replicas_of(service.bounded(sizes)), ElementsAre(10, 3));
}

TEST(WantedBounds, AStandbyIsAboveTheLowestTierThatMayTakeTraffic) {
  auto service = failed_over();
  service.builder.spec().failover.pre_scale = false;
  service.builder.spec().backends[0].weight = 0;
  EXPECT_THAT(steps_of(service.wanted()[1]), Not(Contains("PreScaleDisabled")));
}

}  // namespace
}  // namespace evenkeel::plan
