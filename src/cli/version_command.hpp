#pragma once

#include <string>

#include "command.hpp"

namespace evenkeel::cli {

[[nodiscard]] Runner declare_version(CLI::App& app);

/// "evenkeel 0.1.0 (commit 1234567890ab)"
[[nodiscard]] std::string version_line();

}  // namespace evenkeel::cli
