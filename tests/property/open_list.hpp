#pragma once

#include <set>
#include <string>

namespace evenkeel::property {

/// What is known to go wrong: one entry a line, up to a tab and the reason; what begins with # is a comment.
/// Empty where the file cannot be read: then nothing is excused.
std::set<std::string> read_open(const std::string& file);

}  // namespace evenkeel::property
