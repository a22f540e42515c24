#pragma once

#include <filesystem>
#include <memory>

#include "evenkeel/base/time_zones.hpp"

namespace evenkeel::cli {

/// Where Debian, and our image, keep the tz database.
inline constexpr const char* kZoneInfo = "/usr/share/zoneinfo";

/// Every zone below `root`. What is no file of a time zone is passed over; without a readable database only
/// UTC is known, and schedules in other zones say so in their decisions.
[[nodiscard]] std::shared_ptr<const TimeZones> load_time_zones(const std::filesystem::path& root = kZoneInfo);

}  // namespace evenkeel::cli
