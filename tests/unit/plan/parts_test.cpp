#include "parts.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evenkeel::plan {
namespace {

using testing::ElementsAre;

/// Two that share a load of which a replica is planned to take 100.
std::vector<Holder> halves() {
  return {{.division = 50, .share = 0.5, .planned = 100}, {.division = 50, .share = 0.5, .planned = 100}};
}

std::vector<std::int32_t> replicas_of(const std::vector<Part>& parts) {
  std::vector<std::int32_t> replicas;
  replicas.reserve(parts.size());
  for (const auto& part : parts) replicas.push_back(part.replicas);
  return replicas;
}

std::vector<std::int32_t> divide(const std::vector<Holder>& holders, const Division& division) {
  return replicas_of(divide_total(holders, division));
}

TEST(Parts, FollowShares) {
  const std::vector<Holder> holders = {{.division = 80}, {.division = 20}, {.division = 0}};
  EXPECT_THAT(divide(holders, {.total = 10, .most = 10}), ElementsAre(8, 2, 0));
}

TEST(Parts, AreOneAtLeastEvenAboveTheTotal) {
  const std::vector<Holder> holders = {{.division = 98}, {.division = 1}, {.division = 1}};
  EXPECT_THAT(divide(holders, {.total = 4, .most = 4}), ElementsAre(2, 1, 1));
  EXPECT_THAT(divide(holders, {.total = 2, .most = 2}), ElementsAre(1, 1, 1));
}

TEST(Parts, NobodyGivesItsLastReplicaBack) {
  const std::vector<Holder> holders = {{.division = 1, .need = 0.5, .last = 0},
                                       {.division = 4, .need = 5, .last = 5}};
  EXPECT_THAT(divide(holders, {.total = 5, .most = 5}), ElementsAre(1, 4));
}

TEST(Parts, WhatAMaximumLeavesTheOthersGet) {
  const std::vector<Holder> holders = {{.division = 50}, {.division = 50, .maximum = 3}};
  EXPECT_THAT(divide(holders, {.total = 12, .most = 12}), ElementsAre(9, 3));
}

TEST(Parts, ANeedBetweenTwoCountsMovesNoReplicaToAndFro) {
  // 5.55 and 5.45 of 11 are 6 and 5; where it was 5 and 6, it stays so.
  const std::vector<Holder> holders = {{.division = 5.55, .need = 5.55, .last = 5},
                                       {.division = 5.45, .need = 5.45, .last = 6}};
  EXPECT_THAT(divide(holders, {.total = 11, .most = 11}), ElementsAre(5, 6));
}

TEST(Parts, OnlyWhoHasMoreThanBeforeAndThanItsMinimumGivesOneBack) {
  // 4, 5.55 and 5.45 of 15 are 4, 6 and 5.
  std::vector<Holder> holders = {{.division = 4, .need = 4, .last = 4},
                                 {.division = 5.55, .need = 5.55, .last = 5},
                                 {.division = 5.45, .need = 5.45, .last = 6}};
  EXPECT_THAT(divide(holders, {.total = 15, .most = 15}), ElementsAre(4, 5, 6));
  EXPECT_THAT(divide(holders, {.total = 15, .most = 16}), ElementsAre(4, 6, 6)) << "there is room for it";
  holders[1].minimum = 6;
  EXPECT_THAT(divide(holders, {.total = 15, .most = 15}), ElementsAre(4, 6, 5));
  holders[1].minimum = 1;
  holders[1].last.reset();
  EXPECT_THAT(divide(holders, {.total = 15, .most = 15}), ElementsAre(4, 6, 5)) << "nobody knows what it had";
}

TEST(Parts, WhoHasAllThatItNeedsGivesOneBack) {
  const std::vector<Holder> holders = {{.division = 6, .need = 6, .last = 5},
                                       {.division = 5, .need = 5, .last = 6}};
  EXPECT_THAT(divide(holders, {.total = 11, .most = 11}), ElementsAre(5, 6));
}

TEST(Parts, WhoNeedsAllOfItGivesNothingBack) {
  const std::vector<Holder> holders = {{.division = 7.2, .need = 7.2, .last = 5},
                                       {.division = 4.8, .need = 4.8, .last = 6}};
  EXPECT_THAT(divide(holders, {.total = 11, .most = 11}), ElementsAre(7, 4));
}

/// Two of a total that is far above what they need: nearly idle pods, by readings in whole percents.
std::vector<Holder> idle(double first, double second) {
  return {{.division = first, .need = first, .last = 7}, {.division = second, .need = second, .last = 6}};
}

TEST(Parts, NearlyIdleReadingsMoveNoReplicaToAndFro) {
  const auto parts = divide_total(idle(1.9, 1.1), {.total = 13, .most = 40});
  EXPECT_THAT(replicas_of(parts), ElementsAre(7, 6)) << "8 and 5 by proportion";
  EXPECT_EQ(parts[0].kept, Kept::Division);
  EXPECT_EQ(divide_total(idle(1.5, 1.3), {.total = 13, .most = 40})[0].kept, Kept::No) << "as divided anew";
  EXPECT_THAT(divide(idle(1.9, 1.1), {.total = 13, .most = 40, .exact = true}), ElementsAre(7, 6));
  EXPECT_THAT(divide(idle(4.9, 1.1), {.total = 13, .most = 40}), ElementsAre(11, 2))
      << "7 of 13 is what 3.2 of 6 are: 1.7 replicas of need too few";
}

TEST(Parts, WhoHasExactlyWhatItNeedsHasEnough) {
  // 2 and 1.55 of 5 are 2.8 and 2.2.
  std::vector<Holder> holders = {{.division = 2, .need = 2, .last = 2},
                                 {.division = 1.55, .need = 1.55, .last = 3}};
  EXPECT_THAT(divide(holders, {.total = 5, .most = 20}), ElementsAre(2, 3));
  holders[0].division = 2.01;
  holders[0].need = 2.01;
  EXPECT_THAT(divide(holders, {.total = 5, .most = 20}), ElementsAre(3, 2));
}

TEST(Parts, FollowAnEditOfWeightsAndAnotherTotal) {
  EXPECT_THAT(divide(idle(1.9, 1.1), {.total = 13, .most = 40, .edited = true}), ElementsAre(8, 5));
  EXPECT_THAT(divide(idle(1.9, 1.1), {.total = 14, .most = 40}), ElementsAre(9, 5));
}

TEST(Parts, OfWhichOneIsBeyondItsBoundAreDividedAnew) {
  auto holders = idle(1.9, 1.1);
  holders[1].maximum = 5;
  EXPECT_THAT(divide(holders, {.total = 13, .most = 40}), ElementsAre(8, 5));
  holders = idle(1.9, 1.1);
  holders[0].minimum = 8;
  EXPECT_THAT(divide(holders, {.total = 13, .most = 40}), ElementsAre(8, 5));
}

TEST(Parts, WhoIsAtABoundIsNoReasonToDivideAnew) {
  // Red has its maximum, which is far from its proportion; 7 and 6 are what is left, as before.
  auto holders = idle(5.1, 5.4);
  holders.push_back({.division = 9, .maximum = 2, .need = 9, .last = 2});
  EXPECT_THAT(divide(holders, {.total = 15, .most = 15}), ElementsAre(7, 6, 2));
  // And its minimum.
  holders = idle(5.1, 5.4);
  holders.push_back({.division = 0.1, .minimum = 4, .need = 0.1, .last = 4});
  EXPECT_THAT(divide(holders, {.total = 17, .most = 17}), ElementsAre(7, 6, 4));
}

TEST(Parts, WhereThereIsNoRoomAThreeQuartersOfAReplicaAreNoReason) {
  const auto holders = [](double first, double second) {
    return std::vector<Holder>{{.division = first, .need = first, .last = 9},
                               {.division = second, .need = second, .last = 4}};
  };
  // 16 are needed, 13 there are; 8.29 and 4.71 of 13.
  EXPECT_THAT(divide(holders(10.2, 5.8), {.total = 13, .most = 13}), ElementsAre(9, 4));
  EXPECT_THAT(divide(holders(10.1, 5.9), {.total = 13, .most = 13}), ElementsAre(8, 5)) << "0.79 off";
  EXPECT_THAT(divide(holders(10.2, 5.8), {.total = 13, .most = 14}), ElementsAre(9, 5)) << "there is room";
  EXPECT_THAT(divide(holders(10.2, 5.8), {.total = 13, .most = 14, .exact = true}), ElementsAre(9, 4));
}

/// Six of nearly the same size, the last of which had one replica fewer.
std::vector<Holder> six(double last) {
  std::vector<Holder> holders(6, {.division = 5.5, .need = 5.5, .last = 4});
  holders.back() = {.division = last, .need = last, .last = 3};
  return holders;
}

TEST(Parts, WhereThereIsNoRoomOneOfManyLacksAReplicaAndKeepsDoingSo) {
  // Of 23 five get four; 6.05 on three are a tenth more than 5.5 on three.
  EXPECT_THAT(divide(six(5.6), {.total = 23, .most = 23}), ElementsAre(4, 4, 4, 4, 4, 3));
  EXPECT_THAT(divide(six(6.05), {.total = 23, .most = 23}), ElementsAre(4, 4, 4, 4, 4, 3));
  EXPECT_THAT(divide(six(6.06), {.total = 23, .most = 23}), ElementsAre(4, 4, 4, 4, 3, 4));
}

TEST(Parts, WhereThereIsNoRoomNobodyStaysTwiceAsBusyAsTheOther) {
  const std::vector<Holder> holders = {{.division = 5, .need = 5, .last = 3},
                                       {.division = 5, .need = 5, .last = 1}};
  EXPECT_THAT(divide(holders, {.total = 4, .most = 4}), ElementsAre(2, 2));
}

TEST(Parts, BySharesStandWithinThreeQuartersToo) {
  // Two metrics that take turns in asking for most: by shares, by needs.
  std::vector<Holder> holders = {{.division = 50, .last = 3}, {.division = 50, .last = 4}};
  EXPECT_THAT(divide(holders, {.total = 7, .most = 7}), ElementsAre(3, 4)) << "4 and 3 at first";
  EXPECT_THAT(divide(holders, {.total = 7, .most = 9}), ElementsAre(3, 4));
  holders[0].last = 2;
  holders[1].last = 5;
  EXPECT_THAT(divide(holders, {.total = 7, .most = 7}), ElementsAre(4, 3)) << "a replica and a half off";
}

TEST(Parts, StandBesideOneAtItsMaximumAndOneWithoutAPart) {
  // Of nine the first may have two; the others' proportions of seven are 3.36 and 3.64.
  const std::vector<Holder> holders = {{.division = 6, .maximum = 2, .last = 2},
                                       {.division = 2.4, .last = 4},
                                       {.division = 2.6, .last = 3},
                                       {.division = 0}};
  EXPECT_THAT(divide(holders, {.total = 9, .most = 20}), ElementsAre(2, 4, 3, 0));
}

TEST(Parts, AMaximumIsOnesOwnAndNeverBelowOnesOwnMinimum) {
  const std::vector<Holder> holders = {{.division = 50, .minimum = 5}, {.division = 50, .maximum = 2}};
  EXPECT_THAT(divide(holders, {.total = 10, .most = 10}), ElementsAre(8, 2));
  const std::vector<Holder> crossed = {{.division = 50}, {.division = 50, .minimum = 4, .maximum = 2}};
  EXPECT_THAT(divide(crossed, {.total = 10, .most = 10}), ElementsAre(6, 4));
}

TEST(Parts, OfNothingAreNothing) {
  EXPECT_THAT(divide(halves(), {.total = 0, .most = 9}), ElementsAre(0, 0));
  EXPECT_THAT(divide(halves(), {.total = -3, .most = 9}), ElementsAre(0, 0));
}

TEST(Parts, AMinimumIsTakenFromTheOthers) {
  const std::vector<Holder> holders = {{.division = 50, .minimum = 7}, {.division = 50}};
  EXPECT_THAT(divide(holders, {.total = 10, .most = 10}), ElementsAre(7, 3));
}

TEST(Extras, OneMoreWhereTheLoadWouldBeAboveTargetAndTolerance) {
  // 9 replicas: 5 and 4; half of the demand on 4 is 110 each at 880.
  EXPECT_THAT(divide(halves(), {.total = 9, .most = 20, .demand = 880}), ElementsAre(5, 4))
      << "the tolerance is inclusive";
  const auto parts = divide_total(halves(), {.total = 9, .most = 20, .demand = 881});
  EXPECT_THAT(replicas_of(parts), ElementsAre(5, 5));
  EXPECT_EQ(parts[0].extra, Extra::No);
  EXPECT_EQ(parts[1].extra, Extra::Load);
}

TEST(Extras, AreKeptUntilTheLoadWithoutItIsAsPlanned) {
  auto holders = halves();
  holders[1].had_extra = Extra::Load;
  EXPECT_THAT(divide(holders, {.total = 9, .most = 20, .demand = 801}), ElementsAre(5, 5));
  EXPECT_THAT(divide(holders, {.total = 9, .most = 20, .demand = 800}), ElementsAre(5, 4));
}

TEST(Extras, AreOneEachAtMost) {
  EXPECT_THAT(divide(halves(), {.total = 4, .most = 20, .demand = 5000}), ElementsAre(3, 3))
      << "the rest is the total's business";
}

TEST(Extras, StayWithinTheBoundAndGoToTheMostLoaded) {
  const std::vector<Holder> holders = {{.division = 50, .share = 0.5, .planned = 100},
                                       {.division = 50, .share = 0.5, .planned = 80}};
  EXPECT_THAT(divide(holders, {.total = 4, .most = 5, .demand = 1000}), ElementsAre(2, 3));
  EXPECT_THAT(divide(holders, {.total = 4, .most = 4, .demand = 1000}), ElementsAre(2, 2));
  EXPECT_THAT(divide(holders, {.total = 4, .most = 6, .demand = 1000}), ElementsAre(3, 3));
}

TEST(Extras, AreForLoadsThatAreMoreThanRoundingAboveWhatIsPlanned) {
  const std::vector<Holder> one = {{.division = 100, .share = 1, .planned = 1, .had_extra = Extra::Load}};
  EXPECT_THAT(divide(one, {.total = 1, .most = 2, .demand = 1 + 1e-9}), ElementsAre(1));
  EXPECT_THAT(divide(one, {.total = 1, .most = 2, .demand = 1 + 2e-9}), ElementsAre(2));
}

TEST(Extras, DoNotGoBeyondAMaximum) {
  auto holders = halves();
  holders[0].maximum = 2;
  EXPECT_THAT(divide(holders, {.total = 4, .most = 20, .demand = 1000}), ElementsAre(2, 3));
}

TEST(Extras, OfEquallyLoadedTheFirst) {
  EXPECT_THAT(divide(halves(), {.total = 4, .most = 5, .demand = 1000}), ElementsAre(3, 2));
}

/// Readings of equals differ by what each has just now: one between them would go round.
TEST(Extras, OfEquallyLoadedStayWithWhoHadThem) {
  auto holders = halves();
  holders[1].had_extra = Extra::Load;
  holders[0].need = 5.4;
  EXPECT_THAT(divide(holders, {.total = 4, .most = 5, .demand = 1000}), ElementsAre(2, 3)) << "2.7 and 2.5";
  holders[0].need = 5.6;
  EXPECT_THAT(divide(holders, {.total = 4, .most = 5, .demand = 1000}), ElementsAre(3, 2)) << "2.8: a tenth";
}

TEST(Extras, AreForThoseThatHaveAPartAndCarryATraffic) {
  auto holders = halves();
  holders[0].share = 0;
  EXPECT_THAT(divide(holders, {.total = 4, .most = 20, .demand = 1000}), ElementsAre(2, 3));
  holders = halves();
  holders[0].division = 0;
  EXPECT_THAT(divide(holders, {.total = 4, .most = 20, .demand = 1000}), ElementsAre(0, 5));
}

TEST(Extras, AManualCountIsMetExactly) {
  EXPECT_THAT(divide(halves(), {.total = 4, .most = 20, .exact = true, .demand = 5000}), ElementsAre(2, 2));
  auto holders = halves();
  holders[0].need = 5.0;
  holders[0].last = 5;
  EXPECT_THAT(divide(holders, {.total = 4, .most = 20, .exact = true}), ElementsAre(2, 2));
}

/// 1.9 replicas' worth of work on one of two, whose total is 2; what each had is without the one more.
std::vector<Holder> uneven(double need, Extra had = Extra::No) {
  return {{.division = need, .had_extra = had, .need = need, .is_need_certain = true, .last = 1},
          {.division = 0.1, .need = 0.1, .is_need_certain = true, .last = 1}};
}

TEST(Extras, OneMoreWhereItsOwnNeedIsAboveItsPartAndTolerance) {
  EXPECT_THAT(divide(uneven(1.1), {.total = 2, .most = 20}), ElementsAre(1, 1))
      << "the tolerance is inclusive";
  const auto parts = divide_total(uneven(1.11), {.total = 2, .most = 20});
  EXPECT_THAT(replicas_of(parts), ElementsAre(2, 1));
  EXPECT_EQ(parts[0].extra, Extra::Need);
  EXPECT_EQ(parts[1].extra, Extra::No);
  EXPECT_THAT(divide(uneven(9), {.total = 2, .most = 20}), ElementsAre(2, 1))
      << "the rest is the total's business";
  EXPECT_THAT(divide(uneven(9), {.total = 2, .most = 2}), ElementsAre(1, 1)) << "there is no room";
}

TEST(Extras, ByNeedAreKeptAsAnyPartIs) {
  EXPECT_THAT(divide(uneven(0.71, Extra::Need), {.total = 2, .most = 20}), ElementsAre(2, 1));
  EXPECT_THAT(divide(uneven(0.69, Extra::Need), {.total = 2, .most = 20}), ElementsAre(1, 1));
  EXPECT_THAT(divide(uneven(1.05, Extra::Load), {.total = 2, .most = 20}), ElementsAre(1, 1))
      << "what load asked for no need keeps";
}

TEST(Extras, ByNeedStayWhileNobodyKnowsTheNeed) {
  auto holders = uneven(1.5, Extra::Need);
  holders[0].need.reset();
  holders[0].is_need_certain = false;
  EXPECT_THAT(divide(holders, {.total = 2, .most = 20}), ElementsAre(2, 1));
  holders[0].last.reset();
  EXPECT_THAT(divide(holders, {.total = 2, .most = 20}), ElementsAre(1, 1)) << "there was no part before";
}

TEST(Extras, ByNeedGoOnceThePartHasGrownByThem) {
  EXPECT_THAT(divide(uneven(1.9, Extra::Need), {.total = 3, .most = 20}), ElementsAre(2, 1));
}

TEST(Extras, ByNeedAreNotTakenByAnother) {
  auto holders = uneven(1.2, Extra::Need);
  holders[1].need = holders[1].division = 1.6;
  EXPECT_THAT(divide(holders, {.total = 2, .most = 3}), ElementsAre(2, 1));
  holders[0].had_extra = Extra::No;
  EXPECT_THAT(divide(holders, {.total = 2, .most = 3}), ElementsAre(1, 2));
}

TEST(Extras, NoGuessAsksForOne) {
  auto holders = uneven(1.5);
  holders[0].is_need_certain = false;
  EXPECT_THAT(divide(holders, {.total = 2, .most = 20}), ElementsAre(1, 1));
}

TEST(Extras, OfLoadAndNeedTheMostLoadedFirst) {
  const std::vector<Holder> holders = {{.division = 1, .share = 0.5, .planned = 10},
                                       {.division = 1, .need = 1.6, .is_need_certain = true, .last = 1}};
  EXPECT_THAT(divide(holders, {.total = 2, .most = 3, .demand = 30}), ElementsAre(1, 2))
      << "1.5 and 1.6 of it";
  EXPECT_THAT(divide(holders, {.total = 2, .most = 3, .demand = 34}), ElementsAre(2, 1))
      << "1.7 and 1.6 of it";
}

/// Two sized by their own readings: the first needs 4.2 and had 5.
std::vector<Holder> by_need(double need, std::int32_t last) {
  return {{.division = need, .need = need, .last = last}, {.division = need, .need = need}};
}

TEST(PartsByNeed, FallOnlyWhenTheyExceedTheNeedByMoreThanAReplicaAndAThird) {
  const Division division{.total = 8, .most = 20};
  const auto parts = divide_total(by_need(3.75, 5), division);
  EXPECT_THAT(replicas_of(parts), ElementsAre(5, 4)) << "1.25 more than it needs";
  EXPECT_EQ(parts[0].kept, Kept::Need);
  EXPECT_EQ(parts[1].kept, Kept::No);
  EXPECT_THAT(divide(by_need(3.6, 5), division), ElementsAre(4, 4)) << "1.4 more";
  const std::vector<Holder> few = {{.division = 1, .need = 0.7, .last = 2}, {.division = 1, .need = 0.7}};
  EXPECT_THAT(divide(few, {.total = 2, .most = 20}), ElementsAre(2, 1)) << "1.3 is not more than that";
}

TEST(PartsByNeed, WhatIsKeptStaysWithinTheBound) {
  EXPECT_THAT(divide(by_need(3.75, 5), {.total = 8, .most = 9}), ElementsAre(5, 4));
  EXPECT_THAT(divide(by_need(3.75, 5), {.total = 8, .most = 8}), ElementsAre(4, 4));
}

/// Two small ones that keep their second replica, beside a large one: 14 replicas of a total of 13.
std::vector<Holder> beside_small_ones(double need) {
  const Holder small{.division = 1.36, .need = 1.36, .is_need_certain = true, .last = 2};
  return {small, small, {.division = need, .need = need, .is_need_certain = true, .last = 10}};
}

TEST(PartsByNeed, WhatOthersKeepIsNotGivenOnTopToWhoHasEnough) {
  const auto parts = divide_total(beside_small_ones(9.6), {.total = 13, .most = 39});
  EXPECT_THAT(replicas_of(parts), ElementsAre(2, 2, 10)) << "9.6 of 12.32 are 10.13, which rounding makes 11";
  EXPECT_EQ(parts[0].kept, Kept::Need);
  EXPECT_EQ(parts[2].kept, Kept::Enough);
  EXPECT_THAT(divide(beside_small_ones(10), {.total = 13, .most = 39}), ElementsAre(2, 2, 10));
  EXPECT_THAT(divide(beside_small_ones(10.01), {.total = 13, .most = 39}), ElementsAre(2, 2, 11))
      << "it needs more than it had";
  EXPECT_THAT(divide(beside_small_ones(9.6), {.total = 15, .most = 39}), ElementsAre(2, 2, 11))
      << "the total is given out";
  auto guess = beside_small_ones(9.6);
  guess[2].is_need_certain = false;
  EXPECT_THAT(divide(guess, {.total = 13, .most = 39}), ElementsAre(2, 2, 11)) << "what it needs is a guess";
}

TEST(PartsByNeed, OneThatGrowsOrHasNoPartIsNotKept) {
  const auto same = divide_total(by_need(4, 4), {.total = 8, .most = 20});
  EXPECT_EQ(same[0].kept, Kept::No);
  const auto grown = divide_total(by_need(4, 3), {.total = 8, .most = 20});
  EXPECT_THAT(replicas_of(grown), ElementsAre(4, 4));
  EXPECT_EQ(grown[0].kept, Kept::No);
  const std::vector<Holder> gone = {{.division = 0, .need = 0.5, .last = 1}, {.division = 1, .need = 4}};
  EXPECT_THAT(divide(gone, {.total = 4, .most = 20}), ElementsAre(0, 4));
}

}  // namespace
}  // namespace evenkeel::plan
