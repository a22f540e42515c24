#include "evenkeel/ops/metrics.hpp"

#include <utility>

#include <prometheus/text_serializer.h>

#include "evenkeel/base/guarded.hpp"

#include "process.hpp"
#include "series_table.hpp"

namespace evenkeel::ops {
namespace {

/// The value of the labels `controller` and `name` of what controller-runtime and client-go call so.
constexpr const char* kController = "loadbalancedservice";

constexpr const char* kConditionStatuses[] = {"True", "False", "Unknown"};
constexpr const char* kQualities[] = {"Fresh", "Stale", "Partial", "Empty", "Error"};

double unix_seconds(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

const char* to_string(PassResult result) {
  switch (result) {
    case PassResult::Success:
      return "success";
    case PassResult::Error:
      return "error";
    case PassResult::RequeueAfter:
      return "requeue_after";
  }
  return "unknown";
}

void set_if(SeriesTable& table, std::string_view name, LabelValues labels, const auto& value) {
  if (value) table.set(name, std::move(labels), static_cast<double>(*value));
}

void set_backends(SeriesTable& table, const ObjectKey& key, const std::vector<BackendFigures>& backends) {
  for (const auto& backend : backends) {
    const LabelValues labels{key.ns, key.name, backend.name};
    table.set("evenkeel_backend_weight", labels, backend.weight_percent);
    set_if(table, "evenkeel_backend_ready", labels, backend.ready_endpoints);
    set_if(table, "evenkeel_backend_replicas", labels, backend.replicas);
    set_if(table, "evenkeel_backend_desired_replicas", labels, backend.desired_replicas);
  }
}

void set_signals(SeriesTable& table, const ObjectKey& key, const std::vector<SignalFigure>& signals) {
  for (const auto& signal : signals) {
    const LabelValues labels{key.ns, key.name, signal.name};
    set_if(table, "evenkeel_metric_value", labels, signal.value);
    if (signal.sample_time) {
      table.set("evenkeel_metric_sample_time_seconds", labels, unix_seconds(*signal.sample_time));
    }
    for (const char* quality : kQualities) {
      table.set("evenkeel_metric_quality",
                {key.ns, key.name, signal.name, quality},
                signal.quality == quality ? 1 : 0);
    }
  }
}

}  // namespace

class Metrics::Store {
 public:
  Guarded<SeriesTable> table;
};

Metrics::Metrics(const BuildInfo& build) : store_{std::make_unique<Store>()} {
  store_->table.with([&](SeriesTable& table) {
    table.set("evenkeel_build_info", {build.version, build.revision}, 1);
    // Series that exist from the start can be rated and summed before their first event.
    table.add("controller_runtime_reconcile_errors_total", {kController}, 0);
    for (const auto result : {PassResult::Success, PassResult::Error, PassResult::RequeueAfter}) {
      table.add("controller_runtime_reconcile_total", {kController, to_string(result)}, 0);
    }
    table.add("workqueue_adds_total", {kController, kController}, 0);
    table.add("workqueue_retries_total", {kController, kController}, 0);
  });
  set_queue({});
}

Metrics::~Metrics() = default;

void Metrics::set_object(const ObjectKey& key, const ObjectFigures& figures) {
  store_->table.with([&](SeriesTable& table) {
    table.drop_gauges(key);
    table.set("evenkeel_info", {key.ns, key.name, figures.mode}, 1);
    set_if(table, "evenkeel_replicas", {key.ns, key.name}, figures.replicas);
    set_if(table, "evenkeel_desired_replicas", {key.ns, key.name}, figures.desired_replicas);
    set_if(table, "evenkeel_active_tier", {key.ns, key.name}, figures.active_tier);
    set_backends(table, key, figures.backends);
    for (const auto& condition : figures.conditions) {
      for (const char* status : kConditionStatuses) {
        table.set("evenkeel_status_condition",
                  {key.ns, key.name, condition.type, status},
                  condition.status == status ? 1 : 0);
      }
    }
    set_signals(table, key, figures.signals);
  });
}

void Metrics::drop_object(const ObjectKey& key) {
  store_->table.with([&](SeriesTable& table) { table.drop_object(key); });
}

void Metrics::count_failover(const ObjectKey& key, std::int32_t from_tier, std::int32_t to_tier) {
  store_->table.with([&](SeriesTable& table) {
    table.add("evenkeel_failovers_total",
              {key.ns, key.name, std::to_string(from_tier), std::to_string(to_tier)});
  });
}

void Metrics::count_scale_event(const ObjectKey& key, ScaleDirection direction) {
  store_->table.with([&](SeriesTable& table) {
    table.add("evenkeel_scale_events_total",
              {key.ns, key.name, direction == ScaleDirection::Up ? "up" : "down"});
  });
}

void Metrics::count_write(std::string_view resource, std::string_view result) {
  store_->table.with([&](SeriesTable& table) {
    table.add("evenkeel_writes_total", {std::string{resource}, std::string{result}});
  });
}

void Metrics::count_watch_restart(std::string_view resource, std::string_view reason) {
  store_->table.with([&](SeriesTable& table) {
    table.add("evenkeel_watch_restarts_total", {std::string{resource}, std::string{reason}});
  });
}

void Metrics::count_query(Seconds took) {
  store_->table.with(
      [&](SeriesTable& table) { table.observe("evenkeel_metric_query_duration_seconds", {}, took.count()); });
}

void Metrics::count_query_error(std::string_view reason) {
  store_->table.with(
      [&](SeriesTable& table) { table.add("evenkeel_metric_query_errors_total", {std::string{reason}}); });
}

void Metrics::count_pass(PassResult result, Seconds took) {
  store_->table.with([&](SeriesTable& table) {
    table.add("controller_runtime_reconcile_total", {kController, to_string(result)});
    table.add(
        "controller_runtime_reconcile_errors_total", {kController}, result == PassResult::Error ? 1 : 0);
    table.observe("controller_runtime_reconcile_time_seconds", {kController}, took.count());
    table.observe("workqueue_work_duration_seconds", {kController, kController}, took.count());
  });
}

void Metrics::set_max_concurrent_passes(std::size_t count) {
  store_->table.with([&](SeriesTable& table) {
    table.set("controller_runtime_max_concurrent_reconciles", {kController}, static_cast<double>(count));
  });
}

void Metrics::count_queue_add() {
  store_->table.with(
      [&](SeriesTable& table) { table.add("workqueue_adds_total", {kController, kController}); });
}

void Metrics::count_queue_retry() {
  store_->table.with(
      [&](SeriesTable& table) { table.add("workqueue_retries_total", {kController, kController}); });
}

void Metrics::count_queue_take(Seconds waited) {
  store_->table.with([&](SeriesTable& table) {
    table.observe("workqueue_queue_duration_seconds", {kController, kController}, waited.count());
  });
}

void Metrics::set_queue(const QueueFigures& figures) {
  const LabelValues labels{kController, kController};
  store_->table.with([&](SeriesTable& table) {
    table.set("workqueue_depth", labels, static_cast<double>(figures.depth));
    table.set("workqueue_unfinished_work_seconds", labels, figures.unfinished.count());
    table.set("workqueue_longest_running_processor_seconds", labels, figures.longest_running.count());
    table.set("controller_runtime_active_workers", {kController}, static_cast<double>(figures.active));
  });
}

std::string Metrics::text() {
  const ProcessFigures process = read_process_figures();
  const auto families = store_->table.with([&](SeriesTable& table) {
    set_if(table, "process_cpu_seconds_total", {}, process.cpu_seconds);
    set_if(table, "process_resident_memory_bytes", {}, process.resident_bytes);
    set_if(table, "process_virtual_memory_bytes", {}, process.virtual_bytes);
    set_if(table, "process_open_fds", {}, process.open_fds);
    set_if(table, "process_max_fds", {}, process.max_fds);
    set_if(table, "process_start_time_seconds", {}, process.start_time_seconds);
    set_if(table, "process_threads", {}, process.threads);
    return table.collect();
  });
  return prometheus::TextSerializer{}.Serialize(families);
}

std::size_t Metrics::object_series() const {
  return store_->table.with([](const SeriesTable& table) { return table.object_series(); });
}

}  // namespace evenkeel::ops
