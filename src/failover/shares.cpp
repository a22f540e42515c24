#include "evenkeel/failover/shares.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

namespace evenkeel::failover {
namespace {

using Choice = std::function<bool(std::size_t)>;

double clean(double value, double most) {
  return std::isfinite(value) && value > 0 ? std::min(value, most) : 0.0;
}

/// `value(i)` of the chosen ones, scaled to add up to `total`; empty where they add up to nothing.
std::vector<double> scaled(std::size_t size,
                           const Choice& chosen,
                           const std::function<double(std::size_t)>& value,
                           double total) {
  std::vector<double> result(size, 0.0);
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (chosen(i)) result[i] = value(i);
    sum += result[i];
  }
  if (!(sum > 0)) return {};
  for (auto& share : result) share = share / sum * total;
  return result;
}

Fitness fitness_of(const Candidate& candidate) {
  if (clean(candidate.proportion, 1) <= 0) return Fitness::Out;
  if (candidate.ready > 0) return Fitness::Eligible;
  if (!candidate.ever_ready && !candidate.switched_off) return Fitness::Asleep;
  return Fitness::Unfit;
}

std::optional<std::int32_t> lowest_tier(std::span<const Candidate> candidates, const Choice& chosen) {
  std::optional<std::int32_t> lowest;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (chosen(i) && (!lowest || candidates[i].tier < *lowest)) lowest = candidates[i].tier;
  }
  return lowest;
}

/// The proportions over the lowest tier that has a chosen one, over those.
std::vector<double> lowest_tier_shares(std::span<const Candidate> candidates,
                                       const Choice& chosen,
                                       double total) {
  const auto tier = lowest_tier(candidates, chosen);
  if (!tier) return {};
  return scaled(
      candidates.size(),
      [&](std::size_t i) { return chosen(i) && candidates[i].tier == *tier; },
      [&](std::size_t i) { return clean(candidates[i].proportion, 1e9); },
      total);
}

std::vector<double> set_shares_of(std::span<const Candidate> candidates, const Choice& chosen) {
  return scaled(
      candidates.size(), chosen, [&](std::size_t i) { return clean(candidates[i].set_share, 100); }, 100);
}

}  // namespace

std::vector<double> shares_as_set(std::span<const Candidate> candidates) {
  const auto everybody = [](std::size_t) { return true; };
  auto shares = set_shares_of(candidates, everybody);
  if (!shares.empty()) return shares;
  shares = lowest_tier_shares(
      candidates, [&](std::size_t i) { return clean(candidates[i].proportion, 1) > 0; }, 100);
  if (!shares.empty()) return shares;
  // Nobody is declared to take traffic, which validation refuses; some share has to be named all the same.
  return scaled(candidates.size(), everybody, [](std::size_t) { return 1.0; }, 100);
}

Shares share_out(std::span<const Candidate> candidates) {
  Shares shares;
  for (const auto& candidate : candidates) shares.fitness.push_back(fitness_of(candidate));
  const auto eligible = [&](std::size_t i) { return shares.fitness[i] == Fitness::Eligible; };
  const auto meant_to_serve = [&](std::size_t i) {
    return eligible(i) || shares.fitness[i] == Fitness::Asleep;
  };
  const auto ready = [&](std::size_t i) { return candidates[i].ready > 0; };

  shares.weights = lowest_tier_shares(candidates, eligible, 100);
  if (shares.weights.empty()) shares.weights = set_shares_of(candidates, ready);
  shares.served = !shares.weights.empty();
  // Nobody can serve: whoever comes back first finds its share in place.
  if (!shares.served) shares.weights = shares_as_set(candidates);

  shares.full = lowest_tier_shares(candidates, meant_to_serve, 1);
  if (shares.full.empty()) {
    for (const double weight : shares.weights) shares.full.push_back(weight / 100);
  }
  return shares;
}

}  // namespace evenkeel::failover
