#include "memory.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "memory_health.hpp"
#include "memory_parts.hpp"
#include "memory_text.hpp"

namespace evenkeel::plan {
namespace {

using Element = MemoryReader::Element;

constexpr std::int64_t kVersion = 3;
constexpr std::size_t kMaxBytes = 16 * 1024 - 1;
/// What we write is smaller; reading more would only be work for nothing.
constexpr std::size_t kMaxBytesRead = 4 * kMaxBytes;
/// Twice what ours has; deeper texts are not ours.
constexpr std::size_t kMaxDepth = 10;
constexpr std::size_t kMaxUid = 64;

/// Long ids are no use as they are: their digest tells two objects apart just as well.
std::string short_uid(const std::string& uid) {
  if (uid.size() <= kMaxUid) return uid;
  std::uint64_t digest = 14695981039346656037ULL;  // FNV-1a: the same on every machine
  for (const char c : uid) digest = (digest ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return "#" + std::to_string(digest);
}

/// What is true or false, in one number: a bit each, in this order.
constexpr std::array kFlags = {&Memory::served,
                               &Memory::max_was_lowered,
                               &Memory::surging,
                               &Memory::was_edited,
                               &Memory::has_part_above,
                               &Memory::by_needs,
                               &Memory::by_needs_before};

std::int64_t flags_of(const Memory& memory) {
  std::int64_t flags = 0;
  for (std::size_t i = 0; i < kFlags.size(); ++i) flags |= std::int64_t{memory.*kFlags[i]} << i;
  return flags;
}

void read_flags(std::int64_t flags, Memory& memory) {
  for (std::size_t i = 0; i < kFlags.size(); ++i) memory.*kFlags[i] = (flags >> i & 1) != 0;
}

void read_member(MemoryReader& reader, std::string_view key, Element value, WallTime now, Memory& memory) {
  if (key == "total") memory.total = reader.count(value);
  if (key == "tier") memory.active_tier = reader.small(value);
  if (key == "max") memory.max = reader.count(value);
  if (key == "stepped") memory.stepped = reader.time(value);
  if (key == "changed") memory.shares_changed = reader.time(value);
  if (key == "seen") memory.seen = static_cast<std::uint32_t>(reader.integer(value));
  if (key == "declared") memory.declared = static_cast<std::uint32_t>(reader.integer(value));
  if (key == "scaling") read_history(reader, value, memory.history);
  if (key == "demand") read_demand(reader, value, memory.demand);
  if (key == "service") read_service_health(reader, value, memory.health, memory.split, memory.tiers);
  if (key == "is") read_flags(reader.integer(value), memory);
  if (key != "backends") return;
  reader.object(value, [&](std::string_view name, Element backend) {
    read_backend(reader, backend, now, memory.backends[std::string{name}]);
  });
}

/// What is well formed may still make no sense: it may be anybody's.
void normalise(Memory& memory, WallTime now) {
  memory.history.normalise();
  memory.history.redate(now);
  memory.demand.normalise(now);
  const auto share = [](double& value) { value = std::clamp(value, 0.0, 100.0); };
  for (auto& [name, backend] : memory.backends) {
    if (backend.weight) share(*backend.weight);
    if (backend.from) share(*backend.from);
    if (backend.watch.share) share(*backend.watch.share);
    if (backend.watch_before && backend.watch_before->share) share(*backend.watch_before->share);
    if (backend.leaving.departure) share(backend.leaving.departure->from);
    failover::redate(backend.health, now);
    balancing::redate(backend.balancing, now);
  }
  failover::redate(memory.split, now);
  balancing::redate(memory.tiers, now);
}

/// The head of the memory: whose it is, of which version, from when.
struct Head {
  bool is_ours = false;
  bool is_other_object = false;
  WallTime written;
};

Head read_head(simdjson::dom::object members, const std::string& uid) {
  Head head;
  std::int64_t version = 0;
  std::int64_t written = 0;
  std::string_view owner;
  if (members["v"].get(version) != simdjson::SUCCESS || version != kVersion) return head;
  if (members["at"].get(written) != simdjson::SUCCESS) return head;
  if (members["uid"].get(owner) != simdjson::SUCCESS) return head;
  head.written = WallTime{std::chrono::nanoseconds{written}};
  head.is_ours = owner == short_uid(uid);
  head.is_other_object = !head.is_ours;
  return head;
}

/// What the next text will need if it is about as long as the last one: room for what has been added since,
/// and for the padding that the parser would otherwise copy the whole text for.
std::size_t expected_size(const api::Snapshot& snapshot) {
  constexpr std::size_t kUsual = 512;
  return (snapshot.memory ? snapshot.memory->size() : kUsual) + 128 + simdjson::SIMDJSON_PADDING;
}

std::string print(const Memory& memory, const api::Snapshot& snapshot, bool with_backends) {
  const auto now = snapshot.now;
  MemoryWriter writer{now, expected_size(snapshot)};
  writer.open('{').key("v").number(kVersion).key("at").number(now.time_since_epoch().count());
  writer.key("uid").text(short_uid(snapshot.service.uid));
  writer.key("is").number(flags_of(memory));
  if (memory.total) writer.key("total").number(*memory.total);
  if (memory.active_tier) writer.key("tier").number(*memory.active_tier);
  if (memory.max) writer.key("max").number(*memory.max);
  if (memory.stepped) writer.key("stepped").time(*memory.stepped);
  if (memory.shares_changed) writer.key("changed").time(*memory.shares_changed);
  if (memory.seen != 0) writer.key("seen").number(memory.seen);
  if (memory.declared) writer.key("declared").number(*memory.declared);
  writer.key("scaling");
  write_history(writer, memory.history);
  writer.key("demand");
  write_demand(writer, memory.demand);
  if (with_backends) {
    writer.key("service");
    write_service_health(writer, memory.health, memory.split, memory.tiers);
    writer.key("backends").open('{');
    for (const auto& [name, backend] : memory.backends) {
      writer.name(name);
      write_backend(writer, backend);
    }
    writer.close('}');
  }
  writer.close('}');
  return writer.take();
}

/// What goes first where not everything has room: each of them makes decisions more cautious or slower, none
/// takes back what was decided.
constexpr void (*kGiveUp[])(Memory&) = {
    // Nothing is raised ahead of its time until a season has been seen again.
    [](Memory& memory) { memory.history.seasons = {}; },
    // Merged neighbours hold the higher count for longer.
    [](Memory& memory) {
      memory.history.merge(12);
      memory.demand.merge(12);
    },
    // Smoothing starts anew from where proportions are, and gains grow slowly again.
    [](Memory& memory) {
      for (auto& tier : memory.tiers) tier.turned.reset();
      for (auto& [name, backend] : memory.backends) {
        backend.balancing = {.proportion = backend.balancing.proportion,
                             .last_step = backend.balancing.last_step};
      }
    },
    // Readings are counted anew, and shares watched anew: who is out or on probation stays so for longer.
    [](Memory& memory) {
      for (auto& [name, backend] : memory.backends) {
        backend.health.streaks.clear();
        backend.watch = {};
        backend.serving.reset();
        backend.part_before = backend.part;
      }
    },
};

simdjson::dom::parser make_parser() {
  simdjson::dom::parser parser;
  // Without a depth it sets much more aside for brackets than for all the rest.
  if (parser.allocate(kMaxBytes, kMaxDepth) != simdjson::SUCCESS) throw std::bad_alloc{};
  return parser;
}

}  // namespace

ReadMemory read_memory(const api::Snapshot& snapshot) {
  ReadMemory result;
  if (!snapshot.memory || snapshot.memory->empty()) return result;
  const auto& text = *snapshot.memory;
  if (text == "{}" || text == "null") return result;
  result.unreadable = true;
  if (text.size() > kMaxBytesRead) return result;
  // What a parser sets aside is a tenth of a small decision's time, so every thread keeps its own: nothing
  // but room, and no more than kMaxBytesRead needs.
  thread_local simdjson::dom::parser parser = make_parser();
  Element root;
  if (parser.parse(text).get(root) != simdjson::SUCCESS) return result;
  if (root.is_null()) {
    result.unreadable = false;
    return result;
  }
  simdjson::dom::object members;
  if (root.get(members) != simdjson::SUCCESS) return result;
  if (members.size() == 0) {
    result.unreadable = false;
    return result;
  }
  const auto head = read_head(members, snapshot.service.uid);
  // Another object of the same name: what its predecessor did is none of its business.
  if (head.is_other_object) result.unreadable = false;
  if (!head.is_ours) return result;
  MemoryReader reader{head.written, snapshot.now};
  for (const auto member : members)
    read_member(reader, member.key, member.value, snapshot.now, result.memory);
  if (reader.failed()) return {.memory = {}, .unreadable = true};
  result.memory.decided = head.written;  // Not re-dated: a clock that went back comes to another moment.
  normalise(result.memory, snapshot.now);
  result.unreadable = false;
  result.found = true;
  return result;
}

std::string print_memory(const Memory& memory, const api::Snapshot& snapshot) {
  auto text = print(memory, snapshot, true);
  if (text.size() <= kMaxBytes) return text;
  Memory smaller = memory;
  for (const auto give_up : kGiveUp) {
    give_up(smaller);
    text = print(smaller, snapshot, true);
    if (text.size() <= kMaxBytes) return text;
  }
  // Names that validation refuses can still be long. Without what belongs to them everybody is held at size
  // for a window, as at first sight. What is left has no names, and lists of bounded size.
  smaller.history.pending.reset();
  return print(smaller, snapshot, false);
}

}  // namespace evenkeel::plan
