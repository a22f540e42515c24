#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace evenkeel {

/// Wall clock time in some zone.
using LocalTime = std::chrono::local_time<std::chrono::seconds>;
using UtcTime = std::chrono::sys_time<std::chrono::seconds>;

/// The rules of one time zone as plain data.
class TimeZone {
 public:
  /// UTC.
  TimeZone() = default;

  /// Reads the bytes of a file of the tz database (RFC 8536, version 2 or later), its closing rule included.
  /// @return empty when they are not such a file.
  [[nodiscard]] static std::optional<TimeZone> parse(std::string_view bytes);

  /// East of Greenwich is positive.
  [[nodiscard]] std::chrono::seconds offset_at(UtcTime time) const;
  [[nodiscard]] LocalTime to_local(UtcTime time) const;

  /// The moment of a local time. One that a clock put forward leaves out is the moment it is put forward; of
  /// one that comes twice the first counts.
  [[nodiscard]] UtcTime to_utc(LocalTime local) const;

 private:
  struct Change {
    UtcTime at;
    std::chrono::seconds offset{0};  ///< From then on.
  };

  std::chrono::seconds first_{0};  ///< The offset before any change.
  std::vector<Change> changes_;    ///< In order.
};

/// The tz database, loaded once by whoever may read files.
class TimeZones {
 public:
  void add(std::string name, TimeZone zone) { zones_.insert_or_assign(std::move(name), std::move(zone)); }

  /// By name, as "Europe/Berlin"; "UTC" is always there. Null: unknown.
  [[nodiscard]] const TimeZone* find(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return zones_.size(); }

 private:
  TimeZone utc_;
  std::map<std::string, TimeZone, std::less<>> zones_;
};

}  // namespace evenkeel
