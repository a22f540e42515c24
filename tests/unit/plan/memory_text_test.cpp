#include "memory_text.hpp"

#include <chrono>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

namespace evenkeel::plan {
namespace {

using testing_support::at;

/// What `read` makes of `json` with a reader at 1000 of a text that was written at 900.
template <class Read>
auto read_back(const std::string& json, Read read, bool& failed) {
  simdjson::dom::parser parser;
  MemoryReader reader{at(900), at(1000)};
  auto result = read(reader, parser.parse(json).value());
  failed = reader.failed();
  return result;
}

TEST(MemoryReader, CountsAreWholeAndFitThirtyTwoBits) {
  bool failed = false;
  const auto count = [](MemoryReader& reader, auto value) { return reader.count(value); };
  const auto small = [](MemoryReader& reader, auto value) { return reader.small(value); };
  EXPECT_EQ(read_back("0", count, failed), 0);
  EXPECT_FALSE(failed);
  EXPECT_EQ(read_back("2147483647", count, failed), 2147483647);
  EXPECT_FALSE(failed);
  for (const char* wrong : {"-1", "2147483648", "1.5", "\"1\""}) {
    EXPECT_EQ(read_back(wrong, count, failed), 0);
    EXPECT_TRUE(failed) << wrong;
  }
  EXPECT_EQ(read_back("-2147483648", small, failed), std::numeric_limits<std::int32_t>::min());
  EXPECT_FALSE(failed);
  EXPECT_EQ(read_back("2147483647", small, failed), 2147483647);
  EXPECT_FALSE(failed);
  for (const char* wrong : {"-2147483649", "2147483648"}) {
    EXPECT_EQ(read_back(wrong, small, failed), 0);
    EXPECT_TRUE(failed) << wrong;
  }
}

TEST(MemoryReader, MomentsCountBackFromTheWriting) {
  bool failed = false;
  const auto time = [](MemoryReader& reader, auto value) { return reader.time(value); };
  EXPECT_EQ(read_back("0", time, failed), at(900));
  EXPECT_EQ(read_back("100.25", time, failed), at(800) - std::chrono::milliseconds{250});
  EXPECT_FALSE(failed);
  EXPECT_EQ(read_back("1e300", time, failed), at(900) - std::chrono::nanoseconds{9'000'000'000'000'000});
  EXPECT_FALSE(failed) << "longer ago is as good as never";
  (void)read_back("-0.5", time, failed);
  EXPECT_TRUE(failed) << "a moment after the writing";
}

TEST(MemoryReader, MomentsAreExactToTheNanosecond) {
  bool failed = false;
  const auto time = [](MemoryReader& reader, auto value) { return reader.time(value); };
  // Both are a little less as doubles, times a billion.
  EXPECT_EQ(read_back("0.001000001", time, failed), at(900) - std::chrono::nanoseconds{1'000'001});
  EXPECT_EQ(read_back("8.2", time, failed), at(900) - std::chrono::milliseconds{8'200});
}

class MemoryWriterReals : public testing::TestWithParam<double> {};

TEST_P(MemoryWriterReals, ReadBackAsTheyWere) {
  MemoryWriter writer{at(0), 1};
  writer.open('[').real(GetParam()).real(-GetParam()).close(']');
  const auto text = writer.take();
  simdjson::dom::parser parser;
  const simdjson::dom::array items = parser.parse(text).value();
  EXPECT_EQ(items.at(0).get<double>().value(), GetParam()) << text;
  EXPECT_EQ(items.at(1).get<double>().value(), -GetParam()) << text;
}

INSTANTIATE_TEST_SUITE_P(Values,
                         MemoryWriterReals,
                         testing::Values(0.0,
                                         1.0,
                                         0.1,
                                         100.0 / 3,
                                         12345.0,
                                         999'999'999'999'999.0,
                                         1e15,
                                         1e15 + 0.5,
                                         1e300,
                                         std::numeric_limits<double>::denorm_min(),
                                         std::numeric_limits<double>::max()));

TEST(MemoryWriter, WhatIsNoNumberIsNothing) {
  MemoryWriter writer{at(0), 64};
  writer.open('[').real(std::numeric_limits<double>::quiet_NaN());
  writer.real(std::numeric_limits<double>::infinity()).close(']');
  EXPECT_EQ(writer.take(), "[0,0]");
}

TEST(MemoryWriter, NumbersAreAsShortAsTheyCanBe) {
  MemoryWriter writer{at(0), 64};
  writer.open('[').real(3).real(-0.5).real(1e15).real(1e20).close(']');
  EXPECT_EQ(writer.take(), "[3,-0.5,1e+15,1e+20]");
}

TEST(MemoryWriter, NamesOfOthersAreEscapedAndGrowBeyondWhatWasExpected) {
  MemoryWriter writer{at(0), 1};
  const std::string strange = "a\"b\\c\n~ \x7f\x80" + std::string(300, 'x');
  writer.open('{').name(strange).number(-5).key("k").text("").close('}');
  EXPECT_EQ(writer.take(),
            "{\"a\\\"b\\\\c\\u000a~ \\u007f\\u0080" + std::string(300, 'x') + "\":-5,\"k\":\"\"}");
}

}  // namespace
}  // namespace evenkeel::plan
