#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "joint.hpp"
#include "snapshot_builder.hpp"

/// slice() on figures that a test sets: docs/decision.md, "Without room".
namespace evenkeel::plan {
namespace {

using testing_support::SnapshotBuilder;

constexpr std::size_t kBlue = 0;
constexpr std::size_t kGreen = 1;

/// Blue is to give 30 of its 50 points to green; both have two replicas, and the sum stops a third of green.
/// A replica carries 100 of a demand of 400: a quarter of the traffic.
class Shift {
 public:
  Shift() {
    builder.now(1000);
    figures.reserve(4);  // References from add() stay good.
    add("blue", 50, 20);
    add("green", 50, 80);
  }
  Figures& add(const std::string& name, double weight, double target) {
    builder.backend(name, {.spec = 2});
    (void)memory.backends[name];
    sizes.push_back({.replicas = 2, .wanted = 2, .stopped_by_bounds = true});
    moved.moves.push_back({.weight = weight, .waits_for_capacity = target > weight});
    auto& backend = figures.emplace_back();
    backend.is_eligible = true;
    backend.ready = 2;
    backend.weight = weight;
    backend.target = target;
    backend.load.capacity = 100;
    return backend;
  }
  /// It has so many replicas, all ready, and is to have as many now.
  Shift& has(std::size_t index, std::int32_t replicas) {
    builder.seen(builder.spec().backends[index].name, {.spec = replicas});
    figures[index].ready = replicas;
    sizes[index].replicas = sizes[index].wanted = replicas;
    return *this;
  }
  bool slice() {
    std::vector<std::string> warnings;
    const auto members = members_of(builder.build(), warnings);
    api::Decision decision;
    Joint joint{.snapshot = builder.build(), .members = members, .memory = memory, .decision = decision};
    joint.demand.value = demand;
    joint.readings.push_back({.quality = quality});
    joint.view.computed = computed;
    for (std::size_t i = 0; i < figures.size(); ++i) figures[i].member = &members[i];
    joint.figures = figures;
    const bool has_moved = plan::slice(joint, moved, sizes);
    blocked = joint.blocked;
    figures = joint.figures;
    return has_moved;
  }

  SnapshotBuilder builder;
  Memory memory;
  std::vector<Figures> figures;
  std::vector<Size> sizes;
  Moved moved;
  std::optional<double> demand = 400;
  api::Quality quality = api::Quality::Fresh;
  bool computed = false;
  std::optional<std::size_t> blocked;
};

TEST(Slice, IsWhatTheSenderMustLoseToGiveUpAReplica) {
  Shift service;
  EXPECT_TRUE(service.slice());
  EXPECT_DOUBLE_EQ(service.figures[kBlue].weight, 25) << "what one replica carries";
  EXPECT_DOUBLE_EQ(service.figures[kGreen].weight, 75);
  EXPECT_DOUBLE_EQ(service.moved.moves[kGreen].weight, 75);
  EXPECT_STREQ(service.moved.moves[kBlue].rule, "Slice");
  EXPECT_TRUE(service.moved.stepped);
  EXPECT_EQ(service.blocked, std::nullopt);
}

TEST(Slice, OfComputedSharesIsNoMoreThanAStep) {
  Shift service;
  service.computed = true;
  service.builder.spec().balancing.max_step_percent = 10;
  EXPECT_TRUE(service.slice());
  EXPECT_DOUBLE_EQ(service.figures[kBlue].weight, 40);
}

TEST(Slice, EndsAtTheTargetOfEither) {
  Shift sender;
  sender.figures[kBlue].target = 30;
  EXPECT_TRUE(sender.slice());
  EXPECT_DOUBLE_EQ(sender.figures[kBlue].weight, 30);
  Shift receiver;
  receiver.figures[kGreen].target = 60;
  EXPECT_TRUE(receiver.slice());
  EXPECT_DOUBLE_EQ(receiver.figures[kGreen].weight, 60);
  Shift nearly;
  nearly.figures[kBlue].target = 25 - kSameShare / 2;
  EXPECT_TRUE(nearly.slice());
  EXPECT_EQ(nearly.figures[kBlue].weight, 25 - kSameShare / 2) << "what rounding leaves goes with it";
}

TEST(Slice, WhatIsExactlyRoundingIsInPlace) {
  // A replica carries just what counts as rounding, and blue has a share of two and a half of them.
  Shift service;
  service.demand = 1e8;
  service.figures[kBlue].weight = 2.5e-6;
  service.figures[kBlue].target = 0;
  service.figures[kBlue].load.capacity = 1;
  service.figures[kGreen].load.capacity = 1e8;
  EXPECT_TRUE(service.slice());
  EXPECT_EQ(service.figures[kBlue].weight, 0);
}

TEST(Slice, WhoHasEnoughAndMoreThanTheReceiverGivesUpAReplica) {
  Shift service;
  service.has(kBlue, 3).figures[kBlue].weight = 75;
  EXPECT_FALSE(service.slice()) << "no share moves";
  EXPECT_EQ(service.sizes[kBlue].replicas, 2);
  EXPECT_FALSE(service.sizes[kBlue].reason.empty());
  Shift short_of_one;
  short_of_one.has(kBlue, 3).figures[kBlue].weight = 76;
  short_of_one.figures[kGreen].weight = 24;
  EXPECT_TRUE(short_of_one.slice()) << "its share takes four";
  EXPECT_EQ(short_of_one.sizes[kBlue].replicas, 3);
  EXPECT_DOUBLE_EQ(short_of_one.figures[kBlue].weight, 50);
}

TEST(Slice, NobodyGivesUpWhatItIsToHaveInTheEnd) {
  for (const std::int32_t part : {2, 3}) {
    Shift service;
    service.has(kBlue, 3).figures[kBlue].weight = 75;
    service.sizes[kBlue].part = part;
    EXPECT_FALSE(service.slice());
    EXPECT_EQ(service.sizes[kBlue].replicas, part);
    EXPECT_EQ(service.blocked.has_value(), part == 3) << "three are its part: green waits for room";
  }
  Shift carrying;
  carrying.has(kBlue, 3).figures[kBlue].weight = 75;
  carrying.figures[kBlue].target = 50.1;
  EXPECT_TRUE(carrying.slice()) << "its target takes three: less than a replica's share is left to go";
  EXPECT_EQ(carrying.sizes[kBlue].replicas, 3);
  Shift minimum;
  minimum.builder.spec().backends[kBlue].min_replicas = 3;
  minimum.has(kBlue, 3).figures[kBlue].weight = 75;
  EXPECT_FALSE(minimum.slice());
  EXPECT_EQ(minimum.sizes[kBlue].replicas, 3);
}

TEST(Slice, TheLastReplicaGoesOnlyWhereNoShareIsToStay) {
  for (const double target : {0.0, kSameShare, 4 * kSameShare}) {
    Shift service;
    service.builder.spec().backends[kBlue].min_replicas = 0;
    service.has(kBlue, 1).has(kGreen, 1);
    service.figures[kBlue].target = target;
    EXPECT_EQ(service.slice(), target <= kSameShare) << target;
    EXPECT_EQ(service.blocked.has_value(), target > kSameShare) << target;
  }
}

TEST(Slice, WhereTheSenderIsKeptNothingMoves) {
  Shift kept;
  kept.figures[kBlue].weight = 25;
  EXPECT_FALSE(kept.slice()) << "one replica carries that: it has two for another rule";
  EXPECT_EQ(kept.blocked, kGreen);
  Shift freed;
  freed.figures[kBlue].weight = 26;
  EXPECT_TRUE(freed.slice());
  EXPECT_DOUBLE_EQ(freed.figures[kBlue].weight, 25);
  EXPECT_EQ(freed.blocked, std::nullopt);
}

TEST(Slice, WhoGivesUpNothingSendsNoMoreThanAReplicasShare) {
  Shift just;
  just.sizes[kBlue].part = 2;
  just.figures[kBlue].weight = 45;
  EXPECT_TRUE(just.slice());
  EXPECT_DOUBLE_EQ(just.figures[kBlue].weight, 20);
  Shift more;
  more.sizes[kBlue].part = 2;
  more.figures[kBlue].weight = 46;
  EXPECT_FALSE(more.slice());
  EXPECT_EQ(more.blocked, kGreen);
}

/// Where all carry less than demand; green has what one more replica than it has would carry of that.
Shift overloaded(double blue) {
  Shift service;
  service.demand = 420;
  service.figures[kBlue].weight = blue;
  service.figures[kGreen].weight = 75;
  service.figures[kGreen].target = 100 - kSameShare * 9;
  service.figures[kBlue].target = kSameShare * 9;
  return service;
}

TEST(Slice, InAnOverloadAReplicaGoesThatLeavesTheSenderNoMoreLoadedThanTheReceiver) {
  auto evened = overloaded(25);
  EXPECT_FALSE(evened.slice());
  EXPECT_EQ(evened.sizes[kBlue].replicas, 1);
  EXPECT_EQ(evened.blocked, std::nullopt);
  auto a_little = overloaded(41.25);  // Others have the rest.
  EXPECT_FALSE(a_little.slice());
  EXPECT_EQ(a_little.sizes[kBlue].replicas, 1);
  auto more = overloaded(41.26);
  EXPECT_FALSE(more.slice());
  EXPECT_EQ(more.sizes[kBlue].replicas, 2) << "one alone would have more than 1.1 times what green's have";
  EXPECT_EQ(more.blocked, kGreen);
  auto deep = overloaded(25);
  deep.demand = 801;
  EXPECT_FALSE(deep.slice());
  EXPECT_EQ(deep.sizes[kBlue].replicas, 2) << "its share takes three";
  EXPECT_EQ(deep.blocked, kGreen);
}

TEST(Slice, OfAnOverloadWhoIsToHaveNoneShedsAReplicasPartOfWhatIsCarried) {
  for (const double target : {0.0, 5 * kSameShare}) {
    Shift service;
    service.demand = 1000;  // Of which 300 are carried: a replica's share is 10, and 33.3 of what is.
    service.has(kBlue, 1).figures[kBlue].weight = 30;
    service.figures[kBlue].target = target;
    service.figures[kGreen].weight = 70;
    service.figures[kGreen].target = 100 - target;
    EXPECT_EQ(service.slice(), target == 0);
    EXPECT_EQ(service.blocked.has_value(), target > 0);
  }
}

/// Green is beyond what it may take, and blue keeps the replica that green could have; red has room.
Shift detour(double blue, double target) {
  Shift service;
  service.demand = 360;
  service.figures[kBlue].weight = blue;
  service.figures[kBlue].target = target;
  service.figures[kGreen].weight = 84;
  service.figures[kGreen].target = 90;
  service.add("red", 16 - blue, 10 - target);
  return service;
}

TEST(Slice, WhatIsLeftOfAShareGoesRoundWhereTheReceiverHasNoRoom) {
  auto rest = detour(2, 0);
  EXPECT_TRUE(rest.slice());
  EXPECT_EQ(rest.figures[kBlue].weight, 0);
  EXPECT_EQ(rest.figures[kGreen].weight, 84);
  EXPECT_DOUBLE_EQ(rest.figures[2].weight, 16);
  EXPECT_EQ(rest.blocked, std::nullopt);
  EXPECT_TRUE(rest.moved.stepped);
  EXPECT_EQ(rest.moved.moves[2].rule, std::string{"Slice"});
}

TEST(Slice, WhatFreesAReplicaOfOneThatStaysGoesRoundToo) {
  auto freed = detour(28.5, 9);  // One of its two replicas carries 27.8 %.
  freed.figures[2].weight = 5;
  freed.figures[2].target = 5;
  EXPECT_TRUE(freed.slice());
  EXPECT_NEAR(freed.figures[kBlue].weight, 100 * 100 / 360.0, 1e-9);
  EXPECT_EQ(freed.figures[kGreen].weight, 84);
  EXPECT_NEAR(freed.figures[2].weight, 33.5 - 100 * 100 / 360.0, 1e-9);
}

TEST(Slice, NothingGoesRoundToWhoHasNoRoomIsOnTrialOrIsToHaveNone) {
  const auto stays = [](auto change, const char* why) {
    auto service = detour(2, 0);
    change(service.figures[2]);
    EXPECT_FALSE(service.slice()) << why;
    EXPECT_EQ(service.figures[kBlue].weight, 2) << why;
    EXPECT_EQ(service.blocked, kGreen) << why;
  };
  stays([](Figures& red) { red.load.capacity = 28; }, "56 of 360 are 15.6 %");
  stays([](Figures& red) { red.on_trial = true; }, "on probation");
  stays([](Figures& red) { red.target = kSameShare; }, "it is to have none");
}

TEST(Slice, WhatGoesRoundOfComputedSharesIsNoMoreThanAStep) {
  auto service = detour(4, 0);
  service.computed = true;
  service.builder.spec().balancing.max_step_percent = 3;
  EXPECT_TRUE(service.slice());
  EXPECT_DOUBLE_EQ(service.figures[kBlue].weight, 1);
}

TEST(Slice, NothingElseIsOnItsWay) {
  const auto moves_with = [](auto change) {
    Shift service;
    service.memory.stepped = service.builder.build().now - service.builder.spec().balancing.step;
    change(service);
    return service.slice();
  };
  EXPECT_TRUE(moves_with([](Shift&) {})) << "the period of the last step is over";
  EXPECT_FALSE(moves_with([](Shift& s) { *s.memory.stepped += std::chrono::seconds{1}; }));
  EXPECT_FALSE(moves_with([](Shift& s) { s.moved.stepped = true; }));
  EXPECT_FALSE(moves_with([](Shift& s) { s.demand.reset(); }));
  EXPECT_FALSE(moves_with([](Shift& s) { s.quality = api::Quality::Stale; }));
  EXPECT_TRUE(moves_with([](Shift& s) { s.quality = api::Quality::Partial; }));
  EXPECT_FALSE(moves_with([](Shift& s) { s.sizes[kBlue].replicas = 1; })) << "it is given up already";
  EXPECT_FALSE(moves_with([](Shift& s) { s.figures[kGreen].ready = 1; }));
  EXPECT_FALSE(moves_with([](Shift& s) { s.memory.backends["blue"].leaving.departure.emplace(); }));
  const auto left_alone = [](Shift& s, auto change) {
    s.add("red", 0, 0);
    s.sizes.back().replicas.reset();
    change(s);
  };
  EXPECT_TRUE(moves_with([&](Shift& s) { left_alone(s, [&](Shift&) { s.figures.back().ready = 1; }); }));
  EXPECT_TRUE(moves_with([](Shift& s) { s.figures[kBlue].is_eligible = s.figures[kBlue].ready > 2; }));
}

TEST(Slice, AReceiverIsStoppedByTheSumOrHasAllThatItWants) {
  const auto moves_with = [](auto change) {
    Shift service;
    change(service);
    return service.slice();
  };
  EXPECT_TRUE(moves_with([](Shift& s) { s.sizes[kGreen].wanted = 5; }));
  EXPECT_TRUE(moves_with([](Shift& s) { s.sizes[kGreen].stopped_by_bounds = false; })) << "it wants two";
  EXPECT_FALSE(moves_with([](Shift& s) {
    s.sizes[kGreen].stopped_by_bounds = false;
    s.sizes[kGreen].wanted = 3;
  })) << "it grows by itself";
  EXPECT_FALSE(moves_with([](Shift& s) { s.sizes[kGreen].stopped_by_own_maximum = true; }));
  EXPECT_FALSE(moves_with([](Shift& s) { s.moved.moves[kGreen].waits_for_capacity = false; }));
  EXPECT_FALSE(moves_with([](Shift& s) { s.sizes[kGreen].replicas.reset(); }));
  EXPECT_FALSE(moves_with([](Shift& s) { s.sizes[kBlue].replicas.reset(); })) << "nor is there a sender";
}

TEST(Slice, ADifferenceOfRoundingIsNoGapAndNoExcess) {
  Shift gap;
  gap.figures[kBlue].weight = 25;  // Kept: who waits for it would be said.
  gap.figures[kGreen].weight = 0;
  gap.figures[kGreen].target = kSameShare;
  EXPECT_FALSE(gap.slice());
  EXPECT_EQ(gap.blocked, std::nullopt);
  Shift excess;
  excess.has(kGreen, 1);
  excess.figures[kBlue].weight = kSameShare;
  excess.figures[kBlue].target = 0;
  EXPECT_FALSE(excess.slice());
  EXPECT_EQ(excess.sizes[kBlue].replicas, 2) << "nothing is to leave, so nothing is given up";
}

TEST(Slice, OfEqualReceiversTheFirstElseTheOneThatLacksMost) {
  for (const double more : {0.0, 1.0}) {
    Shift service;
    service.figures[kBlue].target = 10;
    service.figures[kGreen].weight = 40;
    service.figures[kGreen].target = 60;
    service.add("red", 10, 30 + more);
    EXPECT_TRUE(service.slice());
    EXPECT_EQ(service.figures[kGreen].weight > 40, more == 0);
    EXPECT_EQ(service.figures[2].weight > 10, more > 0);
  }
}

TEST(Slice, OfEqualSendersTheFirstElseTheOneThatHasMostTooMuch) {
  for (const double more : {0.0, 1.0}) {
    Shift service;
    service.add("red", 50 + more, 20);
    EXPECT_TRUE(service.slice());
    EXPECT_EQ(service.figures[kBlue].weight < 50, more == 0);
    EXPECT_EQ(service.figures[2].weight < 50, more > 0);
  }
}

/// Green has 10 points and one ready replica that carries 40; one of blue's two carries 100.
class MostOfASlice : public testing::Test {
 protected:
  MostOfASlice() {
    service.figures[kGreen].weight = 10;
    service.figures[kGreen].ready = 1;
    service.figures[kGreen].is_eligible = false;  // So that what it lacks is not waited for.
    service.figures[kGreen].load.capacity = 40;
  }
  double moved() {
    const double before = service.figures[kGreen].weight;
    (void)service.slice();
    return service.figures[kGreen].weight - before;
  }
  Shift service;
};

TEST_F(MostOfASlice, IsWhatOneMoreOfItsOwnCarriesWhereNotAllIsCarried) {
  service.demand = 400;  // 240 are ready.
  EXPECT_NEAR(moved(), 100 * (40 + 40) / 240.0 - 10, 1e-9);
}

TEST_F(MostOfASlice, IsWhatOneMoreOfTheSendersCarriesWhereAllIsCarried) {
  service.figures[kBlue].weight = 90;
  service.demand = 240;
  EXPECT_NEAR(moved(), 100 * (40 + 100) / 240.0 - 10, 1e-9) << "just enough is enough";
}

TEST_F(MostOfASlice, OneWithoutShareToSpeakOfCarriesNothing) {
  for (const double rounding : {0.0, kSameShare}) {
    service = Shift{};
    service.figures[kGreen].weight = 45;
    for (auto& backend : service.figures) backend.ready = 1;
    for (auto& backend : service.figures) backend.is_eligible = false;
    service.add("red", rounding, rounding).ready = 9;
    EXPECT_NEAR(moved(), 25, 1e-9) << "200 are carried: 55 more would do, not 5";
  }
}

TEST_F(MostOfASlice, OneThatIsToGetAShareCarriesToo) {
  service.figures[kGreen].weight = 45;
  service.figures[kGreen].load.capacity = 100;
  service.figures[kBlue].ready = 1;
  service.figures[kBlue].is_eligible = false;
  service.add("red", 0, 1).ready = 9;
  service.moved.moves.back().waits_for_capacity = false;
  service.figures.back().is_eligible = true;
  EXPECT_NEAR(moved(), 5, 1e-9) << "200 of 400 is half of it";
}

TEST_F(MostOfASlice, WhereThatIsNothingTheReceiverIsBlocked) {
  // Blue carries 1e8 of twice as much; one replica of green carries a millionth of a percent of that.
  service.demand = 2e8;
  service.figures[kBlue].weight = 100;
  service.figures[kBlue].target = 0;
  service.figures[kBlue].ready = 1;
  service.figures[kBlue].is_eligible = false;
  service.figures[kBlue].load.capacity = 1e8;
  service.figures[kGreen].weight = 0;
  service.figures[kGreen].ready = 0;
  service.figures[kGreen].load.capacity = 1;
  EXPECT_FALSE(service.slice());
  EXPECT_EQ(service.blocked, kGreen);
  EXPECT_EQ(service.figures[kGreen].weight, 0) << "what is rounding is not moved";
}

}  // namespace
}  // namespace evenkeel::plan
