#include "decode.hpp"

#include <cmath>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evenkeel::signals {
namespace {

using ::testing::HasSubstr;

std::string vector_of(const std::string& items) {
  return R"({"status":"success","data":{"resultType":"vector","result":[)" + items + "]}}";
}

TEST(DecodeAnswer, ReadsSeriesWithTheirLabels) {
  const auto result = decode_answer(
      200,
      vector_of(R"({"metric":{"__name__":"up","namespace":"store"},"value":[1700000000.5,"12.5"]},)"
                R"({"metric":{},"value":[1700000000.5,"1e+06"]})"),
      10);
  ASSERT_FALSE(result.error);
  ASSERT_EQ(result.series.size(), 2U);
  EXPECT_EQ(result.series[0].labels, (Labels{{"namespace", "store"}}));
  EXPECT_EQ(result.series[0].value, 12.5);
  EXPECT_EQ(result.series[1].value, 1e6);
}

TEST(DecodeAnswer, KeepsWhatIsNotFinite) {
  const auto result = decode_answer(200,
                                    vector_of(R"({"metric":{"a":"1"},"value":[1,"NaN"]},)"
                                              R"({"metric":{"a":"2"},"value":[1,"+Inf"]},)"
                                              R"({"metric":{"a":"3"},"value":[1,"-Inf"]})"),
                                    10);
  ASSERT_EQ(result.series.size(), 3U);
  EXPECT_TRUE(std::isnan(result.series[0].value));
  EXPECT_TRUE(std::isinf(result.series[1].value) && result.series[1].value > 0);
  EXPECT_TRUE(std::isinf(result.series[2].value) && result.series[2].value < 0);
}

TEST(DecodeAnswer, ReadsAScalarAsOneSeriesWithoutLabels) {
  const auto result =
      decode_answer(200, R"({"status":"success","data":{"resultType":"scalar","result":[1,"7"]}})", 10);
  ASSERT_EQ(result.series.size(), 1U);
  EXPECT_TRUE(result.series[0].labels.empty());
  EXPECT_EQ(result.series[0].value, 7);
}

TEST(DecodeAnswer, AWarningComesWithItsResult) {
  const std::string answer =
      R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"7"]}]},)";
  const auto one = decode_answer(200, answer + R"("warnings":["a store is away"]})", 10);
  EXPECT_FALSE(one.error);
  EXPECT_EQ(one.series.size(), 1U);
  EXPECT_EQ(one.warning, "a store is away");
  const auto more = decode_answer(200, answer + R"("warnings":["first","second","third"]})", 10);
  EXPECT_EQ(more.warning, "first (and 2 more)");
  const auto none = decode_answer(200, answer + R"("warnings":[]})", 10);
  EXPECT_EQ(none.warning, "");
}

TEST(DecodeAnswer, AdviceIsNeitherErrorNorWarning) {
  const auto result = decode_answer(
      200,
      R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"7"]}]},)"
      R"("infos":["PromQL info: metric might not be a counter"]})",
      10);
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.warning, "");
  EXPECT_EQ(result.series.size(), 1U);
}

TEST(DecodeAnswer, AnEmptyVectorIsNoError) {
  const auto result = decode_answer(200, vector_of(""), 10);
  EXPECT_FALSE(result.error);
  EXPECT_TRUE(result.series.empty());
}

struct Bad {
  std::string name;
  int status;
  std::string body;
  QueryProblem problem;
  std::string message;
};
void PrintTo(const Bad& row, std::ostream* os) {
  *os << row.name;
}
class DecodeBadAnswer : public ::testing::TestWithParam<Bad> {};

TEST_P(DecodeBadAnswer, SaysWhatIsWrongAndHasNoSeries) {
  const auto result = decode_answer(GetParam().status, GetParam().body, 2);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->problem, GetParam().problem) << result.error->message;
  EXPECT_THAT(result.error->message, HasSubstr(GetParam().message));
  EXPECT_TRUE(result.series.empty());
}

using enum QueryProblem;
INSTANTIATE_TEST_SUITE_P(
    Table,
    DecodeBadAnswer,
    ::testing::Values(
        Bad{"NotPromQl",
            400,
            R"({"status":"error","errorType":"bad_data","error":"1:5: parse error: unexpected end of input"})",
            BadQuery,
            "not PromQL: 1:5: parse error: unexpected end of input; correct the query"},
        Bad{"CannotBeEvaluated",
            422,
            R"({"status":"error","errorType":"execution","error":"many-to-many matching"})",
            BadQuery,
            "cannot be evaluated: many-to-many matching; correct the query"},
        Bad{"GaveUp",
            503,
            R"({"status":"error","errorType":"timeout","error":"query timed out"})",
            Timeout,
            "cheaper"},
        Bad{"NotReady", 503, "Service Unavailable", Unreachable, "HTTP 503"},
        Bad{"Internal",
            500,
            R"({"status":"error","errorType":"internal","error":"disk"})",
            Unreachable,
            "disk"},
        Bad{"NoCredentials", 401, "who are you", Refused, "no credentials are sent"},
        Bad{"Redirect", 302, "", Refused, "no redirect is followed"},
        Bad{"NotJson", 200, "<html>", Unreadable, "not JSON"},
        Bad{"NotPrometheus", 200, R"({"ok":true})", Unreadable, "the root of a Prometheus"},
        Bad{"NoData", 200, R"({"status":"success"})", Unreadable, "data.resultType"},
        Bad{"RangeVector",
            200,
            R"({"status":"success","data":{"resultType":"matrix","result":[]}})",
            BadQuery,
            "matrix: an instant vector or a scalar is needed"},
        Bad{"ValueIsNoNumber",
            200,
            vector_of(R"({"metric":{},"value":[1,"many"]})"),
            Unreadable,
            "float value"},
        Bad{"NativeHistogram",
            200,
            vector_of(R"({"metric":{},"histogram":[1,{}]})"),
            Unreadable,
            "float value"},
        Bad{"TooManySeries",
            200,
            vector_of(
                R"({"metric":{},"value":[1,"1"]},{"metric":{},"value":[1,"1"]},{"metric":{},"value":[1,"1"]})"),
            TooLarge,
            "3 series, more than the 2"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace evenkeel::signals
