#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "evenkeel/scaling/total.hpp"

namespace evenkeel::scaling {
namespace {

using api::ConditionStatus;
using api::Quality;

Reading reading(Quality quality) {
  Reading reading;
  reading.quality = quality;
  reading.problem = "problem " + std::to_string(static_cast<int>(quality));
  return reading;
}

struct Row {
  std::string reason;
  std::vector<Quality> qualities;
  Quality told;
  ConditionStatus status = ConditionStatus::False;
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.reason;
}
class SignalsAvailable : public testing::TestWithParam<Row> {};

TEST_P(SignalsAvailable, TellsTheWorst) {
  std::vector<Reading> readings;
  for (const auto quality : GetParam().qualities) readings.push_back(reading(quality));
  const auto condition = signals_available(readings);
  EXPECT_EQ(condition.type, "SignalsAvailable");
  EXPECT_EQ(condition.reason, GetParam().reason);
  EXPECT_EQ(condition.status, GetParam().status);
  EXPECT_EQ(condition.message, reading(GetParam().told).problem);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    SignalsAvailable,
    testing::Values(
        Row{"SignalError",
            {Quality::Fresh, Quality::Empty, Quality::Error, Quality::Stale, Quality::Partial},
            Quality::Error},
        Row{"SignalEmpty", {Quality::Stale, Quality::Empty, Quality::Partial}, Quality::Empty},
        Row{"SignalStale", {Quality::Fresh, Quality::Partial, Quality::Stale}, Quality::Stale},
        Row{"SignalPartial", {Quality::Partial, Quality::Fresh}, Quality::Partial, ConditionStatus::True}),
    [](const auto& row) { return row.param.reason; });

TEST(SignalsAvailable, WhereAllIsWellSaysSo) {
  const auto condition = signals_available(std::vector{reading(Quality::Fresh), reading(Quality::Fresh)});
  EXPECT_EQ(condition.status, ConditionStatus::True);
  EXPECT_EQ(condition.reason, "SignalsFresh");
}

TEST(SignalsAvailable, NothingDeclaredIsNothingAvailable) {
  const auto condition = signals_available({});
  EXPECT_EQ(condition.status, ConditionStatus::False);
  EXPECT_EQ(condition.reason, "NoMetric");
}

}  // namespace
}  // namespace evenkeel::scaling
