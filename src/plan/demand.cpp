#include "demand.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "evenkeel/balancing/divide.hpp"
#include "evenkeel/base/moment.hpp"
#include "evenkeel/scaling/history.hpp"

#include "minimums.hpp"

namespace evenkeel::plan {
namespace {

/// A floor is never looked back to or kept for less: a short window is no reason to forget a loss.
constexpr std::chrono::seconds kLeastSpan{300};
constexpr std::chrono::hours kLongestFloor{1};

/// No load is larger: what follows multiplies and adds such figures without overflow.
constexpr double kMostDemand = 1e15;

double clean_load(double value) {
  return std::isfinite(value) && value > 0 ? std::min(value, kMostDemand) : 0.0;
}

bool is_load(const api::Metric& metric) {
  return metric.scope == api::MetricScope::Service && metric.target_type == api::TargetType::AverageValue;
}

}  // namespace

void DemandMemory::record(WallTime now, double value) {
  value = clean_load(value);
  if (last && last->time < now) before = last;
  last = DemandReading{.time = now, .value = value};
  while (!highest.empty() && highest.back().value <= value) highest.pop_back();
  highest.push_back({.time = now, .value = value});
  merge(kMaxEntries);
}

void DemandMemory::merge(std::size_t most) {
  while (highest.size() > most) {
    std::size_t closest = 0;
    for (std::size_t i = 1; i + 1 < highest.size(); ++i) {
      if (highest[i + 1].time - highest[i].time < highest[closest + 1].time - highest[closest].time)
        closest = i;
    }
    highest[closest].time = highest[closest + 1].time;
    highest.erase(highest.begin() + static_cast<std::ptrdiff_t>(closest) + 1);
  }
}

std::optional<double> DemandMemory::highest_since(WallTime cutoff) const {
  const auto found = std::ranges::lower_bound(highest, cutoff, {}, &DemandReading::time);
  if (found == highest.end()) return std::nullopt;
  return found->value;
}

void DemandMemory::forget(WallTime before_this) {
  std::erase_if(highest, [&](const DemandReading& entry) { return entry.time < before_this; });
}

void DemandMemory::normalise(WallTime now) {
  const auto clean = [&](DemandReading& entry) {
    entry.time = std::min(entry.time, now);
    entry.value = clean_load(entry.value);
  };
  auto entries = std::exchange(highest, {});
  for (auto& entry : entries) clean(entry);
  std::ranges::sort(
      entries, {}, [](const DemandReading& entry) { return std::pair{entry.time, entry.value}; });
  if (last) clean(*last);
  if (before) clean(*before);
  const auto kept_last = last;
  const auto kept_before = before;
  for (const auto& entry : entries) record(entry.time, entry.value);
  last = kept_last;
  before = kept_before;
  if (floor) {
    clean(floor->lost);
    if (floor->covered_since) floor->covered_since = std::min(*floor->covered_since, now);
  }
}

std::optional<std::size_t> load_metric_of(const api::Scaling& scaling) {
  const auto& metrics = scaling.metrics;
  const auto index_of = [&](const auto& chosen) -> std::optional<std::size_t> {
    const auto found = std::ranges::find_if(metrics, chosen);
    if (found == metrics.end()) return std::nullopt;
    return static_cast<std::size_t>(found - metrics.begin());
  };
  if (!scaling.load_metric.empty()) {
    return index_of([&](const api::Metric& m) { return m.name == scaling.load_metric && is_load(m); });
  }
  for (const std::string_view preset : {"RequestsPerSecond", "ActiveConnections"}) {
    const auto found = index_of([&](const api::Metric& m) { return is_load(m) && m.preset == preset; });
    if (found) return found;
  }
  return index_of(is_load);
}

std::vector<ReplicaLoad> replica_loads(const api::Spec& spec) {
  double target = 1;
  bool measured = false;
  if (spec.scaling) {
    if (const auto index = load_metric_of(*spec.scaling)) {
      const double declared = spec.scaling->metrics[*index].target_value.value();
      measured = declared > 0;
      if (measured) target = declared;
    }
  }
  const double spare = std::max(1, spec.failover.overprovisioning_percent) / 100.0;
  std::vector<ReplicaLoad> loads;
  loads.reserve(spec.backends.size());
  for (const auto& backend : spec.backends) {
    ReplicaLoad load{.capacity = target * spare, .planned = target};
    if (measured && backend.capacity_per_replica && backend.capacity_per_replica->milli() > 0) {
      load.capacity = backend.capacity_per_replica->value();
      load.planned = std::min(target, load.capacity);
    }
    loads.push_back(load);
  }
  return loads;
}

std::vector<std::int32_t> replica_limits(std::span<const Member> members,
                                         std::span<const double> proportions,
                                         std::int32_t max) {
  if (members.size() == 1) {
    // It has nobody to divide with.
    const auto part = proportions.front() > 0 ? std::max(1, max) : 1;
    return {std::min(members.front().max_replicas(max), part)};
  }
  std::vector<std::int32_t> limits(members.size(), 0);
  std::vector<double> shares(members.size(), 0.0);
  const auto bounds = part_bounds(members, max);
  for (const auto& first : members) {
    const auto tier = first.declared->tier;
    const bool is_done = std::ranges::any_of(members.first(first.index),
                                             [&](const Member& m) { return m.declared->tier == tier; });
    if (is_done) continue;
    for (const auto& member : members) {
      shares[member.index] = member.declared->tier == tier ? proportions[member.index] : 0.0;
    }
    // What its own maximum leaves of a part, the others may have, as they may of the total.
    const auto parts = balancing::divide(shares, bounds.minimums, bounds.maximums, std::max(1, max));
    for (const auto& member : members) {
      if (member.declared->tier != tier) continue;
      const auto own = member.max_replicas(max);
      limits[member.index] = std::min(own, std::max(1, parts[member.index]));
    }
  }
  return limits;
}

std::chrono::seconds floor_span(std::chrono::seconds window) {
  return std::max(window, kLeastSpan);
}

Demand measure_demand(const scaling::Reading& reading,
                      std::chrono::seconds window,
                      WallTime now,
                      DemandMemory& memory) {
  Demand demand;
  const bool is_remembered = memory.last && memory.last->time >= scaling::moment_before(now, window);
  if (is_remembered) {
    demand.value = memory.last->value;
    demand.remembered = true;
  }
  if (reading.usable()) {
    const double value = clean_load(static_cast<double>(*reading.milli) / 1000.0);
    const bool is_fresh = reading.quality == api::Quality::Fresh;
    // A reading with holes is at least what it says.
    if (is_fresh || value > demand.value.value_or(0)) {
      demand.value = value;
      demand.remembered = false;
    }
    if (is_fresh) memory.record(now, value);
  }
  memory.forget(scaling::moment_before(now, floor_span(window)));
  const auto highest = memory.highest_since(scaling::moment_before(now, window));
  demand.highest = std::max(demand.value.value_or(0), highest.value_or(0));
  return demand;
}

Demand demand_in_replicas(std::optional<AskedReplicas> asked,
                          std::chrono::seconds window,
                          WallTime now,
                          DemandMemory& memory) {
  Demand demand;
  if (asked) {
    const auto& known = memory.last && memory.last->time < now ? memory.last : memory.before;
    const bool stands =
        asked->at_least && known && known->time >= scaling::moment_before(now, floor_span(window));
    const double value = clean_load(stands ? *asked->at_least : asked->value);
    demand.remembered = stands && known->value >= value;
    demand.value = demand.remembered ? known->value : value;
    if (!demand.remembered) memory.record(now, value);
  }
  memory.forget(scaling::moment_before(now, floor_span(window)));
  // The total is divided by windows of its own: the parts of this demand are what was decided.
  demand.highest = demand.value.value_or(0);
  return demand;
}

void settle_floor(bool lost, bool covered, std::chrono::seconds window, WallTime now, DemandMemory& memory) {
  const auto span = floor_span(window);
  auto& floor = memory.floor;
  if (lost) {
    const auto before = memory.highest_since(scaling::moment_before(now, span));
    const double value = std::max(before.value_or(0), floor ? floor->lost.value : 0.0);
    if (value > 0) floor = DemandMemory::Floor{.lost = {.time = now, .value = value}, .covered_since = {}};
    return;
  }
  if (!floor) return;
  if (!covered) floor->covered_since.reset();
  if (covered && !floor->covered_since) floor->covered_since = now;
  const bool is_covered_long = floor->covered_since && has_passed(*floor->covered_since, span, now);
  if (is_covered_long || has_passed(floor->lost.time, kLongestFloor, now)) floor.reset();
}

Demand with_floor(Demand demand, const DemandMemory& memory) {
  if (!memory.floor || demand.value.value_or(0) >= memory.floor->lost.value) return demand;
  demand.value = memory.floor->lost.value;
  demand.highest = std::max(demand.highest, *demand.value);
  demand.is_floor = true;
  return demand;
}

}  // namespace evenkeel::plan
