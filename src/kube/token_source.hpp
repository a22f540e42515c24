#pragma once

#include <optional>
#include <string>
#include <utility>

#include <sys/stat.h>

#include "evenkeel/base/guarded.hpp"
#include "evenkeel/base/result.hpp"

namespace evenkeel::kube {

/// A bearer token: fixed, or from a file that somebody else rotates. Thread-safe.
class TokenSource {
 public:
  /// `file` wins over `fixed`; both empty means no token.
  TokenSource(std::string fixed, std::string file) : fixed_{std::move(fixed)}, file_{std::move(file)} {}

  /// The value for the Authorization header, or empty for none. Looks at the file's metadata each time and
  /// reads it when that has changed.
  /// @return Invalid when the file cannot be read and never could.
  Result<std::string> authorization();

  /// The server has refused the token: read the file again next time, whatever its metadata say.
  void forget();

  /// Whether forgetting can change anything.
  [[nodiscard]] bool is_rotating() const { return !file_.empty(); }

 private:
  struct Cached {
    std::string token;
    std::optional<struct stat> seen;
  };
  Result<std::string> read_if_changed(Cached& cached) const;

  const std::string fixed_;
  const std::string file_;
  Guarded<Cached> cached_;
};

}  // namespace evenkeel::kube
