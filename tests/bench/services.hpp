#pragma once

#include <string>
#include <vector>

#include "evenkeel/api/snapshot.hpp"

/// The services that are decided on. The first three are those of tests/referee/bench_test.go, figure by
/// figure.
namespace evenkeel::bench {

inline constexpr auto kStart = WallTime{std::chrono::seconds{1'767'225'600}};

[[nodiscard]] api::Metric requests_per_second(std::int64_t target_milli);
[[nodiscard]] api::Metric latency(std::int64_t target_milli);
/// Utilisation of `preset` ("CPUUtilization", "MemoryUtilization") by 60 %.
[[nodiscard]] api::Metric utilization(const std::string& preset);

/// One sample of the whole service, of now.
void measure(api::Snapshot& snapshot, const std::string& name, double value);

/// One backend with 3 pods and two metrics of the whole service: an average load and a latency.
[[nodiscard]] api::Snapshot service_of_two_metrics();

/// One backend whose pods, all ready, have a sample of each metric: 80 % of what they ask for.
[[nodiscard]] api::Snapshot service_of_pods(int pods, const std::vector<api::Metric>& metrics);

/// Every fourth backend stands by in tier 1. A load of the whole service.
[[nodiscard]] api::Snapshot service_of_backends(int backends);

}  // namespace evenkeel::bench
