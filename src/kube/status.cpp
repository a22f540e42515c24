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
  bool has_causes = false;
};

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
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
  const auto causes = json::json_pointer{"/details/causes"};
  status.has_causes = parsed.contains(causes) && !parsed.at(causes).empty();
  return status;
}

/// A rejected object comes with causes, field by field. Without them a 422 is a JSON patch that does not fit
/// the object as it is: a `test` did not hold or a path is not there. The API server says no more than that.
bool is_misfit(int code, const Status& status) {
  return code == 422 && !status.has_causes;
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
      return is_misfit(code, status) ? ErrorKind::Conflict : ErrorKind::Invalid;
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
  if (is_misfit(code, status)) text += " (the object is not as the patch expects it)";
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
