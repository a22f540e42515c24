#include "series_table.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <utility>

namespace evenkeel::ops {
namespace {

// controller-runtime's and client-go's own bounds, so that existing dashboards fit.
constexpr std::array kPassBounds{0.005, 0.01, 0.025, 0.05, 0.1,  0.15, 0.2,  0.25, 0.3,  0.35,
                                 0.4,   0.45, 0.5,   0.6,  0.7,  0.8,  0.9,  1.0,  1.25, 1.5,
                                 1.75,  2.0,  2.5,   3.0,  3.5,  4.0,  4.5,  5.0,  6.0,  7.0,
                                 8.0,   9.0,  10.0,  15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0};
constexpr std::array kQueueBounds{1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0, 1000.0};
constexpr std::array kQueryBounds{
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};

std::span<const double> bounds_of(std::string_view name) {
  if (name.starts_with("controller_runtime_")) return kPassBounds;
  if (name.starts_with("workqueue_")) return kQueueBounds;
  return kQueryBounds;
}

bool is_per_object(const MetricDescription& description) {
  return description.labels.size() >= 2 && description.labels[0] == "namespace" &&
         description.labels[1] == "name";
}

/// Removes the series whose first two label values are those of `key`; they are neighbours in the map.
void erase_object(SeriesTable::Family& family, const ObjectKey& key) {
  auto first = family.series.lower_bound({key.ns, key.name});
  auto last = first;
  while (last != family.series.end() && last->first[0] == key.ns && last->first[1] == key.name) ++last;
  family.series.erase(first, last);
}

prometheus::ClientMetric to_client_metric(const SeriesTable::Family& family,
                                          const LabelValues& values,
                                          const SeriesTable::Series& series) {
  prometheus::ClientMetric metric;
  for (std::size_t i = 0; i < values.size(); ++i) {
    metric.label.push_back({std::string{family.description->labels[i]}, values[i]});
  }
  switch (family.description->type) {
    case MetricType::Counter:
      metric.counter.value = series.value;
      break;
    case MetricType::Gauge:
      metric.gauge.value = series.value;
      break;
    case MetricType::Histogram: {
      const auto bounds = bounds_of(family.description->name);
      metric.histogram.sample_count = series.count;
      metric.histogram.sample_sum = series.value;
      std::uint64_t cumulated = 0;
      for (std::size_t i = 0; i < series.buckets.size(); ++i) {
        cumulated += series.buckets[i];
        const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
        metric.histogram.bucket.push_back({cumulated, bound});
      }
      break;
    }
  }
  return metric;
}

prometheus::MetricType to_prometheus(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return prometheus::MetricType::Counter;
    case MetricType::Gauge:
      return prometheus::MetricType::Gauge;
    case MetricType::Histogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

}  // namespace

SeriesTable::SeriesTable() {
  for (const auto& description : metric_catalog()) families_[description.name].description = &description;
}

SeriesTable::Series& SeriesTable::at(std::string_view name, LabelValues labels) {
  const auto family = families_.find(name);
  assert(family != families_.end() && family->second.description->labels.size() == labels.size());
  return family->second.series[std::move(labels)];
}

void SeriesTable::set(std::string_view name, LabelValues labels, double value) {
  at(name, std::move(labels)).value = value;
}

void SeriesTable::add(std::string_view name, LabelValues labels, double value) {
  at(name, std::move(labels)).value += value;
}

void SeriesTable::observe(std::string_view name, LabelValues labels, double value) {
  Series& series = at(name, std::move(labels));
  const auto bounds = bounds_of(name);
  series.buckets.resize(bounds.size() + 1);
  const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin();
  ++series.buckets[static_cast<std::size_t>(bucket)];
  ++series.count;
  series.value += value;
}

void SeriesTable::drop_object(const ObjectKey& key) {
  for (auto& [name, family] : families_) {
    if (is_per_object(*family.description)) erase_object(family, key);
  }
}

void SeriesTable::drop_gauges(const ObjectKey& key) {
  for (auto& [name, family] : families_) {
    const bool is_gauge = family.description->type == MetricType::Gauge;
    if (is_gauge && is_per_object(*family.description)) erase_object(family, key);
  }
}

std::size_t SeriesTable::object_series() const {
  std::size_t count = 0;
  for (const auto& [name, family] : families_) {
    if (is_per_object(*family.description)) count += family.series.size();
  }
  return count;
}

std::vector<prometheus::MetricFamily> SeriesTable::collect() const {
  std::vector<prometheus::MetricFamily> collected;
  for (const auto& description : metric_catalog()) {
    const Family& family = families_.at(description.name);
    prometheus::MetricFamily out;
    out.name = std::string{description.name};
    out.help = std::string{description.help};
    out.type = to_prometheus(description.type);
    out.metric.reserve(family.series.size());
    for (const auto& [values, series] : family.series)
      out.metric.push_back(to_client_metric(family, values, series));
    collected.push_back(std::move(out));
  }
  return collected;
}

}  // namespace evenkeel::ops
