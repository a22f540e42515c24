#include "evenkeel/signals/sample_table.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <optional>
#include <utility>

namespace evenkeel::signals {
namespace {

/// The time that a timestamp query's value stands for; empty for what cannot be a time.
std::optional<WallTime> time_of(double unix_seconds) {
  // Years 1970 to 2200: inside 64-bit nanoseconds, and NaN compares false.
  constexpr double kLatest = 7'258'118'400.0;
  if (!(unix_seconds >= 0 && unix_seconds <= kLatest)) return std::nullopt;
  const auto millis = static_cast<std::int64_t>(std::llround(unix_seconds * 1000.0));
  return WallTime{std::chrono::milliseconds{millis}};
}

std::string label(const Labels& labels, const std::string& name) {
  const auto found = labels.find(name);
  return found == labels.end() ? std::string{} : found->second;
}

bool carries(const Labels& labels, const Labels& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
    const auto found = labels.find(pair.first);
    return found != labels.end() && found->second == pair.second;
  });
}

std::string names_of(const Presets& presets) {
  std::string names;
  for (const auto& [name, preset] : presets) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "none" : names;
}

/// Where a query's text was written, for messages.
struct Origin {
  std::string query;
  std::string timestamp_query;
};

Origin origin_of(const api::Metric& metric, std::size_t index) {
  const std::string field = "spec.scaling.metrics[" + std::to_string(index) + "]";
  if (metric.preset.empty()) return {field + ".query", field + ".timestampQuery"};
  const std::string preset = field + ".preset: " + metric.preset + " of the operator's configuration";
  return {preset + ", query", preset + ", timestampQuery"};
}

std::string undated_text(const Origin& origin) {
  return origin.timestamp_query +
         ": the time of the newest raw sample cannot be told, for it has no series with the labels of the "
         "result: "
         "the scrape behind it has ended, or the two group by different labels";
}

}  // namespace

Result<QueryPair> queries_of(const api::Metric& metric, const Presets& presets) {
  if (metric.preset.empty()) return QueryPair{metric.query, metric.timestamp_query};
  const auto found = presets.find(metric.preset);
  if (found == presets.end()) {
    return Error{ErrorKind::Invalid,
                 metric.preset + " is not among the presets of the operator's configuration (" +
                     names_of(presets) + "): add it there, or give a query"};
  }
  return QueryPair{found->second.query, found->second.timestamp_query};
}

void collect_queries(const api::LoadBalancedService& service,
                     const Presets& presets,
                     std::set<QueryPair>& pairs) {
  if (!service.spec.scaling) return;
  for (const auto& metric : service.spec.scaling->metrics) {
    auto pair = queries_of(metric, presets);
    if (pair.ok()) pairs.insert(*std::move(pair));
  }
}

std::vector<std::string> distinct_texts(const std::set<QueryPair>& pairs) {
  std::set<std::string> texts;
  for (const auto& pair : pairs) {
    texts.insert(pair.query);
    if (!pair.timestamp_query.empty()) texts.insert(pair.timestamp_query);
  }
  return {texts.begin(), texts.end()};
}

SampleTable::SampleTable(const std::map<std::string, TextResult>& results, const std::set<QueryPair>& pairs) {
  for (const auto& pair : pairs) {
    const auto values = results.find(pair.query);
    if (values == results.end()) continue;
    const TextResult* times = nullptr;
    if (!pair.timestamp_query.empty()) {
      const auto found = results.find(pair.timestamp_query);
      if (found == results.end()) continue;
      times = &found->second;
    }
    joined_.emplace(pair, join(values->second, times));
  }
}

SampleTable::Joined SampleTable::join(const TextResult& values, const TextResult* times) {
  Joined joined;
  if (values.error) joined.query_error = values.error->message;
  if (times != nullptr && times->error) joined.timestamp_error = times->error->message;
  std::map<Labels, double> time_by_labels;
  if (times != nullptr) {
    for (const auto& series : times->series) time_by_labels.emplace(series.labels, series.value);
  }
  joined.samples.reserve(values.series.size());
  for (const auto& series : values.series) {
    api::Sample sample;
    sample.labels = series.labels;
    sample.value = series.value;
    if (const auto found = time_by_labels.find(series.labels); found != time_by_labels.end()) {
      sample.time = time_of(found->second);
    }
    joined.undated.push_back(times != nullptr && !sample.time);
    joined.by_service.emplace(label(series.labels, "namespace") + "/" + label(series.labels, "service"),
                              joined.samples.size());
    joined.samples.push_back(std::move(sample));
  }
  return joined;
}

bool SampleTable::covers(const api::LoadBalancedService& service, const Presets& presets) const {
  std::set<QueryPair> pairs;
  collect_queries(service, presets, pairs);
  return std::all_of(pairs.begin(), pairs.end(), [&](const auto& pair) { return joined_.contains(pair); });
}

api::MetricReading SampleTable::reading(const api::LoadBalancedService& service,
                                        std::size_t index,
                                        const Presets& presets) const {
  assert(service.spec.scaling && index < service.spec.scaling->metrics.size());
  const api::Metric& metric = service.spec.scaling->metrics[index];
  api::MetricReading reading;
  const Origin origin = origin_of(metric, index);
  const auto pair = queries_of(metric, presets);
  if (!pair.ok()) {
    reading.error = "spec.scaling.metrics[" + std::to_string(index) + "].preset: " + pair.error().message;
    return reading;
  }
  const auto found = joined_.find(*pair);
  if (found == joined_.end()) {
    reading.error = origin.query + ": not read yet";
    return reading;
  }
  const Joined& joined = found->second;
  if (!joined.query_error.empty()) {
    reading.error = origin.query + ": " + joined.query_error;
    return reading;
  }
  if (!joined.timestamp_error.empty()) {
    reading.error = origin.timestamp_query + ": " + joined.timestamp_error;
    return reading;
  }
  const auto take = [&](std::size_t i) {
    if (joined.undated[i]) reading.error = undated_text(origin);
    reading.samples.push_back(joined.samples[i]);
  };
  if (metric.preset.empty()) {
    for (std::size_t i = 0; i < joined.samples.size(); ++i) {
      if (carries(joined.samples[i].labels, metric.match)) take(i);
    }
  } else {
    const std::chrono::seconds window = presets.find(metric.preset)->second.window;
    for (const auto& backend : service.spec.backends) {
      if (!backend.service) continue;
      const auto [first, last] = joined.by_service.equal_range(service.key.ns + "/" + backend.service->name);
      for (auto it = first; it != last; ++it) {
        take(it->second);
        reading.samples.back().labels["backend"] = backend.name;
        reading.samples.back().window = window;
      }
    }
  }
  if (reading.error) reading.samples.clear();
  return reading;
}

}  // namespace evenkeel::signals
