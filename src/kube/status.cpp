#include "status.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include <nlohmann/json.hpp>

namespace evenkeel::kube {
namespace {

using nlohmann::json;

/// A long wait is cut: the server may have changed its mind by then.
constexpr std::chrono::seconds kRetryAfterMax{60};

/// The parts of metav1.Status that we act on or show.
struct Status {
  int code = 0;
  std::string message;
  std::string reason;
  bool is_failed_test = false;
};

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// Whether a 422 says that a `test` operation of a JSON patch did not hold. The API server has no reason code
/// for it, only the patch library's words, which differ by version.
bool names_failed_test(const std::string& text) {
  return text.find("test failed") != std::string::npos || text.find("testing value") != std::string::npos ||
         text.find("testing path") != std::string::npos;
}

Status parse_status(std::string_view text) {
  Status status;
  const auto parsed = json::parse(text, nullptr, false);
  if (!parsed.is_object()) {
    // A proxy's page, or nothing: its first words are better than none.
    status.message = std::string{text.substr(0, 200)};
    return status;
  }
  status.message = text_of(parsed, "message");
  status.reason = text_of(parsed, "reason");
  if (const auto code = parsed.find("code"); code != parsed.end() && code->is_number_integer()) {
    status.code = code->get<int>();
  }
  status.is_failed_test = names_failed_test(status.message);
  const auto details = parsed.find("details");
  if (details == parsed.end() || !details->is_object()) return status;
  const auto causes = details->find("causes");
  if (causes == details->end() || !causes->is_array()) return status;
  for (const auto& cause : *causes) {
    if (!cause.is_object()) continue;
    const auto words = text_of(cause, "message");
    if (names_failed_test(words)) {
      status.is_failed_test = true;
      status.message += ": " + words;
    }
  }
  return status;
}

ErrorKind kind_of(int code, const Status& status) {
  switch (code) {
    case 401:
      return ErrorKind::Unauthorized;
    case 403:
      return ErrorKind::Forbidden;
    case 404:
      return ErrorKind::NotFound;
    case 409:
      return ErrorKind::Conflict;
    case 410:
      return ErrorKind::Gone;
    case 422:
      return status.is_failed_test ? ErrorKind::Conflict : ErrorKind::Invalid;
    case 429:
      return ErrorKind::Throttled;
    case 504:
      return ErrorKind::Timeout;
    default:
      return code >= 500 ? ErrorKind::Unavailable : ErrorKind::Invalid;
  }
}

std::optional<std::chrono::milliseconds> retry_after_of(const http::Response& response) {
  const auto header = response.header("Retry-After");
  if (!header) return std::nullopt;
  int seconds = 0;
  const auto [end, error] = std::from_chars(header->data(), header->data() + header->size(), seconds);
  if (error != std::errc{} || end != header->data() + header->size() || seconds < 0) return std::nullopt;
  return std::min<std::chrono::milliseconds>(std::chrono::seconds{seconds}, kRetryAfterMax);
}

std::string describe(std::string_view action, int code, const Status& status) {
  std::string text = std::string{action} + ": " + std::to_string(code);
  if (!status.reason.empty()) text += " " + status.reason;
  if (!status.message.empty()) text += ": " + status.message;
  return text;
}

}  // namespace

Error error_of(std::string_view action, const http::Response& response) {
  if (response.status / 100 == 3) {
    const auto target = response.header("Location").value_or("elsewhere");
    return {ErrorKind::Invalid,
            std::string{action} + ": " + std::to_string(response.status) + ": the server redirects to " +
                std::string{target} + ", which is not followed; give the address of the API server itself"};
  }
  const auto status = parse_status(response.body);
  return {
      kind_of(response.status, status), describe(action, response.status, status), retry_after_of(response)};
}

Error error_of_status(std::string_view action, std::string_view status_json) {
  const auto status = parse_status(status_json);
  if (status.code < 300) {
    return {ErrorKind::Invalid, std::string{action} + ": the stream carries an error without a code"};
  }
  return {kind_of(status.code, status), describe(action, status.code, status), std::nullopt};
}

}  // namespace evenkeel::kube
