#include "evenkeel/base/time_format.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace evenkeel {
namespace {

TEST(ParseRfc3339, ReadsWhatItPrints) {
  for (const char* text : {"2026-01-01T00:00:00Z",
                           "2026-11-21T23:59:59.123Z",
                           "1999-02-28T12:00:00.000001Z",
                           "2024-02-29T00:00:00.123456789Z",
                           "1969-12-31T23:59:59.500Z"}) {
    const auto time = parse_rfc3339(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_EQ(format_rfc3339(*time), text);
  }
}

TEST(ParseRfc3339, AppliesTheOffset) {
  const auto time = parse_rfc3339("2026-01-01T01:30:00+01:30");
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(format_rfc3339(*time), "2026-01-01T00:00:00Z");
}

TEST(ParseRfc3339, ReadsEveryFormThatTheStandardAllows) {
  const std::vector<std::pair<std::string, std::string>> same{
      {"2026-01-01T00:00:00.5+01:00", "2025-12-31T23:00:00.500Z"},
      {"2026-01-01T00:00:00-23:59", "2026-01-01T23:59:00Z"},
      {"2026-01-01T23:59:00+23:59", "2026-01-01T00:00:00Z"},
      {"2026-01-01t00:00:00z", "2026-01-01T00:00:00Z"},
      {"2026-01-01 09:19:29Z", "2026-01-01T09:19:29Z"},
      {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
      {"1678-01-01T00:00:00Z", "1678-01-01T00:00:00Z"},
      {"2261-12-31T23:59:59.999999999Z", "2261-12-31T23:59:59.999999999Z"}};
  for (const auto& [text, utc] : same) {
    const auto time = parse_rfc3339(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_EQ(format_rfc3339(*time), utc) << text;
  }
}

TEST(ParseRfc3339, RefusesWhatIsNoTime) {
  for (const char* text : {"",
                           "2026-01-01T00:00:00.5",
                           "2026-01-1/T00:00:00Z",
                           "2026-01-0:T00:00:00Z",
                           "2026-01-01T00:00:61Z",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00+00:60",
                           "2026-01-01T00:00:00+0100",
                           "2026-01-01T00:00:00+01:0",
                           "2026-01-01T00:00:00*01:00",
                           "1677-12-31T23:59:59Z",
                           "2262-01-01T00:00:00Z",
                           "2026-01-01",
                           "2026-13-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:00",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00.1234567890Z",
                           "2026-01-01T00:00:00+1:00",
                           "2026-01-01T00:00:00Zx",
                           "1500-01-01T00:00:00Z",
                           "9999-01-01T00:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
  }
}

TEST(FormatRfc3339, HasTheFormsOfTheApi) {
  const auto time = parse_rfc3339("2026-01-01T00:00:01.987654321Z");
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(format_rfc3339_seconds(*time), "2026-01-01T00:00:01Z");
  EXPECT_EQ(format_rfc3339_micros(*time), "2026-01-01T00:00:01.987654Z");
}

}  // namespace
}  // namespace evenkeel
