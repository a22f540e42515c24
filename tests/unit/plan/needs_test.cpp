#include "needs.hpp"

#include <limits>
#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

namespace evenkeel::plan {
namespace {

using std::chrono::seconds;
using testing::DoubleNear;
using testing::IsEmpty;
using testing::Pointwise;
using testing_support::at;

constexpr seconds kDrain{30};

TEST(WatchOfAShare, KnowsSinceWhenItIsSet) {
  ShareWatch watch;
  watch_share(40, std::nullopt, at(0), watch);
  EXPECT_EQ(watch.share, 40);
  EXPECT_EQ(watch.set_since, at(0));
  watch_share(40.5, std::nullopt, at(10), watch);
  EXPECT_EQ(watch.share, 40) << "half a point is what computed shares tremble by";
  EXPECT_EQ(watch.set_since, at(0));
  watch_share(40.51, std::nullopt, at(20), watch);
  EXPECT_EQ(watch.set_since, at(20));
  watch_share(39, std::nullopt, at(30), watch);
  EXPECT_EQ(watch.share, 39);
  EXPECT_EQ(watch.set_since, at(30));
}

TEST(WatchOfAShare, KnowsSinceWhenTheObservedOneIsCloseToIt) {
  ShareWatch watch;
  watch_share(40, 45.5, at(0), watch);
  EXPECT_EQ(watch.settled_since, std::nullopt);
  watch_share(40, 45, at(10), watch);
  EXPECT_EQ(watch.settled_since, at(10)) << "five points off is close";
  watch_share(40, 35, at(20), watch);
  EXPECT_EQ(watch.settled_since, at(10)) << "on either side";
  watch_share(40, 34.9, at(30), watch);
  EXPECT_EQ(watch.settled_since, std::nullopt);
  watch_share(40, 40, at(40), watch);
  watch_share(40, std::nullopt, at(50), watch);
  EXPECT_EQ(watch.settled_since, std::nullopt) << "nothing is known while it is not observed";
}

TEST(WatchOfAShare, OfALargeShareATenthIsClose) {
  ShareWatch watch;
  watch_share(80, 88, at(0), watch);
  EXPECT_EQ(watch.settled_since, at(0));
  watch_share(80, 88.1, at(0), watch);
  EXPECT_EQ(watch.settled_since, std::nullopt);
}

TEST(CountBehindAReading, MustHaveBeenThereForTheWholeWindow) {
  std::optional<CountWatch> watch;
  const auto is_behind = [&](std::int64_t time) {
    return is_count_behind(watch, {.time = at(time), .window = seconds{60}});
  };
  EXPECT_FALSE(is_behind(1000)) << "never seen";
  watch_count(4, at(100), watch);
  EXPECT_FALSE(is_behind(159));
  EXPECT_TRUE(is_behind(160));
  watch_count(4, at(170), watch);
  EXPECT_TRUE(is_behind(160)) << "as many as before";
  watch_count(5, at(180), watch);
  EXPECT_FALSE(is_behind(239));
  EXPECT_TRUE(is_behind(240));
  watch_count(4, at(200), watch);
  EXPECT_FALSE(is_behind(240));
}

TEST(ShareBehindAReading, ObservedMustHaveBeenCloseForTheWholeWindow) {
  ShareWatch watch;
  watch_share(40, 41, at(100), watch);
  EXPECT_EQ(share_behind(watch, 41, {.time = at(160), .window = seconds{60}}, kDrain, at(200)), 41);
  EXPECT_EQ(share_behind(watch, 41, {.time = at(159), .window = seconds{60}}, kDrain, at(200)), std::nullopt)
      << "the window began before, whatever the time is now";
  watch.settled_since.reset();
  EXPECT_EQ(share_behind(watch, 41, {.time = at(999)}, kDrain, at(999)), std::nullopt);
}

TEST(ShareBehindAReading, UnobservedItMustNotHaveChangedForTwoWindows) {
  ShareWatch watch;
  watch_share(40, std::nullopt, at(100), watch);
  const ReadingSpan reading{.time = at(100), .window = seconds{60}};
  EXPECT_EQ(share_behind(watch, std::nullopt, reading, kDrain, at(220)), 40);
  EXPECT_EQ(share_behind(watch, std::nullopt, reading, kDrain, at(219)), std::nullopt);
  EXPECT_EQ(share_behind(watch, std::nullopt, reading, seconds{121}, at(220)), std::nullopt)
      << "nor for as long as traffic takes to leave";
  EXPECT_EQ(share_behind(watch, std::nullopt, reading, seconds{121}, at(221)), 40);
  EXPECT_EQ(share_behind({}, std::nullopt, reading, kDrain, at(999)), std::nullopt);
}

TEST(ShareBehindAReading, WindowsOfNonsenseAreBounded) {
  ShareWatch watch;
  watch_share(40, std::nullopt, at(0), watch);
  EXPECT_EQ(share_behind(watch, std::nullopt, {.time = at(0), .window = seconds{-60}}, kDrain, at(30)), 40);
  const ReadingSpan endless{.time = at(0), .window = seconds::max()};
  const std::int64_t two_days = 2 * 24 * 3600;
  EXPECT_EQ(share_behind(watch, std::nullopt, endless, kDrain, at(two_days - 1)), std::nullopt);
  EXPECT_EQ(share_behind(watch, std::nullopt, endless, kDrain, at(two_days)), 40) << "a day at most";
}

auto near(const std::vector<double>& wanted) {
  return Pointwise(DoubleNear(1e-9), wanted);
}

TEST(Needs, WithoutAnyThereIsNoTotal) {
  const std::vector<BackendNeed> none = {{.full = 50, .share = 50}, {.full = 50}};
  const auto needs = combine_needs(none, 7);
  EXPECT_EQ(needs.total, std::nullopt);
  EXPECT_THAT(needs.parts, IsEmpty());
}

TEST(Needs, AreTakenAtTheShareThatTheyWereMeasuredUnder) {
  // Blue needs 4 for 40 points and is meant to have 60, green 3 for 60 and is meant to have 40.
  const std::vector<BackendNeed> both = {{.full = 60, .share = 40, .need = 4},
                                         {.full = 40, .share = 60, .need = 3}};
  const auto needs = combine_needs(both, 1);
  EXPECT_NEAR(needs.total.value_or(0), 6 + 2, 1e-9);
  EXPECT_THAT(needs.parts, near({6, 2}));
}

TEST(Needs, DemandIsThatOfTheSharesThatAreThere) {
  // Blue needs a tenth of a replica for a point of share, green half as much.
  const std::vector<BackendNeed> both = {{.full = 60, .share = 40, .need = 4},
                                         {.full = 40, .share = 40, .need = 2}};
  const auto needs = combine_needs(both, 1);
  EXPECT_NEAR(needs.demand.value_or(0), 6 / 0.8, 1e-9) << "others carry the fifth that is left";
  EXPECT_NEAR(needs.total.value_or(0), 6 + 2, 1e-9);
  EXPECT_EQ(combine_needs(std::vector<BackendNeed>{{.full = 100, .need = 4}}, 1).demand, std::nullopt);
}

TEST(Needs, WhileSomeSharesAreKnownTheirSumIsTheLeast) {
  // Blue needs half as much for a point of share as green, so it does not tell what both need.
  const std::vector<BackendNeed> both = {{.full = 40, .share = 40, .need = 4},
                                         {.full = 60, .share = 60, .need = 12}};
  EXPECT_EQ(combine_needs(both, 1).at_least, std::nullopt);
  auto some = both;
  some[1].share.reset();
  const auto needs = combine_needs(some, 1);
  EXPECT_NEAR(needs.demand.value_or(0), 10, 1e-9) << "by what blue tells";
  EXPECT_NEAR(needs.at_least.value_or(0), 16, 1e-9);
  some[1].share = 3;
  EXPECT_EQ(combine_needs(some, 1).at_least, std::nullopt) << "a small share is a known one";
  some[1] = {.full = 60};
  EXPECT_EQ(combine_needs(some, 1).at_least, std::nullopt) << "who has no need has no share to know";
}

/// Blue needs nearly half more for a point of share than green, whose share is moving; `others` carry the
/// rest.
Needs while_one_moves(std::int32_t current, const std::vector<BackendNeed>& others = {}) {
  std::vector<BackendNeed> backends = {{.full = 20, .share = 20, .need = 4}, {.full = 80, .need = 11}};
  backends.insert(backends.end(), others.begin(), others.end());
  return combine_needs(backends, current);
}

TEST(Needs, OfAFewKeepTheTotalWhileTheSumIsKnown) {
  EXPECT_NEAR(while_one_moves(15).total.value_or(0), 15, 1e-9) << "blue's need would make it 20";
  EXPECT_NEAR(while_one_moves(10).total.value_or(0), 15, 1e-9);
  EXPECT_NEAR(while_one_moves(18).total.value_or(0), 18, 1e-9) << "kept";
  EXPECT_NEAR(while_one_moves(30).total.value_or(0), 20, 1e-9) << "as far as blue lets it fall";
  EXPECT_NEAR(while_one_moves(15).demand.value_or(0), 20, 1e-9);
}

TEST(Needs, OfAFewAskForAllWhereTheSumIsNotOfAllTraffic) {
  const auto beside = [](const BackendNeed& other) { return while_one_moves(15, {other}).total.value_or(0); };
  EXPECT_NEAR(beside({.full = 0, .share = 4.9}), 15, 1e-9);
  EXPECT_NEAR(beside({.full = 0, .share = 5}), 20, 1e-9) << "what a standby carries needs replicas, too";
  EXPECT_NEAR(
      while_one_moves(15, {{.full = 0, .share = 3}, {.full = 0, .share = 2}}).total.value_or(0), 20, 1e-9);
  EXPECT_NEAR(beside({.full = 0}), 20, 1e-9) << "nobody knows what it carries";
  EXPECT_NEAR(beside({.full = 20}), 20, 1e-9) << "nobody knows what it needs";
}

TEST(Needs, WhoCannotTellGetsWhatTheOthersNeedForSuchAShare) {
  const std::vector<BackendNeed> one = {{.full = 75, .share = 75, .need = 6}, {.full = 25}};
  const auto needs = combine_needs(one, 1);
  EXPECT_NEAR(needs.total.value_or(0), 8, 1e-9);
  EXPECT_THAT(needs.parts, near({6, 2}));
}

TEST(Needs, AShareUnderFivePercentSaysTooLittle) {
  const std::vector<BackendNeed> little = {{.full = 50, .share = 4.9, .need = 9},
                                           {.full = 50, .share = 50, .need = 2}};
  EXPECT_THAT(combine_needs(little, 1).parts, near({2, 2}));
  const std::vector<BackendNeed> enough = {{.full = 50, .share = 5, .need = 1},
                                           {.full = 50, .share = 50, .need = 2}};
  EXPECT_THAT(combine_needs(enough, 1).parts, near({10, 2}));
}

TEST(BeyondCarried, IsToldByFivePercentOfTheTraffic) {
  EXPECT_EQ(beyond_carried(4.9), 1) << "it might be twenty times or two hundred";
  EXPECT_EQ(beyond_carried(5), 20);
  EXPECT_EQ(beyond_carried(101), 1);
}

TEST(Needs, OfASmallShareHalfOfItTellsEnough) {
  const auto parts = [](double share) {
    return combine_needs(std::vector<BackendNeed>{{.full = 4, .share = share, .need = 1.5},
                                                  {.full = 96, .share = 96, .need = 48}},
                         1)
        .parts;
  };
  EXPECT_THAT(parts(2), near({3, 48}));
  EXPECT_THAT(parts(1.9), near({2, 48})) << "as the other for a point";
  EXPECT_THAT(parts(4), near({1.5, 48}));
}

TEST(Needs, OfManySmallOnesTellTheTotalTogether) {
  std::vector<BackendNeed> many(25, {.full = 4, .share = 4, .need = 0.5});
  EXPECT_NEAR(combine_needs(many, 50).total.value_or(0), 12.5, 1e-9) << "or they would never fall";
  for (std::size_t i = 1; i < many.size(); ++i) many[i].share.reset();
  EXPECT_NEAR(combine_needs(many, 50).total.value_or(0), 50, 1e-9) << "one of them says too little of all";
  many[1].share = 1;
  EXPECT_NEAR(combine_needs(many, 50).total.value_or(0), 50, 1e-9)
      << "less than half of what it is meant to have";
  many[1].share = 3;
  EXPECT_NEAR(combine_needs(many, 50).total.value_or(0), (0.5 + 0.5 * 4 / 3) / 0.08, 1e-9);
}

TEST(Needs, OneWithoutAFullShareTellsNothing) {
  const std::vector<BackendNeed> leaving = {{.full = 0, .share = 50, .need = 9},
                                            {.full = 100, .share = 50, .need = 2}};
  const auto needs = combine_needs(leaving, 1);
  EXPECT_NEAR(needs.total.value_or(0), 4, 1e-9);
  EXPECT_NEAR(needs.demand.value_or(0), 4, 1e-9);
  EXPECT_THAT(needs.parts, near({0, 4}));
}

TEST(Needs, WhileNoShareIsKnownTheirSumCountsButNoShrinking) {
  const std::vector<BackendNeed> unsettled = {{.full = 50, .need = 4}, {.full = 50, .need = 3.5}};
  EXPECT_NEAR(combine_needs(unsettled, 3).total.value_or(0), 7.5, 1e-9);
  EXPECT_NEAR(combine_needs(unsettled, 9).total.value_or(0), 9, 1e-9);
  EXPECT_THAT(combine_needs(unsettled, 3).parts, IsEmpty()) << "divided by full shares";
  EXPECT_NEAR(combine_needs(unsettled, 9).at_least.value_or(0), 7.5, 1e-9);
}

TEST(Needs, ThatGrowWithTheCountAskForNoMoreThanTheRatioTimesTheTotal) {
  // Green has grown for the share that it is about to get: within its target it asks for nothing.
  std::vector<BackendNeed> grown = {
      {.full = 10, .share = 50, .need = 10, .ratio = 1},
      {.full = 90, .share = 50, .need = 18, .ratio = 1, .is_count_behind = false}};
  EXPECT_NEAR(combine_needs(grown, 20).total.value_or(0), 20, 1e-9) << "not 34.4";
  grown[0].ratio = 1.2;
  EXPECT_NEAR(combine_needs(grown, 20).total.value_or(0), 24, 1e-9);
  grown[1].ratio.reset();
  EXPECT_NEAR(combine_needs(grown, 20).total.value_or(0), 34.4, 1e-9) << "a load is what it is";
  for (auto& backend : grown) backend.share.reset();
  grown[1].ratio = 0.9;
  grown[0].ratio = 0.9;
  EXPECT_NEAR(combine_needs(grown, 20).total.value_or(0), 20, 1e-9) << "not the sum of 28";
}

TEST(Needs, OfReadingsThatKnowCountsAndSharesAreNotBounded) {
  // Eight replicas stay although the maximum is 7: seven times the ratio would ask for less than they carry.
  const std::vector<BackendNeed> known = {{.full = 50, .share = 60, .need = 6.5, .ratio = 1.3},
                                          {.full = 50, .share = 40, .need = 4.2, .ratio = 1.4}};
  EXPECT_NEAR(combine_needs(known, 7).total.value_or(0), 6.5 * 5 / 6 + 4.2 * 5 / 4, 1e-9);
  auto guessed = known;
  guessed[1].share.reset();
  const auto needs = combine_needs(guessed, 7);
  EXPECT_NEAR(needs.total.value_or(0), 9.8, 1e-9) << "1.4 times 7";
  EXPECT_THAT(needs.guessed, testing::ElementsAre(0, 1));
}

TEST(Needs, OfWhomOthersCarryAPartAreBoundedByWhatIsMeantForThem) {
  // A standby carries a quarter: how the rest is shared must not change what all of it asks for.
  std::vector<BackendNeed> spilled = {
      {.full = 50, .share = 50, .need = 3.6, .ratio = 1.8, .is_count_behind = false},
      {.full = 50, .share = 25, .need = 1.8, .ratio = 1.8}};
  EXPECT_NEAR(combine_needs(spilled, 3).total.value_or(0), 7.2, 1e-9) << "not 5.4";
  spilled[1].ratio = spilled[0].ratio = 1;
  EXPECT_NEAR(combine_needs(spilled, 3).total.value_or(0), 4, 1e-9)
      << "at the target with three quarters of what is meant for them";
  spilled[1].ratio = spilled[0].ratio = 0.7;
  EXPECT_NEAR(combine_needs(spilled, 3).total.value_or(0), 3, 1e-9) << "within the target with all of it";
  spilled[1] = {.full = 50, .need = 1.8, .ratio = 1.8};
  EXPECT_NEAR(combine_needs(spilled, 3).total.value_or(0), 5.4, 1e-9) << "it is not known what others carry";
  spilled = {{.full = 100, .share = 4.9, .need = 8, .ratio = 2}};
  EXPECT_NEAR(combine_needs(spilled, 4).total.value_or(0), 8, 1e-9) << "too little to tell";
}

TEST(Needs, ThatGrowWithACountThatHasJustChangedDivideNothing) {
  std::vector<BackendNeed> backends = {
      {.full = 50, .share = 50, .need = 12, .ratio = 3, .is_count_behind = false},
      {.full = 50, .share = 50, .need = 4, .ratio = 1}};
  const auto changed = combine_needs(backends, 8);
  EXPECT_EQ(changed.at_least, std::nullopt) << "the shares are known";
  EXPECT_NEAR(changed.total.value_or(0), 16, 1e-9) << "the total follows, as one of one backend does";
  EXPECT_THAT(changed.parts, IsEmpty());
  backends[0].is_count_behind = true;
  EXPECT_THAT(combine_needs(backends, 8).parts, near({12, 4}));
  for (auto& backend : backends) backend.ratio.reset();
  backends[0].is_count_behind = false;
  EXPECT_THAT(combine_needs(backends, 8).parts, near({12, 4})) << "a load is what it is";
}

TEST(Needs, WhatIsNoNumberIsNoPart) {
  const std::vector<BackendNeed> huge = {
      {.full = 50, .share = 50, .need = std::numeric_limits<double>::infinity()},
      {.full = 50, .share = 50, .need = 2}};
  EXPECT_THAT(combine_needs(huge, 1).parts, near({0, 2}));
}

}  // namespace
}  // namespace evenkeel::plan
