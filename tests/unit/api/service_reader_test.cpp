#include "service_reader.hpp"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository.hpp"
#include "yaml.hpp"

namespace evenkeel::api {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

nlohmann::json corpus_spec(const std::string& name) {
  const std::ifstream file{testing_support::repository() / "tests/contract/crd/good" / (name + ".yaml")};
  std::ostringstream text;
  text << file.rdbuf();
  return read_yaml(text.str()).documents.at(0).value.at("spec");
}

Spec admitted(nlohmann::json spec) {
  const auto violations = admit_spec(spec, "spec", UnknownFields::Refuse);
  EXPECT_THAT(violations, IsEmpty()) << violations.front().field << ": " << violations.front().message;
  return to_spec(spec);
}

class Everything : public testing::Test {
 protected:
  const Spec spec = admitted(corpus_spec("everything"));
};

TEST_F(Everything, OfABackendIsRead) {
  const auto& blue = spec.backends.at(0);
  EXPECT_EQ(blue.min_replicas, 0);
  EXPECT_EQ(blue.max_replicas, 15);
  EXPECT_EQ(blue.capacity_per_replica, Quantity::from_milli(70'000));
  EXPECT_EQ(blue.slow_start.window, 120s);
  EXPECT_EQ(blue.slow_start.min_percent, 5);
  EXPECT_EQ(spec.backends.at(1).capacity_per_replica, Quantity::from_milli(70'500));
}

TEST_F(Everything, OfBalancingIsRead) {
  const auto& balancing = spec.balancing;
  EXPECT_EQ(balancing.algorithm, Algorithm::LeastUtilization);
  EXPECT_EQ(balancing.max_step_percent, 10);
  EXPECT_EQ(balancing.step, 15s);
  EXPECT_EQ(balancing.smoothing, 0s);
  EXPECT_EQ(balancing.min_share_percent, 50);
  EXPECT_EQ(balancing.drain, 0s);
  EXPECT_EQ(balancing.drain_timeout, 0s);
  ASSERT_THAT(balancing.signals, SizeIs(4));
  EXPECT_EQ(balancing.signals[0].name, "connections");
  EXPECT_EQ(balancing.signals[0].preset, "ActiveConnections");
  EXPECT_EQ(balancing.signals[0].max_age, 120s);
  const auto& latency = balancing.signals[1];
  EXPECT_EQ(latency.query, "latency_seconds");
  EXPECT_THAT(latency.match, ElementsAre(Pair("app", "shop")));
  EXPECT_EQ(latency.timestamp_query, "timestamp(latency_seconds)");
  EXPECT_EQ(latency.max_age, 60s);
}

TEST_F(Everything, OfHealthIsRead) {
  const auto& health = spec.health;
  EXPECT_EQ(health.min_ready_percent, 50);
  EXPECT_EQ(health.failure_threshold, 1);
  EXPECT_EQ(health.success_threshold, 100);
  EXPECT_EQ(health.ejection.base, 1s);
  EXPECT_EQ(health.ejection.factor, 1);
  EXPECT_EQ(health.ejection.max, 86'400s);
  EXPECT_EQ(health.ejection.max_ejected_percent, 0);
  ASSERT_THAT(health.signals, SizeIs(3));
  EXPECT_EQ(health.signals[0].max, Quantity::from_milli(50));
  EXPECT_FALSE(health.signals[0].min.has_value());
  EXPECT_EQ(health.signals[1].max_age, 60s);
  EXPECT_EQ(health.signals[2].min, Quantity::from_milli(500));
  EXPECT_THAT(health.signals[2].match, ElementsAre(Pair("app", "shop")));
}

TEST_F(Everything, OfFailoverIsRead) {
  const auto& failover = spec.failover;
  EXPECT_EQ(failover.overprovisioning_percent, 100);
  EXPECT_EQ(failover.panic_percent, 0);
  EXPECT_FALSE(failover.pre_scale);
  EXPECT_EQ(failover.failback.mode, FailbackMode::Manual);
  EXPECT_EQ(failover.failback.after, 1s);
  EXPECT_EQ(failover.failback.step_percent, 100);
}

TEST_F(Everything, OfScalingIsRead) {
  const auto& scaling = spec.scaling.value();
  EXPECT_EQ(scaling.min_replicas, 0);
  EXPECT_EQ(scaling.load_metric, "rps");
  EXPECT_EQ(scaling.max_surge_percent, 0);
  EXPECT_EQ(scaling.idle_after, 0s);
  EXPECT_EQ(scaling.on_missing_metrics.policy, MissingPolicy::Fallback);
  EXPECT_EQ(scaling.on_missing_metrics.replicas, 7);
  EXPECT_EQ(scaling.predictive.mode, PredictiveMode::Enforce);
  EXPECT_EQ(scaling.predictive.season, 3600s);
  EXPECT_EQ(scaling.predictive.history, 3600s);
  EXPECT_EQ(scaling.predictive.horizon, 0s);
  ASSERT_THAT(scaling.schedules, SizeIs(3));
  const auto& day = scaling.schedules[0];
  EXPECT_EQ(day.name + "|" + day.start + "|" + day.end + "|" + day.time_zone,
            "day|0 8 * * MON-FRI|30 18 * * mon-fri|Europe/Berlin");
  EXPECT_EQ(day.min_replicas, 5);
  EXPECT_FALSE(day.max_replicas.has_value());
  EXPECT_EQ(scaling.schedules[1].time_zone, "UTC");
  EXPECT_EQ(scaling.schedules[1].max_replicas, 4);
}

TEST_F(Everything, OfAMetricIsRead) {
  const auto& metrics = spec.scaling->metrics;
  ASSERT_THAT(metrics, SizeIs(10));
  EXPECT_EQ(metrics[0].activation, Quantity{});
  EXPECT_EQ(metrics[0].scope, MetricScope::Service);
  EXPECT_EQ(metrics[1].scope, MetricScope::Backend);
  EXPECT_FALSE(metrics[1].activation.has_value());
  EXPECT_EQ(metrics[4].target_type, TargetType::Value);
  EXPECT_EQ(metrics[4].target_value, Quantity::from_milli(250));
  const auto& cpu = metrics[6];
  EXPECT_EQ(cpu.scope, MetricScope::Pod) << "the scope of what pods use needs no saying";
  EXPECT_EQ(cpu.target_type, TargetType::Utilization);
  EXPECT_EQ(cpu.average_utilization, 70);
  EXPECT_EQ(metrics[7].container, "web");
  EXPECT_EQ(metrics[7].target_type, TargetType::AverageValue);
  EXPECT_EQ(metrics[9].scope, MetricScope::Pod);
  EXPECT_EQ(metrics[9].query, "queue_length");
}

/// What the CRD fills in for a section that is written out and empty is what the code has for one that is
/// absent.
TEST(Defaults, AreTheSameForAnEmptyAndForAnAbsentSection) {
  auto written = corpus_spec("empty_sections");
  auto absent = written;
  for (const char* section : {"balancing", "health", "failover"}) absent.erase(section);
  for (const char* section : {"onMissingMetrics", "predictive", "schedules"})
    absent["scaling"].erase(section);
  absent["backends"][0].erase("slowStart");
  const auto a = admitted(written);
  const auto b = admitted(absent);
  EXPECT_EQ(a.balancing.algorithm, b.balancing.algorithm);
  EXPECT_EQ(a.balancing.max_step_percent, b.balancing.max_step_percent);
  EXPECT_EQ(a.balancing.step, b.balancing.step);
  EXPECT_EQ(a.balancing.smoothing, b.balancing.smoothing);
  EXPECT_EQ(a.balancing.min_share_percent, b.balancing.min_share_percent);
  EXPECT_EQ(a.balancing.drain, b.balancing.drain);
  EXPECT_EQ(a.balancing.drain_timeout, b.balancing.drain_timeout);
  EXPECT_EQ(a.health.min_ready_percent, b.health.min_ready_percent);
  EXPECT_EQ(a.health.failure_threshold, b.health.failure_threshold);
  EXPECT_EQ(a.health.success_threshold, b.health.success_threshold);
  EXPECT_EQ(a.health.ejection.base, b.health.ejection.base);
  EXPECT_EQ(a.health.ejection.factor, b.health.ejection.factor);
  EXPECT_EQ(a.health.ejection.max, b.health.ejection.max);
  EXPECT_EQ(a.health.ejection.max_ejected_percent, b.health.ejection.max_ejected_percent);
  EXPECT_EQ(a.failover.overprovisioning_percent, b.failover.overprovisioning_percent);
  EXPECT_EQ(a.failover.panic_percent, b.failover.panic_percent);
  EXPECT_EQ(a.failover.pre_scale, b.failover.pre_scale);
  EXPECT_EQ(a.failover.failback.mode, b.failover.failback.mode);
  EXPECT_EQ(a.failover.failback.after, b.failover.failback.after);
  EXPECT_EQ(a.failover.failback.step_percent, b.failover.failback.step_percent);
  EXPECT_EQ(a.scaling->on_missing_metrics.policy, b.scaling->on_missing_metrics.policy);
  EXPECT_EQ(a.scaling->predictive.mode, b.scaling->predictive.mode);
  EXPECT_EQ(a.scaling->predictive.season, b.scaling->predictive.season);
  EXPECT_EQ(a.scaling->predictive.history, b.scaling->predictive.history);
  EXPECT_EQ(a.scaling->predictive.horizon, b.scaling->predictive.horizon);
  EXPECT_EQ(a.backends[0].slow_start.window, b.backends[0].slow_start.window);
  EXPECT_EQ(a.backends[0].slow_start.min_percent, b.backends[0].slow_start.min_percent);
}

}  // namespace
}  // namespace evenkeel::api
