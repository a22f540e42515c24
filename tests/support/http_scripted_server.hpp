#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_certificates.hpp"

namespace evenkeel::testing {

struct ReceivedRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;
};

/// What a server on TLS shows, and whom it lets in.
struct ServerTls {
  CertificateAndKey identity;
  std::string client_authority;  ///< PEM; empty: clients need no certificate.
};

/// The server's end of one connection, for scripts that misbehave on purpose.
class ServerConnection {
 public:
  using SslPointer = std::unique_ptr<SSL, decltype(&SSL_free)>;

  ServerConnection(int fd, SslPointer ssl, int number) : number_{number}, fd_{fd}, ssl_{std::move(ssl)} {}
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;
  ~ServerConnection() { ::close(fd_); }

  /// Which connection of the server this is, from 1.
  [[nodiscard]] int number() const { return number_; }

  /// Reads one whole request; empty when the client has closed.
  std::optional<ReceivedRequest> read_request() {
    while (input_.find("\r\n\r\n") == std::string::npos) {
      if (!receive()) return std::nullopt;
    }
    const auto end = input_.find("\r\n\r\n");
    ReceivedRequest request = parse_head(input_.substr(0, end));
    input_.erase(0, end + 4);
    const auto length = request.headers.find("content-length");
    const std::size_t wanted = length == request.headers.end() ? 0 : std::stoul(length->second);
    while (input_.size() < wanted) {
      if (!receive()) return std::nullopt;
    }
    request.body = input_.substr(0, wanted);
    input_.erase(0, wanted);
    return request;
  }

  /// @return false when the client has gone.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ssl_ ? SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()))
                             : ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  bool respond(int status, std::string_view body, std::string_view more_headers = {}) {
    return send("HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Type: application/json\r\n" +
                std::string{more_headers} + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                std::string{body});
  }

  bool start_stream() {
    return send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  }
  bool send_chunk(std::string_view text) {
    std::array<char, 20> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
    return send(std::string{size.data()} + std::string{text} + "\r\n");
  }
  bool end_stream() { return send("0\r\n\r\n"); }

  /// Waits for the client to close. @return false when it has not after `limit`.
  bool wait_for_close(std::chrono::milliseconds limit) {
    pollfd entry{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, static_cast<int>(limit.count())) <= 0) return false;
    return !receive();
  }

  /// @return false when nothing can be sent for as long as `limit`: the client does not read.
  bool wait_until_writable(std::chrono::milliseconds limit) const {
    pollfd entry{.fd = fd_, .events = POLLOUT, .revents = 0};
    return ::poll(&entry, 1, static_cast<int>(limit.count())) > 0;
  }

  /// Ends the connection in an orderly way; the destructor frees it.
  void close() {
    if (ssl_) SSL_shutdown(ssl_.get());
    ::shutdown(fd_, SHUT_RDWR);
  }

 private:
  bool receive() {
    std::array<char, 16384> buffer{};
    const auto count = ssl_ ? SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()))
                            : ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    input_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }

  static ReceivedRequest parse_head(const std::string& head) {
    ReceivedRequest request;
    std::size_t at = head.find("\r\n");
    const std::string first = head.substr(0, at);
    request.method = first.substr(0, first.find(' '));
    request.target = first.substr(request.method.size() + 1);
    request.target.resize(request.target.find(' '));
    while (at != std::string::npos) {
      const auto next = head.find("\r\n", at + 2);
      const std::string line = head.substr(at + 2, next == std::string::npos ? next : next - at - 2);
      const auto colon = line.find(':');
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      const auto value = line.find_first_not_of(' ', colon + 1);
      request.headers[name] = value == std::string::npos ? "" : line.substr(value);
      at = next;
    }
    return request;
  }

  int number_;
  int fd_;
  SslPointer ssl_;
  std::string input_;
};

/// A server on 127.0.0.1 that does to each connection what a script says, on a thread of its own.
class ScriptedServer {
 public:
  using Script = std::function<void(ServerConnection&)>;

  explicit ScriptedServer(Script script, std::optional<ServerTls> tls = std::nullopt)
      : script_{std::move(script)},
        tls_{tls ? make_context(*tls) : Context{nullptr, SSL_CTX_free}} {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL.
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, generic, &length) != 0) {
      throw std::runtime_error{"cannot listen on 127.0.0.1"};
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread{[this] { accept_all(); }};
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  /// Cuts what is open and waits for the scripts to notice.
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::scoped_lock lock{mutex_};
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (auto& thread : scripts_) thread.join();
    ::close(listener_);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string origin() const {
    return std::string{tls_ ? "https" : "http"} + "://127.0.0.1:" + std::to_string(port_);
  }
  /// How many connections have been accepted.
  [[nodiscard]] int connections() const {
    const std::scoped_lock lock{mutex_};
    return connections_;
  }

 private:
  using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

  static Context make_context(const ServerTls& tls) {
    Context context{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio{BIO_new(BIO_s_mem()), BIO_free};
    const auto put = [&](const std::string& text) {
      BIO_write(bio.get(), text.data(), static_cast<int>(text.size()));
    };
    put(tls.identity.certificate);
    X509* const certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
    put(tls.identity.key);
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context.get(), certificate);
    SSL_CTX_use_PrivateKey(context.get(), key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (!tls.client_authority.empty()) {
      put(tls.client_authority);
      X509* const authority = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority);
      X509_free(authority);
      SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    return context;
  }

  void accept_all() {
    while (true) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      const std::scoped_lock lock{mutex_};
      open_.push_back(fd);
      scripts_.emplace_back([this, fd, number = ++connections_] { serve(fd, number); });
    }
  }

  void serve(int fd, int number) {
    ServerConnection::SslPointer ssl{nullptr, SSL_free};
    bool is_ready = true;
    if (tls_) {
      ssl.reset(SSL_new(tls_.get()));
      SSL_set_fd(ssl.get(), fd);
      is_ready = SSL_accept(ssl.get()) == 1;
    }
    ServerConnection connection{fd, std::move(ssl), number};
    if (is_ready) script_(connection);
    // Before the descriptor is freed, and its number is perhaps another connection's.
    const std::scoped_lock lock{mutex_};
    std::erase(open_, fd);
  }

  Script script_;
  Context tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  int connections_ = 0;
  std::vector<int> open_;
  std::list<std::thread> scripts_;
  std::thread acceptor_;
};

/// A script that answers each request of a connection with what `answer(connection, request)` sends; it ends
/// the connection by returning false.
inline ScriptedServer::Script each_request(
    std::function<bool(ServerConnection&, const ReceivedRequest&)> answer) {
  return [answer = std::move(answer)](ServerConnection& connection) {
    while (auto request = connection.read_request()) {
      if (!answer(connection, *request)) {
        connection.close();
        return;
      }
    }
  };
}

}  // namespace evenkeel::testing
