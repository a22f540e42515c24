#pragma once

#include <string>
#include <string_view>

/// JSON as text: what is asked only once a text could not be read.
namespace evenkeel::api {

/// The same text, each number that does not fit in 64 bits replaced by one that does: an integer by the
/// nearest double, what is beyond the doubles by the largest of them, with its sign. What is no JSON number
/// stays as it is.
[[nodiscard]] std::string with_numbers_that_fit(std::string_view text);

}  // namespace evenkeel::api
