#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "evenkeel/balancing/proportions.hpp"
#include "evenkeel/failover/health.hpp"
#include "evenkeel/failover/targets.hpp"

/// Memory of health, of proportions and of the split between tiers, as text. What is as it was at the start
/// is not written: a service without trouble costs next to nothing.
namespace evenkeel::plan {

namespace detail {

template <class Writer>
void write_balance(Writer& writer, const balancing::BalancingMemory& balance) {
  const auto smoothed = [&](const char* key, const std::optional<balancing::Smoothed>& value) {
    if (value) writer.key(key).open('[').real(value->value).time(value->time).close(']');
  };
  smoothed("c", balance.connections);
  smoothed("t", balance.latency);
  smoothed("w", balance.errors);
  smoothed("u", balance.utilization);
  if (balance.proportion)
    writer.key("q").open('[').real(*balance.proportion).real(balance.last_step).close(']');
  if (!balance.shares.empty()) {
    writer.key("h").open('[');
    for (const auto& entry : balance.shares) writer.time(entry.since).real(entry.share);
    writer.close(']');
  }
}

}  // namespace detail

/// `Writer` and `Reader` are those of memory_text.hpp; here only their names for things are needed.
template <class Writer>
void write_health(Writer& writer,
                  const failover::HealthMemory& health,
                  const balancing::BalancingMemory& balance) {
  const failover::HealthMemory usual;
  writer.open('{');
  const int flags = (health.ever_ready ? 1 : 0) | (health.had_endpoint ? 2 : 0) | (health.refused ? 4 : 0) |
                    (health.suspended ? 8 : 0) | (health.eligible ? 16 : 0);
  if (flags != 0) writer.key("f").number(flags);
  if (health.expected != usual.expected) writer.key("x").number(health.expected);
  if (!health.losses.empty()) {
    writer.key("l").open('[');
    for (const auto loss : health.losses) writer.time(loss);
    writer.close(']');
  }
  if (health.returned) writer.key("r").time(*health.returned);
  if (health.ejections != 0) writer.key("n").number(health.ejections);
  if (health.ejected) writer.key("e").time(*health.ejected);
  if (health.probation) writer.key("p").time(*health.probation);
  if (health.last_bad) writer.key("b").time(*health.last_bad);
  if (health.eligible_since) writer.key("s").time(*health.eligible_since);
  if (!health.streaks.empty()) {
    writer.key("k").open('[');
    for (const auto& streak : health.streaks) {
      writer.number(streak.signal).number(streak.bad).number(streak.good).time(streak.counted);
    }
    writer.close(']');
  }
  detail::write_balance(writer, balance);
  writer.close('}');
}

namespace detail {

/// Calls `take(array of kWidth elements)` for every kWidth elements of a flat list.
template <std::size_t kWidth, class Reader, class Element, class Take>
void read_rows(Reader& reader, Element value, Take take) {
  std::array<Element, kWidth> row;
  std::size_t filled = 0;
  reader.list(value, [&](Element item) {
    row[filled++] = item;
    if (filled < kWidth) return;
    take(row);
    filled = 0;
  });
  if (filled != 0) reader.fail();
}

template <class Reader, class Element>
std::optional<balancing::Smoothed> read_smoothed(Reader& reader, Element value) {
  std::optional<balancing::Smoothed> smoothed;
  read_rows<2>(reader, value, [&](const auto& row) {
    smoothed = {.value = reader.real(row[0]), .time = reader.time(row[1])};
  });
  return smoothed;
}

template <class Reader, class Element>
void read_balance(Reader& reader, char key, Element value, balancing::BalancingMemory& balance) {
  switch (key) {
    case 'c':
      balance.connections = read_smoothed(reader, value);
      break;
    case 't':
      balance.latency = read_smoothed(reader, value);
      break;
    case 'w':
      balance.errors = read_smoothed(reader, value);
      break;
    case 'u':
      balance.utilization = read_smoothed(reader, value);
      break;
    case 'q':
      read_rows<2>(reader, value, [&](const auto& row) {
        balance.proportion = reader.real(row[0]);
        balance.last_step = reader.real(row[1]);
      });
      break;
    case 'h':
      read_rows<2>(reader, value, [&](const auto& row) {
        balance.shares.push_back({.since = reader.time(row[0]), .share = reader.real(row[1])});
      });
      break;
    default:
      reader.fail();
  }
}

template <class Reader, class Element>
bool read_condition(Reader& reader, char key, Element value, failover::HealthMemory& health) {
  switch (key) {
    case 'f': {
      const auto flags = reader.count(value);
      health.ever_ready = (flags & 1) != 0;
      health.had_endpoint = (flags & 2) != 0;
      health.refused = (flags & 4) != 0;
      health.suspended = (flags & 8) != 0;
      health.eligible = (flags & 16) != 0;
      return true;
    }
    case 'x':
      health.expected = reader.count(value);
      return true;
    case 'l':
      reader.list(value, [&](Element item) { health.losses.push_back(reader.time(item)); });
      return true;
    case 'n':
      health.ejections = reader.count(value);
      return true;
    case 'k':
      read_rows<4>(reader, value, [&](const auto& row) {
        health.streaks.push_back({.signal = static_cast<std::uint32_t>(reader.integer(row[0])),
                                  .bad = reader.count(row[1]),
                                  .good = reader.count(row[2]),
                                  .counted = reader.time(row[3])});
      });
      return true;
    default:
      return false;
  }
}

template <class Reader, class Element>
bool read_moment(Reader& reader, char key, Element value, failover::HealthMemory& health) {
  switch (key) {
    case 'r':
      health.returned = reader.time(value);
      return true;
    case 'e':
      health.ejected = reader.time(value);
      return true;
    case 'p':
      health.probation = reader.time(value);
      return true;
    case 'b':
      health.last_bad = reader.time(value);
      return true;
    case 's':
      health.eligible_since = reader.time(value);
      return true;
    default:
      return false;
  }
}

}  // namespace detail

template <class Reader, class Element>
void read_health(Reader& reader,
                 Element value,
                 failover::HealthMemory& health,
                 balancing::BalancingMemory& balance) {
  reader.object(value, [&](std::string_view key, Element member) {
    if (key.size() != 1) return reader.fail();
    if (detail::read_condition(reader, key[0], member, health)) return;
    if (detail::read_moment(reader, key[0], member, health)) return;
    detail::read_balance(reader, key[0], member, balance);
  });
}

template <class Writer>
void write_service_health(Writer& writer,
                          const failover::HealthServiceMemory& health,
                          const failover::SplitMemory& split,
                          const std::vector<balancing::TierMemory>& tiers) {
  const int flags = (health.panic ? 1 : 0) | (health.drill_refused ? 2 : 0) | (split.returning ? 4 : 0) |
                    (split.adopted ? 8 : 0);
  writer.open('{').key("f").number(flags);
  if (split.failback != 0) writer.key("a").number(split.failback);
  if (!split.boundaries.empty()) {
    writer.key("s").open('[');
    for (const auto& boundary : split.boundaries) {
      writer.number(boundary.tier).real(boundary.share).time(boundary.since);
    }
    writer.close(']');
  }
  if (!tiers.empty()) {
    writer.key("t").open('[');
    for (const auto& tier : tiers)
      writer.number(tier.tier).real(tier.gain).time(tier.stepped).time(tier.turned);
    writer.close(']');
  }
  writer.close('}');
}

template <class Reader, class Element>
void read_service_health(Reader& reader,
                         Element value,
                         failover::HealthServiceMemory& health,
                         failover::SplitMemory& split,
                         std::vector<balancing::TierMemory>& tiers) {
  reader.object(value, [&](std::string_view key, Element member) {
    if (key == "f") {
      const auto flags = reader.count(member);
      health.panic = (flags & 1) != 0;
      health.drill_refused = (flags & 2) != 0;
      split.returning = (flags & 4) != 0;
      split.adopted = (flags & 8) != 0;
    } else if (key == "a") {
      split.failback = static_cast<std::uint32_t>(reader.integer(member));
    } else if (key == "s") {
      detail::read_rows<3>(reader, member, [&](const auto& row) {
        split.boundaries.push_back({.tier = reader.small(row[0]),
                                    .share = reader.real(row[1]),
                                    .since = reader.time_or_none(row[2])});
      });
    } else if (key == "t") {
      detail::read_rows<4>(reader, member, [&](const auto& row) {
        tiers.push_back({.tier = reader.small(row[0]),
                         .gain = reader.real(row[1]),
                         .stepped = reader.time_or_none(row[2]),
                         .turned = reader.time_or_none(row[3])});
      });
    } else {
      reader.fail();
    }
  });
}

}  // namespace evenkeel::plan
