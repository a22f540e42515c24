#include "evenkeel/base/json_writer.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace evenkeel {
namespace {

TEST(JsonWriter, SetsCommasBetweenMembersAndItems) {
  JsonWriter out;
  out.open('{');
  out.key("a");
  out.open('[');
  out.whole(1);
  out.open('[');
  out.close(']');
  out.null();
  out.close(']');
  out.key("b");
  out.flag(true);
  out.key("c");
  out.raw("{}");
  out.close('}');
  EXPECT_EQ(std::move(out).take(), R"({"a":[1,[],null],"b":true,"c":{}})");
}

TEST(JsonWriter, EscapesOnlyWhatJsonDemands) {
  JsonWriter out;
  out.open('[');
  out.text("a\"b\\c\n\x1f/ü ~\x7f");
  out.text("");
  out.text("\"");
  out.close(']');
  EXPECT_EQ(std::move(out).take(), "[\"a\\\"b\\\\c\\u000a\\u001f/ü ~\x7f\",\"\",\"\\\"\"]");
}

TEST(JsonWriter, WritesNumbersThatReadBackTheSame) {
  JsonWriter out;
  out.open('[');
  for (const double value : {0.1, 1.0, -0.0, 1e22, 5e-324, 33.333333333333336, HUGE_VAL, std::nan("")}) {
    out.number(value);
  }
  out.whole(std::numeric_limits<std::int64_t>::min());
  out.close(']');
  EXPECT_EQ(std::move(out).take(),
            "[0.1,1.0,-0.0,1e+22,5e-324,33.333333333333336,null,null,-9223372036854775808]");
}

}  // namespace
}  // namespace evenkeel
