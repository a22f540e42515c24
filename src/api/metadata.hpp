#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/object_key.hpp"

#include "json_field.hpp"

namespace evenkeel::api {

/// What we read of an object's metadata.
struct Metadata {
  ObjectKey key;
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  std::optional<WallTime> creation_time;
  bool deleting = false;
  std::map<std::string, std::string> annotations;
};

/// Reads `root`.metadata and complains when the name is missing.
[[nodiscard]] Metadata read_metadata(const Field& root);

}  // namespace evenkeel::api
