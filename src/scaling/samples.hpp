#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "evenkeel/scaling/signal.hpp"

/// One sample, and many of them as one figure.
namespace evenkeel::scaling {

enum class Verdict { Used, Stale, Abstained, Broken };

/// One sample after its own rules: bad ones dropped, negative ones 0, future ones of now.
struct JudgedSample {
  Verdict verdict = Verdict::Broken;
  std::int64_t milli = 0;
  bool negative = false;
  bool from_future = false;  ///< By more than clocks ordinarily differ.
  WallTime time;
  bool dated = false;
  std::chrono::seconds window = kUsualWindow;
};

[[nodiscard]] JudgedSample judge(const SignalQuery& query, const api::Sample& sample, WallTime now);

/// What became of the samples, and their sum, largest and mean.
class Tally {
 public:
  void add(const JudgedSample& judged, const api::Sample& sample);

  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t dropped() const { return stale_ + broken_; }
  [[nodiscard]] bool any() const { return used_ + abstained_ + dropped() > 0; }
  [[nodiscard]] bool has_negative() const { return negative_; }
  [[nodiscard]] bool is_from_future() const { return from_future_; }
  /// Nothing to compute with, but nothing wrong either.
  [[nodiscard]] bool abstains() const { return used_ == 0 && dropped() == 0 && abstained_ > 0; }
  [[nodiscard]] std::optional<WallTime> newest() const { return newest_; }
  [[nodiscard]] bool dated() const { return dated_; }
  [[nodiscard]] std::chrono::seconds window() const { return window_; }

  /// @pre used() > 0
  [[nodiscard]] std::int64_t figure(SignalKind kind) const;
  [[nodiscard]] std::int64_t mean() const;

  /// By the samples alone: Fresh, Partial where some were dropped, the worst class where all were; Empty
  /// without any.
  [[nodiscard]] api::Quality quality() const;

  /// Known to be behind less than nine tenths of `endpoints`.
  [[nodiscard]] bool lacks_contributors(std::int64_t endpoints) const;

 private:
  [[nodiscard]] std::int64_t mean_by_weight() const;

  std::int64_t sum_ = 0;
  std::int64_t largest_ = 0;
  std::size_t used_ = 0;
  std::size_t abstained_ = 0;
  std::size_t stale_ = 0;
  std::size_t broken_ = 0;
  bool negative_ = false;
  bool from_future_ = false;
  double weighted_ = 0;
  double weight_ = 0;
  bool weights_known_ = true;
  std::int64_t contributors_ = 0;
  bool contributors_known_ = true;
  std::optional<WallTime> newest_;
  bool dated_ = false;
  std::chrono::seconds window_{0};
};

/// Finds the samples of one pod after the other; quickest where the pods come by name, as the samples do.
class SampleFinder {
 public:
  /// `samples` are sorted by pod, and outlive this.
  explicit SampleFinder(std::span<const PodSample> samples) : samples_{samples} {}

  /// The sample of a pod; null when there is none.
  [[nodiscard]] const PodSample* find(std::string_view pod);

 private:
  std::span<const PodSample> samples_;
  std::size_t next_ = 0;  ///< The one after that found last.
};

/// Saturating.
[[nodiscard]] std::int64_t add_saturating(std::int64_t a, std::int64_t b);

}  // namespace evenkeel::scaling
