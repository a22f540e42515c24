#include "evenkeel/plan/decide.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

namespace evenkeel::plan {
namespace {

using api::ConditionStatus;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::BackendFacts;
using testing_support::SnapshotBuilder;

const api::Condition& condition(const api::Decision& decision, const std::string& type) {
  static const api::Condition kNone;
  for (const auto& found : decision.conditions) {
    if (found.type == type) return found;
  }
  ADD_FAILURE() << "no condition " << type;
  return kNone;
}

std::vector<std::string> event_reasons(const api::Decision& decision) {
  std::vector<std::string> reasons;
  for (const auto& event : decision.events) reasons.push_back(event.reason);
  return reasons;
}

std::optional<std::int32_t> replicas(const api::Decision& decision, const std::string& backend = "blue") {
  return decision.backends.at(backend).replicas;
}

/// One backend of `spec` replicas and a metric that asks for `asked`, no window on the way down.
SnapshotBuilder one(std::int32_t spec, std::int32_t asked) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = spec}).metric("rps", 50.0 * asked).windows(0, 0);
  return builder;
}

TEST(DecideOne, EveryDecisionCarriesTheConditionsThatItKnows) {
  const auto decision = decide(one(5, 5).build());
  std::vector<std::string> types;
  for (const auto& found : decision.conditions) types.push_back(found.type);
  EXPECT_THAT(types,
              testing::UnorderedElementsAre("AbleToScale",
                                            "SignalsAvailable",
                                            "ScalingActive",
                                            "ScalingLimited",
                                            "WeightsEffective",
                                            "FailedOver",
                                            "Ready"));
  EXPECT_EQ(condition(decision, "Ready").status, ConditionStatus::True);
  for (const auto& found : decision.conditions) EXPECT_FALSE(found.message.empty()) << found.type;
}

TEST(DecideOne, AChangeIsOneEventWithFromAndToAndTheMetric) {
  const auto decision = decide(one(5, 8).build());
  ASSERT_THAT(event_reasons(decision), ElementsAre("ScaledUp"));
  EXPECT_THAT(decision.events[0].message, HasSubstr("5 -> 8"));
  EXPECT_THAT(decision.events[0].message, HasSubstr("rps"));
}

TEST(DecideOne, ACountOfZeroSwitchesScalingOff) {
  const auto decision = decide(one(0, 8).build());
  EXPECT_EQ(decision.total.replicas, std::nullopt);
  EXPECT_EQ(replicas(decision), std::nullopt);
  EXPECT_EQ(condition(decision, "ScalingActive").reason, "ScalingDisabled");
}

TEST(DecideOne, FirstSeenAtZeroItIsNotHeldByTheCountItIsSwitchedOnWith) {
  const auto off = decide(one(0, 1).windows(0, 300).build());
  const auto on = decide(one(9, 1).windows(0, 300).now(400).metric("rps", 50).memory(off.memory).build());
  EXPECT_EQ(replicas(on), 1) << "the window of 300 s has been watched, and nothing in it asked for 9";
}

TEST(DecideOne, FoundLaterItIsHeldByTheCountItIsFoundWith) {
  auto builder = one(9, 1).windows(0, 300);
  builder.seen("blue", {.spec = std::nullopt});
  const auto missing = decide(builder.build());
  builder.now(400).seen("blue", {.spec = 9}).metric("rps", 50).memory(missing.memory);
  EXPECT_EQ(replicas(decide(builder.build())), 9) << "there was nothing whose window could have begun";
}

TEST(DecideOne, WithoutScalingReplicasAreNeverTouched) {
  auto builder = one(5, 8);
  builder.spec().scaling.reset();
  const auto decision = decide(builder.build());
  EXPECT_EQ(replicas(decision), std::nullopt);
  EXPECT_EQ(condition(decision, "Ready").status, ConditionStatus::True);
}

TEST(DecideOne, AWorkloadThatIsNotThereIsLeftAloneAndNamed) {
  auto builder = one(5, 8);
  builder.seen("blue", {.spec = std::nullopt});
  const auto decision = decide(builder.build());
  EXPECT_EQ(replicas(decision), std::nullopt);
  EXPECT_EQ(condition(decision, "AbleToScale").reason, "FailedGetScale");
  EXPECT_THAT(condition(decision, "AbleToScale").message, HasSubstr("spec.backends[0].workloadRef.name"));
}

TEST(DecideOne, ItsOwnBoundsBoundTheTotal) {
  auto builder = one(5, 50);
  builder.backend("blue", {.max = 7, .spec = 5}).bounds(1, 20);
  EXPECT_EQ(replicas(decide(builder.build())), 7);
  auto small = one(5, 1);
  small.backend("blue", {.min = 4, .spec = 5});
  const auto first = decide(small.build());
  small.now(100).metric("rps", 50).memory(first.memory);
  EXPECT_EQ(replicas(decide(small.build())), 4);
}

TEST(DecideOne, SurgePodsOfARolloutDoNotInflateTheCount) {
  auto builder = one(5, 5);
  builder.seen("blue", {.spec = 5, .existing = 7, .ready = 7, .rollout = true});
  EXPECT_EQ(replicas(decide(builder.build())), 5)
      << "7 pods are within the tolerance of their share of the load";
}

TEST(DecideOne, NobodyReadyIsNotReadyAndTheWeightsStay) {
  auto builder = one(5, 5);
  builder.seen("blue", {.spec = 5, .ready = 0, .share = 100});
  const auto decision = decide(builder.build());
  EXPECT_DOUBLE_EQ(decision.backends.at("blue").weight, 100);
  EXPECT_EQ(decision.backends.at("blue").state, api::BackendState::Unknown);
  EXPECT_EQ(condition(decision, "Ready").reason, "NoReadyEndpoints");
}

TEST(DecideOne, WithoutASignalItHoldsAndSaysWhatToDo) {
  auto builder = one(5, 1);
  builder.snapshot().metrics.clear();
  const auto decision = decide(builder.build());
  EXPECT_EQ(replicas(decision), 5);
  EXPECT_EQ(condition(decision, "SignalsAvailable").status, ConditionStatus::False);
  EXPECT_EQ(condition(decision, "Ready").reason, "SignalError");
}

TEST(DecideModes, PausedDecidesNothingAndRepeatsTheWeights) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 5, .ready = 0, .share = 80}).backend("green", {.spec = 2, .share = 20});
  builder.metric("rps", 900);
  builder.spec().mode = api::Mode::Paused;
  const auto decision = decide(builder.build());
  EXPECT_EQ(replicas(decision), std::nullopt);
  EXPECT_DOUBLE_EQ(decision.backends.at("blue").weight, 80);
  EXPECT_DOUBLE_EQ(decision.backends.at("green").weight, 20);
  EXPECT_THAT(event_reasons(decision), IsEmpty());
}

TEST(DecideModes, ObserveStartsFromTheLiveStateEachTime) {
  auto builder = one(5, 50);
  builder.spec().mode = api::Mode::Observe;
  const auto first = decide(builder.build());
  EXPECT_EQ(replicas(first), 10) << "doubled, as the policy allows";
  EXPECT_THAT(event_reasons(first), IsEmpty()) << "nothing was scaled";
  builder.now(5).metric("rps", 2500).memory(first.memory);
  EXPECT_EQ(replicas(decide(builder.build())), 10) << "no step of the first decision counts";
}

TEST(DecideTime, DecidingAgainWithTheSameInputChangesNothing) {
  auto builder = one(5, 50);
  const auto first = decide(builder.build());
  builder.memory(first.memory);
  const auto second = decide(builder.build());
  EXPECT_EQ(replicas(second), replicas(first));
  EXPECT_EQ(second.memory, first.memory);
  EXPECT_THAT(event_reasons(second), IsEmpty()) << "one change is one event";
}

/// From 5, doubling each period of 15 s is allowed; the load asks for 50.
class Pending : public testing::Test {
 protected:
  std::optional<std::int32_t> at(std::int64_t seconds, std::int32_t seen) {
    builder.now(seconds).backend("blue", {.spec = seen}).metric("rps", 2500).memory(memory);
    builder.scaling().scale_up.policies = {{api::PolicyType::Percent, 100, std::chrono::seconds{15}}};
    const auto decision = decide(builder.build());
    memory = decision.memory;
    return replicas(decision);
  }
  SnapshotBuilder builder;
  std::optional<std::string> memory;
};

TEST_F(Pending, AChangeThatIsNotYetSeenIsDecidedAgainNotOnTop) {
  EXPECT_EQ(at(0, 5), 10);
  EXPECT_EQ(at(5, 5), 10);
  EXPECT_EQ(at(20, 5), 10) << "the period has passed, the write has not been seen";
}

TEST_F(Pending, OnceSeenItCountsFromWhenItWasDecided) {
  EXPECT_EQ(at(0, 5), 10);
  EXPECT_EQ(at(10, 10), 10);
  EXPECT_EQ(at(14, 10), 10);
  EXPECT_EQ(at(15, 10), 20) << "15 s after the decision, not after the sight";
}

TEST_F(Pending, DecidedAgainItCountsFromTheLastTime) {
  EXPECT_EQ(at(0, 5), 10);
  EXPECT_EQ(at(5, 5), 10) << "the first write may have been refused";
  EXPECT_EQ(at(15, 10), 10) << "15 s after the first decision, 10 s after the one that was made";
  EXPECT_EQ(at(20, 10), 20);
}

TEST_F(Pending, AfterAMinuteUnseenItNeverHappened) {
  EXPECT_EQ(at(0, 5), 10);
  EXPECT_EQ(at(61, 5), 10) << "decided anew";
  EXPECT_EQ(at(70, 10), 10) << "and dated anew";
  EXPECT_EQ(at(76, 10), 20);
}

TEST_F(Pending, ACountThatNobodyDecidedDropsIt) {
  EXPECT_EQ(at(0, 5), 10);
  EXPECT_EQ(at(5, 7), 14) << "from what is there, with nothing counted against it";
}

TEST(DecideMemory, AnotherObjectOfTheSameNameStartsAfresh) {
  auto builder = one(5, 50);
  const auto first = decide(builder.build());
  builder.snapshot().service.uid = "2222-3333";
  builder.now(60).metric("rps", 50).seen("blue", {.spec = 10}).windows(0, 300).memory(first.memory);
  const auto second = decide(builder.build());
  EXPECT_EQ(replicas(second), 10) << "first sight holds";
  EXPECT_THAT(event_reasons(second), IsEmpty());
}

/// A memory of this very service with `members` beside its head.
std::string memory_with(const std::string& members) {
  return R"({"v":3,"at":1767225600000000000,"uid":"0000-1111")" + (members.empty() ? "" : "," + members) +
         "}";
}

/// What happens to ten replicas that are far more than needed, and a standby's eight.
api::Decision decide_with_memory(const std::string& memory) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 10}).backend("green", {.tier = 1, .spec = 8}).metric("rps", 50);
  builder.memory(memory).now(1);
  return decide(builder.build());
}

class UnreadableMemory : public testing::TestWithParam<std::string> {};

TEST_P(UnreadableMemory, IsDroppedWithAnEventAndNothingShrinks) {
  const auto decision = decide_with_memory(GetParam());
  EXPECT_THAT(event_reasons(decision), ElementsAre("MemoryDropped"));
  EXPECT_EQ(replicas(decision), 10);
  EXPECT_EQ(replicas(decision, "green"), 8);
}

INSTANTIATE_TEST_SUITE_P(Texts,
                         UnreadableMemory,
                         testing::Values("no json",
                                         "[1,2]",
                                         R"({"v":3})",
                                         R"({"v":2,"at":1767225600000000000,"uid":"0000-1111"})",
                                         R"({"v":3,"uid":"0000-1111"})",
                                         R"({"v":3,"at":"now","uid":"0000-1111"})",
                                         memory_with(R"("total":-1)"),
                                         memory_with(R"("total":1e99)"),
                                         memory_with(R"("scaling":7)"),
                                         memory_with(R"("scaling":{"high":[1,2,3]})"),
                                         memory_with(R"("scaling":{"high":7})"),
                                         memory_with(R"("scaling":{"events":["now",1]})"),
                                         memory_with(R"("scaling":{"pending":[1,2,3]})"),
                                         memory_with(R"("demand":{"last":[1]})"),
                                         memory_with(R"("service":{"t":[0,1,2]})"),
                                         memory_with(R"("backends":[])"),
                                         memory_with(R"("backends":{"blue":{"hold":{"a":1}}})"),
                                         memory_with(R"("backends":{"blue":7})")));

TEST(DecideMemory, OfThisServiceIsRead) {
  for (const char* members : {"", R"("total":10)", R"("service":{"f":0,"t":[0,0.5,2,-1]})"}) {
    EXPECT_THAT(event_reasons(decide_with_memory(memory_with(members))),
                testing::Not(testing::Contains("MemoryDropped")))
        << members;
  }
}

TEST(DecideMemory, NoMemoryIsNoEvent) {
  for (const char* text : {"", "{}", "null"}) {
    auto builder = one(5, 5);
    builder.memory(text);
    EXPECT_THAT(event_reasons(decide(builder.build())), IsEmpty()) << text;
  }
}

TEST(DecideMemory, AfterARestartTheCountIsHeldForAWindowAndAStrangersChangeCountsAsOurs) {
  auto builder = one(10, 10);
  builder.windows(0, 300);
  builder.scaling().scale_up.policies = {{api::PolicyType::Pods, 2, std::chrono::seconds{60}}};
  const auto before = decide(builder.build());
  builder.now(1000).seen("blue", {.spec = 12}).metric("rps", 50 * 30.0).memory(before.memory, true);
  const auto after = decide(builder.build());
  EXPECT_EQ(replicas(after), 12) << "the two replicas that came meanwhile use up the limit";
  builder.now(1070).metric("rps", 50).memory(after.memory);
  EXPECT_EQ(replicas(decide(builder.build())), 12) << "and were recommended at the restart";
}

TEST(DecideMemory, StaysSmallWhateverTheNames) {
  SnapshotBuilder builder;
  for (int i = 0; i < 16; ++i) {
    builder.backend(std::string(2000, static_cast<char>('a' + i)), {.spec = 3});
  }
  builder.metric("rps", 50);
  builder.snapshot().service.uid = std::string(50'000, 'u');
  const auto first = decide(builder.build());
  EXPECT_LT(first.memory.size(), 16U * 1024);
  builder.memory(first.memory);
  EXPECT_THAT(event_reasons(decide(builder.build())), IsEmpty()) << "and can still be read";
}

TEST(DecideSeveral, TheTotalIsDividedByWeightInsideTheTier) {
  SnapshotBuilder builder;
  builder.backend("blue", {.weight = 80, .spec = 8})
      .backend("green", {.weight = 20, .spec = 2})
      .metric("rps", 1000);
  const auto decision = decide(builder.build());
  EXPECT_EQ(decision.total.replicas, 20);
  EXPECT_EQ(replicas(decision, "blue"), 16);
  EXPECT_EQ(replicas(decision, "green"), 4);
}

TEST(DecideSeveral, NobodyWhoIsReadyBeyondTheCountMultipliesAValue) {
  SnapshotBuilder builder;
  for (const char* name : {"blue", "green"}) builder.backend(name, {.spec = 4, .ready = 6, .share = 50});
  builder.metric("p99", 0.375, 250, api::TargetType::Value);
  EXPECT_EQ(decide(builder.build()).total.replicas, 12) << "1.5 times 8, though 12 still serve";
}

TEST(DecideSeveral, NorDoesAStandby) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 8, .ready = 4, .share = 100}).backend("green", {.tier = 1, .spec = 2});
  builder.metric("p99", 0.75, 250, api::TargetType::Value);
  EXPECT_EQ(decide(builder.build()).total.replicas, 12) << "three times the four that serve";
}

TEST(DecideSeveral, WhatIsSpiltIsAskedForAsWell) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 4, .share = 90}).backend("green", {.tier = 1, .spec = 1, .share = 10});
  builder.metric("p99", 0.25, 250, api::TargetType::Value);
  const auto decision = decide(builder.build());
  const auto demand = std::ranges::find(decision.total.steps, std::string{"Demand"}, &api::Step::step);
  ASSERT_NE(demand, decision.total.steps.end());
  EXPECT_NEAR(demand->value.value_or(0), 4 / 0.9, 1e-9) << "four carry nine tenths of it";
}

TEST(DecideSeveral, ASampleIsWholeWhereThePodsWithShareAreBehindIt) {
  for (const std::int32_t contributors : {4, 3}) {
    SnapshotBuilder builder;
    builder.backend("blue", {.spec = 4, .share = 100}).backend("green", {.tier = 1, .spec = 9, .share = 0});
    builder.metric("other", 100).metric("rps", 200);
    builder.snapshot().metrics["rps"].samples[0].contributors = contributors;
    const auto signals = decide(builder.build()).signals;
    ASSERT_EQ(signals.size(), 2U);
    EXPECT_EQ(signals[0].name, "other");
    EXPECT_EQ(signals[1].name, "rps");
    EXPECT_EQ(signals[1].quality, contributors == 4 ? api::Quality::Fresh : api::Quality::Partial);
  }
}

TEST(DecideSeveral, ShareThatAStrangerGaveIsCarriedWhileItIsThere) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 5, .share = 50}).backend("green", {.spec = 5, .share = 50});
  builder.metric("rps", 500).memory(decide(builder.build()).memory);
  builder.seen("blue", {.spec = 5, .share = 20}).seen("green", {.spec = 5, .share = 80});
  const auto decision = decide(builder.now(1000).metric("rps", 500).build());
  const auto& green = decision.backends.at("green");
  EXPECT_NEAR(green.weight, 60, 1e-6) << "one step back to its half";
  const auto carry = std::ranges::find(green.steps, std::string{"Carry"}, &api::Step::step);
  ASSERT_NE(carry, green.steps.end());
  EXPECT_EQ(carry->replicas, 6) << "60 % of 10";
}

TEST(DecideSeveral, OfSmallerReplicasAShiftAsksForAsManyMore) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 5, .share = 50}).backend("green", {.spec = 5, .share = 50});
  for (auto& backend : builder.spec().backends) backend.capacity_per_replica = Quantity::from_milli(25'000);
  builder.metric("rps", 500);
  builder.memory(decide(builder.build()).memory);
  builder.spec().backends[1].weight = 300;
  const auto decision = decide(builder.now(10).metric("rps", 500).build());
  const auto& steps = decision.backends.at("green").steps;
  const auto shift = std::ranges::find(steps, std::string{"Shift"}, &api::Step::step);
  ASSERT_NE(shift, steps.end());
  EXPECT_EQ(shift->replicas, 15) << "75 % of 20 that carry what 10 of the total are planned for";
}

/// Blue and green have 6 replicas each and are asked for as many; what they are seen to carry keeps them.
class OfALowerMaximum : public testing::Test {
 protected:
  OfALowerMaximum() {
    builder.bounds(1, 12).windows(0, 0);
    (void)at(0, 6, 6, 600, 50);
  }
  /// Decides with so many replicas, all ready; green is seen with `observed` percent.
  api::Decision at(std::int64_t now, std::int32_t blue, std::int32_t green, double load, double observed) {
    builder.now(now).metric("rps", load).memory(memory);
    builder.backend("blue", {.spec = blue, .share = 50}).backend("green", {.spec = green, .share = 50});
    builder.snapshot().backends["green"].observed_weight = observed;
    auto decision = decide(builder.build());
    memory = decision.memory;
    return decision;
  }
  SnapshotBuilder builder;
  std::optional<std::string> memory;
};

TEST_F(OfALowerMaximum, WhatIsKeptGoesUntilTheSumIsWithinIt) {
  builder.bounds(1, 8);
  const auto lowered = at(10, 6, 6, 600, 50);
  EXPECT_EQ(replicas(lowered, "blue"), 4) << "its share takes five";
  EXPECT_EQ(replicas(lowered, "green"), 4);
  const auto later = at(20, 6, 5, 600, 50);
  EXPECT_EQ(replicas(later, "blue"), 4) << "for as long as there are more";
  EXPECT_EQ(replicas(later, "green"), 4);
}

TEST_F(OfALowerMaximum, WhoIsWithinItAlreadyIsNotCutLater) {
  builder.bounds(1, 10);
  (void)at(10, 5, 5, 500, 50);
  EXPECT_EQ(replicas(at(20, 5, 7, 500, 98), "green"), 7) << "98 % of 500 take seven";
}

TEST_F(OfALowerMaximum, WhatHasLostItsEndpointsStaysWhereTheRestIsWithinIt) {
  builder.bounds(1, 10).now(10).metric("rps", 600).memory(memory);
  builder.backend("blue", {.spec = 6, .share = 50}).backend("green", {.spec = 6, .ready = 0, .share = 50});
  const auto lowered = decide(builder.build());
  EXPECT_EQ(replicas(lowered, "blue"), 10);
  EXPECT_EQ(replicas(lowered, "green"), 6) << "none of them counts";
}

TEST_F(OfALowerMaximum, TheSameOneCutsNothing) {
  EXPECT_EQ(replicas(at(10, 6, 8, 600, 93), "green"), 8) << "93 % of 600 take eight";
}

TEST(DecideMemory, WhatIsNoLongerDeclaredIsForgotten) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3}).backend("green", {.spec = 3}).metric("rps", 300);
  const auto both = decide(builder.build());
  EXPECT_THAT(both.memory, HasSubstr("\"green\""));
  builder.spec().backends.pop_back();
  const auto one = decide(builder.memory(both.memory).build());
  EXPECT_THAT(one.memory, testing::Not(HasSubstr("\"green\"")));
  EXPECT_THAT(one.memory, HasSubstr("\"blue\""));
}

TEST(DecideSeveral, WithUnknownDemandAnUnfitBackendRelievesTheOthersOfItsTierAtOnce) {
  SnapshotBuilder builder;
  builder.backend("blue", {.weight = 10, .spec = 10, .share = 10})
      .backend("green", {.weight = 90, .spec = 10, .share = 90})
      .backend("red", {.tier = 1, .spec = 10, .share = 0});
  builder.declare("rps", 50'000, api::TargetType::AverageValue);
  builder.memory(decide(builder.build()).memory);
  builder.now(5).seen("blue", {.spec = 10, .ready = 0, .share = 10});
  const auto decision = decide(builder.build());
  EXPECT_NEAR(decision.backends.at("green").weight, 70, 1e-6) << "half of the tier's hosts, times 1.4";
  EXPECT_NEAR(decision.backends.at("red").weight, 30, 1e-6);
}

TEST(DecideSeveral, AStandbysMinimumComesOnTopOfTheMaximum) {
  SnapshotBuilder builder;
  builder.bounds(1, 5).backend("blue", {.spec = 5}).backend("green", {.tier = 1, .min = 3, .spec = 1});
  builder.metric("rps", 5000);
  const auto decision = decide(builder.build());
  EXPECT_EQ(replicas(decision, "blue"), 5);
  EXPECT_EQ(replicas(decision, "green"), 3);
}

TEST(DecideSeveral, WhatOthersChangeMovesTheTotal) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 5}).backend("green", {.spec = 5}).metric("rps", 500).windows(0, 0);
  builder.scaling().scale_down.select_policy = api::SelectPolicy::Disabled;
  const auto first = decide(builder.build());
  EXPECT_EQ(first.total.replicas, 10);
  builder.now(5)
      .seen("blue", {.spec = 8, .share = 50})
      .seen("green", {.spec = 5, .share = 50})
      .metric("rps", 500)
      .memory(first.memory);
  const auto second = decide(builder.build());
  EXPECT_EQ(second.total.replicas, 13);
  EXPECT_EQ(replicas(second, "blue"), 7);
  EXPECT_EQ(replicas(second, "green"), 6);
}

TEST(DecideSeveral, ABackendAtZeroThatIsNotOursIsLeftAloneAndTheOthersGoOn) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 5}).backend("green", {.tier = 1, .spec = 1}).metric("rps", 250);
  const auto first = decide(builder.build());
  builder.now(5).seen("blue", {.spec = 0, .share = 100}).metric("rps", 250).memory(first.memory);
  const auto decision = decide(builder.build());
  EXPECT_EQ(replicas(decision, "blue"), std::nullopt);
  EXPECT_EQ(replicas(decision, "green"), 5);
  EXPECT_EQ(decision.total.replicas, 5);
  EXPECT_DOUBLE_EQ(decision.backends.at("green").weight, 100);
}

TEST(DecideSeveral, AStandbysOwnMaximumNeverShrinksTheTotal) {
  SnapshotBuilder builder;
  builder.windows(0, 0).backend("blue", {.spec = 5}).backend("green", {.tier = 1, .max = 2, .spec = 1});
  builder.metric("rps", 250);
  const auto first = decide(builder.build());
  builder.now(5).seen("blue", {.spec = 5, .ready = 0, .share = 100}).metric("rps", 250).memory(first.memory);
  const auto decision = decide(builder.build());
  EXPECT_EQ(decision.total.replicas, 5) << "blue must find its size when it is back";
  EXPECT_EQ(replicas(decision, "green"), 2);
  EXPECT_THAT(decision.backends.at("green").reason, HasSubstr("maxReplicas"));
}

TEST(DecideSeveral, ATrafficCarrierIsSizedEvenWhenItIsNotMeantToServe) {
  SnapshotBuilder builder;
  builder.bounds(4, 20).backend("blue", {.spec = 4, .ready = 0}).backend("green", {.tier = 1, .spec = 1});
  builder.metric("rps", 200);
  const auto decision = decide(builder.build());
  EXPECT_EQ(replicas(decision, "blue"), 4) << "never yet ready: sized as if it were";
  EXPECT_EQ(replicas(decision, "green"), 4) << "but all traffic is here";
}

TEST(DecideSeveral, AManualCountIsMetExactly) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 9}).backend("green", {.spec = 9}).metric("rps", 5000);
  builder.spec().replicas = 7;
  const auto decision = decide(builder.build());
  EXPECT_EQ(replicas(decision, "blue"), 4);
  EXPECT_EQ(replicas(decision, "green"), 3);
}

TEST(DecideSeveral, FailingOverAndBackAreEventsOnceEach) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3, .share = 100}).backend("green", {.tier = 1, .spec = 1, .share = 0});
  builder.metric("rps", 150);
  auto decision = decide(builder.build());
  builder.now(5)
      .seen("blue", {.spec = 3, .ready = 0, .share = 100})
      .metric("rps", 150)
      .memory(decision.memory);
  decision = decide(builder.build());
  ASSERT_THAT(event_reasons(decision), ElementsAre("Panic", "FailedOver"));
  EXPECT_THAT(decision.events[1].message, HasSubstr("blue has no ready endpoint"));
  EXPECT_EQ(condition(decision, "FailedOver").status, ConditionStatus::True);
  EXPECT_EQ(condition(decision, "Ready").status, ConditionStatus::True) << "traffic is served";
  builder.memory(decision.memory);
  EXPECT_THAT(event_reasons(decide(builder.build())), IsEmpty());
  builder.now(9).seen("blue", {.spec = 3, .share = 0}).metric("rps", 150);
  EXPECT_THAT(event_reasons(decide(builder.build())), ElementsAre("PanicEnded", "FailedBack"));
}

TEST(DecideSeveral, NonsenseInTheSnapshotIsPutRightWithAWarning) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 3, .ready = -4}).metric("rps", 150);
  builder.seen("red", {.spec = 3});
  const auto decision = decide(builder.build());
  EXPECT_THAT(decision.warnings, testing::Contains(HasSubstr("backends.red")));
  EXPECT_THAT(decision.warnings, testing::Contains(HasSubstr("backends.blue.endpoints.ready")));
  EXPECT_EQ(decision.backends.count("red"), 0U);
}

}  // namespace
}  // namespace evenkeel::plan
