#include "moving.hpp"

#include <algorithm>
#include <cmath>

namespace evenkeel::plan {
namespace {

/// Shares closer than this are the same: they went through divisions and back.
constexpr double kSame = 2e-8;
/// Points left of a share that is to go for which nobody asks any more: at rest it would be there for good,
/// and a layer gives whoever has a share one part at least.
constexpr double kResidue = 1e-6;
/// Points by which targets that capacities set tremble with the readings of demand.
constexpr double kTremble = 1;
/// The same for how those that no capacity binds divide what is left, where readings of their own tell that:
/// what is left undone of it would add up to a leap.
constexpr double kTrembleComputed = 0.1;

/// What one phase takes and gives, in points; parallel to the movers.
struct Transfer {
  std::vector<double> falls;
  std::vector<double> rises;

  explicit Transfer(std::size_t size) : falls(size, 0.0), rises(size, 0.0) {}
  static double sum(const std::vector<double>& points) {
    double total = 0;
    for (const double point : points) total += point;
    return total;
  }
};

class Shifter {
 public:
  Shifter(std::span<const Mover> movers, const Movement& movement) : movers_{movers}, movement_{movement} {
    moved_.pace = movement.pace;
    moved_.moves.reserve(movers.size());
    for (const auto& mover : movers) moved_.moves.push_back({.weight = mover.set});
    drop_residues();
    for (std::size_t i = 0; i < movers.size(); ++i)
      drains_ = drains_ || (movers[i].is_out && gap(i) < -kSame);
  }

  Moved run() {
    fall_at_once();
    const auto moves = moved_.moves;
    shift_at_pace();
    if (movement_.repeats) {
      // What waits, waits; but nothing moves twice at one moment.
      for (std::size_t i = 0; i < moves.size(); ++i) {
        moved_.moves[i].weight = moves[i].weight;
        moved_.moves[i].rule = moves[i].rule;
      }
      moved_.stepped = false;
    }
    // Those of what has moved, too: or deciding again at the same moment would be another decision.
    drop_residues();
    moved_.in_place = is_in_place(movers_, moved_.moves, movement_);
    return std::move(moved_);
  }

 private:
  void shift_at_pace() {
    if (movement_.pace == Pace::Edit) {
      if (movement_.demand) {
        shift("Edit", falls_of(1.0, [](const Mover&) { return true; }));
      } else {
        step("Edit");
      }
      return;
    }
    // Under computed shares a drain is an edit all the same.
    if (movement_.demand) shift("Edit", falls_of(1.0, [](const Mover& m) { return m.is_out; }));
    if (movement_.pace == Pace::Step) step("Step");
  }

  /// What is left of the shares of those that are to go is the largest one's.
  void drop_residues() {
    double residue = 0;
    for (std::size_t i = 0; i < movers_.size(); ++i) {
      if (weight(i) > (movers_[i].target > 0 ? kSame : kResidue)) continue;
      residue += weight(i);
      moved_.moves[i].weight = 0;
    }
    const auto largest = std::ranges::max_element(moved_.moves, {}, &Move::weight);
    if (largest == moved_.moves.end() || largest->weight <= 0) return;
    largest->weight = std::min(100.0, largest->weight + residue);
  }

  [[nodiscard]] double weight(std::size_t i) const { return moved_.moves[i].weight; }
  [[nodiscard]] double gap(std::size_t i) const { return movers_[i].target - weight(i); }

  /// What may not wait: first whoever cannot serve, then what endpoints that are gone no longer carry.
  void fall_at_once() {
    leave();
    if (movement_.repeats || (!movement_.missing && !movement_.excess_returns)) return;
    std::vector<double> falls(movers_.size(), 0.0);
    for (std::size_t i = 0; i < movers_.size(); ++i) falls[i] = std::max(0.0, weight(i) - relieved(i));
    if (shift("AtOnce", std::move(falls))) moved_.at_once = true;
  }

  [[nodiscard]] bool must_leave(std::size_t i) const {
    const auto& mover = movers_[i];
    return mover.target < mover.set && (mover.is_unfit || mover.leaves_now || mover.ready == 0);
  }

  /// The shares of those that cannot serve, and the rises that this forces: towards the targets, as far as
  /// what is ready carries them; then to whoever has capacity to spare; and only what nobody carries goes by
  /// the targets alone.
  void leave() {
    Transfer transfer{movers_.size()};
    double wants = 0;
    for (std::size_t i = 0; i < movers_.size(); ++i) {
      if (must_leave(i)) transfer.falls[i] = std::max(0.0, -gap(i));
      if (transfer.falls[i] <= kSame) transfer.falls[i] = 0;
      if (transfer.falls[i] == 0) wants += std::max(0.0, gap(i));
    }
    double left = Transfer::sum(transfer.falls);
    if (left <= kSame || wants <= kSame) return;
    const double fall = left;
    const auto rooms = spare_rooms(transfer);
    const auto wanted = [&](std::size_t i, double points) {
      return transfer.falls[i] > 0 ? 0.0 : std::max(0.0, gap(i)) / wants * points;
    };
    for (std::size_t i = 0; i < movers_.size(); ++i) {
      transfer.rises[i] = std::min(wanted(i, fall), rooms[i]);
      left -= transfer.rises[i];
    }
    if (left > kSame) left = spread(left, rooms, transfer);
    for (std::size_t i = 0; i < movers_.size() && left > kSame; ++i) transfer.rises[i] += wanted(i, left);
    apply("AtOnce", transfer);
    moved_.at_once = true;
  }

  /// Points that the ready endpoints of those that stay carry beyond their shares.
  [[nodiscard]] std::vector<double> spare_rooms(const Transfer& transfer) const {
    std::vector<double> rooms(movers_.size(), 100.0);
    if (!movement_.demand) return rooms;
    double ready = 0;
    double others =
        1;  // What is not on trial and not on its way out: those are given no more than they have.
    const auto stays = [&](std::size_t i) {
      return !movers_[i].is_unfit && (weight(i) - transfer.falls[i] > kSame || movers_[i].target > kSame);
    };
    for (std::size_t i = 0; i < movers_.size(); ++i) {
      if (!stays(i)) continue;
      if (movers_[i].on_trial || movers_[i].is_out) {
        others -= std::max(weight(i), movers_[i].target) / 100;
      } else {
        ready += movers_[i].ready_capacity;
      }
    }
    const double carried = others > kSame ? std::min(*movement_.demand, ready / others) : *movement_.demand;
    for (std::size_t i = 0; i < movers_.size(); ++i) {
      const auto& mover = movers_[i];
      if (mover.ready == 0 || !stays(i) || transfer.falls[i] > 0) {
        rooms[i] = 0;
      } else if (carried > 0) {
        rooms[i] = std::max(0.0, 100 * mover.ready_capacity / carried - weight(i));
      }
    }
    return rooms;
  }

  /// Gives `points` to those that have room left, by how much they have. @return what nobody has room for.
  double spread(double points, std::vector<double> rooms, Transfer& transfer) const {
    if (!movement_.demand) return points;
    double room = 0;
    for (std::size_t i = 0; i < movers_.size(); ++i) {
      const bool has_any = movers_[i].target > kSame || weight(i) > kSame;
      const bool takes = has_any && !movers_[i].is_out && !movers_[i].on_trial;
      rooms[i] = takes ? rooms[i] - transfer.rises[i] : 0.0;
      room += rooms[i];
    }
    if (room <= kSame) return points;
    const double given = std::min(points, room);
    for (std::size_t i = 0; i < movers_.size(); ++i) transfer.rises[i] += rooms[i] / room * given;
    return points - given;
  }

  /// What a share falls to at once because endpoints are missing.
  [[nodiscard]] double relieved(std::size_t i) const {
    const auto& mover = movers_[i];
    if (mover.target >= weight(i)) return weight(i);
    // What hosts that are gone cannot carry is known only as a target where demand is unknown, and only of
    // those that lack them: the share of one that is whole moves for another reason.
    if (!movement_.demand) return mover.is_missing ? mover.target : weight(i);
    return std::clamp(mover.carried, mover.target, weight(i));
  }

  void step(const char* rule) {
    if (movement_.pace == Pace::Rest) return;
    double largest = 0;
    for (std::size_t i = 0; i < movers_.size(); ++i) largest = std::max(largest, std::abs(gap(i)));
    if (largest <= kSame) return;
    if (is_in_place(movers_, moved_.moves, movement_)) {
      // It is where it belongs: what could not be relieved at once waits for nothing.
      for (auto& move : moved_.moves) move.waits_for_capacity = false;
      return;
    }
    const double fraction = std::min(1.0, movement_.max_step / largest);
    if (shift(rule, falls_of(fraction, [](const Mover&) { return true; }))) moved_.stepped = true;
  }

  /// `fraction` of the gap of the chosen senders.
  template <class Chosen>
  [[nodiscard]] std::vector<double> falls_of(double fraction, Chosen sends) const {
    std::vector<double> falls(movers_.size(), 0.0);
    for (std::size_t i = 0; i < movers_.size(); ++i) {
      if (gap(i) < 0 && sends(movers_[i])) falls[i] = -gap(i) * fraction;
    }
    return falls;
  }

  /// Moves what falls to those that are below their targets, as far as they have room.
  bool shift(const char* rule, std::vector<double> falls) {
    Transfer transfer{movers_.size()};
    transfer.falls = std::move(falls);
    double wants = 0;
    for (std::size_t i = 0; i < movers_.size(); ++i) wants += std::max(0.0, gap(i));
    const double fall = Transfer::sum(transfer.falls);
    if (fall <= kSame || wants <= kSame) return false;
    for (std::size_t i = 0; i < movers_.size(); ++i) {
      const double wanted = std::max(0.0, gap(i)) / wants * fall;
      if (wanted <= 0) continue;
      transfer.rises[i] = std::min(wanted, room(i, weight(i) + wanted) - weight(i));
      transfer.rises[i] = std::max(0.0, transfer.rises[i]);
      moved_.moves[i].waits_for_capacity = transfer.rises[i] < wanted - kSame;
    }
    const double rise = Transfer::sum(transfer.rises);
    if (rise <= kSame) return false;
    for (auto& points : transfer.falls) points *= rise / fall;
    apply(rule, transfer);
    return true;
  }

  [[nodiscard]] double room(std::size_t i, double wanted) const {
    const auto& mover = movers_[i];
    if (movement_.demand) return room_of(movers_, i, *movement_.demand);
    if (movement_.pace != Pace::Edit && !drains_) return wanted;
    // Each step once the replicas for it are ready: for all of it, or as many as there are meant to be.
    if (mover.ready >= mover.wanted) return wanted;
    const double needed = std::ceil(wanted / 100 * movement_.total - kSame);
    return mover.ready >= needed ? wanted : 0.0;
  }

  void apply(const char* rule, const Transfer& transfer) {
    for (std::size_t i = 0; i < movers_.size(); ++i) {
      const double change = transfer.rises[i] - transfer.falls[i];
      if (change == 0) continue;
      auto& move = moved_.moves[i];
      move.weight = std::clamp(move.weight + change, 0.0, 100.0);
      // What is within rounding of the target is the target, or a shift would never be over.
      if (std::abs(movers_[i].target - move.weight) <= kSame) move.weight = movers_[i].target;
      move.rule = rule;
    }
  }

  std::span<const Mover> movers_;
  const Movement& movement_;
  bool drains_ = false;
  Moved moved_;
};

/// Whether its capacity is what keeps its share from being larger.
bool is_bound(const Mover& mover) {
  const bool has_part = mover.target > kSame && mover.target < 100 - kSame;
  return has_part && mover.target >= mover.carried - kSame;
}

/// Whether those that no capacity binds divide what is left to them as their targets do.
bool are_proportions_in_place(std::span<const Mover> movers, std::span<const Move> moves) {
  double targets = 0;
  double weights = 0;
  for (std::size_t i = 0; i < movers.size(); ++i) {
    if (is_bound(movers[i])) continue;
    targets += movers[i].target;
    weights += moves[i].weight;
  }
  if (!(weights > 0)) return true;
  for (std::size_t i = 0; i < movers.size(); ++i) {
    const double expected = moves[i].weight * targets / weights;
    if (!is_bound(movers[i]) && std::abs(movers[i].target - expected) >= kTrembleComputed) return false;
  }
  return true;
}

}  // namespace

double room_of(std::span<const Mover> movers, std::size_t index, double demand) {
  const auto& mover = movers[index];
  if (mover.ready == 0) return 0;
  if (demand <= 0) return 100;
  double ready = 0;
  for (const auto& other : movers) {
    if (other.set > 0 || other.target > 0) ready += other.ready_capacity;
  }
  const double carried = std::min(demand, ready);
  return carried > 0 ? 100 * mover.ready_capacity / carried : 0.0;
}

bool is_in_place(std::span<const Mover> movers, std::span<const Move> moves, const Movement& movement) {
  if (!movement.demand || movement.pace == Pace::Edit) return false;
  bool is_any_bound = false;
  for (std::size_t i = 0; i < movers.size(); ++i) {
    const auto& mover = movers[i];
    const double weight = moves[i].weight;
    // What somebody is to lose or to get for good is no such gap.
    if ((mover.target > kSame) != (weight > kSame)) return false;
    if (std::abs(mover.target - weight) >= kTremble) return false;
    is_any_bound = is_any_bound || is_bound(mover);
  }
  return is_any_bound && (!movement.computed || are_proportions_in_place(movers, moves));
}

Moved move_shares(std::span<const Mover> movers, const Movement& movement) {
  return Shifter{movers, movement}.run();
}

}  // namespace evenkeel::plan
