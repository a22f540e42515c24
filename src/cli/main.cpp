#include <iostream>

#include "command.hpp"

int main(int argc, char** argv) {
  // A stream of snapshots is read and answered line by line; the C library's locks would cost most of its
  // time.
  std::ios::sync_with_stdio(false);
  evenkeel::cli::Streams streams{std::cin, std::cout, std::cerr};
  return evenkeel::cli::run_program(argc - 1, argv + 1, streams);
}
