#include "samples.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evenkeel/base/moment.hpp"
#include "evenkeel/base/quantity.hpp"
#include "evenkeel/scaling/history.hpp"

namespace evenkeel::scaling {
std::int64_t add_saturating(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
}

JudgedSample judge(const SignalQuery& query, const api::Sample& sample, WallTime now) {
  JudgedSample judged;
  // A sample from the future is one of now: the two clocks differ, and waiting for it would stop scaling.
  judged.time = std::min(sample.time.value_or(now), now);
  judged.dated = sample.time.has_value();
  judged.from_future = sample.time && is_to_come(*sample.time, now);
  const bool has_window = sample.window && *sample.window >= std::chrono::seconds{0};
  judged.window = has_window ? *sample.window : kUsualWindow;
  if (judged.time < moment_before(now, query.source.max_age)) {
    judged.verdict = Verdict::Stale;
  } else if (query.kind != SignalKind::Sum && sample.weight && *sample.weight <= 0) {
    // Before its value is looked at: a latency of no requests is not a number.
    judged.verdict = Verdict::Abstained;
  } else if (std::isfinite(sample.value)) {
    judged.verdict = Verdict::Used;
    judged.negative = sample.value < 0;
    judged.milli = judged.negative ? 0 : milli_from_double(sample.value);
  }
  return judged;
}

void Tally::add(const JudgedSample& judged, const api::Sample& sample) {
  switch (judged.verdict) {
    case Verdict::Stale:
      ++stale_;
      return;
    case Verdict::Broken:
      ++broken_;
      return;
    case Verdict::Abstained:
      ++abstained_;
      break;
    case Verdict::Used:
      ++used_;
      break;
  }
  if (!newest_ || judged.time >= *newest_) {
    dated_ = newest_ == judged.time ? dated_ || judged.dated : judged.dated;
    newest_ = judged.time;
  }
  window_ = std::max(window_, judged.window);
  from_future_ = from_future_ || judged.from_future;
  if (judged.verdict != Verdict::Used) return;
  negative_ = negative_ || judged.negative;
  sum_ = add_saturating(sum_, judged.milli);
  largest_ = std::max(largest_, judged.milli);
  weights_known_ = weights_known_ && sample.weight && std::isfinite(*sample.weight);
  if (weights_known_) {
    weighted_ += static_cast<double>(judged.milli) * *sample.weight;
    weight_ += *sample.weight;
  }
  contributors_known_ = contributors_known_ && sample.contributors.has_value();
  contributors_ += std::max(0, sample.contributors.value_or(0));
}

std::int64_t Tally::mean_by_weight() const {
  const double mean = weighted_ / weight_;
  // Weights too large to add up are as good as unknown.
  if (!weights_known_ || !std::isfinite(weighted_) || !(weight_ > 0) || !std::isfinite(weight_))
    return largest_;
  // Thousandths below 2^53 are exact in a double; up to the largest there is nothing to overflow.
  return std::min(largest_, static_cast<std::int64_t>(std::min(std::ceil(mean), 9e18)));
}

std::int64_t Tally::figure(SignalKind kind) const {
  switch (kind) {
    case SignalKind::Sum:
      return sum_;
    case SignalKind::Latency:
      return largest_;
    case SignalKind::Ratio:
      return mean_by_weight();
  }
  return sum_;
}

std::int64_t Tally::mean() const {
  return sum_ / static_cast<std::int64_t>(std::max<std::size_t>(used_, 1));
}

api::Quality Tally::quality() const {
  if (used_ > 0) return dropped() > 0 ? api::Quality::Partial : api::Quality::Fresh;
  if (broken_ > 0) return api::Quality::Error;
  if (stale_ > 0) return api::Quality::Stale;
  return abstained_ > 0 ? api::Quality::Fresh : api::Quality::Empty;
}

bool Tally::lacks_contributors(std::int64_t endpoints) const {
  return used_ > 0 && contributors_known_ && contributors_ * 10 < endpoints * 9;
}

const PodSample* SampleFinder::find(std::string_view pod) {
  if (next_ < samples_.size() && samples_[next_].pod == pod) return &samples_[next_++];
  const auto found = std::ranges::lower_bound(samples_, pod, {}, &PodSample::pod);
  if (found == samples_.end() || found->pod != pod) return nullptr;
  next_ = static_cast<std::size_t>(found - samples_.begin()) + 1;
  return &*found;
}

}  // namespace evenkeel::scaling
