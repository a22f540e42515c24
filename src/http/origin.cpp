#include "origin.hpp"

#include <cctype>
#include <charconv>
#include <string_view>

namespace evenkeel::http {
namespace {

Error refuse(const std::string& text, const std::string& why) {
  return Error{ErrorKind::Invalid, "address \"" + text + "\": " + why};
}

bool is_host(std::string_view host) {
  for (const char c : host) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) == 0 && c != '.' && c != '-' && c != '_') return false;
  }
  return !host.empty();
}

bool is_port(std::string_view port) {
  int value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  return error == std::errc{} && end == port.data() + port.size() && value >= 1 && value <= 65535;
}

bool is_prefix(std::string_view path) {
  for (const char c : path) {
    if (c <= ' ' || c == '?' || c == '#' || c == '"' || c == '\\' || static_cast<unsigned char>(c) >= 0x7f) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<Origin> parse_origin(const std::string& text) {
  std::string_view rest = text;
  Origin origin;
  if (rest.starts_with("https://")) {
    origin.is_tls = true;
  } else if (!rest.starts_with("http://")) {
    return refuse(text, "must start with http:// or https://");
  }
  rest.remove_prefix(rest.find("//") + 2);

  const auto slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  std::string_view prefix = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
  if (authority.find('@') != std::string_view::npos) {
    return refuse("...", "must not carry a user name or password; credentials have their own settings");
  }
  if (authority.starts_with('[')) {
    // The resolver behind the transport is handed the brackets too, and knows no such host.
    return refuse(
        text,
        "an IPv6 literal cannot be dialled; use a DNS name that resolves to it, such as localhost or "
        "kubernetes.default.svc (and the TLS server name where the certificate has another one)");
  }
  const auto colon = authority.find(':');
  const auto host = authority.substr(0, colon);
  if (!is_host(host)) return refuse(text, "needs a host name or an IPv4 address after the //");
  if (colon != std::string_view::npos && !is_port(authority.substr(colon + 1))) {
    return refuse(text, "the port must be a number in [1, 65535]");
  }
  if (!is_prefix(prefix)) return refuse(text, "may have a path, but no query, fragment or blanks");
  while (prefix.ends_with('/')) prefix.remove_suffix(1);

  origin.host = host;
  origin.text = (origin.is_tls ? "https://" : "http://") + std::string{authority} + std::string{prefix};
  return origin;
}

}  // namespace evenkeel::http
