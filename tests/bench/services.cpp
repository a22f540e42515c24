#include "services.hpp"

namespace evenkeel::bench {
namespace {

using std::chrono::seconds;

void size_backend(api::BackendObservation& seen, std::int32_t replicas) {
  seen.spec_replicas = seen.status_replicas = seen.ready_replicas = seen.updated_replicas = replicas;
  seen.endpoints = api::Endpoints{.ready = replicas, .total = replicas};
}

api::Snapshot service(int backends, std::int32_t replicas) {
  api::Snapshot snapshot;
  snapshot.now = kStart;
  snapshot.service.key = {.ns = "store", .name = "shop"};
  snapshot.service.uid = "1";
  auto& spec = snapshot.service.spec;
  for (int i = 0; i < backends; ++i) {
    api::Backend backend;
    backend.name = "backend-" + std::to_string(i);
    backend.tier = i % 4 == 3 ? 1 : 0;
    backend.workload = api::WorkloadRef{.name = backend.name};
    backend.service = api::ServiceRef{.name = backend.name, .port = "80"};
    auto& seen = snapshot.backends[backend.name];
    size_backend(seen, replicas);
    seen.weight = seen.observed_weight = 100.0 / backends;
    spec.backends.push_back(std::move(backend));
  }
  auto& scaling = spec.scaling.emplace();
  scaling.min_replicas = 1;
  scaling.max_replicas = 200;
  const api::ScalingPolicy doubling{.type = api::PolicyType::Percent, .value = 100, .period = seconds{15}};
  const api::ScalingPolicy four_pods{.type = api::PolicyType::Pods, .value = 4, .period = seconds{15}};
  scaling.scale_up.policies = {four_pods, doubling};
  scaling.scale_down.policies = {doubling};
  return snapshot;
}

api::Pod pod(const std::string& name) {
  api::Pod pod;
  pod.name = name;
  pod.phase = "Running";
  pod.ready = true;
  pod.start_time = pod.ready_transition_time = kStart - seconds{3600};
  auto& container = pod.containers.emplace_back();
  container.name = "web";
  container.requests["cpu"] = Quantity::from_milli(500);
  container.requests["memory"] = Quantity::from_milli((1LL << 30) * 1000);
  return pod;
}

api::Metric service_metric(const char* name,
                           const char* preset,
                           api::TargetType type,
                           std::int64_t target_milli) {
  api::Metric metric;
  metric.name = name;
  metric.preset = preset;
  metric.scope = api::MetricScope::Service;
  metric.target_type = type;
  metric.target_value = Quantity::from_milli(target_milli);
  return metric;
}

}  // namespace

api::Metric requests_per_second(std::int64_t target_milli) {
  return service_metric("rps", "RequestsPerSecond", api::TargetType::AverageValue, target_milli);
}

api::Metric latency(std::int64_t target_milli) {
  return service_metric("latency", "LatencyP99", api::TargetType::Value, target_milli);
}

api::Metric utilization(const std::string& preset) {
  api::Metric metric;
  metric.name = preset;
  metric.preset = preset;
  metric.scope = api::MetricScope::Pod;
  metric.target_type = api::TargetType::Utilization;
  metric.average_utilization = 60;
  return metric;
}

void measure(api::Snapshot& snapshot, const std::string& name, double value) {
  auto& samples = snapshot.metrics[name].samples;
  samples.resize(1);
  samples[0].value = value;
  samples[0].time = snapshot.now;
  samples[0].window = seconds{60};
}

api::Snapshot service_of_two_metrics() {
  auto snapshot = service(1, 3);
  snapshot.service.spec.scaling->metrics = {requests_per_second(50'000), latency(200)};
  measure(snapshot, "rps", 170);
  measure(snapshot, "latency", 0.3);
  return snapshot;
}

api::Snapshot service_of_pods(int pods, const std::vector<api::Metric>& metrics) {
  auto snapshot = service(1, pods);
  snapshot.service.spec.scaling->metrics = metrics;
  auto& seen = snapshot.backends.begin()->second;
  for (int i = 0; i < pods; ++i) seen.pods.push_back(pod("shop-" + std::to_string(i)));
  for (const auto& metric : metrics) {
    auto& samples = snapshot.metrics[metric.name].samples;
    for (const auto& one : seen.pods) {
      auto& sample = samples.emplace_back();
      sample.labels["pod"] = one.name;
      sample.value = metric.preset == "CPUUtilization" ? 0.4 : 800.0 * (1 << 20);
      sample.time = snapshot.now;
      sample.window = seconds{60};
    }
  }
  return snapshot;
}

api::Snapshot service_of_backends(int backends) {
  auto snapshot = service(backends, 4);
  snapshot.service.spec.scaling->metrics = {requests_per_second(50'000)};
  measure(snapshot, "rps", 2800);
  return snapshot;
}

}  // namespace evenkeel::bench
