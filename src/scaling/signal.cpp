#include "evenkeel/scaling/signal.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evenkeel/base/quantity.hpp"
#include "evenkeel/scaling/history.hpp"

namespace evenkeel::scaling {
namespace {

using api::Quality;

/// Latencies cannot be added up, and nobody has one while nobody asks.
bool is_latency(const api::Metric& metric) {
  return metric.preset == "LatencyP99";
}

std::string field_of(const api::Metric& metric) {
  return "metric " + metric.name;
}

Reading failed(const api::Metric& metric, Quality quality, std::string problem) {
  Reading reading;
  reading.name = metric.name;
  reading.quality = quality;
  reading.problem = field_of(metric) + ": " + std::move(problem);
  return reading;
}

std::int64_t add_saturating(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

/// What became of the samples, one by one.
struct Tally {
  std::int64_t sum = 0;
  std::int64_t largest = 0;
  std::size_t used = 0;
  std::size_t abstained = 0;
  std::size_t stale = 0;
  std::size_t broken = 0;
  std::size_t negative = 0;
  std::int64_t contributors = 0;
  bool contributors_known = true;
  std::optional<WallTime> newest;
};

void count_sample(const api::Metric& metric, const api::Sample& sample, WallTime now, Tally& tally) {
  // A sample from the future is one of now: the two clocks differ, and waiting for it would stop scaling.
  const WallTime time = std::min(sample.time.value_or(now), now);
  if (time < moment_before(now, metric.max_age)) {
    ++tally.stale;
    return;
  }
  if (is_latency(metric) && sample.weight && !(*sample.weight > 0)) {
    ++tally.abstained;
    return;
  }
  if (!std::isfinite(sample.value)) {
    ++tally.broken;
    return;
  }
  if (sample.value < 0) ++tally.negative;
  const std::int64_t milli = std::max<std::int64_t>(0, milli_from_double(sample.value));
  tally.sum = add_saturating(tally.sum, milli);
  tally.largest = std::max(tally.largest, milli);
  tally.newest = std::max(tally.newest.value_or(time), time);
  tally.contributors_known = tally.contributors_known && sample.contributors.has_value();
  tally.contributors += std::max(0, sample.contributors.value_or(0));
  ++tally.used;
}

/// Nothing could be used: the worst class among the samples, or an abstention where that is all there is.
Reading without_value(const api::Metric& metric, const Tally& tally) {
  if (tally.broken > 0) {
    return failed(metric,
                  Quality::Error,
                  "its value is not a number; correct the query so that it never divides by zero");
  }
  if (tally.stale > 0) {
    return failed(metric,
                  Quality::Stale,
                  "its newest sample is older than maxAgeSeconds (" + std::to_string(metric.max_age.count()) +
                      "); check that Prometheus still scrapes the source");
  }
  Reading reading;
  reading.name = metric.name;
  reading.quality = Quality::Fresh;
  reading.abstains = true;
  return reading;
}

}  // namespace

std::string decimal_text(std::int64_t milli) {
  std::string text = std::to_string(milli / 1000);
  if (milli < 0 && milli > -1000) text.insert(0, "-");
  std::string rest = std::to_string(std::abs(milli % 1000));
  if (rest == "0") return text;
  rest.insert(0, 3 - rest.size(), '0');
  rest.erase(rest.find_last_not_of('0') + 1);
  return text + "." + rest;
}

Reading read_signal(const api::Metric& metric,
                    const api::MetricReading* samples,
                    const SignalContext& context) {
  if (samples == nullptr) {
    return failed(
        metric, Quality::Error, "it has not been read; check the operator's connection to Prometheus");
  }
  if (samples->error) return failed(metric, Quality::Error, *samples->error);
  if (metric.target_value.milli() <= 0) {
    return failed(
        metric, Quality::Error, "its target.value is not above 0; give the load that one replica carries");
  }
  if (samples->samples.empty()) {
    return failed(metric,
                  Quality::Empty,
                  "Prometheus has no series for it; check the query's labels and that the source is scraped");
  }
  Tally tally;
  for (const auto& sample : samples->samples) count_sample(metric, sample, context.now, tally);
  if (tally.used == 0) return without_value(metric, tally);

  Reading reading;
  reading.name = metric.name;
  reading.quality = Quality::Fresh;
  reading.milli = is_latency(metric) ? tally.largest : tally.sum;
  reading.sample_time = tally.newest;
  if (tally.negative > 0) {
    reading.warnings.push_back(field_of(metric) + " has samples below 0; they count as 0");
  }
  if (tally.stale + tally.broken > 0) {
    reading.quality = Quality::Partial;
    reading.problem = field_of(metric) +
                      ": some of its samples are stale or not numbers and were left out; the count " +
                      "may rise on it but not fall";
  } else if (tally.contributors_known && tally.contributors * 10 < context.serving_endpoints * 9) {
    reading.quality = Quality::Partial;
    reading.problem = field_of(metric) +
                      ": less than 90 % of the ready pods are behind it; the count may rise on it " +
                      "but not fall; check that every pod is scraped";
  }
  return reading;
}

}  // namespace evenkeel::scaling
