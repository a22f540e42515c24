#include "evenkeel/base/time_zones.hpp"

#include <cstdint>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "posix_tz.hpp"

namespace evenkeel {
namespace {

using namespace std::chrono;  // NOLINT(google-build-using-namespace): dates are hardly readable without

void append(std::string& bytes, std::int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
}

struct Change {
  std::int64_t at;
  int kind;
};

/// A file of version 2 as zic writes it, with an empty first block.
std::string zone_file(const std::vector<int>& offsets,
                      const std::vector<Change>& changes,
                      const std::string& rule) {
  std::string bytes;
  for (int block = 0; block < 2; ++block) {
    bytes += "TZif2" + std::string(15, '\0');
    const auto times = block == 0 ? 0 : changes.size();
    const auto types = block == 0 ? 1 : offsets.size();
    for (const std::size_t count :
         {std::size_t{0}, std::size_t{0}, std::size_t{0}, times, types, std::size_t{4}}) {
      append(bytes, static_cast<std::int64_t>(count), 4);
    }
    if (block == 1) {
      for (const auto& change : changes) append(bytes, change.at, 8);
      for (const auto& change : changes) append(bytes, change.kind, 1);
    }
    for (std::size_t i = 0; i < types; ++i) {
      append(bytes, block == 0 ? 0 : offsets[i], 4);
      append(bytes, 0, 2);
    }
    bytes += std::string("ABC\0", 4);
  }
  return bytes + "\n" + rule + "\n";
}

TimeZone zone_of(const std::string& rule) {
  auto zone = TimeZone::parse(zone_file({0}, {}, rule));
  EXPECT_TRUE(zone.has_value()) << rule;
  return zone.value_or(TimeZone{});
}

const char* const kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";

TEST(TimeZone, TheClosingRuleGoesOnForEver) {
  const auto berlin = zone_of(kBerlin);
  EXPECT_EQ(berlin.offset_at(sys_days{2026y / 1 / 1}), 1h);
  EXPECT_EQ(berlin.offset_at(sys_days{2026y / 7 / 1}), 2h);
  EXPECT_EQ(berlin.offset_at(sys_days{2026y / 3 / 29} + 1h - 1s), 1h);
  EXPECT_EQ(berlin.offset_at(sys_days{2026y / 3 / 29} + 1h), 2h);
  EXPECT_EQ(berlin.offset_at(sys_days{2261y / 7 / 1}), 2h);
}

TEST(TimeZone, AZoneOfARuleAloneBeginsIn1970) {
  const auto berlin = zone_of(kBerlin);
  EXPECT_EQ(berlin.offset_at(sys_days{1969y / 7 / 1}), 0h) << "nothing is known of before";
  EXPECT_EQ(berlin.offset_at(sys_days{1970y / 7 / 1}), 2h);
}

TEST(TimeZone, TheClosingRuleBeginsInTheYearOfTheLastChange) {
  // Summer from the evening of the 31st of December on; the file ends at noon of that day.
  const UtcTime noon = sys_days{2025y / 12 / 31} + 12h;
  const auto change = noon.time_since_epoch().count();
  const auto zone = TimeZone::parse(zone_file({0, 60}, {{change, 0}}, "ABC0DEF,J365/23,J100"));
  ASSERT_TRUE(zone.has_value());
  EXPECT_EQ(zone->offset_at(sys_days{2025y / 12 / 31} + 23h - 1s), 0h);
  EXPECT_EQ(zone->offset_at(sys_days{2025y / 12 / 31} + 23h), 1h);
}

TEST(TimeZone, TheClosingRuleHoldsInTheLastYearThatAClockCanShow) {
  EXPECT_EQ(zone_of(kBerlin).offset_at(sys_days{2262y / 4 / 11}), 2h);
}

TEST(TimeZone, TheTableCountsUpToItsLastChange) {
  const auto at = [](const UtcTime& time) { return time.time_since_epoch().count(); };
  // Winter time all the year, and no summer time that begins or ends with the last change either.
  for (const UtcTime last :
       {UtcTime{sys_days{2026y / 3 / 29} + 1h}, UtcTime{sys_days{2026y / 10 / 25} + 1h}}) {
    const auto zone = TimeZone::parse(
        zone_file({0, 3600, 5 * 3600}, {{at(sys_days{2000y / 1 / 1}), 1}, {at(last), 2}}, kBerlin));
    ASSERT_TRUE(zone.has_value());
    EXPECT_EQ(zone->offset_at(sys_days{1999y / 7 / 1}), 0h);
    EXPECT_EQ(zone->offset_at(sys_days{2010y / 7 / 1}), 1h);
    EXPECT_EQ(zone->offset_at(last - 1s), 1h);
    EXPECT_EQ(zone->offset_at(last), 5h);
    EXPECT_EQ(zone->offset_at(sys_days{2027y / 7 / 1}), 2h) << "from then on the rule counts";
  }
}

TEST(TimeZone, WithoutAClosingRuleTheLastOffsetStays) {
  const auto zone = TimeZone::parse(zone_file({0, 7200}, {{0, 1}}, ""));
  ASSERT_TRUE(zone.has_value());
  EXPECT_EQ(zone->offset_at(sys_days{2026y / 1 / 1}), 2h);
  EXPECT_EQ(zone->to_utc(local_days{2026y / 1 / 1}), sys_days{2025y / 12 / 31} + 22h);
}

TEST(TimeZone, OfUtcIsTheLocalTimeItself) {
  EXPECT_EQ(TimeZone{}.to_utc(local_days{2026y / 1 / 1}), sys_days{2026y / 1 / 1});
  EXPECT_EQ(TimeZone{}.to_local(sys_days{2026y / 1 / 1}), local_days{2026y / 1 / 1});
}

TEST(TimeZone, AGapIsItsEndAndOfAnOverlapTheFirstCounts) {
  const auto berlin = zone_of(kBerlin);
  const auto spring = 2026y / 3 / 29;
  EXPECT_EQ(berlin.to_utc(local_days{spring} + 1h + 59min), sys_days{spring} + 59min);
  EXPECT_EQ(berlin.to_utc(local_days{spring} + 2h), sys_days{spring} + 1h);
  EXPECT_EQ(berlin.to_utc(local_days{spring} + 2h + 59min), sys_days{spring} + 1h);
  EXPECT_EQ(berlin.to_utc(local_days{spring} + 3h), sys_days{spring} + 1h);
  const auto autumn = 2026y / 10 / 25;
  EXPECT_EQ(berlin.to_utc(local_days{autumn} + 2h), sys_days{autumn});
  EXPECT_EQ(berlin.to_utc(local_days{autumn} + 2h + 59min), sys_days{autumn} + 59min);
  EXPECT_EQ(berlin.to_utc(local_days{autumn} + 3h), sys_days{autumn} + 2h);
}

TEST(TimeZone, EveryLocalTimeThatExistsComesBack) {
  for (const char* rule : {kBerlin,
                           "EST5EDT,M3.2.0,M11.1.0",
                           "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                           "IST-1GMT0,M10.5.0,M3.5.0/1",
                           "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"}) {
    const auto zone = zone_of(rule);
    for (auto time = UtcTime{sys_days{2026y / 1 / 1}}; time < sys_days{2027y / 1 / 1}; time += 17min) {
      const auto back = zone.to_utc(zone.to_local(time));
      ASSERT_LE(back, time) << rule;
      ASSERT_GE(back, time - 1h) << rule;
      ASSERT_EQ(zone.to_local(back), zone.to_local(time)) << rule;
    }
  }
}

TEST(TimeZone, ADayThatWasLeftOutIsOneGap) {
  // Samoa went from -10 to +14 at the end of 2011.
  const auto at = sys_days{2011y / 12 / 30} + 10h;
  const auto zone =
      TimeZone::parse(zone_file({-36'000, 50'400}, {{at.time_since_epoch() / 1s, 1}}, "<+13>-13"));
  ASSERT_TRUE(zone.has_value());
  EXPECT_EQ(zone->to_utc(local_days{2011y / 12 / 30} + 12h), at);
  EXPECT_EQ(zone->to_utc(local_days{2011y / 12 / 29} + 12h), sys_days{2011y / 12 / 29} + 22h);
}

TEST(TimeZone, WhatIsNoZoneFileIsRefused) {
  EXPECT_FALSE(TimeZone::parse("").has_value());
  EXPECT_FALSE(TimeZone::parse("# tzdb timezone descriptions").has_value());
  const auto good = zone_file({3600, 7200}, {{0, 1}, {100, 0}}, kBerlin);
  ASSERT_TRUE(TimeZone::parse(good).has_value());
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(TimeZone::parse(good.substr(0, length)).has_value()) << length;
  }
  auto unseparated = zone_file({0}, {}, "UTC0");
  unseparated[unseparated.size() - 6] = ' ';
  EXPECT_FALSE(TimeZone::parse(unseparated).has_value()) << "the closing rule stands on a line of its own";
  EXPECT_FALSE(TimeZone::parse(zone_file({0}, {{0, 7}}, "UTC0")).has_value()) << "a kind that is not there";
  EXPECT_FALSE(TimeZone::parse(zone_file({0}, {{0, 1}}, "UTC0")).has_value()) << "a kind just not there";
  EXPECT_FALSE(TimeZone::parse(zone_file({0}, {{9, 0}, {3, 0}}, "UTC0")).has_value()) << "out of order";
  EXPECT_FALSE(TimeZone::parse(zone_file({0}, {{9, 0}, {9, 0}}, "UTC0")).has_value()) << "the same moment";
  EXPECT_FALSE(TimeZone::parse(zone_file({}, {}, "UTC0")).has_value()) << "no offset at all";
}

/// The head of a block with one kind of offset and so many letters.
std::string block_head(std::int64_t types, std::int64_t letters) {
  std::string bytes = "TZif2" + std::string(15 + 4 * 4, '\0');
  append(bytes, types, 4);
  append(bytes, letters, 4);
  return bytes;
}

TEST(TimeZone, CountsAreWithinReasonAndWithinTheFile) {
  const auto with_letters = [](std::int64_t claimed, std::size_t held) {
    return TimeZone::parse(block_head(1, 0) + std::string(6, '\0') + block_head(1, claimed) +
                           std::string(6, '\0') + std::string(held, 'A') + "\nUTC0\n");
  };
  EXPECT_TRUE(with_letters(4, 4).has_value());
  EXPECT_TRUE(with_letters(100'000, 100'000).has_value());
  EXPECT_FALSE(with_letters(100'001, 100'001).has_value());
  EXPECT_FALSE(with_letters(1'000, 0).has_value()) << "a closing rule where letters should stand";
  const auto negative = block_head(-1, 6) + block_head(1, 0) + std::string(6, '\0') + "\nUTC0\n";
  EXPECT_FALSE(TimeZone::parse(negative).has_value()) << "counts that add up to nothing";
}

TEST(TimeZone, NoZoneIsMoreThanADayFromUtc) {
  const int hour = 3600;
  EXPECT_TRUE(TimeZone::parse(zone_file({26 * hour - 1}, {}, "UTC0")).has_value());
  EXPECT_FALSE(TimeZone::parse(zone_file({26 * hour}, {}, "UTC0")).has_value());
  EXPECT_TRUE(TimeZone::parse(zone_file({1 - 26 * hour}, {}, "UTC0")).has_value());
  EXPECT_FALSE(TimeZone::parse(zone_file({-26 * hour}, {}, "UTC0")).has_value());
  EXPECT_FALSE(TimeZone::parse(zone_file({0, 26 * hour}, {}, "UTC0")).has_value());
  EXPECT_FALSE(TimeZone::parse(zone_file({0, -26 * hour}, {}, "UTC0")).has_value());
  EXPECT_TRUE(parse_posix_rule("ABC-24").has_value());
  EXPECT_FALSE(parse_posix_rule("ABC-25").has_value());
  EXPECT_FALSE(parse_posix_rule("ABC0DEF25,M3.5.0,M10.5.0").has_value());
  EXPECT_TRUE(parse_posix_rule("ABC0DEF,M3.5.0/167,M10.5.0/-167").has_value());
  EXPECT_FALSE(parse_posix_rule("ABC0DEF,M3.5.0/168,M10.5.0").has_value());
}

TEST(TimeZone, NoBytesDoHarm) {
  const auto good = zone_file({3600, 7200}, {{0, 1}, {100, 0}}, kBerlin);
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char byte : {'\0', '\x7f', '\xff', ','}) {
      auto bad = good;
      bad[i] = byte;
      const auto zone = TimeZone::parse(bad);
      if (zone) (void)zone->to_utc(zone->to_local(sys_days{2026y / 1 / 1}));
    }
  }
}

TEST(TimeZones, OfTheSystemAreAllRead) {
  std::ifstream in{"/usr/share/zoneinfo/America/New_York", std::ios::binary};
  if (!in) GTEST_SKIP() << "no tz database here";
  const auto zone = TimeZone::parse(std::string{std::istreambuf_iterator<char>{in}, {}});
  ASSERT_TRUE(zone.has_value());
  EXPECT_EQ(zone->offset_at(sys_days{2026y / 1 / 1}), -5h);
  EXPECT_EQ(zone->offset_at(sys_days{2026y / 7 / 1}), -4h);
  EXPECT_EQ(zone->offset_at(sys_days{2060y / 7 / 1}), -4h);
  EXPECT_EQ(zone->offset_at(sys_days{1943y / 1 / 1}), -4h) << "war time";
}

TEST(TimeZones, UtcIsAlwaysThere) {
  TimeZones zones;
  ASSERT_NE(zones.find("UTC"), nullptr);
  EXPECT_EQ(zones.find("UTC")->offset_at(sys_days{2026y / 1 / 1}), 0s);
  EXPECT_EQ(zones.find("Europe/Berlin"), nullptr);
  zones.add("Europe/Berlin", zone_of(kBerlin));
  EXPECT_NE(zones.find("Europe/Berlin"), nullptr);
}

TEST(YearlyMoment, IsADayOfTheYearWithOrWithoutItsLeapDay) {
  const auto start_in = [](const std::string& day, year in) {
    const auto rule = parse_posix_rule("ABC0DEF," + day + ",J365");
    EXPECT_TRUE(rule && rule->summer) << day;
    return rule->summer->start.in(in);
  };
  const auto two = 2h;  // What a moment has that does not name its time.
  EXPECT_EQ(start_in("J59", 2028y), local_days{2028y / 2 / 28} + two);
  EXPECT_EQ(start_in("J60", 2028y), local_days{2028y / 3 / 1} + two);
  EXPECT_EQ(start_in("J60", 2026y), local_days{2026y / 3 / 1} + two);
  EXPECT_EQ(start_in("0/0", 2028y), local_days{2028y / 1 / 1});
  EXPECT_EQ(start_in("59", 2028y), local_days{2028y / 2 / 29} + two);
  EXPECT_EQ(start_in("365", 2028y), local_days{2028y / 12 / 31} + two);
}

TEST(PosixRule, NamesConsistOfLettersOfEitherCase) {
  for (const char* text : {"AZM-9", "azm-9", "AzmZa-9"}) {
    const auto rule = parse_posix_rule(text);
    ASSERT_TRUE(rule.has_value()) << text;
    EXPECT_EQ(rule->standard, 9h) << text;
  }
}

class BadRule : public testing::TestWithParam<const char*> {};
TEST_P(BadRule, IsRefused) {
  EXPECT_FALSE(parse_posix_rule(GetParam()).has_value());
}
INSTANTIATE_TEST_SUITE_P(Texts,
                         BadRule,
                         testing::Values("",
                                         "C1",
                                         "CET",
                                         "CET-1CEST,",
                                         "CET-1CEST,M3.5.0",
                                         "CET-1CEST,M13.5.0,M1.1.0",
                                         "CET-1CEST,M3.0.0,M10.5.0",
                                         "CET-1CEST,M0.1.0,M10.5.0",
                                         "CET-1CEST,M3.5.0,M10.5.0/",
                                         "<+03",
                                         "CET-999",
                                         "CET-00001",
                                         "CET-1CEST,J0,J365",
                                         "CET-1CEST,M3.5.0,M10.5.0x"));

}  // namespace
}  // namespace evenkeel
