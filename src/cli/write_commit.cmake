# cmake -D SOURCE_DIR=... -D OUTPUT=... [-D COMMIT=...] -P write_commit.cmake
#
# Writes a header with the commit that is built, and only when it has changed: this runs on every build.
if(NOT COMMIT)
  execute_process(COMMAND git -C ${SOURCE_DIR} rev-parse --short=12 HEAD
                  OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT COMMIT)
  set(COMMIT unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
// Made by src/cli/write_commit.cmake.
#pragma once

namespace evenkeel::cli {

inline constexpr const char* kCommit = "@COMMIT@";

}  // namespace evenkeel::cli
]])
