#include "evenkeel/failover/hold.hpp"

#include <chrono>
#include <limits>

#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

namespace evenkeel::failover {
namespace {

using testing_support::at;

TEST(Hold, SeenForTheFirstTimeEverythingIsNeeded) {
  EXPECT_EQ(Hold{}.highest_after(at(0)), Hold::kEverything);
}

TEST(Hold, WhatWasNeededIsHeldUntilTheWindowHasPassed) {
  Hold hold;
  hold.record(at(0), 1.0);
  hold.record(at(100), 0.0);
  EXPECT_EQ(hold.highest_after(at(99)), 1.0) << "it was needed until then, whenever decisions were made";
  EXPECT_EQ(hold.highest_after(at(100)), 0.0);
}

TEST(Hold, MoreThanBeforeReplacesWhatWasBefore) {
  Hold hold;
  hold.record(at(0), 0.3);
  hold.record(at(10), 0.5);
  EXPECT_EQ(hold.entries().size(), 1U);
  EXPECT_EQ(hold.highest_after(at(9)), 0.5);
}

TEST(Hold, RecordingTheSameAgainChangesNothing) {
  Hold hold;
  hold.record(at(0), 0.5);
  hold.record(at(5), 0.2);
  const auto before = hold.entries().size();
  hold.record(at(5), 0.2);
  EXPECT_EQ(hold.entries().size(), before);
}

TEST(Hold, AClockThatWentBackEndsNothingSooner) {
  Hold hold;
  hold.record(at(0), 1.0);
  hold.record(at(50), 0.5);
  hold.record(at(100), 0.5);
  hold.record(at(20), 0.2);
  EXPECT_EQ(hold.highest_after(at(99)), 0.5) << "it was in force until then";
}

TEST(Hold, ForgetsWhatWasOverBeforeAndNothingElse) {
  Hold hold;
  for (const int second : {0, 10, 20, 30}) hold.record(at(second), 1.0 - second / 100.0);
  hold.forget(at(20));
  EXPECT_EQ(hold.highest_after(at(0)), 0.9) << "in force until 20";
  hold.forget(at(21));
  EXPECT_EQ(hold.highest_after(at(0)), 0.8);
  hold.forget(at(1000));
  EXPECT_EQ(hold.highest_after(at(0)), 0.7) << "what is in force now is never forgotten";
}

TEST(Hold, PastItsSizeItHoldsMoreForLonger) {
  Hold hold;
  for (int i = 0; i < 10; ++i) hold.record(at(i), 1.0 - i / 10.0);
  EXPECT_EQ(hold.entries().size(), Hold::kMaxEntries);
  for (int i = 0; i < 9; ++i) EXPECT_GE(hold.highest_after(at(i)), 1.0 - i / 10.0);
  EXPECT_DOUBLE_EQ(hold.entries().back().share, 0.1) << "what is needed now is never merged away";
}

TEST(Hold, ComesOutOfMemoryAsItWentIn) {
  Hold hold;
  hold.record(at(0), 1.0);
  hold.record(at(0), 0.0);
  const Hold again{hold.entries(), at(0)};
  EXPECT_EQ(again.entries().back().share, 0.0);
  EXPECT_EQ(again.entries().size(), 2U);
}

TEST(Hold, TimesInTheFutureCountAsOfNow) {
  const Hold hold{{{.until = at(1000), .share = 1.0}, {.until = at(2000), .share = 0.0}}, at(10)};
  EXPECT_EQ(hold.highest_after(at(9)), 1.0);
  EXPECT_EQ(hold.highest_after(at(10)), 0.0);
}

TEST(Hold, SharesThatAreNoNumbersHoldEverything) {
  const Hold hold{{{.until = at(0), .share = std::numeric_limits<double>::quiet_NaN()}}, at(10)};
  EXPECT_EQ(hold.highest_after(at(10)), Hold::kEverything);
}

}  // namespace
}  // namespace evenkeel::failover
