#pragma once

#include <string>

#include "evenkeel/base/result.hpp"

namespace evenkeel::http {

/// An origin taken apart and checked.
struct Origin {
  std::string text;  ///< `scheme://host:port/prefix` without a slash at the end.
  std::string host;
  bool is_tls = false;
};

/// @return Invalid, saying what is wrong and what to write instead.
Result<Origin> parse_origin(const std::string& text);

}  // namespace evenkeel::http
