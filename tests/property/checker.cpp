#include "checker.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "evenkeel/base/moment.hpp"

namespace evenkeel::property {
namespace {

constexpr double kExact = 1e-6;
constexpr double kMoved = 1e-9;
/// Points: the coarsest unit of the layers that carry weights. A live weight this close to ours is ours.
constexpr double kLayerUnit = 1;

bool same_declaration(const api::Snapshot& one, const api::Snapshot& other) {
  const auto alike = [](const api::Backend& a, const api::Backend& b) {
    return a.name == b.name && a.tier == b.tier && a.weight == b.weight &&
           a.workload.has_value() == b.workload.has_value();
  };
  const auto& a = one.service.spec;
  const auto& b = other.service.spec;
  if (a.mode != b.mode || a.replicas != b.replicas || a.scaling.has_value() != b.scaling.has_value())
    return false;
  if (a.scaling && (a.scaling->max_replicas != b.scaling->max_replicas ||
                    a.scaling->min_replicas != b.scaling->min_replicas))
    return false;
  return one.service.annotations == other.service.annotations &&
         a.balancing.algorithm == b.balancing.algorithm && std::ranges::equal(a.backends, b.backends, alike);
}

/// The same values, none of them older than it was: what grows old is another reading.
bool same_reading(const api::MetricReading& one,
                  WallTime then,
                  const api::MetricReading& other,
                  WallTime now) {
  if (one.error || other.error || one.samples.size() != other.samples.size()) return false;
  for (std::size_t i = 0; i < one.samples.size(); ++i) {
    const auto& first = one.samples[i];
    const auto& again = other.samples[i];
    if (first.value != again.value || first.time.has_value() != again.time.has_value()) return false;
    if (first.time && seconds_between(*again.time, now) > seconds_between(*first.time, then)) return false;
  }
  return true;
}

/// Nothing that a decision goes by has changed but the time.
bool same_world(const api::Snapshot& one, const api::Snapshot& other) {
  for (const auto& [name, seen] : one.backends) {
    const auto again = other.backends.find(name);
    if (again == other.backends.end() || again->second.spec_replicas != seen.spec_replicas) return false;
    if (again->second.endpoints.has_value() != seen.endpoints.has_value()) return false;
    if (seen.endpoints && again->second.endpoints->ready != seen.endpoints->ready) return false;
  }
  for (const auto& metric : one.service.spec.scaling->metrics) {
    const auto first = one.metrics.find(metric.name);
    const auto again = other.metrics.find(metric.name);
    if (first == one.metrics.end() || again == other.metrics.end()) return false;
    if (!same_reading(first->second, one.now, again->second, other.now)) return false;
  }
  return one.backends.size() == other.backends.size() && one.restored == other.restored;
}

bool computes_proportions(api::Algorithm algorithm) {
  using enum api::Algorithm;
  return algorithm == LeastConnections || algorithm == FastestResponse || algorithm == LeastUtilization ||
         algorithm == Capacity;
}

bool all_healthy(const Facts& facts) {
  return facts.sane && !facts.any_annotation &&
         std::ranges::all_of(facts.backends, [](const BackendFacts& b) {
           return *b.ready >= b.expected && *b.ready > 0 && b.decided->state != api::BackendState::Ejected;
         });
}

/// Nobody has more traffic than its ready endpoints carry: what one has too much goes back to its tier at
/// once.
bool all_carry(const Facts& facts) {
  const bool one_tier = std::ranges::all_of(facts.backends, [&](const BackendFacts& b) {
    return b.declared->tier == facts.backends.front().declared->tier;
  });
  if (!facts.demand) return one_tier;
  return std::ranges::all_of(facts.backends, [&](const BackendFacts& b) {
    return *b.set_share / 100 * *facts.demand <= *b.ready * b.unit_capacity;
  });
}

}  // namespace

void Checker::complain(std::string rule, std::string detail) {
  found_.push_back({std::move(rule), std::move(detail)});
}

/// Brings what is known of the past up to this snapshot.
void Checker::follow(const api::Snapshot& snapshot, const Facts& facts, MemoryOrigin origin) {
  if (origin == MemoryOrigin::Foreign || snapshot.restored) history_known_ = false;
  if (last_ && snapshot.now < last_->snapshot.now) history_known_ = false;
  if (last_ && snapshot.service.uid != last_->snapshot.service.uid) history_known_ = false;
  if (snapshot.service.spec.mode != api::Mode::Enforce) history_known_ = false;
  for (const auto& backend : facts.backends) {
    if (!backend.spec || !backend.ready) {
      history_known_ = false;
      continue;
    }
    auto& expected = expected_[backend.declared->name];
    expected = std::max(std::min(expected, *backend.spec), std::min(*backend.ready, *backend.spec));
    if (*backend.spec >= 1) expected = std::max(expected, 1);
  }
}

/// The live shares are those decided last, but for so many points.
bool Checker::shows_last_shares(const Facts& facts, double points) const {
  return last_ && std::ranges::all_of(facts.backends, [&](const BackendFacts& backend) {
           const auto made = last_->decision.backends.find(backend.declared->name);
           return made != last_->decision.backends.end() && backend.set_share &&
                  std::abs(*backend.set_share - made->second.weight) <= points;
         });
}

/// The snapshot shows what was decided last, for every backend.
bool Checker::carried_out(const Facts& facts) const {
  return shows_last_shares(facts, kExact) &&
         std::ranges::all_of(facts.backends, [&](const BackendFacts& backend) {
           const auto& made = last_->decision.backends.at(backend.declared->name);
           if (made.replicas || !backend.declared->workload)
             return !made.replicas || made.replicas == backend.spec;
           // Nobody decided its count: where it has changed, a person did.
           const auto seen = last_->snapshot.backends.find(backend.declared->name);
           return seen != last_->snapshot.backends.end() && seen->second.spec_replicas == backend.spec;
         });
}

/// A lowered maximum is followed until the sum is within it, and that takes as many decisions as are needed.
void Checker::follow_maximum(const Facts& facts) {
  if (!facts.scaled) return;
  const bool is_lower = maximum_ && facts.max_replicas < *maximum_;
  maximum_ = facts.max_replicas;
  max_was_lowered_ = (is_lower || max_was_lowered_) && whole_of(facts) > facts.max_replicas;
}

/// 7: nothing falls while nothing can be read.
void Checker::check_hold(const api::Snapshot& snapshot, const api::Decision& decision, const Facts& facts) {
  const auto& spec = snapshot.service.spec;
  if (!facts.scaled || !facts.blind || !facts.sane || !history_known_ || spec.replicas) return;
  if (!decision.total.replicas || !spec.scaling->schedules.empty()) return;
  if (!last_ || !carried_out(facts) || !same_declaration(snapshot, last_->snapshot)) return;
  const auto before = last_->decision.total.replicas;
  if (before && *decision.total.replicas < std::min(*before, facts.max_replicas))
    complain("7 total falls blind",
             std::to_string(*before) + " to " + std::to_string(*decision.total.replicas));
  if (!settled_ || max_was_lowered_ || facts.backends.size() < 2) return;
  for (const auto& backend : facts.backends) {
    if (!backend.decided->replicas || *backend.decided->replicas >= *backend.spec) continue;
    if (*backend.spec > backend.declared->max_replicas.value_or(facts.max_replicas)) continue;
    complain("7 backend falls blind",
             backend.declared->name + " from " + std::to_string(*backend.spec) + " to " +
                 std::to_string(*backend.decided->replicas) + ", and no share was on its way");
  }
}

/// Whether a shift can still end while nothing can be read, and a backend fall for that.
void Checker::follow_moves(const api::Snapshot& snapshot, const Facts& facts, double largest) {
  // Of nonsense one cannot tell what the live shares are, and so what was moved.
  const bool moved = largest > kMoved || !facts.sane;
  if (moved) shares_moved_ = snapshot.now;
  const auto& balancing = snapshot.service.spec.balancing;
  const auto longest = std::max(balancing.drain, balancing.drain_timeout);
  // Only a signal that is used makes a departure that is over a thing of the past.
  if (facts.demand) settled_ = !shares_moved_ || snapshot.now - *shares_moved_ > longest;
  if (moved) settled_ = false;
}

/// 4: computed changes keep to maxStepPercent per step, where nothing asks for more.
void Checker::check_steps(const api::Snapshot& snapshot, const Facts& facts) {
  const auto& balancing = snapshot.service.spec.balancing;
  const bool first = !last_;
  const bool goes_on = first || (carried_out(facts) && same_declaration(snapshot, last_->snapshot));
  calm_ = calm_ && history_known_ && goes_on && all_healthy(facts) && all_carry(facts);
  double largest = 0;
  for (const auto& backend : facts.backends) {
    if (backend.set_share)
      largest = std::max(largest, std::abs(backend.decided->weight - *backend.set_share));
  }
  follow_moves(snapshot, facts, largest);
  if (!calm_ || !computes_proportions(balancing.algorithm) || largest <= kExact) return;
  if (largest > balancing.max_step_percent + kExact)
    complain("4 step", std::to_string(largest) + " points at once");
  if (last_move_ && snapshot.now - *last_move_ < balancing.step)
    complain("4 step time", "two steps within stepSeconds");
  last_move_ = snapshot.now;
}

/// Nothing but drains says what sizes are kept: no maximum, no person, no edit.
bool Checker::watches_drains(const api::Snapshot& snapshot,
                             const api::Decision& decision,
                             const Facts& facts) const {
  return history_known_ && decision.total.replicas.value_or(0) > 0 && facts.scaled && facts.sane && last_ &&
         carried_out(facts) && same_declaration(snapshot, last_->snapshot) &&
         whole_of(facts) <= facts.max_replicas && facts.backends.size() > 1;
}

/// 6: after a fall of 5 points or more a backend keeps its size for drainSeconds.
void Checker::check_drain_time(const api::Snapshot& snapshot,
                               const api::Decision& decision,
                               const Facts& facts) {
  const auto& balancing = snapshot.service.spec.balancing;
  const auto keep = std::min(balancing.drain, balancing.drain_timeout);
  const bool may_complain = watches_drains(snapshot, decision, facts);
  if (!last_) life_began_ = snapshot.now;
  // What falls in the very first decision counts from there. Later, what fell unwatched may go on: since when
  // is not known, only that it was in this life.
  if (!may_complain) falls_.clear();
  if (!may_complain && last_) fell_unwatched_ = true;
  if (!may_complain && (last_ || !history_known_ || !facts.sane)) return;
  for (const auto& backend : facts.backends) {
    const auto& name = backend.declared->name;
    const auto fall = falls_.find(name);
    // What has left a backend that got its share back, or nearly so, is not worth waiting for.
    const bool is_back = fall != falls_.end() && backend.decided->weight > fall->second.share - 5 + kExact;
    const bool waits = fall != falls_.end() && !is_back && snapshot.now - fall->second.time < keep &&
                       snapshot.now - fall->second.began < balancing.drain_timeout;
    if (waits && !backend.observed && backend.decided->replicas &&
        *backend.decided->replicas < *backend.spec && *backend.ready > 0) {
      complain("6 drain time",
               name + " shrinks to " + std::to_string(*backend.decided->replicas) +
                   " before drainSeconds have passed");
    }
    note_fall(snapshot, backend);
    // What is seen to have left has left, whatever is seen later.
    constexpr double kArrived = 2;
    if (backend.observed && std::abs(*backend.observed - backend.decided->weight) <= kArrived)
      falls_.erase(name);
  }
}

void Checker::note_fall(const api::Snapshot& snapshot, const BackendFacts& backend) {
  const double taken = *backend.set_share - backend.decided->weight;
  if (taken <= kExact) return;
  const auto& name = backend.declared->name;
  // A small fall does not make it wait, but the time of those that follow counts from there.
  auto& slide = slides_.try_emplace(name, Slide{snapshot.now, snapshot.now}).first->second;
  if (snapshot.now - slide.last >= snapshot.service.spec.balancing.drain) slide.began = snapshot.now;
  slide.last = snapshot.now;
  if (taken < 5) return;
  falls_[name] = {.began = fell_unwatched_ ? life_began_ : slide.began,
                  .time = snapshot.now,
                  .share = *backend.set_share};
}

/// "Time": a change that is decided and not seen yet is pending; deciding again does not add to it.
void Checker::check_pending(const api::Snapshot& snapshot, const api::Decision& decision) {
  constexpr auto kPending = std::chrono::seconds{60};
  if (!last_) first_ = Last{snapshot, decision};
  if (!first_) return;
  const auto& spec = snapshot.service.spec;
  const bool still =
      history_known_ && spec.scaling && !spec.replicas && spec.backends.size() == 1 &&
      spec.scaling->scale_up.stabilization_window.value_or(std::chrono::seconds{0}).count() == 0 &&
      same_declaration(snapshot, first_->snapshot) && same_world(first_->snapshot, snapshot) &&
      snapshot.now - first_->snapshot.now < kPending;
  if (!still) return first_.reset();
  const auto from = snapshot.backends.begin()->second.spec_replicas.value_or(0);
  const auto first = first_->decision.total.replicas.value_or(0);
  if (first > from && decision.total.replicas.value_or(0) > first) {
    complain("time: pending",
             "decided " + std::to_string(first) + " from " + std::to_string(from) + ", and " +
                 std::to_string(*decision.total.replicas) + " before that was seen");
  }
}

/// 2: with nobody ready the shares stay as they were.
void Checker::check_kept_shares(const api::Snapshot& snapshot,
                                const api::Decision& decision,
                                const Facts& facts) {
  const bool dead = std::ranges::all_of(facts.backends, [](const BackendFacts& b) { return b.ready == 0; });
  if (!dead || !facts.sane || !history_known_ || !last_ || !carried_out(facts)) return;
  if (!same_declaration(snapshot, last_->snapshot)) return;
  for (const auto& backend : facts.backends) {
    if (std::abs(backend.decided->weight - *backend.set_share) > 1e-4)
      complain("2 kept",
               "nobody is ready, and " + backend.declared->name + " goes from " +
                   std::to_string(*backend.set_share) + " to " +
                   std::to_string(decision.backends.at(backend.declared->name).weight));
  }
}

std::vector<Violation> Checker::check(const api::Snapshot& snapshot,
                                      const api::Decision& decision,
                                      MemoryOrigin origin) {
  found_.clear();
  auto facts = gather_facts(snapshot, decision);
  for (const auto& backend : facts.backends) {
    if (backend.decided == nullptr) complain("form: backends", backend.declared->name + " is missing");
  }
  if (decision.backends.size() != facts.backends.size())
    complain("form: backends", std::to_string(decision.backends.size()) + " are decided on");
  if (!found_.empty()) return found_;
  follow(snapshot, facts, origin);
  follow_maximum(facts);
  const bool repeats = last_ && (snapshot.now - last_->snapshot.now < snapshot.service.spec.balancing.step ||
                                 shows_last_shares(facts, kLayerUnit));
  for (auto& backend : facts.backends) {
    backend.expected = expected_[backend.declared->name];
    // Somebody else's memory may say anything of the last share.
    if (origin == MemoryOrigin::Foreign) backend.repeated = 100;
    if (!repeats) continue;
    const auto made = last_->decision.backends.find(backend.declared->name);
    if (made != last_->decision.backends.end()) backend.repeated = made->second.weight;
  }
  check_form(snapshot, decision, facts, found_);
  check_shares(snapshot, decision, facts, found_);
  check_bounds(snapshot, decision, facts, history_known_, found_);
  if (history_known_) check_order(snapshot, decision, facts, found_);
  check_kept_shares(snapshot, decision, facts);
  check_steps(snapshot, facts);
  check_hold(snapshot, decision, facts);
  check_drain_time(snapshot, decision, facts);
  check_pending(snapshot, decision);
  undisturbed_ = history_known_ && facts.sane && carried_out(facts) && !snapshot.service.spec.replicas;
  last_ = Last{snapshot, decision};
  return found_;
}

}  // namespace evenkeel::property
