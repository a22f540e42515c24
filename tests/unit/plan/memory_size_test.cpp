#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory.hpp"
#include "snapshot_builder.hpp"

/// Memory is under 16 KiB, whatever is in it, and can be read.
namespace evenkeel::plan {
namespace {

using std::chrono::nanoseconds;
using testing::IsEmpty;
using testing::SizeIs;
using testing_support::at;

constexpr std::size_t kLimit = 16 * 1024;
constexpr std::int32_t kMost = 2'147'483'647;
/// As many digits as a double needs at most.
constexpr double kLong = 100.0 / 3 - 1e-15;

/// A moment that takes as many characters as one can: 99 days and some nanoseconds before second 0.
WallTime long_ago(int n) {
  return at(-8'600'000 + n) - nanoseconds{123'456'789};
}

std::string name_of(int n) {
  std::string name(63, static_cast<char>('a' + n));
  return name;
}

/// Everything that a backend can have at once, and what it cannot.
Memory::Backend full_backend() {
  Memory::Backend backend;
  backend.written = {.from = kMost, .to = kMost};
  backend.has_part = backend.had_endpoints = true;
  backend.had_extra = Extra::Need;
  backend.part = kMost;
  backend.part_before = kMost - 1;
  backend.weight = kLong;
  for (int i = 0; i < 4; ++i) backend.hold.record(long_ago(i), 1e9 / 3 - i);
  backend.leaving = {.departure = Departure{.from = kLong, .began = long_ago(0), .last = long_ago(1)},
                     .finished = true,
                     .gave_up = true};
  backend.watch = {.share = kLong, .set_since = long_ago(0), .settled_since = long_ago(0)};
  backend.serving = {.ready = kMost, .since = long_ago(0)};
  auto& health = backend.health;
  health.ever_ready = health.had_endpoint = health.refused = health.suspended = health.eligible = true;
  health.expected = kMost;
  for (int i = 0; i < 6; ++i) health.losses.push_back(long_ago(i));
  health.returned = health.ejected = health.probation = health.last_bad = health.eligible_since = long_ago(9);
  health.ejections = kMost;
  for (std::uint32_t i = 0; i < 4; ++i) {
    health.streaks.push_back(
        {.signal = 4'294'967'290U + i, .bad = kMost, .good = kMost, .counted = long_ago(0)});
  }
  auto& balancing = backend.balancing;
  for (auto* value : {&balancing.connections, &balancing.latency, &balancing.errors, &balancing.utilization})
    *value = balancing::Smoothed{.value = kLong, .time = long_ago(0)};
  balancing.proportion = 1.0 / 3;
  balancing.last_step = -1.0 / 3;
  for (int i = 0; i < 6; ++i) balancing.shares.push_back({.since = long_ago(i), .share = kLong});
  return backend;
}

/// Backends with the longest names, at most sixteen, and all lists at their longest.
Memory full_memory(int backends) {
  Memory memory;
  memory.total = memory.max = kMost;
  memory.active_tier = 15;
  memory.stepped = memory.shares_changed = long_ago(0);
  memory.declared = 4'294'967'295U;
  memory.max_was_lowered = memory.surging = memory.served = true;
  memory.by_needs = memory.by_needs_before = true;
  for (int i = 0; i < 64; ++i) {
    memory.history.highest.push_back({.time = long_ago(i), .replicas = kMost - i});
    memory.history.lowest.push_back({.time = long_ago(i), .replicas = kMost - 64 + i});
    memory.history.events.push_back({.time = long_ago(i), .change = i % 2 == 0 ? -kMost : kMost});
    memory.demand.record(long_ago(i), 1e15 / 3 - i);
  }
  memory.history.idle_since = long_ago(0);
  memory.history.seasons = {.season = std::chrono::hours{24},
                            .newest = 20'454,
                            .seasons = {14, std::vector<std::int32_t>(24, kMost)}};
  memory.demand.floor = {.lost = {.time = long_ago(0), .value = 1e15 / 3}, .covered_since = long_ago(0)};
  memory.history.pending =
      scaling::PendingScale{.time = long_ago(0), .from = kMost, .to = kMost, .backends = {}};
  memory.health = {.panic = true, .drill_refused = true};
  memory.split.failback = 4'294'967'295U;
  memory.split.returning = memory.split.adopted = true;
  for (int i = 0; i < backends; ++i) {
    memory.history.pending->backends[name_of(i)] = {.from = kMost, .to = kMost};
    memory.backends[name_of(i)] = full_backend();
    memory.split.boundaries.push_back({.tier = i, .share = 1.0 / 3, .since = long_ago(0)});
    memory.tiers.push_back({.tier = i, .gain = 1.0 / 3, .stepped = long_ago(0), .turned = long_ago(0)});
  }
  return memory;
}

api::Snapshot writing() {
  api::Snapshot snapshot;
  snapshot.now = at(0);
  snapshot.service.uid = std::string(64, 'u');
  return snapshot;
}

/// What the next decision gets of `memory`.
Memory read_back(const Memory& memory) {
  auto snapshot = writing();
  snapshot.memory = print_memory(memory, snapshot);
  EXPECT_LT(snapshot.memory->size(), kLimit);
  auto result = read_memory(snapshot);
  EXPECT_TRUE(result.found);
  EXPECT_FALSE(result.unreadable);
  return std::move(result.memory);
}

bool knows_seasons(const Memory& memory) {
  return !memory.history.seasons.seasons.empty();
}

TEST(MemorySize, WithEverythingFullWhatWasDecidedStays) {
  const auto full = full_memory(16);
  const auto read = read_back(full);
  EXPECT_EQ(read.total, full.total);
  ASSERT_TRUE(read.history.pending);
  EXPECT_THAT(read.history.pending->backends, SizeIs(16));
  EXPECT_EQ(read.split, full.split);
  ASSERT_THAT(read.backends, SizeIs(16));
  for (const auto& [name, backend] : read.backends) {
    const auto before = full_backend();
    ASSERT_TRUE(backend.written);
    EXPECT_EQ(backend.written->to, before.written->to);
    EXPECT_EQ(backend.part, before.part);
    EXPECT_EQ(backend.weight, before.weight);
    EXPECT_EQ(backend.leaving, before.leaving);
    EXPECT_EQ(backend.hold.entries().size(), before.hold.entries().size());
    EXPECT_EQ(backend.health.losses, before.health.losses);
    EXPECT_EQ(backend.health.ejected, before.health.ejected);
    EXPECT_EQ(backend.health.ejections, before.health.ejections);
    EXPECT_EQ(backend.health.probation, before.health.probation);
    EXPECT_EQ(backend.balancing.proportion, before.balancing.proportion);
    EXPECT_EQ(backend.balancing.last_step, before.balancing.last_step);
  }
}

TEST(MemorySize, WhereAllHasRoomAllIsKept) {
  const auto read = read_back(full_memory(1));
  EXPECT_TRUE(knows_seasons(read));
  EXPECT_THAT(read.history.highest, SizeIs(64));
  EXPECT_EQ(read.backends.begin()->second.health, full_backend().health);
  EXPECT_EQ(read.backends.begin()->second.balancing, full_backend().balancing);
  EXPECT_EQ(read.backends.begin()->second.watch, full_backend().watch);
  EXPECT_EQ(read.backends.begin()->second.serving, full_backend().serving);
}

TEST(MemorySize, TheForecastGoesFirstThenWindowsMergeThenReadingsStartAnew) {
  const auto without_forecast = read_back(full_memory(4));
  EXPECT_FALSE(knows_seasons(without_forecast));
  EXPECT_THAT(without_forecast.history.highest, SizeIs(64));
  const auto merged = read_back(full_memory(7));
  EXPECT_THAT(merged.history.highest, SizeIs(12));
  EXPECT_THAT(merged.history.lowest, SizeIs(12));
  EXPECT_THAT(merged.demand.highest, SizeIs(12));
  EXPECT_EQ(merged.history.highest.front().replicas, kMost) << "the cautious value stays";
  EXPECT_EQ(merged.demand.highest.front().value, 1e15 / 3);
  EXPECT_EQ(merged.backends.begin()->second.balancing, full_backend().balancing);
  const auto anew = read_back(full_memory(11)).backends.begin()->second;
  EXPECT_FALSE(anew.balancing.latency);
  EXPECT_EQ(anew.health, full_backend().health);
  EXPECT_EQ(anew.watch, full_backend().watch);
}

/// `memory` with a name in it that makes a text of `like` as long as `size`.
Memory padded(Memory memory, Memory like, std::size_t size) {
  like.backends["x"];
  const auto length = print_memory(like, writing()).size();
  memory.backends[std::string(size - length + 1, 'x')];
  return memory;
}

TEST(MemorySize, NothingIsGivenUpOfATextThatJustFits) {
  const auto memory = full_memory(1);
  EXPECT_TRUE(knows_seasons(read_back(padded(memory, memory, kLimit - 1))));
  EXPECT_FALSE(knows_seasons(read_back(padded(memory, memory, kLimit))));
  auto without_seasons = memory;
  without_seasons.history.seasons = {};
  EXPECT_THAT(read_back(padded(memory, without_seasons, kLimit - 1)).history.highest, SizeIs(64));
  EXPECT_THAT(read_back(padded(memory, without_seasons, kLimit)).history.highest, SizeIs(12));
}

TEST(MemorySize, AnyNumberOfBackendsFits) {
  for (int backends = 0; backends <= 16; ++backends) {
    EXPECT_THAT(read_back(full_memory(backends)).backends, SizeIs(backends));
  }
}

TEST(MemorySize, NamesThatValidationRefusesAreForgottenAndTheRestIsKept) {
  auto memory = full_memory(16);
  memory.backends[std::string(20'000, 'x')] = full_backend();
  memory.history.pending->backends[std::string(20'000, '\x01')] = {.from = 1, .to = 2};
  const auto read = read_back(memory);
  EXPECT_EQ(read.total, memory.total);
  EXPECT_TRUE(read.max_was_lowered);
  EXPECT_EQ(read.history.highest.front().replicas, kMost);
  EXPECT_THAT(read.backends, IsEmpty());
}

}  // namespace
}  // namespace evenkeel::plan
