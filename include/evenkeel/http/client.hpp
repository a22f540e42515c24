#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/result.hpp"

namespace evenkeel::http {

enum class Method { Get, Post, Put, Patch, Delete };

struct Header {
  std::string name;  ///< Compared without regard to case.
  std::string value;
};

struct Request {
  Method method = Method::Get;
  /// Path and query, percent-encoded, starting with '/'. The path of the origin, if it has one, goes before
  /// it.
  std::string target;
  std::vector<Header> headers{};
  /// Sent as it is. Needs `content_type`. A write (anything but Get) must have one: see `Client`.
  std::string body{};
  std::string content_type{};
};

struct Response {
  int status = 0;
  std::vector<Header> headers{};
  std::string body{};

  /// The first header of that name, whatever its case; empty when there is none.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

/// PEM text from a file or from memory. A file is read again for every new connection, so rotation is picked
/// up.
struct Pem {
  std::string file{};
  std::string data{};  ///< Wins over `file`.
  [[nodiscard]] bool empty() const { return file.empty() && data.empty(); }
};

struct Tls {
  /// The only authorities that are trusted. Empty: those of the system.
  Pem ca{};
  /// Certificate chain and key that identify us. Both or none.
  Pem client_certificate{};
  Pem client_key{};
  /// The name that the server's certificate must carry, where it is not the host of the origin.
  std::string server_name{};
  /// Checks nothing about the server. For experiments only.
  bool insecure = false;
};

struct Limits {
  std::size_t body_bytes = std::size_t{64} << 20U;  ///< A longer answer fails with Invalid. Must be > 0.
  std::size_t line_bytes = std::size_t{8} << 20U;   ///< The same for one line of a stream. Must be > 0.
};

/// The value of the Authorization header for one request ("Bearer ..."), or empty for none. Called on the
/// thread that sends, once a request, so it may look at a file; an Error is returned to the caller of `send`.
using AuthorizationProvider = std::function<Result<std::string>()>;

struct Options {
  /// `http://host[:port][/prefix]` or https. An IPv6 literal is refused: the transport cannot dial one.
  std::string origin;
  Tls tls{};
  AuthorizationProvider authorization{};
  std::string user_agent{"evenkeel"};
  Limits limits{};
};

/// What a line handler wants next.
enum class Flow { Continue, Stop };

/// How long a stream may take. Its handlers run on the thread that called `stream_lines`.
struct StreamHandlers {
  /// Called once when the server has answered with 2xx, before any line. May be empty.
  std::function<void()> on_open{};
  /// Called for each line, without its end. While it runs nothing more is read from the network.
  std::function<Flow(std::string_view line)> on_line;
};

struct StreamLimits {
  Monotonic deadline;              ///< The end of the whole stream.
  std::chrono::milliseconds idle;  ///< The longest silence, also before the answer begins. Must be > 0.
};

/// Requests to one origin, over connections that are kept and reused.
///
/// Thread-safe; each call blocks its own thread and no other. Redirects are never followed (a 3xx is returned
/// as it is), so credentials stay with the origin. Proxies from the environment are not used. A write is sent
/// at most once: if its connection dies before the answer the call fails with Unavailable and the outcome is
/// unknown.
///
/// Errors: Timeout (deadline or idle limit), Cancelled (`stop`), Unavailable (could not connect, connection
/// lost, TLS failure), Invalid (unusable options or request, a body or line beyond the limits, credential
/// files that cannot be used). An HTTP status is never an error here.
class Client {
 public:
  /// @return Invalid, naming the option, when the origin or the TLS material cannot be used.
  static Result<std::unique_ptr<Client>> create(Options options, const Clock& clock);

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  /// Every call must have returned.
  ~Client();

  /// Sends and reads the whole answer. Returns by `deadline`, or within a second of `stop`.
  Result<Response> send(const Request& request, Monotonic deadline, const std::stop_token& stop = {});

  /// Sends and hands the body of a 2xx answer to `handlers` line by line as it arrives.
  ///
  /// Returns when the server ends the stream or `on_line` says Stop (body empty in both cases), or when the
  /// answer is not 2xx (body as with `send`). A last line without line end is handed over only if the stream
  /// ended well.
  Result<Response> stream_lines(const Request& request,
                                const StreamHandlers& handlers,
                                const StreamLimits& limits,
                                const std::stop_token& stop = {});

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Percent-encodes everything but unreserved characters: for one query value or one path segment.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace evenkeel::http
