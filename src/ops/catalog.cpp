#include <array>

#include "evenkeel/ops/metrics.hpp"

namespace evenkeel::ops {

// NOLINTNEXTLINE(readability-function-size): a table, an entry for each metric.
std::span<const MetricDescription> metric_catalog() {
  using enum MetricType;
  // Not a global: initialised on first use, never changed.
  static const std::array kCatalog{
      MetricDescription{
          "evenkeel_build_info", Gauge, {"version", "revision"}, "Always 1; the labels say what runs."},
      MetricDescription{
          "evenkeel_info", Gauge, {"namespace", "name", "mode"}, "Always 1 for each LoadBalancedService."},
      MetricDescription{
          "evenkeel_replicas", Gauge, {"namespace", "name"}, "Replicas that exist, over all backends."},
      MetricDescription{"evenkeel_desired_replicas",
                        Gauge,
                        {"namespace", "name"},
                        "Replicas that were last decided, over all backends."},
      MetricDescription{
          "evenkeel_active_tier", Gauge, {"namespace", "name"}, "Lowest tier that has a share."},
      MetricDescription{"evenkeel_backend_weight",
                        Gauge,
                        {"namespace", "name", "backend"},
                        "Share of all traffic that was decided, in percent."},
      MetricDescription{
          "evenkeel_backend_ready", Gauge, {"namespace", "name", "backend"}, "Ready endpoints."},
      MetricDescription{"evenkeel_backend_replicas",
                        Gauge,
                        {"namespace", "name", "backend"},
                        "Replicas that the workload asks for."},
      MetricDescription{"evenkeel_backend_desired_replicas",
                        Gauge,
                        {"namespace", "name", "backend"},
                        "Replicas that were last decided."},
      MetricDescription{"evenkeel_status_condition",
                        Gauge,
                        {"namespace", "name", "condition", "status"},
                        "1 for the status that the condition has, 0 for the other two."},
      MetricDescription{"evenkeel_metric_value",
                        Gauge,
                        {"namespace", "name", "metric"},
                        "The last value of a declared metric."},
      MetricDescription{"evenkeel_metric_quality",
                        Gauge,
                        {"namespace", "name", "metric", "quality"},
                        "1 for the quality that the reading has."},
      MetricDescription{"evenkeel_metric_sample_time_seconds",
                        Gauge,
                        {"namespace", "name", "metric"},
                        "Unix time of the newest raw sample behind the value."},
      MetricDescription{"evenkeel_failovers_total",
                        Counter,
                        {"namespace", "name", "from", "to"},
                        "Changes of the active tier."},
      MetricDescription{"evenkeel_scale_events_total",
                        Counter,
                        {"namespace", "name", "direction"},
                        "Counts of replicas written."},
      MetricDescription{
          "evenkeel_writes_total", Counter, {"resource", "result"}, "Patches sent to the API server."},
      MetricDescription{"evenkeel_watch_restarts_total",
                        Counter,
                        {"resource", "reason"},
                        "Watches and lists that failed and were begun again."},
      MetricDescription{"evenkeel_metric_query_duration_seconds", Histogram, {}, "Time that one query took."},
      MetricDescription{
          "evenkeel_metric_query_errors_total", Counter, {"reason"}, "Queries without a result."},
      MetricDescription{
          "controller_runtime_reconcile_total", Counter, {"controller", "result"}, "Passes over an object."},
      MetricDescription{
          "controller_runtime_reconcile_errors_total", Counter, {"controller"}, "Passes that failed."},
      MetricDescription{
          "controller_runtime_reconcile_time_seconds", Histogram, {"controller"}, "Time of one pass."},
      MetricDescription{
          "controller_runtime_max_concurrent_reconciles", Gauge, {"controller"}, "Number of workers."},
      MetricDescription{
          "controller_runtime_active_workers", Gauge, {"controller"}, "Workers with a pass under way."},
      MetricDescription{"workqueue_depth", Gauge, {"name", "controller"}, "Keys that wait for a worker."},
      MetricDescription{"workqueue_adds_total", Counter, {"name", "controller"}, "Keys added."},
      MetricDescription{
          "workqueue_retries_total", Counter, {"name", "controller"}, "Keys added again after a failure."},
      MetricDescription{
          "workqueue_queue_duration_seconds", Histogram, {"name", "controller"}, "Time from added to taken."},
      MetricDescription{
          "workqueue_work_duration_seconds", Histogram, {"name", "controller"}, "Time of the work on a key."},
      MetricDescription{"workqueue_unfinished_work_seconds",
                        Gauge,
                        {"name", "controller"},
                        "Age of the work under way, summed."},
      MetricDescription{"workqueue_longest_running_processor_seconds",
                        Gauge,
                        {"name", "controller"},
                        "Age of the oldest work under way."},
      MetricDescription{"process_cpu_seconds_total", Counter, {}, "Processor time used."},
      MetricDescription{"process_resident_memory_bytes", Gauge, {}, "Resident memory."},
      MetricDescription{"process_virtual_memory_bytes", Gauge, {}, "Virtual memory."},
      MetricDescription{"process_open_fds", Gauge, {}, "Open file descriptors."},
      MetricDescription{"process_max_fds", Gauge, {}, "The most file descriptors that may be open."},
      MetricDescription{"process_start_time_seconds", Gauge, {}, "Unix time at which the process began."},
      MetricDescription{"process_threads", Gauge, {}, "Threads."},
  };
  return kCatalog;
}

}  // namespace evenkeel::ops
