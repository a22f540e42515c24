#pragma once

#include <chrono>
#include <compare>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
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

/// The texts behind one metric.
struct QueryPair {
  std::string query;
  std::string timestamp_query;  ///< Empty: none; the age of the samples cannot be known.
  auto operator<=>(const QueryPair&) const = default;
};

/// @return Error{Invalid} when the metric names a preset that the configuration lacks.
[[nodiscard]] Result<QueryPair> queries_of(const api::Metric& metric, const Presets& presets);

/// Every pair that the metrics of `service` need; unknown presets are left out.
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

  /// The samples of `service.spec.scaling->metrics[index]`, or why there are none. The error text names the
  /// field or preset that the query came from.
  ///
  /// A preset's series belong to the object when `namespace` is its own and `service` is the serviceRef of
  /// one of its backends; those of a free query when they carry all labels of `match`.
  /// @pre scaling is there and `index` is within its metrics.
  [[nodiscard]] api::MetricReading reading(const api::LoadBalancedService& service,
                                           std::size_t index,
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

  std::map<QueryPair, Joined> joined_;
};

}  // namespace evenkeel::signals
