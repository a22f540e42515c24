#pragma once

#include <string>
#include <string_view>

#include "evenkeel/base/result.hpp"
#include "evenkeel/http/client.hpp"

namespace evenkeel::kube {

/// What an answer outside 2xx means to the caller. `action` is what was tried: "PATCH /apis/...". The API
/// server's own message is kept.
Error error_of(std::string_view action, const http::Response& response);

/// The same for a Status object that came inside a watch: `{"kind":"Status","code":410,...}`.
Error error_of_status(std::string_view action, std::string_view status_json);

}  // namespace evenkeel::kube
