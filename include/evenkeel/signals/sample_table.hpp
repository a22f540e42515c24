#pragma once

#include <chrono>
#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/base/result.hpp"
#include "evenkeel/signals/source.hpp"

namespace evenkeel::signals {

/// A query that the operator's configuration gives a name. Its result is grouped by the labels `namespace`
/// and `service`, so that one query serves all objects.
struct Preset {
  std::string query;
  std::string timestamp_query;      ///< Same labels; its values are Unix times of the newest raw samples.
  std::chrono::seconds window{60};  ///< The range that `query` looks back over.
};
using Presets = std::map<std::string, Preset, std::less<>>;

/// The preset that no spec can name: requests per second that the routing layer sent to each Service. It
/// gives observed shares, and the weight of latencies and ratios. Optional.
inline constexpr std::string_view kObservedRequests = "ObservedRequests";

/// One reading that decisions about a service want.
struct Input {
  std::string name;                 ///< Of its entry in the snapshot's metrics.
  const api::SignalSource* source;  ///< In the service, or constant.
  api::MetricScope scope = api::MetricScope::Service;
  std::string field;  ///< Where it is declared, for messages: "spec.scaling.metrics[0]".
};

/// The metrics of scaling, the signals of health, and what the algorithm of balancing reads
/// ("balancing.latency", ...): from spec.balancing.signals, or the presets that stand in for them. They look
/// into `service`.
[[nodiscard]] std::vector<Input> inputs_of(const api::LoadBalancedService& service);

/// The texts behind one metric.
struct QueryPair {
  std::string query;
  std::string timestamp_query;  ///< Empty: none; the age of the samples cannot be known.
  auto operator<=>(const QueryPair&) const = default;
};

/// @return Error{Invalid} when the source names a preset that the configuration lacks.
[[nodiscard]] Result<QueryPair> queries_of(const api::SignalSource& source, const Presets& presets);

/// Every pair that the inputs of `service` and its observed shares need; unknown presets are left out.
void collect_queries(const api::LoadBalancedService& service,
                     const Presets& presets,
                     std::set<QueryPair>& pairs);

/// The distinct texts of `pairs`: each runs once a tick, whoever needs it.
[[nodiscard]] std::vector<std::string> distinct_texts(const std::set<QueryPair>& pairs);

/// What was read on one tick, joined and indexed so that each object picks its series. Immutable, hence safe
/// to share between threads.
class SampleTable {
 public:
  SampleTable() = default;
  /// `results` by text. Pairs of which a text is missing are left out.
  SampleTable(const std::map<std::string, TextResult>& results, const std::set<QueryPair>& pairs);

  /// Whether everything that `service` declares has been read (an error counts as read).
  [[nodiscard]] bool covers(const api::LoadBalancedService& service, const Presets& presets) const;

  /// The samples of `input`, one of inputs_of(service), or why there are none. The error text names the
  /// field or preset that the query came from.
  ///
  /// A preset's series belong to the object when `namespace` is its own and `service` is the serviceRef of
  /// one of its backends; those of a free query when they carry all labels of `match`, with scope Backend
  /// also `backend`, or `service` as a preset's do. Latencies and ratios of presets get the requests behind
  /// them as weight where kObservedRequests is configured; a backend that nobody asked gets one of weight 0,
  /// which abstains. Scope Pod is an error: pods are not watched.
  [[nodiscard]] api::MetricReading reading(const api::LoadBalancedService& service,
                                           const Input& input,
                                           const Presets& presets) const;

  struct ObservedShare {
    double percent = 0;  ///< Of the requests to all backends.
    WallTime time;       ///< Of the oldest sample behind it.
  };
  /// The share that each backend was observed to have. Empty where it is unknown: not configured, not
  /// readable, of unknown age, or without a request.
  [[nodiscard]] std::map<std::string, ObservedShare> observed_shares(const api::LoadBalancedService& service,
                                                                     const Presets& presets) const;

 private:
  struct Joined {
    std::vector<api::Sample> samples;
    std::vector<bool> undated;  ///< By sample: the timestamp query has no series with its labels.
    std::multimap<std::string, std::size_t> by_service;  ///< "namespace/service" -> index of a sample.
    std::string query_error;                             ///< Empty: none.
    std::string timestamp_error;
  };
  static Joined join(const TextResult& values, const TextResult* times);
  struct Rate {
    double value = 0;
    std::optional<WallTime> time;
  };
  [[nodiscard]] std::map<std::string, Rate> observed_rates(const api::LoadBalancedService& service,
                                                           const Presets& presets) const;
  struct Picked {
    std::size_t sample = 0;
    std::string backend;  ///< Empty: the whole service.
  };
  static std::vector<Picked> pick_matching(const Joined& joined,
                                           const api::LoadBalancedService& service,
                                           const Input& input);
  static std::vector<Picked> pick_by_service(const Joined& joined, const api::LoadBalancedService& service);
  static api::MetricReading pick(const Joined& joined,
                                 const api::LoadBalancedService& service,
                                 const Input& input,
                                 const Presets& presets);
  void weigh(const api::LoadBalancedService& service,
             const Presets& presets,
             api::MetricReading& reading) const;

  std::map<QueryPair, Joined> joined_;
};

}  // namespace evenkeel::signals
