#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/http/client.hpp"

#include "http_scripted_server.hpp"

namespace evenkeel::http {
namespace {

using namespace std::chrono_literals;
using evenkeel::testing::ScriptedServer;
using evenkeel::testing::ServerConnection;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const SystemClock kClock;
const Request kWatch{.target = "/watch"};

std::unique_ptr<Client> connect(const ScriptedServer& server, Limits limits = {}) {
  auto client = Client::create({.origin = server.origin(), .limits = limits}, kClock);
  EXPECT_TRUE(client.ok()) << client.error().message;
  return std::move(*client);
}

StreamLimits patient() {
  return {.deadline = kClock.monotonic() + 30s, .idle = 20s};
}

/// Collects lines and goes on.
struct Collected {
  std::vector<std::string> lines;
  int opened = 0;
  StreamHandlers handlers() {
    return {.on_open = [this] { ++opened; },
            .on_line =
                [this](std::string_view line) {
                  lines.emplace_back(line);
                  return Flow::Continue;
                }};
  }
};

TEST(ClientStream, HandsOverEachLineAsItComes) {
  std::promise<void> first_seen;
  auto seen = first_seen.get_future();
  const ScriptedServer server{[&](ServerConnection& connection) {
    connection.read_request();
    connection.start_stream();
    connection.send_chunk("{\"n\":1}\n");
    // The second line is sent only after the first has been handled: nothing waits for a full buffer.
    EXPECT_EQ(seen.wait_for(10s), std::future_status::ready);
    connection.send_chunk("{\"n\"");
    connection.send_chunk(":2}\n");
    connection.end_stream();
  }};
  Collected got;
  auto handlers = got.handlers();
  handlers.on_line = [&](std::string_view line) {
    got.lines.emplace_back(line);
    if (got.lines.size() == 1) first_seen.set_value();
    return Flow::Continue;
  };
  const auto end = connect(server)->stream_lines(kWatch, handlers, patient());
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_EQ(end->status, 200);
  EXPECT_EQ(got.opened, 1);
  EXPECT_THAT(got.lines, ElementsAre("{\"n\":1}", "{\"n\":2}"));
}

TEST(ClientStream, ACutStreamIsAnErrorAndItsLastPieceIsNotALine) {
  const ScriptedServer server{[](ServerConnection& connection) {
    connection.read_request();
    connection.start_stream();
    connection.send_chunk("whole\nhal");
    connection.close();
  }};
  Collected got;
  const auto end = connect(server)->stream_lines(kWatch, got.handlers(), patient());
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().kind, ErrorKind::Unavailable);
  EXPECT_THAT(got.lines, ElementsAre("whole"));
}

TEST(ClientStream, AnAnswerOtherThan2xxComesBackWhole) {
  const ScriptedServer server{[](ServerConnection& connection) {
    connection.read_request();
    connection.respond(410, "{\"reason\":\"Expired\"}\n");
  }};
  Collected got;
  const auto end = connect(server)->stream_lines(kWatch, got.handlers(), patient());
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_EQ(end->status, 410);
  EXPECT_EQ(end->body, "{\"reason\":\"Expired\"}\n");
  EXPECT_EQ(got.opened, 0);
  EXPECT_TRUE(got.lines.empty());
}

TEST(ClientStream, EndsWhenTheHandlerSaysStop) {
  std::promise<bool> closed;
  const ScriptedServer server{[&](ServerConnection& connection) {
    connection.read_request();
    connection.start_stream();
    connection.send_chunk("a\nb\n");
    closed.set_value(connection.wait_for_close(10s));
  }};
  std::vector<std::string> lines;
  const StreamHandlers handlers{.on_line = [&](std::string_view line) {
    lines.emplace_back(line);
    return Flow::Stop;
  }};
  const auto client = connect(server);
  const auto end = client->stream_lines(kWatch, handlers, patient());
  ASSERT_TRUE(end.ok()) << end.error().message;
  EXPECT_THAT(lines, ElementsAre("a"));
  EXPECT_TRUE(closed.get_future().get()) << "the connection must not stay open";
}

TEST(ClientStream, SilenceBeyondTheIdleLimitEndsIt) {
  const ScriptedServer server{[](ServerConnection& connection) {
    connection.read_request();
    connection.start_stream();
    connection.send_chunk("a\n");
    connection.wait_for_close(10min);
  }};
  Collected got;
  const auto start = kClock.monotonic();
  const auto end =
      connect(server)->stream_lines(kWatch, got.handlers(), {.deadline = start + 5min, .idle = 300ms});
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().kind, ErrorKind::Timeout);
  EXPECT_THAT(got.lines, ElementsAre("a"));
  EXPECT_LT(kClock.monotonic() - start, 2min) << "it was the deadline, not the silence";
}

/// Sends a line every 50 ms until the client leaves or `count` are sent.
ScriptedServer::Script drip(int count) {
  return [count](ServerConnection& connection) {
    connection.read_request();
    connection.start_stream();
    for (int i = 0; i < count; ++i) {
      if (!connection.send_chunk("x\n") || connection.wait_for_close(50ms)) return;
    }
    connection.end_stream();
  };
}

TEST(ClientStream, ATrickleIsNotSilence) {
  const ScriptedServer server{drip(24)};
  Collected got;
  const auto end = connect(server)->stream_lines(
      kWatch, got.handlers(), {.deadline = kClock.monotonic() + 30s, .idle = 1s});
  EXPECT_TRUE(end.ok()) << end.error().message;  // It took longer than the idle limit.
  EXPECT_EQ(got.lines.size(), 24U);
}

TEST(ClientStream, ATrickleDoesNotOutliveTheDeadline) {
  const ScriptedServer server{drip(1000)};
  Collected got;
  const auto start = kClock.monotonic();
  const auto end =
      connect(server)->stream_lines(kWatch, got.handlers(), {.deadline = start + 400ms, .idle = 10s});
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().kind, ErrorKind::Timeout);
}

TEST(ClientStream, AStopEndsASilentStreamWithinASecond) {
  const ScriptedServer server{[](ServerConnection& connection) {
    connection.read_request();
    connection.start_stream();
    connection.wait_for_close(30s);
  }};
  const auto client = connect(server);
  std::promise<void> open;
  std::promise<Result<Response>> ended;
  auto result = ended.get_future();
  std::jthread reader{[&](const std::stop_token& stop) {
    const StreamHandlers handlers{.on_open = [&] { open.set_value(); },
                                  .on_line = [](std::string_view) { return Flow::Continue; }};
    ended.set_value(client->stream_lines(kWatch, handlers, patient(), stop));
  }};
  ASSERT_EQ(open.get_future().wait_for(10s), std::future_status::ready);
  reader.request_stop();
  ASSERT_EQ(result.wait_for(1s), std::future_status::ready);
  EXPECT_EQ(result.get().error().kind, ErrorKind::Cancelled);
}

TEST(ClientStream, AStopEndsABusyStreamToo) {
  const ScriptedServer server{[](ServerConnection& connection) {
    connection.read_request();
    connection.start_stream();
    while (connection.send_chunk("x\n")) {
    }
  }};
  const auto client = connect(server);
  std::stop_source stop;
  int lines = 0;
  const StreamHandlers handlers{.on_line = [&](std::string_view) {
    if (++lines == 100) stop.request_stop();
    return Flow::Continue;
  }};
  const auto end = client->stream_lines(kWatch, handlers, patient(), stop.get_token());
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().kind, ErrorKind::Cancelled);
}

TEST(ClientStream, ALineBeyondTheLimitEndsIt) {
  const ScriptedServer server{[](ServerConnection& connection) {
    connection.read_request();
    connection.start_stream();
    while (connection.send_chunk(std::string(1000, 'x'))) {  // One line without end.
    }
  }};
  Collected got;
  const auto end = connect(server, {.line_bytes = 100'000})->stream_lines(kWatch, got.handlers(), patient());
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(end.error().message, HasSubstr("100000 bytes"));
}

TEST(ClientStream, ASlowReaderSlowsTheServerInsteadOfFillingMemory) {
  constexpr int kChunks = 4096;  // Of 16 KiB: 64 MiB, far more than the buffers of both kernels.
  std::promise<int> stuck_after;
  auto stuck = stuck_after.get_future().share();
  const ScriptedServer server{[&](ServerConnection& connection) {
    connection.read_request();
    connection.start_stream();
    const std::string chunk = std::string(16 * 1024 - 1, 'x') + "\n";
    int sent = 0;
    while (sent < kChunks && connection.wait_until_writable(500ms) && connection.send_chunk(chunk)) ++sent;
    stuck_after.set_value(sent);
    connection.end_stream();
  }};
  const auto client = connect(server);
  std::stop_source stop;
  const StreamHandlers handlers{.on_line = [&](std::string_view) {
    EXPECT_EQ(stuck.wait_for(60s), std::future_status::ready);
    stop.request_stop();
    return Flow::Continue;
  }};
  const StreamLimits limits{.deadline = kClock.monotonic() + 90s, .idle = 90s};
  EXPECT_FALSE(client->stream_lines(kWatch, handlers, limits, stop.get_token()).ok());
  EXPECT_LT(stuck.get(), kChunks) << "the server could send everything although nobody read";
}

}  // namespace
}  // namespace evenkeel::http
