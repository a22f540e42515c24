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

Origin origin_of(const Input& input) {
  const std::string& preset = input.source->preset;
  if (preset.empty()) return {input.field + ".query", input.field + ".timestampQuery"};
  const std::string place = input.field + ".preset: " + preset + " of the operator's configuration";
  return {place + ", query", place + ", timestampQuery"};
}

std::string undated_text(const Origin& origin) {
  return origin.timestamp_query +
         ": the time of the newest raw sample cannot be told, for it has no series with the labels of the "
         "result: "
         "the scrape behind it has ended, or the two group by different labels";
}

/// What is a figure of each request rather than a sum over them: without requests it does not exist.
bool is_per_request(const std::string& preset) {
  return preset.starts_with("Latency") || preset == "ErrorRatio";
}

/// The backend that a series of a free query speaks of; empty when it is none of ours.
std::string backend_of(const api::LoadBalancedService& service, const Labels& labels) {
  const auto name = label(labels, "backend");
  const auto served = label(labels, "service");
  const auto ns = label(labels, "namespace");
  for (const auto& backend : service.spec.backends) {
    if (!name.empty()
            ? backend.name == name
            : backend.service && backend.service->name == served && (ns.empty() || ns == service.key.ns)) {
      return backend.name;
    }
  }
  return "";
}

}  // namespace

Result<QueryPair> queries_of(const api::SignalSource& source, const Presets& presets) {
  if (source.preset.empty()) return QueryPair{source.query, source.timestamp_query};
  const auto found = presets.find(source.preset);
  if (found == presets.end()) {
    return Error{ErrorKind::Invalid,
                 source.preset + " is not among the presets of the operator's configuration (" +
                     names_of(presets) + "): add it there, or give a query"};
  }
  return QueryPair{found->second.query, found->second.timestamp_query};
}

void collect_queries(const api::LoadBalancedService& service,
                     const Presets& presets,
                     std::set<QueryPair>& pairs) {
  bool per_request = false;
  for (const auto& input : inputs_of(service)) {
    if (input.scope == api::MetricScope::Pod) continue;
    auto pair = queries_of(*input.source, presets);
    if (pair.ok()) pairs.insert(*std::move(pair));
    per_request = per_request || is_per_request(input.source->preset);
  }
  const auto observed = presets.find(kObservedRequests);
  if (observed == presets.end() || (service.spec.backends.size() < 2 && !per_request)) return;
  pairs.insert({observed->second.query, observed->second.timestamp_query});
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
                                        const Input& input,
                                        const Presets& presets) const {
  api::MetricReading reading;
  const auto fail = [&](std::string error) {
    reading.error = std::move(error);
    return reading;
  };
  if (input.scope == api::MetricScope::Pod) {
    return fail(input.field +
                ": this operator does not watch pods yet: use a metric of scope Service or Backend");
  }
  const Origin origin = origin_of(input);
  const auto pair = queries_of(*input.source, presets);
  if (!pair.ok()) return fail(input.field + ".preset: " + pair.error().message);
  const auto found = joined_.find(*pair);
  if (found == joined_.end()) return fail(origin.query + ": not read yet");
  const Joined& joined = found->second;
  if (!joined.query_error.empty()) return fail(origin.query + ": " + joined.query_error);
  if (!joined.timestamp_error.empty()) return fail(origin.timestamp_query + ": " + joined.timestamp_error);
  reading = pick(joined, service, input, presets);
  if (!reading.error && is_per_request(input.source->preset)) weigh(service, presets, reading);
  return reading;
}

api::MetricReading SampleTable::pick(const Joined& joined,
                                     const api::LoadBalancedService& service,
                                     const Input& input,
                                     const Presets& presets) {
  const auto picked =
      input.source->preset.empty() ? pick_matching(joined, service, input) : pick_by_service(joined, service);
  api::MetricReading reading;
  for (const auto& [index, backend] : picked) {
    if (joined.undated[index]) {
      reading.samples.clear();
      reading.error = undated_text(origin_of(input));
      return reading;
    }
    auto& sample = reading.samples.emplace_back(joined.samples[index]);
    if (!backend.empty()) sample.labels["backend"] = backend;
    if (!input.source->preset.empty()) sample.window = presets.find(input.source->preset)->second.window;
  }
  return reading;
}

std::vector<SampleTable::Picked> SampleTable::pick_matching(const Joined& joined,
                                                            const api::LoadBalancedService& service,
                                                            const Input& input) {
  std::vector<Picked> picked;
  const bool by_backend = input.scope == api::MetricScope::Backend;
  for (std::size_t i = 0; i < joined.samples.size(); ++i) {
    const auto& labels = joined.samples[i].labels;
    if (!carries(labels, input.source->match)) continue;
    auto backend = by_backend ? backend_of(service, labels) : std::string{};
    if (!by_backend || !backend.empty()) picked.push_back({i, std::move(backend)});
  }
  return picked;
}

std::vector<SampleTable::Picked> SampleTable::pick_by_service(const Joined& joined,
                                                              const api::LoadBalancedService& service) {
  std::vector<Picked> picked;
  for (const auto& backend : service.spec.backends) {
    if (!backend.service) continue;
    const auto [first, last] = joined.by_service.equal_range(service.key.ns + "/" + backend.service->name);
    for (auto it = first; it != last; ++it) picked.push_back({it->second, backend.name});
  }
  return picked;
}

std::map<std::string, SampleTable::Rate> SampleTable::observed_rates(const api::LoadBalancedService& service,
                                                                     const Presets& presets) const {
  std::map<std::string, Rate> rates;
  const auto preset = presets.find(kObservedRequests);
  if (preset == presets.end()) return rates;
  const auto found = joined_.find({preset->second.query, preset->second.timestamp_query});
  if (found == joined_.end()) return rates;
  const Joined& joined = found->second;
  if (!joined.query_error.empty() || !joined.timestamp_error.empty()) return rates;
  for (const auto& backend : service.spec.backends) {
    if (!backend.service) continue;
    const auto [first, last] = joined.by_service.equal_range(service.key.ns + "/" + backend.service->name);
    for (auto it = first; it != last; ++it) {
      const auto& sample = joined.samples[it->second];
      if (!std::isfinite(sample.value)) continue;
      auto& rate = rates[backend.name];
      rate.value += std::max(sample.value, 0.0);
      if (sample.time) rate.time = std::min(rate.time.value_or(*sample.time), *sample.time);
    }
  }
  return rates;
}

void SampleTable::weigh(const api::LoadBalancedService& service,
                        const Presets& presets,
                        api::MetricReading& reading) const {
  const auto rates = observed_rates(service, presets);
  if (rates.empty()) return;
  const auto window = presets.find(kObservedRequests)->second.window;
  std::set<std::string> read;
  for (auto& sample : reading.samples) {
    const auto& backend = *read.insert(sample.labels["backend"]).first;
    const auto rate = rates.find(backend);
    if (rate != rates.end()) sample.weight = rate->second.value * static_cast<double>(window.count());
  }
  for (const auto& [backend, rate] : rates) {
    if (rate.value > 0 || read.contains(backend)) continue;
    auto& silent = reading.samples.emplace_back();
    silent.labels["backend"] = backend;
    silent.time = rate.time;
    silent.window = window;
    silent.weight = 0;
  }
}

std::map<std::string, SampleTable::ObservedShare> SampleTable::observed_shares(
    const api::LoadBalancedService& service, const Presets& presets) const {
  const auto rates = observed_rates(service, presets);
  double sum = 0;
  std::optional<WallTime> oldest;
  for (const auto& [backend, rate] : rates) {
    if (!rate.time) return {};
    oldest = std::min(oldest.value_or(*rate.time), *rate.time);
    sum += rate.value;
  }
  std::map<std::string, ObservedShare> shares;
  if (!(sum > 0) || !oldest) return shares;
  for (const auto& backend : service.spec.backends) {
    const auto rate = rates.find(backend.name);
    // A Service that the routing layer has no series of has been sent nothing.
    const double value = rate == rates.end() ? 0.0 : rate->second.value;
    shares[backend.name] = {.percent = 100 * value / sum, .time = *oldest};
  }
  return shares;
}

}  // namespace evenkeel::signals
