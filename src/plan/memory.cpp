#include "memory.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include <nlohmann/json.hpp>

namespace evenkeel::plan {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kMaxBytes = 16 * 1024 - 1;
/// What we write is smaller; reading more would only be work for nothing.
constexpr std::size_t kMaxBytesRead = 4 * kMaxBytes;
constexpr std::size_t kMaxUid = 64;

/// Collects failure: after the first wrong type everything read is void.
class Reader {
 public:
  [[nodiscard]] bool failed() const { return failed_; }

  std::int64_t integer(const Json& json) {
    if (json.is_number_integer() &&
        !(json.is_number_unsigned() && json.get<std::uint64_t>() > kMostUnsigned)) {
      return json.get<std::int64_t>();
    }
    failed_ = true;
    return 0;
  }
  std::int32_t count(const Json& json) {
    const auto value = integer(json);
    if (value >= 0 && value <= std::numeric_limits<std::int32_t>::max())
      return static_cast<std::int32_t>(value);
    failed_ = true;
    return 0;
  }
  /// Tiers below 0 are refused by validation, not by the arithmetic.
  std::int32_t tier(const Json& json) {
    constexpr std::int64_t kLeast = std::numeric_limits<std::int32_t>::min();
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(std::clamp(integer(json), kLeast, kMost));
  }
  WallTime time(const Json& json) { return WallTime{std::chrono::nanoseconds{integer(json)}}; }
  double number(const Json& json) {
    if (json.is_number()) return json.get<double>();
    failed_ = true;
    return 0;
  }
  bool flag(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end()) return false;
    if (found->is_boolean()) return found->get<bool>();
    failed_ = true;
    return false;
  }
  /// A list of lists of `width` values each.
  template <class Entry, class Make>
  std::vector<Entry> table(const Json& object, const char* key, std::size_t width, Make make) {
    std::vector<Entry> rows;
    const auto found = object.find(key);
    if (found == object.end()) return rows;
    failed_ = failed_ || !found->is_array();
    for (const auto& row : *found) {
      if (failed_ || !row.is_array() || row.size() != width) {
        failed_ = true;
        return {};
      }
      rows.push_back(make(row));
    }
    return rows;
  }

 private:
  static constexpr auto kMostUnsigned = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  bool failed_ = false;
};

std::int64_t nanoseconds(WallTime time) {
  return time.time_since_epoch().count();
}

/// Long ids are no use as they are: their digest tells two objects apart just as well.
std::string short_uid(const std::string& uid) {
  if (uid.size() <= kMaxUid) return uid;
  std::uint64_t digest = 14695981039346656037ULL;  // FNV-1a: the same on every machine
  for (const char c : uid) digest = (digest ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return "#" + std::to_string(digest);
}

scaling::CountChange read_change(Reader& reader, const Json& json) {
  if (!json.is_array() || json.size() != 2) return {.from = reader.count(Json{}), .to = 0};
  return {.from = reader.count(json[0]), .to = reader.count(json[1])};
}

std::optional<scaling::PendingScale> read_pending(Reader& reader, const Json& json) {
  scaling::PendingScale pending;
  if (!json.is_array() || json.size() != 4 || !json[3].is_object()) {
    (void)reader.count(Json{});
    return std::nullopt;
  }
  pending.time = reader.time(json[0]);
  pending.from = reader.count(json[1]);
  pending.to = reader.count(json[2]);
  for (const auto& [name, change] : json[3].items()) pending.backends[name] = read_change(reader, change);
  return pending;
}

Memory::Backend read_backend(Reader& reader, const Json& json, WallTime now) {
  Memory::Backend backend;
  if (!json.is_object()) {
    (void)reader.count(Json{});
    return backend;
  }
  if (const auto written = json.find("written"); written != json.end()) {
    backend.written = read_change(reader, *written);
  }
  backend.has_part = reader.flag(json, "part");
  backend.ever_ready = reader.flag(json, "ready");
  using Entry = failover::Hold::Entry;
  backend.hold = failover::Hold{reader.table<Entry>(json,
                                                    "hold",
                                                    2,
                                                    [&](const Json& row) {
                                                      return Entry{.until = reader.time(row[0]),
                                                                   .share = reader.number(row[1])};
                                                    }),
                                now};
  return backend;
}

scaling::SeasonMemory read_seasons(Reader& reader, const Json& json) {
  scaling::SeasonMemory memory;
  if (!json.is_array() || json.size() != 3 || !json[2].is_array()) {
    (void)reader.count(Json{});
    return memory;
  }
  memory.season = std::chrono::seconds{reader.integer(json[0])};
  memory.newest = reader.integer(json[1]);
  for (const auto& row : json[2]) {
    auto& slices = memory.seasons.emplace_back();
    for (const auto& slice : row) {
      slices.push_back(slice.is_null() ? scaling::SeasonMemory::kUnknown : reader.count(slice));
    }
  }
  return memory;
}

scaling::History read_history(Reader& reader, const Json& json) {
  scaling::History history;
  const auto recommendation = [&](const Json& row) {
    return scaling::Recommendation{.time = reader.time(row[0]), .replicas = reader.count(row[1])};
  };
  history.highest = reader.table<scaling::Recommendation>(json, "highest", 2, recommendation);
  history.lowest = reader.table<scaling::Recommendation>(json, "lowest", 2, recommendation);
  history.events = reader.table<scaling::ScaleEvent>(json, "events", 2, [&](const Json& row) {
    return scaling::ScaleEvent{.time = reader.time(row[0]), .change = reader.integer(row[1])};
  });
  if (const auto pending = json.find("pending"); pending != json.end()) {
    history.pending = read_pending(reader, *pending);
  }
  if (const auto idle = json.find("idle"); idle != json.end()) history.idle_since = reader.time(*idle);
  if (const auto seasons = json.find("seasons"); seasons != json.end()) {
    history.seasons = read_seasons(reader, *seasons);
  }
  return history;
}

std::optional<Memory> parse(const Json& json, WallTime now) {
  Reader reader;
  Memory memory;
  memory.history = read_history(reader, json);
  if (const auto total = json.find("total"); total != json.end()) memory.total = reader.count(*total);
  if (const auto tier = json.find("tier"); tier != json.end()) memory.active_tier = reader.tier(*tier);
  memory.served = reader.flag(json, "served");
  if (const auto backends = json.find("backends"); backends != json.end()) {
    if (!backends->is_object()) return std::nullopt;
    for (const auto& [name, backend] : backends->items()) {
      memory.backends[name] = read_backend(reader, backend, now);
    }
  }
  if (reader.failed()) return std::nullopt;
  memory.history.normalise();
  memory.history.redate(now);
  return memory;
}

Json print_recommendations(const std::vector<scaling::Recommendation>& queue) {
  auto rows = Json::array();
  for (const auto& entry : queue) rows.push_back({nanoseconds(entry.time), entry.replicas});
  return rows;
}

Json print_seasons(const scaling::SeasonMemory& memory) {
  auto rows = Json::array();
  for (const auto& season : memory.seasons) {
    auto row = Json::array();
    for (const auto slice : season) row.push_back(slice < 0 ? Json{} : Json(slice));
    rows.push_back(std::move(row));
  }
  return Json::array({memory.season.count(), memory.newest, std::move(rows)});
}

Json print_history(const scaling::History& history) {
  Json json = {{"highest", print_recommendations(history.highest)},
               {"lowest", print_recommendations(history.lowest)}};
  if (!history.events.empty()) {
    auto& rows = json["events"] = Json::array();
    for (const auto& event : history.events) rows.push_back({nanoseconds(event.time), event.change});
  }
  if (history.pending) {
    auto changes = Json::object();
    for (const auto& [name, change] : history.pending->backends) {
      changes[name] = Json::array({change.from, change.to});
    }
    json["pending"] = Json::array(
        {nanoseconds(history.pending->time), history.pending->from, history.pending->to, std::move(changes)});
  }
  if (history.idle_since) json["idle"] = nanoseconds(*history.idle_since);
  if (!history.seasons.seasons.empty()) json["seasons"] = print_seasons(history.seasons);
  return json;
}

Json print_backend(const Memory::Backend& backend) {
  auto json = Json::object();
  if (backend.written) json["written"] = Json::array({backend.written->from, backend.written->to});
  if (backend.has_part) json["part"] = true;
  if (backend.ever_ready) json["ready"] = true;
  auto rows = Json::array();
  for (const auto& entry : backend.hold.entries()) {
    rows.push_back(Json::array({nanoseconds(entry.until), entry.share}));
  }
  if (!rows.empty()) json["hold"] = std::move(rows);
  return json;
}

}  // namespace

ReadMemory read_memory(const api::Snapshot& snapshot) {
  ReadMemory result;
  if (!snapshot.memory || snapshot.memory->empty()) return result;
  if (snapshot.memory->size() > kMaxBytesRead) {
    result.unreadable = true;
    return result;
  }
  const auto json = Json::parse(*snapshot.memory, nullptr, /*allow_exceptions=*/false);
  if (json.is_null() || (json.is_object() && json.empty())) return result;
  if (!json.is_object() || json.value("v", Json{}) != kVersion) {
    result.unreadable = true;
    return result;
  }
  // Another object of the same name: what its predecessor did is none of its business.
  if (json.value("uid", Json{}) != short_uid(snapshot.service.uid)) return result;
  auto memory = parse(json, snapshot.now);
  if (memory) {
    result.memory = std::move(*memory);
  } else {
    result.unreadable = true;
  }
  return result;
}

std::string print_memory(const Memory& memory, const std::string& uid) {
  Json json = print_history(memory.history);
  json["v"] = kVersion;
  json["uid"] = short_uid(uid);
  if (memory.total) json["total"] = *memory.total;
  if (memory.active_tier) json["tier"] = *memory.active_tier;
  if (memory.served) json["served"] = true;
  auto backends = Json::object();
  for (const auto& [name, backend] : memory.backends) backends[name] = print_backend(backend);
  json["backends"] = std::move(backends);
  const auto dump = [&] { return json.dump(-1, ' ', true, Json::error_handler_t::replace); };
  auto text = dump();
  // Names that validation refuses can still be long. Without what belongs to them everybody is held at size
  // for a window, as at first sight.
  for (const char* key : {"seasons", "backends", "pending", "events", "highest", "lowest"}) {
    if (text.size() <= kMaxBytes) break;
    json.erase(key);
    text = dump();
  }
  return text;
}

}  // namespace evenkeel::plan
