/// What a line of `evenkeel decide --stream` costs, all but the pipe: reading the snapshot, deciding, and
/// printing the decision.
#include <string>

#include <benchmark/benchmark.h>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/plan/decide.hpp"

#include "allocations.hpp"

namespace evenkeel::bench {
namespace {

/// One backend, two metrics, under 1 KiB.
std::string line() {
  return R"({"now": "2026-01-01T00:00:00Z", "service": {"metadata": {"namespace": "store", "name": "shop", )"
         R"("uid": "u", "generation": 1}, "spec": {"backends": [{"name": "blue", )"
         R"("workloadRef": {"name": "shop-blue"}, "serviceRef": {"name": "shop-blue", "port": 80}}], )"
         R"("scaling": {"minReplicas": 2, "maxReplicas": 50, "metrics": [)"
         R"({"name": "rps", "preset": "RequestsPerSecond", "target": {"type": "AverageValue", "value": "50"}}, )"
         R"({"name": "p99", "preset": "LatencyP99", "target": {"type": "Value", "value": "250m"}}]}}}, )"
         R"("backends": {"blue": {"specReplicas": 10, "statusReplicas": 10, "readyReplicas": 10, )"
         R"("endpoints": {"ready": 10, "total": 10}, "weight": 100}}, "metrics": {)"
         R"("rps": {"samples": [{"labels": {"backend": "blue"}, "value": 512.7, )"
         R"("time": "2026-01-01T00:00:00Z", "windowSeconds": 60}]}, )"
         R"("p99": {"samples": [{"labels": {"backend": "blue"}, "value": 0.2, )"
         R"("time": "2026-01-01T00:00:00Z", "windowSeconds": 60}]}}})";
}

void read_snapshot(benchmark::State& state) {
  const auto text = line();
  api::SnapshotReader reader;
  AllocationCounter counter{state};
  for (auto _ : state) {
    counter.start();
    auto snapshot = reader.read(text);
    counter.stop();
    if (!snapshot.ok()) return state.SkipWithError(snapshot.error().message.c_str());
    benchmark::DoNotOptimize(snapshot);
  }
}
BENCHMARK(read_snapshot);

void print_decision(benchmark::State& state) {
  const auto decision = plan::decide(*api::parse_snapshot(line()));
  AllocationCounter counter{state};
  for (auto _ : state) {
    counter.start();
    benchmark::DoNotOptimize(api::print_decision(decision));
    counter.stop();
  }
}
BENCHMARK(print_decision);

void line_of_a_stream(benchmark::State& state) {
  const auto text = line();
  api::SnapshotReader reader;
  std::string memory = "{}";
  AllocationCounter counter{state};
  for (auto _ : state) {
    counter.start();
    auto snapshot = reader.read(text);
    if (!snapshot.ok()) return state.SkipWithError(snapshot.error().message.c_str());
    snapshot->memory = memory;
    auto decision = plan::decide(*snapshot);
    memory = decision.memory;
    benchmark::DoNotOptimize(api::print_decision(decision));
    counter.stop();
  }
}
BENCHMARK(line_of_a_stream);

}  // namespace
}  // namespace evenkeel::bench
