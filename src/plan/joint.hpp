#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/failover/targets.hpp"
#include "evenkeel/scaling/signal.hpp"
#include "evenkeel/scaling/total.hpp"

#include "current_total.hpp"
#include "demand.hpp"
#include "figures.hpp"
#include "health.hpp"
#include "members.hpp"
#include "memory.hpp"
#include "moving.hpp"
#include "needs.hpp"
#include "sizes.hpp"

namespace evenkeel::plan {

/// One decision under way: what each stage finds out, for those that follow. Vectors run parallel to the
/// members.
struct Joint {
  const api::Snapshot& snapshot;
  std::span<const Member> members;
  Memory& memory;
  api::Decision& decision;

  std::vector<ReplicaLoad> loads;
  std::vector<double> capacities;  ///< Of one replica.
  std::vector<char> asleep;        ///< At a count of 0 that we wrote.
  bool first_sight = false;        ///< There is no memory of this service.
  std::vector<double> set;         ///< What moves start from, percent; adds up to 100.
  bool repeats = false;            ///< This very moment was decided before.
  std::vector<double> origin;      ///< The same as it was when this moment was decided first.
  std::vector<scaling::Reading> readings;
  std::optional<std::size_t> load_metric;
  Demand demand;
  HealthView view;
  std::uint32_t declared = 0;  ///< Digest of what an edit of shares is recognised by.
  std::vector<double> full;    ///< Percent that sizes follow before targets are known.
  failover::Targets targets;
  std::vector<Figures> figures;
  std::optional<std::size_t> blocked;  ///< Whose rise waits for room that nobody is going to make.
  // Where each member is in `memory` and `decision`, once that is known: names are looked up by the hundred.
  std::vector<Memory::Backend*> memories;
  std::vector<api::BackendDecision*> reports;

  [[nodiscard]] const api::Spec& spec() const { return snapshot.service.spec; }
  [[nodiscard]] bool is_several() const { return members.size() > 1; }
  [[nodiscard]] std::chrono::seconds window() const {
    return spec().scaling ? scaling::down_window(*spec().scaling, snapshot.settings)
                          : std::chrono::seconds{300};
  }
  /// Of the total, as a fraction.
  [[nodiscard]] double rise_tolerance() const {
    return spec().scaling->scale_up.tolerance.value_or(snapshot.settings.tolerance).value();
  }
  [[nodiscard]] Memory::Backend& remembered(const Member& member) const {
    return memories.empty() ? memory.backends[member.declared->name] : *memories[member.index];
  }
  [[nodiscard]] api::BackendDecision& reported(const Member& member) const {
    return reports.empty() ? decision.backends[member.declared->name] : *reports[member.index];
  }
};

/// Classes the metrics into `readings`, and reports what was made of them.
void read_metrics(Joint& joint);

/// Demand by the load metric; without one, what is known of the moment before, until the total is decided.
void measure(Joint& joint);

/// The floor after a loss of endpoints; call once health is known.
void settle_demand_floor(Joint& joint);

/// Full shares by declared proportions, as far as they follow from health alone; and the digest of what is
/// declared.
void find_full_shares(Joint& joint);

/// What the total and its parts follow, beside the figures.
struct TotalStage {
  scaling::TotalOutcome outcome;
  Needs needs;  ///< Of the metric whose proposal counts, where it is one of backends' own readings.
  bool are_needs_unknown =
      false;  ///< They decide how the total is divided, and nothing can be told from them.
  /// Largest known need of every backend, whichever metric counts; empty: none is known.
  std::vector<double> known_needs;
  /// Whose needs some metric cannot tell, so that they are guessed from what the others need; empty:
  /// nobody's.
  std::vector<char> guessed;
};

/// The total of this decision from `current`; afterwards demand is known in replicas too.
[[nodiscard]] TotalStage decide_total(Joint& joint, std::int32_t current, scaling::Limits limits);

/// The shares that a move starts from: those decided last while they hold for their period, or where the live
/// ones are equal but for rounding; else the live ones.
[[nodiscard]] std::vector<double> starting_shares(const api::Snapshot& snapshot,
                                                  std::span<const Member> members,
                                                  const Memory& memory);

/// What targets follow: `set`, or where this moment was decided before on the same state what was set then.
/// Targets depend on the shares that are set: without it they would go on while time stands still.
[[nodiscard]] std::vector<double> original_shares(const Joint& joint);

/// Fills `memories` and `reports`; without it names are looked up.
void find_entries(Joint& joint);

/// Since when the shares that this decision finds have been there: what readings were taken under.
void watch_shares(Joint& joint);

/// Whether declared weights, tiers or drains were edited and the shares have not followed yet.
[[nodiscard]] bool is_edited(const Joint& joint);

/// Fills `figures` from all that is known.
void fill_figures(Joint& joint, std::span<const std::int32_t> limits);

/// One decision's move of the shares, into the figures' weights. `wanted`: the replicas that everybody is
/// meant to have. @return what moved and why.
[[nodiscard]] Moved move_towards_targets(Joint& joint,
                                         std::span<const std::int32_t> wanted,
                                         std::int32_t total);

/// is_in_place() of shares that have moved further since.
[[nodiscard]] bool are_shares_in_place(const Joint& joint, const Moved& moved);

/// Follows the shares that leave: raises `kept` of the sizes, with events where one takes too long. A `total`
/// of 0 waits for nobody.
void keep_for_departures(Joint& joint, std::int32_t total, std::vector<Size>& sizes);

/// A shift without room to grow goes on by one slice of share, or by one replica given up first.
/// @return whether share was moved, so that sizes are to be decided again.
bool slice(Joint& joint, Moved& moved, std::vector<Size>& sizes);

/// Remembers what was decided of the shares.
void record_shares(Joint& joint, const Moved& moved);

}  // namespace evenkeel::plan
