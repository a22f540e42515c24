#include "memory_parts.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "memory_health.hpp"

namespace evenkeel::plan {
namespace {

using Element = MemoryReader::Element;

void write_change(MemoryWriter& writer, const scaling::CountChange& change) {
  writer.open('[').number(change.from).number(change.to).close(']');
}

scaling::CountChange read_change(MemoryReader& reader, Element value) {
  Element items[2];
  if (!reader.row(value, items)) return {};
  return {.from = reader.count(items[0]), .to = reader.count(items[1])};
}

void write_recommendations(MemoryWriter& writer, const std::vector<scaling::Recommendation>& queue) {
  writer.open('[');
  for (const auto& entry : queue) writer.time(entry.time).number(entry.replicas);
  writer.close(']');
}

/// A flat list of moments and values, in turn.
template <class Take>
void read_pairs(MemoryReader& reader, Element value, Take take) {
  std::optional<Element> first;
  reader.list(value, [&](Element item) {
    if (!first) {
      first = item;
      return;
    }
    take(*first, item);
    first.reset();
  });
  if (first) reader.fail();
}

void read_recommendations(MemoryReader& reader, Element value, std::vector<scaling::Recommendation>& queue) {
  read_pairs(reader, value, [&](Element time, Element replicas) {
    queue.push_back({.time = reader.time(time), .replicas = reader.count(replicas)});
  });
}

void write_pending(MemoryWriter& writer, const scaling::PendingScale& pending) {
  writer.open('[').time(pending.time).number(pending.from).number(pending.to).open('{');
  for (const auto& [name, change] : pending.backends) {
    writer.name(name);
    write_change(writer, change);
  }
  writer.close('}').close(']');
}

void read_pending(MemoryReader& reader, Element value, scaling::History& history) {
  Element items[4];
  if (!reader.row(value, items)) return;
  scaling::PendingScale pending{.time = reader.time(items[0]),
                                .from = reader.count(items[1]),
                                .to = reader.count(items[2]),
                                .backends = {}};
  reader.object(items[3], [&](std::string_view name, Element change) {
    pending.backends[std::string{name}] = read_change(reader, change);
  });
  history.pending = std::move(pending);
}

void write_seasons(MemoryWriter& writer, const scaling::SeasonMemory& memory) {
  writer.open('[').number(memory.season.count()).number(memory.newest).open('[');
  for (const auto& season : memory.seasons) {
    writer.open('[');
    for (const auto slice : season) writer.number(slice);
    writer.close(']');
  }
  writer.close(']').close(']');
}

void read_seasons(MemoryReader& reader, Element value, scaling::SeasonMemory& memory) {
  Element items[3];
  if (!reader.row(value, items)) return;
  memory.season = std::chrono::seconds{reader.integer(items[0])};
  memory.newest = reader.integer(items[1]);
  reader.list(items[2], [&](Element row) {
    auto& season = memory.seasons.emplace_back();
    reader.list(row, [&](Element slice) { season.push_back(reader.small(slice)); });
  });
}

void write_leaving(MemoryWriter& writer, const DepartureMemory& leaving) {
  writer.open('[').number((leaving.finished ? 1 : 0) + (leaving.gave_up ? 2 : 0));
  if (leaving.departure) {
    writer.real(leaving.departure->from).time(leaving.departure->began).time(leaving.departure->last);
  }
  writer.close(']');
}

void read_leaving(MemoryReader& reader, Element value, DepartureMemory& leaving) {
  std::array<std::optional<Element>, 4> items;
  std::size_t found = 0;
  reader.list(value, [&](Element item) {
    if (found < items.size()) items[found] = item;
    ++found;
  });
  if (found != 1 && found != items.size()) return reader.fail();
  const auto flags = reader.integer(*items[0]);
  leaving.finished = (flags & 1) != 0;
  leaving.gave_up = (flags & 2) != 0;
  if (found == 1) return;
  leaving.departure = Departure{
      .from = reader.real(*items[1]), .began = reader.time(*items[2]), .last = reader.time(*items[3])};
}

void write_watch(MemoryWriter& writer, const ShareWatch& watch) {
  writer.open('[').real(*watch.share).time(watch.set_since).time(watch.settled_since).close(']');
}

void read_watch(MemoryReader& reader, Element value, ShareWatch& watch) {
  Element items[3];
  if (!reader.row(value, items)) return;
  watch.share = reader.real(items[0]);
  watch.set_since = reader.time_or_none(items[1]);
  watch.settled_since = reader.time_or_none(items[2]);
}

void read_serving(MemoryReader& reader, Element value, std::optional<CountWatch>& watch) {
  Element items[2];
  if (!reader.row(value, items)) return;
  watch = CountWatch{.ready = reader.count(items[1]), .since = reader.time(items[0])};
}

enum Flag : std::int64_t { HasPart = 1, HadExtra = 2, HadEndpoints = 4, HadExtraByNeed = 8 };

std::int64_t flags_of(const Memory::Backend& backend) {
  return HasPart * backend.has_part + HadEndpoints * backend.had_endpoints +
         HadExtra * (backend.had_extra == Extra::Load) + HadExtraByNeed * (backend.had_extra == Extra::Need);
}

void read_flags(std::int64_t flags, Memory::Backend& backend) {
  backend.has_part = (flags & HasPart) != 0;
  if ((flags & HadExtra) != 0) backend.had_extra = Extra::Load;
  if ((flags & HadExtraByNeed) != 0) backend.had_extra = Extra::Need;
  backend.had_endpoints = (flags & HadEndpoints) != 0;
}

void read_watches(MemoryReader& reader, std::string_view key, Element value, Memory::Backend& backend) {
  if (key == "watch") read_watch(reader, value, backend.watch);
  if (key == "watched") read_watch(reader, value, backend.watch_before.emplace());
  if (key == "serves") read_serving(reader, value, backend.serving);
}

/// The part before is the last one unless another is given; one below 0 says that there was none.
void read_part_before(MemoryReader& reader, std::optional<Element> value, Memory::Backend& backend) {
  backend.part_before = backend.part;
  if (!value) return;
  const auto split = reader.integer(*value);
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  backend.part_before.reset();
  if (split >= 0) backend.part_before = static_cast<std::int32_t>(std::min(split, kMost));
}

void read_hold(MemoryReader& reader, Element value, WallTime now, failover::Hold& hold) {
  std::vector<failover::Hold::Entry> entries;
  entries.reserve(failover::Hold::kMaxEntries + 1);  // One more is about to be recorded.
  read_pairs(reader, value, [&](Element until, Element replicas) {
    entries.push_back({.until = reader.time(until), .share = reader.real(replicas)});
  });
  hold = failover::Hold{std::move(entries), now};
}

}  // namespace

void write_history(MemoryWriter& writer, const scaling::History& history) {
  writer.open('{').key("high");
  write_recommendations(writer, history.highest);
  writer.key("low");
  write_recommendations(writer, history.lowest);
  if (!history.events.empty()) {
    writer.key("events").open('[');
    for (const auto& event : history.events) writer.time(event.time).number(event.change);
    writer.close(']');
  }
  if (history.pending) {
    writer.key("pending");
    write_pending(writer, *history.pending);
  }
  if (history.idle_since) writer.key("idle").time(*history.idle_since);
  if (!history.seasons.seasons.empty()) {
    writer.key("seasons");
    write_seasons(writer, history.seasons);
  }
  writer.close('}');
}

void read_history(MemoryReader& reader, Element value, scaling::History& history) {
  reader.object(value, [&](std::string_view key, Element member) {
    if (key == "high") read_recommendations(reader, member, history.highest);
    if (key == "low") read_recommendations(reader, member, history.lowest);
    if (key == "pending") read_pending(reader, member, history);
    if (key == "idle") history.idle_since = reader.time(member);
    if (key == "seasons") read_seasons(reader, member, history.seasons);
    if (key != "events") return;
    read_pairs(reader, member, [&](Element time, Element change) {
      history.events.push_back({.time = reader.time(time), .change = reader.integer(change)});
    });
  });
}

void write_demand(MemoryWriter& writer, const DemandMemory& demand) {
  writer.open('{');
  if (!demand.highest.empty()) {
    writer.key("high").open('[');
    for (const auto& entry : demand.highest) writer.time(entry.time).real(entry.value);
    writer.close(']');
  }
  const auto reading = [&](const char* key, const std::optional<DemandReading>& entry) {
    if (entry) writer.key(key).open('[').time(entry->time).real(entry->value).close(']');
  };
  reading("last", demand.last);
  reading("before", demand.before);
  if (demand.floor) {
    writer.key("floor").open('[').time(demand.floor->lost.time).real(demand.floor->lost.value);
    writer.time(demand.floor->covered_since).close(']');
  }
  writer.close('}');
}

void read_demand(MemoryReader& reader, Element value, DemandMemory& demand) {
  const auto reading = [&](Element entry) -> std::optional<DemandReading> {
    Element items[2];
    if (!reader.row(entry, items)) return std::nullopt;
    return DemandReading{.time = reader.time(items[0]), .value = reader.real(items[1])};
  };
  reader.object(value, [&](std::string_view key, Element member) {
    if (key == "last") demand.last = reading(member);
    if (key == "before") demand.before = reading(member);
    if (key == "high") {
      read_pairs(reader, member, [&](Element time, Element load) {
        demand.highest.push_back({.time = reader.time(time), .value = reader.real(load)});
      });
    }
    Element items[3];
    if (key != "floor" || !reader.row(member, items)) return;
    demand.floor =
        DemandMemory::Floor{.lost = {.time = reader.time(items[0]), .value = reader.real(items[1])},
                            .covered_since = reader.time_or_none(items[2])};
  });
}

void write_backend(MemoryWriter& writer, const Memory::Backend& backend) {
  writer.open('{').key("is").number(flags_of(backend));
  if (backend.written) {
    writer.key("wrote");
    write_change(writer, *backend.written);
  }
  if (backend.part) writer.key("part").number(*backend.part);
  // Mostly it is the same.
  if (backend.part_before != backend.part) writer.key("split").number(backend.part_before.value_or(-1));
  if (backend.weight) writer.key("share").real(*backend.weight);
  if (backend.from && backend.from != backend.weight) writer.key("from").real(*backend.from);
  if (!backend.hold.empty()) {
    writer.key("hold").open('[');
    for (const auto& entry : backend.hold.entries()) writer.time(entry.until).real(entry.share);
    writer.close(']');
  }
  if (backend.leaving != DepartureMemory{}) {
    writer.key("leaving");
    write_leaving(writer, backend.leaving);
  }
  if (backend.watch.share) {
    writer.key("watch");
    write_watch(writer, backend.watch);
  }
  if (backend.watch_before && backend.watch_before->share) {
    writer.key("watched");
    write_watch(writer, *backend.watch_before);
  }
  if (backend.serving)
    writer.key("serves").open('[').time(backend.serving->since).number(backend.serving->ready).close(']');
  writer.key("health");
  write_health(writer, backend.health, backend.balancing);
  writer.close('}');
}

void read_backend(MemoryReader& reader, Element value, WallTime now, Memory::Backend& backend) {
  std::optional<Element> split;
  reader.object(value, [&](std::string_view key, Element member) {
    if (key == "is") read_flags(reader.integer(member), backend);
    if (key == "wrote") backend.written = read_change(reader, member);
    if (key == "part") backend.part = reader.count(member);
    if (key == "split") split = member;
    if (key == "share") backend.weight = reader.real(member);
    if (key == "from") backend.from = reader.real(member);
    if (key == "leaving") read_leaving(reader, member, backend.leaving);
    read_watches(reader, key, member, backend);
    if (key == "health") read_health(reader, member, backend.health, backend.balancing);
    if (key == "hold") read_hold(reader, member, now, backend.hold);
  });
  read_part_before(reader, split, backend);
}

}  // namespace evenkeel::plan
