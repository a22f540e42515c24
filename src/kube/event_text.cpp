#include "event_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "evenkeel/base/time_format.hpp"

namespace evenkeel::kube {
namespace {

using nlohmann::json;

// What the API server accepts.
constexpr std::size_t kNoteBytesMax = 1024;
constexpr std::size_t kWordBytesMax = 128;
constexpr std::size_t kNameBytesMax = 253;

/// FNV-1a: the same text gives the same name in every run of the program, which std::hash does not promise.
std::uint64_t digest(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

/// Cuts at a character's border.
std::string cut(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  text.resize(end);
  return text;
}

/// Notes carry names and messages that others chose, and end on terminals.
std::string without_control_characters(std::string text) {
  std::replace_if(
      text.begin(),
      text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; },
      ' ');
  return text;
}

const char* name_of(EventType type) {
  return type == EventType::Warning ? "Warning" : "Normal";
}

/// Never throws: bytes that are not UTF-8 become question marks.
std::string to_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string event_namespace(const Regarding& regarding) {
  return regarding.key.ns.empty() ? "default" : regarding.key.ns;
}

std::string event_name(const Event& event) {
  const auto& about = event.regarding;
  std::string identity;
  for (const std::string_view part : {std::string_view{about.uid},
                                      std::string_view{about.kind},
                                      std::string_view{about.key.ns},
                                      std::string_view{about.key.name},
                                      std::string_view{name_of(event.type)},
                                      std::string_view{event.reason},
                                      std::string_view{event.note}}) {
    identity.append(part).push_back('\0');
  }
  std::array<char, 20> hex{};
  std::snprintf(hex.data(), hex.size(), ".%016llx", static_cast<unsigned long long>(digest(identity)));
  return about.key.name.substr(0, kNameBytesMax - 17) + hex.data();
}

std::string event_json(const Event& event, const EventRecorderOptions& options, WallTime now) {
  const auto& about = event.regarding;
  json regarding{{"apiVersion", about.api_version}, {"kind", about.kind}, {"name", about.key.name}};
  if (!about.key.ns.empty()) regarding["namespace"] = about.key.ns;
  if (!about.uid.empty()) regarding["uid"] = about.uid;
  return to_text({{"apiVersion", "events.k8s.io/v1"},
                  {"kind", "Event"},
                  {"metadata", {{"name", event_name(event)}, {"namespace", event_namespace(about)}}},
                  {"eventTime", format_rfc3339_micros(now)},
                  {"reportingController", options.controller},
                  {"reportingInstance", cut(options.instance, kWordBytesMax)},
                  {"action", cut(event.action, kWordBytesMax)},
                  {"reason", cut(event.reason, kWordBytesMax)},
                  {"regarding", regarding},
                  {"note", cut(without_control_characters(event.note), kNoteBytesMax)},
                  {"type", name_of(event.type)}});
}

std::string series_patch(std::int32_t count, WallTime now) {
  return to_text(
      {{"series", {{"count", std::max(count, 2)}, {"lastObservedTime", format_rfc3339_micros(now)}}}});
}

std::int32_t series_count(std::string_view event_json) {
  const auto parsed = json::parse(event_json, nullptr, false);
  const auto path = json::json_pointer{"/series/count"};
  if (!parsed.is_object() || !parsed.contains(path) || !parsed.at(path).is_number_integer()) return 1;
  return std::max(parsed.at(path).get<std::int32_t>(), 1);
}

}  // namespace evenkeel::kube
