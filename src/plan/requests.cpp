#include <algorithm>
#include <string_view>

#include "health.hpp"

namespace evenkeel::plan {
namespace {

constexpr std::string_view kDrain = "evenkeel.dev/drain";
constexpr std::string_view kDrill = "evenkeel.dev/drill";
constexpr std::string_view kFailback = "evenkeel.dev/failback";
constexpr std::string_view kNow = "=now";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

std::string_view annotation(const api::Snapshot& snapshot, std::string_view name) {
  for (const auto& [key, text] : snapshot.service.annotations) {
    if (key == name) return trimmed(text);
  }
  return {};
}

/// Calls `take(member index, is now)` for every name in a list.
template <class Take>
void read_names(std::string_view key,
                std::string_view text,
                std::span<const Member> members,
                std::vector<std::string>& warnings,
                Take take) {
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    auto name = trimmed(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    const bool now = name.ends_with(kNow);
    if (now) name = trimmed(name.substr(0, name.size() - kNow.size()));
    if (name.empty()) continue;
    const auto found =
        std::ranges::find_if(members, [&](const Member& member) { return member.declared->name == name; });
    if (found == members.end()) {
      warnings.push_back(
          "annotation " + std::string{key} + " names " + std::string{name.substr(0, 253)} +
          ", which is not declared in spec.backends; it is left out. Names of backends are separated by "
          "commas, and a drain's may end in =now");
    } else {
      take(found->index, now);
    }
  }
}

}  // namespace

Requests read_requests(const api::Snapshot& snapshot,
                       std::span<const Member> members,
                       std::vector<std::string>& warnings) {
  Requests requests{.backends = std::vector<Requests::Backend>(members.size()),
                    .failback = std::string{annotation(snapshot, kFailback)}};
  if (snapshot.service.annotations.empty()) return requests;
  read_names(kDrain, annotation(snapshot, kDrain), members, warnings, [&](std::size_t i, bool now) {
    auto& request = requests.backends[i];
    request.drain = true;
    request.drain_now = request.drain_now || now;
  });
  read_names(kDrill, annotation(snapshot, kDrill), members, warnings, [&](std::size_t i, bool) {
    requests.backends[i].drill = true;
  });
  return requests;
}

}  // namespace evenkeel::plan
