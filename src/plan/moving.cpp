#include "moving.hpp"

#include <algorithm>
#include <cmath>

namespace evenkeel::plan {
namespace {

/// Shares closer than this are the same: they went through divisions and back.
constexpr double kSame = 2e-8;

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
    moved_.moves.reserve(movers.size());
    for (const auto& mover : movers) {
      moved_.moves.push_back({.weight = mover.set > kSame ? mover.set : 0.0});
      drains_ = drains_ || (mover.is_out && mover.set > mover.target + kSame);
    }
  }

  Moved run() {
    fall_at_once();
    const auto moves = moved_.moves;
    shift_at_pace();
    if (!movement_.repeats) return std::move(moved_);
    // What waits, waits; but nothing moves twice at one moment.
    for (std::size_t i = 0; i < moves.size(); ++i) {
      moved_.moves[i].weight = moves[i].weight;
      moved_.moves[i].rule = moves[i].rule;
    }
    moved_.stepped = false;
    return std::move(moved_);
  }

 private:
  void shift_at_pace() {
    if (movement_.pace == Pace::Edit) {
      if (movement_.demand) {
        shift("Edit", 1.0, [](const Mover&) { return true; });
      } else {
        step("Edit");
      }
      return;
    }
    // Under computed shares a drain is an edit all the same.
    if (movement_.demand) shift("Edit", 1.0, [](const Mover& m) { return m.is_out; });
    if (movement_.pace == Pace::Step) step("Step");
  }

  [[nodiscard]] double weight(std::size_t i) const { return moved_.moves[i].weight; }
  [[nodiscard]] double gap(std::size_t i) const { return movers_[i].target - weight(i); }

  /// What may not wait, and the rises that it forces: towards the targets, which know who can carry it.
  void fall_at_once() {
    Transfer transfer{movers_.size()};
    double wants = 0;
    for (std::size_t i = 0; i < movers_.size(); ++i) {
      transfer.falls[i] = std::max(0.0, weight(i) - floor_of(i));
      if (transfer.falls[i] <= kSame) wants += std::max(0.0, gap(i));
    }
    const double fall = Transfer::sum(transfer.falls);
    if (fall <= kSame || wants <= kSame) return;
    for (std::size_t i = 0; i < movers_.size(); ++i) {
      if (transfer.falls[i] > kSame) continue;
      transfer.falls[i] = 0;
      transfer.rises[i] = std::max(0.0, gap(i)) / wants * fall;
    }
    apply("AtOnce", transfer);
    moved_.at_once = true;
  }

  /// Where a share falls to at once.
  [[nodiscard]] double floor_of(std::size_t i) const {
    const auto& mover = movers_[i];
    if (mover.target >= mover.set) return mover.set;
    if (mover.is_unfit || mover.leaves_now || mover.ready == 0) return mover.target;
    if (movement_.repeats || (!movement_.missing && !movement_.excess_returns)) return mover.set;
    // What hosts that are gone cannot carry is known only as a target where demand is unknown.
    if (!movement_.demand) return movement_.missing ? mover.target : mover.set;
    return std::clamp(mover.carried, mover.target, mover.set);
  }

  void step(const char* rule) {
    if (movement_.pace == Pace::Rest) return;
    double largest = 0;
    for (std::size_t i = 0; i < movers_.size(); ++i) largest = std::max(largest, std::abs(gap(i)));
    if (largest <= kSame) return;
    const double fraction = std::min(1.0, movement_.max_step / largest);
    if (shift(rule, fraction, [](const Mover&) { return true; })) moved_.stepped = true;
  }

  /// Moves `fraction` of the gap of the chosen senders, as far as the receivers have room.
  template <class Chosen>
  bool shift(const char* rule, double fraction, Chosen sends) {
    Transfer transfer{movers_.size()};
    double wants = 0;
    for (std::size_t i = 0; i < movers_.size(); ++i) {
      if (gap(i) < 0 && sends(movers_[i])) transfer.falls[i] = -gap(i) * fraction;
      wants += std::max(0.0, gap(i));
    }
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

Moved move_shares(std::span<const Mover> movers, const Movement& movement) {
  return Shifter{movers, movement}.run();
}

}  // namespace evenkeel::plan
