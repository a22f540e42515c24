#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

namespace evenkeel::plan {
namespace {

using api::BackendState;
using failover::Fitness;

constexpr std::int32_t kNoTier = std::numeric_limits<std::int32_t>::max();

BackendState state_of(const Figures& backend, const failover::BackendHealth& health) {
  if (backend.is_out) return BackendState::Draining;
  if (health.ejected) return BackendState::Ejected;
  if (backend.ready == 0) return BackendState::Unknown;
  return backend.weight > 0 || backend.target > 0 ? BackendState::Active : BackendState::Standby;
}

/// Why it stays where it is.
const char* why_it_stays(const Figures& backend, const Moved& moved) {
  if (std::abs(backend.target - backend.weight) <= kSameShare) return "it has the share it is meant to have";
  if (moved.in_place)
    return "less than a point is left, and capacity binds shares: readings of demand make that";
  if (moved.moves[backend.member->index].waits_for_capacity) return "it waits for ready capacity";
  return moved.pace == Pace::Rest ? "the next step is due stepSeconds after the last"
                                  : "nobody else can take or give share now";
}

const char* why_it_moved(const Figures& backend, std::string_view rule, bool by_steps) {
  if (rule == "AtOnce") return "what cannot be served or carried moves at once";
  if (rule == "Slice") return "without room to grow, a shift goes by one replica's share at a time";
  if (rule == "Edit") {
    return by_steps ? "an edit, a drain or a new declaration; by maxStepPercent, for demand is unknown"
                    : "an edit, a drain or a new declaration moves as fast as capacity becomes ready";
  }
  return std::abs(backend.target - backend.weight) <= kSameShare
             ? "the last step to its target"
             : "one step towards its target; the next after stepSeconds";
}

}  // namespace

std::string reason_of(const Figures& backend, const failover::BackendHealth& health) {
  if (!health.reason.empty()) return health.reason;
  if (backend.is_out) {
    if (backend.weight > 0) return "its share leaves as fast as others can take it";
    return backend.member->declared->weight > 0 ? "it is drained" : "its weight is 0";
  }
  if (backend.ready == 0) {
    if (backend.member->switched_off()) return failover::kSwitchedOff;
    if (backend.member->asleep) return failover::kSleeps;
    return backend.is_unfit ? failover::kNoReadyEndpoint : failover::kNeverReady;
  }
  return backend.weight > 0 ? "it takes traffic" : "it stands by";
}

std::string names_text(std::span<const std::string_view> names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text.empty() ? "nobody" : text;
}

void report_backends(Joint& joint) {
  for (const auto& figures : joint.figures) {
    const auto i = figures.member->index;
    const auto& health = joint.view.health.backends[i];
    auto& backend = joint.reported(*figures.member);
    backend.weight = figures.weight;
    backend.target_weight = figures.target;
    backend.state = state_of(figures, health);
    backend.reason = reason_of(figures, health);
    backend.ejected_until = health.ejected_until;
    backend.ejections = health.ejections;
    // In the order in which it was decided: health, proportion, target. Moves and sizes will follow.
    backend.steps = std::move(joint.targets.steps[i]);
    auto& first = joint.view.steps[i];
    backend.steps.insert(
        backend.steps.begin(), std::make_move_iterator(first.begin()), std::make_move_iterator(first.end()));
    if (figures.weight > 0 && figures.member->declared->tier < joint.decision.active_tier.value_or(kNoTier)) {
      joint.decision.active_tier = figures.member->declared->tier;
    }
  }
  if (joint.is_several() && joint.targets.uncovered > kWorthTelling) {
    joint.decision.total.steps.push_back(
        {.step = "Uncovered",
         .value = joint.targets.uncovered,
         .detail =
             "fraction of demand that nobody's ready capacity carries; it is shared by ready capacity"});
  }
}

void report_moves(Joint& joint, const Moved& moved, std::span<const Size> sizes) {
  for (const auto& figures : joint.figures) {
    const auto i = figures.member->index;
    const auto& move = moved.moves[i];
    const bool stays = std::string_view{move.rule}.empty();
    api::Step step{.step = stays ? "Stay" : move.rule};
    step.value = figures.set;
    step.weight = figures.weight;
    step.detail = stays ? why_it_stays(figures, moved) : why_it_moved(figures, move.rule, moved.stepped);
    auto& backend = joint.reported(*figures.member);
    backend.steps.push_back(std::move(step));
    if (!move.waits_for_capacity || figures.target <= figures.weight + kSameShare) continue;
    const bool is_own = i < sizes.size() && sizes[i].stopped_by_own_maximum;
    api::Step wait{.step = "UpBeforeShift"};
    wait.weight = figures.weight;
    wait.detail = is_own ? "its own maximum keeps it from carrying more"
                         : "it rises when more of it is ready than " + std::to_string(figures.ready);
    backend.steps.push_back(std::move(wait));
  }
}

void report_surge(Joint& joint, const SumBounds& bounds, std::span<const Size> sizes) {
  std::int64_t sum = 0;
  for (const auto& size : sizes) sum += size.replicas.value_or(0);
  const bool was_surging = std::exchange(joint.memory.surging, sum > bounds.steady);
  if (was_surging || !joint.memory.surging || joint.spec().mode != api::Mode::Enforce) return;
  joint.decision.events.push_back({.type = api::Event::Type::Normal,
                                   .reason = "SurgeDuringShift",
                                   .message = std::to_string(sum) +
                                              " replicas in all while traffic moves, above " +
                                              std::to_string(bounds.steady)});
}

api::SignalState signal_state(const scaling::Reading& reading) {
  api::SignalState state{
      .name = reading.name, .quality = reading.quality, .sample_time = reading.sample_time};
  if (reading.milli) state.value = static_cast<double>(*reading.milli) / 1000.0;
  return state;
}

}  // namespace evenkeel::plan
