#include "evenkeel/scaling/total.hpp"

#include <algorithm>

#include "evenkeel/base/number_text.hpp"

#include "arithmetic.hpp"
#include "conditions.hpp"
#include "proposal.hpp"

namespace evenkeel::scaling {
namespace {

using api::MissingPolicy;

std::string seconds_text(std::chrono::seconds span) {
  return std::to_string(span.count()) + " s";
}

/// What keeps the count from where the windows let it go, for people.
std::string limit_text(const char* direction, const RateLimit& limit) {
  if (limit.policy == nullptr) return std::string{direction} + " is Disabled";
  const bool percent = limit.policy->type == api::PolicyType::Percent;
  const auto step =
      percent ? std::to_string(limit.policy->value) + " %" : count_text(limit.policy->value, "replica");
  return std::string{direction} + " lets it go to " + std::to_string(limit.replicas) + " now: " + step +
         " in " + seconds_text(limit.policy->period);
}

/// One decision on its way from proposal to total.
class Decider {
 public:
  Decider(const TotalInput& input, std::span<const Reading> readings, History& history)
      : input_{input},
        readings_{readings},
        history_{history} {}

  TotalOutcome decide() {
    outcome_.steps.reserve(readings_.size() + kUsualSteps);
    // First sight: what is there counts as recommended, so nothing shrinks before a whole window was watched.
    if (!history_.has_recommendations()) history_.record_recommendation(input_.now, current());
    const bool idle = watch_idleness(input_, readings_, history_);
    auto proposal = current() == 0 ? combine_asleep(input_, readings_, outcome_.steps)
                                   : combine(input_, readings_, idle, outcome_.steps);
    outcome_.scaling_active = scaling_active(input_, proposal);
    outcome_.proposal = proposal.replicas;
    remember_season(proposal);
    if (!skip_metrics()) {
      if (current() == 0) {
        follow_asleep(std::move(proposal));
      } else {
        follow_awake(std::move(proposal), idle);
      }
    }
    freeze();
    if (outcome_.able_to_scale.type.empty()) outcome_.able_to_scale = unstabilised();
    const auto longest_window =
        std::max(up_window(input_.scaling), down_window(input_.scaling, input_.settings));
    history_.forget(moment_before(input_.now, longest_window),
                    moment_before(input_.now, longest_period(input_.scaling)));
    return std::move(outcome_);
  }

 private:
  [[nodiscard]] std::int32_t current() const { return input_.counts.current; }

  void add_step(const char* step, std::int32_t replicas, std::string detail = {}) {
    auto& added = outcome_.steps.emplace_back();
    added.step = step;
    added.replicas = replicas;
    if (!detail.empty()) added.detail = std::move(detail);
  }

  /// After minReplicas and maxReplicas, as they are in force: a schedule or a backend may have its own.
  void add_bounds(std::int32_t before) {
    const auto [min, max] = input_.limits;
    std::string detail;
    if (outcome_.replicas < before) detail = "at most " + std::to_string(max) + ", the maxReplicas in force";
    if (outcome_.replicas > before) detail = "at least " + std::to_string(min) + ", the minReplicas in force";
    add_step("Bounds", outcome_.replicas, std::move(detail));
  }

  void remember_season(const Proposal& proposal) {
    if (input_.scaling.predictive.mode == api::PredictiveMode::Off) {
      history_.seasons = {};
    } else if (proposal.replicas) {
      history_.seasons.record(input_.scaling.predictive, input_.now, *proposal.replicas);
    }
  }

  /// What bounds and people ask for goes before the metrics, and no policy slows it down.
  bool skip_metrics() {
    const auto [min, max] = input_.limits;
    auto before = current();
    if (input_.manual) {
      before = *input_.manual;
      outcome_.replicas = std::clamp(*input_.manual, min, max);
      outcome_.cause = "spec.replicas asks for it";
      add_step("Manual", *input_.manual, "spec.replicas");
      // Handing back to the metrics must not shrink the service before they have been watched for a window.
      history_.record_floor(input_.now, outcome_.replicas);
      const char* reason = *input_.manual > max ? "TooManyReplicas" : "TooFewReplicas";
      outcome_.scaling_limited = limited(outcome_.replicas == *input_.manual ? "DesiredWithinRange" : reason);
    } else if (current() > max) {
      outcome_.replicas = max;
      outcome_.cause = "the count was above " + std::to_string(max) + ", the maxReplicas in force";
      outcome_.scaling_limited = limited("TooManyReplicas");
    } else if (current() < min) {
      outcome_.replicas = min;
      outcome_.cause = "the count was below " + std::to_string(min) + ", the minReplicas in force";
      outcome_.scaling_limited = limited("TooFewReplicas");
    } else {
      return false;
    }
    add_bounds(before);
    return true;
  }

  [[nodiscard]] bool falls_back(const Proposal& proposal) const {
    return !proposal.replicas && !proposal.silent &&
           input_.scaling.on_missing_metrics.policy == MissingPolicy::Fallback;
  }

  void follow_asleep(Proposal proposal) {
    const auto [min, max] = input_.limits;
    const char* reason = "DesiredWithinRange";
    auto before = std::int32_t{0};
    if (proposal.replicas.value_or(0) > 0) {
      // Outside the policies: whoever waits for the first replica gets what the load asks for.
      outcome_.replicas = std::min(std::max(*proposal.replicas, min), max);
      outcome_.cause = "metric " + proposal.metric + " is above its activation";
      history_.record_recommendation(input_.now, outcome_.replicas);
      before = *proposal.replicas;
      add_step("Wake", before, outcome_.cause);
      if (*proposal.replicas > max) reason = "TooManyReplicas";
    } else if (falls_back(proposal) && input_.scaling.on_missing_metrics.replicas > 0) {
      const auto asked = input_.scaling.on_missing_metrics.replicas;
      add_step("Fallback", asked, "onMissingMetrics asks for it, for no metric with activation can be read");
      history_.record_recommendation(input_.now, asked);
      const auto limit = rate_limit(Direction::Up, input_.scaling.scale_up, history_, 0, input_.now);
      // Percents of nothing are nothing: the first replica is outside every policy.
      const auto rated = std::min(asked, std::max(1, limit.replicas));
      add_step("RateLimit", rated, rated == asked ? "" : limit_text("behavior.scaleUp", limit));
      before = rated;
      outcome_.replicas = std::min(rated, max);
      outcome_.cause = kFallbackCause;
      if (rated < asked) reason = "ScaleUpLimit";
      if (rated > max) reason = "TooManyReplicas";
    } else {
      outcome_.replicas = 0;
      add_step("Asleep", 0, outcome_.scaling_active.message);
      outcome_.scaling_limited = limited("NoRecommendation");
      return;
    }
    add_bounds(before);
    outcome_.scaling_limited = limited(reason);
  }

  void follow_awake(Proposal proposal, bool idle) {
    const char* cause = nullptr;
    if (falls_back(proposal)) {
      cause = kFallbackCause;
      proposal.replicas = std::max(held_total(), input_.scaling.on_missing_metrics.replicas);
      proposal.metric.clear();
      add_step("Fallback",
               *proposal.replicas,
               "onMissingMetrics asks for at least " +
                   std::to_string(input_.scaling.on_missing_metrics.replicas) + ", for " + proposal.problem);
    }
    if (input_.floor && *input_.floor > proposal.replicas.value_or(held_total())) {
      proposal.replicas = input_.floor;
      cause = "what a lost backend carried is still asked for";
      add_step("DemandFloor", *proposal.replicas, cause);
    }
    if (proposal.replicas && *proposal.replicas < current() && input_.counts.ready == 0) {
      // The traffic is missing because nobody serves it; shrinking in an outage makes coming back slower.
      proposal.replicas = current();
      add_step("Outage", current(), "no pod is ready: the count does not fall");
    }
    if (proposal.replicas) {
      follow_proposal(proposal, cause, idle);
    } else {
      hold();
    }
  }

  /// Of a fall by a metric that multiplies the count (those of pods, and `Value`) while it looks back further
  /// than the falls' window: such readings know more replicas than there are, and ask for the same fall
  /// again. Upstream does so too; whoever set the window has to learn it.
  [[nodiscard]] std::string hasty_fall_text(const std::string& metric) const {
    const auto found = std::ranges::find(input_.scaling.metrics, metric, &api::Metric::name);
    if (found == input_.scaling.metrics.end()) return {};
    const auto index = static_cast<std::size_t>(found - input_.scaling.metrics.begin());
    const auto looks_back = readings_[index].window;
    const auto window = down_window(input_.scaling, input_.settings);
    const bool multiplies =
        found->scope == api::MetricScope::Pod || found->target_type == api::TargetType::Value;
    if (!multiplies || looks_back <= window) return {};
    return "metric " + metric + " looks back on " + seconds_text(looks_back) +
           ", scaleDown.stabilizationWindowSeconds only on " + seconds_text(window) +
           ": falls may go too far and come back";
  }

  [[nodiscard]] std::string stabilisation_text(const Proposal& proposal,
                                               std::int32_t asked,
                                               std::int32_t stable) const {
    if (stable == asked) return stable < current() ? hasty_fall_text(proposal.metric) : std::string{};
    const bool falls = stable > asked;
    const auto window = falls ? down_window(input_.scaling, input_.settings) : up_window(input_.scaling);
    return "not " + std::to_string(asked) + ": " + std::to_string(stable) +
           (falls ? " or more" : " or fewer") + " were asked for within the last " + seconds_text(window);
  }

  /// @param cause  of a rise that no metric asks for, for people; null: the proposal's metric.
  void follow_proposal(const Proposal& proposal, const char* cause, bool idle) {
    auto asked = *proposal.replicas;
    // The last replica goes by idleness alone, whatever the figures are rounded to.
    if (input_.scaling.min_replicas == 0) asked = std::max(asked, 1);
    auto stable = stabilised(input_, history_, asked);
    history_.record_recommendation(input_.now, asked);
    outcome_.able_to_scale = stabilisation(current(), asked, stable);
    add_step("Stabilise", stable, stabilisation_text(proposal, asked, stable));
    if (idle && asked <= 1 && stable <= 1 && input_.counts.ready > 0) {
      stable = 0;
      add_step("Idle", 0, "no metric has been above its activation for idleAfterSeconds");
    }
    stable = raised_by_forecast(stable);
    limit_rate(stable);
    if (outcome_.replicas <= current()) {
      outcome_.cause = stable == 0 ? "nobody asks for anything" : "all metrics are below their targets";
    } else if (stable > std::max(asked, current())) {
      outcome_.cause = "the forecast asks for it";
    } else {
      outcome_.cause = cause != nullptr ? cause : "metric " + proposal.metric + " is above its target";
    }
  }

  /// A rise that was decided and is not seen yet is not taken back because nothing can be read. One backend
  /// does as upstream, to which a count is what the workload says.
  [[nodiscard]] std::int32_t held_total() const {
    const bool rises = input_.counts.several && history_.pending && history_.pending->to > current();
    return std::min(rises ? history_.pending->to : current(), input_.limits.max);
  }

  void hold() {
    const auto held = held_total();
    outcome_.replicas = held;
    add_step("Hold", held, outcome_.scaling_active.message);
    const auto stable = raised_by_forecast(held);
    if (stable == held) {
      outcome_.scaling_limited = limited("NoRecommendation");
      return;
    }
    limit_rate(stable);
    if (outcome_.replicas < held) {
      outcome_.replicas = held;
      add_step("Hold", held, "what was decided when the limit was wider stays");
    }
    outcome_.cause = "the forecast asks for it";
  }

  /// What the last seasons say about the time ahead: a floor, and never a ceiling.
  std::int32_t raised_by_forecast(std::int32_t stable) {
    const auto& predictive = input_.scaling.predictive;
    if (predictive.mode == api::PredictiveMode::Off) return stable;
    const auto forecast = history_.seasons.forecast(predictive, input_.now);
    if (!forecast) return stable;
    const bool enforced = predictive.mode == api::PredictiveMode::Enforce;
    add_step("Forecast",
             *forecast,
             enforced ? "from the same time of the last seasons; the total is not below it"
                      : "from the same time of the last seasons; predictive.mode is Shadow: not acted on");
    return enforced ? std::max(stable, std::min(*forecast, input_.limits.max)) : stable;
  }

  /// Policies, then bounds: `stable` -> the decided total.
  void limit_rate(std::int32_t stable) {
    const auto [min, max] = input_.limits;
    std::int32_t rated = stable;
    const char* reason = "DesiredWithinRange";
    std::string detail;
    outcome_.replicas = stable;
    if (stable > current()) {
      const auto limit = rate_limit(Direction::Up, input_.scaling.scale_up, history_, current(), input_.now);
      rated = std::min(stable, limit.replicas);
      if (rated != stable) detail = limit_text("behavior.scaleUp", limit);
      outcome_.replicas = std::min(rated, max);
      reason = max > limit.replicas ? "ScaleUpLimit" : "TooManyReplicas";
    } else if (stable < current()) {
      const auto limit =
          rate_limit(Direction::Down, input_.scaling.scale_down, history_, current(), input_.now);
      rated = std::max(stable, limit.replicas);
      if (rated != stable) detail = limit_text("behavior.scaleDown", limit);
      outcome_.replicas = std::max(rated, min);
      reason = min < limit.replicas ? "ScaleDownLimit" : "TooFewReplicas";
    }
    add_step("RateLimit", rated, std::move(detail));
    add_bounds(rated);
    outcome_.scaling_limited = limited(outcome_.replicas == stable ? "DesiredWithinRange" : reason);
  }

  void freeze() {
    if (!input_.settings.frozen || outcome_.replicas >= current() || current() > input_.limits.max) return;
    outcome_.replicas = current();
    add_step("Frozen", current(), "the fleet breaker forbids shrinking");
  }

  static constexpr const char* kFallbackCause = "no metric can be used and onMissingMetrics asks for it";
  /// Beside one for each metric.
  static constexpr std::size_t kUsualSteps = 4;

  const TotalInput& input_;
  std::span<const Reading> readings_;
  History& history_;
  TotalOutcome outcome_;
};

}  // namespace

std::chrono::seconds up_window(const api::Scaling& scaling) {
  return scaling.scale_up.stabilization_window.value_or(std::chrono::seconds{0});
}

std::chrono::seconds down_window(const api::Scaling& scaling, const api::Settings& settings) {
  return scaling.scale_down.stabilization_window.value_or(settings.downscale_stabilization);
}

std::chrono::seconds longest_period(const api::Scaling& scaling) {
  std::chrono::seconds longest{0};
  for (const auto* rules : {&scaling.scale_up, &scaling.scale_down}) {
    for (const auto& policy : rules->policies) longest = std::max(longest, policy.period);
  }
  return longest;
}

TotalOutcome decide_total(const TotalInput& input, std::span<const Reading> readings, History& history) {
  return Decider{input, readings, history}.decide();
}

}  // namespace evenkeel::scaling
