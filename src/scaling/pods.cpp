#include "pods.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "evenkeel/scaling/history.hpp"

#include "samples.hpp"

namespace evenkeel::scaling {
namespace {

// Sums of thousandths times 100 may leave 64 bits; whoever sends such values still gets a count.
__extension__ using Wide = __int128;

bool is_cpu(const api::Metric& metric) {
  return metric.preset == "CPUUtilization";
}

const char* resource_of(const api::Metric& metric) {
  return is_cpu(metric) ? "cpu" : "memory";
}

std::optional<std::int64_t> request_in(const std::map<std::string, Quantity>& requests,
                                       const std::string& name) {
  const auto found = requests.find(name);
  if (found == requests.end()) return std::nullopt;
  return found->second.milli();
}

/// What a pod asks for; empty where a container that counts has no request. With requests of the pod itself
/// a container may lack one; a container that the metric names goes before them.
std::optional<std::int64_t> request_of(const api::Pod& pod,
                                       const api::Metric& metric,
                                       const std::string& resource) {
  const bool by_pod = metric.container.empty() && !pod.requests.empty();
  if (by_pod) {
    if (const auto own = request_in(pod.requests, resource)) return own;
  }
  std::int64_t sum = 0;
  bool found_any = false;
  for (const auto& container : pod.containers) {
    if (!metric.container.empty() && metric.container != container.name) continue;
    const auto request = request_in(container.requests, resource);
    if (!request && !by_pod) return std::nullopt;
    sum = add_saturating(sum, request.value_or(0));
    found_any = found_any || request.has_value();
  }
  if (by_pod && !found_any) return std::nullopt;
  return sum;
}

bool serves(const api::Pod& pod) {
  return pod.phase == "Running" && pod.ready.value_or(false) && !pod.deleted;
}

/// CPU while a pod starts says nothing about its load.
bool starts_up(const PodInput& input, const api::Pod& pod, const PodSample& sample) {
  if (!pod.ready || !pod.start_time) return true;
  const auto changed = pod.ready_transition_time.value_or(WallTime::min());
  if (moment_after(*pod.start_time, input.settings.cpu_initialization) > input.now) {
    return !*pod.ready || sample.time < moment_after(changed, sample.window);
  }
  return !*pod.ready && moment_after(*pod.start_time, input.settings.initial_readiness_delay) > changed;
}

enum class Group { Ignored, Unready, Missing, Ready };

Group group_of(const PodInput& input, const api::Pod& pod, const PodSample* sample) {
  if (pod.deleted || pod.phase == "Failed") return Group::Ignored;
  // In the middle of a roll-out old and new pods stand side by side; only those that serve say anything.
  if (input.rollout && !serves(pod)) return Group::Ignored;
  if (pod.phase == "Pending") return Group::Unready;
  if (sample == nullptr) return Group::Missing;
  if (is_cpu(input.metric) && starts_up(input, pod, *sample)) return Group::Unready;
  return Group::Ready;
}

/// Usage of a set of pods beside their requests. Everything upstream does with its maps of pods it does with
/// sums over them, so the sums are enough.
struct Usage {
  Wide usage = 0;
  Wide request = 0;
  std::int64_t pods = 0;    ///< That the count is multiplied by.
  std::int64_t values = 0;  ///< That the mean is taken over: without those that abstain.

  void add(std::int64_t value, std::int64_t asked) {
    usage += value;
    request += asked;
    ++pods;
    ++values;
  }
  void add(const Usage& other) {
    usage += other.usage;
    request += other.request;
    pods += other.pods;
    values += other.values;
  }
};

struct Groups {
  Usage ready;
  Usage unready;  ///< Its usage counts as 0.
  Usage missing;  ///< Its usage is what a fall assumes for them.
  Usage strangers;
};

struct Ratio {
  double ratio = 0;
  std::int64_t usage = 0;
};

std::int64_t saturated(Wide value) {
  constexpr Wide kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::clamp<Wide>(value, -kMost, kMost));
}

/// Whole percents and whole thousandths on purpose: upstream truncates them before it divides by the target.
std::optional<Ratio> ratio_of(const api::Metric& metric, const Usage& sum) {
  if (metric.target_type == api::TargetType::Utilization) {
    if (sum.request <= 0) return std::nullopt;
    constexpr Wide kMost = std::numeric_limits<std::int32_t>::max();
    const auto percent = static_cast<std::int64_t>(std::clamp<Wide>(sum.usage * 100 / sum.request, 0, kMost));
    return Ratio{.ratio = static_cast<double>(percent) / metric.average_utilization, .usage = percent};
  }
  const auto mean = saturated(sum.usage / std::max<std::int64_t>(sum.values, 1));
  return Ratio{.ratio = static_cast<double>(mean) / static_cast<double>(metric.target_value.milli()),
               .usage = mean};
}

class Sizer {
 public:
  explicit Sizer(const PodInput& input) : input_{input} {}

  PodOutcome size() {
    if (input_.pods.empty()) return invalid("no pods are listed for it", {});
    std::int64_t known = 0;
    SampleFinder samples{input_.samples};
    for (const auto& pod : input_.pods) {
      const auto* sample = samples.find(pod.name);
      if (sample != nullptr) ++known;
      if (!count(pod, sample)) {
        return invalid("a container has no request of it, so there is no utilisation; set one", pod.name);
      }
    }
    if (input_.strangers && known < static_cast<std::int64_t>(input_.samples.size())) count_strangers();
    // A utilisation is that of a request, which strangers have none of.
    const auto counted = groups_.ready.pods + (utilization() ? 0 : groups_.strangers.pods);
    if (counted == 0) {
      return invalid("no sample belongs to a pod that counts (pods may be unready)", {});
    }
    if (groups_.ready.values + groups_.strangers.values == 0) {
      PodOutcome silent;
      silent.abstains = true;
      return silent;
    }
    return size_from_groups();
  }

 private:
  bool utilization() const { return input_.metric.target_type == api::TargetType::Utilization; }

  PodOutcome invalid(const char* problem, std::string_view pod) const {
    PodOutcome outcome;
    outcome.problem = problem;
    outcome.pod = pod;
    return outcome;
  }

  /// @return false where its request is not known.
  bool count(const api::Pod& pod, const PodSample* sample) {
    std::int64_t request = 0;
    if (utilization()) {
      const auto asked = request_of(pod, input_.metric, resource_);
      if (!asked) return false;
      request = *asked;
    }
    const auto group = group_of(input_, pod, sample);
    if ((group == Group::Unready || group == Group::Missing) && serves(pod)) ++unmeasured_;
    switch (group) {
      case Group::Ignored:
        break;
      case Group::Unready:
        groups_.unready.add(0, request);
        break;
      case Group::Missing:
        groups_.missing.add(assumed(request), request);
        break;
      case Group::Ready:
        assert(sample != nullptr);  // Without one it is Missing.
        if (sample->abstains) {
          ++groups_.ready.pods;
        } else {
          groups_.ready.add(sample->milli, request);
        }
        break;
    }
    return true;
  }

  /// What a pod without a sample is taken to use where the others ask for fewer: all it asked for, or exactly
  /// the target.
  std::int64_t assumed(std::int64_t request) const {
    if (!utilization()) return input_.metric.target_value.milli();
    return saturated(Wide{request} * std::max(100, input_.metric.average_utilization) / 100);
  }

  /// Samples of pods that are not listed: of Utilization only their number counts, for want of a request.
  void count_strangers() {
    std::vector<std::string_view> listed;
    listed.reserve(input_.pods.size());
    for (const auto& pod : input_.pods) listed.push_back(pod.name);
    std::ranges::sort(listed);
    for (const auto& sample : input_.samples) {
      if (std::ranges::binary_search(listed, sample.pod)) continue;
      ++groups_.strangers.pods;
      if (utilization() || sample.abstains) continue;
      groups_.strangers.usage += sample.milli;
      ++groups_.strangers.values;
    }
  }

  PodOutcome size_from_groups() const {
    Usage sum = groups_.ready;
    sum.add(groups_.strangers);
    const auto measured = ratio_of(input_.metric, sum);
    if (!measured) return invalid("the pods that have a sample have no request of it; set one", {});
    PodOutcome outcome;
    outcome.usage = measured->usage;
    const double ratio = measured->ratio;
    const auto serving = groups_.ready.pods + unmeasured_;
    outcome.ratio = ratio;
    outcome.load =
        ratio > 1.0 ? std::max(times(ratio, groups_.ready.pods), times(1.0, serving)) : times(ratio, serving);
    const bool fill_unready = groups_.unready.pods > 0 && ratio > 1.0;
    if (!fill_unready && groups_.missing.pods == 0) {
      outcome.need = input_.tolerance.covers(ratio) ? input_.current : times(ratio, groups_.ready.pods);
      return outcome;
    }
    if (groups_.missing.pods > 0 && ratio != 1.0) {
      sum.add(groups_.missing);
      if (ratio > 1.0) sum.usage -= groups_.missing.usage;
    }
    if (fill_unready) sum.add(groups_.unready);
    outcome.need = filled(ratio, ratio_of(input_.metric, sum).value_or(Ratio{}).ratio, sum.pods);
    return outcome;
  }

  /// With what was filled in: nothing where that makes the change small or turns it round.
  double filled(double before, double ratio, std::int64_t pods) const {
    const bool turned = (before < 1.0 && ratio > 1.0) || (before > 1.0 && ratio < 1.0);
    if (input_.tolerance.covers(ratio) || turned) return input_.current;
    const double need = times(ratio, pods);
    const double rounded = std::ceil(need);
    if ((ratio < 1.0 && rounded > input_.current) || (ratio > 1.0 && rounded < input_.current)) {
      return input_.current;
    }
    return need;
  }

  /// Upstream's product. During a roll-out there are more pods than are meant to stay: they make nothing
  /// larger, and a fall still counts what they carry.
  double times(double ratio, std::int64_t pods) const {
    const double need = ratio * static_cast<double>(pods);
    if (!input_.rollout || pods <= input_.current) return need;
    return ratio > 1.0 ? ratio * input_.current : std::min<double>(need, input_.current);
  }

  const PodInput& input_;
  const std::string resource_ = resource_of(input_.metric);
  Groups groups_;
  std::int64_t unmeasured_ = 0;  ///< Pods that serve and are in no ratio.
};

}  // namespace

PodOutcome size_from_pods(const PodInput& input) {
  return Sizer{input}.size();
}

}  // namespace evenkeel::scaling
