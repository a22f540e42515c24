#include "arithmetic.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

namespace evenkeel::scaling {
namespace {

using testing_support::at;

api::ScalingRules percent(std::int32_t value) {
  api::ScalingRules rules;
  rules.policies = {{.type = api::PolicyType::Percent, .value = value, .period = std::chrono::seconds{15}}};
  return rules;
}

TEST(Limits, PercentsAreExactForEveryCountAndPercentage) {
  const History history;
  for (std::int32_t value = 1; value <= 100; ++value) {
    const auto rules = percent(value);
    for (std::int32_t count = 1; count <= 200; ++count) {
      const std::int64_t up = rate_limit(Direction::Up, rules, history, count, at(0)).replicas;
      const auto hundredths = std::int64_t{count} * (100 + value);
      ASSERT_GE(up * 100, hundredths) << count << " + " << value << " %";
      ASSERT_LT((up - 1) * 100, hundredths) << count << " + " << value << " %";
      const std::int64_t down = rate_limit(Direction::Down, rules, history, count, at(0)).replicas;
      const auto left = std::int64_t{count} * (100 - value);
      ASSERT_LE(down * 100, left) << count << " - " << value << " %";
      ASSERT_GT((down + 1) * 100, left) << count << " - " << value << " %";
    }
  }
}

TEST(Limits, SaturateAtBothEnds) {
  constexpr auto kMost = std::numeric_limits<std::int32_t>::max();
  const History history;
  EXPECT_EQ(rate_limit(Direction::Up, percent(kMost), history, kMost, at(0)).replicas, kMost);
  EXPECT_EQ(rate_limit(Direction::Down, percent(kMost), history, kMost, at(0)).replicas, 0);
  History busy;
  for (int i = 0; i < 10; ++i) busy.record_event(at(0), -std::int64_t{kMost});
  EXPECT_EQ(rate_limit(Direction::Up, percent(100), busy, kMost, at(1)).replicas, kMost);
}

TEST(Limits, NeverLieOnTheOtherSideOfTheCount) {
  History rose;
  rose.record_event(at(0), 50);
  EXPECT_EQ(rate_limit(Direction::Up, percent(10), rose, 60, at(1)).replicas, 60)
      << "10 at the start of the period, and 60 are there";
  History fell;
  fell.record_event(at(0), -50);
  EXPECT_EQ(rate_limit(Direction::Down, percent(10), fell, 10, at(1)).replicas, 10);
}

TEST(Tolerance, BothEndsBelongToIt) {
  api::Scaling scaling;
  const api::Settings settings;
  scaling.scale_up.tolerance = Quantity::from_milli(50);
  const auto tolerance = tolerance_of(scaling, settings);
  EXPECT_TRUE(tolerance.covers(1.05));
  EXPECT_FALSE(tolerance.covers(1.0500001));
  EXPECT_TRUE(tolerance.covers(0.9)) << "the operator's, for falls";
  EXPECT_FALSE(tolerance.covers(0.8999999));
  EXPECT_FALSE(tolerance.covers(std::numeric_limits<double>::quiet_NaN()));
}

TEST(SaturatedCount, HasNoCornerThatOverflows) {
  constexpr auto kMost = std::numeric_limits<std::int32_t>::max();
  EXPECT_EQ(saturated_count(std::numeric_limits<double>::quiet_NaN()), 0);
  EXPECT_EQ(saturated_count(-1.0), 0);
  EXPECT_EQ(saturated_count(2147483646.0), kMost - 1);
  EXPECT_EQ(saturated_count(2147483647.0), kMost);
  EXPECT_EQ(saturated_count(1e300), kMost);
  EXPECT_EQ(count_up(std::numeric_limits<double>::quiet_NaN()), 0);
  EXPECT_EQ(count_up(-0.5), 0);
  EXPECT_EQ(count_up(1e-300), 1);
  EXPECT_EQ(count_up(3.0), 3);
  EXPECT_EQ(count_up(std::nextafter(3.0, 4.0)), 4);
  EXPECT_EQ(count_up(2147483645.5), kMost - 1);
  EXPECT_EQ(count_up(2147483646.5), kMost);
  EXPECT_EQ(count_up(1e300), kMost);
  EXPECT_EQ(saturated_count(std::int64_t{-5}), 0);
  EXPECT_EQ(saturated_count(std::numeric_limits<std::int64_t>::max()), kMost);
}

}  // namespace
}  // namespace evenkeel::scaling
