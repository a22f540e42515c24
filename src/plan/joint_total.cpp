#include <algorithm>
#include <cmath>
#include <utility>

#include "evenkeel/balancing/proportions.hpp"
#include "evenkeel/scaling/need.hpp"

#include "joint.hpp"
#include "minimums.hpp"
#include "report.hpp"

namespace evenkeel::plan {
namespace {

std::span<const api::Pod> pods_of(const Member& member) {
  return member.seen->pods;
}

/// Ready endpoints of the backends that are sized by their share.
std::int64_t ready_of(const Joint& joint) {
  std::int64_t ready = 0;
  for (const auto& member : joint.members) {
    if (joint.full[member.index] > 0) ready += member.ready_endpoints;
  }
  return ready;
}

/// The counts that the arithmetic starts from: upstream's for one backend, sums for several.
scaling::Counts counts_of(const Joint& joint, std::int32_t current) {
  const auto& members = joint.members;
  if (!joint.is_several()) {
    return {.current = current,
            .existing = members.front().existing,
            .ready = members.front().ready_pods,
            .several = false};
  }
  return {.current = current,
          .existing = current,
          .ready = static_cast<std::int32_t>(std::min<std::int64_t>(ready_of(joint), current)),
          .several = true};
}

/// The traffic that a backend has: as it is measured, else as it was set when this moment was decided first.
double traffic_of(const Joint& joint, const Member& member) {
  return member.observed.value_or(joint.origin[member.index]);
}

/// What the backends' own readings of one metric ask for.
std::vector<BackendNeed> needs_of(Joint& joint, const api::Metric& metric, const scaling::Reading& reading) {
  std::vector<BackendNeed> needs;
  needs.reserve(joint.members.size());
  for (const auto& member : joint.members) {
    BackendNeed need{.full = joint.full[member.index]};
    const auto seen = reading.by_backend.find(member.declared->name);
    if (need.full <= 0) need.share = traffic_of(joint, member);
    if (need.full > 0 && seen != reading.by_backend.end()) {
      const scaling::BackendCounts counts{.name = member.declared->name,
                                          .current = member.spec_replicas.value_or(0),
                                          .ready = member.ready_pods,
                                          .rollout = member.rollout,
                                          .pods = pods_of(member)};
      const auto asked =
          scaling::backend_need(metric, reading, counts, joint.snapshot.settings, joint.snapshot.now);
      if (asked) {
        need.need = asked->replicas;
        need.ratio = asked->ratio;
      }
      const auto& remembered = joint.remembered(member);
      const ReadingSpan span{
          .time = seen->second.sample_time.value_or(joint.snapshot.now),
          .window = seen->second.window.count() > 0 ? seen->second.window : scaling::kUsualWindow};
      need.share = share_behind(remembered.watch_before.value_or(remembered.watch),
                                member.observed,
                                span,
                                joint.spec().balancing.drain,
                                joint.snapshot.now);
      need.is_count_behind = is_count_behind(remembered.serving, span);
    }
    needs.push_back(need);
  }
  return needs;
}

void report_needs(Joint& joint, const std::string& metric, std::span<const BackendNeed> needs) {
  for (const auto& member : joint.members) {
    const auto& need = needs[member.index];
    if (need.full <= 0) continue;
    const auto text = [&] {
      if (!need.need) return ": no sample that can be used";
      return is_usable(need) ? ": what it needs at the share that its reading was taken under"
                             : ": counts only in the sum until that share is known, and 5 % of the traffic "
                               "or half of its own";
    };
    api::Step step{.step = "Need"};
    step.metric = metric;
    step.value = need.need;
    step.weight = need.share;
    step.detail = "backend " + member.declared->name + text();
    joint.decision.total.steps.push_back(std::move(step));
  }
}

/// @param plain  what is asked for without it; empty: any `asked` is more.
void report_minimums(Joint& joint,
                     const std::string& metric,
                     std::optional<double> plain,
                     std::optional<double> asked) {
  if (!asked || asked == plain) return;
  api::Step step{.step = "Minimums", .value = asked};
  step.metric = metric;
  step.detail =
      "what backends hold at their minimum beyond their part is asked for beside what the others carry";
  joint.decision.total.steps.push_back(std::move(step));
}

/// What backends need by one metric; of scope Service nothing.
struct MetricNeeds {
  std::vector<BackendNeed> backends;
  Needs all;
};

/// The largest of all metrics, by backend.
template <class Figure>
std::vector<Figure> largest_of(std::span<const MetricNeeds> needs, std::vector<Figure> Needs::* figures) {
  std::vector<Figure> largest;
  for (const auto& metric : needs) {
    const auto& own = metric.all.*figures;
    if (largest.size() < own.size()) largest.resize(own.size());
    for (std::size_t i = 0; i < own.size(); ++i) largest[i] = std::max(largest[i], own[i]);
  }
  return largest;
}

bool is_value_of_service(const api::Metric& metric) {
  return metric.scope == api::MetricScope::Service && metric.target_type == api::TargetType::Value;
}

/// Of a usable reading: how many times its target it is.
double ratio_of(const api::Metric& metric, const scaling::Reading& reading) {
  return static_cast<double>(*reading.milli) / static_cast<double>(metric.target_value.milli());
}

/// The most traffic of all, in percent, for one ready endpoint: where a latency comes from.
double busiest(const Joint& joint) {
  double highest = 0;
  for (const auto& member : joint.members) {
    if (member.ready_endpoints > 0)
      highest = std::max(highest, traffic_of(joint, member) / member.ready_endpoints);
  }
  return highest;
}

/// What the total is to be at least so that every backend keeps as many replicas as the reading, times what
/// is ready of it, asks for. A latency is that of the slowest, whoever that is, and whole replicas cannot be
/// divided evenly: by the sum alone a fall would go too far, and come back. As upstream's `Value` it takes
/// what is measured to be in proportion to the load of a replica.
std::int32_t least_by_value(const Joint& joint, double ratio, std::int32_t current) {
  std::vector<double> least;
  least.reserve(joint.members.size());
  for (const auto& member : joint.members) least.push_back(ratio * member.ready_endpoints);
  return least_total(joint.full, part_bounds(joint.members), least, current);
}

/// What each backend of `total` replicas is to have, where its own readings do not tell.
std::vector<double> parts_by_share(const Joint& joint, double total) {
  std::vector<double> parts;
  parts.reserve(joint.full.size());
  for (const double full : joint.full) parts.push_back(total * full / 100);
  return parts;
}

/// beside_minimums() of `parts` of `asked`, where it may hold.
double beside_held(const Joint& joint, double asked, std::span<const double> parts, std::int32_t current) {
  // Computed shares follow the sizes: who holds more than his part carries more.
  if (balancing::is_computed(joint.spec().balancing.algorithm)) return asked;
  const auto is_under = [&](const Member& member) {
    const double part = parts[member.index];
    return part > 0 && part < member.least_part();
  };
  // Mostly nobody is, and a division costs.
  if (std::ranges::none_of(joint.members, is_under)) return asked;
  const auto total = scaling::whole_need(asked, current, *joint.spec().scaling, joint.snapshot.settings);
  return beside_minimums(asked, parts, part_bounds(joint.members), total.replicas, joint.rise_tolerance());
}

/// Demand in replicas where a metric of target `Value` tells the total; neither rounded nor held by the
/// tolerance, which would move shares, which moves what is measured. Between what `Value` itself asks for,
/// which is too much where replicas are not evenly loaded, and what would be enough if they were, which never
/// makes room for a backend that may not grow: the first alone would swing as far as that one's share does.
std::optional<double> demand_by_value(const Joint& joint, double ratio) {
  const double highest = busiest(joint);
  const auto ready = static_cast<double>(ready_of(joint));
  if (!(highest > 0) || !(ready > 0)) return std::nullopt;
  // What is spilt to others is asked for as well; forgotten, it would go to and fro.
  double carried = 0;
  for (const auto& member : joint.members) {
    if (joint.full[member.index] > 0) carried += traffic_of(joint, member);
  }
  return std::sqrt(ratio * ready * beyond_carried(carried) * (ratio * 100 / highest));
}

/// The metric whose proposal counts: the largest, the first of equals.
std::optional<std::size_t> deciding_metric(std::span<const api::Metric> metrics,
                                           const scaling::TotalOutcome& outcome) {
  const api::Step* best = nullptr;
  for (const auto& step : outcome.steps) {
    if (step.step != "Metric" || !step.replicas) continue;
    if (best == nullptr || *step.replicas > *best->replicas) best = &step;
  }
  if (best == nullptr) return std::nullopt;
  const auto found = std::ranges::find(metrics, best->metric.value_or(""), &api::Metric::name);
  if (found == metrics.end()) return std::nullopt;
  return static_cast<std::size_t>(found - metrics.begin());
}

std::int32_t floor_in_replicas(const Joint& joint) {
  const auto& floor = joint.memory.demand.floor;
  if (!floor) return 0;
  double planned = 1;
  if (joint.load_metric) planned = joint.spec().scaling->metrics[*joint.load_metric].target_value.value();
  if (!(planned > 0)) return 0;
  return whole_up(floor->lost.value / planned);
}

void report_demand(Joint& joint) {
  if (!joint.is_several()) return;
  api::Step step{.step = "Demand"};
  step.value = joint.demand.value;
  if (joint.load_metric) step.metric = joint.readings[*joint.load_metric].name;
  if (!joint.demand.value) step.detail = "unknown: no signal that can be used";
  if (joint.demand.remembered) step.detail = "what was known last stands for one scale-down window";
  if (joint.demand.is_floor)
    step.detail = "what was asked for before endpoints were lost is a floor for a while";
  joint.decision.total.steps.push_back(std::move(step));
}

/// What load of the whole service asks for; empty: no more than the reading over its target.
std::optional<double> asked_by_load(const Joint& joint,
                                    const api::Metric& metric,
                                    const scaling::Reading& reading,
                                    std::int32_t current) {
  if (metric.target_type != api::TargetType::AverageValue || !reading.usable()) return std::nullopt;
  const double load = ratio_of(metric, reading);
  const double asked = beside_held(joint, load, parts_by_share(joint, load), current);
  return asked > load ? std::optional{asked} : std::nullopt;
}

/// What the needs of single backends ask for in all; empty: nothing can be told.
std::optional<double> asked_by_needs(const Joint& joint, const Needs& needs, std::int32_t current) {
  // While nobody knows a share it is the present total, minimums included.
  if (!needs.demand) return needs.total;
  if (!needs.parts.empty()) return beside_held(joint, *needs.total, needs.parts, current);
  const double by_share = beside_held(joint, *needs.total, parts_by_share(joint, *needs.total), current);
  if (!joint.memory.by_needs_before) return by_share;
  // Until needs are known again, what shares would ask for keeps what is there, and asks for no more.
  return std::max(*needs.total, std::min<double>(by_share, current));
}

/// Asks the backends' own readings, and what a fall by a `Value` has to leave, into `input`.
/// @return in the order of the metrics.
std::vector<MetricNeeds> ask_several(Joint& joint, std::int32_t current, scaling::TotalInput& input) {
  const auto& metrics = input.scaling.metrics;
  std::vector<MetricNeeds> needs(metrics.size());
  input.asked.resize(metrics.size());
  input.least_by_value.resize(metrics.size());
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (is_value_of_service(metrics[i]) && joint.readings[i].usable()) {
      const double ratio = ratio_of(metrics[i], joint.readings[i]);
      if (ratio > 0 && ratio < 1) input.least_by_value[i] = least_by_value(joint, ratio, current);
    }
    if (metrics[i].scope == api::MetricScope::Service) {
      input.asked[i] = asked_by_load(joint, metrics[i], joint.readings[i], current);
      continue;
    }
    needs[i].backends = needs_of(joint, metrics[i], joint.readings[i]);
    needs[i].all = combine_needs(needs[i].backends, current);
    input.asked[i] = asked_by_needs(joint, needs[i].all, current);
  }
  if (const auto floor = floor_in_replicas(joint); floor > 0) input.floor = floor;
  return needs;
}

/// What is asked for in all, in replicas, where no metric measures demand.
std::optional<AskedReplicas> asked_in_replicas(const Joint& joint,
                                               const TotalStage& stage,
                                               std::optional<std::size_t> deciding) {
  if (!stage.outcome.proposal) return std::nullopt;
  std::optional<double> by_value;
  if (deciding && joint.readings[*deciding].usable()) {
    const auto& metric = joint.spec().scaling->metrics[*deciding];
    if (is_value_of_service(metric))
      by_value = demand_by_value(joint, ratio_of(metric, joint.readings[*deciding]));
  }
  return AskedReplicas{.value = stage.needs.demand.value_or(
                           stage.needs.total.value_or(by_value.value_or(*stage.outcome.proposal))),
                       .at_least = stage.needs.at_least};
}

/// Nobody can be read, or other metrics ask for as much until what was divided by can be read again: that is
/// no reason to divide by shares what was divided by needs.
void settle_division(Joint& joint, std::span<const MetricNeeds> needs, bool is_decided, TotalStage& stage) {
  auto& memory = joint.memory;
  const auto is_own = [](const api::Metric& metric) { return metric.scope != api::MetricScope::Service; };
  const bool is_blind = !is_decided && std::ranges::any_of(joint.spec().scaling->metrics, is_own);
  const bool is_waiting = memory.by_needs_before && std::ranges::any_of(needs, [](const MetricNeeds& metric) {
                            return !metric.backends.empty() && metric.all.parts.empty();
                          });
  stage.are_needs_unknown = stage.needs.parts.empty() && (stage.needs.total || is_blind || is_waiting);
  memory.by_needs = !stage.needs.parts.empty() || (stage.are_needs_unknown && memory.by_needs_before);
}

/// After those of schedules, which have spoken before.
void add_steps(std::vector<api::Step> added, std::vector<api::Step>& steps) {
  if (steps.empty()) {
    steps = std::move(added);
    return;
  }
  steps.insert(steps.end(), std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()));
}

}  // namespace

void read_metrics(Joint& joint) {
  if (!joint.spec().scaling) return;
  scaling::SignalContext context{.now = joint.snapshot.now, .serving_endpoints = 0};
  std::vector<scaling::SignalBackend> backends;
  backends.reserve(joint.members.size());
  // What samples are expected from follows the live shares: under those they were taken.
  const auto live = shares_as_set(joint.members);
  for (const auto& member : joint.members) {
    const bool has_share = live[member.index] > 0;
    if (has_share) context.serving_endpoints += member.ready_endpoints;
    backends.push_back({.name = member.declared->name,
                        .has_share = has_share,
                        .ready_endpoints = member.ready_endpoints,
                        .pods = pods_of(member)});
  }
  context.backends = backends;
  const auto& metrics = joint.spec().scaling->metrics;
  joint.readings.reserve(metrics.size());
  joint.decision.signals.reserve(metrics.size());
  for (const auto& metric : metrics) {
    const auto found = joint.snapshot.metrics.find(metric.name);
    const auto* samples = found == joint.snapshot.metrics.end() ? nullptr : &found->second;
    joint.readings.push_back(scaling::read_signal(metric, samples, context));
    const auto& reading = joint.readings.back();
    joint.decision.signals.push_back(signal_state(reading));
    auto& warnings = joint.decision.warnings;
    warnings.insert(warnings.end(), reading.warnings.begin(), reading.warnings.end());
  }
  joint.load_metric = load_metric_of(*joint.spec().scaling);
}

void measure(Joint& joint) {
  if (!joint.is_several() || !joint.spec().scaling) return;
  const auto now = joint.snapshot.now;
  auto& memory = joint.memory.demand;
  if (joint.load_metric) {
    joint.demand = measure_demand(joint.readings[*joint.load_metric], joint.window(), now, memory);
    return;
  }
  // What the metrics ask for in all is known only when the total is decided; until then it is as it was
  // before.
  const auto& last = memory.last && memory.last->time < now ? memory.last : memory.before;
  if (last && last->time >= scaling::moment_before(now, joint.window())) joint.demand.value = last->value;
}

void settle_demand_floor(Joint& joint) {
  if (!joint.is_several()) return;
  bool is_lost = false;
  bool is_somebody_away = false;
  double ready = 0;
  for (const auto& member : joint.members) {
    const auto& health = joint.view.health.backends[member.index];
    auto& before = joint.remembered(member);
    const bool is_gone = health.ready == 0 && health.fitness != failover::Fitness::Out && !member.asleep;
    is_lost = is_lost || (is_gone && before.had_endpoints);
    is_somebody_away = is_somebody_away || (is_gone && member.declared->weight > 0 && health.expected > 0);
    if (health.fitness == failover::Fitness::Eligible) ready += health.ready * joint.capacities[member.index];
    before.had_endpoints = health.ready > 0 && joint.origin[member.index] > 0;
  }
  const auto& floor = joint.memory.demand.floor;
  const bool is_covered = !is_somebody_away || (floor && ready >= floor->lost.value);
  settle_floor(is_lost, is_covered, joint.window(), joint.snapshot.now, joint.memory.demand);
  joint.demand = with_floor(joint.demand, joint.memory.demand);
}

TotalStage decide_total(Joint& joint, std::int32_t current, scaling::Limits limits) {
  const auto& snapshot = joint.snapshot;
  const auto& scaling = *joint.spec().scaling;
  if (!joint.repeats) joint.memory.by_needs_before = joint.memory.by_needs;
  scaling::TotalInput input{.scaling = scaling,
                            .manual = joint.spec().replicas,
                            .settings = snapshot.settings,
                            .now = snapshot.now,
                            .counts = counts_of(joint, current),
                            .limits = limits,
                            .restored = snapshot.restored};
  std::vector<MetricNeeds> needs;  // Of one backend there are none.
  if (joint.is_several()) {
    needs = ask_several(joint, current, input);
  } else {
    input.pods = pods_of(joint.members.front());
    input.rollout = joint.members.front().rollout;
  }
  TotalStage stage{.outcome = scaling::decide_total(input, joint.readings, joint.memory.history),
                   .needs = {},
                   .known_needs = largest_of(needs, &Needs::parts),
                   .guessed = largest_of(needs, &Needs::guessed)};
  const auto deciding = deciding_metric(scaling.metrics, stage.outcome);
  if (deciding && !needs.empty()) {
    auto& deciders = needs[*deciding];
    const auto& metric = scaling.metrics[*deciding];
    if (!deciders.backends.empty()) report_needs(joint, metric.name, deciders.backends);
    report_minimums(joint, metric.name, deciders.all.total, input.asked[*deciding]);
    stage.needs = std::move(deciders.all);
  }
  settle_division(joint, needs, deciding.has_value(), stage);
  if (joint.is_several() && !joint.load_metric) {
    joint.demand = with_floor(
        demand_in_replicas(
            asked_in_replicas(joint, stage, deciding), joint.window(), snapshot.now, joint.memory.demand),
        joint.memory.demand);
  }
  add_steps(std::exchange(stage.outcome.steps, {}), joint.decision.total.steps);
  report_demand(joint);
  return stage;
}

}  // namespace evenkeel::plan
