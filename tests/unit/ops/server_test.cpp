#include "evenkeel/ops/server.hpp"

#include <array>
#include <atomic>
#include <string>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace evenkeel::ops {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// The whole answer to one request, read until the server closes.
std::string ask(int port, const std::string& method, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return {};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request = method + " " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
    (void)::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    std::array<char, 4096> buffer{};
    for (ssize_t count = 0; (count = ::recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
      answer.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  ::close(fd);
  return answer;
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    auto started =
        Server::start("127.0.0.1:0",
                      {.metrics = [] { return std::string{"up 1\n"}; },
                       .healthz = [] { return Health{true, "ok"}; },
                       .readyz = [this] { return Health{ready.load(), ready ? "ok" : "no CRD"}; }});
    EXPECT_TRUE(started.ok()) << started.error().message;
    server = std::move(*started);
  }
  std::atomic<bool> ready{false};
  std::unique_ptr<Server> server;
};

TEST_F(ServerTest, ServesMetricsAndHealth) {
  EXPECT_THAT(ask(server->port(), "GET", "/metrics"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(ask(server->port(), "GET", "/metrics"), EndsWith("\r\n\r\nup 1\n"));
  EXPECT_THAT(ask(server->port(), "GET", "/healthz"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(ServerTest, SaysWhyItIsNotReady) {
  const std::string answer = ask(server->port(), "GET", "/readyz");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nno CRD\n"));
  ready = true;
  EXPECT_THAT(ask(server->port(), "GET", "/readyz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, ServesNothingElse) {
  EXPECT_THAT(ask(server->port(), "GET", "/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask(server->port(), "GET", "/metrics/../etc"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask(server->port(), "POST", "/metrics"), StartsWith("HTTP/1.1 405 "));
}

TEST_F(ServerTest, APortThatIsTakenIsAnErrorWithARemedy) {
  const auto second = Server::start("127.0.0.1:" + std::to_string(server->port()), {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, ErrorKind::Unavailable);
  EXPECT_THAT(second.error().message, HasSubstr("127.0.0.1:" + std::to_string(server->port())));
  EXPECT_THAT(second.error().message, HasSubstr("Set listen to another one"));
}

TEST(ServerStart, RefusesWhatIsNoAddress) {
  for (const char* listen : {"",
                             "8080",
                             ":8080",
                             "localhost:8080",
                             "[::1]:8080",
                             "127.0.0.1:",
                             "127.0.0.1:70000",
                             "127.0.0.1:80s",
                             "127.0.0.1:8080,9090"}) {
    const auto server = Server::start(listen, {});
    ASSERT_FALSE(server.ok()) << listen;
    EXPECT_EQ(server.error().kind, ErrorKind::Invalid) << listen;
    EXPECT_THAT(server.error().message, HasSubstr("0.0.0.0:8080")) << listen;
  }
}

}  // namespace
}  // namespace evenkeel::ops
