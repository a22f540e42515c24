#include "current_total.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

/// The total that a decision starts from: what we decided, what others did since, what is pending.
namespace evenkeel::plan {
namespace {

using testing_support::at;
using testing_support::BackendFacts;
using testing_support::SnapshotBuilder;
using None = CurrentTotal::None;

class TotalNow : public testing::Test {
 protected:
  CurrentTotal settle() {
    std::vector<std::string> warnings;
    const auto members = members_of(builder.build(), warnings);
    return settle_current_total(builder.build(), members, memory);
  }
  SnapshotBuilder builder;
  Memory memory;
};

TEST_F(TotalNow, TheFirstIsTheSumOfTheLowestTierThatMayTakeTraffic) {
  builder.backend("blue", {.weight = 0, .spec = 5})
      .backend("green", {.tier = 1, .spec = 3})
      .backend("pink", {.tier = 1, .spec = 2})
      .backend("grey", {.tier = 1, .weight = 0, .spec = 4})
      .backend("red", {.tier = 2, .spec = 7});
  EXPECT_EQ(settle().replicas, 5);
}

TEST_F(TotalNow, OfOneBackendIsWhatItsWorkloadSays) {
  builder.backend("blue", {.spec = 5});
  memory.total = 9;
  EXPECT_EQ(settle().replicas, 5);
}

TEST_F(TotalNow, IsNoneWithoutAWorkloadThatIsOurs) {
  builder.backend("blue", {.spec = 0}).backend("green", {.spec = 0});
  EXPECT_EQ(settle().none, None::SwitchedOff);
  builder.backend("blue", {.spec = {}}).backend("green", {.has_workload = false});
  EXPECT_EQ(settle().none, None::NotFound);
  builder.backend("green", {.spec = 0});
  EXPECT_EQ(settle().none, None::SwitchedOff) << "one of them is there";
}

TEST_F(TotalNow, IsOneAtLeastWhileSomebodyIsAwake) {
  builder.backend("blue", {.spec = 1}).backend("green", {.spec = 1});
  memory.total = 0;
  EXPECT_EQ(settle().replicas, 1);
  builder.backend("green", {.spec = 0});
  EXPECT_EQ(settle().replicas, 1) << "whoever else is switched off";
}

TEST_F(TotalNow, StaysZeroWhileWhoIsAwakeHasWhatWeDecidedBesideIt) {
  builder.backend("blue", {.spec = 1}).backend("green", {.spec = 0});
  memory.total = 0;
  memory.backends["blue"].written = {.from = 1, .to = 1};
  memory.backends["green"].written = {.from = 0, .to = 0};
  EXPECT_EQ(settle().replicas, 0);
  builder.backend("blue", {.spec = 2});
  EXPECT_EQ(settle().replicas, 1) << "somebody has grown it";
  builder.backend("blue", {.spec = 1});
  memory.total = 1;
  memory.backends["blue"].written = {.from = 1, .to = 1};
  EXPECT_EQ(settle().replicas, 1);
  memory.history.pending = {.time = at(0), .from = 1, .to = 0, .backends = {{"blue", {.from = 1, .to = 0}}}};
  memory.total = 0;
  memory.backends["blue"].written = {.from = 1, .to = 0};
  builder.now(10);
  EXPECT_EQ(settle().replicas, 1) << "what is still to be written has not come about";
  memory.history.pending->from = 0;
  memory.history.pending->to = memory.total.emplace(5);
  memory.backends["blue"].written = {.from = 1, .to = 5};
  EXPECT_EQ(settle().replicas, 0) << "nor a rise from 0";
  memory.history.pending.reset();
  memory.total = 0;
  memory.backends["blue"].written = {.from = 1, .to = 0};
  EXPECT_EQ(settle().replicas, 0) << "what is kept no longer, and not seen to go yet";
}

/// Blue and green were written 5 each, for a total of 10.
class TotalOfTwo : public TotalNow {
 protected:
  TotalOfTwo() {
    memory.total = 10;
    for (const char* name : {"blue", "green"}) {
      memory.backends[name].written = {.from = 5, .to = 5};
      memory.backends[name].has_part = true;
    }
  }
  std::int32_t with(std::int32_t blue, std::int32_t green) {
    builder.backend("blue", {.spec = blue}).backend("green", {.spec = green});
    return settle().replicas;
  }
};

TEST_F(TotalOfTwo, MovesWithWhatOthersChange) {
  EXPECT_EQ(with(5, 5), 10);
  EXPECT_EQ(with(8, 5), 13);
  EXPECT_EQ(with(4, 3), 7);
}

TEST_F(TotalOfTwo, ACountThatWeHaveNotWrittenYetIsOurs) {
  memory.backends["green"].written = {.from = 3, .to = 5};
  EXPECT_EQ(with(5, 3), 10);
  EXPECT_EQ(with(5, 4), 9);
}

TEST_F(TotalOfTwo, OneWithoutAPartOrSwitchedOffSaysNothing) {
  EXPECT_EQ(with(5, 0), 10);
  memory.backends["green"].has_part = false;
  EXPECT_EQ(with(5, 8), 10);
  memory.backends["green"].has_part = true;
  memory.backends["green"].written.reset();
  EXPECT_EQ(with(5, 8), 10);
}

/// At second 0 it was decided to go from 4 to 10, 5 each.
class PendingTotal : public TotalOfTwo {
 protected:
  PendingTotal() {
    for (const char* name : {"blue", "green"}) memory.backends[name].written = {.from = 2, .to = 5};
    memory.history.pending = scaling::PendingScale{
        .time = at(0), .from = 4, .to = 10, .backends = {{"blue", {2, 5}}, {"green", {2, 5}}}};
  }
  std::int64_t counted() { return memory.history.change_after(at(-1000)); }
};

TEST_F(PendingTotal, CountsAsSoonAsOneShowsItsNewCount) {
  EXPECT_EQ(with(5, 2), 10);
  EXPECT_FALSE(memory.history.pending);
  EXPECT_EQ(counted(), 6);
}

TEST_F(PendingTotal, WaitsAMinuteWhileOneShowsItsOldCount) {
  builder.now(60);
  EXPECT_EQ(with(2, 2), 4) << "limits are computed from before it";
  EXPECT_TRUE(memory.history.pending);
  EXPECT_EQ(with(2, 7), 6) << "and green is two more than we were going to write";
  EXPECT_TRUE(memory.history.pending);
  builder.now(61);
  EXPECT_EQ(with(2, 2), 4);
  EXPECT_FALSE(memory.history.pending) << "it was never made";
  EXPECT_EQ(memory.total, 4);
  EXPECT_EQ(counted(), 0);
}

TEST_F(PendingTotal, WhoIsGoneOrNotFoundShowsNothing) {
  memory.history.pending->backends = {{"red", {2, 5}}, {"green", {2, 5}}};
  builder.backend("blue", {.spec = 2}).backend("green", {.spec = {}});
  (void)settle();
  EXPECT_FALSE(memory.history.pending);
  EXPECT_EQ(counted(), 0);
}

TEST_F(PendingTotal, WhatWasNeverMadeIsForgottenOfThoseThatAreOurs) {
  builder.now(61);
  memory.backends["blue"].written.reset();
  builder.backend("red", {.spec = 2});
  memory.history.pending->backends["red"] = {2, 5};
  memory.backends["red"].written = {.from = 2, .to = 5};
  (void)with(2, 0);
  EXPECT_FALSE(memory.history.pending);
  EXPECT_EQ(memory.backends["blue"].written, std::nullopt) << "nothing was written of it";
  EXPECT_EQ(memory.backends["green"].written->to, 5) << "somebody switched it off";
  EXPECT_EQ(memory.backends["red"].written->to, 2);
}

TEST_F(PendingTotal, IsDroppedWhenAllShowAThirdCount) {
  EXPECT_EQ(with(3, 7), 10) << "two less and two more than we wrote";
  EXPECT_FALSE(memory.history.pending);
  EXPECT_EQ(counted(), 0);
}

TEST_F(PendingTotal, WithoutAWorkloadThatChangesOnlyTimeMakesItPast) {
  memory.history.pending->backends.clear();
  (void)with(5, 5);
  EXPECT_TRUE(memory.history.pending) << "deciding again at the same moment";
  builder.now(1);
  (void)with(5, 5);
  EXPECT_FALSE(memory.history.pending);
  EXPECT_EQ(counted(), 6);
}

TEST_F(TotalOfTwo, AFreshLeaderHoldsItselfToBothCounts) {
  builder.memory("{}", true);
  EXPECT_EQ(with(7, 5), 12);
  EXPECT_EQ(memory.total, 12);
  EXPECT_EQ(memory.history.change_after(at(-1)), 2) << "it counts as made now";
  EXPECT_EQ(memory.history.highest_after(at(-1)), 12) << "and as asked for now";
}

TEST_F(TotalNow, AFreshLeaderThatKnowsNothingCountsNothingAsMade) {
  builder.backend("blue", {.spec = 5}).backend("green", {.spec = 5}).memory("{}", true);
  EXPECT_EQ(settle().replicas, 10);
  EXPECT_EQ(memory.total, 10);
  EXPECT_EQ(memory.history.change_after(at(-1)), 0);
}

/// record_total() of blue and green at 5 each.
class Recording : public TotalOfTwo {
 protected:
  bool record(scaling::CountChange total, std::int32_t blue, std::int32_t green) {
    builder.backend("blue", {.spec = 5}).backend("green", {.spec = 5});
    std::vector<std::string> warnings;
    const auto members = members_of(builder.build(), warnings);
    std::vector<Size> sizes(2);
    sizes[0].replicas = blue;
    sizes[1].replicas = green;
    sizes[0].has_part = true;
    return record_total(builder.build().now, total, members, sizes, memory);
  }
};

TEST_F(Recording, AChangeIsPendingWithThePartsThatChange) {
  EXPECT_TRUE(record({10, 12}, 7, 9));
  EXPECT_EQ(memory.total, 12);
  ASSERT_TRUE(memory.history.pending);
  EXPECT_EQ(memory.history.pending->backends.size(), 1U) << "green has no part";
  EXPECT_EQ(memory.history.pending->backends["blue"].to, 7);
  EXPECT_EQ(memory.backends["green"].written->to, 9);
  EXPECT_FALSE(memory.backends["green"].has_part);
}

TEST_F(Recording, TheSameChangeAgainIsNoNewOneAndIsDatedAnew) {
  EXPECT_TRUE(record({10, 12}, 7, 5));
  builder.now(10);
  EXPECT_FALSE(record({10, 12}, 7, 5));
  EXPECT_EQ(memory.history.pending->time, at(10));
  EXPECT_TRUE(record({10, 13}, 8, 5));
  EXPECT_TRUE(record({9, 13}, 8, 5));
}

TEST_F(Recording, WhereNothingChangesNothingIsPending) {
  EXPECT_TRUE(record({10, 12}, 7, 5));
  EXPECT_FALSE(record({10, 10}, 5, 5));
  EXPECT_FALSE(memory.history.pending);
}

}  // namespace
}  // namespace evenkeel::plan
