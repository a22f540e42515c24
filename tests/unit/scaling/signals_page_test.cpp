#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "evenkeel/scaling/signal.hpp"
#include "evenkeel/scaling/total.hpp"

#include "repository.hpp"
#include "snapshot_builder.hpp"

/// docs/signals.md, executed row by row: a row that nothing here carries out fails, and so does one that is
/// gone.
namespace evenkeel::scaling {
namespace {

using api::MetricScope;
using std::chrono::seconds;
using testing_support::at;

using Cells = std::vector<std::string>;

/// The rows of the table under the header that starts with `header`.
std::vector<Cells> table(const std::string& header) {
  std::ifstream in{testing_support::repository() / "docs/signals.md"};
  std::vector<Cells> rows;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| " + header)) {
      inside = true;
    } else if (!line.starts_with('|')) {
      inside = false;
    } else if (inside && !line.starts_with("|---")) {
      Cells cells;
      std::istringstream stream{line.substr(1)};
      for (std::string cell; std::getline(stream, cell, '|');) {
        cells.push_back(cell.size() < 2 ? cell : cell.substr(1, cell.size() - 2));
      }
      rows.push_back(std::move(cells));
    }
  }
  return rows;
}

/// Ten pods of two backends, of which blue serves.
struct World {
  api::Metric metric;
  api::MetricReading reading;
  std::vector<api::Pod> pods;
  std::vector<SignalBackend> backends;
  bool read = true;

  explicit World(MetricScope scope) {
    metric.name = "m";
    metric.preset = "RequestsPerSecond";
    metric.scope = scope;
    metric.target_value = Quantity::from_milli(1'000);
    for (int i = 0; i < 10; ++i) {
      auto& pod = pods.emplace_back();
      pod.name = "pod-" + std::to_string(i);
      pod.phase = "Running";
      pod.ready = true;
      pod.ready_transition_time = at(0);
      if (scope == MetricScope::Pod) sample(1, 1000, {{"pod", pod.name}});
    }
    backends = {{.name = "blue", .has_share = true, .ready_endpoints = 10, .pods = pods},
                {.name = "green", .has_share = true, .ready_endpoints = 3, .pods = {}}};
    if (scope == MetricScope::Backend) {
      sample(1, 1000, {{"backend", "blue"}});
      sample(1, 1000, {{"backend", "green"}});
    }
    if (scope == MetricScope::Service) sample(1, 1000);
  }
  api::Sample& sample(double value, std::int64_t time, std::map<std::string, std::string> labels = {}) {
    return reading.samples.emplace_back(
        api::Sample{.labels = std::move(labels), .value = value, .time = at(time)});
  }
  api::Sample& only() {
    reading.samples.resize(1);
    return reading.samples[0];
  }
  void each(const std::function<void(api::Sample&)>& change) {
    for (auto& each : reading.samples) change(each);
  }
  [[nodiscard]] std::string quality() const {
    return api::to_string(read_signal(metric,
                                      read ? &reading : nullptr,
                                      {.now = at(1000), .serving_endpoints = 10, .backends = backends})
                              .quality);
  }
};

using Change = std::function<void(World&)>;

const std::map<std::string, Change>& changes() {
  constexpr auto kNan = std::numeric_limits<double>::quiet_NaN();
  static const std::map<std::string, Change> kChanges = {
      {"a sample of now", [](World&) {}},
      {"a sample as old as `maxAgeSeconds`",
       [](World& w) { w.each([](api::Sample& s) { s.time = at(1000 - 120); }); }},
      {"a sample older than `maxAgeSeconds`",
       [](World& w) { w.each([](api::Sample& s) { s.time = at(1000 - 121); }); }},
      {"a sample without a time", [](World& w) { w.each([](api::Sample& s) { s.time.reset(); }); }},
      {"a sample from the future", [](World& w) { w.each([](api::Sample& s) { s.time = at(99'000); }); }},
      {"NaN or infinite", [](World& w) { w.each([](api::Sample& s) { s.value = kNan; }); }},
      {"a value below 0", [](World& w) { w.each([](api::Sample& s) { s.value = -3; }); }},
      {"no samples", [](World& w) { w.reading.samples.clear(); }},
      {"the source's error", [](World& w) { w.reading.error = "no route to host"; }},
      {"not read at all", [](World& w) { w.read = false; }},
      {"a target of 0", [](World& w) { w.metric.target_value = Quantity::from_milli(0); }},
      {"one sample too old, one not", [](World& w) { w.sample(1, 0); }},
      {"one sample NaN, one not", [](World& w) { w.sample(kNan, 1000); }},
      {"one sample too old, one NaN",
       [](World& w) {
         w.only().time = at(0);
         w.sample(kNan, 1000);
       }},
      {"`contributors` at 90 % of the ready endpoints", [](World& w) { w.only().contributors = 9; }},
      {"`contributors` below 90 % of the ready endpoints", [](World& w) { w.only().contributors = 8; }},
      {"nothing from a backend with share and ready endpoints", [](World& w) { w.only(); }},
      {"nothing from a backend without share",
       [](World& w) {
         w.only();
         w.backends[1].has_share = false;
       }},
      {"nothing from a backend without ready endpoints",
       [](World& w) {
         w.only();
         w.backends[1].ready_endpoints = 0;
       }},
      {"only samples of undeclared backends", [](World& w) { w.only().labels["backend"] = "red"; }},
      {"no label `backend`", [](World& w) { w.each([](api::Sample& s) { s.labels.clear(); }); }},
      {"no label `pod`", [](World& w) { w.each([](api::Sample& s) { s.labels.clear(); }); }},
      {"half of the serving pods without a sample", [](World& w) { w.reading.samples.resize(5); }},
      {"more than half of the serving pods without a sample", [](World& w) { w.reading.samples.resize(4); }},
      {"more than half without a sample, but ready for less than their window",
       [](World& w) {
         w.reading.samples.resize(4);
         for (std::size_t i = 4; i < 10; ++i) w.pods[i].ready_transition_time = at(1000 - 59);
       }},
      {"one pod's sample too old", [](World& w) { w.reading.samples[3].time = at(0); }},
      {"a latency that nobody asked for",
       [](World& w) {
         w.metric.preset = "LatencyP99";
         w.only().value = kNan;
         w.only().weight = 0;
       }},
  };
  return kChanges;
}

TEST(SignalsPage, EveryReadingIsWorthWhatThePageSays) {
  const auto rows = table("what came");
  EXPECT_EQ(rows.size(), changes().size());
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 3U);
    const auto change = changes().find(row[0]);
    ASSERT_NE(change, changes().end()) << "nothing carries out the row '" << row[0] << "'";
    for (const auto scope : {MetricScope::Service, MetricScope::Backend, MetricScope::Pod}) {
      const std::string name = scope == MetricScope::Service ? "Service"
                               : scope == MetricScope::Pod   ? "Pod"
                                                             : "Backend";
      if (row[1] != "any" && row[1] != name) continue;
      World world{scope};
      change->second(world);
      EXPECT_EQ(world.quality(), row[2]) << row[0] << ", scope " << name;
    }
  }
}

/// What a service of 10 replicas does when its metric asks for `asked` with this quality.
std::string effect(const std::string& quality, const std::string& policy, std::int32_t asked) {
  api::Scaling scaling;
  scaling.min_replicas = 1;
  scaling.max_replicas = 100;
  auto& metric = scaling.metrics.emplace_back();
  metric.name = "m";
  metric.target_value = Quantity::from_milli(1'000);
  scaling.scale_up.policies = {{api::PolicyType::Percent, 1000, seconds{15}}};
  scaling.scale_down.policies = {{api::PolicyType::Percent, 100, seconds{15}}};
  scaling.scale_down.stabilization_window = seconds{0};
  scaling.on_missing_metrics.replicas = 12;
  if (policy == "Fallback") scaling.on_missing_metrics.policy = api::MissingPolicy::Fallback;

  Reading reading;
  reading.name = "m";
  reading.abstains = quality == "Abstains";
  for (const auto each :
       {api::Quality::Fresh, api::Quality::Partial, api::Quality::Stale, api::Quality::Empty}) {
    if (quality == api::to_string(each)) reading.quality = each;
  }
  if (reading.abstains) reading.quality = api::Quality::Fresh;
  if (quality == "Fresh" || quality == "Partial") reading.milli = std::int64_t{asked} * 1000;
  const api::Settings settings;
  const TotalInput input{.scaling = scaling,
                         .manual = std::nullopt,
                         .settings = settings,
                         .now = at(0),
                         .counts = {.current = 10, .existing = 10, .ready = 10},
                         .limits = {.min = 1, .max = 100}};
  History history;
  const auto replicas = decide_total(input, std::vector<Reading>{reading}, history).replicas;
  if (replicas == 12) return "falls back";
  if (replicas == 10) return "stays";
  if (replicas != asked) return std::to_string(replicas);
  return replicas > 10 ? "rises" : "falls";
}

TEST(SignalsPage, EveryQualityHasTheEffectThatThePageSays) {
  const auto rows = table("quality");
  EXPECT_EQ(rows.size(), 12U);
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 4U);
    EXPECT_EQ(effect(row[0], row[1], 15), row[2]) << row[0] << ", " << row[1] << ", asks for more";
    EXPECT_EQ(effect(row[0], row[1], 5), row[3]) << row[0] << ", " << row[1] << ", asks for fewer";
  }
}

}  // namespace
}  // namespace evenkeel::scaling
