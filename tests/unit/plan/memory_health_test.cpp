#include "memory_health.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

namespace evenkeel::plan {
namespace {

using testing_support::at;

/// A value of a text format that has lists, objects and numbers, which is all that memory needs.
struct Node {
  double number = 0;
  WallTime time;
  bool has_time = false;
  std::string key;
  std::vector<std::shared_ptr<Node>> children;
};
using Element = std::shared_ptr<Node>;

class TreeWriter {
 public:
  TreeWriter() { open_.push_back(std::make_shared<Node>()); }
  TreeWriter& open(char) {
    auto node = add();
    open_.push_back(std::move(node));
    return *this;
  }
  TreeWriter& close(char) {
    open_.pop_back();
    return *this;
  }
  TreeWriter& key(std::string_view name) {
    key_ = name;
    return *this;
  }
  TreeWriter& number(std::int64_t value) {
    add()->number = static_cast<double>(value);
    return *this;
  }
  TreeWriter& real(double value) {
    add()->number = value;
    return *this;
  }
  TreeWriter& time(WallTime moment) {
    const auto node = add();
    node->time = moment;
    node->has_time = true;
    return *this;
  }
  TreeWriter& time(const std::optional<WallTime>& moment) { return moment ? time(*moment) : number(-1); }

  [[nodiscard]] Element value() const { return open_.front()->children.front(); }

 private:
  Element add() {
    auto node = std::make_shared<Node>();
    node->key = std::move(key_);
    key_.clear();
    open_.back()->children.push_back(node);
    return node;
  }
  std::vector<Element> open_;
  std::string key_;
};

class TreeReader {
 public:
  bool failed = false;

  void fail() { failed = true; }
  [[nodiscard]] std::int64_t integer(const Element& value) const {
    return static_cast<std::int64_t>(value->number);
  }
  [[nodiscard]] std::int32_t count(const Element& value) const {
    return static_cast<std::int32_t>(value->number);
  }
  [[nodiscard]] std::int32_t small(const Element& value) const { return count(value); }
  [[nodiscard]] double real(const Element& value) const { return value->number; }
  [[nodiscard]] WallTime time(const Element& value) const { return value->time; }
  [[nodiscard]] std::optional<WallTime> time_or_none(const Element& value) const {
    return value->has_time ? std::optional{value->time} : std::nullopt;
  }
  template <class Each>
  void list(const Element& value, Each each) {
    for (const auto& child : value->children) each(child);
  }
  template <class Each>
  void object(const Element& value, Each each) {
    for (const auto& child : value->children) each(std::string_view{child->key}, child);
  }
};

failover::HealthMemory troubled() {
  failover::HealthMemory memory;
  memory.ever_ready = memory.had_endpoint = memory.refused = memory.suspended = memory.eligible = true;
  memory.expected = 7;
  memory.losses = {at(1), at(2)};
  memory.returned = at(3);
  memory.ejections = 2;
  memory.ejected = at(4);
  memory.probation = at(5);
  memory.last_bad = at(6);
  memory.streaks = {{.signal = 4'000'000'000U, .bad = 2, .good = 0, .counted = at(7)},
                    {.signal = 9, .bad = 0, .good = 1, .counted = at(8)}};
  memory.eligible_since = at(9);
  return memory;
}

balancing::BalancingMemory balanced() {
  balancing::BalancingMemory memory;
  memory.connections = {.value = 1.5, .time = at(1)};
  memory.latency = {.value = 0.25, .time = at(2)};
  memory.errors = {.value = 0.01, .time = at(3)};
  memory.utilization = {.value = 0.7, .time = at(4)};
  memory.proportion = 1.0 / 3;
  memory.last_step = -0.05;
  memory.shares = {{at(5), 40}, {at(6), 60}};
  return memory;
}

TEST(MemoryOfHealth, ComesBackAsItWas) {
  TreeWriter writer;
  write_health(writer, troubled(), balanced());
  failover::HealthMemory health;
  balancing::BalancingMemory balance;
  TreeReader reader;
  read_health(reader, writer.value(), health, balance);
  EXPECT_FALSE(reader.failed);
  EXPECT_EQ(health, troubled());
  EXPECT_EQ(balance, balanced());
}

TEST(MemoryOfHealth, OfABackendWithoutTroubleIsShort) {
  TreeWriter writer;
  failover::HealthMemory health;
  health.ever_ready = health.had_endpoint = health.eligible = true;
  health.expected = 3;
  write_health(writer, health, {});
  EXPECT_EQ(writer.value()->children.size(), 2U) << "flags and expected endpoints";
}

TEST(MemoryOfHealth, UnknownWordsAreFailures) {
  TreeWriter writer;
  writer.open('{').key("z").number(1).close('}');
  failover::HealthMemory health;
  balancing::BalancingMemory balance;
  TreeReader reader;
  read_health(reader, writer.value(), health, balance);
  EXPECT_TRUE(reader.failed);
}

TEST(MemoryOfTheSplit, ComesBackAsItWas) {
  const failover::HealthServiceMemory health{.panic = true, .drill_refused = true};
  failover::SplitMemory split;
  split.boundaries = {{.tier = 0, .share = 0.25, .since = at(1)},
                      {.tier = 2, .share = 1, .since = std::nullopt}};
  split.failback = 3'000'000'000U;
  split.returning = split.adopted = true;
  const std::vector<balancing::TierMemory> tiers = {
      {.tier = 0, .gain = 0.5, .stepped = at(2), .turned = at(1)},
      {.tier = 2, .gain = 1, .stepped = std::nullopt, .turned = std::nullopt}};
  TreeWriter writer;
  write_service_health(writer, health, split, tiers);
  failover::HealthServiceMemory read_service;
  failover::SplitMemory read_split;
  std::vector<balancing::TierMemory> read_tiers;
  TreeReader reader;
  read_service_health(reader, writer.value(), read_service, read_split, read_tiers);
  EXPECT_FALSE(reader.failed);
  EXPECT_EQ(read_service, health);
  EXPECT_EQ(read_split, split);
  EXPECT_EQ(read_tiers, tiers);
}

}  // namespace
}  // namespace evenkeel::plan
