#pragma once

#include <filesystem>

namespace evenkeel::testing_support {

/// The root of the repository that the tests were built from. Only its own source file is compiled with that
/// path, so that every other object can be reused by another clone.
[[nodiscard]] std::filesystem::path repository();

}  // namespace evenkeel::testing_support
