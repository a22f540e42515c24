#include "pods.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "evenkeel/scaling/need.hpp"

#include "snapshot_builder.hpp"

/// Scope Pod against the figures of upstream's own replica_calculator_test.go, and edges that it leaves out.
namespace evenkeel::scaling {
namespace {

using api::TargetType;
using std::chrono::seconds;
using testing_support::at;

constexpr std::int64_t kNow = 10'000;

/// One pod by a letter: R runs and is ready, U has never become ready, L was ready once and is no more, H
/// started a minute ago and has been ready since half of it, N has no Ready condition, P is pending, F
/// failed, D is being deleted.
api::Pod pod_of(char letter, std::size_t index) {
  api::Pod pod;
  pod.name = "pod-" + std::to_string(index);
  pod.phase = letter == 'P' ? "Pending" : letter == 'F' ? "Failed" : "Running";
  pod.deleted = letter == 'D';
  pod.ready = letter != 'U' && letter != 'L' && letter != 'P';
  if (letter == 'N') pod.ready.reset();
  pod.start_time = at(letter == 'H' ? kNow - 60 : kNow - 3600);
  pod.ready_transition_time = at(letter == 'H' ? kNow - 30 : letter == 'L' ? kNow - 100 : kNow - 3590);
  if (letter == 'U') pod.ready_transition_time = at(kNow - 3600);
  pod.containers = {{.name = "web", .requests = {{"cpu", Quantity::from_milli(1000)}}}};
  return pod;
}

/// Everything that a row says, kept alive.
struct World {
  api::Metric metric;
  std::vector<api::Pod> pods;
  std::vector<PodSample> samples;
  std::vector<std::string> names;
  api::Settings settings;
  std::int32_t current = 0;
  bool rollout = false;

  World(const std::string& letters, const std::vector<std::int64_t>& levels, std::int32_t count)
      : current{count} {
    for (std::size_t i = 0; i < letters.size(); ++i) pods.push_back(pod_of(letters[i], i));
    for (std::size_t i = 0; i < levels.size(); ++i) names.push_back("pod-" + std::to_string(i));
    for (std::size_t i = 0; i < levels.size(); ++i) {
      if (levels[i] >= 0) samples.push_back({.pod = names[i], .milli = levels[i], .time = at(kNow)});
    }
    std::ranges::sort(samples, {}, &PodSample::pod);
  }
  World& cpu(std::int32_t percent) {
    metric.preset = "CPUUtilization";
    metric.target_type = TargetType::Utilization;
    metric.average_utilization = percent;
    return *this;
  }
  World& plain(std::int64_t milli) {
    metric.target_type = TargetType::AverageValue;
    metric.target_value = Quantity::from_milli(milli);
    return *this;
  }
  [[nodiscard]] PodOutcome size() const {
    return size_from_pods({.metric = metric,
                           .samples = samples,
                           .pods = pods,
                           .current = current,
                           .rollout = rollout,
                           .settings = settings,
                           .now = at(kNow),
                           .tolerance = {.up = 0.1, .down = 0.1}});
  }
  /// Rounded up as a proposal is; -1 where there is none.
  [[nodiscard]] std::int32_t count() const {
    const auto outcome = size();
    return outcome.need ? saturated_count(std::ceil(*outcome.need)) : -1;
  }
};

struct Row {
  std::string name;
  std::string pods;
  std::vector<std::int64_t> levels;  ///< Thousandths of pod 0, 1, ...; -1: no sample.
  std::int64_t target = 0;           ///< Percent, or thousandths.
  std::int32_t current = 0;
  std::int32_t want = 0;
  std::int64_t usage = 0;
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}

class Cpu : public testing::TestWithParam<Row> {};
TEST_P(Cpu, Row) {
  const auto& row = GetParam();
  const auto outcome =
      World{row.pods, row.levels, row.current}.cpu(static_cast<std::int32_t>(row.target)).size();
  ASSERT_TRUE(outcome.need.has_value()) << outcome.problem;
  EXPECT_EQ(saturated_count(std::ceil(*outcome.need)), row.want);
  EXPECT_EQ(outcome.usage, row.usage);
}

INSTANTIATE_TEST_SUITE_P(
    Utilization,
    Cpu,
    testing::Values(
        Row{"Up", "RRR", {300, 500, 700}, 30, 3, 5, 50},
        Row{"UpLessForOneThatNeverWasReady", "URR", {300, 500, 700}, 30, 3, 4, 60},
        Row{"UpLessForOneThatIsStarting", "HRR", {300, 500, 700}, 30, 3, 4, 60},
        Row{"UnreadyOnesTurnARiseIntoNothing", "RUU", {400, 500, 700}, 30, 3, 3, 40},
        Row{"StartingOnesTooWhenNotReady", "RUU", {400, 500, 700}, 30, 3, 3, 40},
        Row{"FailedPodsDoNotCount", "RRFF", {500, 700}, 30, 2, 4, 60},
        Row{"DeletedPodsDoNotCount", "RRDD", {500, 700, 900, 900}, 30, 2, 4, 60},
        Row{"Down", "RRRRR", {100, 300, 500, 250, 250}, 50, 5, 3, 28},
        Row{"DownWithoutTheUnready", "RRRUU", {100, 300, 500, 250, 250}, 50, 5, 2, 30},
        Row{"DownWithoutThePending", "RPPPP", {100}, 50, 5, 1, 10},
        Row{"DownWithoutTheStarting", "RRRHH", {100, 300, 500, 250, 250}, 50, 5, 2, 30},
        Row{"WithinTheTolerance", "RRR", {1010, 1030, 1020}, 100, 3, 3, 102},
        Row{"SamplesOfStrangersHaveNoRequest", "RRRR", {4000, 9500, 3000, 7000, 3200, 2000}, 100, 4, 24, 587},
        Row{"MissingOnesUseAllTheyAskedForOnTheWayDown", "RRRR", {400, 95}, 100, 4, 3, 24},
        Row{"MissingOnesAtTheTargetChangeNothing", "RR", {1000}, 100, 2, 2, 100},
        Row{"MissingOnesBesideOthersAtTheTargetChangeNothing", "RR", {500}, 50, 2, 2, 50},
        Row{"UnreadyOnesBesideOthersAtTheTargetChangeNothing", "RU", {500, 500}, 50, 2, 2, 50},
        Row{"FewPodsOfManyDecideForAllWhereNoneIsUnready", "RR", {650, 650}, 50, 5, 3, 65},
        Row{"ARiseOfFewPodsOfManyThatWasFilledInIsNoFall", "RRP", {900, 900}, 50, 5, 5, 90},
        Row{"MissingOnesTurnARiseIntoNothing", "RR", {1900}, 100, 2, 2, 190},
        Row{"MissingOnesTurnAFallIntoNothing", "RR", {600}, 100, 2, 2, 60},
        Row{"MissingAndUnreadyKeepTheCount", "URR", {100, 450}, 50, 3, 3, 45},
        Row{"MissingAndStartingKeepTheCount", "HRR", {100, 450}, 50, 3, 3, 45},
        Row{"MissingAndUnreadyUseNothingOnTheWayUp", "URR", {100, 2000}, 50, 3, 4, 200},
        Row{"MissingAndUnreadyOnTheWayDown", "URRR", {100, 100, 100}, 50, 4, 3, 10},
        Row{"TargetsOverAHundredAreWhatMissingOnesUse", "URRR", {200, 100, 100}, 300, 4, 2, 10},
        Row{"ASurgeOfPodsDoesNotGrowAFall", "RRR", {100, 100}, 50, 2, 2, 10},
        Row{"OnceReadyAndNoMoreIsMeasuredAllTheSame", "LRR", {300, 500, 700}, 30, 3, 5, 50},
        Row{"WithoutAReadyConditionItIsUnready", "NRR", {300, 500, 700}, 30, 3, 4, 60},
        Row{"UsageIsATruncatedPercentage", "RRR", {333, 333, 333}, 30, 3, 3, 33}),
    [](const auto& row) { return row.param.name; });

class Plain : public testing::TestWithParam<Row> {};
TEST_P(Plain, Row) {
  const auto& row = GetParam();
  const auto outcome = World{row.pods, row.levels, row.current}.plain(row.target).size();
  ASSERT_TRUE(outcome.need.has_value()) << outcome.problem;
  EXPECT_EQ(saturated_count(std::ceil(*outcome.need)), row.want);
  EXPECT_EQ(outcome.usage, row.usage);
}

INSTANTIATE_TEST_SUITE_P(
    AverageValue,
    Plain,
    testing::Values(
        Row{"Up", "RRR", {20'000, 10'000, 30'000}, 15'000, 3, 4, 20'000},
        Row{"ReadinessMattersForCpuOnly", "RRU", {50'000, 10'000, 30'000}, 15'000, 3, 6, 30'000},
        Row{"TheMeanIsTruncated", "URU", {50'000, 15'000, 30'000}, 15'000, 3, 7, 31'666},
        Row{"Down", "RRRRR", {12'000, 12'000, 12'000, 12'000, 12'000}, 20'000, 5, 3, 12'000},
        Row{"MissingOnesAtTheTargetChangeNothing", "RRRRR", {20'000, 19'000, 21'000}, 20'000, 5, 5, 20'000},
        Row{"ASurgeOfPodsDoesNotGrowAFall", "RRR", {10'000, 10'000}, 17'000, 2, 2, 10'000},
        Row{"MissingOnesUseTheTargetOnTheWayDown", "RRRR", {5'000, 5'000}, 10'000, 4, 3, 5'000},
        Row{"PendingOnesUseNothingOnTheWayUp", "RRP", {30'000, 30'000}, 10'000, 3, 6, 30'000},
        Row{"StrangersCountBesideMissingOnes", "RRR", {10'000, -1, -1, 40'000}, 10'000, 3, 5, 25'000},
        Row{"StrangersCountInTheMeanAndNotAmongTheReady",
            "RR",
            {10'000, 10'000, 40'000},
            10'000,
            2,
            4,
            20'000}),
    [](const auto& row) { return row.param.name; });

TEST(Pods, HundredthsBelowAPercentAreCutOffSoThatTheToleranceHolds) {
  // 33.99 % of a target of 30: 1.13 as a real number, 1.1 as upstream has it, which is within the tolerance.
  EXPECT_EQ((World{"RRRRRRRRRR", std::vector<std::int64_t>(10, 339), 10}.cpu(30).count()), 10);
  EXPECT_EQ((World{"RRRRRRRRRR", std::vector<std::int64_t>(10, 340), 10}.cpu(30).count()), 12);
}

TEST(Pods, WithoutPodsOrSamplesOfThemThereIsNoProposal) {
  EXPECT_STREQ((World{"", {100}, 3}.plain(100).size().problem), "no pods are listed for it");
  EXPECT_EQ((World{"UPD", {100, 100, 100}, 3}.cpu(50).count()), -1);
  EXPECT_EQ((World{"RR", {}, 2}.plain(100).count()), -1);
}

TEST(Pods, WhatIsFilledInLeavesTheNeedUnrounded) {
  // Four pods, one of them missing: it uses the target on the way down, and nothing on the way up.
  const World down{"RRRR", {9'000, 9'000, 8'000}, 4};
  EXPECT_DOUBLE_EQ(World{down}.plain(10'000).size().need.value_or(-1), 4) << "within the tolerance";
  EXPECT_DOUBLE_EQ(World{down}.plain(12'000).size().need.value_or(-1), 9.5 / 12 * 4);
  const World up{"RRRR", {20'000, 20'000, 20'000}, 5};
  EXPECT_DOUBLE_EQ(World{up}.plain(13'000).size().need.value_or(-1), 15.0 / 13 * 4);
}

TEST(Pods, ASampleBelongsToThePodOfItsNameWhereverItIsListed) {
  // The second pod has none.
  World world{"RRRR", {60'000, -1, 30'000, 30'000}, 4};
  world.plain(10'000);
  EXPECT_EQ(world.size().usage, 40'000);
  std::ranges::reverse(world.pods);
  EXPECT_EQ(world.size().usage, 40'000);
  EXPECT_EQ(world.count(), 12) << "three pods of four times the target, and one that uses nothing";
}

TEST(Pods, SamplesOfStrangersAloneAreNoUtilisationAndNoAbstention) {
  World world{"RR", {-1, -1, 500}, 2};
  const auto outcome = world.cpu(50).size();
  EXPECT_FALSE(outcome.need.has_value());
  EXPECT_FALSE(outcome.abstains) << "an abstention would let other metrics lower the count";
  EXPECT_EQ(world.plain(500).count(), 2) << "a mean of units they do have, and it is the target";
}

TEST(Pods, AMissingRequestOfAnyPodMakesUtilisationInvalid) {
  World world{"RRF", {100, 100}, 3};
  world.cpu(50);
  world.pods[2].containers[0].requests.clear();
  EXPECT_EQ(world.count(), -1) << "of one that is ignored too, as upstream has it";
  EXPECT_EQ(world.size().pod, "pod-2");
  EXPECT_NE(world.plain(100).count(), -1) << "a target in units needs no request";
}

TEST(Pods, RequestsOfThePodGoBeforeThoseOfItsContainers) {
  World world{"R", {500}, 1};
  world.cpu(50);
  world.pods[0].containers.push_back({.name = "side", .requests = {}});
  EXPECT_EQ(world.count(), -1);
  world.pods[0].requests = {{"cpu", Quantity::from_milli(500)}};
  EXPECT_EQ(world.count(), 2) << "100 % of 500m";
  world.pods[0].requests = {{"memory", Quantity::from_milli(1)}};
  EXPECT_EQ(world.count(), 1) << "the containers' that have one: 50 % of a core";
  world.metric.container = "web";
  world.pods[0].requests = {{"cpu", Quantity::from_milli(100)}};
  EXPECT_EQ(world.count(), 1) << "a named container goes before the pod";
  world.metric.container = "other";
  EXPECT_EQ(world.count(), -1) << "nobody has such a container";
}

TEST(Pods, ReadinessAroundTheStartIsJudgedByTheTimesOfUpstream) {
  World world{"RR", {600, 600}, 2};
  world.cpu(30);
  auto& pod = world.pods[0];
  EXPECT_EQ(world.count(), 4);
  pod.start_time = at(kNow - 300);
  pod.ready_transition_time = at(kNow - 59);
  EXPECT_EQ(world.count(), 4) << "exactly the initialisation period ago is past it";
  pod.start_time = at(kNow - 299);
  EXPECT_EQ(world.count(), 2) << "within it, and the sample's minute is not over yet";
  pod.ready_transition_time = at(kNow - 60);
  EXPECT_EQ(world.count(), 4);
  pod.start_time = at(kNow - 3600);
  pod.ready = false;
  pod.ready_transition_time = at(kNow - 3570);
  EXPECT_EQ(world.count(), 4) << "30 s after the start it may have been ready once";
  pod.ready_transition_time = at(kNow - 3571);
  EXPECT_EQ(world.count(), 2) << "earlier it never was";
  pod.start_time.reset();
  pod.ready = true;
  EXPECT_EQ(world.count(), 2) << "no start time, no reading";
}

TEST(Pods, PodsThatNobodyAskedAreTakenToBeLikeTheOthers) {
  World world{"RRRR", {12'000, 12'000, 0, 0}, 4};
  world.plain(10'000);
  world.samples[2].abstains = world.samples[3].abstains = true;
  EXPECT_EQ(world.count(), 5) << "1.2 times four";
  for (auto& sample : world.samples) sample.abstains = true;
  EXPECT_TRUE(world.size().abstains);
  EXPECT_FALSE(world.size().need.has_value());
}

TEST(Pods, ARolloutIsSizedFromThePodsThatServe) {
  World world{"RRRRUUPP", {600, 600, 600, 600, 0, 0}, 4};
  world.cpu(50);
  EXPECT_EQ(world.count(), 4) << "unready ones hold a rise back";
  world.rollout = true;
  EXPECT_EQ(world.count(), 5) << "but those of a roll-out are not the service's capacity";
}

TEST(Pods, TheSurgeOfARolloutInflatesNothing) {
  World world{"RRRRRR", {600, 600, 600, 600, 600, 600}, 4};
  world.cpu(50);
  EXPECT_EQ(world.count(), 8);
  world.rollout = true;
  EXPECT_EQ(world.count(), 5) << "1.2 times the four that stay";
  world.cpu(80);
  EXPECT_EQ(world.count(), 4)
      << "0.75 times six is more than four, and what they carry needs more than three";
}

TEST(Pods, HostileFiguresSaturate) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  World world{"RR", {kMost, kMost}, 2};
  EXPECT_EQ(world.plain(1).count(), std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(world.cpu(1).count(), std::numeric_limits<std::int32_t>::max());
  for (auto& pod : world.pods) {
    pod.start_time = WallTime::max();
    pod.ready_transition_time = WallTime::min();
    pod.containers[0].requests["cpu"] = Quantity::from_milli(kMost);
  }
  EXPECT_EQ(world.cpu(100).count(), 2);
}

double replicas(const std::optional<Need>& need) {
  return need ? need->replicas : -1;
}

/// Of a backend whose pods are `letters` and use `levels`, with a target of 500.
std::optional<Need> need_of(const std::string& letters, const std::vector<std::int64_t>& levels) {
  World world{letters, levels, static_cast<std::int32_t>(letters.size())};
  world.cpu(50);
  world.metric.scope = api::MetricScope::Pod;
  Reading reading;
  reading.quality = api::Quality::Fresh;
  reading.milli = 1;
  reading.pods = world.samples;
  const BackendCounts blue{.name = "blue", .current = world.current, .ready = 1, .pods = world.pods};
  return backend_need(world.metric, reading, blue, {}, at(kNow));
}

TEST(BackendNeed, CountsNoPodThatServesNobody) {
  EXPECT_NEAR(replicas(need_of("RU", {240})), 0.48, 1e-9);
  EXPECT_NEAR(replicas(need_of("RP", {240})), 0.48, 1e-9);
  EXPECT_NEAR(replicas(need_of("RUUU", {750})), 1.5, 1e-9) << "an upstream controller would not change 4";
}

TEST(BackendNeed, TakesAPodThatServesUnmeasuredForOneOfTheOthers) {
  EXPECT_NEAR(replicas(need_of("RRR", {400, 400, -1})), 2.4, 1e-9);
  EXPECT_NEAR(replicas(need_of("RRH", {400, 400, 10})), 2.4, 1e-9) << "its CPU is that of its start";
}

TEST(BackendNeed, IsNotInflatedByPodsThatHaveJustCome) {
  EXPECT_NEAR(replicas(need_of("RRRR", {1000, 1000, -1, -1})), 4, 1e-9) << "twice the two that are measured";
  EXPECT_NEAR(replicas(need_of("RRRR", {600, 600, -1, -1})), 4, 1e-9) << "but no less than serve";
  EXPECT_NEAR(*need_of("RRRR", {600, 600, -1, -1})->ratio, 1.2, 1e-9);
}

TEST(BackendNeed, IsUnroundedAndWithoutTolerance) {
  World world{"RRR", {20'000, 10'000, 31'000}, 3};
  world.metric.scope = api::MetricScope::Pod;
  world.plain(20'000);
  Reading reading;
  reading.quality = api::Quality::Fresh;
  reading.milli = 1;
  reading.pods = world.samples;
  const BackendCounts blue{.name = "blue", .current = 3, .ready = 3, .pods = world.pods};
  EXPECT_DOUBLE_EQ(replicas(backend_need(world.metric, reading, blue, {}, at(kNow))), 20.333 / 20 * 3);
  reading.pods.push_back({.pod = "the-green-one", .milli = 900'000, .time = at(kNow)});
  EXPECT_DOUBLE_EQ(replicas(backend_need(world.metric, reading, blue, {}, at(kNow))), 20.333 / 20 * 3)
      << "other backends' pods are no strangers";
  reading.quality = api::Quality::Stale;
  EXPECT_FALSE(backend_need(world.metric, reading, blue, {}, at(kNow)));
}

TEST(BackendNeed, OfABackendsOwnReading) {
  api::Metric metric;
  metric.scope = api::MetricScope::Backend;
  metric.target_value = Quantity::from_milli(250);
  Reading reading;
  reading.by_backend["blue"] = {.quality = api::Quality::Fresh, .milli = 1'100};
  reading.by_backend["green"] = {.quality = api::Quality::Stale, .milli = std::nullopt};
  const BackendCounts blue{.name = "blue", .current = 4, .ready = 3};
  EXPECT_DOUBLE_EQ(replicas(backend_need(metric, reading, blue, {}, at(0))), 4.4);
  metric.target_type = TargetType::Value;
  EXPECT_DOUBLE_EQ(replicas(backend_need(metric, reading, blue, {}, at(0))), 4.4 * 3);
  EXPECT_FALSE(backend_need(metric, reading, {.name = "green"}, {}, at(0)));
  reading.by_backend["blue"].quality = api::Quality::Partial;
  EXPECT_DOUBLE_EQ(replicas(backend_need(metric, reading, blue, {}, at(0))), 4.4 * 3) << "it is at least so";
  reading.by_backend["white"] = {.quality = api::Quality::Fresh, .milli = std::nullopt, .abstains = true};
  EXPECT_FALSE(backend_need(metric, reading, {.name = "white"}, {}, at(0))) << "nobody asked";
  metric.target_value = Quantity::from_milli(0);
  EXPECT_FALSE(backend_need(metric, reading, blue, {}, at(0))) << "what one carries is not known";
  EXPECT_FALSE(backend_need(metric, reading, {.name = "red"}, {}, at(0)));
}

}  // namespace
}  // namespace evenkeel::scaling
