#include "evenkeel/scaling/schedule.hpp"

#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "evenkeel/base/time_format.hpp"

#include "cron.hpp"
#include "snapshot_builder.hpp"

namespace evenkeel::scaling {
namespace {

WallTime time_of(const std::string& text) {
  const auto time = parse_rfc3339(text);
  EXPECT_TRUE(time.has_value()) << text;
  return time.value_or(WallTime{});
}

struct LastRow {
  std::string name;
  std::string cron;
  std::string now;
  std::string want;  ///< Empty: never.
};
void PrintTo(const LastRow& row, std::ostream* os) {
  *os << row.name;
}
class CronLast : public testing::TestWithParam<LastRow> {};

TEST_P(CronLast, Row) {
  const auto cron = Cron::parse(GetParam().cron);
  ASSERT_TRUE(cron.has_value());
  const auto last = cron->last(std::chrono::floor<std::chrono::seconds>(time_of(GetParam().now)), TimeZone{});
  EXPECT_EQ(last ? format_rfc3339(*last) : "", GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    InUtc,
    CronLast,
    testing::Values(
        LastRow{"AtTheMinuteItself", "30 8 * * *", "2026-01-15T08:30:00Z", "2026-01-15T08:30:00Z"},
        LastRow{"ASecondEarlierItIsYesterdays", "30 8 * * *", "2026-01-15T08:29:59Z", "2026-01-14T08:30:00Z"},
        LastRow{"EveryMinute", "* * * * *", "2026-01-15T08:29:59Z", "2026-01-15T08:29:00Z"},
        LastRow{"StepsAndRanges", "*/15 8-17/3 * * *", "2026-01-15T16:20:00Z", "2026-01-15T14:45:00Z"},
        LastRow{"AStepBehindAValueGoesOnToTheEnd",
                "5/20 * * * *",
                "2026-01-15T16:50:00Z",
                "2026-01-15T16:45:00Z"},
        LastRow{"Lists", "0,10,20 6,18 * * *", "2026-01-15T17:00:00Z", "2026-01-15T06:20:00Z"},
        // 2026-01-15 is a Thursday.
        LastRow{"NamesOfDays", "0 8 * * MON-wed", "2026-01-15T17:00:00Z", "2026-01-14T08:00:00Z"},
        LastRow{"SevenIsSunday", "0 8 * * 7", "2026-01-15T17:00:00Z", "2026-01-11T08:00:00Z"},
        LastRow{"ZeroIsSunday", "0 8 * * 0", "2026-01-15T17:00:00Z", "2026-01-11T08:00:00Z"},
        LastRow{"NamesOfMonths", "0 0 1 DEC *", "2026-01-15T17:00:00Z", "2025-12-01T00:00:00Z"},
        LastRow{
            "BothDaysRestrictedMeansEither", "0 0 13 * FRI", "2026-01-15T17:00:00Z", "2026-01-13T00:00:00Z"},
        LastRow{"OneRestrictedMeansThatOne", "0 0 * * FRI", "2026-01-15T17:00:00Z", "2026-01-09T00:00:00Z"},
        LastRow{"LeapDays", "0 0 29 2 *", "2026-01-15T17:00:00Z", "2024-02-29T00:00:00Z"},
        LastRow{
            "LeapDaysOverACenturyWithoutOne", "0 0 29 2 *", "2103-01-15T17:00:00Z", "2096-02-29T00:00:00Z"},
        LastRow{"CapitalsAreAsGoodInNames", "0 0 1 APR *", "2026-01-15T17:00:00Z", "2025-04-01T00:00:00Z"},
        // A star with a step leaves the day of the week unrestricted in name: the 29th has to be a Sunday.
        LastRow{"NineLeapYearsBackIsSeen", "0 0 29 2 */7", "2013-03-07T12:00:00Z", "2004-02-29T00:00:00Z"},
        LastRow{"ADayMoreIsNot", "0 0 29 2 */7", "2013-03-08T12:00:00Z", ""},
        LastRow{"ADayThatNeverComes", "0 0 31 2 *", "2026-01-15T17:00:00Z", ""}),
    [](const auto& row) { return row.param.name; });

class BadCron : public testing::TestWithParam<const char*> {};
TEST_P(BadCron, IsRefused) {
  EXPECT_FALSE(Cron::parse(GetParam()).has_value());
}
INSTANTIATE_TEST_SUITE_P(Texts,
                         BadCron,
                         testing::Values("",
                                         "* * * *",
                                         "* * * * * *",
                                         "60 * * * *",
                                         "* 24 * * *",
                                         "* * 0 * *",
                                         "* * 32 * *",
                                         "* * * 0 *",
                                         "* * * 13 *",
                                         "* * * * 8",
                                         "5-1 * * * *",
                                         "*/0 * * * *",
                                         "a * * * *",
                                         "1,,2 * * * *",
                                         "1, * * * *",
                                         "- * * * *",
                                         "* * * MONDAY *",
                                         "1-2-3 * * * *",
                                         "-1 * * * *",
                                         "+1 * * * *"));

/// 2026 in Berlin and New York as POSIX writes them; the files' format is the business of base.
class Schedules : public testing::Test {
 protected:
  Schedules() {
    scaling.min_replicas = 2;
    scaling.max_replicas = 20;
  }
  api::Schedule& add(const std::string& start, const std::string& end) {
    auto& schedule = scaling.schedules.emplace_back();
    schedule.name = "s" + std::to_string(scaling.schedules.size());
    schedule.start = start;
    schedule.end = end;
    return schedule;
  }
  Limits at(const std::string& now) {
    steps.clear();
    warnings.clear();
    return scheduled_limits(scaling, nullptr, time_of(now), steps, warnings);
  }
  api::Scaling scaling;
  std::vector<api::Step> steps;
  std::vector<std::string> warnings;
};

TEST_F(Schedules, AreWindowsFromStartToEnd) {
  auto& day = add("0 8 * * MON-FRI", "0 18 * * MON-FRI");
  day.min_replicas = 10;
  EXPECT_EQ(at("2026-01-15T07:59:59Z").min, 2);
  EXPECT_EQ(at("2026-01-15T08:00:00Z").min, 10);
  EXPECT_EQ(at("2026-01-15T17:59:59Z").min, 10);
  EXPECT_EQ(at("2026-01-15T18:00:00Z").min, 2);
  EXPECT_EQ(at("2026-01-17T12:00:00Z").min, 2) << "a Saturday";
  EXPECT_EQ(at("2026-01-15T12:00:00Z").max, 20) << "a bound that it does not name stays";
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].step, "Schedule");
}

TEST_F(Schedules, StartAtTheirSecondAndNotAFractionBefore) {
  add("0 8 * * *", "0 18 * * *").min_replicas = 10;
  EXPECT_EQ(at("2026-01-15T07:59:59.999Z").min, 2);
  EXPECT_EQ(at("2026-01-15T17:59:59.999Z").min, 10);
}

TEST_F(Schedules, AStartThatNeverComesIsNeverOn) {
  add("0 0 31 2 *", "0 18 * * *").min_replicas = 10;
  EXPECT_EQ(at("2026-01-15T12:00:00Z").min, 2);
  EXPECT_TRUE(steps.empty());
  EXPECT_TRUE(warnings.empty()) << "it can be read, and says that it is off";
}

TEST_F(Schedules, OverMidnightAndOverYearsAreOneWindow) {
  add("0 22 * * *", "0 6 * * *").max_replicas = 5;
  EXPECT_EQ(at("2026-01-15T23:00:00Z").max, 5);
  EXPECT_EQ(at("2026-01-15T05:59:00Z").max, 5);
  EXPECT_EQ(at("2026-01-15T06:00:00Z").max, 20);
}

TEST_F(Schedules, AStartAndEndAtOneMomentIsOff) {
  add("0 8 * * *", "0 8 * * *").min_replicas = 5;
  EXPECT_EQ(at("2026-01-15T08:00:00Z").min, 2);
  EXPECT_EQ(at("2026-01-15T12:00:00Z").min, 2);
}

TEST_F(Schedules, AnEndThatNeverCameLeavesItOn) {
  add("0 8 * * *", "0 0 31 2 *").min_replicas = 5;
  EXPECT_EQ(at("2026-01-15T08:00:00Z").min, 5);
}

TEST_F(Schedules, OfSeveralTheHighestMinimumAndTheLowestMaximumThatIsNotBelowItHold) {
  add("0 0 * * *", "0 0 31 2 *").min_replicas = 5;
  add("0 0 * * *", "0 0 31 2 *").min_replicas = 7;
  auto& low = add("0 0 * * *", "0 0 31 2 *");
  low.min_replicas = 1;
  low.max_replicas = 6;
  add("0 0 * * *", "0 0 31 2 *").max_replicas = 9;
  add("0 0 * * *", "0 0 31 2 *").max_replicas = 12;
  const auto limits = at("2026-01-15T12:00:00Z");
  EXPECT_EQ(limits.min, 7);
  EXPECT_EQ(limits.max, 9);
}

TEST_F(Schedules, AMaximumEqualToTheMinimumFits) {
  auto& fixed = add("0 0 * * *", "0 0 31 2 *");
  fixed.min_replicas = 7;
  fixed.max_replicas = 7;
  add("0 0 * * *", "0 0 31 2 *").max_replicas = 9;
  const auto limits = at("2026-01-15T12:00:00Z");
  EXPECT_EQ(limits.min, 7);
  EXPECT_EQ(limits.max, 7);
}

TEST_F(Schedules, AMinimumMayBeLowerThanTheUsualOne) {
  add("0 0 * * *", "0 0 31 2 *").min_replicas = 1;
  EXPECT_EQ(at("2026-01-15T12:00:00Z").min, 1);
}

TEST_F(Schedules, NeverGiveAMinimumAboveTheMaximum) {
  add("0 0 * * *", "0 0 31 2 *").min_replicas = 50;
  EXPECT_EQ(at("2026-01-15T12:00:00Z").min, 20);
}

TEST_F(Schedules, WhatCannotBeReadIsLeftOutWithAWarning) {
  add("nonsense", "0 6 * * *").min_replicas = 10;
  add("0 0 * * *", "0 0 31 2 *").time_zone = "Mars/Olympus";
  EXPECT_EQ(at("2026-01-15T12:00:00Z").min, 2);
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_NE(warnings[1].find("Mars/Olympus"), std::string::npos);
}

/// A zone whose clock goes forward at 02:00 on 29 March 2026 and back at 03:00 on 25 October.
TimeZone berlin() {
  std::string bytes;
  const auto zeros = [](std::size_t count) { return std::string(count, '\0'); };
  for (int block = 0; block < 2; ++block) {
    bytes += "TZif2" + zeros(15) + zeros(16) + zeros(3) + '\1' + zeros(3) + '\4' + zeros(6) + "CET" + '\0';
  }
  const auto zone = TimeZone::parse(bytes + "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
  EXPECT_TRUE(zone.has_value());
  return zone.value_or(TimeZone{});
}

TEST(SchedulesInZones, AStartInsideAGapCountsAtItsEnd) {
  TimeZones zones;
  zones.add("Europe/Berlin", berlin());
  api::Scaling scaling;
  scaling.max_replicas = 20;
  auto& schedule = scaling.schedules.emplace_back();
  schedule.start = "30 2 * * *";
  schedule.end = "0 12 * * *";
  schedule.time_zone = "Europe/Berlin";
  schedule.min_replicas = 5;
  const auto min_at = [&](const std::string& now) {
    std::vector<api::Step> steps;
    std::vector<std::string> warnings;
    return scheduled_limits(scaling, &zones, time_of(now), steps, warnings).min;
  };
  EXPECT_EQ(min_at("2026-03-29T00:59:59Z"), 1);
  EXPECT_EQ(min_at("2026-03-29T01:00:00Z"), 5) << "03:00 local, which is the end of the gap";
  EXPECT_EQ(min_at("2026-10-25T00:29:59Z"), 1);
  EXPECT_EQ(min_at("2026-10-25T00:30:00Z"), 5) << "02:30 local for the first time";
  schedule.end = "45 2 * * *";
  EXPECT_EQ(min_at("2026-10-25T00:44:59Z"), 5);
  EXPECT_EQ(min_at("2026-10-25T00:45:00Z"), 1);
  EXPECT_EQ(min_at("2026-10-25T01:35:00Z"), 1) << "02:35 for the second time starts nothing";
}

}  // namespace
}  // namespace evenkeel::scaling
