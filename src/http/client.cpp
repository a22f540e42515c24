#include "evenkeel/http/client.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <cpprest/http_client.h>
#include <cpprest/producerconsumerstream.h>
#include <openssl/ssl.h>

#include "evenkeel/base/guarded.hpp"

#include "exchange.hpp"
#include "line_splitter.hpp"
#include "origin.hpp"
#include "pool.hpp"
#include "tls_session.hpp"

namespace evenkeel::http {
namespace {

using web::http::client::http_client;
using web::http::client::http_client_config;

/// The library's timer restarts with every byte, so it is no deadline. Ours are; this one is put out of the
/// way.
constexpr std::chrono::hours kNoLibraryTimeout{24};

const char* method_name(Method method) {
  switch (method) {
    case Method::Get:
      return "GET";
    case Method::Post:
      return "POST";
    case Method::Put:
      return "PUT";
    case Method::Patch:
      return "PATCH";
    case Method::Delete:
      return "DELETE";
  }
  return "GET";
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

/// A line end in a value would start a header of its own.
bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

Result<Done> check_request(const Request& request) {
  const auto invalid = [](std::string why) { return Error{ErrorKind::Invalid, std::move(why)}; };
  if (!request.target.starts_with('/')) return invalid("a request's target must start with '/'");
  if (has_control_character(request.target) || request.target.find_first_of(" #\t") != std::string::npos) {
    return invalid("a request's target must be percent-encoded");
  }
  if (request.method != Method::Get && request.body.empty()) {
    // The library repeats a request on its own, unless it has a body that it cannot rewind.
    return invalid("a write must have a body");
  }
  if (!request.body.empty() && request.content_type.empty()) {
    return invalid("a request with a body must have a content type");
  }
  for (const auto& header : request.headers) {
    if (header.name.empty() || has_control_character(header.name) || has_control_character(header.value)) {
      return invalid("header \"" + header.name + "\" must have a name and no control characters");
    }
  }
  return Done{};
}

/// A body that can be read once: the library replays a request when a kept connection turns out to be dead,
/// also one that the server has acted on already, but gives up when it cannot rewind.
void set_body_once(web::http::http_request& target, const Request& request) {
  concurrency::streams::producer_consumer_buffer<unsigned char> buffer;
  buffer.putn_nocopy(reinterpret_cast<const unsigned char*>(request.body.data()), request.body.size()).get();
  buffer.close(std::ios_base::out).get();
  target.set_body(buffer.create_istream(), request.body.size(), request.content_type);
}

std::string what(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown failure";
  }
}

/// Turns the library's words into ours where they mislead.
std::string explain(const std::string& words, bool is_write) {
  const auto says = [&](const char* part) { return words.find(part) != std::string::npos; };
  if (says("Failed to connect")) return "could not connect: nothing answers at this address";
  if (says("Error resolving address")) return "the host name cannot be resolved";
  if (says("SSL handshake")) return "TLS handshake failed";
  std::string text = "the connection was lost";
  if (!says("cannot rewind")) text += " (" + words + ")";
  if (is_write) text += "; the request was not repeated and its outcome is unknown";
  return text;
}

}  // namespace

std::optional<std::string_view> Response::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const Header& header) {
    return equal_ignoring_case(header.name, name);
  });
  if (found == headers.end()) return std::nullopt;
  return found->value;
}

struct Client::Impl {
  Impl(Options given, Origin at, const Clock& time)
      : options{std::move(given)},
        origin{std::move(at)},
        clock{time} {
    if (!origin.is_tls) return;
    const auto& name = options.tls.server_name.empty() ? origin.host : options.tls.server_name;
    tls = std::make_shared<TlsSession>(options.tls, name);
  }

  /// The library's client with an empty pool of connections.
  [[nodiscard]] std::shared_ptr<http_client> make_client() const {
    http_client_config config;
    config.set_max_redirects(0);  // It would send our Authorization header to whatever host it is sent on to.
    config.set_timeout(kNoLibraryTimeout);
    if (tls) {
      config.set_validate_certificates(!options.tls.insecure);
      config.set_ssl_context_callback(
          [session = tls](boost::asio::ssl::context& context) { session->prepare(context); });
    }
    return std::make_shared<http_client>(web::uri{origin.text}, config);
  }

  /// After a failure every kept connection is suspect, and after a refused replay the library even keeps one
  /// that was never connected. Requests under way keep the old client alive.
  void drop_connections(const std::shared_ptr<http_client>& used) {
    auto fresh = make_client();
    client.with([&](std::shared_ptr<http_client>& current) {
      if (current == used) current = std::move(fresh);
    });
  }

  [[nodiscard]] Result<web::http::http_request> make_request(const Request& request) const;
  template <class Fn>
  Result<Response> run(const Request& request, Fn&& read);
  Error failure(const Request& request, Exchange& exchange, Mailbox::Arrival arrival) const;
  [[nodiscard]] std::string name_of(const Request& request) const;
  Result<Response> read_body(const Request& request,
                             Exchange& exchange,
                             Monotonic deadline,
                             const std::stop_token& stop) const;
  Result<Response> read_lines(const Request& request,
                              Exchange& exchange,
                              const StreamHandlers& handlers,
                              const StreamLimits& limits,
                              const std::stop_token& stop) const;

  const Options options;
  const Origin origin;
  const Clock& clock;
  std::shared_ptr<TlsSession> tls;  // Shared with connections that may outlive a call.
  Guarded<std::shared_ptr<http_client>> client;
};

std::string Client::Impl::name_of(const Request& request) const {
  // Without the query, which may be long, and may be a secret.
  return std::string{method_name(request.method)} + " " + origin.text +
         request.target.substr(0, request.target.find('?'));
}

Result<web::http::http_request> Client::Impl::make_request(const Request& request) const {
  if (auto checked = check_request(request); !checked.ok()) return checked.error();
  web::http::http_request out{method_name(request.method)};
  out.set_request_uri(web::uri{request.target});
  for (const auto& header : request.headers) out.headers().add(header.name, header.value);
  out.headers().add("User-Agent", options.user_agent);
  // The library checks the certificate against this header.
  if (!options.tls.server_name.empty()) out.headers().add("Host", options.tls.server_name);
  if (options.authorization) {
    auto value = options.authorization();
    if (!value.ok()) return value.error();
    if (has_control_character(*value)) {
      return Error{ErrorKind::Invalid, "the credentials contain a line end or another control character"};
    }
    if (!value->empty()) out.headers().add("Authorization", *value);
  }
  if (!request.body.empty()) set_body_once(out, request);
  return out;
}

/// The one place where the library's exceptions end.
template <class Fn>
Result<Response> Client::Impl::run(const Request& request, Fn&& read) {
  const auto used = client.with([](const std::shared_ptr<http_client>& current) { return current; });
  try {
    auto out = make_request(request);
    if (!out.ok()) return out.error();
    Exchange exchange{*used, *out, clock};
    Result<Response> result = read(exchange);
    if (!result.ok() && result.error().kind == ErrorKind::Unavailable) drop_connections(used);
    return result;
  } catch (const std::exception& error) {
    return Error{ErrorKind::Invalid, name_of(request) + ": " + error.what()};
  }
}

Error Client::Impl::failure(const Request& request, Exchange& exchange, Mailbox::Arrival arrival) const {
  const std::string name = name_of(request);
  if (arrival == Mailbox::Arrival::Stopped) return {ErrorKind::Cancelled, name + ": cancelled"};
  if (arrival == Mailbox::Arrival::Deadline) {
    return {ErrorKind::Timeout, name + ": no complete answer within the time allowed"};
  }
  std::string text = name + ": " + explain(what(exchange.mailbox().error()), request.method != Method::Get);
  if (tls) {
    if (const auto fault = tls->take_fault(); !fault.empty()) text += ": " + fault;
  }
  return {ErrorKind::Unavailable, text};
}

Result<Response> Client::Impl::read_body(const Request& request,
                                         Exchange& exchange,
                                         Monotonic deadline,
                                         const std::stop_token& stop) const {
  auto& mailbox = exchange.mailbox();
  std::string body;
  while (true) {
    const auto arrival = mailbox.wait(deadline, stop);
    switch (arrival) {
      case Mailbox::Arrival::Head:
        break;
      case Mailbox::Arrival::Chunk:
        if (body.size() + mailbox.chunk().size() > options.limits.body_bytes) {
          return Error{ErrorKind::Invalid,
                       name_of(request) + ": the answer is longer than the " +
                           std::to_string(options.limits.body_bytes) + " bytes that are accepted"};
        }
        body += mailbox.chunk();
        break;
      case Mailbox::Arrival::End: {
        Response response = mailbox.head();
        response.body = std::move(body);
        return response;
      }
      case Mailbox::Arrival::Failure:
      case Mailbox::Arrival::Deadline:
      case Mailbox::Arrival::Stopped:
        return failure(request, exchange, arrival);
    }
  }
}

Result<Response> Client::Impl::read_lines(const Request& request,
                                          Exchange& exchange,
                                          const StreamHandlers& handlers,
                                          const StreamLimits& limits,
                                          const std::stop_token& stop) const {
  auto& mailbox = exchange.mailbox();
  LineSplitter lines{options.limits.line_bytes};
  const auto patience = [&] { return std::min(limits.deadline, clock.monotonic() + limits.idle); };
  while (true) {
    const auto arrival = mailbox.wait(patience(), stop);
    switch (arrival) {
      case Mailbox::Arrival::Head:
        if (mailbox.head().status / 100 != 2) {
          return read_body(request, exchange, patience(), stop);
        }
        if (handlers.on_open) handlers.on_open();
        break;
      case Mailbox::Arrival::Chunk:
        switch (lines.feed(mailbox.chunk(), handlers.on_line)) {
          case LineSplitter::Outcome::More:
            break;
          case LineSplitter::Outcome::Stopped:
            return mailbox.head();
          case LineSplitter::Outcome::TooLong:
            return Error{ErrorKind::Invalid,
                         name_of(request) + ": a line is longer than the " +
                             std::to_string(options.limits.line_bytes) + " bytes that are accepted"};
        }
        break;
      case Mailbox::Arrival::End:
        lines.finish(handlers.on_line);
        return mailbox.head();
      case Mailbox::Arrival::Failure:
      case Mailbox::Arrival::Deadline:
      case Mailbox::Arrival::Stopped:
        return failure(request, exchange, arrival);
    }
  }
}

Client::Client(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::create(Options options, const Clock& clock) {
  auto origin = parse_origin(options.origin);
  if (!origin.ok()) return origin.error();
  if (options.limits.body_bytes == 0 || options.limits.line_bytes == 0) {
    return Error{ErrorKind::Invalid, "the limits for bodies and lines must be above 0"};
  }
  start_pool_once();
  try {
    auto impl = std::make_unique<Impl>(std::move(options), std::move(*origin), clock);
    if (impl->tls) {
      if (auto checked = impl->tls->check(); !checked.ok()) return checked.error();
    }
    impl->client.with([&](std::shared_ptr<http_client>& current) { current = impl->make_client(); });
    return std::unique_ptr<Client>{new Client{std::move(impl)}};
  } catch (const std::exception& error) {
    return Error{ErrorKind::Invalid, "address \"" + options.origin + "\": " + error.what()};
  }
}

Result<Response> Client::send(const Request& request, Monotonic deadline, const std::stop_token& stop) {
  return impl_->run(request,
                    [&](Exchange& exchange) { return impl_->read_body(request, exchange, deadline, stop); });
}

Result<Response> Client::stream_lines(const Request& request,
                                      const StreamHandlers& handlers,
                                      const StreamLimits& limits,
                                      const std::stop_token& stop) {
  return impl_->run(request, [&](Exchange& exchange) {
    return impl_->read_lines(request, exchange, handlers, limits, stop);
  });
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

}  // namespace evenkeel::http
