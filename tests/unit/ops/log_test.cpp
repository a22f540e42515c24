#include "evenkeel/ops/log.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "manual_clock.hpp"

namespace evenkeel::ops {
namespace {

std::string line(std::string_view message, Logger::Fields fields) {
  return format_line(WallTime{std::chrono::seconds{0}}, Level::Info, message, fields);
}

TEST(FormatLine, IsOneJsonObject) {
  EXPECT_EQ(line("written", {{"name", "shop"}, {"replicas", std::int64_t{3}}, {"share", 0.5}, {"ok", true}}),
            R"({"time":"1970-01-01T00:00:00.000000Z","level":"info","message":"written",)"
            R"("name":"shop","replicas":3,"share":0.5,"ok":true})");
}

TEST(FormatLine, NothingInAValueCanForgeALineOrDriveATerminal) {
  const std::string text = line("m",
                                {{"k",
                                  "a\n{\"level\":\"error\"}\x1b[2J\x7f\xc2\x9b"
                                  "1m\\"}});
  EXPECT_EQ(text,
            R"({"time":"1970-01-01T00:00:00.000000Z","level":"info","message":"m",)"
            R"("k":"a\n{\"level\":\"error\"}\u001b[2J\u007f\u009b1m\\"})");
}

TEST(FormatLine, KeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_NE(line("m", {{"k", "\xc3\xa4"}}).find("\"\xc3\xa4\""), std::string::npos);
  EXPECT_NE(line("m",
                 {{"k",
                   "a\xff"
                   "b\xc3"}})
                .find(R"("a\ufffdb\ufffd")"),
            std::string::npos);
}

TEST(FormatLine, WhatIsNotFiniteIsText) {
  EXPECT_NE(line("m", {{"k", std::numeric_limits<double>::infinity()}}).find(R"("k":"+Inf")"),
            std::string::npos);
}

TEST(Logger, DropsWhatIsBelowItsLevel) {
  const testing::ManualClock clock;
  std::vector<std::string> lines;
  const Logger log{Level::Warning, clock, [&](std::string_view text) { lines.emplace_back(text); }};
  log.info("quiet");
  log.warning("loud");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("\"level\":\"warn\""), std::string::npos);
}

TEST(ParseLevel, KnowsItsOwnWords) {
  for (const Level level : {Level::Debug, Level::Info, Level::Warning, Level::Error}) {
    EXPECT_EQ(parse_level(to_string(level)), level);
  }
  EXPECT_FALSE(parse_level("loud"));
}

}  // namespace
}  // namespace evenkeel::ops
