#include "readings.hpp"

#include <algorithm>
#include <cmath>

#include "evenkeel/base/moment.hpp"

namespace evenkeel::balancing {
namespace {

/// Nothing real is above it, and sums and products of a few stay finite.
constexpr double kMost = 1e60;
/// A latency under it is one of a clock's resolution.
constexpr double kLeastLatency = 1e-6;
constexpr double kLeastUtilization = 0.01;

/// Exponentially weighted for samples that come unevenly: 1 - e^(-dt / tau).
void smooth(const std::optional<BackendValue>& sample,
            std::chrono::seconds constant,
            WallTime now,
            std::optional<Smoothed>& smoothed) {
  if (!sample || !std::isfinite(sample->value)) return;
  const double value = std::clamp(sample->value, 0.0, kMost);
  const auto time = std::min(sample->time, now);
  if (!smoothed || constant.count() <= 0) {
    smoothed = Smoothed{.value = value, .time = time};
    return;
  }
  if (time <= smoothed->time) return;
  const double passed = seconds_between(smoothed->time, time);
  const double part = 1 - std::exp(-passed / static_cast<double>(constant.count()));
  smoothed->value += part * (value - smoothed->value);
  smoothed->time = time;
}

double clean_share(double share) {
  return std::isfinite(share) ? std::clamp(share, 0.0, 100.0) : 0.0;
}

/// Two neighbours become one with their common mean: those that span the least time together.
void merge_shortest(BalancingMemory& memory) {
  auto& shares = memory.shares;
  std::size_t best = 0;
  for (std::size_t i = 1; i + 2 < shares.size(); ++i) {
    const auto span = [&](std::size_t at) { return seconds_between(shares[at].since, shares[at + 2].since); };
    if (span(i) < span(best)) best = i;
  }
  const double first = seconds_between(shares[best].since, shares[best + 1].since);
  const double second = seconds_between(shares[best + 1].since, shares[best + 2].since);
  if (first + second > 0) {
    shares[best].share = (shares[best].share * first + shares[best + 1].share * second) / (first + second);
  }
  shares.erase(shares.begin() + static_cast<std::ptrdiff_t>(best) + 1);
}

void record_share(double share, WallTime now, BalancingMemory& memory) {
  auto& shares = memory.shares;
  if (!shares.empty() && shares.back().since >= now) {
    shares.back().share = share;
    return;
  }
  if (!shares.empty() && shares.back().share == share) return;
  shares.push_back({.since = now, .share = share});
  if (shares.size() > BalancingMemory::kMaxShares) merge_shortest(memory);
}

/// One kind of reading: where it arrives and where its average is kept.
struct Kind {
  std::optional<BackendValue> Candidate::* sample;
  std::optional<Smoothed> BalancingMemory::* average;
};
constexpr Kind kConnections{&Candidate::connections, &BalancingMemory::connections};
constexpr Kind kLatency{&Candidate::latency, &BalancingMemory::latency};
constexpr Kind kErrors{&Candidate::errors, &BalancingMemory::errors};
constexpr Kind kUtilization{&Candidate::utilization, &BalancingMemory::utilization};

void keep(const Kind& kind,
          const ProportionInput& input,
          const Candidate& candidate,
          BalancingMemory& memory) {
  smooth(candidate.*kind.sample, input.balancing.smoothing, input.now, memory.*kind.average);
}

/// One reading of every member, per `per(i)`; whoever has none now has the mean of the others. Empty: nobody
/// has one.
template <class Per>
std::vector<double> values_of(const Kind& kind,
                              const ProportionInput& input,
                              const Members& members,
                              std::span<const BalancingMemory> memories,
                              Per per) {
  double sum = 0;
  std::size_t known = 0;
  std::vector<double> values(members.size(), -1);
  for (std::size_t m = 0; m < members.size(); ++m) {
    const auto i = members[m];
    const auto& average = memories[i].*kind.average;
    if (!(input.backends[i].*kind.sample) || !average) continue;
    values[m] = average->value / per(i);
    sum += values[m];
    ++known;
  }
  if (known == 0) return {};
  for (auto& value : values) {
    if (value < 0) value = sum / static_cast<double>(known);
  }
  return values;
}

std::vector<double> values_of(const Kind& kind,
                              const ProportionInput& input,
                              const Members& members,
                              std::span<const BalancingMemory> memories) {
  return values_of(kind, input, members, memories, [](std::size_t) { return 1.0; });
}

std::vector<double> good_parts(const ProportionInput& input,
                               const Members& members,
                               std::span<const BalancingMemory> memories) {
  auto values = values_of(kErrors, input, members, memories);
  if (values.empty()) return std::vector<double>(members.size(), 1.0);
  for (auto& value : values) value = 1 - std::clamp(value, 0.0, 1.0);
  return values;
}

/// As fractions; where all are 0 all are equal.
std::vector<double> as_fractions(std::vector<double> values) {
  double largest = 0;
  for (auto& value : values) {
    value = std::isfinite(value) && value > 0 ? value : 0.0;
    largest = std::max(largest, value);
  }
  double sum = 0;
  for (auto& value : values) sum += value = largest > 0 ? value / largest : 1.0;
  for (auto& value : values) value /= sum;
  return values;
}

std::vector<double> by_utilization(const ProportionInput& input,
                                   const Members& members,
                                   std::span<const BalancingMemory> memories) {
  auto values = values_of(kUtilization, input, members, memories);
  if (values.empty()) return values;
  const auto good = good_parts(input, members, memories);
  double shares = 0;
  std::vector<double> averages;
  for (const auto i : members) {
    const auto& sample = input.backends[i].utilization;
    const auto until = sample ? std::min(sample->time, input.now) : input.now;
    averages.push_back(average_share(memories[i], until, sample ? sample->window : std::chrono::seconds{60}));
    shares += averages.back();
  }
  // Nobody has a share yet: equal ones do as well as any.
  if (!(shares > 0)) std::ranges::fill(averages, 1.0);
  for (std::size_t m = 0; m < members.size(); ++m) {
    values[m] = good[m] * averages[m] / std::max(values[m], kLeastUtilization);
  }
  return values;
}

}  // namespace

void take_readings(const ProportionInput& input, const Candidate& candidate, BalancingMemory& memory) {
  using api::Algorithm;
  const auto algorithm = input.balancing.algorithm;
  const bool utilization = algorithm == Algorithm::LeastUtilization;
  const bool latency = algorithm == Algorithm::FastestResponse;
  if (algorithm == Algorithm::LeastConnections) keep(kConnections, input, candidate, memory);
  if (latency) keep(kLatency, input, candidate, memory);
  if (latency || utilization) keep(kErrors, input, candidate, memory);
  if (utilization) keep(kUtilization, input, candidate, memory);
  if (utilization) {
    record_share(clean_share(candidate.observed_share.value_or(candidate.set_share)), input.now, memory);
  }
}

double average_share(const BalancingMemory& memory, WallTime until, std::chrono::seconds window) {
  const auto& shares = memory.shares;
  if (shares.empty()) return 0;
  double integral = 0;
  double span = 0;
  const double most = static_cast<double>(std::max<std::int64_t>(1, window.count()));
  auto end = until;
  for (std::size_t i = shares.size(); i-- > 0 && span < most;) {
    if (shares[i].since >= end) continue;
    // What was before the record began is taken to have been the same.
    double part = i == 0 ? most - span : seconds_between(shares[i].since, end);
    part = std::min(part, most - span);
    integral += part * shares[i].share;
    span += part;
    end = shares[i].since;
  }
  // All of the record is later than the reading: its beginning is the nearest to it.
  return span > 0 ? integral / span : shares.front().share;
}

double window_of(const ProportionInput& input, const Members& members) {
  using api::Algorithm;
  const auto algorithm = input.balancing.algorithm;
  if (algorithm == Algorithm::Capacity) return 0;
  const auto sample = algorithm == Algorithm::LeastConnections  ? &Candidate::connections
                      : algorithm == Algorithm::FastestResponse ? &Candidate::latency
                                                                : &Candidate::utilization;
  std::chrono::seconds longest{0};
  for (const auto i : members) {
    const auto& seen = input.backends[i].*sample;
    if (seen) longest = std::max(longest, seen->window);
  }
  return static_cast<double>(longest.count());
}

std::vector<double> computed(const ProportionInput& input,
                             const Members& members,
                             std::span<const BalancingMemory> memories) {
  using api::Algorithm;
  std::vector<double> values;
  switch (input.balancing.algorithm) {
    case Algorithm::LeastConnections:
      values = values_of(kConnections, input, members, memories, [&](std::size_t i) {
        return static_cast<double>(std::max(1, input.backends[i].ready));
      });
      for (std::size_t m = 0; m < values.size(); ++m) {
        values[m] = input.backends[members[m]].declared_weight / (values[m] + 1);
      }
      break;
    case Algorithm::FastestResponse: {
      values = values_of(kLatency, input, members, memories);
      const auto good = good_parts(input, members, memories);
      for (std::size_t m = 0; m < values.size(); ++m) {
        const auto weight = input.backends[members[m]].declared_weight;
        values[m] = weight * good[m] / std::max(values[m], kLeastLatency);
      }
      break;
    }
    case Algorithm::LeastUtilization:
      values = by_utilization(input, members, memories);
      break;
    case Algorithm::Capacity:
      for (const auto i : members) {
        const double capacity = input.backends[i].capacity;
        const double each = std::isfinite(capacity) && capacity > 0 ? std::min(capacity, kMost) : 1.0;
        values.push_back(std::max(0, input.backends[i].ready) * each);
      }
      break;
    case Algorithm::WeightedRoundRobin:
    case Algorithm::RoundRobin:
    case Algorithm::ClientIPHash:
    case Algorithm::Random:
      break;
  }
  return values.empty() ? values : as_fractions(std::move(values));
}

}  // namespace evenkeel::balancing
