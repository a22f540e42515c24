#pragma once

#include <string>
#include <string_view>

#include "evenkeel/base/object_key.hpp"

namespace evenkeel::kube {

/// Group, version and plural: what a path of the API is made of.
struct Resource {
  std::string group;  ///< Empty for the core group.
  std::string version;
  std::string plural;
  friend bool operator==(const Resource&, const Resource&) = default;
};

/// `deployments.apps/v1`, for messages.
[[nodiscard]] std::string to_string(const Resource& resource);

/// The path of all objects of a kind, in one namespace or, where `ns` is empty, in all of them (also the form
/// for kinds without namespaces).
[[nodiscard]] std::string collection_path(const Resource& resource, std::string_view ns = {});

/// The path of one object (`ns` empty for kinds without namespaces), or of a subresource: "scale", "status".
[[nodiscard]] std::string object_path(const Resource& resource,
                                      const ObjectKey& key,
                                      std::string_view subresource = {});

}  // namespace evenkeel::kube
