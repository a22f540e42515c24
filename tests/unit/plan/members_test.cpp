#include "members.hpp"

#include <functional>
#include <limits>
#include <numeric>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

namespace evenkeel::plan {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pointwise;
using testing_support::at;
using testing_support::BackendFacts;
using testing_support::SnapshotBuilder;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

struct Row {
  std::string name;
  std::vector<BackendFacts> backends;
  std::vector<double> shares;
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}
class SharesAsSet : public testing::TestWithParam<Row> {};

TEST_P(SharesAsSet, AddUpToAHundred) {
  SnapshotBuilder builder;
  for (const auto& facts : GetParam().backends)
    builder.backend("backend-" + std::to_string(builder.spec().backends.size()), facts);
  std::vector<std::string> warnings;
  const auto shares = shares_as_set(members_of(builder.build(), warnings));
  EXPECT_THAT(shares, Pointwise(DoubleNear(1e-9), GetParam().shares));
  EXPECT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), 100, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(
    Members,
    SharesAsSet,
    testing::Values(
        Row{"AsTheyAre", {{.share = 30}, {.share = 70}}, {30, 70}},
        Row{"Rescaled", {{.share = 30}, {.share = 30}}, {50, 50}},
        Row{"NobodysShareIsNothing", {{.share = {}}, {.share = 40}}, {0, 100}},
        Row{"NothingSetIsByTheDeclaredWeightsOfTheLowestTier",
            {{.tier = 1, .weight = 9}, {.weight = 75}, {.weight = 25}, {.weight = 0}},
            {0, 75, 25, 0}},
        Row{"ATierWithoutWeightIsPassedOver", {{.weight = 0}, {.tier = 2, .weight = 5}}, {0, 100}},
        Row{"NonsenseIsNothingSet", {{.weight = 3, .share = kNan}, {.weight = 1, .share = -5}}, {75, 25}},
        Row{"HugeOnesAreWholeOnes", {{.share = kInf}, {.share = 1e300}, {.share = 100}}, {0, 50, 50}},
        Row{"WithNothingDeclaredEverybody", {{.weight = 0}, {.tier = 1, .weight = 0}}, {50, 50}},
        Row{"TracesAreNone", {{.share = 100}, {.share = 5e-7}}, {100, 0}},
        Row{"AMillionthOfAPercentIsNoTrace", {{.share = 99.999999}, {.share = 1e-6}}, {99.999999, 1e-6}},
        Row{"ASmallOneIsNoTrace", {{.share = 100 - 2e-6}, {.share = 2e-6}}, {100 - 2e-6, 2e-6}}),
    [](const auto& row) { return row.param.name; });

Member member_of(const SnapshotBuilder& builder, std::size_t index = 0) {
  std::vector<std::string> warnings;
  return members_of(const_cast<SnapshotBuilder&>(builder).snapshot(), warnings).at(index);
}

TEST(Members, CountsBelowZeroAreZeroWithAWarning) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = -1, .existing = -2, .ready = -3});
  std::vector<std::string> warnings;
  const auto member = members_of(builder.build(), warnings).at(0);
  EXPECT_EQ(member.spec_replicas, 0);
  EXPECT_EQ(member.existing, 0);
  EXPECT_EQ(member.ready_pods, 0);
  EXPECT_EQ(member.ready_endpoints, 0);
  EXPECT_THAT(warnings,
              testing::UnorderedElementsAre(HasSubstr("specReplicas"),
                                            HasSubstr("statusReplicas"),
                                            HasSubstr("readyReplicas"),
                                            HasSubstr("endpoints.ready"),
                                            HasSubstr("endpoints.total")));
}

/// What is said of blue, as it is seen, at second 1000.
std::vector<std::string> said_of(const std::function<void(api::BackendObservation&)>& change) {
  SnapshotBuilder builder;
  builder.now(1000).backend("blue", {.spec = 1, .share = 100});
  change(builder.snapshot().backends["blue"]);
  std::vector<std::string> warnings;
  (void)members_of(builder.build(), warnings);
  return warnings;
}

TEST(Members, WhatMakesNoSenseIsSaidAlsoWhereNothingFollows) {
  using Seen = api::BackendObservation;
  const auto said = [](const std::function<void(Seen&)>& change, const char* what) {
    EXPECT_THAT(said_of(change), ElementsAre(HasSubstr(std::string{"backends.blue."} + what)));
  };
  said([](Seen& seen) { seen.updated_replicas = -1; }, "updatedReplicas is below 0; it counts as 0");
  said([](Seen& seen) { seen.endpoints = {{.ready = 0, .total = -1}}; }, "endpoints.total is below 0");
  said([](Seen& seen) { seen.endpoints = {{.ready = 2, .total = 1}}; }, "endpoints.ready is above");
  said([](Seen& seen) { seen.weight = -5; }, "weight is below 0; it counts as 0");
  said([](Seen& seen) { seen.weight = 1e300; }, "weight is above 100; it counts as 100");
  said([](Seen& seen) { seen.observed_weight = -5; }, "observedWeight is below 0; it counts as 0");
  said([](Seen& seen) { seen.observed_weight = 101; }, "observedWeight is above 100; it counts as 100");
  said([](Seen& seen) { seen.observed_weight_time = at(1006); }, "observedWeightTime is in the future");
  said([](Seen& seen) { seen.pods = {{}, {.start_time = at(1006)}}; }, "pods[1].startTime is in the future");
  said([](Seen& seen) { seen.pods = {{.ready_transition_time = at(1006)}}; }, "pods[0].readyTransitionTime");
  said([](Seen& seen) { seen.pods = {{.name = "b"}, {.name = "a"}, {.name = "b"}}; }, "pods has several");
}

TEST(Members, AMetricThatNobodyDeclaredIsSaid) {
  SnapshotBuilder builder;
  builder.backend("blue", {}).metric("rps", 100);
  for (const char* name : {"errors", "slow"}) builder.spec().health.signals.emplace_back().name = name;
  for (const char* name : {"errors", "slow", "balancing.latency", "rsp"}) builder.snapshot().metrics[name];
  std::vector<std::string> warnings;
  warn_of_undeclared_metrics(builder.build(), warnings);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("metrics.rsp is declared neither in spec.scaling.metrics")));
}

TEST(Members, WhatIsOnlyUnusualIsNotSaid) {
  EXPECT_THAT(
      said_of([](api::BackendObservation& seen) {
        seen.updated_replicas = 0;
        seen.endpoints = {{.ready = 3, .total = {}}};
        seen.weight = 100 + 1e-9;
        seen.observed_weight = -1e-9;
        seen.observed_weight_time = at(1005);
        seen.pods = {
            {.name = "b", .start_time = at(1005), .ready_transition_time = at(1005)}, {.name = "a"}, {}, {}};
      }),
      IsEmpty());
}

TEST(Members, ZeroIsNoNonsense) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 0});
  std::vector<std::string> warnings;
  (void)members_of(builder.build(), warnings);
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(Members, OnlyWhoIsNotDeclaredIsLeftOutWithAWarning) {
  SnapshotBuilder builder;
  builder.backend("blue", {}).backend("green", {}).seen("red", {});
  std::vector<std::string> warnings;
  EXPECT_THAT(members_of(builder.build(), warnings), testing::SizeIs(2));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("backends.red")));
  warnings.clear();
  builder.snapshot().backends.erase("blue");
  builder.snapshot().backends.erase("green");
  builder.spec().backends.pop_back();
  EXPECT_THAT(members_of(builder.build(), warnings), testing::SizeIs(1));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("backends.red"))) << "also where as many are not seen";
}

TEST(Members, OfARollOutOnlyAsManyAsAreDeclaredCount) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 4, .existing = 6, .ready = 5, .rollout = true});
  EXPECT_EQ(member_of(builder).existing, 4);
  EXPECT_EQ(member_of(builder).ready_pods, 4);
  EXPECT_EQ(member_of(builder).ready_endpoints, 5);
  builder.seen("blue", {.spec = 4, .existing = 6, .ready = 5});
  EXPECT_EQ(member_of(builder).existing, 6);
  EXPECT_EQ(member_of(builder).ready_pods, 5);
}

TEST(Members, ReadyPodsAreThoseThatRunAndAreReady) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 4, .ready = 4});
  auto& pods = builder.snapshot().backends["blue"].pods;
  pods.push_back({.name = "a", .phase = "Running", .ready = true});
  pods.push_back({.name = "b", .phase = "Running", .ready = false});
  pods.push_back({.name = "c", .phase = "Pending", .ready = true});
  pods.push_back({.name = "d", .phase = "Running"});
  pods.push_back({.name = "e", .phase = "Failed", .ready = true});
  EXPECT_EQ(member_of(builder).ready_pods, 1);
}

TEST(Members, AnObservedShareThatIsHardlyThereIsNone) {
  SnapshotBuilder builder;
  builder.backend("blue", {});
  const auto observed = [&](double share) {
    builder.snapshot().backends["blue"].observed_weight = share;
    return member_of(builder).observed;
  };
  EXPECT_EQ(observed(0.49), 0);
  EXPECT_EQ(observed(0.5), 0.5);
  EXPECT_EQ(observed(-3), 0);
  EXPECT_EQ(observed(130), 100);
  EXPECT_EQ(observed(kNan), std::nullopt);
}

TEST(Members, OnlyATierZeroThatMayBePutToSleepHasAUsualMinimumOfNothing) {
  SnapshotBuilder builder;
  builder.backend("blue", {}).backend("green", {.tier = 1});
  EXPECT_EQ(member_of(builder, 0).min_replicas(), 1);
  builder.scaling().min_replicas = 0;
  EXPECT_EQ(member_of(builder, 0).min_replicas(), 0);
  EXPECT_EQ(member_of(builder, 1).min_replicas(), 1);
}

TEST(Members, OwnBounds) {
  SnapshotBuilder builder;
  builder.backend("blue", {.min = 3, .max = 2});
  EXPECT_EQ(member_of(builder).max_replicas(9), 3) << "never below its minimum";
  builder.backend("blue", {.max = 5});
  EXPECT_EQ(member_of(builder).max_replicas(9), 5);
  builder.backend("blue", {});
  EXPECT_EQ(member_of(builder).max_replicas(9), 9);
  builder.backend("blue", {.min = -4});
  EXPECT_EQ(member_of(builder).min_replicas(), 0);
}

TEST(Members, WhoIsOursToSize) {
  SnapshotBuilder builder;
  builder.backend("blue", {.spec = 0}).backend("green", {.has_workload = false}).backend("red", {.spec = 1});
  auto blue = member_of(builder, 0);
  EXPECT_TRUE(blue.switched_off());
  EXPECT_FALSE(blue.sizeable());
  blue.asleep = true;
  EXPECT_FALSE(blue.switched_off()) << "we wrote that 0";
  EXPECT_TRUE(blue.sizeable());
  EXPECT_FALSE(member_of(builder, 1).sizeable());
  EXPECT_TRUE(member_of(builder, 2).sizeable());
}

}  // namespace
}  // namespace evenkeel::plan
