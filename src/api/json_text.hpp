#pragma once

#include <string>
#include <string_view>

#include <simdjson.h>

/// JSON as text: what is asked only once a text could not be read.
namespace evenkeel::api {

/// The same text, each number that does not fit in 64 bits replaced by one that does: an integer by the
/// nearest double, what is beyond the doubles by the largest of them, with its sign. What is no JSON number
/// stays as it is.
[[nodiscard]] std::string with_numbers_that_fit(std::string_view text);

/// Says what keeps `text` from being JSON, where, and what to do about it where that is known.
/// @param error  what the parser made of it, after with_numbers_that_fit() where that was about a number.
[[nodiscard]] std::string why_not_json(std::string_view text, simdjson::error_code error);

/// Of a name that comes from outside, and may be any text, as much as a message quotes: all that any real
/// name has.
[[nodiscard]] std::string_view quoted_name(std::string_view name);

}  // namespace evenkeel::api
