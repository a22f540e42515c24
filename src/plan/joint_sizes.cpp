#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "evenkeel/base/moment.hpp"

#include "joint.hpp"

namespace evenkeel::plan {
namespace {

/// Points within which a share counts as being where it is meant to be.
constexpr double kInPlace = 2;

/// The replicas that `share` percent of demand take.
std::int32_t room_for(const Figures& backend, double share, double demand) {
  return whole_up(share / 100 * demand / backend.load.capacity);
}

bool is_blind(const Joint& joint) {
  return std::ranges::none_of(joint.readings, [](const scaling::Reading& reading) {
    return reading.quality == api::Quality::Fresh || reading.quality == api::Quality::Partial;
  });
}

/// Whether more traffic is seen to reach it than its share.
bool is_seen_beyond(const Figures& backend) {
  return backend.observed && *backend.observed > backend.weight + kRounded;
}

/// Shift before down: what it has to keep for the share that it has, or is still seen to have.
void keep_for_share(const Joint& joint, const Figures& backend, DepartureMemory& leaving, Size& size) {
  const auto seen = backend.member->spec_replicas.value_or(0);
  if (joint.demand.value && !is_blind(joint)) {
    // What a shift left to go has gone by now, or something else keeps it: once nothing can be seen any more,
    // only another shift may let it fall.
    leaving.finished = false;
  } else {
    if (joint.spec().replicas) return;
    if (!leaving.finished) {
      keep(size, "Keep", seen, "no signal can be used: it falls only once a shift away from it has finished");
      return;
    }
    if (!joint.demand.value) return;
  }
  const double share = is_seen_beyond(backend) && !leaving.gave_up ? *backend.observed : backend.weight;
  // A count that people ask for is met where no share has still to leave.
  if (joint.spec().replicas && share <= backend.target + kInPlace) return;
  const auto takes = std::min(seen, room_for(backend, share, *joint.demand.value));
  if (!keep(size, "Keep", takes, "it keeps what its share takes, until that has left")) return;
  size.steps.back().value = joint.demand.value;
  size.steps.back().weight = share;
}

class Slicer {
 public:
  Slicer(Joint& joint, Moved& moved, std::vector<Size>& sizes)
      : joint_{joint},
        moved_{moved},
        sizes_{sizes} {}

  /// @return whether share was moved.
  bool run() {
    // Nobody gives up anything while no signal can be used.
    if (!joint_.demand.value || is_blind(joint_) || moved_.stepped || is_in_flight()) return false;
    const auto receiver = find_receiver();
    if (!receiver) return false;
    const auto senders = find_senders();
    if (senders.empty()) return false;
    carried_ = std::max(1e-9, std::min(ready_capacity(), *joint_.demand.value));
    if (shift(senders.front(), *receiver)) return true;
    if (!joint_.blocked) return false;
    if (send_round()) return true;
    // Who is furthest above its target cannot make room; the next may.
    const auto others = std::span{senders}.subspan(1);
    const auto giver = std::ranges::find_if(others, [&](std::size_t i) { return may_give_up(i, *receiver); });
    if (giver != others.end()) {
      give_up_one(*giver);
    } else if (const auto richest = find_beyond_part(*receiver)) {
      give_up_one(*richest);
    }
    return false;
  }

 private:
  bool shift(std::size_t sender, std::size_t receiver) {
    const auto& from = joint_.figures[sender];
    if (may_give_up(sender, receiver)) {
      give_up_one(sender);
      return false;
    }
    const bool is_spare = has_spare(sender);
    const double kept_share = kept_share_of(sender);
    // A sender that gives up nothing more makes no room: only what is less than a replica's share still goes.
    const double rest = from.weight - from.target;
    // Another rule keeps more of it than its share takes: a slice would not make it give up any.
    const bool is_kept = is_spare && kept_share >= from.weight;
    // Who is to have none sheds an overload too, for good.
    const double unit = from.target > kSameShare ? share_of_one(from) : share_carried(from.load.capacity);
    if (is_kept || (!is_spare && rest > unit)) {
      joint_.blocked = receiver;
      return false;
    }
    return move(sender, receiver, within_step(is_spare ? from.weight - kept_share : rest));
  }

  /// Whether a replica of the sender may go before any share does.
  [[nodiscard]] bool may_give_up(std::size_t sender, std::size_t receiver) const {
    if (!has_spare(sender)) return false;
    const auto seen = seen_of(sender);
    // Who has less than its share takes already gives nothing up.
    const auto& from = joint_.figures[sender];
    if (seen < room_for(from, from.weight, *joint_.demand.value)) return false;
    return seen > seen_of(receiver) || is_overload_evened(sender, receiver);
  }

  /// Who is to get the share may have no room before somebody gives up a replica. Less than a replica's
  /// share, of who is to have none or gives one up without it, goes to another that has the room, on its way.
  bool send_round() {
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      const auto& from = joint_.figures[i];
      const double excess = from.weight - from.target;
      if (!sizes_[i].replicas || excess <= kSameShare) continue;
      double points = excess;
      if (from.target > kSameShare) {
        if (!has_spare(i)) continue;
        points = from.weight - kept_share_of(i);
      }
      if (points <= kSameShare || points > std::min(excess, share_of_one(from))) continue;
      points = within_step(points);
      const auto taker = find_room(i, points);
      if (!taker) continue;
      joint_.blocked.reset();
      transfer(i, *taker, points);
      return true;
    }
    return false;
  }

  [[nodiscard]] std::optional<std::size_t> find_room(std::size_t sender, double points) const {
    std::optional<std::size_t> best;
    double most = points;
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      const auto& to = joint_.figures[i];
      if (i == sender || to.target <= kSameShare || to.on_trial || !to.is_eligible) continue;
      const double room = share_carried(to.ready_capacity()) - to.weight;
      if (room < most) continue;
      most = room;
      best = i;
    }
    return best;
  }

  [[nodiscard]] double within_step(double points) const {
    return joint_.view.computed ? std::min<double>(points, joint_.spec().balancing.max_step_percent) : points;
  }

  [[nodiscard]] double ready_capacity() const {
    double ready = 0;
    for (const auto& backend : joint_.figures) {
      if (backend.weight > kSameShare || backend.target > kSameShare) ready += backend.ready_capacity();
    }
    return ready;
  }

  /// Percent of what is carried that `capacity` carries; share_of_one() is of all demand.
  [[nodiscard]] double share_carried(double capacity) const { return 100 * capacity / carried_; }

  [[nodiscard]] double share_of_one(const Figures& backend) const {
    return 100 * backend.load.capacity / std::max(1e-9, *joint_.demand.value);
  }

  /// Where all that serve carry less than demand a slice moves no replica: what the sender has left is more
  /// than one fewer carry. Then one may go first that leaves it no more loaded than the receiver, who is
  /// beyond its limit already, but for a little that others have.
  [[nodiscard]] bool is_overload_evened(std::size_t sender, std::size_t receiver) const {
    constexpr double kLittle = 1.1;
    if (carried_ >= *joint_.demand.value || most_for(sender, receiver) > kSameShare) return false;
    const auto& from = joint_.figures[sender];
    const auto& to = joint_.figures[receiver];
    const double left = (seen_of(sender) - 1) * from.load.capacity;
    return to.ready > 0 && from.weight * to.ready_capacity() <= kLittle * to.weight * left;
  }

  /// Where all are overloaded a target follows what is ready, so that who has more than its part is at its
  /// target with it: who is furthest beyond its part, and no more loaded than the receiver without one of
  /// them.
  [[nodiscard]] std::optional<std::size_t> find_beyond_part(std::size_t receiver) const {
    // Where the maximum does not stop it, no replica less of another makes it grow.
    if (!sizes_[receiver].stopped_by_bounds) return std::nullopt;
    std::optional<std::size_t> best;
    std::int32_t most = 0;
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      if (i == receiver || !sizes_[i].replicas || joint_.figures[i].full <= 0) continue;
      const auto beyond = seen_of(i) - std::max(sizes_[i].part, joint_.figures[i].member->least_part());
      if (beyond <= most || !is_overload_evened(i, receiver)) continue;
      most = beyond;
      best = i;
    }
    return best;
  }

  [[nodiscard]] std::int32_t seen_of(std::size_t i) const {
    return joint_.figures[i].member->spec_replicas.value_or(0);
  }
  /// What it is to have once its share has arrived: at least one while it has any.
  [[nodiscard]] std::int32_t least_of(std::size_t i) const {
    const auto& backend = joint_.figures[i];
    const auto carrying = room_for(backend, backend.target, carried_);
    const auto serving = backend.target > kSameShare ? 1 : 0;
    return std::max({sizes_[i].part, backend.member->min_replicas(), carrying, serving});
  }

  /// One slice at a time: nothing else is on its way.
  [[nodiscard]] bool is_in_flight() const {
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      if (!sizes_[i].replicas) continue;
      if (*sizes_[i].replicas != seen_of(i)) return true;
      if (joint_.figures[i].is_eligible && joint_.figures[i].ready < seen_of(i)) return true;
      if (joint_.memory.backends.at(joint_.figures[i].member->declared->name).leaving.departure) return true;
      if (stepped_within(joint_.spec().balancing.drain_timeout) && is_still_seen(joint_.figures[i]))
        return true;
    }
    return stepped_within(joint_.spec().balancing.step);
  }

  [[nodiscard]] bool stepped_within(std::chrono::seconds time) const {
    return joint_.memory.stepped && !has_passed(*joint_.memory.stepped, time, joint_.snapshot.now);
  }

  /// Traffic that is to have left a backend keeps a replica of it yet.
  [[nodiscard]] bool is_still_seen(const Figures& backend) const {
    if (!is_seen_beyond(backend)) return false;
    const double demand = *joint_.demand.value;
    return room_for(backend, *backend.observed, demand) > room_for(backend, backend.weight, demand);
  }

  [[nodiscard]] std::optional<std::size_t> find_receiver() const {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      const auto& backend = joint_.figures[i];
      const double gap = backend.target - backend.weight;
      if (!sizes_[i].replicas || !moved_.moves[i].waits_for_capacity || gap <= kSameShare) continue;
      if (!sizes_[i].stopped_by_bounds && seen_of(i) < sizes_[i].wanted) continue;
      if (sizes_[i].stopped_by_own_maximum) continue;
      if (!best || gap > joint_.figures[*best].target - joint_.figures[*best].weight) best = i;
    }
    return best;
  }

  /// Who has more than its target, the furthest above it first.
  [[nodiscard]] std::vector<std::size_t> find_senders() const {
    const auto excess = [&](std::size_t i) { return joint_.figures[i].weight - joint_.figures[i].target; };
    std::vector<std::size_t> senders;
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      if (sizes_[i].replicas && excess(i) > kSameShare) senders.push_back(i);
    }
    std::ranges::sort(senders, [&](std::size_t a, std::size_t b) {
      return excess(a) != excess(b) ? excess(a) > excess(b) : a < b;
    });
    return senders;
  }

  /// The share that it carries with one replica fewer.
  [[nodiscard]] double kept_share_of(std::size_t i) const {
    return (seen_of(i) - 1) * share_of_one(joint_.figures[i]);
  }

  /// Whether it has a replica more than it is to have once its share has arrived.
  [[nodiscard]] bool has_spare(std::size_t i) const { return seen_of(i) > least_of(i); }

  void give_up_one(std::size_t sender) {
    auto& size = sizes_[sender];
    size.replicas = seen_of(sender) - 1;
    size.reason = "it gives up a replica, so that who takes its share has room to grow";
    size.steps.push_back({.step = "Slice", .replicas = size.replicas, .detail = size.reason});
  }

  /// One slice at a time: nobody is given more than one replica's share beyond what is ready. That is one of
  /// the sender's, or it could not give up any; but where all that serve carry less than demand one of its
  /// own: a larger slice would only move the overload.
  [[nodiscard]] double most_for(std::size_t sender, std::size_t receiver) const {
    const auto& to = joint_.figures[receiver];
    const double lent = joint_.figures[sender].load.capacity;
    const double unit = carried_ < *joint_.demand.value ? to.load.capacity : std::max(to.load.capacity, lent);
    return share_carried(to.ready_capacity() + unit) - to.weight;
  }

  bool move(std::size_t sender, std::size_t receiver, double points) {
    const auto& from = joint_.figures[sender];
    const auto& to = joint_.figures[receiver];
    points = std::min({points, from.weight - from.target, to.target - to.weight});
    const double most = most_for(sender, receiver);
    if (most <= kSameShare) joint_.blocked = receiver;
    points = std::min(points, most);
    if (!(points > kSameShare)) return false;
    transfer(sender, receiver, points);
    return true;
  }

  void transfer(std::size_t sender, std::size_t receiver, double points) {
    for (const auto i : {sender, receiver}) {
      auto& weight = joint_.figures[i].weight;
      weight += i == sender ? -points : points;
      if (std::abs(weight - joint_.figures[i].target) <= kSameShare) weight = joint_.figures[i].target;
      moved_.moves[i].weight = weight;
      moved_.moves[i].rule = "Slice";
    }
    moved_.stepped = true;
  }

  Joint& joint_;
  Moved& moved_;
  std::vector<Size>& sizes_;
  double carried_ = 1;  ///< Of demand, by all that have or get a share.
};

}  // namespace

void keep_for_departures(Joint& joint, std::int32_t total, std::vector<Size>& sizes) {
  const auto& balancing = joint.spec().balancing;
  const auto live = shares_as_set(joint.members);
  for (const auto& backend : joint.figures) {
    auto& memory = joint.remembered(*backend.member);
    // What the layer still has, or a stranger gave it, has not begun to leave, whatever was decided before.
    double before = memory.weight.value_or(backend.set);
    const double stands = live[backend.member->index];
    if (!joint.repeats && backend.member->seen->weight && stands >= before + kWorthWaiting) before = stands;
    const auto state = follow_departure({.before = before,
                                         .weight = backend.weight,
                                         .observed = backend.member->observed,
                                         .drain = balancing.drain,
                                         .timeout = balancing.drain_timeout,
                                         .now = joint.snapshot.now},
                                        memory.leaving);
    auto& size = sizes[backend.member->index];
    if (!backend.member->sizeable()) continue;
    if (state.timed_out && joint.spec().mode == api::Mode::Enforce) {
      joint.decision.events.push_back(
          {.type = api::Event::Type::Warning,
           .reason = "DrainIncomplete",
           .message = "backend " + backend.member->declared->name +
                      " still has traffic when drainTimeoutSeconds are over; its replicas go all the same"});
    }
    if (total == 0) continue;
    const auto seen = backend.member->spec_replicas.value_or(0);
    if (state.keeps_size)
      keep(size, "Drain", seen, "it keeps its size until the traffic that was taken from it has left");
    keep_for_share(joint, backend, memory.leaving, size);
  }
}

bool slice(Joint& joint, Moved& moved, std::vector<Size>& sizes) {
  if (!Slicer{joint, moved, sizes}.run()) return false;
  moved.in_place = are_shares_in_place(joint, moved);
  return true;
}

}  // namespace evenkeel::plan
