#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/http/client.hpp"

#include "http_certificates.hpp"
#include "http_scripted_server.hpp"

namespace evenkeel::http {
namespace {

using namespace std::chrono_literals;
using evenkeel::testing::CertificateAndKey;
using evenkeel::testing::each_request;
using evenkeel::testing::ReceivedRequest;
using evenkeel::testing::ScriptedServer;
using evenkeel::testing::ServerConnection;
using evenkeel::testing::ServerTls;
using evenkeel::testing::TestAuthority;
using ::testing::AllOf;
using ::testing::HasSubstr;

const SystemClock kClock;

std::unique_ptr<ScriptedServer> serve(ServerTls tls) {
  return std::make_unique<ScriptedServer>(
      each_request(
          [](ServerConnection& connection, const ReceivedRequest&) { return connection.respond(200, "ok"); }),
      std::move(tls));
}

Result<Response> ask(const ScriptedServer& server, Tls tls) {
  auto client = Client::create({.origin = server.origin(), .tls = std::move(tls)}, kClock);
  if (!client.ok()) return client.error();
  return (*client)->send({.target = "/"}, kClock.monotonic() + 20s);
}

class TlsTrust : public ::testing::Test {
 protected:
  const TestAuthority ours{"our authority"};
  const TestAuthority other{"another authority"};
};

TEST_F(TlsTrust, TheGivenAuthorityIsTrusted) {
  const auto server = serve({.identity = ours.issue("api", "DNS:kubernetes,IP:127.0.0.1")});
  const auto response = ask(*server, {.ca = {.data = ours.pem()}});
  ASSERT_TRUE(response.ok()) << response.error().message;
  EXPECT_EQ(response->body, "ok");
}

TEST_F(TlsTrust, AnUnknownAuthorityIsNamed) {
  const auto server = serve({.identity = other.issue("api", "IP:127.0.0.1")});
  const auto response = ask(*server, {.ca = {.data = ours.pem()}});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind, ErrorKind::Unavailable);
  EXPECT_THAT(
      response.error().message,
      AllOf(HasSubstr("issued by"), HasSubstr("another authority"), HasSubstr("not signed by the given")));
}

TEST_F(TlsTrust, AMissingNameIsToldFromAnUnknownAuthority) {
  const auto server = serve({.identity = ours.issue("api", "DNS:kubernetes,IP:10.0.0.1")});
  const auto response = ask(*server, {.ca = {.data = ours.pem()}});
  ASSERT_FALSE(response.ok());
  EXPECT_THAT(response.error().message, HasSubstr("valid for kubernetes, 10.0.0.1, but not for 127.0.0.1"));
}

TEST_F(TlsTrust, ACommonNameIsNotAName) {
  const auto server = serve({.identity = ours.issue("localhost", "")});
  const auto response = ask(*server, {.ca = {.data = ours.pem()}, .server_name = "localhost"});
  ASSERT_FALSE(response.ok());
  EXPECT_THAT(response.error().message, HasSubstr("no subjectAltName"));
}

TEST_F(TlsTrust, TheServerNameStandsInForTheHost) {
  const auto server = serve({.identity = ours.issue("api", "DNS:kubernetes")});
  const auto response = ask(*server, {.ca = {.data = ours.pem()}, .server_name = "kubernetes"});
  EXPECT_TRUE(response.ok()) << response.error().message;
}

TEST_F(TlsTrust, InsecureChecksNothing) {
  const auto server = serve({.identity = other.issue("x", "DNS:x")});
  const auto response = ask(*server, {.ca = {.data = ours.pem()}, .insecure = true});
  EXPECT_TRUE(response.ok()) << response.error().message;
}

/// A file that is there for one test.
class TemporaryFile {
 public:
  TemporaryFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "evenkeel-tls-XXXXXX").string();
    const int fd = mkstemp(pattern.data());
    EXPECT_GE(fd, 0);
    ::close(fd);
    path_ = pattern;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  void write(const std::string& text) const { std::ofstream{path_} << text; }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

TEST_F(TlsTrust, AGivenAuthorityReplacesThoseOfTheSystem) {
  // OpenSSL takes this file for the system's authorities; the library loads them before anybody asks.
  const TemporaryFile system;
  system.write(other.pem());
  // NOLINTNEXTLINE(concurrency-mt-unsafe): before the client is made, whose threads could read it.
  ASSERT_EQ(setenv("SSL_CERT_FILE", system.path().c_str(), 1), 0);
  const auto server = serve({.identity = other.issue("api", "IP:127.0.0.1")});
  EXPECT_TRUE(ask(*server, {}).ok());
  EXPECT_FALSE(ask(*server, {.ca = {.data = ours.pem()}}).ok());
  unsetenv("SSL_CERT_FILE");  // NOLINT(concurrency-mt-unsafe): no request is under way.
}

TEST_F(TlsTrust, ARotatedAuthorityFileIsTakenUpByNewConnections) {
  const TemporaryFile file;
  file.write(other.pem());
  const auto server = serve({.identity = ours.issue("api", "IP:127.0.0.1")});
  auto client = Client::create({.origin = server->origin(), .tls = {.ca = {.file = file.path()}}}, kClock);
  ASSERT_TRUE(client.ok()) << client.error().message;
  EXPECT_FALSE((*client)->send({.target = "/"}, kClock.monotonic() + 20s).ok());
  file.write(ours.pem());
  const auto response = (*client)->send({.target = "/"}, kClock.monotonic() + 20s);
  EXPECT_TRUE(response.ok()) << response.error().message;
}

TEST_F(TlsTrust, AClientCertificateIdentifiesUs) {
  const auto server = serve({.identity = ours.issue("api", "IP:127.0.0.1"), .client_authority = other.pem()});
  const CertificateAndKey us = other.issue("system:admin", "");
  const auto response = ask(*server,
                            {.ca = {.data = ours.pem()},
                             .client_certificate = {.data = us.certificate},
                             .client_key = {.data = us.key}});
  EXPECT_TRUE(response.ok()) << response.error().message;
  EXPECT_FALSE(ask(*server, {.ca = {.data = ours.pem()}}).ok());
}

TEST_F(TlsTrust, UnusableMaterialIsNamedBeforeAnyConnection) {
  const auto server = serve({.identity = ours.issue("api", "IP:127.0.0.1")});
  const CertificateAndKey a = ours.issue("a", "");
  const CertificateAndKey b = ours.issue("b", "");
  const auto message = [&](Tls tls) {
    const auto response = ask(*server, std::move(tls));
    EXPECT_FALSE(response.ok());
    EXPECT_EQ(response.error().kind, ErrorKind::Invalid);
    return response.error().message;
  };
  EXPECT_THAT(message({.ca = {.file = "/nonexistent/ca.crt"}}),
              AllOf(HasSubstr("certificate authority (/nonexistent/ca.crt)"), HasSubstr("cannot be read")));
  EXPECT_THAT(message({.ca = {.data = "no pem"}}), HasSubstr("holds no PEM certificate"));
  EXPECT_THAT(message({.client_certificate = {.data = a.certificate}}), HasSubstr("together"));
  EXPECT_THAT(message({.client_certificate = {.data = a.certificate}, .client_key = {.data = b.key}}),
              HasSubstr("not the key of the client certificate"));
  EXPECT_EQ(server->connections(), 0);
}

}  // namespace
}  // namespace evenkeel::http
