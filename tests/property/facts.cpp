#include "facts.hpp"

#include <algorithm>
#include <cmath>

namespace evenkeel::property {
namespace {

constexpr std::int32_t kSaneCount = 10'000'000;

bool names(const std::string& list, const std::string& name) {
  std::size_t begin = 0;
  while (begin <= list.size()) {
    const auto end = std::min(list.find(',', begin), list.size());
    auto item = list.substr(begin, end - begin);
    item = item.substr(0, item.find('='));
    std::erase(item, ' ');
    if (item == name) return true;
    begin = end + 1;
  }
  return false;
}

std::string annotation(const api::Snapshot& snapshot, const char* key) {
  const auto found = snapshot.service.annotations.find(key);
  return found == snapshot.service.annotations.end() ? std::string{} : found->second;
}

bool is_count(const std::optional<std::int32_t>& count) {
  return count && *count >= 0 && *count <= kSaneCount;
}

std::optional<double> share(const std::optional<double>& value) {
  return value && *value >= 0 && *value <= 100 ? value : std::nullopt;
}

void observe(const api::BackendObservation& seen, BackendFacts& facts) {
  facts.raw_spec = seen.spec_replicas.value_or(0);
  if (is_count(seen.spec_replicas)) facts.spec = seen.spec_replicas;
  if (seen.endpoints && is_count(seen.endpoints->ready)) facts.ready = seen.endpoints->ready;
  facts.set_share = share(seen.weight);
  facts.observed = share(seen.observed_weight);
}

/// The metric that measures demand, where the specification leaves no doubt which one it is.
const api::Metric* load_metric(const api::Scaling& scaling) {
  for (const auto& metric : scaling.metrics) {
    if (metric.name == scaling.load_metric && metric.target_type == api::TargetType::AverageValue &&
        metric.scope == api::MetricScope::Service)
      return &metric;
  }
  return nullptr;
}

std::optional<double> fresh_sum(const api::Snapshot& snapshot, const api::Metric& metric) {
  const auto reading = snapshot.metrics.find(metric.name);
  if (reading == snapshot.metrics.end() || reading->second.error || reading->second.samples.empty())
    return std::nullopt;
  double sum = 0;
  for (const auto& sample : reading->second.samples) {
    if (!std::isfinite(sample.value) || sample.value < 0 || sample.contributors) return std::nullopt;
    if (sample.time && (*sample.time > snapshot.now || snapshot.now - *sample.time > metric.max_age))
      return std::nullopt;
    sum += sample.value;
  }
  return std::isfinite(sum) && sum < 1e12 ? std::optional{sum} : std::nullopt;
}

void gather_load(const api::Snapshot& snapshot, Facts& facts) {
  const auto& scaling = *snapshot.service.spec.scaling;
  const auto* metric = load_metric(scaling);
  if (metric == nullptr) return;
  facts.demand = fresh_sum(snapshot, *metric);
  const double factor = snapshot.service.spec.failover.overprovisioning_percent / 100.0;
  for (auto& backend : facts.backends) {
    const auto& capacity = backend.declared->capacity_per_replica;
    backend.unit_capacity = capacity ? capacity->value() : metric->target_value.value() * factor;
  }
}

void gather_bounds(const api::Spec& spec, Facts& facts) {
  const auto& scaling = *spec.scaling;
  facts.max_replicas = scaling.max_replicas;
  for (const auto& schedule : scaling.schedules)
    facts.max_replicas = std::max(facts.max_replicas, schedule.max_replicas.value_or(0));
  for (const auto& backend : spec.backends) {
    if (backend.tier > 0) facts.standby_minimums += backend.min_replicas.value_or(1);
  }
  facts.surge = static_cast<std::int32_t>(
      (static_cast<std::int64_t>(facts.max_replicas) * scaling.max_surge_percent + 99) / 100);
}

bool is_blind(const api::Snapshot& snapshot) {
  return std::ranges::all_of(snapshot.service.spec.scaling->metrics, [&](const api::Metric& metric) {
    const auto reading = snapshot.metrics.find(metric.name);
    return reading == snapshot.metrics.end() || reading->second.error.has_value();
  });
}

bool is_sane(const api::Snapshot& snapshot, const Facts& facts) {
  double sum = 0;
  for (const auto& backend : facts.backends) {
    const auto seen = snapshot.backends.find(backend.declared->name);
    if (seen == snapshot.backends.end() || !backend.ready || !backend.set_share) return false;
    if (backend.declared->workload && (!backend.spec || !is_count(seen->second.status_replicas)))
      return false;
    sum += *backend.set_share;
  }
  return std::abs(sum - 100) < 0.01 && snapshot.backends.size() == facts.backends.size();
}

}  // namespace

Facts gather_facts(const api::Snapshot& snapshot, const api::Decision& decision) {
  Facts facts;
  const auto& spec = snapshot.service.spec;
  for (const auto& declared : spec.backends) {
    auto& backend = facts.backends.emplace_back();
    backend.declared = &declared;
    if (const auto seen = snapshot.backends.find(declared.name); seen != snapshot.backends.end())
      observe(seen->second, backend);
    backend.drains = names(annotation(snapshot, "evenkeel.dev/drain"), declared.name);
    backend.drilled = names(annotation(snapshot, "evenkeel.dev/drill"), declared.name);
    if (const auto made = decision.backends.find(declared.name); made != decision.backends.end())
      backend.decided = &made->second;
  }
  facts.scaled = spec.scaling && spec.mode != api::Mode::Paused;
  facts.any_annotation = !snapshot.service.annotations.empty();
  facts.sane = is_sane(snapshot, facts);
  if (spec.scaling) {
    gather_bounds(spec, facts);
    gather_load(snapshot, facts);
    facts.blind = is_blind(snapshot);
  }
  return facts;
}

std::int64_t whole_of(const Facts& facts) {
  std::int64_t sum = 0;
  for (const auto& backend : facts.backends) sum += backend.spec.value_or(0);
  return sum;
}

}  // namespace evenkeel::property
