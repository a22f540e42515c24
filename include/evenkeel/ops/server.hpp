#pragma once

#include <functional>
#include <memory>
#include <string>

#include "evenkeel/base/result.hpp"

namespace evenkeel::ops {

/// Whether the process is well, and a sentence for the person who asks.
struct Health {
  bool ok = false;
  std::string text;
};

/// What the server answers with. Called on the server's threads, several at once: must be thread-safe and
/// quick.
struct Endpoints {
  std::function<std::string()> metrics;  ///< GET /metrics, Prometheus' text format.
  std::function<Health()> healthz;       ///< GET /healthz: restart the process when not ok.
  std::function<Health()> readyz;        ///< GET /readyz: not (yet) doing its work when not ok.
};

/// A small HTTP server for probes and scrapes. Listens until destroyed.
class Server {
 public:
  /// @param listen `address:port`, e.g. "0.0.0.0:8080"; port 0 takes a free one. IPv4 only.
  /// @return Error{Invalid} when the text is no such address, Error{Unavailable} when it cannot be bound; the
  ///         message says what to do.
  static Result<std::unique_ptr<Server>> start(const std::string& listen, Endpoints endpoints);

  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  [[nodiscard]] int port() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace evenkeel::ops
