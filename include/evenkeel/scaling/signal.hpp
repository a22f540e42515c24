#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/base/clock.hpp"

/// Samples -> one reading with a quality. docs/decision.md, "Signals".
namespace evenkeel::scaling {

/// What one declared metric says now.
struct Reading {
  std::string name;
  api::Quality quality = api::Quality::Error;
  /// Thousandths: the sum of the samples, for latencies the largest. Empty: nothing to compute with.
  std::optional<std::int64_t> milli;
  /// All samples say that nobody asked: neither proposes nor blocks.
  bool abstains = false;
  std::optional<WallTime> sample_time;  ///< Of the newest sample that counts.
  std::string problem;                  ///< What is wrong and what to do; empty where nothing is.
  std::vector<std::string> warnings;

  /// Whether it can carry a proposal at all; a Partial one only upwards.
  [[nodiscard]] bool usable() const {
    return milli.has_value() && (quality == api::Quality::Fresh || quality == api::Quality::Partial);
  }
};

struct SignalContext {
  WallTime now;
  /// Ready endpoints of the backends with a share: whose pods a complete reading has behind it.
  std::int64_t serving_endpoints = 0;
};

/// Classes and adds up the samples of `metric`. `samples` null: the metric was not read at all.
[[nodiscard]] Reading read_signal(const api::Metric& metric,
                                  const api::MetricReading* samples,
                                  const SignalContext& context);

/// What is below in the API, as text for people: "12.5", "250m" stays a plain decimal.
[[nodiscard]] std::string decimal_text(std::int64_t milli);

}  // namespace evenkeel::scaling
