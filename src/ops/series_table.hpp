#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/metric_family.h>

#include "evenkeel/base/object_key.hpp"
#include "evenkeel/ops/metrics.hpp"

namespace evenkeel::ops {

using LabelValues = std::vector<std::string>;

/// All series, by metric of the catalog and label values. Not thread-safe.
///
/// A table of our own rather than the library's registry: that one hands out references which dangle once a
/// series is removed, and objects come and go here.
class SeriesTable {
 public:
  SeriesTable();

  /// @pre `name` is in the catalog and `labels` has a value for each of its labels.
  void set(std::string_view name, LabelValues labels, double value);
  void add(std::string_view name, LabelValues labels, double value = 1);
  void observe(std::string_view name, LabelValues labels, double value);

  /// Everything of one object, or only its gauges.
  void drop_object(const ObjectKey& key);
  void drop_gauges(const ObjectKey& key);

  [[nodiscard]] std::size_t object_series() const;
  [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const;

  struct Series {
    double value = 0;                    ///< Of a histogram: the sum.
    std::uint64_t count = 0;             ///< Histograms only, as are the buckets.
    std::vector<std::uint64_t> buckets;  ///< Not cumulated; one more than there are bounds.
  };
  struct Family {
    const MetricDescription* description = nullptr;
    std::map<LabelValues, Series> series;
  };

 private:
  Series& at(std::string_view name, LabelValues labels);

  std::map<std::string_view, Family> families_;
};

}  // namespace evenkeel::ops
