#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "evenkeel/base/clock.hpp"

namespace evenkeel {

/// Reads an RFC 3339 time with up to 9 decimals and `Z` or a numeric offset.
/// @return empty when the text is not such a time, or lies outside 1678..2261 (what 64-bit nanoseconds hold).
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text);

/// Prints UTC with `Z` and as many decimals as are needed (0, 3, 6 or 9).
[[nodiscard]] std::string format_rfc3339(WallTime time);

/// Prints UTC to the second, rounded down: the form of metav1.Time.
[[nodiscard]] std::string format_rfc3339_seconds(WallTime time);

/// Prints UTC with exactly six decimals: the form of metav1.MicroTime.
[[nodiscard]] std::string format_rfc3339_micros(WallTime time);

}  // namespace evenkeel
