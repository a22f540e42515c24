#pragma once

#include <functional>
#include <iosfwd>

namespace CLI {
class App;
}

namespace evenkeel::cli {

/// What a command reads and writes; tests hand in their own.
struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

/// Exit codes, documented in docs/cli.md.
inline constexpr int kDone = 0;
inline constexpr int kBadInput = 1;
inline constexpr int kUsage = 2;
inline constexpr int kUnreachable = 3;

/// Runs a command whose flags have been read.
/// @return the exit code.
using Runner = std::function<int(Streams&)>;

/// Declares a command's flags on `app`. The runner holds the storage that the flags are read into.
using Declare = Runner (*)(CLI::App& app);

/// Reads the arguments (without the program's name) and runs the command that they name.
/// @return the exit code; a mistake in the arguments gives a sentence on `err` and kUsage.
[[nodiscard]] int run_program(int argc, const char* const* argv, Streams& streams);

}  // namespace evenkeel::cli
