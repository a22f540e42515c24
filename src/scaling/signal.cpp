#include "evenkeel/scaling/signal.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

#include "evenkeel/scaling/history.hpp"

#include "samples.hpp"

namespace evenkeel::scaling {
namespace {

using api::MetricScope;
using api::Quality;

const std::string* label(const api::Sample& sample, std::string_view name) {
  // There are one or two: looking at them takes less time than a text to search for.
  for (const auto& [key, text] : sample.labels) {
    if (key == name) return text.empty() ? nullptr : &text;
  }
  return nullptr;
}

/// One reading in the making.
class Reader {
 public:
  Reader(const SignalQuery& query, const SignalContext& context) : query_{query}, context_{context} {
    reading_.name = query.name;
  }

  Reading failed(Quality quality, const std::string& problem) {
    reading_.quality = quality;
    set_problem(problem);
    return std::move(reading_);
  }

  Reading read(const api::MetricReading* samples) {
    if (samples == nullptr) {
      return failed(Quality::Error, "it has not been read; check the operator's connection to Prometheus");
    }
    if (samples->error) return failed(Quality::Error, *samples->error);
    if (samples->samples.empty()) return empty();
    warn_of_equal_labels(samples->samples);
    warn_of_figures_below_zero(samples->samples);
    switch (query_.scope) {
      case MetricScope::Service:
        for (const auto& sample : samples->samples) total_.add(judge(query_, sample, context_.now), sample);
        break;
      case MetricScope::Backend:
        read_backends(samples->samples);
        break;
      case MetricScope::Pod:
        read_pods(samples->samples);
        break;
    }
    if (!total_.any()) return empty();
    conclude();
    return std::move(reading_);
  }

 private:
  Reading empty() {
    return failed(Quality::Empty,
                  "Prometheus has no series for it; check the query's labels and that the source is scraped");
  }
  void set_problem(const std::string& problem) {
    if (reading_.problem.empty()) reading_.problem = "metric " + reading_.name + ": " + problem;
  }
  void warn(const std::string& what) {
    const auto text = "metric " + reading_.name + " " + what;
    if (std::ranges::find(reading_.warnings, text) == reading_.warnings.end())
      reading_.warnings.push_back(text);
  }

  /// Prometheus never answers so; whoever does has made a mistake.
  void warn_of_equal_labels(const std::vector<api::Sample>& samples) {
    if (samples.size() < 2 || query_.scope == MetricScope::Pod) return;
    std::vector<const api::Sample*> sorted;
    for (const auto& sample : samples) {
      // Of a backend those without labels are left out, which is said elsewhere.
      if (query_.scope == MetricScope::Service || !sample.labels.empty()) sorted.push_back(&sample);
    }
    const auto labels = [](const api::Sample* sample) -> const auto& { return sample->labels; };
    std::ranges::sort(sorted, {}, labels);
    if (std::ranges::adjacent_find(sorted, {}, labels) != sorted.end()) {
      warn("has samples with the same labels; they are taken for different series");
    }
  }

  /// Beside the value, of which only those that are used are judged.
  void warn_of_figures_below_zero(const std::vector<api::Sample>& samples) {
    for (const auto& sample : samples) {
      if (sample.weight && *sample.weight < 0) warn("has samples with a weight below 0; it counts as 0");
      if (sample.contributors && *sample.contributors < 0)
        warn("has samples with contributors below 0; they count as 0");
      if (sample.window && *sample.window < std::chrono::seconds{0})
        warn("has samples with windowSeconds below 0; they count as unknown");
    }
  }

  bool is_declared(const std::string& backend) const {
    return std::ranges::any_of(context_.backends, [&](const SignalBackend& b) { return b.name == backend; });
  }

  void read_backends(const std::vector<api::Sample>& samples) {
    std::map<std::string_view, Tally> tallies;
    for (const auto& sample : samples) {
      const auto* backend = label(sample, "backend");
      if (backend == nullptr) {
        warn("has samples without the label backend; they are left out");
        total_.add({.verdict = Verdict::Broken}, sample);
      } else if (!is_declared(*backend)) {
        // A backend that has just been removed still has its series.
        warn("has samples of a backend that is not declared (" + *backend + "); they are left out");
      } else {
        const auto judged = judge(query_, sample, context_.now);
        total_.add(judged, sample);
        tallies[*backend].add(judged, sample);
      }
    }
    for (const auto& [name, tally] : tallies) reading_.by_backend[std::string{name}] = part(tally);
    for (const auto& backend : context_.backends) {
      if (!backend.has_share || backend.ready_endpoints <= 0) continue;
      const auto found = reading_.by_backend.find(backend.name);
      const bool answered =
          found != reading_.by_backend.end() && (found->second.usable() || found->second.abstains);
      if (!answered && silent_.empty()) silent_ = backend.name;
    }
  }

  BackendReading part(const Tally& tally) const {
    BackendReading reading;
    reading.quality = tally.quality();
    reading.abstains = tally.abstains();
    if (tally.used() > 0) reading.milli = tally.figure(query_.kind);
    reading.sample_time = tally.newest();
    reading.dated = tally.dated();
    reading.window = tally.window();
    return reading;
  }

  void read_pods(const std::vector<api::Sample>& samples) {
    auto& pods = reading_.pods;
    pods.reserve(samples.size());
    bool any_bad = false;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const auto* pod = label(samples[i], "pod");
      const auto judged = pod == nullptr ? JudgedSample{} : judge(query_, samples[i], context_.now);
      if (pod == nullptr) warn("has samples without the label pod; they are left out");
      total_.add(judged, samples[i]);
      if (judged.verdict != Verdict::Used && judged.verdict != Verdict::Abstained) {
        any_bad = true;
        continue;
      }
      pods.push_back({.pod = *pod,
                      .milli = judged.milli,
                      .time = judged.time,
                      .window = judged.window,
                      .abstains = judged.verdict == Verdict::Abstained,
                      .order = i});
    }
    const auto by_pod = [](const PodSample& a, const PodSample& b) {
      const auto order = a.pod <=> b.pod;
      return order == 0 ? a.order < b.order : order < 0;
    };
    if (!std::ranges::is_sorted(pods, by_pod)) std::ranges::sort(pods, by_pod);
    const bool any_twice = keep_last_of_each_pod();
    if (any_twice || any_bad) count_once(samples);
    look_at_serving_pods();
  }

  /// @return whether there was a pod with several.
  bool keep_last_of_each_pod() {
    auto& pods = reading_.pods;
    const auto same = [](const PodSample& a, const PodSample& b) { return a.pod == b.pod; };
    if (std::ranges::adjacent_find(pods, same) == pods.end()) return false;
    warn("has several samples of one pod; the last one counts");
    std::ranges::reverse(pods);
    const auto rest = std::ranges::unique(pods, same);
    pods.erase(rest.begin(), rest.end());
    std::ranges::reverse(pods);
    return true;
  }

  /// A pod that has a sample that counts is neither counted twice nor held to be bad for another.
  void count_once(const std::vector<api::Sample>& samples) {
    total_ = {};
    SampleFinder kept{reading_.pods};
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const auto* pod = label(samples[i], "pod");
      const auto* counts = pod == nullptr ? nullptr : kept.find(*pod);
      if (counts != nullptr && counts->order != i) continue;
      total_.add(pod == nullptr ? JudgedSample{} : judge(query_, samples[i], context_.now), samples[i]);
    }
  }

  /// Parts by backend, and whether too many of those who serve say nothing.
  void look_at_serving_pods() {
    const auto ready_before = moment_before(context_.now, total_.window());
    SampleFinder samples{reading_.pods};
    for (const auto& backend : context_.backends) {
      Tally tally;
      for (const auto& pod : backend.pods) {
        const auto* sample = samples.find(pod.name);
        if (sample != nullptr && context_.backends.size() > 1) tally.add(judged_again(*sample), {});
        const bool serves = pod.phase == "Running" && pod.ready.value_or(false) && !pod.deleted;
        // A pod that became ready within the window cannot have been measured over it yet.
        const bool young = pod.ready_transition_time && *pod.ready_transition_time > ready_before;
        if (!serves || (young && sample == nullptr)) continue;
        ++expected_pods_;
        if (sample == nullptr) ++missing_pods_;
      }
      if (tally.any()) reading_.by_backend[std::string{backend.name}] = part(tally);
    }
  }

  static JudgedSample judged_again(const PodSample& sample) {
    return {.verdict = sample.abstains ? Verdict::Abstained : Verdict::Used,
            .milli = sample.milli,
            .negative = false,
            .time = sample.time,
            .dated = true,
            .window = sample.window};
  }

  /// Quality and figure, from everything counted.
  void conclude() {
    reading_.quality = total_.quality();
    reading_.abstains = total_.abstains();
    reading_.sample_time = total_.newest();
    reading_.dated = total_.dated();
    reading_.window = total_.window();
    if (total_.has_negative()) warn("has samples below 0; they count as 0");
    if (total_.is_from_future()) warn("has samples from the future; they count as of now");
    if (total_.used() == 0) return explain_without_value();
    reading_.milli = query_.scope == MetricScope::Pod ? total_.mean() : total_.figure(query_.kind);
    if (total_.dropped() > 0) {
      partial("some of its samples were left out: stale, not numbers, or without a label that they need");
    } else if (!silent_.empty()) {
      partial("backend " + std::string{silent_} + " has traffic and no sample");
    } else if (missing_pods_ * 2 > expected_pods_) {
      partial("more than half of the pods that serve have no sample");
    } else if (query_.scope == MetricScope::Service &&
               total_.lacks_contributors(context_.serving_endpoints)) {
      partial("less than 90 % of the ready pods are behind it");
    }
  }

  void partial(const std::string& why) {
    reading_.quality = Quality::Partial;
    set_problem(why + "; the count may rise on it but not fall; check that every pod is scraped");
  }

  void explain_without_value() {
    if (reading_.quality == Quality::Error) {
      set_problem("its value is not a number; correct the query so that it never divides by zero");
    } else if (reading_.quality == Quality::Stale) {
      set_problem("its newest sample is older than maxAgeSeconds (" +
                  std::to_string(query_.source.max_age.count()) +
                  "); check that Prometheus still scrapes the source");
    }
  }

  const SignalQuery& query_;
  const SignalContext& context_;
  Reading reading_;
  Tally total_;
  std::string_view silent_;  ///< The first backend that ought to have a sample and has none.
  std::int64_t expected_pods_ = 0;
  std::int64_t missing_pods_ = 0;
};

}  // namespace

SignalKind kind_of_preset(std::string_view preset) {
  if (preset.starts_with("Latency")) return SignalKind::Latency;
  return preset == "ErrorRatio" ? SignalKind::Ratio : SignalKind::Sum;
}

Reading read_samples(const SignalQuery& query,
                     const api::MetricReading* samples,
                     const SignalContext& context) {
  return Reader{query, context}.read(samples);
}

Reading read_signal(const api::Metric& metric,
                    const api::MetricReading* samples,
                    const SignalContext& context) {
  const SignalQuery query{
      .name = metric.name, .source = metric, .scope = metric.scope, .kind = kind_of_preset(metric.preset)};
  const bool utilization = metric.target_type == api::TargetType::Utilization;
  const bool has_target = utilization ? metric.average_utilization > 0 : metric.target_value.milli() > 0;
  if (samples != nullptr && !samples->error && !has_target) {
    return Reader{query, context}.failed(Quality::Error,
                                         "its target is not above 0; give the load that one replica carries");
  }
  return Reader{query, context}.read(samples);
}

bool is_next_reading(const BackendReading& reading, std::optional<WallTime> last_counted, WallTime now) {
  if (!reading.sample_time) return false;
  if (!last_counted) return true;
  if (reading.dated) return *reading.sample_time > *last_counted;
  const auto window = reading.window > std::chrono::seconds{0} ? reading.window : kUsualWindow;
  return moment_before(now, window) >= *last_counted;
}

std::string decimal_text(std::int64_t milli) {
  std::string text = std::to_string(milli / 1000);
  if (milli < 0 && milli > -1000) text.insert(0, "-");
  std::string rest = std::to_string(std::abs(milli % 1000));
  if (rest == "0") return text;
  rest.insert(0, 3 - rest.size(), '0');
  rest.erase(rest.find_last_not_of('0') + 1);
  return text + "." + rest;
}

}  // namespace evenkeel::scaling
