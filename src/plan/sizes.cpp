#include "sizes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "evenkeel/base/apportion.hpp"

namespace evenkeel::plan {
namespace {

bool is_sizeable(const Figures& backend) {
  return backend.member->sizeable();
}

std::int32_t seen_of(const Figures& backend) {
  return backend.member->spec_replicas.value_or(0);
}

/// What a backend counts for in the sum: of an unfit one only what serves, until its share has come back.
std::int64_t counted(const Figures& backend, std::int32_t replicas) {
  const bool is_away =
      backend.is_unfit || (backend.is_missing() && backend.weight + kSameShare < backend.sizing);
  return is_away ? std::min(replicas, backend.ready) : replicas;
}

class Bounding {
 public:
  Bounding(const SizeInput& input,
           std::span<const Figures> figures,
           const Memory& memory,
           std::vector<Size>& sizes)
      : input_{input},
        figures_{figures},
        memory_{memory},
        sizes_{sizes} {}

  void run() {
    for (std::size_t i = 0; i < figures_.size(); ++i) start(i);
    const auto bounds = sum_bounds(input_, figures_);
    if (memory_.max_was_lowered) trim(bounds);
    grow(bounds);
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      if (is_sizeable(figures_[i])) {
        add_step(sizes_[i], "OwnBounds", *sizes_[i].replicas, bounds_text(figures_[i]));
      } else {
        sizes_[i].steps.push_back({.step = "Off", .detail = why_left_alone(*figures_[i].member)});
      }
    }
  }

 private:
  /// Falls are decided here; who grows starts from what is there.
  void start(std::size_t i) {
    auto& size = sizes_[i];
    if (!is_sizeable(figures_[i])) return;
    const auto seen = seen_of(figures_[i]);
    const auto most = figures_[i].member->max_replicas(input_.max);
    const auto kept = std::min({seen, size.kept, most});
    size.replicas = size.wanted >= seen ? seen : std::max(size.wanted, kept);
    if (*size.replicas < seen && most < std::min(seen, size.kept)) size.reason = kLowered;
  }

  [[nodiscard]] static const char* why_left_alone(const Member& member) {
    if (!member.declared->workload) return "it has no workloadRef: its replicas are left alone";
    return member.spec_replicas ? failover::kSwitchedOff : "its workload is not there";
  }

  [[nodiscard]] static const char* bounds_text(const Figures& backend) {
    return backend.member->declared->max_replicas ? "within its own bounds"
                                                  : "within its own minimum and maxReplicas of scaling";
  }

  [[nodiscard]] std::int64_t sum() const {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      if (sizes_[i].replicas) sum += counted(figures_[i], *sizes_[i].replicas);
    }
    return sum;
  }

  /// What is kept beyond what is wanted, in the order in which a lowered maximum takes it.
  enum class Kept {
    Idle,     ///< For later, or for a share that stays.
    Leaving,  ///< For traffic that is about to leave.
    Partly,   ///< Of one that is away and not ready as a whole: what is not ready goes with it for nothing.
  };

  [[nodiscard]] Kept kept_for(std::size_t i) const {
    if (counted(figures_[i], *sizes_[i].replicas) < *sizes_[i].replicas) return Kept::Partly;
    return is_leaving(i) ? Kept::Leaving : Kept::Idle;
  }

  [[nodiscard]] bool is_leaving(std::size_t i) const {
    if (figures_[i].weight > figures_[i].target + kSameShare) return true;
    const auto remembered = memory_.backends.find(figures_[i].member->declared->name);
    return remembered != memory_.backends.end() && remembered->second.leaving.departure.has_value();
  }

  [[nodiscard]] std::int64_t beyond_wanted(std::size_t i) const {
    return std::max<std::int64_t>(0, counted(figures_[i], *sizes_[i].replicas) - sizes_[i].wanted);
  }

  /// What it serves others' traffic with, which goes back to them: without it nobody would serve that until
  /// then.
  [[nodiscard]] std::int64_t carried_beside(std::size_t i) const {
    if (figures_[i].weight <= figures_[i].full + kSameShare) return 0;
    const auto serving = std::min<std::int64_t>(counted(figures_[i], *sizes_[i].replicas), sizes_[i].wanted);
    return std::max<std::int64_t>(0, serving - least_of(i));
  }

  /// Unlike room to grow, only what moves now or carries what is to move back: what is merely kept is to come
  /// within the lowered maximum.
  [[nodiscard]] std::int64_t on_the_move() const {
    std::int64_t more = 0;
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      if (!sizes_[i].replicas) continue;
      more += sizes_[i].for_shift + carried_beside(i) + (is_leaving(i) ? beyond_wanted(i) : 0);
    }
    return more;
  }

  /// A lowered maximum takes what nothing else may, but no more than is above it and the surge.
  void trim(const SumBounds& bounds) {
    const auto most = [&] { return bounds.steady + std::min(bounds.surge, on_the_move()); };
    take_kept(Kept::Idle, most());
    // Beyond the surge only: taking what is on top of the maximum because it moves would gain nothing.
    take_kept(Kept::Leaving, bounds.steady + bounds.surge);
    take_kept(Kept::Partly, most());
    take_wanted(most());
  }

  void take_kept(Kept which, std::int64_t most) {
    if (sum() <= most) return;
    std::vector<double> beyond(figures_.size(), 0.0);
    std::int64_t whole = 0;
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      if (!sizes_[i].replicas || kept_for(i) != which) continue;
      whole += beyond_wanted(i);
      beyond[i] = static_cast<double>(beyond_wanted(i));
    }
    const auto excess = std::min({sum() - most, whole, kMost});
    if (excess <= 0) return;
    const auto taken = apportion(beyond, static_cast<std::int32_t>(excess));
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      if (beyond[i] > 0) take(i, taken[i]);
    }
  }

  /// From the highest tier down, never a part or a minimum.
  void take_wanted(std::int64_t most) {
    auto excess = sum() - most;
    std::vector<std::size_t> order(figures_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto rank = [&](std::size_t i) {
      return std::pair{-std::int64_t{figures_[i].member->declared->tier}, i};
    };
    std::ranges::sort(order, {}, rank);
    for (const auto i : order) {
      if (!sizes_[i].replicas) continue;
      const auto cut = std::min(excess, counted(figures_[i], *sizes_[i].replicas) - least_of(i));
      if (cut <= 0) continue;
      take(i, cut);
      excess -= cut;
    }
  }

  /// Makes it count for so many less.
  void take(std::size_t i, std::int64_t count) {
    if (count <= 0) return;
    auto& size = sizes_[i];
    size.replicas = static_cast<std::int32_t>(counted(figures_[i], *size.replicas) - count);
    size.reason = kLowered;
    add_step(size, "SumBounds", *size.replicas, kLowered);
  }

  [[nodiscard]] std::int32_t least_of(std::size_t i) const {
    const auto remembered = memory_.backends.find(figures_[i].member->declared->name);
    const auto part = remembered == memory_.backends.end() ? std::nullopt : remembered->second.part;
    return std::max(part.value_or(0), std::min(figures_[i].member->min_replicas(), sizes_[i].wanted));
  }

  /// What is there or has to be grown only because traffic moves: it comes on top of the bound.
  [[nodiscard]] std::int64_t for_moves() const {
    std::int64_t more = 0;
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      if (!sizes_[i].replicas) continue;
      const auto kept = counted(figures_[i], *sizes_[i].replicas) - sizes_[i].wanted;
      more += std::max<std::int64_t>(0, kept) + sizes_[i].for_shift;
    }
    return more;
  }

  /// Lower tiers first; what does not fit is not grown.
  void grow(const SumBounds& bounds) {
    const auto most = bounds.steady + std::min(bounds.surge, for_moves());
    // What has to be there always comes first.
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      auto& size = sizes_[i];
      if (!size.replicas) continue;
      const std::int64_t least = std::min(size.wanted, figures_[i].member->min_replicas());
      const auto more = std::min(least - *size.replicas, most - sum());
      if (more > 0) *size.replicas += static_cast<std::int32_t>(more);
    }
    std::vector<std::int32_t> tiers;
    for (const auto& backend : figures_) tiers.push_back(backend.member->declared->tier);
    std::ranges::sort(tiers);
    const auto repeated = std::ranges::unique(tiers);
    tiers.erase(repeated.begin(), repeated.end());
    // Everybody's part of the total comes before what anybody carries beside.
    for (const auto tier : tiers) grow_tier(tier, most, Goal::Part);
    for (const auto tier : tiers) grow_tier(tier, most, Goal::Wanted);
    note_stopped(most);
    if (sum() > bounds.steady) note_surge(bounds);
  }

  enum class Goal { Part, Wanted };

  void grow_tier(std::int32_t tier, std::int64_t most, Goal goal) {
    const auto room = std::max<std::int64_t>(0, most - sum());
    std::vector<double> gaps(figures_.size(), 0.0);
    std::int64_t wanted = 0;
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      if (figures_[i].member->declared->tier != tier || !sizes_[i].replicas) continue;
      const auto gap = gap_of(i, most, goal);
      gaps[i] = static_cast<double>(gap);
      wanted += gap;
    }
    if (wanted == 0) return;
    const auto given =
        apportion(gaps, static_cast<std::int32_t>(std::min<std::int64_t>({room, wanted, kMost})));
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      if (gaps[i] <= 0) continue;
      const auto gap = static_cast<std::int32_t>(gaps[i]);
      *sizes_[i].replicas += wanted <= room ? gap : std::min(given[i], gap);
    }
  }

  /// What it lacks. Of one that has lost endpoints only those that are ready count, so that others may grow
  /// in its place; what it grows itself counts all the same.
  [[nodiscard]] std::int64_t gap_of(std::size_t i, std::int64_t most, Goal goal) const {
    const auto& size = sizes_[i];
    const std::int64_t has = *size.replicas;
    const std::int64_t meant = goal == Goal::Part ? std::min(size.part, size.wanted) : size.wanted;
    const auto own_room = most - (sum() - counted(figures_[i], *size.replicas)) - has;
    return std::clamp<std::int64_t>(meant - has, 0, std::max<std::int64_t>(0, own_room));
  }

  void note_stopped(std::int64_t most) {
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      auto& size = sizes_[i];
      if (!size.replicas || *size.replicas >= size.wanted) continue;
      size.stopped_by_bounds = true;
      // It is not there yet, so somebody else may make room.
      size.stopped_by_own_maximum = false;
      // Who has to give up replicas knows why already.
      if (*size.replicas >= seen_of(figures_[i]))
        size.reason = "maxReplicas of scaling stops it, for the replicas of all backends count; raise it";
      add_step(
          size,
          "SumBounds",
          *size.replicas,
          "of " + std::to_string(size.wanted) + ": all backends together may have " + std::to_string(most));
    }
  }

  void note_surge(const SumBounds& bounds) {
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      auto& size = sizes_[i];
      if (!size.replicas || *size.replicas <= seen_of(figures_[i])) continue;
      add_step(size,
               "Surge",
               *size.replicas,
               "while traffic moves all backends together may have " + std::to_string(bounds.surge) +
                   " more than " + std::to_string(bounds.steady) + " (maxSurgePercent)");
    }
  }

  static constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  static constexpr const char* kLowered = "maxReplicas was lowered: what is above it goes";

  const SizeInput& input_;
  std::span<const Figures> figures_;
  const Memory& memory_;
  std::vector<Size>& sizes_;
};

}  // namespace

std::int32_t whole_up(double replicas) {
  const double up = std::ceil(replicas - kSameShare);
  if (!(up > 0)) return 0;
  constexpr double kMost = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::min(up, kMost));
}

void add_step(Size& size, const char* step, std::int32_t replicas, std::string detail) {
  size.steps.push_back({.step = step, .replicas = replicas, .detail = std::move(detail)});
}

bool keep(Size& size, const char* step, std::int32_t replicas, const char* why) {
  if (replicas <= std::max(size.kept, size.wanted)) return false;
  size.kept = replicas;
  size.reason = why;
  add_step(size, step, replicas, why);
  return true;
}

std::int64_t counted_sum(std::span<const Figures> figures) {
  std::int64_t sum = 0;
  for (const auto& backend : figures) sum += counted(backend, seen_of(backend));
  return sum;
}

SumBounds sum_bounds(const SizeInput& input, std::span<const Figures> figures) {
  std::optional<std::int32_t> lowest;
  for (const auto& backend : figures) {
    const auto& declared = *backend.member->declared;
    if (declared.weight > 0) lowest = std::min(lowest.value_or(declared.tier), declared.tier);
  }
  SumBounds bounds{.steady = input.max};
  for (const auto& backend : figures) {
    if (backend.member->declared->tier > lowest.value_or(0)) bounds.steady += backend.member->min_replicas();
  }
  const std::int64_t percent = std::max(0, input.snapshot.service.spec.scaling->max_surge_percent);
  bounds.surge = (std::int64_t{input.max} * percent + 99) / 100;
  return bounds;
}

void bound_sizes(const SizeInput& input,
                 std::span<const Figures> figures,
                 const Memory& memory,
                 std::vector<Size>& sizes) {
  Bounding{input, figures, memory, sizes}.run();
}

}  // namespace evenkeel::plan
