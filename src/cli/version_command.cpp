#include "version_command.hpp"

#include <ostream>

#include "evenkeel_commit.hpp"
#include "evenkeel_version.hpp"

namespace evenkeel::cli {

std::string version_line() {
  return std::string{"evenkeel "} + kVersion + " (commit " + kCommit + ")";
}

Runner declare_version(CLI::App&) {
  return [](Streams& streams) {
    streams.out << version_line() << "\nlibraries: " << kLibraries << '\n';
    return kDone;
  };
}

}  // namespace evenkeel::cli
