#include "status.hpp"

#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evenkeel::kube {
namespace {

using namespace std::chrono_literals;

struct Row {
  std::string name;
  int status;
  std::string body;
  ErrorKind want;
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}

class StatusKind : public testing::TestWithParam<Row> {};

TEST_P(StatusKind, TellsTheCallerWhatToDo) {
  const auto error = error_of("PATCH /x", {.status = GetParam().status, .body = GetParam().body});
  EXPECT_EQ(error.kind, GetParam().want) << error.message;
  EXPECT_THAT(error.message, testing::StartsWith("PATCH /x: " + std::to_string(GetParam().status)));
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    StatusKind,
    testing::Values(
        Row{"BadRequest", 400, "", ErrorKind::Invalid},
        Row{"Unauthorized", 401, "", ErrorKind::Unauthorized},
        Row{"Forbidden", 403, "", ErrorKind::Forbidden},
        Row{"NotFound", 404, "page not found", ErrorKind::NotFound},
        Row{"AlreadyExists", 409, R"({"reason":"AlreadyExists"})", ErrorKind::Conflict},
        Row{"Expired", 410, R"({"reason":"Expired"})", ErrorKind::Gone},
        Row{"RejectedBySchema",
            422,
            R"({"reason":"Invalid","message":"spec.replicas: must be at least 0","details":{"causes":[{"message":"x"}]}})",
            ErrorKind::Invalid},
        Row{"PatchDoesNotFit",
            422,
            R"({"reason":"Invalid","message":"the server rejected our request","details":{}})",
            ErrorKind::Conflict},
        Row{"TooManyRequests", 429, "", ErrorKind::Throttled},
        Row{"InternalError", 500, "", ErrorKind::Unavailable},
        Row{"NotReady", 503, "<html>", ErrorKind::Unavailable},
        Row{"TimedOutInside", 504, "", ErrorKind::Timeout},
        Row{"Redirect", 307, "", ErrorKind::Invalid},
        Row{"BodyOfAnotherShape", 500, R"({"message":3,"details":[],"code":"x"})", ErrorKind::Unavailable}),
    [](const auto& row) { return row.param.name; });

TEST(StatusError, KeepsTheWordsOfTheServer) {
  const auto error = error_of(
      "GET /x",
      {.status = 403, .body = R"({"reason":"Forbidden","message":"deployments.apps \"a\" is forbidden"})"});
  EXPECT_EQ(error.message, "GET /x: 403 Forbidden: deployments.apps \"a\" is forbidden");
}

TEST(StatusError, RetryAfterIsInSecondsAndBounded) {
  const auto retry_after = [](const std::string& value) {
    return error_of("GET /x", {.status = 429, .headers = {{"Retry-After", value}}}).retry_after;
  };
  EXPECT_EQ(retry_after("2"), 2s);
  EXPECT_EQ(retry_after("86400"), 60s);
  EXPECT_EQ(retry_after("-1"), std::nullopt);
  EXPECT_EQ(retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), std::nullopt);
}

TEST(StatusError, AStatusWithinAWatchIsReadTheSameWay) {
  EXPECT_EQ(error_of_status("watch /x", R"({"code":410,"message":"too old resource version"})").kind,
            ErrorKind::Gone);
  EXPECT_EQ(error_of_status("watch /x", R"({"code":500})").kind, ErrorKind::Unavailable);
  EXPECT_EQ(error_of_status("watch /x", R"({"code":200})").kind, ErrorKind::Invalid);
  EXPECT_EQ(error_of_status("watch /x", "null").kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace evenkeel::kube
