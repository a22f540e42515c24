#include "evenkeel/kube/api_client.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http_scripted_server.hpp"
#include "kube_fakes.hpp"

namespace evenkeel::kube {
namespace {

using namespace std::chrono_literals;
using evenkeel::testing::each_request;
using evenkeel::testing::ReceivedRequest;
using evenkeel::testing::ScriptedServer;
using evenkeel::testing::ServerConnection;
using evenkeel::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const SystemClock kClock;
const Selection kConfigMaps{.resource = {.version = "v1", .plural = "configmaps"}, .ns = "n"};
constexpr ApiLimits kNoLimit{.requests_per_second = 10'000, .burst = 1000};

std::unique_ptr<ApiClient> connect(const ScriptedServer& server,
                                   Config config = {},
                                   ApiLimits limits = kNoLimit) {
  config.server = server.origin();
  auto client = ApiClient::create(config, limits, kClock);
  EXPECT_TRUE(client.ok()) << client.error().message;
  return std::move(*client);
}

Call within(std::chrono::milliseconds time) {
  return {.deadline = kClock.monotonic() + time};
}

/// Targets of requests, in order.
class Targets {
 public:
  void add(const ReceivedRequest& request) {
    const std::scoped_lock lock{mutex_};
    targets_.push_back(request.method + " " + request.target);
  }
  [[nodiscard]] std::vector<std::string> all() const {
    const std::scoped_lock lock{mutex_};
    return targets_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> targets_;
};

std::string list_json(const std::vector<std::string>& names, const std::string& token = {}) {
  std::string items;
  for (const auto& name : names) {
    items += (items.empty() ? "" : ",") + std::string{R"({"metadata":{"namespace":"n","name":")"} + name +
             R"(","resourceVersion":"1"}})";
  }
  return R"({"metadata":{"resourceVersion":"77","continue":")" + token + R"("},"items":[)" + items + "]}";
}

struct Listing {
  std::vector<std::string> names;
  int restarts = 0;
  Result<std::string> read(ApiClient& client, const Selection& selection = kConfigMaps) {
    return client.list(
        selection,
        [this](const ObjectView& object) { names.push_back(object.key.name); },
        [this] {
          names.clear();
          ++restarts;
        },
        within(20s));
  }
};

TEST(ApiList, GoesThroughThePages) {
  Targets targets;
  const ScriptedServer server{each_request([&](ServerConnection& connection, const ReceivedRequest& request) {
    targets.add(request);
    const bool is_second = request.target.find("continue") != std::string::npos;
    return connection.respond(200, is_second ? list_json({"c"}) : list_json({"a", "b"}, "t=1"));
  })};
  Listing listing;
  auto selection = kConfigMaps;
  selection.label_selector = "app in (x,y)";
  const auto version = listing.read(*connect(server), selection);
  ASSERT_TRUE(version.ok()) << version.error().message;
  EXPECT_EQ(*version, "77");
  EXPECT_THAT(listing.names, ElementsAre("a", "b", "c"));
  EXPECT_THAT(
      targets.all(),
      ElementsAre("GET /api/v1/namespaces/n/configmaps?limit=500&labelSelector=app%20in%20%28x%2Cy%29",
                  "GET /api/v1/namespaces/n/configmaps?limit=500&labelSelector=app%20in%20%28x%2Cy%29"
                  "&continue=t%3D1"));
}

TEST(ApiList, StartsOverWhenItsSnapshotExpiresBetweenPages) {
  std::atomic<int> asked = 0;
  const ScriptedServer server{each_request([&](ServerConnection& connection, const ReceivedRequest&) {
    switch (++asked) {
      case 1:
        return connection.respond(200, list_json({"a", "gone"}, "t"));
      case 2:
        return connection.respond(410, R"({"kind":"Status","code":410,"reason":"Expired"})");
      default:
        return connection.respond(200, list_json({"a"}));
    }
  })};
  Listing listing;
  ASSERT_TRUE(listing.read(*connect(server)).ok());
  EXPECT_EQ(listing.restarts, 1);
  EXPECT_THAT(listing.names, ElementsAre("a"));
}

TEST(ApiList, DoesNotStartOverForEver) {
  const ScriptedServer server{each_request([&](ServerConnection& connection, const ReceivedRequest& request) {
    const bool is_first = request.target.find("continue") == std::string::npos;
    return is_first ? connection.respond(200, list_json({"a"}, "t")) : connection.respond(410, "{}");
  })};
  Listing listing;
  const auto version = listing.read(*connect(server));
  ASSERT_FALSE(version.ok());
  EXPECT_EQ(version.error().kind, ErrorKind::Gone);
}

TEST(ApiList, AnAnswerThatIsNoListIsAnError) {
  const ScriptedServer server{each_request([](ServerConnection& connection, const ReceivedRequest&) {
    return connection.respond(200, "<html>");
  })};
  Listing listing;
  const auto version = listing.read(*connect(server));
  ASSERT_FALSE(version.ok());
  EXPECT_THAT(version.error().message, HasSubstr("GET /api/v1/namespaces/n/configmaps"));
}

TEST(ApiWrite, SendsPatchesAndCreatesAsTheApiServerWantsThem) {
  std::mutex mutex;
  std::vector<ReceivedRequest> seen;
  const ScriptedServer server{each_request([&](ServerConnection& connection, const ReceivedRequest& request) {
    const std::scoped_lock lock{mutex};
    seen.push_back(request);
    return connection.respond(request.method == "POST" ? 201 : 200, R"({"kind":"X"})");
  })};
  const auto client = connect(server, {.token = "abc"});
  EXPECT_EQ(*client->patch("/a/scale", PatchType::Merge, R"({"spec":{"replicas":2}})", within(10s)),
            R"({"kind":"X"})");
  EXPECT_TRUE(client->patch("/a", PatchType::Json, "[{}]", within(10s)).ok());
  EXPECT_TRUE(client->create("/b", R"({"kind":"X"})", within(10s)).ok());
  EXPECT_TRUE(client->get("/c", within(10s)).ok());
  const std::scoped_lock lock{mutex};
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[0].headers.at("content-type"), "application/merge-patch+json");
  EXPECT_EQ(seen[0].body, R"({"spec":{"replicas":2}})");
  EXPECT_EQ(seen[1].headers.at("content-type"), "application/json-patch+json");
  EXPECT_EQ(seen[2].method + " " + seen[2].target, "POST /b");
  for (const auto& request : seen) EXPECT_EQ(request.headers.at("authorization"), "Bearer abc");
}

TEST(ApiRetry, WaitsAsLongAsTheServerAsksAndTriesAgain) {
  std::atomic<int> asked = 0;
  const ScriptedServer server{each_request([&](ServerConnection& connection, const ReceivedRequest&) {
    return ++asked == 1 ? connection.respond(429, "{}", "Retry-After: 1\r\n") : connection.respond(200, "{}");
  })};
  const auto start = kClock.monotonic();
  EXPECT_TRUE(connect(server)->patch("/a", PatchType::Merge, "{}", within(20s)).ok());
  EXPECT_EQ(asked, 2);
  EXPECT_GE(kClock.monotonic() - start, 1s);
}

TEST(ApiRetry, GivesTheWaitToTheCallerWhenItIsTooLong) {
  const ScriptedServer server{each_request([](ServerConnection& connection, const ReceivedRequest&) {
    return connection.respond(429, "{}", "Retry-After: 30\r\n");
  })};
  const auto result = connect(server)->get("/a", within(5s));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::Throttled);
  EXPECT_EQ(result.error().retry_after, 30s);
}

TEST(ApiRetry, AWaitCanBeStopped) {
  std::promise<void> asked;
  const ScriptedServer server{each_request([&](ServerConnection& connection, const ReceivedRequest&) {
    asked.set_value();
    return connection.respond(503, "{}", "Retry-After: 20\r\n");
  })};
  const auto client = connect(server);
  std::stop_source stop;
  auto answer = std::async(std::launch::async, [&] {
    return client->get("/a", {.deadline = kClock.monotonic() + 60s, .stop = stop.get_token()});
  });
  ASSERT_EQ(asked.get_future().wait_for(10s), std::future_status::ready);
  stop.request_stop();
  ASSERT_EQ(answer.wait_for(1s), std::future_status::ready);
  EXPECT_EQ(answer.get().error().kind, ErrorKind::Cancelled);
}

TEST(ApiRetry, ReadsARotatedTokenOnceAfterA401) {
  const TemporaryFolder folder;
  const auto file = folder.write("token", "fresh");
  std::atomic<int> asked = 0;
  const ScriptedServer server{each_request([&](ServerConnection& connection, const ReceivedRequest& request) {
    EXPECT_EQ(request.headers.at("authorization"), "Bearer fresh");
    return ++asked == 1 ? connection.respond(401, "{}") : connection.respond(200, "{}");
  })};
  const auto client = connect(server, {.token_file = file.string()});
  EXPECT_TRUE(client->patch("/a", PatchType::Merge, "{}", within(10s)).ok());
  EXPECT_EQ(asked, 2);
}

TEST(ApiRetry, ASecond401IsTheAnswer) {
  const TemporaryFolder folder;
  const auto file = folder.write("token", "bad");
  std::atomic<int> asked = 0;
  const ScriptedServer server{each_request([&](ServerConnection& connection, const ReceivedRequest&) {
    ++asked;
    return connection.respond(401, "{}");
  })};
  const auto result = connect(server, {.token_file = file.string()})->get("/a", within(10s));
  EXPECT_EQ(result.error().kind, ErrorKind::Unauthorized);
  EXPECT_EQ(asked, 2);
}

TEST(ApiRateLimit, SpreadsWhatExceedsTheBurst) {
  const ScriptedServer server{each_request(
      [](ServerConnection& connection, const ReceivedRequest&) { return connection.respond(200, "{}"); })};
  const auto client = connect(server, {}, {.requests_per_second = 20, .burst = 2});
  const auto start = kClock.monotonic();
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(client->get("/", within(20s)).ok());
  EXPECT_GE(kClock.monotonic() - start, 200ms);  // Four had to wait for 50 ms each.
}

TEST(ApiRateLimit, DoesNotWaitPastTheDeadline) {
  const ScriptedServer server{each_request(
      [](ServerConnection& connection, const ReceivedRequest&) { return connection.respond(200, "{}"); })};
  const auto client = connect(server, {}, {.requests_per_second = 0.01, .burst = 1});
  EXPECT_TRUE(client->get("/", within(20s)).ok());
  const auto result = client->get("/", within(20s));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::Throttled);
}

struct Watching {
  std::vector<std::string> events;
  int opened = 0;
  Result<Done> read(ApiClient& client) {
    return client.watch(kConfigMaps,
                        {.resource_version = "5", .duration = 10s, .idle = 10s},
                        {.on_open = [this] { ++opened; },
                         .on_event =
                             [this](const WatchEvent& event) {
                               events.push_back(event.object.key.name + "@" + event.object.resource_version);
                             }});
  }
};

constexpr const char* kAdded =
    "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"6\"}}}\n";

/// A watch that sends `text` and then ends.
ScriptedServer::Script watch_script(Targets& targets, std::string text) {
  return each_request(
      [&targets, text = std::move(text)](ServerConnection& connection, const ReceivedRequest& request) {
        targets.add(request);
        return connection.start_stream() && connection.send_chunk(text) && connection.end_stream();
      });
}

TEST(ApiWatch, HandsOverEventsUntilTheServerEndsIt) {
  Targets targets;
  const ScriptedServer server{
      watch_script(targets,
                   std::string{kAdded} +
                       "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}\n")};
  Watching watching;
  const auto end = watching.read(*connect(server));
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_EQ(watching.opened, 1);
  EXPECT_THAT(watching.events, ElementsAre("a@6", "@9"));
  EXPECT_THAT(
      targets.all(),
      ElementsAre("GET /api/v1/namespaces/n/configmaps?watch=1&allowWatchBookmarks=true&resourceVersion=5"
                  "&timeoutSeconds=10"));
}

TEST(ApiWatch, AnErrorEventWithinTheStreamEndsItWithItsKind) {
  Targets targets;
  const ScriptedServer server{watch_script(
      targets,
      std::string{kAdded} +
          "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"message\":\"too old\"}}\n" +
          kAdded)};
  Watching watching;
  const auto end = watching.read(*connect(server));
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().kind, ErrorKind::Gone);
  EXPECT_THAT(watching.events, ElementsAre("a@6"));
}

TEST(ApiWatch, ARefusalHasItsKind) {
  const ScriptedServer server{each_request([](ServerConnection& connection, const ReceivedRequest&) {
    return connection.respond(410, R"({"code":410})");
  })};
  Watching watching;
  const auto end = watching.read(*connect(server));
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().kind, ErrorKind::Gone);
  EXPECT_EQ(watching.opened, 0);
}

TEST(ApiWatch, ALineThatIsNoEventEndsIt) {
  Targets targets;
  const ScriptedServer server{watch_script(targets, "{\"type\":\"ADDED\"}\n")};
  Watching watching;
  const auto end = watching.read(*connect(server));
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().kind, ErrorKind::Invalid);
}

TEST(ApiClientCreate, RefusesWhatCannotWork) {
  EXPECT_EQ(ApiClient::create({.server = "https://[::1]:6443"}, {}, kClock).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(ApiClient::create({.server = "http://a"}, {.requests_per_second = 0}, kClock).error().kind,
            ErrorKind::Invalid);
}

}  // namespace
}  // namespace evenkeel::kube
