#pragma once

#include <string>
#include <vector>

#include "command.hpp"

namespace evenkeel::cli {

[[nodiscard]] Runner declare_validate(CLI::App& app);

/// `evenkeel validate`: checks every LoadBalancedService in `files` ("-" is stdin) and writes a line
/// `file:line: field: message` for each complaint.
/// @return kBadInput when there is one, or a file cannot be read.
[[nodiscard]] int validate(const std::vector<std::string>& files, Streams& streams);

}  // namespace evenkeel::cli
