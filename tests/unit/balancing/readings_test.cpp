#include "readings.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/balancing/proportions.hpp"

#include "snapshot_builder.hpp"

/// What goes into memory from decision to decision, and what of it can be trusted later.
namespace evenkeel::balancing {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

using testing_support::at;

BackendValue sample(double value, std::int64_t time) {
  return {.value = value, .time = at(time)};
}

/// One backend whose readings are taken, decision by decision.
class Memory {
 public:
  explicit Memory(api::Algorithm algorithm) { balancing.algorithm = algorithm; }

  const BalancingMemory& take(const Candidate& candidate, std::int64_t time) {
    const ProportionInput input{.backends = {}, .balancing = balancing, .shifted = {}, .now = at(time)};
    take_readings(input, candidate, memory);
    return memory;
  }
  void share(double percent, std::int64_t time) { (void)take({.observed_share = percent}, time); }
  std::vector<std::int64_t> times() const {
    std::vector<std::int64_t> result;
    for (const auto& entry : memory.shares)
      result.push_back(std::chrono::duration_cast<seconds>(entry.since - at(0)).count());
    return result;
  }
  std::vector<double> shares() const {
    std::vector<double> result;
    for (const auto& entry : memory.shares) result.push_back(entry.share);
    return result;
  }

  api::Balancing balancing;
  BalancingMemory memory;
};

TEST(Samples, WithoutSmoothingCountAsTheyAre) {
  Memory memory{api::Algorithm::LeastConnections};
  memory.balancing.smoothing = seconds{0};
  EXPECT_EQ(memory.take({.connections = sample(10, 0)}, 0).connections->value, 10);
  EXPECT_EQ(memory.take({.connections = sample(20, 0)}, 1).connections->value, 20)
      << "of the same moment too";
  EXPECT_EQ(memory.take({.connections = sample(7, 30)}, 30).connections->value, 7);
}

TEST(Samples, ThatAreMissingOrNoNumbersAreNotTaken) {
  Memory memory{api::Algorithm::LeastConnections};
  (void)memory.take({.connections = sample(10, 0)}, 0);
  for (const double odd : {kNan, kInf, -kInf}) (void)memory.take({.connections = sample(odd, 60)}, 60);
  const auto& kept = memory.take({}, 90);
  EXPECT_EQ(kept.connections, (Smoothed{.value = 10, .time = at(0)}));
}

TEST(Samples, OfTheFutureAreOfNow) {
  Memory memory{api::Algorithm::LeastConnections};
  EXPECT_EQ(memory.take({.connections = sample(10, 900)}, 5).connections->time, at(5));
}

struct Row {
  api::Algorithm algorithm;
  bool connections, latency, errors, utilization, shares;
};

TEST(Samples, AreTakenOnlyOfWhatTheAlgorithmReads) {
  const Candidate candidate{.set_share = 40,
                            .connections = sample(1, 0),
                            .latency = sample(2, 0),
                            .errors = sample(0.5, 0),
                            .utilization = sample(0.5, 0)};
  using enum api::Algorithm;
  for (const auto& row : {Row{LeastConnections, true, false, false, false, false},
                          Row{FastestResponse, false, true, true, false, false},
                          Row{LeastUtilization, false, false, true, true, true},
                          Row{Capacity, false, false, false, false, false}}) {
    Memory memory{row.algorithm};
    const auto& taken = memory.take(candidate, 0);
    SCOPED_TRACE(static_cast<int>(row.algorithm));
    EXPECT_EQ(taken.connections.has_value(), row.connections);
    EXPECT_EQ(taken.latency.has_value(), row.latency);
    EXPECT_EQ(taken.errors.has_value(), row.errors);
    EXPECT_EQ(taken.utilization.has_value(), row.utilization);
    EXPECT_EQ(!taken.shares.empty(), row.shares);
  }
}

TEST(SharesOverTime, OfOneMomentAreTheLastThatWasSeen) {
  Memory memory{api::Algorithm::LeastUtilization};
  memory.share(40, 0);
  memory.share(60, 0);
  EXPECT_THAT(memory.times(), ElementsAre(0));
  EXPECT_THAT(memory.shares(), ElementsAre(60));
  memory.share(50, -10);
  EXPECT_THAT(memory.times(), ElementsAre(0)) << "a clock that went back begins nothing new";
  EXPECT_THAT(memory.shares(), ElementsAre(50));
  memory.share(70, 10);
  memory.share(80, 10);
  EXPECT_THAT(memory.times(), ElementsAre(0, 10));
  EXPECT_THAT(memory.shares(), ElementsAre(50, 80));
}

TEST(SharesOverTime, ThatStayTheSameAreRecordedOnce) {
  Memory memory{api::Algorithm::LeastUtilization};
  for (const int time : {0, 10, 20}) memory.share(40, time);
  memory.share(60, 30);
  EXPECT_THAT(memory.times(), ElementsAre(0, 30));
  EXPECT_THAT(memory.shares(), ElementsAre(40, 60));
}

TEST(SharesOverTime, OfAFullRecordMergeWhereTheLeastTimeIsLost) {
  Memory memory{api::Algorithm::LeastUtilization};
  double share = 10;
  for (const int time : {0, 100, 200, 210, 220, 400}) {
    memory.share(share, time);
    share += 10;
  }
  EXPECT_THAT(memory.times(), ElementsAre(0, 100, 200, 210, 220, 400)) << "six find room";
  memory.share(70, 500);
  EXPECT_THAT(memory.times(), ElementsAre(0, 100, 200, 220, 400, 500));
  EXPECT_THAT(memory.shares(), ElementsAre(10, 20, 35, 50, 60, 70)) << "30 and 40 for 10 s each";
}

TEST(SharesOverTime, OfEqualSpansTheOldestMerge) {
  Memory memory{api::Algorithm::LeastUtilization};
  for (int i = 0; i < 7; ++i) memory.share(10 + 10 * i, 10 * i);
  EXPECT_THAT(memory.times(), ElementsAre(0, 20, 30, 40, 50, 60));
  EXPECT_THAT(memory.shares(), ElementsAre(15, 30, 40, 50, 60, 70));
}

TEST(AverageShare, AtTheBeginningOfTheRecordIsItsFirst) {
  BalancingMemory memory;
  EXPECT_EQ(average_share(memory, at(0), seconds{60}), 0) << "nothing is recorded";
  memory.shares = {{at(0), 0.1}, {at(60), 40}};
  EXPECT_EQ(average_share(memory, at(0), seconds{3}), 0.1);
  EXPECT_EQ(average_share(memory, at(60), seconds{0}), 0.1) << "no window is shorter than a second";
}

TEST(RedateOfBalancing, WhatIsLaterThanNowIsOfNow) {
  BalancingMemory memory;
  memory.connections = memory.latency = memory.errors = memory.utilization =
      Smoothed{.value = 0.5, .time = at(900)};
  memory.shares = {{at(5), 10}, {at(800), 20}, {at(900), 30}};
  redate(memory, at(10));
  for (const auto& smoothed : {memory.connections, memory.latency, memory.errors, memory.utilization}) {
    EXPECT_EQ(smoothed, (Smoothed{.value = 0.5, .time = at(10)}));
  }
  using Share = BalancingMemory::ShareFrom;
  EXPECT_THAT(memory.shares, ElementsAre(Share{at(5), 10}, Share{at(10), 30})) << "the last of one moment";
  const auto before = memory;
  redate(memory, at(1000));
  EXPECT_EQ(memory, before) << "what is past stays as it is";
}

TEST(RedateOfBalancing, WhatIsNoNumberIsDropped) {
  for (const double odd : {kNan, kInf, -kInf}) {
    BalancingMemory memory;
    memory.connections = memory.latency = Smoothed{.value = odd, .time = at(0)};
    memory.last_step = odd;
    memory.shares = {{at(0), odd}};
    redate(memory, at(10));
    EXPECT_EQ(memory.connections, std::nullopt) << odd;
    EXPECT_EQ(memory.latency, std::nullopt) << odd;
    EXPECT_EQ(memory.last_step, 0) << odd;
    EXPECT_EQ(memory.shares.front().share, 0) << odd;
  }
}

TEST(RedateOfBalancing, AProportionIsAFraction) {
  for (const double fraction : {0.0, 0.5, 1.0}) {
    BalancingMemory memory{.proportion = fraction};
    redate(memory, at(0));
    EXPECT_EQ(memory.proportion, fraction);
  }
  for (const double odd : {-0.001, 1.001, kNan, kInf, -kInf}) {
    BalancingMemory memory{.proportion = odd};
    redate(memory, at(0));
    EXPECT_EQ(memory.proportion, std::nullopt) << odd;
  }
}

TEST(RedateOfBalancing, OfTooManySharesTheNewestStayInOrder) {
  BalancingMemory memory;
  for (const int time : {70, 10, 60, 20, 50, 30, 40}) memory.shares.push_back({at(time), 1.0 * time});
  redate(memory, at(100));
  std::vector<double> shares;
  for (const auto& entry : memory.shares) shares.push_back(entry.share);
  EXPECT_THAT(shares, ElementsAre(20, 30, 40, 50, 60, 70));
  memory.shares.resize(2);
  redate(memory, at(100));
  EXPECT_EQ(memory.shares.size(), 2U);
  memory.shares.clear();
  redate(memory, at(100));
  EXPECT_THAT(memory.shares, IsEmpty());
}

TEST(RedateOfBalancing, ATierHasAGainAndStepsOfThePast) {
  std::vector<TierMemory> tiers = {
      {.gain = kNan, .stepped = at(900)}, {.gain = 7, .stepped = at(3)}, {.gain = -7}, {.gain = 0.5}};
  redate(tiers, at(10));
  EXPECT_EQ(
      tiers,
      (std::vector<TierMemory>{
          {.gain = 1, .stepped = at(10)}, {.gain = 1, .stepped = at(3)}, {.gain = 1.0 / 64}, {.gain = 0.5}}));
}

}  // namespace
}  // namespace evenkeel::balancing
