#include "evenkeel/ops/server.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <civetweb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace evenkeel::ops {
namespace {

struct Answer {
  int status = 200;
  std::string_view type = "text/plain; charset=utf-8";
  std::string body;
};

Answer from_health(const Health& health) {
  return {.status = health.ok ? 200 : 503, .body = health.text + "\n"};
}

Answer answer_to(const Endpoints& endpoints, std::string_view method, std::string_view path) {
  if (method != "GET" && method != "HEAD") return {.status = 405, .body = "only GET is served\n"};
  if (path == "/metrics") {
    return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = endpoints.metrics()};
  }
  if (path == "/healthz") return from_health(endpoints.healthz());
  if (path == "/readyz") return from_health(endpoints.readyz());
  return {.status = 404, .body = "there are /metrics, /healthz and /readyz\n"};
}

const char* reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    default:
      return "Service Unavailable";
  }
}

/// civetweb takes host names for nothing and a bad port for a reason to fail without words: look first.
std::optional<std::string> complaint_about(const std::string& listen, in_addr& host) {
  const std::size_t colon = listen.rfind(':');
  std::string form = "listen \"" + listen + "\" must be an IPv4 address and a port, e.g. 0.0.0.0:8080";
  if (colon == std::string::npos) return form;
  if (inet_pton(AF_INET, listen.substr(0, colon).c_str(), &host) != 1) return form;
  int port = -1;
  const char* const last = listen.data() + listen.size();
  const auto [end, problem] = std::from_chars(listen.data() + colon + 1, last, port);
  if (problem != std::errc{} || end != last || port < 0 || port > 65535) return form;
  return std::nullopt;
}

}  // namespace

class Server::Impl {
 public:
  explicit Impl(Endpoints endpoints) : endpoints_{std::move(endpoints)} {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (context_ == nullptr) return;
    // The library's listening thread notices the end only every two seconds, or when somebody calls.
    const std::jthread caller{[this](const std::stop_token& stop) { call_until(stop); }};
    mg_stop(context_);
  }

  std::optional<Error> start(const std::string& listen) {
    if (auto complaint = complaint_about(listen, host_))
      return Error{ErrorKind::Invalid, std::move(*complaint)};
    // Two threads: a slow scrape does not keep a probe waiting.
    const char* options[] = {"listening_ports",
                             listen.c_str(),
                             "num_threads",
                             "2",
                             "request_timeout_ms",
                             "5000",
                             "enable_keep_alive",
                             "no",
                             "enable_directory_listing",
                             "no",
                             nullptr};
    mg_callbacks callbacks{};
    callbacks.begin_request = &Impl::serve;
    // What the library has to say comes back as text; nothing goes to stderr between our JSON lines.
    callbacks.log_message = [](const mg_connection*, const char*) { return 1; };
    mg_init_data init{.callbacks = &callbacks, .user_data = this, .configuration_options = options};
    std::array<char, 256> text{};
    unsigned code = 0;
    mg_error_data error{.code = &code, .text = text.data(), .text_buffer_size = text.size()};
    context_ = mg_start2(&init, &error);
    if (context_ != nullptr) {
      mg_server_port ports{};
      if (mg_get_server_ports(context_, 1, &ports) == 1) port_ = ports.port;
      return std::nullopt;
    }
    return Error{ErrorKind::Unavailable,
                 "cannot listen on " + listen + " for metrics and probes (" + std::string{text.data()} +
                     "): is the port taken, or the address not of this machine? Set listen to another one"};
  }

  [[nodiscard]] int port() const { return port_; }

 private:
  static int serve(mg_connection* connection) {
    const mg_request_info* const request = mg_get_request_info(connection);
    const auto& self = *static_cast<const Impl*>(request->user_data);
    const Answer answer = answer_to(self.endpoints_, request->request_method, request->local_uri);
    mg_printf(connection,
              "HTTP/1.1 %d %s\r\nContent-Type: %.*s\r\nContent-Length: %zu\r\nConnection: close\r\n"
              "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n",
              answer.status,
              reason_of(answer.status),
              static_cast<int>(answer.type.size()),
              answer.type.data(),
              answer.body.size());
    if (std::string_view{request->request_method} != "HEAD") {
      mg_write(connection, answer.body.data(), answer.body.size());
    }
    return answer.status;
  }

  /// Calls our own port now and then.
  void call_until(const std::stop_token& stop) const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr = host_;
    std::mutex mutex;
    std::unique_lock lock{mutex};
    std::condition_variable_any never;
    while (
        !never.wait_for(lock, stop, std::chrono::milliseconds{10}, [&] { return stop.stop_requested(); })) {
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
      if (fd < 0) return;
      (void)::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
      ::close(fd);
    }
  }

  const Endpoints endpoints_;
  in_addr host_{};
  int port_ = 0;
  mg_context* context_ = nullptr;
};

Result<std::unique_ptr<Server>> Server::start(const std::string& listen, Endpoints endpoints) {
  auto impl = std::make_unique<Impl>(std::move(endpoints));
  if (auto error = impl->start(listen)) return *std::move(error);
  return std::unique_ptr<Server>{new Server{std::move(impl)}};
}

Server::Server(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Server::~Server() = default;

int Server::port() const {
  return impl_->port();
}

}  // namespace evenkeel::ops
