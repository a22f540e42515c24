/// The replica arithmetic alone, on the figures on which upstream's calculator is timed: what both do between
/// the answer of the metrics API and a proposal.
///
/// `arithmetic_*` starts where the samples are classed already, `samples_*` from the raw ones: the quality of
/// a signal, which upstream knows nothing of, is found out there.
#include <benchmark/benchmark.h>

#include "evenkeel/scaling/signal.hpp"
#include "evenkeel/scaling/total.hpp"

#include "allocations.hpp"
#include "pods.hpp"
#include "services.hpp"

namespace evenkeel::bench {
namespace {

using scaling::Reading;

constexpr scaling::Tolerance kTolerance{.up = 0.1, .down = 0.1};

/// One backend with its metrics, as the arithmetic gets to see them.
class Service {
 public:
  explicit Service(const api::Snapshot& snapshot)
      : snapshot_{snapshot},
        seen_{snapshot_.backends.begin()->second},
        replicas_{*seen_.spec_replicas},
        backend_{{.name = snapshot_.backends.begin()->first,
                  .has_share = true,
                  .ready_endpoints = replicas_,
                  .pods = seen_.pods}} {}

  [[nodiscard]] const std::vector<api::Metric>& metrics() const {
    return snapshot_.service.spec.scaling->metrics;
  }

  [[nodiscard]] Reading read(const api::Metric& metric) const {
    const scaling::SignalContext context{
        .now = snapshot_.now, .serving_endpoints = replicas_, .backends = backend_};
    return scaling::read_signal(metric, &snapshot_.metrics.at(metric.name), context);
  }

  [[nodiscard]] std::int32_t propose(const api::Metric& metric, const Reading& reading) const {
    if (metric.scope != api::MetricScope::Pod) {
      const scaling::Counts counts{.current = replicas_, .existing = replicas_, .ready = replicas_};
      return scaling::propose(metric, reading, counts, kTolerance.up, kTolerance.down);
    }
    const auto outcome = scaling::size_from_pods({.metric = metric,
                                                  .samples = reading.pods,
                                                  .pods = seen_.pods,
                                                  .current = replicas_,
                                                  .settings = snapshot_.settings,
                                                  .now = snapshot_.now,
                                                  .tolerance = kTolerance});
    return scaling::saturated_count(outcome.need.value_or(0));
  }

 private:
  const api::Snapshot& snapshot_;
  const api::BackendObservation& seen_;
  std::int32_t replicas_;
  scaling::SignalBackend backend_[1];
};

void arithmetic(benchmark::State& state, const api::Snapshot& snapshot) {
  const Service service{snapshot};
  std::vector<Reading> readings;
  for (const auto& metric : service.metrics()) readings.push_back(service.read(metric));
  AllocationCounter counter{state};
  counter.start();
  for (auto _ : state) {
    for (std::size_t i = 0; i < readings.size(); ++i) {
      benchmark::DoNotOptimize(service.propose(service.metrics()[i], readings[i]));
    }
  }
  counter.stop();
}

void samples(benchmark::State& state, const api::Snapshot& snapshot) {
  const Service service{snapshot};
  AllocationCounter counter{state};
  counter.start();
  for (auto _ : state) {
    for (const auto& metric : service.metrics()) {
      benchmark::DoNotOptimize(service.propose(metric, service.read(metric)));
    }
  }
  counter.stop();
}

const auto kTwoMetrics = service_of_two_metrics();
const auto kThreePods = service_of_pods(3, {utilization("CPUUtilization"), utilization("MemoryUtilization")});
const auto kHundredPods = service_of_pods(100, {utilization("CPUUtilization")});

BENCHMARK_CAPTURE(arithmetic, two_metrics, kTwoMetrics);
BENCHMARK_CAPTURE(arithmetic, three_pods, kThreePods);
BENCHMARK_CAPTURE(arithmetic, hundred_pods, kHundredPods);
BENCHMARK_CAPTURE(samples, two_metrics, kTwoMetrics);
BENCHMARK_CAPTURE(samples, three_pods, kThreePods);
BENCHMARK_CAPTURE(samples, hundred_pods, kHundredPods);

}  // namespace
}  // namespace evenkeel::bench
