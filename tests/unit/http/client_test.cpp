#include "evenkeel/http/client.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http_scripted_server.hpp"

namespace evenkeel::http {
namespace {

using namespace std::chrono_literals;
using evenkeel::testing::each_request;
using evenkeel::testing::ReceivedRequest;
using evenkeel::testing::ScriptedServer;
using evenkeel::testing::ServerConnection;
using ::testing::HasSubstr;

const SystemClock kClock;

std::unique_ptr<Client> connect(const ScriptedServer& server, Options options = {}) {
  options.origin = server.origin() + options.origin;
  auto client = Client::create(std::move(options), kClock);
  EXPECT_TRUE(client.ok()) << client.error().message;
  return std::move(*client);
}

Monotonic in(std::chrono::milliseconds time) {
  return kClock.monotonic() + time;
}

Request get(std::string target) {
  return {.method = Method::Get, .target = std::move(target)};
}

Request patch(std::string target, std::string body) {
  return {.method = Method::Patch,
          .target = std::move(target),
          .body = std::move(body),
          .content_type = "application/merge-patch+json"};
}

/// Requests as a server saw them, in order.
class Log {
 public:
  void add(const ReceivedRequest& request) {
    const std::scoped_lock lock{mutex_};
    requests_.push_back(request);
  }
  [[nodiscard]] std::vector<ReceivedRequest> all() const {
    const std::scoped_lock lock{mutex_};
    return requests_;
  }
  [[nodiscard]] std::ptrdiff_t count(const std::string& method) const {
    const auto requests = all();
    return std::count_if(requests.begin(), requests.end(), [&](const auto& r) { return r.method == method; });
  }

 private:
  mutable std::mutex mutex_;
  std::vector<ReceivedRequest> requests_;
};

TEST(ClientSend, CarriesARequestThereAndItsAnswerBack) {
  Log log;
  const ScriptedServer server{each_request([&](ServerConnection& connection, const ReceivedRequest& request) {
    log.add(request);
    return connection.respond(201, "made", "Retry-After: 7\r\n");
  })};
  const auto client = connect(server, {.origin = "/prefix", .user_agent = "evenkeel/1"});
  auto request = patch("/api/v1?query=rate%28x%7Ba%3D%22b%22%7D%5B1m%5D%29%20%2B%201", "{}");
  request.headers.push_back({"Accept", "application/json"});
  const auto response = client->send(request, in(10s));
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "made");
  EXPECT_EQ(response->header("retry-after"), "7");
  EXPECT_EQ(response->header("x-absent"), std::nullopt);

  ASSERT_EQ(log.all().size(), 1U);
  const auto seen = log.all().front();
  EXPECT_EQ(seen.method, "PATCH");
  EXPECT_EQ(seen.target, "/prefix/api/v1?query=rate%28x%7Ba%3D%22b%22%7D%5B1m%5D%29%20%2B%201");
  EXPECT_EQ(seen.body, "{}");
  EXPECT_EQ(seen.headers.at("content-type"), "application/merge-patch+json");
  EXPECT_EQ(seen.headers.at("accept"), "application/json");
  EXPECT_EQ(seen.headers.at("user-agent"), "evenkeel/1");
}

TEST(ClientSend, KeepsItsConnections) {
  const ScriptedServer server{each_request(
      [](ServerConnection& connection, const ReceivedRequest&) { return connection.respond(200, "ok"); })};
  const auto client = connect(server);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(client->send(get("/"), in(10s)).ok());
  EXPECT_TRUE(client->send(patch("/", "{}"), in(10s)).ok());
  // A connection is put back a moment after its answer is complete, so a quick caller may need another one.
  EXPECT_LT(server.connections(), 10);
}

/// A server that answers reads, and drops the connection once it has read a write: it may have acted on it.
class WriteDropper {
 public:
  [[nodiscard]] std::string origin() const { return server_.origin(); }
  [[nodiscard]] int writes() const { return writes_; }
  /// Whether the last write came on a connection that had answered before. Only those tempt the library.
  [[nodiscard]] bool was_kept() const { return was_kept_; }

 private:
  void serve(ServerConnection& connection) {
    for (int served = 0;; ++served) {
      const auto request = connection.read_request();
      if (!request) return;
      if (request->method != "GET") {
        ++writes_;
        was_kept_ = served > 0;
        connection.close();
        return;
      }
      connection.respond(200, "ok");
    }
  }

  std::atomic<int> writes_ = 0;
  std::atomic<bool> was_kept_ = false;
  ScriptedServer server_{[this](ServerConnection& connection) { serve(connection); }};
};

/// A client that has just lost a write to a kept connection.
std::unique_ptr<Client> lose_a_write(const WriteDropper& server) {
  auto client = Client::create({.origin = server.origin()}, kClock);
  EXPECT_TRUE(client.ok());
  for (int attempt = 1; attempt <= 100; ++attempt) {
    EXPECT_TRUE((*client)->send(get("/"), in(10s)).ok());
    const auto response = (*client)->send(patch("/", R"({"spec":{"replicas":3}})"), in(10s));
    EXPECT_FALSE(response.ok());
    EXPECT_EQ(response.error().kind, ErrorKind::Unavailable);
    EXPECT_THAT(response.error().message, HasSubstr("outcome is unknown"));
    EXPECT_EQ(server.writes(), attempt) << "the library has sent the write again";
    if (server.was_kept() || ::testing::Test::HasFailure()) return std::move(*client);
  }
  ADD_FAILURE() << "no write ever came on a kept connection";
  return std::move(*client);
}

TEST(ClientSend, NeverRepeatsAWriteWhoseConnectionDied) {
  const WriteDropper server;
  lose_a_write(server);
}

TEST(ClientSend, WorksAgainAtOnceAfterALostWrite) {
  const WriteDropper server;
  const auto client = lose_a_write(server);
  // The library has put a connection that it never opened among those it keeps.
  const auto response = client->send(get("/again"), in(10s));
  EXPECT_TRUE(response.ok()) << response.error().message;
}

TEST(ClientSend, RefusesAWriteWithoutABody) {
  const ScriptedServer server{[](ServerConnection&) {}};
  const auto client = connect(server);
  const auto response = client->send({.method = Method::Delete, .target = "/"}, in(10s));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind, ErrorKind::Invalid);
  EXPECT_EQ(server.connections(), 0);
}

TEST(ClientSend, KeepsCredentialsFromTheTargetOfARedirect) {
  Log elsewhere_log;
  const ScriptedServer elsewhere{
      each_request([&](ServerConnection& connection, const ReceivedRequest& request) {
        elsewhere_log.add(request);
        return connection.respond(200, "caught");
      })};
  const ScriptedServer server{each_request([&](ServerConnection& connection, const ReceivedRequest&) {
    return connection.respond(307, "", "Location: " + elsewhere.origin() + "/\r\n");
  })};
  Options options;
  options.authorization = [] { return Result<std::string>{"Bearer secret"}; };
  const auto client = connect(server, options);
  const auto response = client->send(get("/"), in(10s));
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->status, 307);
  EXPECT_EQ(elsewhere_log.count("GET"), 0);
}

TEST(ClientSend, AsksForCredentialsForEachRequest) {
  Log log;
  const ScriptedServer server{each_request([&](ServerConnection& connection, const ReceivedRequest& request) {
    log.add(request);
    return connection.respond(200, "ok");
  })};
  int asked = 0;
  Options options;
  options.authorization = [&]() -> Result<std::string> {
    if (++asked == 3) return Error{ErrorKind::Invalid, "token file is gone"};
    return "Bearer " + std::to_string(asked);
  };
  const auto client = connect(server, options);
  EXPECT_TRUE(client->send(get("/"), in(10s)).ok());
  EXPECT_TRUE(client->send(get("/"), in(10s)).ok());
  const auto third = client->send(get("/"), in(10s));
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().message, "token file is gone");
  ASSERT_EQ(log.all().size(), 2U);
  EXPECT_EQ(log.all()[0].headers.at("authorization"), "Bearer 1");
  EXPECT_EQ(log.all()[1].headers.at("authorization"), "Bearer 2");
}

TEST(ClientSend, RefusesWhatWouldStartAHeaderOfItsOwn) {
  const ScriptedServer server{[](ServerConnection&) {}};
  Options options;
  options.authorization = [] { return Result<std::string>{"Bearer a\r\nX-Evil: 1"}; };
  const auto client = connect(server, options);
  EXPECT_EQ(client->send(get("/"), in(10s)).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(client->send(get("/ HTTP/1.1\r\nX-Evil: 1"), in(10s)).error().kind, ErrorKind::Invalid);
  auto request = get("/");
  request.headers.push_back({"Accept", "a\nX-Evil: 1"});
  EXPECT_EQ(client->send(request, in(10s)).error().kind, ErrorKind::Invalid);
  EXPECT_EQ(server.connections(), 0);
}

TEST(ClientSend, TheDeadlineHoldsAgainstAServerThatDrips) {
  // The library's own timeout starts anew with every byte, so this answer would never time out.
  const ScriptedServer server{[](ServerConnection& connection) {
    if (!connection.read_request()) return;
    connection.start_stream();
    while (!connection.wait_for_close(20ms)) {
      if (!connection.send_chunk("x")) return;
    }
  }};
  const auto client = connect(server);
  const auto start = kClock.monotonic();
  const auto response = client->send(get("/"), in(300ms));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind, ErrorKind::Timeout);
  EXPECT_GE(kClock.monotonic() - start, 300ms);
}

TEST(ClientSend, ALongerAnswerThanAllowedIsRefused) {
  const ScriptedServer server{each_request([](ServerConnection& connection, const ReceivedRequest& request) {
    return connection.respond(200, std::string(request.target == "/long" ? 200'001 : 200'000, 'x'));
  })};
  const auto client = connect(server, {.limits = {.body_bytes = 200'000}});
  const auto fits = client->send(get("/fits"), in(10s));
  ASSERT_TRUE(fits.ok()) << fits.error().message;
  EXPECT_EQ(fits->body.size(), 200'000U);
  const auto longer = client->send(get("/long"), in(10s));
  ASSERT_FALSE(longer.ok());
  EXPECT_EQ(longer.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(longer.error().message, HasSubstr("200000 bytes"));
}

TEST(ClientSend, ACutAnswerIsNoAnswer) {
  const ScriptedServer server{[](ServerConnection& connection) {
    if (!connection.read_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly a part");
    connection.close();
  }};
  const auto client = connect(server);
  const auto response = client->send(get("/"), in(10s));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind, ErrorKind::Unavailable);
}

TEST(ClientSend, SaysThatNothingListens) {
  std::string origin;
  {
    const ScriptedServer gone{[](ServerConnection&) {}};
    origin = gone.origin();
  }
  auto client = Client::create({.origin = origin}, kClock);
  ASSERT_TRUE(client.ok());
  const auto response = (*client)->send(get("/x?secret=1"), in(10s));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind, ErrorKind::Unavailable);
  EXPECT_EQ(response.error().message,
            "GET " + origin + "/x: could not connect: nothing answers at this address");
}

TEST(ClientSend, AStopEndsTheWaitForASilentServer) {
  std::promise<void> asked;
  std::promise<bool> closed;
  const ScriptedServer server{[&](ServerConnection& connection) {
    connection.read_request();
    asked.set_value();
    closed.set_value(connection.wait_for_close(10s));
  }};
  const auto client = connect(server);
  std::stop_source stop;
  auto answer =
      std::async(std::launch::async, [&] { return client->send(get("/"), in(30s), stop.get_token()); });
  ASSERT_EQ(asked.get_future().wait_for(10s), std::future_status::ready);
  stop.request_stop();
  ASSERT_EQ(answer.wait_for(1s), std::future_status::ready);
  EXPECT_EQ(answer.get().error().kind, ErrorKind::Cancelled);
  EXPECT_TRUE(closed.get_future().get()) << "the request must not live on";
}

TEST(ClientSend, ManyThreadsOfOursNeedFewOfTheLibrary) {
  const ScriptedServer server{each_request(
      [](ServerConnection& connection, const ReceivedRequest&) { return connection.respond(200, "ok"); })};
  const auto client = connect(server);
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> callers;
    callers.reserve(8);
    for (int i = 0; i < 8; ++i) {
      callers.emplace_back([&] {
        for (int j = 0; j < 20; ++j) {
          if (client->send(get("/"), in(20s)).ok()) ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 160);
  const std::filesystem::directory_iterator tasks{"/proc/self/task"};
  const auto threads = std::distance(tasks, std::filesystem::directory_iterator{});
  // Ours, the server's acceptor and a thread for each of up to 8 connections, and about 7 of the library.
  EXPECT_LT(threads, 25) << "the library starts 40 threads unless it is told otherwise";
}

}  // namespace
}  // namespace evenkeel::http
