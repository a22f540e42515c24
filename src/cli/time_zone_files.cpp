#include "time_zone_files.hpp"

#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace evenkeel::cli {
namespace {

namespace fs = std::filesystem;

/// Far above any zone's file.
constexpr std::uintmax_t kMaxBytes = 1 << 20;

std::string read_file(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Copies of everything, with and without leap seconds.
bool is_copy(const fs::path& directory) {
  return directory.filename() == "posix" || directory.filename() == "right";
}

}  // namespace

std::shared_ptr<const TimeZones> load_time_zones(const fs::path& root) {
  auto zones = std::make_shared<TimeZones>();
  std::error_code error;
  fs::recursive_directory_iterator entry{root, fs::directory_options::skip_permission_denied, error};
  for (; !error && entry != fs::recursive_directory_iterator{}; entry.increment(error)) {
    std::error_code unreadable;
    if (entry->is_directory(unreadable)) {
      if (is_copy(entry->path())) entry.disable_recursion_pending();
      continue;
    }
    if (!entry->is_regular_file(unreadable) || entry->file_size(unreadable) > kMaxBytes || unreadable)
      continue;
    if (auto zone = TimeZone::parse(read_file(entry->path()))) {
      zones->add(entry->path().lexically_relative(root).generic_string(), *std::move(zone));
    }
  }
  return zones;
}

}  // namespace evenkeel::cli
