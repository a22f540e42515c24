/// What reading a snapshot and printing a decision cost: their part of a line of `evenkeel decide --stream`.
#include <string>

#include <benchmark/benchmark.h>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/plan/decide.hpp"

namespace evenkeel {
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
  for (auto _ : state) {
    auto snapshot = reader.read(text);
    if (!snapshot.ok()) return state.SkipWithError(snapshot.error().message.c_str());
    benchmark::DoNotOptimize(snapshot);
  }
}
BENCHMARK(read_snapshot);

void print_decision(benchmark::State& state) {
  const auto decision = plan::decide(*api::parse_snapshot(line()));
  for (auto _ : state) benchmark::DoNotOptimize(api::print_decision(decision));
}
BENCHMARK(print_decision);

/// All of a line but the pipe, its memory carried over.
void stream_line(benchmark::State& state) {
  const auto text = line();
  api::SnapshotReader reader;
  std::string memory = "{}";
  for (auto _ : state) {
    auto snapshot = reader.read(text);
    if (!snapshot.ok()) return state.SkipWithError(snapshot.error().message.c_str());
    snapshot->memory = memory;
    auto decision = plan::decide(*snapshot);
    memory = decision.memory;
    benchmark::DoNotOptimize(api::print_decision(decision));
  }
}
BENCHMARK(stream_line);

}  // namespace
}  // namespace evenkeel

BENCHMARK_MAIN();
