#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace evenkeel::testing {

/// Passes bytes between 127.0.0.1 and a server, until it is told to cut its connections.
class Relay {
 public:
  Relay(std::string host, std::string port) : host_{std::move(host)}, port_{std::move(port)} {
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
    local_port_ = ntohs(address.sin_port);
    threads_.emplace_back([this] { accept_all(); });
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay() {
    ::shutdown(listener_, SHUT_RDWR);
    threads_.front().join();  // From here on there are no new ones.
    cut();
    for (auto thread = std::next(threads_.begin()); thread != threads_.end(); ++thread) thread->join();
    for (const int fd : open_) ::close(fd);
    ::close(listener_);
  }

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(local_port_); }

  /// Ends every connection that there is, as a crash of the server would. New ones are passed on.
  void cut() {
    const std::scoped_lock lock{mutex_};
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }

 private:
  void accept_all() {
    while (true) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      const int server = dial();
      const std::scoped_lock lock{mutex_};
      // Kept until the end, so that a descriptor's number is never another connection's.
      open_.push_back(client);
      if (server < 0) {
        ::shutdown(client, SHUT_RDWR);
        continue;
      }
      open_.push_back(server);
      threads_.emplace_back([client, server] { pass(client, server); });
      threads_.emplace_back([client, server] { pass(server, client); });
    }
  }

  [[nodiscard]] int dial() const {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host_.c_str(), port_.c_str(), &hints, &found) != 0) return -1;
    const int fd = ::socket(found->ai_family, SOCK_STREAM, 0);
    const bool is_connected = ::connect(fd, found->ai_addr, found->ai_addrlen) == 0;
    ::freeaddrinfo(found);
    if (is_connected) return fd;
    ::close(fd);
    return -1;
  }

  static void pass(int from, int to) {
    std::array<char, 16384> buffer{};
    while (true) {
      const auto count = ::recv(from, buffer.data(), buffer.size(), 0);
      if (count <= 0) break;
      for (ssize_t sent = 0; sent < count;) {
        const auto more =
            ::send(to, buffer.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
        if (more <= 0) break;
        sent += more;
      }
    }
    ::shutdown(from, SHUT_RDWR);
    ::shutdown(to, SHUT_RDWR);
  }

  std::string host_;
  std::string port_;
  int listener_ = -1;
  std::uint16_t local_port_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;
  std::list<std::thread> threads_;
};

}  // namespace evenkeel::testing
