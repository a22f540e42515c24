#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/object_key.hpp"

namespace evenkeel::ops {

using Seconds = std::chrono::duration<double>;

enum class MetricType { Counter, Gauge, Histogram };

/// One metric as docs/metrics.md lists it.
struct MetricDescription {
  std::string_view name;
  MetricType type;
  std::vector<std::string_view> labels;
  std::string_view help;
};

/// Everything that is ever exposed, in the order of docs/metrics.md.
[[nodiscard]] std::span<const MetricDescription> metric_catalog();

struct BuildInfo {
  std::string version;
  std::string revision;
};

struct BackendFigures {
  std::string name;
  double weight_percent = 0;
  std::optional<std::int32_t> ready_endpoints;
  std::optional<std::int32_t> replicas;
  std::optional<std::int32_t> desired_replicas;
};

struct ConditionFigure {
  std::string type;
  std::string status;  ///< "True", "False" or "Unknown".
};

struct SignalFigure {
  std::string name;
  std::string quality;  ///< "Fresh", "Stale", "Partial", "Empty" or "Error".
  std::optional<double> value;
  std::optional<WallTime> sample_time;
};

/// The gauges of one LoadBalancedService. What is empty has no series.
struct ObjectFigures {
  std::string mode;
  std::optional<std::int32_t> replicas;
  std::optional<std::int32_t> desired_replicas;
  std::optional<std::int32_t> active_tier;
  std::vector<BackendFigures> backends;
  std::vector<ConditionFigure> conditions;
  std::vector<SignalFigure> signals;
};

enum class ScaleDirection { Up, Down };
/// How a pass ended: nothing more to do, try again after a failure, or look again at a set time.
enum class PassResult { Success, Error, RequeueAfter };

/// The state of the work queue at the moment of a scrape.
struct QueueFigures {
  std::size_t depth = 0;
  std::size_t active = 0;
  Seconds unfinished{0};  ///< Age of the work under way, summed.
  Seconds longest_running{0};
};

/// The metrics of the process. Thread-safe. Labels come from enumerations and from the names of existing
/// objects, never from messages; the series of an object are gone as soon as it is.
class Metrics {
 public:
  explicit Metrics(const BuildInfo& build);
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  /// Replaces the gauges of an object. Its counters stay.
  void set_object(const ObjectKey& key, const ObjectFigures& figures);
  /// Removes every series of an object.
  void drop_object(const ObjectKey& key);
  void count_failover(const ObjectKey& key, std::int32_t from_tier, std::int32_t to_tier);
  void count_scale_event(const ObjectKey& key, ScaleDirection direction);

  /// `result` is "success" or the kind of the error.
  void count_write(std::string_view resource, std::string_view result);
  void count_watch_restart(std::string_view resource, std::string_view reason);
  void count_query(Seconds took);
  void count_query_error(std::string_view reason);

  void count_pass(PassResult result, Seconds took);
  void set_max_concurrent_passes(std::size_t count);
  void count_queue_add();
  void count_queue_retry();
  /// `waited`: from ready to taken.
  void count_queue_take(Seconds waited);
  void set_queue(const QueueFigures& figures);

  /// The text format 0.0.4, with the process' own figures read now.
  [[nodiscard]] std::string text();
  /// Number of series that carry the labels `namespace` and `name`.
  [[nodiscard]] std::size_t object_series() const;

 private:
  class Store;
  std::unique_ptr<Store> store_;
};

}  // namespace evenkeel::ops
