#pragma once

#include <string>
#include <vector>

#include "judge.hpp"

namespace evenkeel::property {

/// The smallest sequence found that breaks the same rule: fewer lines first, then fewer and simpler fields.
/// Tries at most `budget` sequences.
[[nodiscard]] std::vector<std::string> shrink(const std::vector<std::string>& lines,
                                              const std::string& rule,
                                              int budget = 4000);

}  // namespace evenkeel::property
