#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evenkeel/api/snapshot.hpp"

/// Snapshots in the words of a test: `SnapshotBuilder{}.backend("blue", {.spec = 3}).metric("rps", 120)`.
namespace evenkeel::testing_support {

/// 2026-01-01T00:00:00Z plus `seconds`.
inline WallTime at(std::int64_t seconds) {
  return WallTime{std::chrono::seconds{1767225600 + seconds}};
}

/// One backend, declared and seen. `existing`, `ready` follow `spec` where they are not given.
struct BackendFacts {
  std::int32_t tier = 0;
  std::int32_t weight = 100;
  std::optional<std::int32_t> min;
  std::optional<std::int32_t> max;
  std::optional<std::int32_t> spec = 1;
  std::optional<std::int32_t> existing;
  std::optional<std::int32_t> ready;
  std::optional<double> share;
  bool rollout = false;
  bool has_workload = true;
};

class SnapshotBuilder {
 public:
  SnapshotBuilder() {
    snapshot_.now = at(0);
    auto& service = snapshot_.service;
    service.key = {.ns = "store", .name = "shop"};
    service.uid = "0000-1111";
    service.generation = 1;
    service.spec.scaling = api::Scaling{.min_replicas = 1, .max_replicas = 100};
    auto& scaling = *service.spec.scaling;
    scaling.scale_up.policies = {
        {.type = api::PolicyType::Pods, .value = 4, .period = std::chrono::seconds{15}},
        {.type = api::PolicyType::Percent, .value = 100, .period = std::chrono::seconds{15}}};
    scaling.scale_down.policies = {
        {.type = api::PolicyType::Percent, .value = 100, .period = std::chrono::seconds{15}}};
  }

  SnapshotBuilder& now(std::int64_t seconds) {
    snapshot_.now = at(seconds);
    return *this;
  }
  SnapshotBuilder& backend(const std::string& name, const BackendFacts& facts) {
    api::Backend declared{.name = name, .tier = facts.tier, .weight = facts.weight};
    if (facts.has_workload) declared.workload = api::WorkloadRef{.name = "shop-" + name};
    declared.service = api::ServiceRef{.name = "shop-" + name, .port = "80"};
    declared.min_replicas = facts.min;
    declared.max_replicas = facts.max;
    auto& backends = snapshot_.service.spec.backends;
    std::erase_if(backends, [&](const api::Backend& other) { return other.name == name; });
    backends.push_back(std::move(declared));
    return seen(name, facts);
  }
  /// Only what is seen, not what is declared.
  SnapshotBuilder& seen(const std::string& name, const BackendFacts& facts) {
    auto& seen = snapshot_.backends[name];
    seen = {};
    const auto ready = facts.ready ? facts.ready : facts.existing ? facts.existing : facts.spec;
    if (facts.has_workload) {
      seen.spec_replicas = facts.spec;
      seen.status_replicas = facts.existing ? facts.existing : facts.spec;
      seen.ready_replicas = ready;
    }
    seen.endpoints = api::Endpoints{.ready = ready.value_or(0), .total = ready.value_or(0)};
    seen.weight = facts.share;
    seen.rollout = facts.rollout;
    return *this;
  }
  /// Declares the metric once and gives it one sample of now.
  SnapshotBuilder& metric(const std::string& name,
                          double value,
                          std::int64_t target_milli = 50'000,
                          api::TargetType type = api::TargetType::AverageValue) {
    declare(name, target_milli, type);
    snapshot_.metrics[name].samples = {{.value = value, .time = snapshot_.now}};
    return *this;
  }
  SnapshotBuilder& declare(const std::string& name, std::int64_t target_milli, api::TargetType type) {
    auto& metrics = snapshot_.service.spec.scaling->metrics;
    std::erase_if(metrics, [&](const api::Metric& other) { return other.name == name; });
    api::Metric metric;
    metric.name = name;
    metric.preset = "RequestsPerSecond";
    metric.target_type = type;
    metric.target_value = Quantity::from_milli(target_milli);
    metrics.push_back(std::move(metric));
    return *this;
  }
  SnapshotBuilder& bounds(std::int32_t min, std::int32_t max) {
    scaling().min_replicas = min;
    scaling().max_replicas = max;
    return *this;
  }
  SnapshotBuilder& windows(std::int64_t up, std::int64_t down) {
    scaling().scale_up.stabilization_window = std::chrono::seconds{up};
    scaling().scale_down.stabilization_window = std::chrono::seconds{down};
    return *this;
  }
  SnapshotBuilder& memory(std::optional<std::string> text, bool restored = false) {
    snapshot_.memory = std::move(text);
    snapshot_.restored = restored;
    return *this;
  }

  [[nodiscard]] api::Scaling& scaling() { return *snapshot_.service.spec.scaling; }
  [[nodiscard]] api::Spec& spec() { return snapshot_.service.spec; }
  [[nodiscard]] api::Snapshot& snapshot() { return snapshot_; }
  [[nodiscard]] const api::Snapshot& build() const { return snapshot_; }

 private:
  api::Snapshot snapshot_;
};

}  // namespace evenkeel::testing_support
