#include "fill.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace evenkeel::failover {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
/// A proportion of an eligible backend that is no number above 0 still takes part.
constexpr double kLeastProportion = 1e-12;

bool is_positive(double value) {
  return std::isfinite(value) && value > 0;
}

bool is_missing(const TargetBackend& backend) {
  return backend.fitness == Fitness::Unfit ||
         (backend.fitness == Fitness::Eligible && backend.ready < backend.expected);
}

}  // namespace

Field::Field(const TargetInput& input) : backends{input.backends} {
  find_tiers();
  read_weights();
  // Demand 0 is carried by any one ready endpoint: x / 0 is infinite.
  known = input.demand && std::isfinite(*input.demand) && *input.demand >= 0;
  for (const auto& backend : backends) known = known && is_positive(backend.capacity);
  ready.assign(size(), kInfinite);
  limit.assign(size(), kInfinite);
  bound.assign(size(), kInfinite);
  tier_room.assign(tiers.size(), kInfinite);
  if (known) {
    find_bounds(input);
  } else {
    find_bounds_by_host_ratio(input);
  }
}

void Field::find_tiers() {
  tiers.reserve(size());
  tier_of.reserve(size());
  for (const auto& backend : backends) tiers.push_back(backend.tier);
  std::ranges::sort(tiers);
  tiers.erase(std::ranges::unique(tiers).begin(), tiers.end());
  lowest = tiers.size();
  for (std::size_t i = 0; i < size(); ++i) {
    const auto found = std::ranges::lower_bound(tiers, backends[i].tier);
    tier_of.push_back(static_cast<std::size_t>(found - tiers.begin()));
    if (eligible(i)) lowest = std::min(lowest, tier_of[i]);
  }
}

void Field::read_weights() {
  double largest = 0;
  double largest_capacity = 0;
  double shares = 0;
  for (const auto& backend : backends) {
    if (is_positive(backend.proportion)) largest = std::max(largest, backend.proportion);
    if (is_positive(backend.capacity)) largest_capacity = std::max(largest_capacity, backend.capacity);
  }
  weight.reserve(size());
  capacity.reserve(size());
  set.reserve(size());
  for (const auto& backend : backends) {
    const double proportion = is_positive(backend.proportion) ? backend.proportion / largest : 0.0;
    weight.push_back(std::max(kLeastProportion, proportion));
    const double each = is_positive(backend.capacity) ? backend.capacity / largest_capacity : 1.0;
    capacity.push_back(std::max(kLeastProportion, std::max(0, backend.ready) * each));
    set.push_back(is_positive(backend.set_share) ? std::min(backend.set_share, 100.0) : 0.0);
    shares += set.back();
  }
  for (auto& share : set) share = shares > 0 ? share / shares : 0.0;
}

void Field::find_bounds(const TargetInput& input) {
  const double demand = *input.demand;
  // Bounds of ready capacity hold from the first tier on that has lost something or tries somebody, and for
  // what spills into further tiers.
  std::vector<bool> strict(tiers.size(), false);
  for (std::size_t i = 0; i < size(); ++i) {
    const bool trial = eligible(i) && backends[i].on_probation;
    if (is_missing(backends[i]) || trial) strict[tier_of[i]] = true;
  }
  for (std::size_t t = 1; t < tiers.size(); ++t) strict[t] = strict[t] || strict[t - 1] || t > lowest;
  for (std::size_t i = 0; i < size(); ++i) {
    const auto& backend = backends[i];
    if (backend.ready <= 0) {
      ready[i] = bound[i] = 0;
      continue;
    }
    const double each = backend.capacity / demand;
    ready[i] = backend.ready * each;
    bound[i] = limit[i] = std::max(1, backend.limit) * each;
    if (strict[tier_of[i]]) bound[i] = std::min(bound[i], ready[i]);
  }
}

void Field::find_bounds_by_host_ratio(const TargetInput& input) {
  std::vector<double> there(tiers.size(), 0);
  std::vector<double> expected(tiers.size(), 0);
  for (std::size_t i = 0; i < size(); ++i) {
    const auto& backend = backends[i];
    if (backend.fitness == Fitness::Unfit || eligible(i))
      expected[tier_of[i]] += std::max(0, backend.expected);
    if (!eligible(i)) continue;
    there[tier_of[i]] += backend.ready;
    if (backend.ready < backend.expected) weight[i] *= static_cast<double>(backend.ready) / backend.expected;
  }
  for (std::size_t t = 0; t < tiers.size(); ++t) {
    const double ratio = expected[t] > 0 ? there[t] / expected[t] : (there[t] > 0 ? 1.0 : 0.0);
    tier_room[t] = std::min(1.0, ratio * std::max(0, input.failover.overprovisioning_percent) / 100);
  }
}

double Field::carried_by(std::size_t tier) const {
  if (!known) return tier_room[tier];
  double sum = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    if (eligible(i) && tier_of[i] == tier) sum += ready[i];
  }
  return std::min(1.0, sum);
}

bool Field::serves(std::size_t tier) const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (tier_of[i] != tier) continue;
    if (eligible(i) || (backends[i].waiting_sender && backends[i].ready > 0 && set[i] > 0)) return true;
  }
  return false;
}

Filling::Filling(const Field& field, const Caps& caps)
    : field_{field},
      caps_{caps},
      levels_(field.size(), 0.0) {
  vessels_.reserve(field.size());
}

bool Filling::spared(std::size_t i) const {
  return caps_.probation[i] < kInfinite || (!field_.known && caps_.slow_start[i] < kInfinite);
}

double Filling::room_of(std::size_t i, Room room) const {
  double most = room == Room::Bound ? field_.bound[i] : field_.ready[i];
  if (room != Room::Lifted) most = std::min(most, caps_.slow_start[i]);
  return std::max(0.0, most - levels_[i]);
}

double Filling::take_probation(std::size_t tier, double amount) {
  for (std::size_t i = 0; i < field_.size(); ++i) {
    if (field_.tier_of[i] != tier || !field_.eligible(i) || caps_.probation[i] == kInfinite) continue;
    const double taken = std::min({amount, caps_.probation[i], field_.ready[i]});
    levels_[i] += taken;
    amount -= taken;
  }
  return amount;
}

double Filling::take(std::size_t tier, double amount, Room room) {
  vessels_.clear();
  for (std::size_t i = 0; i < field_.size(); ++i) {
    if (field_.tier_of[i] != tier || !field_.eligible(i) || caps_.probation[i] < kInfinite) continue;
    vessels_.push_back({.index = i, .weight = field_.weight[i], .room = room_of(i, room)});
  }
  return pour(vessels_, amount, levels_);
}

double Filling::growth_to_come(std::size_t to) const {
  if (!field_.known) return kInfinite;
  double growth = -waiting_;
  for (std::size_t i = 0; i < field_.size(); ++i) {
    if (field_.eligible(i) && field_.tier_of[i] <= to) growth += std::max(0.0, field_.limit[i] - levels_[i]);
  }
  return std::max(0.0, growth);
}

double Filling::take_senders(std::size_t from, std::size_t to, double amount) {
  if (amount <= 0) return amount;
  const double waits = std::min(amount, growth_to_come(to));
  vessels_.clear();
  for (std::size_t i = 0; i < field_.size(); ++i) {
    const auto& backend = field_.backends[i];
    if (!backend.waiting_sender || backend.ready <= 0 || field_.set[i] <= 0) continue;
    if (field_.tier_of[i] < from || field_.tier_of[i] > to) continue;
    const double room = std::max(0.0, std::min(field_.set[i], field_.ready[i]) - levels_[i]);
    vessels_.push_back({.index = i, .weight = field_.set[i], .room = room});
  }
  const double taken = waits - pour(vessels_, waits, levels_);
  waiting_ += taken;
  return amount - taken;
}

void Filling::take_rest(std::size_t from, std::size_t to, double amount) {
  if (amount <= 0) return;
  const auto choose = [&](auto chosen) {
    vessels_.clear();
    for (std::size_t i = 0; i < field_.size(); ++i) {
      if (!field_.eligible(i) || field_.tier_of[i] < from || field_.tier_of[i] > to || !chosen(i)) continue;
      vessels_.push_back({.index = i, .weight = field_.capacity[i], .room = kInfinite});
    }
    return !vessels_.empty();
  };
  const bool found = choose([&](std::size_t i) { return !spared(i); }) ||
                     choose([&](std::size_t i) { return caps_.probation[i] == kInfinite; }) ||
                     choose([&](std::size_t i) { return caps_.probation[i] > 0; }) ||
                     choose([](std::size_t) { return true; });
  if (found) pour(vessels_, amount, levels_);
}

double Filling::fill_all() {
  double left = 1;
  const auto last = field_.tiers.size() - 1;
  for (std::size_t t = field_.lowest; t <= last && left > 0; ++t) {
    const double reaching = std::min(left, field_.tier_room[t]);
    const double kept_back = left - reaching;
    left = kept_back + take(t, take_probation(t, reaching), Room::Bound);
    left = take_senders(t == field_.lowest ? 0 : t, t, left);
  }
  // What no tier has room for yet waits for any of them.
  left = take_senders(0, last, left);
  if (field_.known) {
    for (std::size_t t = field_.lowest; t <= last; ++t) left = take(t, left, Room::Ready);
    // Nothing is refused for the sake of a slow start.
    for (std::size_t t = field_.lowest; t <= last; ++t) left = take(t, left, Room::Lifted);
  }
  take_rest(field_.lowest, last, left);
  return left;
}

void Filling::fill_tier(std::size_t tier, double amount) {
  double left = take(tier, take_probation(tier, amount), Room::Bound);
  left = take_senders(tier, tier, left);
  if (field_.known) {
    left = take(tier, left, Room::Ready);
    left = take(tier, left, Room::Lifted);
  }
  take_rest(tier, tier, left);
}

double Filling::tier_level(std::size_t tier) const {
  double sum = 0;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    if (field_.tier_of[i] == tier) sum += levels_[i];
  }
  return sum;
}

}  // namespace evenkeel::failover
