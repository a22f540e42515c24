#include <algorithm>
#include <cmath>
#include <limits>

#include "evenkeel/balancing/divide.hpp"
#include "evenkeel/failover/hold.hpp"
#include "evenkeel/scaling/total.hpp"

#include "sizes.hpp"

namespace evenkeel::plan {
namespace {

/// Raises what is wanted to what one more rule asks for.
void want(Size& size, const char* step, std::int32_t replicas, const char* detail) {
  if (replicas <= size.wanted) return;
  size.wanted = replicas;
  add_step(size, step, replicas, detail);
}

class Wanting {
 public:
  Wanting(const SizeInput& input, std::span<const Figures> figures, Memory& memory)
      : input_{input},
        spec_{input.snapshot.service.spec},
        figures_{figures},
        sizes_(figures.size()),
        added_(figures.size(), 0) {
    remembered_.reserve(figures.size());
    for (const auto& backend : figures) {
      remembered_.push_back(&memory.backends[backend.member->declared->name]);
      sizes_[remembered_.size() - 1].steps.reserve(kUsualSteps);
      if (backend.member->declared->weight <= 0) continue;
      lowest_tier_ =
          std::min(lowest_tier_.value_or(backend.member->declared->tier), backend.member->declared->tier);
    }
  }

  std::vector<Size> run() {
    take_parts();
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      carry(i);
      make_room_for_shift(i);
    }
    pre_scale();
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      record_added(i);
      limit_standby(i);
      hold(i);
      within_own_bounds(i);
    }
    return std::move(sizes_);
  }

 private:
  [[nodiscard]] Memory::Backend& remembered(std::size_t i) { return *remembered_[i]; }
  [[nodiscard]] std::int32_t minimum(std::size_t i) const { return figures_[i].member->min_replicas(); }
  [[nodiscard]] bool is_above_lowest(std::size_t i) const {
    return figures_[i].member->declared->tier > lowest_tier_.value_or(0);
  }

  /// What it had of the total; as far as is remembered, else what is there: who lost his memory and cannot
  /// read has no reason to divide anew.
  [[nodiscard]] std::optional<std::int32_t> last_part(std::size_t i) const {
    const auto& before = remembered_[i]->part_before;
    return before ? before : figures_[i].member->spec_replicas;
  }

  /// Own readings decide how the total is divided, and just now none of them can be used.
  [[nodiscard]] bool last_division_holds() {
    if (!input_.are_needs_unknown) return false;
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      const bool takes_part = figures_[i].full > 0;
      // Who remembers nothing takes any declaration for an edit.
      if (input_.is_edited && remembered_[i]->part_before) return false;
      if (takes_part != (figures_[i].sizing > 0)) return false;
      if (takes_part && last_part(i).value_or(0) <= 0) return false;
    }
    return true;
  }

  [[nodiscard]] std::vector<Holder> holders() {
    std::vector<Holder> holders;
    holders.reserve(figures_.size());
    last_division_holds_ = last_division_holds();
    const double per_last = known_need_per_last_part();
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      const auto& backend = figures_[i];
      const auto& before = remembered(i);
      Holder holder{.division = backend.sizing,
                    .minimum = backend.member->least_part(),
                    .maximum = backend.member->declared->max_replicas.value_or(kMostReplicas),
                    .share = backend.full / 100,
                    .planned = backend.load.planned,
                    .had_extra = before.had_extra,
                    .need = std::nullopt,
                    .last = before.part_before};
      // A need that is not known just now is no reason to fall, nor to divide in another way.
      if (input_.are_needs_unknown && backend.full > 0) holder.need = holder.last = last_part(i);
      if (last_division_holds_ && backend.full > 0) holder.division = *holder.last;
      if (!input_.known_needs.empty() && backend.full > 0) holder.need = guarded(i, input_.known_needs[i]);
      if (!input_.needs.empty() && backend.full > 0) {
        holder.need = guarded(i, input_.needs[i]);
        holder.is_need_certain = !is_guessed(i);
        holder.division = proportion_of(i, per_last);
      }
      holders.push_back(holder);
    }
    return holders;
  }

  /// What others need on average is no reason for a part to fall.
  [[nodiscard]] double guarded(std::size_t i, double need) {
    if (!is_guessed(i)) return need;
    return std::max<double>(need, remembered(i).part_before.value_or(0));
  }

  [[nodiscard]] bool is_guessed(std::size_t i) const {
    return !input_.guessed.empty() && input_.guessed[i] != 0;
  }

  /// What those whose needs are known need of each replica of their last parts; 0 where nobody is.
  [[nodiscard]] double known_need_per_last_part() {
    double needs = 0;
    double parts = 0;
    for (std::size_t i = 0; i < input_.needs.size(); ++i) {
      if (figures_[i].full <= 0 || is_guessed(i)) continue;
      needs += input_.needs[i];
      parts += remembered(i).part_before.value_or(0);
    }
    return parts > 0 ? needs / parts : 0;
  }

  /// Who cannot tell what he needs keeps his proportion to those who can.
  [[nodiscard]] double proportion_of(std::size_t i, double per_last) {
    const auto last = remembered(i).part_before.value_or(0);
    return is_guessed(i) && last > 0 && per_last > 0 ? last * per_last : input_.needs[i];
  }

  void take_parts() {
    Division division{.total = input_.total,
                      .most = std::max(input_.max, input_.total),
                      .exact = spec_.replicas.has_value(),
                      .edited = input_.is_edited,
                      .demand = std::nullopt,
                      .tolerance = input_.tolerance};
    if (input_.measured && input_.demand.highest > 0) division.demand = input_.demand.highest;
    const auto parts = divide_total(holders(), division);
    const auto normal = normal_parts();
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      take_part(i, parts[i]);
      if (sizes_[i].has_part && !normal.empty() && parts[i].replicas > normal[i])
        added_[i] = parts[i].replicas;
    }
  }

  void take_part(std::size_t i, const Part& part) {
    auto& size = sizes_[i];
    auto& before = remembered(i);
    size.has_part = figures_[i].full > 0;
    if (!size.has_part) {
      size.wanted = minimum_now(i);
      before.had_extra = Extra::No;
      before.part.reset();
      add_step(size, "Minimum", size.wanted, "it has no part of the total and keeps its minimum");
      return;
    }
    size.part = size.wanted = part.replicas;
    before.had_extra = part.extra;
    before.part = part.replicas;
    add_step(size, "Part", part.replicas - (part.extra == Extra::No ? 0 : 1), part_text(part));
    if (part.extra == Extra::Load)
      add_step(size, "Extra", part.replicas, "its load per replica would be above target");
    if (part.extra == Extra::Need)
      add_step(size, "Extra", part.replicas, "its own need is above its part, or was and is not known");
  }

  [[nodiscard]] const char* part_text(const Part& part) const {
    if (part.kept == Kept::Need)
      return "as before: its own need is less than 1.3 replicas below that, or not known";
    if (part.kept == Kept::Division)
      return "as before: by what is needed, no part is far from its proportion of the total";
    if (part.kept == Kept::Enough)
      return "it has what it needs: others keep what the total would give it on top";
    if (last_division_holds_) return "divided as before: just now nobody can tell what each needs";
    return input_.needs.empty() ? "its part of the total, by full shares"
                                : "its part of the total, by its own need";
  }

  /// The parts if everybody were fit: more than that is what fail-over adds. Empty: nobody is away, or parts
  /// are what own readings ask for.
  [[nodiscard]] std::vector<std::int32_t> normal_parts() const {
    if (!is_anybody_away(lowest_tier_)) return {};
    std::vector<double> shares(figures_.size(), 0.0);
    std::vector<std::int32_t> minimums;
    std::vector<std::int32_t> maximums;
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      const auto& declared = *figures_[i].member->declared;
      minimums.push_back(figures_[i].member->least_part());
      maximums.push_back(figures_[i].member->max_replicas(kMostReplicas));
      if (figures_[i].is_out || declared.tier != lowest_tier_) continue;
      shares[i] = spec_.balancing.algorithm == api::Algorithm::RoundRobin ? 1 : declared.weight;
      if (!input_.needs.empty() && figures_[i].full > 0) return {};
    }
    auto parts = balancing::divide(shares, minimums, maximums, input_.total);
    // Rounding, and the one more that load asks for, are no fail-over.
    for (auto& part : parts) part = part > 0 && part < kMostReplicas - 2 ? part + 2 : part;
    return parts;
  }

  /// Whether a backend of the tier has lost endpoints.
  [[nodiscard]] bool is_anybody_away(std::optional<std::int32_t> tier) const {
    return std::ranges::any_of(figures_, [tier](const Figures& backend) {
      return backend.member->declared->tier == tier && (backend.is_unfit || backend.is_missing());
    });
  }

  /// Beyond this it carries what is meant for others. Where somebody has lost endpoints, computed
  /// proportions are those of the ones who stand in for him: what sizes follow tells then, or those who have
  /// grown for it would lose what they have grown by.
  [[nodiscard]] double meant_share(const Figures& backend) const {
    const bool stands_in = backend.sizing < backend.full && is_anybody_away(backend.member->declared->tier);
    return stands_in ? backend.sizing : backend.full;
  }

  /// Traffic beyond what it is meant to have, because of a fail-over or of a fail-back that waits.
  void carry(std::size_t i) {
    const auto& backend = figures_[i];
    if (backend.ready == 0 || backend.is_out) return;
    if (spec_.replicas && backend.full > 0) return;
    const double own = meant_share(backend);
    const bool takes_over = backend.target > own + kSameShare;
    const bool waits = backend.weight > own + kSameShare && !input_.is_edited;
    if (!takes_over && !waits) return;
    const double share = std::max(backend.target, backend.weight) / 100;
    // What rounding would swallow is no replica: it would stand in the way of somebody's part.
    if ((share - own / 100) * input_.total < 0.5) return;
    auto replicas = whole_up(share * input_.total);
    // Where nobody has room, traffic that waits to leave has what carries it, or no replica ever gets free.
    const bool is_full = input_.total >= input_.max && sizes_[i].has_part;
    if (is_full && backend.target < backend.weight && input_.demand.value) {
      const double carried = share * *input_.demand.value / backend.load.capacity - input_.tolerance;
      replicas = std::min(replicas, whole_up(std::max(carried, backend.target / 100 * input_.total)));
    }
    if (replicas > sizes_[i].wanted) added_[i] = std::max(added_[i], replicas);
    want(sizes_[i], "Carry", replicas, "it carries traffic that is meant for others");
  }

  /// What its target takes, so that the shift need not wait for ever on what rounding left out of its part.
  void make_room_for_shift(std::size_t i) {
    const auto& backend = figures_[i];
    if (!input_.demand.value || input_.in_place || backend.target <= backend.weight + kSameShare) return;
    // Fail-over is planned ahead of its traffic, and people's counts are met.
    if (spec_.replicas || backend.full <= 0) return;
    const auto before = sizes_[i].wanted;
    // No more than its share of what the total is planned for, in replicas like these: what demand asks for
    // beyond that, policies let in; but not what is within the tolerance, which no total ever grows for.
    const double per_replica = std::max<double>(1, input_.target / backend.load.capacity);
    const double planned = per_replica * input_.total * (1 + input_.tolerance);
    const double needed = std::min(*input_.demand.value / backend.load.capacity, planned);
    want(sizes_[i], "Shift", whole_up(backend.target / 100 * needed), "its share rises to what this carries");
    sizes_[i].for_shift = sizes_[i].wanted - before;
  }

  /// The replicas that tiers above unfit or short ones need for what those cannot carry.
  void pre_scale() {
    if (!input_.demand.value || !spec_.failover.pre_scale) return;
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      const auto tier = figures_[i].member->declared->tier;
      const bool is_first = std::ranges::none_of(
          figures_.first(i), [&](const Figures& other) { return other.member->declared->tier == tier; });
      if (is_first && is_above_lowest(i)) pre_scale_tier(tier);
    }
  }

  void pre_scale_tier(std::int32_t tier) {
    double ready = 0;
    for (const auto& backend : figures_) {
      if (backend.member->declared->tier >= tier || backend.is_out) continue;
      if (!has_trouble(backend.member->declared->tier)) return;
      if (backend.is_eligible) ready += backend.ready_capacity();
    }
    const double uncovered = *input_.demand.value - ready;
    if (!(uncovered > 0) || waits_for_room(tier)) return;
    double sum = 0;
    for (const auto& backend : figures_) sum += takes_over(backend, tier);
    if (!(sum > 0)) return;
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      const auto& backend = figures_[i];
      const double share = takes_over(backend, tier) / sum;
      if (share <= 0) continue;
      const double load = share * uncovered / backend.load.planned;
      // What is within the tolerance of its part no total ever grows for.
      if (sizes_[i].has_part && load <= sizes_[i].part * (1 + input_.tolerance)) continue;
      const auto replicas = whole_up(load);
      if (replicas > minimum(i)) added_[i] = std::max(added_[i], replicas);
      want(sizes_[i], "PreScale", replicas, "lower tiers cannot carry the demand");
    }
  }

  /// Whether the maximum stops a lower tier: no tier grows then, and what may come is no reason to keep what
  /// those wait for.
  [[nodiscard]] bool waits_for_room(std::int32_t tier) const {
    if (counted_sum(figures_) < sum_bounds(input_, figures_).steady) return false;
    for (std::size_t i = 0; i < figures_.size(); ++i) {
      const auto& member = *figures_[i].member;
      if (member.declared->tier < tier && member.sizeable() && member.spec_replicas < sizes_[i].part)
        return true;
    }
    return false;
  }

  [[nodiscard]] bool has_trouble(std::int32_t tier) const {
    return std::ranges::any_of(figures_, [&](const Figures& backend) {
      return backend.member->declared->tier == tier &&
             (backend.is_unfit || (backend.is_eligible && backend.is_short));
    });
  }

  /// Its proportion of what reaches its tier; none where it is not of this tier or cannot take any.
  [[nodiscard]] double takes_over(const Figures& backend, std::int32_t tier) const {
    if (backend.member->declared->tier != tier || backend.is_out || backend.is_unfit) return 0;
    if (spec_.balancing.algorithm == api::Algorithm::RoundRobin) return 1;
    return std::max(0, backend.member->declared->weight);
  }

  void record_added(std::size_t i) {
    const auto& backend = figures_[i];
    auto& hold = remembered(i).hold;
    const auto now = input_.snapshot.now;
    // First sight: whatever is there may be needed.
    if (hold.empty()) hold.record(now, failover::Hold::kEverything);
    const bool is_back = !backend.is_unfit && !backend.is_missing();
    hold.record(now, is_back ? added_[i] : failover::Hold::kEverything);
    hold.forget(scaling::moment_before(now, window()));
  }

  [[nodiscard]] std::chrono::seconds window() const {
    return scaling::down_window(*spec_.scaling, input_.snapshot.settings);
  }

  /// Where a standby is not to grow ahead of its traffic. That is no reason for what is there to go.
  void limit_standby(std::size_t i) {
    auto& size = sizes_[i];
    if (spec_.failover.pre_scale || !is_above_lowest(i) || size.wanted <= minimum(i)) return;
    size.wanted = minimum(i);
    add_step(
        size, "PreScaleDisabled", size.wanted, "failover.preScale is Disabled: a standby keeps its minimum");
  }

  void hold(std::size_t i) {
    const auto& backend = figures_[i];
    auto& size = sizes_[i];
    const auto there = backend.member->spec_replicas.value_or(0);
    if (there <= size.wanted) return;
    if (input_.snapshot.settings.frozen) {
      keep(size, "Hold", there, "it keeps its replicas while the fleet breaker is on");
      return;
    }
    const bool is_lost = backend.is_unfit || backend.is_missing();
    // What people ask for is met: only what has lost its endpoints keeps its size, up to the whole.
    if (spec_.replicas) {
      if (is_lost)
        keep(size, "Hold", std::min(there, input_.total), "it keeps its replicas until it is back");
      return;
    }
    if (backend.is_out) return;
    const double held =
        remembered(i).hold.highest_after(scaling::moment_before(input_.snapshot.now, window()));
    keep(size,
         "Hold",
         std::min(there, whole_up(held)),
         is_lost ? "it keeps its replicas until it is back"
                 : "it keeps its replicas until it has not been needed for the scale-down window");
  }

  void within_own_bounds(std::size_t i) {
    auto& size = sizes_[i];
    const auto& backend = figures_[i];
    const auto most = backend.member->max_replicas(input_.max);
    // Its part is bounded already: what it would have been without tells whether that is what stops it.
    const bool is_bounded = size.has_part && size.wanted == most && !spec_.replicas &&
                            backend.sizing / 100 * input_.total >= most + 0.5;
    if (size.wanted > most || is_bounded) {
      const bool is_own = backend.member->declared->max_replicas.has_value();
      // What stops it is to be raised where it is declared; and only an own maximum stops a shift for good.
      (is_own ? size.stopped_by_own_maximum : size.stopped_by_bounds) = true;
      size.reason = is_own
                        ? "its own maximum stops it; raise maxReplicas of the backend if it is to take over"
                        : "maxReplicas of scaling stops it; raise it if it is to take over";
    }
    size.wanted = std::clamp(size.wanted, std::min(minimum_now(i), most), most);
  }

  /// A service at 0 has no part to be at least one.
  [[nodiscard]] std::int32_t minimum_now(std::size_t i) const {
    return input_.total == 0 && !is_above_lowest(i) ? 0 : minimum(i);
  }

  static constexpr std::int32_t kMostReplicas = std::numeric_limits<std::int32_t>::max();
  /// Part, one rule more, own bounds.
  static constexpr std::size_t kUsualSteps = 3;

  const SizeInput& input_;
  const api::Spec& spec_;
  std::span<const Figures> figures_;
  std::vector<Memory::Backend*> remembered_;
  std::vector<Size> sizes_;
  std::vector<std::int32_t> added_;  ///< What fail-over asks for, of each.
  std::optional<std::int32_t> lowest_tier_;
  bool last_division_holds_ = false;
};

}  // namespace

void start_from_last_parts(std::span<const Figures> figures, Memory& memory) {
  for (const auto& backend : figures) {
    auto& before = memory.backends[backend.member->declared->name];
    before.part_before = before.part;
    // The one more that its load asked for is asked for anew, or it would count twice.
    if (before.part_before && before.had_extra != Extra::No) --*before.part_before;
  }
}

std::vector<Size> wanted_sizes(const SizeInput& input, std::span<const Figures> figures, Memory& memory) {
  return Wanting{input, figures, memory}.run();
}

}  // namespace evenkeel::plan
