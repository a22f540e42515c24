#include "evenkeel/scaling/schedule.hpp"

#include <algorithm>
#include <optional>

#include "cron.hpp"

namespace evenkeel::scaling {
namespace {

/// Empty: it cannot be told; `problem` says why.
std::optional<bool> is_on(const api::Schedule& schedule,
                          const TimeZones* zones,
                          UtcTime now,
                          std::string& problem) {
  const TimeZones only_utc;
  const auto* zone = (zones != nullptr ? *zones : only_utc).find(schedule.time_zone);
  const auto start = Cron::parse(schedule.start);
  const auto end = Cron::parse(schedule.end);
  if (zone == nullptr) {
    problem = "its timeZone " + schedule.time_zone + " is not known here; use a name of the IANA database";
    return std::nullopt;
  }
  if (!start || !end) {
    problem = "its start or end is not five fields of cron";
    return std::nullopt;
  }
  const auto started = start->last(now, *zone);
  const auto ended = end->last(now, *zone);
  return started && (!ended || *started > *ended);
}

void add_step(const api::Schedule& schedule, std::vector<api::Step>& steps) {
  std::string detail = "schedule " + schedule.name + " is on:";
  if (schedule.min_replicas) detail += " minReplicas " + std::to_string(*schedule.min_replicas);
  if (schedule.max_replicas) detail += " maxReplicas " + std::to_string(*schedule.max_replicas);
  auto& step = steps.emplace_back();
  step.step = "Schedule";
  step.detail = std::move(detail);
}

}  // namespace

Limits scheduled_limits(const api::Scaling& scaling,
                        const TimeZones* zones,
                        WallTime now,
                        std::vector<api::Step>& steps,
                        std::vector<std::string>& warnings) {
  Limits limits{.min = std::max(0, scaling.min_replicas), .max = std::max(1, scaling.max_replicas)};
  if (scaling.schedules.empty()) return limits;
  std::optional<std::int32_t> highest_min;
  std::vector<std::int32_t> maximums;
  for (const auto& schedule : scaling.schedules) {
    std::string problem;
    const auto on = is_on(schedule, zones, std::chrono::floor<std::chrono::seconds>(now), problem);
    if (!on) warnings.push_back("schedule " + schedule.name + ": " + problem + "; it is left out");
    if (!on.value_or(false)) continue;
    add_step(schedule, steps);
    if (schedule.min_replicas) highest_min = std::max(highest_min.value_or(0), *schedule.min_replicas);
    if (schedule.max_replicas) maximums.push_back(std::max(1, *schedule.max_replicas));
  }
  limits.min = highest_min.value_or(limits.min);
  std::ranges::sort(maximums);
  const auto fitting = std::ranges::lower_bound(maximums, limits.min);
  if (fitting != maximums.end()) limits.max = *fitting;
  limits.min = std::min(limits.min, limits.max);
  return limits;
}

}  // namespace evenkeel::scaling
