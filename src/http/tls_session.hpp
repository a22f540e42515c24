#pragma once

#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "evenkeel/base/guarded.hpp"
#include "evenkeel/base/result.hpp"
#include "evenkeel/http/client.hpp"

namespace evenkeel::http {

/// Sets up TLS for each new connection to one server, and remembers why the last one was not trusted.
///
/// The library says no more than "Error in SSL handshake"; what a person must mend is in the certificate.
class TlsSession {
 public:
  /// `host` is the name that the certificate must carry.
  TlsSession(Tls options, std::string host) : options_{std::move(options)}, host_{std::move(host)} {}

  /// Reads and checks what the options name. @return Invalid, naming the option.
  Result<Done> check() const;

  /// Prepares the context of one connection. Never throws: what is wrong makes the handshake fail and is
  /// remembered.
  void prepare(boost::asio::ssl::context& context);

  /// Why the last handshake failed; empty when that is not known. Forgets it.
  std::string take_fault();

 private:
  Result<Done> apply(SSL_CTX* context) const;
  static int verify(X509_STORE_CTX* chain, void* self);
  [[nodiscard]] bool carries_our_name(X509* certificate) const;
  std::string describe_fault(X509_STORE_CTX* chain) const;

  const Tls options_;
  const std::string host_;
  Guarded<std::string> fault_;
};

}  // namespace evenkeel::http
