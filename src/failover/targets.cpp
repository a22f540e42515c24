#include "evenkeel/failover/targets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evenkeel/base/moment.hpp"
#include "evenkeel/base/number_text.hpp"

#include "fill.hpp"
#include "split.hpp"

namespace evenkeel::failover {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kSame = 1e-9;
/// Targets are multiples of 1 / this percent: a billionth, far below what adds up to 100 within 1e-6.
constexpr double kGrid = 1 << 30;

bool is_positive(double value) {
  return std::isfinite(value) && value > 0;
}

/// `proportion(i)` over the lowest tier that has an eligible or asleep backend, over these; empty: none has.
template <class Proportion>
std::vector<double> over_lowest_tier(std::span<const TargetBackend> backends, Proportion proportion) {
  const auto meant = [&](std::size_t i) {
    return backends[i].fitness == Fitness::Eligible || backends[i].fitness == Fitness::Asleep;
  };
  std::optional<std::int32_t> lowest;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    if (meant(i) && (!lowest || backends[i].tier < *lowest)) lowest = backends[i].tier;
  }
  if (!lowest) return {};
  std::vector<double> shares(backends.size(), 0);
  double largest = 0;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    if (!meant(i) || backends[i].tier != *lowest) continue;
    shares[i] = is_positive(proportion(i)) ? proportion(i) : 0.0;
    largest = std::max(largest, shares[i]);
  }
  double sum = 0;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    if (!meant(i) || backends[i].tier != *lowest) continue;
    shares[i] = largest > 0 ? std::max(shares[i] / largest, 1e-12) : 1.0;
    sum += shares[i];
  }
  for (auto& share : shares) share /= sum;
  return shares;
}

/// The shares that are set, of the chosen ones, in percent; empty where they add up to nothing.
template <class Chosen>
std::vector<double> set_shares(const Field& field, Chosen chosen) {
  std::vector<double> shares(field.size(), 0);
  double sum = 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (chosen(i)) sum += shares[i] = field.set[i];
  }
  if (!(sum > 0)) return {};
  for (auto& share : shares) share = share / sum * 100;
  return shares;
}

/// Nobody can serve: the first pod that comes back finds its share in place.
std::vector<double> shares_without_service(const Field& field) {
  auto shares = set_shares(field, [](std::size_t) { return true; });
  if (!shares.empty()) return shares;
  std::optional<std::int32_t> lowest;
  for (const auto& backend : field.backends) {
    if (is_positive(backend.declared_proportion) && (!lowest || backend.tier < *lowest))
      lowest = backend.tier;
  }
  shares.assign(field.size(), 0);
  double sum = 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const auto& backend = field.backends[i];
    // Nobody is declared to take traffic, which validation refuses; some share has to be named all the same.
    if (!lowest) shares[i] = 1;
    if (lowest && backend.tier == *lowest && is_positive(backend.declared_proportion)) {
      shares[i] = std::min(backend.declared_proportion, 1e9);
    }
    sum += shares[i];
  }
  for (auto& share : shares) share = share / sum * 100;
  return shares;
}

/// How far slow start has risen: a fraction, by whole steps.
double slow_start_fraction(const TargetBackend& backend, const TargetInput& input) {
  const auto window = backend.slow_start.window;
  if (!backend.eligible_since || window.count() <= 0) return 1;
  if (has_passed(*backend.eligible_since, window, input.now)) return 1;
  const double step = static_cast<double>(std::max<std::int64_t>(1, input.balancing.step.count()));
  const double steps = std::floor(seconds_between(*backend.eligible_since, input.now) / step);
  const double risen = steps * step / static_cast<double>(window.count());
  return std::clamp(risen, std::clamp(backend.slow_start.min_percent, 1, 100) / 100.0, 1.0);
}

Caps caps_of(const TargetInput& input, const std::vector<double>& uncapped) {
  Caps caps{.probation = std::vector<double>(uncapped.size(), kInfinite),
            .slow_start = std::vector<double>(uncapped.size(), kInfinite)};
  const double least = std::clamp(input.balancing.min_share_percent, 0, 100) / 100.0;
  for (std::size_t i = 0; i < uncapped.size(); ++i) {
    const auto& backend = input.backends[i];
    if (backend.fitness != Fitness::Eligible) continue;
    if (uncapped[i] <= 0) {
      // Who is meant for no traffic is not tried with what the caps of others leave.
      if (backend.on_probation) caps.probation[i] = 0;
    } else if (backend.on_probation) {
      const double part = std::clamp(backend.slow_start.min_percent, 0, 100) / 100.0;
      caps.probation[i] = std::max(least, uncapped[i] * part);
      caps.any = true;
    } else if (const double risen = slow_start_fraction(backend, input); risen < 1) {
      caps.slow_start[i] = uncapped[i] * risen;
      caps.any = true;
    }
  }
  return caps;
}

/// Computed proportions leave every eligible backend of a tier with traffic enough to be measured by.
void raise_to_minimum(const TargetInput& input, const Field& field, std::vector<double>& target) {
  const double least = std::clamp(input.balancing.min_share_percent, 0, 100);
  for (std::size_t t = 0; t < field.tiers.size(); ++t) {
    std::vector<std::size_t> members;
    double total = 0;
    for (std::size_t i = 0; i < field.size(); ++i) {
      if (field.tier_of[i] != t || !field.eligible(i)) continue;
      members.push_back(i);
      total += target[i];
    }
    if (total <= 0) continue;
    const double floor = std::min(least, total / static_cast<double>(members.size()));
    double lacking = 0;
    double spare = 0;
    for (const auto i : members) {
      lacking += std::max(0.0, floor - target[i]);
      spare += std::max(0.0, target[i] - floor);
    }
    if (lacking <= 0 || spare <= 0) continue;
    for (const auto i : members) {
      target[i] = target[i] < floor ? floor : target[i] - (target[i] - floor) / spare * lacking;
    }
  }
}

/// What is given to backends beyond what their ready endpoints carry.
double beyond_ready(const Field& field, const std::vector<double>& levels) {
  double sum = 0;
  for (std::size_t i = 0; i < field.size(); ++i) sum += std::max(0.0, levels[i] - field.ready[i]);
  return sum;
}

void normalise(std::vector<double>& target) {
  double sum = 0;
  for (const double share : target) sum += share;
  if (!(sum > 0)) return;
  for (auto& share : target) share = share / sum * 100;
}

void add_step(Targets& targets, std::size_t i, const char* step, double weight, const char* detail) {
  targets.steps[i].push_back({.step = step, .weight = weight, .detail = detail});
}

/// What bounds the share of a backend, with what one of its endpoints carries.
api::Step capacity_step(const Field& field, std::size_t i) {
  api::Step step{.step = "Capacity", .weight = field.bound[i] * 100};
  const auto& backend = field.backends[i];
  if (!field.known) {
    step.detail = "what its ready endpoints carry beside those of its tier";
  } else if (field.bound[i] < field.limit[i]) {
    step.value = backend.capacity;
    step.detail =
        "what its " + count_text(backend.ready, "ready endpoint") + " can carry; value: what one carries";
  } else {
    step.value = backend.capacity;
    step.detail = "what the " + count_text(std::max(1, backend.limit), "replica") +
                  " that it may have can carry; value: what one carries";
  }
  return step;
}

void record_senders(const Field& field, Targets& targets) {
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (!field.backends[i].waiting_sender || targets.target[i] <= 0) continue;
    add_step(targets, i, "Waits", targets.target[i], "it stays until those that take it over have grown");
  }
}

/// The record: what the rules made of every backend that has to do with the traffic.
void record(const Field& field, const Caps& caps, const Split& split, Targets& targets) {
  constexpr std::size_t kUsualSteps = 6;  // Proportion, capacity; what follows of moves and sizes.
  for (std::size_t i = 0; i < field.size(); ++i) {
    targets.steps[i].reserve(kUsualSteps);
    if (!field.eligible(i)) continue;
    const auto tier = field.tier_of[i];
    if (tier == field.lowest && targets.target[i] < 100 - kSame) {
      add_step(targets, i, "Proportion", targets.full[i] * 100, "its part of the tier by proportion");
    }
    if (field.bound[i] < 1 && targets.target[i] >= field.bound[i] * 100 - kSame) {
      targets.steps[i].push_back(capacity_step(field, i));
    }
    // Said of a standby too: without a part of its own it is given nothing more, whatever it could carry.
    if (field.backends[i].on_probation) {
      const double share = caps.probation[i] < kInfinite ? caps.probation[i] * 100 : 0.0;
      add_step(targets, i, "Probation", share, "the share of a backend on probation");
    }
    if (caps.slow_start[i] < kInfinite) {
      add_step(targets, i, "SlowStart", caps.slow_start[i] * 100, "its share rises slowly");
    }
    if (split.held[tier] != 0) {
      add_step(targets,
               i,
               "Failback",
               split.totals[tier] * 100,
               "its tier's share returns as spec.failover.failback says");
    }
  }
}

void note_shortage(const TargetInput& input, const Field& field, Targets& targets) {
  for (std::size_t i = 0; i < field.size(); ++i) {
    targets.carried[i] = field.eligible(i) ? field.bound[i] * 100 : 0.0;
    if (!field.eligible(i)) continue;
    const auto& backend = field.backends[i];
    bool beyond = false;
    if (field.known && field.tier_of[i] == field.lowest) {
      beyond = targets.full[i] * *input.demand > std::max(1, backend.limit) * backend.capacity;
    }
    targets.is_short[i] = backend.ready < backend.expected || beyond ? 1 : 0;
  }
}

/// Somebody is eligible.
void share_out_targets(const TargetInput& input, const Field& field, SplitMemory& memory, Targets& targets) {
  const std::vector<double> none(field.size(), kInfinite);
  Caps caps{.probation = none, .slow_start = none};
  std::vector<double> totals;
  const auto fill = [&] {
    Filling filling{field, caps};
    const double left = filling.fill_all();
    targets.target = filling.levels();
    // What is kept back for a trial is not what nobody can carry.
    const double missing = caps.any ? std::min(left, beyond_ready(field, targets.target)) : left;
    targets.uncovered = std::max(targets.uncovered, missing);
    totals.clear();
    for (std::size_t t = 0; t < field.tiers.size(); ++t) totals.push_back(filling.tier_level(t));
  };
  fill();
  if (auto trials = caps_of(input, targets.target); trials.any) {
    caps = std::move(trials);
    fill();
  }
  const auto split = settle_split(input, field, caps, std::move(totals), memory);
  if (split.changed) {
    Filling again{field, caps};
    for (std::size_t t = 0; t < split.totals.size(); ++t) again.fill_tier(t, split.totals[t]);
    targets.target = again.levels();
  }
  normalise(targets.target);
  if (input.computed) raise_to_minimum(input, field, targets.target);
  // The same split comes about in several ways; what they differ by is no decision.
  for (auto& share : targets.target) share = std::round(share * kGrid) / kGrid;
  targets.served = true;
  targets.excess_returns = split.excess_returns;
  targets.failback_waits = split.failback_waits;
  targets.failback_asked = split.failback_asked;
  targets.lowest_tier = field.tiers[field.lowest];
  record(field, caps, split, targets);
  record_senders(field, targets);
}

}  // namespace

Targets target_shares(const TargetInput& input, SplitMemory& memory) {
  const Field field{input};
  Targets targets;
  targets.carried.assign(field.size(), 0);
  targets.is_short.assign(field.size(), 0);
  targets.steps.resize(field.size());
  adopt_split(input, field, memory);
  targets.full =
      over_lowest_tier(input.backends, [&](std::size_t i) { return input.backends[i].proportion; });
  targets.sizing =
      over_lowest_tier(input.backends, [&](std::size_t i) { return input.backends[i].declared_proportion; });

  if (field.lowest < field.tiers.size()) {
    share_out_targets(input, field, memory, targets);
  } else {
    targets.target = set_shares(field, [&](std::size_t i) { return field.backends[i].ready > 0; });
    targets.served = !targets.target.empty();
    if (!targets.served) targets.target = shares_without_service(field);
  }
  if (targets.full.empty()) {
    for (const double share : targets.target) targets.full.push_back(share / 100);
    targets.sizing = targets.full;
  }
  note_shortage(input, field, targets);
  for (std::size_t i = 0; i < field.size() && field.size() > 1; ++i) {
    add_step(targets, i, "Target", targets.target[i], "where its share is going");
  }
  return targets;
}

}  // namespace evenkeel::failover
