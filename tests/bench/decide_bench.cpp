#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>

#include <benchmark/benchmark.h>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/base/time_format.hpp"
#include "evenkeel/plan/decide.hpp"

/// How long one decision takes, and how often it asks for memory. tools/bench.py makes docs/performance.md of
/// it.
namespace {

std::atomic<std::int64_t> allocations{0};

void* allocate(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}

}  // namespace

void* operator new(std::size_t size) {
  return allocate(size);
}
void* operator new[](std::size_t size) {
  return allocate(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace evenkeel {
namespace {

using std::chrono::seconds;

constexpr auto kStart = WallTime{seconds{1'767'225'600}};

api::Metric requests(const std::string& name, std::int64_t target_milli) {
  api::Metric metric;
  metric.name = name;
  metric.preset = "RequestsPerSecond";
  metric.target_value = Quantity::from_milli(target_milli);
  return metric;
}

api::Snapshot service(int backends) {
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
    seen.spec_replicas = seen.status_replicas = seen.ready_replicas = 4;
    seen.endpoints = api::Endpoints{.ready = 4, .total = 4};
    seen.weight = seen.observed_weight = 100.0 / backends;
    spec.backends.push_back(std::move(backend));
  }
  auto& scaling = spec.scaling.emplace();
  scaling.min_replicas = 1;
  scaling.max_replicas = 200;
  for (auto* rules : {&scaling.scale_up, &scaling.scale_down})
    rules->policies = {{.type = api::PolicyType::Percent, .value = 100, .period = seconds{15}}};
  return snapshot;
}

void measure(api::Snapshot& snapshot, const std::string& name, double value) {
  auto& samples = snapshot.metrics[name].samples;
  samples.resize(1);
  samples[0].value = value;
  samples[0].time = snapshot.now;
  samples[0].window = seconds{60};
}

/// Decides again and again, 15 seconds apart, on a load that moves; memory carried on as in the operator.
/// What is timed includes writing the new samples into the snapshot, which is little and costs less than
/// stopping a clock.
void decide_on(benchmark::State& state,
               api::Snapshot snapshot,
               const std::function<void(api::Snapshot&, int)>& change) {
  int tick = 0;
  std::int64_t allocated = 0;
  for (auto _ : state) {
    snapshot.now = kStart + seconds{15} * tick;
    change(snapshot, tick++);
    const auto before = allocations.load(std::memory_order_relaxed);
    auto decision = plan::decide(snapshot);
    allocated += allocations.load(std::memory_order_relaxed) - before;
    benchmark::DoNotOptimize(decision);
    snapshot.memory = std::move(decision.memory);
  }
  state.counters["allocations"] =
      benchmark::Counter(static_cast<double>(allocated), benchmark::Counter::kAvgIterations);
}

void one_backend_two_metrics(benchmark::State& state) {
  auto snapshot = service(1);
  snapshot.service.spec.scaling->metrics = {requests("rps", 50'000), requests("queue", 20'000)};
  decide_on(state, std::move(snapshot), [](api::Snapshot& s, int tick) {
    measure(s, "rps", 180 + tick % 40);
    measure(s, "queue", 60 + tick % 30);
  });
}
BENCHMARK(one_backend_two_metrics);

void hundred_pods(benchmark::State& state) {
  auto snapshot = service(1);
  api::Metric cpu;
  cpu.name = "cpu";
  cpu.preset = "CPUUtilization";
  cpu.scope = api::MetricScope::Pod;
  cpu.target_type = api::TargetType::Utilization;
  cpu.average_utilization = 60;
  snapshot.service.spec.scaling->metrics = {cpu};
  auto& seen = snapshot.backends.begin()->second;
  seen.spec_replicas = seen.status_replicas = seen.ready_replicas = 100;
  seen.endpoints = api::Endpoints{.ready = 100, .total = 100};
  for (int i = 0; i < 100; ++i) {
    api::Pod pod;
    pod.name = "shop-" + std::to_string(i);
    pod.phase = "Running";
    pod.ready = true;
    pod.start_time = pod.ready_transition_time = kStart - seconds{3600};
    pod.requests["cpu"] = Quantity::from_milli(500);
    seen.pods.push_back(std::move(pod));
  }
  auto& first = snapshot.metrics["cpu"].samples;
  first.resize(100);
  for (std::size_t i = 0; i < first.size(); ++i) first[i].labels["pod"] = "shop-" + std::to_string(i);
  decide_on(state, std::move(snapshot), [](api::Snapshot& s, int tick) {
    auto& samples = s.metrics["cpu"].samples;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      samples[i].value = 0.25 + static_cast<double>((i + static_cast<std::size_t>(tick)) % 10) / 100;
      samples[i].time = s.now;
      samples[i].window = seconds{60};
    }
  });
}
BENCHMARK(hundred_pods);

void sixteen_backends(benchmark::State& state) {
  auto snapshot = service(16);
  snapshot.service.spec.scaling->metrics = {requests("rps", 50'000)};
  decide_on(
      state, std::move(snapshot), [](api::Snapshot& s, int tick) { measure(s, "rps", 2800 + tick % 300); });
}
BENCHMARK(sixteen_backends);

/// What the command adds to a decision: reading the snapshot and printing the decision.
void line_of_a_stream(benchmark::State& state) {
  const std::string head =
      R"({"service":{"apiVersion":"evenkeel.dev/v1alpha1","kind":"LoadBalancedService",)"
      R"("metadata":{"namespace":"store","name":"shop","uid":"1"},"spec":{"backends":[{"name":"blue",)"
      R"("workloadRef":{"name":"blue"},"serviceRef":{"name":"blue","port":80}}],"scaling":{"minReplicas":1,)"
      R"("maxReplicas":50,"metrics":[{"name":"rps","preset":"RequestsPerSecond",)"
      R"("target":{"type":"AverageValue","value":"50"}},{"name":"queue","query":"queue",)"
      R"("target":{"type":"AverageValue","value":"20"}}]}}},"backends":{"blue":{"specReplicas":4,)"
      R"("statusReplicas":4,"readyReplicas":4,"endpoints":{"ready":4,"total":4},"weight":100}},"metrics":{)"
      R"("rps":{"samples":[{"value":180}]},"queue":{"samples":[{"value":60}]}},"now":")";
  api::SnapshotReader reader;
  std::optional<std::string> memory;
  int tick = 0;
  for (auto _ : state) {
    const auto line = head + format_rfc3339(kStart + seconds{15} * tick++) + "\"}";
    auto snapshot = reader.read(line);
    if (!snapshot.ok()) return state.SkipWithError(snapshot.error().message.c_str());
    snapshot->memory = std::move(memory);
    const auto decision = plan::decide(*snapshot);
    benchmark::DoNotOptimize(api::print_decision(decision));
    memory = decision.memory;
  }
}
BENCHMARK(line_of_a_stream);

}  // namespace
}  // namespace evenkeel

BENCHMARK_MAIN();
