#include "evenkeel/signals/prometheus.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http_scripted_server.hpp"

namespace evenkeel::signals {
namespace {

using namespace std::chrono_literals;
using evenkeel::testing::each_request;
using evenkeel::testing::ReceivedRequest;
using evenkeel::testing::ScriptedServer;
using evenkeel::testing::ServerConnection;
using ::testing::HasSubstr;

const SystemClock kClock;
constexpr const char* kOne =
    R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}})";

std::unique_ptr<SignalSource> source_of(PrometheusOptions options) {
  auto source = make_prometheus_source(std::move(options), kClock);
  EXPECT_TRUE(source.ok()) << source.error().message;
  return std::move(*source);
}

std::vector<TextResult> read(SignalSource& source,
                             const std::vector<std::string>& texts,
                             std::chrono::milliseconds limit = 5s) {
  return source.read(texts, kClock.monotonic() + limit, {});
}

TEST(PrometheusSource, AsksTheQueryApiAndKeepsTheOrder) {
  ScriptedServer server{each_request([](ServerConnection& connection, const ReceivedRequest& request) {
    const bool first = request.target.find("query=sum%28a%29%20%2B%201") != std::string::npos;
    EXPECT_TRUE(request.target.starts_with("/prefix/api/v1/query?")) << request.target;
    return connection.respond(
        200, first ? kOne : R"({"status":"success","data":{"resultType":"scalar","result":[1,"2"]}})");
  })};
  const auto source = source_of({.url = server.origin() + "/prefix"});
  const auto results = read(*source, {"sum(a) + 1", "b"});
  ASSERT_EQ(results.size(), 2U);
  ASSERT_FALSE(results[0].error) << results[0].error->message;
  EXPECT_EQ(results[0].series.at(0).value, 1);
  EXPECT_EQ(results[1].series.at(0).value, 2);
}

TEST(PrometheusSource, RunsQueriesAtTheSameTime) {
  // Nobody is answered before all four have asked, so asking one after the other cannot end well.
  std::mutex mutex;
  std::condition_variable all_here;
  int asked = 0;
  ScriptedServer server{each_request([&](ServerConnection& connection, const ReceivedRequest&) {
    std::unique_lock lock{mutex};
    ++asked;
    all_here.notify_all();
    const bool together = all_here.wait_for(lock, 5s, [&] { return asked == 4; });
    return connection.respond(together ? 200 : 500, kOne);
  })};
  const auto source = source_of({.url = server.origin(), .concurrency = 4});
  for (const auto& result : read(*source, {"a", "b", "c", "d"}, 10s)) {
    EXPECT_FALSE(result.error);
  }
}

TEST(PrometheusSource, GivesUpAtTheDeadline) {
  ScriptedServer server{[](ServerConnection& connection) {
    (void)connection.read_request();
    connection.wait_for_close(10min);
  }};
  const auto source = source_of({.url = server.origin()});
  const auto results = read(*source, {"slow"}, 200ms);
  ASSERT_TRUE(results[0].error);
  EXPECT_EQ(results[0].error->problem, QueryProblem::Timeout);
  EXPECT_THAT(results[0].error->message, HasSubstr("prometheus.timeoutSeconds"));
}

TEST(PrometheusSource, StopsWhenAsked) {
  std::stop_source stop;
  ScriptedServer server{[&](ServerConnection& connection) {
    (void)connection.read_request();
    stop.request_stop();
    connection.wait_for_close(10min);
  }};
  const auto source = source_of({.url = server.origin()});
  const std::vector<std::string> texts{"a", "b", "c"};
  const auto results = source->read(texts, kClock.monotonic() + 5min, stop.get_token());
  ASSERT_TRUE(results[0].error);
  EXPECT_NE(results[0].error->problem, QueryProblem::Timeout) << "it waited for the deadline";
}

TEST(PrometheusSource, SaysWhereNobodyAnswersAndWhatToDo) {
  std::string origin;
  {
    const ScriptedServer gone{each_request([](ServerConnection&, const ReceivedRequest&) { return false; })};
    origin = gone.origin();
  }
  const auto source = source_of({.url = origin});
  const auto results = read(*source, {"up"});
  ASSERT_TRUE(results[0].error);
  EXPECT_EQ(results[0].error->problem, QueryProblem::Unreachable);
  EXPECT_THAT(results[0].error->message, HasSubstr(origin));
  EXPECT_THAT(results[0].error->message, HasSubstr("check prometheus.url"));
}

TEST(PrometheusSource, RefusesABodyBeyondTheLimit) {
  ScriptedServer server{each_request(
      [](ServerConnection& connection, const ReceivedRequest&) { return connection.respond(200, kOne); })};
  const auto source = source_of({.url = server.origin(), .body_bytes = 20});
  const auto results = read(*source, {"up"});
  ASSERT_TRUE(results[0].error);
  EXPECT_EQ(results[0].error->problem, QueryProblem::TooLarge);
}

TEST(PrometheusSource, AnUnusableUrlIsNamed) {
  const auto source = make_prometheus_source({.url = "prometheus:9090"}, kClock);
  ASSERT_FALSE(source.ok());
  EXPECT_THAT(source.error().message, HasSubstr("prometheus.url \"prometheus:9090\""));
}

}  // namespace
}  // namespace evenkeel::signals
