/// How long one whole decision takes, and how often it asks for memory.
#include <benchmark/benchmark.h>

#include "evenkeel/plan/decide.hpp"

#include "allocations.hpp"
#include "services.hpp"

namespace evenkeel::bench {
namespace {

using std::chrono::seconds;

/// Decides again and again, 15 seconds apart, on a load that moves; memory carried on as in the operator.
/// What is timed includes `change`, which writes the new samples into the snapshot: that is little, and costs
/// less than stopping a clock.
template <class Change>
void decide(benchmark::State& state, api::Snapshot snapshot, Change change) {
  AllocationCounter counter{state};
  int tick = 0;
  for (auto _ : state) {
    snapshot.now = kStart + seconds{15} * tick;
    change(snapshot, tick++);
    counter.start();
    auto decision = plan::decide(snapshot);
    counter.stop();
    benchmark::DoNotOptimize(decision);
    snapshot.memory = std::move(decision.memory);
  }
}

void decide_two_metrics(benchmark::State& state) {
  decide(state, service_of_two_metrics(), [](api::Snapshot& snapshot, int tick) {
    measure(snapshot, "rps", 150 + tick % 40);
    measure(snapshot, "latency", 0.2 + 0.00113 * (tick % 30));
  });
}
BENCHMARK(decide_two_metrics);

/// Samples of now, their load moved up and down by a fifth.
void refresh(api::Snapshot& snapshot, int tick) {
  for (auto& [name, metric] : snapshot.metrics) {
    const double usual = name == "CPUUtilization" ? 0.30017 : 600.0 * (1 << 20);
    for (std::size_t i = 0; i < metric.samples.size(); ++i) {
      metric.samples[i].value =
          usual * (0.9 + static_cast<double>((i + static_cast<std::size_t>(tick)) % 10) / 50);
      metric.samples[i].time = snapshot.now;
    }
  }
}

void decide_three_pods(benchmark::State& state) {
  decide(
      state, service_of_pods(3, {utilization("CPUUtilization"), utilization("MemoryUtilization")}), refresh);
}
BENCHMARK(decide_three_pods);

void decide_hundred_pods(benchmark::State& state) {
  decide(state, service_of_pods(100, {utilization("CPUUtilization")}), refresh);
}
BENCHMARK(decide_hundred_pods);

void decide_sixteen_backends(benchmark::State& state) {
  decide(state, service_of_backends(16), [](api::Snapshot& snapshot, int tick) {
    measure(snapshot, "rps", 2800 + tick % 300);
  });
}
BENCHMARK(decide_sixteen_backends);

/// Shares follow measured latencies, so every decision computes proportions, smooths and moves them.
void decide_sixteen_backends_by_latency(benchmark::State& state) {
  auto snapshot = service_of_backends(16);
  auto& balancing = snapshot.service.spec.balancing;
  balancing.algorithm = api::Algorithm::FastestResponse;
  auto& samples = snapshot.metrics["balancing.latency"].samples;
  for (const auto& backend : snapshot.service.spec.backends) {
    auto& sample = samples.emplace_back();
    sample.labels["backend"] = backend.name;
    sample.window = seconds{60};
    sample.weight = 1000;
  }
  decide(state, std::move(snapshot), [](api::Snapshot& changed, int tick) {
    measure(changed, "rps", 2800 + tick % 300);
    auto& latencies = changed.metrics["balancing.latency"].samples;
    for (std::size_t i = 0; i < latencies.size(); ++i) {
      latencies[i].value =
          0.05 + 0.00137 * static_cast<double>((i * 7 + static_cast<std::size_t>(tick)) % 30);
      latencies[i].time = changed.now;
    }
  });
}
BENCHMARK(decide_sixteen_backends_by_latency);

}  // namespace
}  // namespace evenkeel::bench
