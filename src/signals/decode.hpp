#pragma once

#include <cstddef>
#include <string_view>

#include "evenkeel/signals/source.hpp"

namespace evenkeel::signals {

/// Reads the answer of /api/v1/query. `status` is the HTTP status, `max_series` the most that is accepted.
/// Total: any text gives series or an error. `took` is left alone.
[[nodiscard]] TextResult decode_answer(int status, std::string_view body, std::size_t max_series);

}  // namespace evenkeel::signals
