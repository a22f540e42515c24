#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>

namespace evenkeel {

/// Namespace and name of a Kubernetes object of a kind that the context tells.
struct ObjectKey {
  std::string ns;
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
};

/// `namespace/name`, as kubectl prints it.
inline std::string to_string(const ObjectKey& key) {
  return key.ns + "/" + key.name;
}

}  // namespace evenkeel

template <>
struct std::hash<evenkeel::ObjectKey> {
  std::size_t operator()(const evenkeel::ObjectKey& key) const noexcept {
    // The slash cannot occur in either part, so distinct keys have distinct texts.
    return std::hash<std::string>{}(key.ns) * 31 + std::hash<std::string>{}(key.name);
  }
};
