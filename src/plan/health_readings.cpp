#include "health_readings.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "evenkeel/base/quantity.hpp"

#include "report.hpp"

namespace evenkeel::plan {
namespace {

using scaling::BackendReading;
using scaling::SignalKind;

/// How far a reading is beyond its thresholds, relative to them; empty: it is within.
std::optional<double> severity_of(const api::HealthSignal& signal, std::int64_t milli) {
  const auto beyond = [](std::int64_t more, std::int64_t less) {
    const double scale = std::max<double>(1.0, std::abs(static_cast<double>(less)));
    return (static_cast<double>(more) - static_cast<double>(less)) / scale;
  };
  if (signal.max && milli > signal.max->milli()) return beyond(milli, signal.max->milli());
  if (signal.min && milli < signal.min->milli()) return beyond(signal.min->milli(), milli);
  return std::nullopt;
}

failover::Verdict verdict_of(const api::HealthSignal& signal, const BackendReading& reading) {
  failover::Verdict verdict{.signal = failover::digest(signal.name)};
  if (reading.dated) verdict.time = reading.sample_time;
  if (reading.window.count() > 0) verdict.window = reading.window;
  const auto severity = severity_of(signal, *reading.milli);
  if (!severity) return verdict;
  verdict.bad = true;
  verdict.severity = *severity;
  const bool above = signal.max && *reading.milli > signal.max->milli();
  const auto limit = above ? signal.max->milli() : signal.min->milli();
  verdict.text = signal.name + " " + scaling::decimal_text(*reading.milli) +
                 (above ? " is above " : " is below ") + scaling::decimal_text(limit);
  return verdict;
}

/// Readings as they were before they became thousandths: latencies of a few milliseconds differ by less.
class FinerReadings {
 public:
  explicit FinerReadings(const api::MetricReading* samples) {
    if (samples == nullptr) return;
    values_.reserve(samples->samples.size());
    for (const auto& sample : samples->samples) {
      const auto label = sample.labels.find("backend");
      if (label == sample.labels.end() || !std::isfinite(sample.value)) continue;
      values_.push_back({.backend = label->second, .value = sample.value});
    }
  }

  /// In seconds.
  [[nodiscard]] double of(std::string_view backend, const BackendReading& reading) const {
    const double rounded = static_cast<double>(*reading.milli) / 1000;
    if (*reading.milli > 1000) return rounded;
    double largest = 0;
    for (const auto& [name, value] : values_) {
      if (name == backend && milli_from_double(value) == *reading.milli) largest = std::max(largest, value);
    }
    return largest > 0 ? largest : rounded;
  }

 private:
  struct Value {
    std::string_view backend;
    double value;
  };
  std::vector<Value> values_;
};

const api::MetricReading* find_samples(const api::Snapshot& snapshot, const std::string& key) {
  const auto found = snapshot.metrics.find(key);
  return found == snapshot.metrics.end() ? nullptr : &found->second;
}

}  // namespace

BackendReadings::BackendReadings(const api::Snapshot& snapshot,
                                 std::span<const Member> members,
                                 std::span<const double> set,
                                 api::Decision& decision)
    : snapshot_{snapshot},
      members_{members},
      decision_{decision} {
  backends_.reserve(members.size());
  for (const auto& member : members) {
    backends_.push_back({.name = member.declared->name,
                         .has_share = set[member.index] > 0,
                         .ready_endpoints = member.ready_endpoints,
                         .pods = {}});
  }
}

scaling::Reading BackendReadings::read(const scaling::SignalQuery& query, bool is_declared) {
  const scaling::SignalContext context{.now = snapshot_.now, .backends = backends_};
  auto reading = scaling::read_samples(query, find_samples(snapshot_, std::string{query.name}), context);
  auto& warnings = decision_.warnings;
  warnings.insert(warnings.end(), reading.warnings.begin(), reading.warnings.end());
  // No condition tells of it, for the service is sized and served all the same.
  if (is_declared && reading.quality == api::Quality::Error) warnings.push_back(reading.problem);
  decision_.signals.push_back(signal_state(reading));
  return reading;
}

std::vector<std::vector<failover::Verdict>> BackendReadings::verdicts() {
  std::vector<std::vector<failover::Verdict>> verdicts(members_.size());
  for (const auto& signal : snapshot_.service.spec.health.signals) {
    const scaling::SignalQuery query{.name = signal.name,
                                     .source = signal,
                                     .scope = api::MetricScope::Backend,
                                     .kind = scaling::kind_of_preset(signal.preset)};
    const auto reading = read(query, true);
    for (const auto& member : members_) {
      const auto found = reading.by_backend.find(member.declared->name);
      if (found == reading.by_backend.end() || !found->second.usable() || found->second.abstains) continue;
      verdicts[member.index].push_back(verdict_of(signal, found->second));
    }
  }
  return verdicts;
}

void BackendReadings::fill_one(const char* name,
                               SignalKind kind,
                               std::optional<balancing::BackendValue> balancing::Candidate::* place,
                               std::span<balancing::Candidate> candidates) {
  const api::SignalSource usual;
  const auto& declared = snapshot_.service.spec.balancing.signals;
  const auto source = std::ranges::find(declared, name, &api::BalancingSignal::name);
  const std::string key = std::string{"balancing."} + name;
  const scaling::SignalQuery query{
      .name = key,
      .source = source == declared.end() ? usual : static_cast<const api::SignalSource&>(*source),
      .scope = api::MetricScope::Backend,
      .kind = kind};
  const auto reading = read(query, source != declared.end());
  const FinerReadings finer{kind == SignalKind::Latency ? find_samples(snapshot_, key) : nullptr};
  for (const auto& member : members_) {
    const auto found = reading.by_backend.find(member.declared->name);
    if (found == reading.by_backend.end() || !found->second.usable() || found->second.abstains) continue;
    const auto& own = found->second;
    const double value = finer.of(member.declared->name, own);
    candidates[member.index].*place =
        balancing::BackendValue{.value = value,
                                .time = own.sample_time.value_or(snapshot_.now),
                                .window = own.window.count() > 0 ? own.window : scaling::kUsualWindow};
  }
}

void BackendReadings::fill(std::span<balancing::Candidate> candidates) {
  using api::Algorithm;
  using balancing::Candidate;
  switch (snapshot_.service.spec.balancing.algorithm) {
    case Algorithm::LeastConnections:
      return fill_one("connections", SignalKind::Sum, &Candidate::connections, candidates);
    case Algorithm::FastestResponse:
      fill_one("latency", SignalKind::Latency, &Candidate::latency, candidates);
      return fill_one("errors", SignalKind::Ratio, &Candidate::errors, candidates);
    case Algorithm::LeastUtilization:
      fill_one("utilization", SignalKind::Ratio, &Candidate::utilization, candidates);
      return fill_one("errors", SignalKind::Ratio, &Candidate::errors, candidates);
    case Algorithm::WeightedRoundRobin:
    case Algorithm::RoundRobin:
    case Algorithm::Capacity:
    case Algorithm::ClientIPHash:
    case Algorithm::Random:
      break;
  }
}

}  // namespace evenkeel::plan
