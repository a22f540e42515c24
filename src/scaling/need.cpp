#include "evenkeel/scaling/need.hpp"

#include "arithmetic.hpp"
#include "pods.hpp"

namespace evenkeel::scaling {
namespace {

using api::MetricScope;

std::optional<Need> need_from_pods(const api::Metric& metric,
                                   const Reading& reading,
                                   const BackendCounts& backend,
                                   const api::Settings& settings,
                                   WallTime now) {
  const auto sized = size_from_pods({.metric = metric,
                                     .samples = reading.pods,
                                     .pods = backend.pods,
                                     .current = backend.current,
                                     .rollout = backend.rollout,
                                     .strangers = false,
                                     .settings = settings,
                                     .now = now,
                                     .tolerance = {}});
  if (!sized.need) return std::nullopt;
  return Need{.replicas = sized.load, .ratio = sized.ratio};
}

}  // namespace

std::optional<Need> backend_need(const api::Metric& metric,
                                 const Reading& reading,
                                 const BackendCounts& backend,
                                 const api::Settings& settings,
                                 WallTime now) {
  if (metric.scope == MetricScope::Pod) {
    return reading.usable() ? need_from_pods(metric, reading, backend, settings, now) : std::nullopt;
  }
  const auto found = reading.by_backend.find(backend.name);
  if (found == reading.by_backend.end() || !found->second.usable()) return std::nullopt;
  const auto target = static_cast<double>(metric.target_value.milli());
  if (!(target > 0)) return std::nullopt;
  const double ratio = static_cast<double>(*found->second.milli) / target;
  // A load is shared by the replicas already: ratio times count is the load over what one carries.
  if (metric.target_type == api::TargetType::Value)
    return Need{.replicas = ratio * backend.ready, .ratio = ratio};
  return Need{.replicas = ratio, .ratio = {}};
}

WholeNeed whole_need(double need,
                     std::int32_t current,
                     const api::Scaling& scaling,
                     const api::Settings& settings) {
  const bool stays = current > 0 && tolerance_of(scaling, settings).covers(need / current);
  return {.replicas = stays ? current : count_up(need), .within_tolerance = stays};
}

}  // namespace evenkeel::scaling
