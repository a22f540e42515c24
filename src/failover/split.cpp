#include "split.hpp"

#include <algorithm>
#include <cmath>

#include "evenkeel/base/moment.hpp"
#include "evenkeel/failover/health.hpp"

namespace evenkeel::failover {
namespace {

using Boundary = SplitMemory::Boundary;

/// Shares that differ by less are the same.
constexpr double kSame = 1e-6;
/// What is remembered is a multiple of this: sums in another order give the same.
constexpr double kGrain = 1.0 / (1LL << 40);
/// The split between tiers does not follow every tremor.
constexpr double kDeadBand = 0.02;

Boundary* find_boundary(SplitMemory& memory, std::int32_t tier) {
  const auto found = std::ranges::find(memory.boundaries, tier, &Boundary::tier);
  return found == memory.boundaries.end() ? nullptr : &*found;
}

/// What the tiers up to each one have in all.
std::vector<double> cumulative(const std::vector<double>& totals) {
  std::vector<double> sums;
  sums.reserve(totals.size());
  double sum = 0;
  for (const double total : totals) sums.push_back(std::min(1.0, sum += total));
  return sums;
}

std::vector<double> set_totals(const Field& field) {
  std::vector<double> totals(field.tiers.size(), 0);
  for (std::size_t i = 0; i < field.size(); ++i) totals[field.tier_of[i]] += field.set[i];
  return totals;
}

/// The last split, tier by tier; empty where one of the tiers has none.
std::vector<double> last_totals(const Field& field, SplitMemory& memory) {
  std::vector<double> totals;
  double below = 0;
  for (const auto tier : field.tiers) {
    const auto* boundary = find_boundary(memory, tier);
    const double share = boundary == nullptr ? below : std::max(below, boundary->share);
    totals.push_back(share - below);
    below = share;
  }
  return std::abs(below - 1) < kSame ? totals : std::vector<double>{};
}

/// Whether the new split is so near the last one that it is not worth a change.
bool is_tremor(const Field& field, const std::vector<double>& totals, const std::vector<double>& last) {
  if (last.empty()) return false;
  double largest = 0;
  bool returned = true;
  for (std::size_t t = 0; t < totals.size(); ++t) {
    largest = std::max(largest, std::abs(totals[t] - last[t]));
    if (totals[t] < last[t] && last[t] > field.carried_by(t) + kSame) return false;
    if (t > field.lowest && totals[t] > kSame) returned = false;
  }
  return !returned && largest > kSame && largest < kDeadBand;
}

/// The fail-back of one boundary: how much the tiers up to it may have now.
double step_back(
    const TargetInput& input, double wanted, double has, bool allowed, std::optional<WallTime>& since) {
  const auto& failback = input.failover.failback;
  if (!since) since = input.now;
  if (!allowed) return has;
  if (failback.after.count() <= 0) return wanted;
  if (!has_passed(*since, failback.after, input.now)) return has;
  const auto percent = std::min(failback.step_percent, input.balancing.max_step_percent);
  // What is only looked at is no step: the next look begins where this one did.
  if (!input.observe) since = input.now;
  return std::min(wanted, has + std::clamp(percent, 1, 100) / 100.0);
}

/// What the tiers above one carry in all; of what nobody carries, their part by what they do carry.
double carried_above(const Field& field, std::size_t tier) {
  double sum = 0;
  double above = 0;
  for (std::size_t t = 0; t < field.tiers.size(); ++t) {
    sum += field.carried_by(t);
    if (t > tier) above += field.carried_by(t);
  }
  return std::min(1.0, sum > 0 && sum < 1 ? above / sum : above);
}

std::vector<double> trial_totals(const Field& field, const Caps& caps) {
  std::vector<double> totals(field.tiers.size(), 0);
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field.eligible(i) && std::isfinite(caps.probation[i])) totals[field.tier_of[i]] += caps.probation[i];
  }
  return totals;
}

/// What all boundaries of one decision are settled by.
struct Course {
  const TargetInput& input;
  const Field& field;
  const std::vector<double>& totals;  ///< Wanted, tier by tier.
  std::vector<double> wanted;         ///< The same, of the tiers up to each one.
  std::vector<double> set;            ///< What is set, likewise.
  std::vector<double> trials;         ///< Shares of those on probation, likewise.
  bool allowed = false;               ///< A return may go on.
  bool tremor = false;                ///< The last split stays, for it is as good as the new one.
};

struct Settled {
  double share = 0;  ///< Of the tiers up to the boundary.
  double kept = 0;   ///< The same as it is remembered.
  std::optional<WallTime> since;
  bool held = false;  ///< It is not what was wanted.
  bool excess_returns = false;
};

Settled settle_boundary(const Course& course, std::size_t t, double below, const Boundary* boundary) {
  Settled settled;
  const double wanted = course.wanted[t];
  // Where nobody up to this tier ever served, nothing can come back.
  const double has = boundary == nullptr ? 1 : std::max(boundary->share, course.set[t]);
  const double at_least = 1 - carried_above(course.field, t);
  double share = wanted;
  const bool returns = wanted > has + kSame;
  if (boundary != nullptr && (returns || course.tremor)) settled.since = boundary->since;
  if (returns) {
    share = step_back(course.input, wanted, has, course.allowed, settled.since);
    const double at_once = std::min(wanted, at_least);
    settled.excess_returns = at_once > share + kSame;
    share = std::max(share, at_once);
    // A probation is no return yet: it begins when the ejection is over.
    if (course.allowed) share = std::max(share, std::min(wanted, course.trials[t]));
  }
  // What is held back from the tiers below is not more than this one can take, as long as others can.
  if (course.field.serves(t)) {
    const double takes = std::max(course.totals[t], course.field.carried_by(t));
    share = std::min(share, std::max(below + takes, at_least));
  } else {
    share = below;
  }
  settled.kept = std::round(std::clamp(share, below, wanted) / kGrain) * kGrain;
  settled.held = std::abs(settled.kept - wanted) > kSame;
  settled.share = settled.held ? settled.kept : wanted;
  if (settled.held && !settled.since) settled.since = course.input.now;
  if (!settled.held && returns && !course.input.observe) settled.since.reset();
  return settled;
}

/// Whether a return may go on now; a new text of the annotation starts a manual one.
bool read_request(const TargetInput& input, SplitMemory& memory, Split& split) {
  const auto asked = digest(input.failback_request);
  // What is only looked at is not carried out: the request stands until somebody does.
  if (input.observe) {
    const bool is_new = asked != 0 && asked != memory.failback;
    return input.failover.failback.mode == api::FailbackMode::Automatic || memory.returning || is_new;
  }
  if (asked != 0 && asked != memory.failback) {
    memory.failback = asked;
    memory.returning = true;
    split.failback_asked = true;
  }
  return input.failover.failback.mode == api::FailbackMode::Automatic || memory.returning;
}

}  // namespace

void adopt_split(const TargetInput& input, const Field& field, SplitMemory& memory) {
  const auto set = cumulative(set_totals(field));
  const bool first = !memory.adopted;
  memory.adopted = true;
  if (!(first || input.observe) || set.empty() || set.back() <= 0) return;
  std::vector<Boundary> adopted;
  for (std::size_t t = 0; t < field.tiers.size(); ++t) {
    const auto* known = find_boundary(memory, field.tiers[t]);
    adopted.push_back(
        {.tier = field.tiers[t], .share = set[t], .since = known == nullptr ? std::nullopt : known->since});
  }
  memory.boundaries = std::move(adopted);
}

Split settle_split(const TargetInput& input,
                   const Field& field,
                   const Caps& caps,
                   std::vector<double> totals,
                   SplitMemory& memory) {
  Split split;
  split.held.assign(totals.size(), 0);
  const auto raw = totals;
  bool tremor = false;
  const bool allowed = read_request(input, memory, split);
  if (const auto last = last_totals(field, memory); is_tremor(field, totals, last)) {
    tremor = true;
    split.changed = totals != last;
    totals = last;
  }
  const Course course{.input = input,
                      .field = field,
                      .totals = totals,
                      .wanted = cumulative(totals),
                      .set = cumulative(set_totals(field)),
                      .trials = cumulative(trial_totals(field, caps)),
                      .allowed = allowed,
                      .tremor = tremor};
  std::vector<Boundary> next;
  double below = 0;
  for (std::size_t t = 0; t < totals.size(); ++t) {
    const auto* boundary = find_boundary(memory, field.tiers[t]);
    const auto settled = settle_boundary(course, t, below, boundary);
    if (settled.held) split.held[t] = 1;
    split.failback_waits = split.failback_waits || settled.held;
    split.changed = split.changed || settled.held;
    split.excess_returns = split.excess_returns || settled.excess_returns;
    if (boundary != nullptr || settled.share > 0) {
      next.push_back({field.tiers[t], settled.kept, settled.since});
    }
    split.totals.push_back(std::max(0.0, settled.share - below));
    below = settled.share;
  }
  if (is_tremor(field, raw, split.totals)) split.failback_waits = false;
  if (!split.failback_waits && !input.observe) memory.returning = false;
  memory.boundaries = std::move(next);
  return split;
}

void redate(SplitMemory& memory, WallTime now) {
  for (auto& boundary : memory.boundaries) {
    if (!std::isfinite(boundary.share)) boundary.share = 0;
    boundary.share = std::clamp(boundary.share, 0.0, 1.0);
    if (boundary.since) boundary.since = std::min(*boundary.since, now);
  }
  std::ranges::sort(memory.boundaries, {}, &Boundary::tier);
  memory.boundaries.erase(std::ranges::unique(memory.boundaries, {}, &Boundary::tier).begin(),
                          memory.boundaries.end());
}

}  // namespace evenkeel::failover
