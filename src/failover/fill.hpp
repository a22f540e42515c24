#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "evenkeel/failover/targets.hpp"

#include "pour.hpp"

namespace evenkeel::failover {

/// Backends and their bounds, prepared for pouring traffic into them. All shares are fractions of all
/// traffic; vectors run parallel to the backends, those of tiers to `tiers`.
struct Field {
  explicit Field(const TargetInput& input);

  std::span<const TargetBackend> backends;
  std::vector<std::int32_t> tiers;   ///< That are declared, rising.
  std::vector<std::size_t> tier_of;  ///< Index into `tiers`.
  std::size_t lowest = 0;            ///< Of the tiers that have an eligible backend; tiers.size(): none has.
  bool known = false;                ///< Demand and capacities are known.
  std::vector<double> weight;        ///< Proportion, above 0 for whoever is eligible.
  std::vector<double> ready;         ///< What its ready endpoints carry; infinite where nothing bounds it.
  std::vector<double> limit;         ///< What it would carry with all the replicas that it may have.
  std::vector<double> bound;         ///< The smaller of that and its limit, where that is what counts.
  std::vector<double> capacity;      ///< Ready capacity, relative.
  std::vector<double> tier_room;     ///< Of a tier, where demand is unknown; else infinite.
  std::vector<double> set;           ///< Share that is set; adds up to 1, or all 0.

  [[nodiscard]] bool eligible(std::size_t i) const { return backends[i].fitness == Fitness::Eligible; }
  [[nodiscard]] std::size_t size() const { return backends.size(); }
  /// What the ready endpoints of a tier's eligible backends carry in all, at most 1.
  [[nodiscard]] double carried_by(std::size_t tier) const;
  /// Whether anybody in a tier may have a share.
  [[nodiscard]] bool serves(std::size_t tier) const;

 private:
  void find_tiers();
  void read_weights();
  void find_bounds(const TargetInput& input);
  void find_bounds_by_host_ratio(const TargetInput& input);
};

/// Caps of those that take less than their part: on probation, or in slow start. Infinite: none.
struct Caps {
  std::vector<double> probation;
  std::vector<double> slow_start;
  bool any = false;
};

/// Pours traffic into a field, rule by rule.
class Filling {
 public:
  Filling(const Field& field, const Caps& caps);

  /// All traffic over all tiers. @return the fraction that nobody's ready capacity carries.
  double fill_all();
  /// `amount` into one tier, whether it can carry it or not.
  void fill_tier(std::size_t tier, double amount);

  [[nodiscard]] const std::vector<double>& levels() const { return levels_; }
  [[nodiscard]] double tier_level(std::size_t tier) const;

 private:
  enum class Room { Bound, Ready, Lifted };
  /// On probation: their cap first, for it is neither more nor less.
  double take_probation(std::size_t tier, double amount);
  double take(std::size_t tier, double amount, Room room);
  /// Senders of tiers from `from` to `to`: they wait for what the tiers up to `to` may still grow by, not
  /// for what others are to carry.
  double take_senders(std::size_t from, std::size_t to, double amount);
  /// What the eligible backends of tiers up to `to` would carry beyond their levels with all the replicas
  /// that they may have, and nobody waits for yet; infinite where demand is unknown.
  [[nodiscard]] double growth_to_come(std::size_t to) const;
  /// By ready capacity, whatever it can carry, in tiers from `from` to `to`.
  void take_rest(std::size_t from, std::size_t to, double amount);
  [[nodiscard]] double room_of(std::size_t i, Room room) const;
  /// Whether it is left out of what nobody can carry, as long as there are others. Where demand is known
  /// those in slow start are full by then like everybody else.
  [[nodiscard]] bool spared(std::size_t i) const;

  const Field& field_;
  const Caps& caps_;
  std::vector<double> levels_;
  double waiting_ = 0;  ///< What senders have been given.
  std::vector<Vessel> vessels_;
};

}  // namespace evenkeel::failover
