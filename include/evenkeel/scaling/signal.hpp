#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/base/clock.hpp"

/// Samples -> one reading with a quality: the one classification that metrics, health and balancing share.
/// docs/signals.md has the rules as tables.
namespace evenkeel::scaling {

/// What a sample counts for where its source says nothing about its window.
inline constexpr std::chrono::seconds kUsualWindow{60};

/// How several samples become one figure.
enum class SignalKind {
  Sum,      ///< Load: added up.
  Latency,  ///< The largest; a sample that nobody asked for abstains.
  Ratio,    ///< The mean by requests, the largest where they are unknown; abstains likewise.
};

/// What one backend's samples say.
struct BackendReading {
  api::Quality quality = api::Quality::Empty;
  std::optional<std::int64_t> milli;    ///< Empty: nothing to compute with.
  bool abstains = false;                ///< Nobody asked it anything: neither good nor bad.
  std::optional<WallTime> sample_time;  ///< Of the newest sample that counts, never later than now.
  bool dated = false;                   ///< That sample has a time of its own.
  std::chrono::seconds window{0};       ///< The longest behind a sample that counts.

  [[nodiscard]] bool usable() const {
    return milli.has_value() && (quality == api::Quality::Fresh || quality == api::Quality::Partial);
  }
};

/// One usable sample of scope Pod. The name points into the samples that were read.
struct PodSample {
  std::string_view pod;
  std::int64_t milli = 0;
  WallTime time;
  std::chrono::seconds window = kUsualWindow;
  bool abstains = false;
  std::size_t order = 0;  ///< Among the samples.
};

/// What one declared metric or signal says now.
struct Reading {
  std::string name;
  api::Quality quality = api::Quality::Error;
  /// Thousandths: the samples as one figure by their kind; of scope Pod the mean of the pods. Empty: nothing
  /// to compute with.
  std::optional<std::int64_t> milli;
  /// All samples say that nobody asked: neither proposes nor blocks.
  bool abstains = false;
  std::optional<WallTime> sample_time;  ///< Of the newest sample that counts.
  bool dated = false;                   ///< That sample has a time of its own.
  std::chrono::seconds window{0};       ///< The longest behind a sample that counts.
  std::string problem;                  ///< What is wrong and what to do; empty where nothing is.
  std::vector<std::string> warnings;
  /// Scopes Backend and Pod: by name, those backends that any sample speaks of. With scope Pod its figure is
  /// the sum over the backend's pods.
  std::map<std::string, BackendReading, std::less<>> by_backend;
  std::vector<PodSample> pods;  ///< Scope Pod: by name.

  /// Whether it can carry a proposal at all; a Partial one only upwards.
  [[nodiscard]] bool usable() const {
    return milli.has_value() && (quality == api::Quality::Fresh || quality == api::Quality::Partial);
  }
};

/// One declared backend, as far as a reading's completeness depends on it.
struct SignalBackend {
  std::string_view name;
  bool has_share = false;
  std::int32_t ready_endpoints = 0;
  std::span<const api::Pod> pods;
};

struct SignalContext {
  WallTime now;
  /// Ready endpoints of the backends with a share: whose pods a complete reading has behind it.
  std::int64_t serving_endpoints = 0;
  std::span<const SignalBackend> backends = {};  ///< All declared ones; needed for scopes Backend and Pod.
};

/// What is asked of the samples.
struct SignalQuery {
  std::string_view name;
  const api::SignalSource& source;
  api::MetricScope scope = api::MetricScope::Backend;
  SignalKind kind = SignalKind::Sum;
};

/// Of a preset's name; everything else is a sum.
[[nodiscard]] SignalKind kind_of_preset(std::string_view preset);

/// Classes the samples of anything: a metric, a signal of health (scope Backend, kind by its preset) or of
/// balancing ("latency" Latency; "errors" and "utilization" Ratio; "connections" Sum). `samples` null: it was
/// not read at all.
[[nodiscard]] Reading read_samples(const SignalQuery& query,
                                   const api::MetricReading* samples,
                                   const SignalContext& context);

/// read_samples() for `metric`, whose target has to make sense besides.
[[nodiscard]] Reading read_signal(const api::Metric& metric,
                                  const api::MetricReading* samples,
                                  const SignalContext& context);

/// Whether a counter of consecutive readings may advance: the sample is newer than the one counted last;
/// where it has no time of its own, once per its window (60 s where unknown).
/// @param last_counted the sample_time when the counter advanced last.
[[nodiscard]] bool is_next_reading(const BackendReading& reading,
                                   std::optional<WallTime> last_counted,
                                   WallTime now);

/// What is below in the API, as text for people: "12.5", "250m" stays a plain decimal.
[[nodiscard]] std::string decimal_text(std::int64_t milli);

}  // namespace evenkeel::scaling
