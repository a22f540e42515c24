#include <limits>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "evenkeel/scaling/total.hpp"

/// Upstream's replica calculator, row by row.
namespace evenkeel::scaling {
namespace {

using api::TargetType;

constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();

struct Row {
  std::string name;
  TargetType type = TargetType::AverageValue;
  std::int64_t usage_milli = 0;
  std::int64_t target_milli = 0;
  Counts counts;
  std::int32_t want = 0;
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}
class Propose : public testing::TestWithParam<Row> {};

TEST_P(Propose, Row) {
  const auto& row = GetParam();
  const api::Metric metric{
      .name = "m", .target_type = row.type, .target_value = Quantity::from_milli(row.target_milli)};
  Reading reading;
  reading.milli = row.usage_milli;
  EXPECT_EQ(propose(metric, reading, row.counts, 0.1, 0.1), row.want);
}

constexpr auto kAverage = TargetType::AverageValue;
constexpr auto kValue = TargetType::Value;

INSTANTIATE_TEST_SUITE_P(
    AverageValue,
    Propose,
    testing::Values(
        Row{"LoadOverTargetRoundedUp", kAverage, 301'000, 100'000, {5, 5, 5, false}, 4},
        Row{"ExactlyDivisibleIsNotRoundedUp", kAverage, 300'000, 100'000, {5, 5, 5, false}, 3},
        Row{"TenPercentAboveIsWithinTheTolerance", kAverage, 550'000, 100'000, {5, 5, 5, false}, 5},
        Row{"AMilliMoreIsNot", kAverage, 550'001, 100'000, {5, 5, 5, false}, 6},
        Row{"TenPercentBelowIsWithinTheTolerance", kAverage, 450'000, 100'000, {5, 5, 5, false}, 5},
        Row{"AMilliLessRoundsUpToTheSame", kAverage, 449'999, 100'000, {5, 5, 5, false}, 5},
        Row{"WithinTheToleranceTheExistingPodsAreProposed", kAverage, 300'000, 100'000, {5, 3, 3, false}, 3},
        Row{"WithoutPodsThereIsNoTolerance", kAverage, 100'000, 100'000, {5, 0, 0, false}, 1},
        Row{"NothingFromNothingIsZero", kAverage, 0, 100'000, {5, 0, 0, false}, 0},
        Row{"NoLoadAsksForNone", kAverage, 0, 100'000, {5, 5, 5, false}, 0},
        Row{"Saturates", kAverage, std::numeric_limits<std::int64_t>::max(), 1, {5, 5, 5, false}, kMost}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Value,
    Propose,
    testing::Values(
        Row{"RatioTimesReadyPods", kValue, 500, 250, {5, 5, 4, false}, 8},
        Row{"RoundedUp", kValue, 300, 250, {5, 5, 4, false}, 5},
        Row{"WithinTheToleranceTheCurrentCountStays", kValue, 275, 250, {5, 5, 4, false}, 5},
        Row{"OneBackendShrinksWithFewReadyPodsAsUpstreamDoes", kValue, 500, 250, {5, 5, 1, false}, 2},
        Row{"SeveralDoNotWhileTheyAreTooSlow", kValue, 500, 250, {5, 5, 1, true}, 5},
        Row{"SeveralStillShrinkWhenFastEnough", kValue, 125, 250, {5, 5, 4, true}, 2},
        Row{"NoReadyPodAsksForNone", kValue, 500, 250, {5, 5, 0, false}, 0},
        Row{"SaturatesToo", kValue, std::numeric_limits<std::int64_t>::max(), 1, {5, 5, 5, false}, kMost}),
    [](const auto& row) { return row.param.name; });

TEST(Propose, ToleranceIsPerDirection) {
  api::Metric metric;
  metric.target_value = Quantity::from_milli(100'000);
  Reading reading;
  reading.milli = 560'000;
  EXPECT_EQ(propose(metric, reading, {5, 5, 5, false}, 0.2, 0.0), 5);
  EXPECT_EQ(propose(metric, reading, {5, 5, 5, false}, 0.0, 0.2), 6);
  reading.milli = 380'000;
  EXPECT_EQ(propose(metric, reading, {5, 5, 5, false}, 0.0, 0.25), 5);
  EXPECT_EQ(propose(metric, reading, {5, 5, 5, false}, 0.25, 0.0), 4);
}

}  // namespace
}  // namespace evenkeel::scaling
