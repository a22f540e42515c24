#include <algorithm>
#include <array>
#include <utility>

#include "evenkeel/signals/sample_table.hpp"

namespace evenkeel::signals {
namespace {

api::SignalSource from_preset(const char* name) {
  api::SignalSource source;
  source.preset = name;
  return source;
}

/// The preset that a reading of balancing comes from where spec.balancing.signals does not replace it; null
/// where there is none: what "utilization" means differs from service to service.
const api::SignalSource* usual_source(std::string_view name) {
  static const api::SignalSource kConnections = from_preset("ActiveConnections");
  static const api::SignalSource kLatency = from_preset("LatencyP50");
  static const api::SignalSource kErrors = from_preset("ErrorRatio");
  if (name == "connections") return &kConnections;
  if (name == "latency") return &kLatency;
  if (name == "errors") return &kErrors;
  return nullptr;
}

/// The readings that the algorithm computes shares from.
std::vector<std::string_view> readings_of(api::Algorithm algorithm) {
  switch (algorithm) {
    case api::Algorithm::LeastConnections:
      return {"connections"};
    case api::Algorithm::FastestResponse:
      return {"latency", "errors"};
    case api::Algorithm::LeastUtilization:
      return {"utilization", "errors"};
    default:
      return {};
  }
}

std::string item(const char* list, std::size_t index) {
  return std::string{list} + "[" + std::to_string(index) + "]";
}

void add_balancing(const api::Balancing& balancing, std::vector<Input>& inputs) {
  for (const auto name : readings_of(balancing.algorithm)) {
    const auto declared = std::ranges::find(balancing.signals, name, &api::BalancingSignal::name);
    Input input{.name = "balancing." + std::string{name},
                .source = usual_source(name),
                .scope = api::MetricScope::Backend,
                .field = "spec.balancing.algorithm"};
    if (declared != balancing.signals.end()) {
      input.source = &*declared;
      input.field =
          item("spec.balancing.signals", static_cast<std::size_t>(declared - balancing.signals.begin()));
    }
    if (input.source != nullptr) inputs.push_back(std::move(input));
  }
}

}  // namespace

std::vector<Input> inputs_of(const api::LoadBalancedService& service) {
  std::vector<Input> inputs;
  if (service.spec.scaling) {
    const auto& metrics = service.spec.scaling->metrics;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      inputs.push_back({.name = metrics[i].name,
                        .source = &metrics[i],
                        .scope = metrics[i].scope,
                        .field = item("spec.scaling.metrics", i)});
    }
  }
  const auto& signals = service.spec.health.signals;
  for (std::size_t i = 0; i < signals.size(); ++i) {
    inputs.push_back({.name = signals[i].name,
                      .source = &signals[i],
                      .scope = api::MetricScope::Backend,
                      .field = item("spec.health.signals", i)});
  }
  add_balancing(service.spec.balancing, inputs);
  return inputs;
}

}  // namespace evenkeel::signals
