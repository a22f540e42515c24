#include "evenkeel/balancing/proportions.hpp"

#include <algorithm>
#include <cmath>

#include "evenkeel/base/moment.hpp"

#include "readings.hpp"

namespace evenkeel::balancing {
namespace {

constexpr double kLeastGain = 1.0 / 64;
constexpr double kGrowth = 1.2;
/// Once steps have gone the same way for so many windows of the readings, or steps if these are longer.
constexpr double kSteadyGrowth = 2;
constexpr double kSteady = 3;
/// Where nobody is 2 points from what its readings ask for, no step is made. It is the gap that counts and
/// not the step: a gain that has been halved would else stop everybody short of it for good.
constexpr double kDeadBand = 0.02;

/// Cosine of the angle to the last step up to which a step goes the same way: 45 degrees.
constexpr double kGoesOn = 0.7;
/// The part of its proportion of the tier's traffic that somebody has at least whose share follows it.
constexpr double kFollows = 0.75;

bool takes_part(const Candidate& candidate) {
  return candidate.declared_weight > 0;
}

bool follows_weights(api::Algorithm algorithm) {
  return algorithm == api::Algorithm::WeightedRoundRobin || algorithm == api::Algorithm::ClientIPHash ||
         algorithm == api::Algorithm::Random;
}

double clean_share(double share) {
  return std::isfinite(share) ? std::clamp(share, 0.0, 100.0) : 0.0;
}

TierMemory& tier_memory(std::int32_t tier, std::vector<TierMemory>& tiers) {
  const auto found = std::ranges::find(tiers, tier, &TierMemory::tier);
  if (found != tiers.end()) return *found;
  return tiers.emplace_back(TierMemory{.tier = tier});
}

/// Where the members start: what was made last; else what is set; else what is declared. Adds up to 1.
std::vector<double> starting_points(const ProportionInput& input,
                                    const Members& members,
                                    std::span<const BalancingMemory> memories) {
  std::vector<double> points(members.size(), 0);
  double known = 0;
  double set = 0;
  std::size_t count = 0;
  for (std::size_t m = 0; m < members.size(); ++m) {
    set += clean_share(input.backends[members[m]].set_share);
    const auto& made = memories[members[m]].proportion;
    if (!made || input.observe) continue;
    points[m] = std::max(0.0, *made);
    known += points[m];
    ++count;
  }
  double sum = 0;
  for (std::size_t m = 0; m < members.size(); ++m) {
    const auto& candidate = input.backends[members[m]];
    if (known <= 0) {
      points[m] = set > 0 ? clean_share(candidate.set_share) : candidate.declared_weight;
    } else if (!memories[members[m]].proportion) {
      // A newcomer starts as one of them.
      points[m] = known / static_cast<double>(count);
    }
    sum += points[m];
  }
  // What adds up already stays as it is, to the last bit: deciding again must change nothing.
  if (std::abs(sum - 1) < 1e-9) return points;
  for (auto& point : points) point /= sum;
  return points;
}

struct Step {
  std::vector<double> changes;
  double gap = 0;  ///< The largest.
};

Step step_of(const ProportionInput& input,
             double gain,
             const std::vector<double>& from,
             const std::vector<double>& to) {
  Step step;
  step.changes.reserve(from.size());
  for (std::size_t m = 0; m < from.size(); ++m) {
    step.changes.push_back(gain * (to[m] - from[m]));
    step.gap = std::max(step.gap, std::abs(to[m] - from[m]));
  }
  const double most = std::clamp(input.balancing.max_step_percent, 1, 100) / 100.0;
  const double largest = gain * step.gap;
  if (largest > most) {
    for (auto& change : step.changes) change *= most / largest;
  }
  return step;
}

/// How gains follow from steps; `window` is that of the readings.
class Gain {
 public:
  Gain(const ProportionInput& input, const Members& members, std::span<BalancingMemory> memories)
      : now_{input.now},
        window_{window_of(input, members)},
        period_{std::max(window_, static_cast<double>(input.balancing.step.count()))},
        backends_{input.backends},
        members_{members},
        memories_{memories} {
    for (const auto i : members) set_ += std::max(0.0, backends_[i].set_share);
  }

  /// Turning back means that the last step went too far: the next goes half as far. Among three or more a
  /// step may also turn aside, and shares that are too quick go round in a circle without ever turning back:
  /// then the gain does not grow but fades. A step is compared with the way of a whole window: each of many
  /// within one turns too little for a circle to be seen. Whoever is kept far below his proportion, by
  /// capacity say, does not answer to it: his steps, which may be the largest, tell nothing of the way.
  void adjust(const Step& step, TierMemory& tier) {
    const double passed = passed_part(tier);
    const double cosine = compare(step);
    if (cosine < kGoesOn) tier.turned = now_;
    const double factor = cosine < 0 ? 0.5 : cosine >= kGoesOn ? std::pow(growth(tier), passed) : 0.9;
    tier.gain = std::clamp(tier.gain * factor, kLeastGain, 1.0);
    tier.stepped = now_;
    // Whoever has turned back goes a new way.
    remember(step, cosine < 0 ? 0 : 1 - passed);
  }

 private:
  /// How much of a window has passed since the last step. A gain that grew as much with every one of many
  /// steps within one would have grown back before the readings tell that they went too far.
  double passed_part(const TierMemory& tier) const {
    if (!tier.stepped) return 1;
    const double passed = seconds_between(*tier.stepped, now_);
    return passed < window_ ? passed / window_ : 1.0;
  }

  /// Whether the share of a member is what its proportion makes of it.
  bool follows(std::size_t member) const {
    const double least = kFollows * set_ * memories_[member].proportion.value_or(0);
    return !(backends_[member].set_share < least);
  }

  /// Cosine of the angle to the way so far; 1 where there is none.
  double compare(const Step& step) const {
    double agreement = 0;
    double now = 0;
    double before = 0;
    for (std::size_t m = 0; m < members_.size(); ++m) {
      if (!follows(members_[m])) continue;
      const double last = memories_[members_[m]].last_step;
      agreement += step.changes[m] * last;
      now += step.changes[m] * step.changes[m];
      before += last * last;
    }
    return now > 0 && before > 0 ? agreement / std::sqrt(now * before) : 1.0;
  }

  /// Nothing that readings tell too late makes shares go the same way for several windows: there it is the
  /// gain that is too small.
  double growth(const TierMemory& tier) const {
    const bool is_steady = tier.turned && seconds_between(*tier.turned, now_) > kSteady * period_;
    return is_steady ? kSteadyGrowth : kGrowth;
  }

  void remember(const Step& step, double kept) {
    for (std::size_t m = 0; m < members_.size(); ++m) {
      auto& last = memories_[members_[m]].last_step;
      last = step.changes[m] + kept * last;
    }
  }

  WallTime now_;
  double window_;
  double period_;   ///< A window, or a step where that is longer.
  double set_ = 0;  ///< What the members have of all traffic, percent.
  std::span<const Candidate> backends_;
  const Members& members_;
  std::span<BalancingMemory> memories_;
};

bool is_due(const ProportionInput& input, const TierMemory& tier) {
  const auto is_over = [&](const std::optional<WallTime>& begin) {
    return !begin || has_passed(*begin, input.balancing.step, input.now);
  };
  return is_over(tier.stepped) && is_over(input.shifted);
}

/// One tier: what is computed, and the step towards it where one is due.
void balance_tier(const ProportionInput& input,
                  const Members& members,
                  std::span<BalancingMemory> memories,
                  TierMemory& tier,
                  Proportions& result) {
  auto points = starting_points(input, members, memories);
  const auto wanted = computed(input, members, memories);
  if (!wanted.empty()) {
    const auto step = step_of(input, tier.gain, points, wanted);
    if (step.gap >= kDeadBand && is_due(input, tier)) {
      for (std::size_t m = 0; m < members.size(); ++m) points[m] += step.changes[m];
      if (!input.observe) Gain{input, members, memories}.adjust(step, tier);
    }
  }
  for (std::size_t m = 0; m < members.size(); ++m) {
    const auto i = members[m];
    points[m] = std::clamp(points[m], 0.0, 1.0);
    result.values[i] = points[m];
    if (!input.observe) memories[i].proportion = points[m];
    if (members.size() > 1 && !wanted.empty()) {
      result.steps[i].push_back(
          {.step = "Balance",
           .value = tier.gain,
           .weight = wanted[m] * 100,
           .detail = "the part of its tier that its readings ask for; value: the gain"});
    }
  }
}

void forget(BalancingMemory& memory) {
  memory = {};
}

std::vector<double> values_as_declared(const ProportionInput& input) {
  const bool is_equal = input.balancing.algorithm == api::Algorithm::RoundRobin;
  std::vector<double> values;
  values.reserve(input.backends.size());
  for (const auto& candidate : input.backends) {
    const double weight = is_equal ? 1.0 : candidate.declared_weight;
    values.push_back(takes_part(candidate) ? weight : 0.0);
  }
  return values;
}

std::vector<std::int32_t> tiers_of(const ProportionInput& input) {
  std::vector<std::int32_t> found;
  for (const auto& candidate : input.backends) found.push_back(candidate.tier);
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

Members members_of(const ProportionInput& input, std::int32_t tier) {
  Members members;
  for (std::size_t i = 0; i < input.backends.size(); ++i) {
    const auto& candidate = input.backends[i];
    if (candidate.tier == tier && takes_part(candidate) && candidate.eligible) members.push_back(i);
  }
  return members;
}

}  // namespace

bool is_computed(api::Algorithm algorithm) {
  return !follows_weights(algorithm) && algorithm != api::Algorithm::RoundRobin;
}

std::vector<double> declared_proportions(std::span<const api::Backend> backends, api::Algorithm algorithm) {
  std::vector<double> proportions;
  proportions.reserve(backends.size());
  for (const auto& backend : backends) {
    const double weight = std::max(0, backend.weight);
    proportions.push_back(algorithm == api::Algorithm::RoundRobin && weight > 0 ? 1.0 : weight);
  }
  return proportions;
}

Proportions proportions(const ProportionInput& input,
                        std::span<BalancingMemory> memories,
                        std::vector<TierMemory>& tiers) {
  Proportions result;
  const auto size = input.backends.size();
  result.values = values_as_declared(input);
  result.steps.resize(size);
  if (!is_computed(input.balancing.algorithm)) {
    std::ranges::for_each(memories, forget);
    tiers.clear();
    return result;
  }
  for (std::size_t i = 0; i < size; ++i) take_readings(input, input.backends[i], memories[i]);
  const auto found = tiers_of(input);
  std::erase_if(tiers, [&](const TierMemory& tier) { return !std::ranges::binary_search(found, tier.tier); });
  for (const auto tier : found) {
    const auto members = members_of(input, tier);
    if (members.empty()) continue;
    balance_tier(input, members, memories, tier_memory(tier, tiers), result);
    // Those that cannot take part now count as much as a member on average.
    const double mean = 1 / static_cast<double>(members.size());
    for (std::size_t i = 0; i < size; ++i) {
      const auto& candidate = input.backends[i];
      if (candidate.tier == tier && takes_part(candidate) && !candidate.eligible) result.values[i] = mean;
    }
  }
  return result;
}

void redate(BalancingMemory& memory, WallTime now) {
  const auto check = [&](std::optional<Smoothed>& smoothed) {
    if (!smoothed) return;
    if (!std::isfinite(smoothed->value)) return smoothed.reset();
    smoothed->value = std::clamp(smoothed->value, 0.0, 1e60);
    smoothed->time = std::min(smoothed->time, now);
  };
  check(memory.connections);
  check(memory.latency);
  check(memory.errors);
  check(memory.utilization);
  if (memory.proportion && !(*memory.proportion >= 0 && *memory.proportion <= 1)) memory.proportion.reset();
  if (!std::isfinite(memory.last_step)) memory.last_step = 0;
  memory.last_step = std::clamp(memory.last_step, -1.0, 1.0);
  for (auto& entry : memory.shares) {
    entry.since = std::min(entry.since, now);
    entry.share = clean_share(entry.share);
  }
  if (!std::ranges::is_sorted(memory.shares, {}, &BalancingMemory::ShareFrom::since))
    std::ranges::sort(memory.shares, {}, &BalancingMemory::ShareFrom::since);
  // One moment has one share: the last of those that a long absence has put together.
  std::ranges::reverse(memory.shares);
  const auto equal = std::ranges::unique(memory.shares, {}, &BalancingMemory::ShareFrom::since);
  memory.shares.erase(equal.begin(), equal.end());
  std::ranges::reverse(memory.shares);
  if (memory.shares.size() > BalancingMemory::kMaxShares) {
    memory.shares.erase(memory.shares.begin(),
                        memory.shares.end() - static_cast<std::ptrdiff_t>(BalancingMemory::kMaxShares));
  }
}

void redate(std::vector<TierMemory>& tiers, WallTime now) {
  for (auto& tier : tiers) {
    tier.gain = std::isfinite(tier.gain) ? std::clamp(tier.gain, kLeastGain, 1.0) : 1.0;
    if (tier.stepped) tier.stepped = std::min(*tier.stepped, now);
    if (tier.turned) tier.turned = std::min(*tier.turned, now);
  }
}

}  // namespace evenkeel::balancing
