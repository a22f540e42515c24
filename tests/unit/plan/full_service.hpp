#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "evenkeel/plan/decide.hpp"

#include "snapshot_builder.hpp"

/// A service in closed loop with decide(): what is decided is there at the next look.
namespace evenkeel::plan {

/// Backends of one tier, as large as the maximum lets them be, without surge; a replica carries 70 requests a
/// second. What is decided is there, ready and observed, at the next look.
class Full {
 public:
  Full(std::int32_t blue, std::int32_t green, double load) : Full({{"blue", blue}, {"green", green}}, load) {}
  Full(const std::vector<std::pair<std::string, std::int32_t>>& backends, double load) : load_{load} {
    std::int32_t sum = 0;
    for (const auto& [name, replicas] : backends) sum += replicas;
    builder.bounds(1, sum).windows(0, 0);
    builder.scaling().max_surge_percent = 0;
    for (const auto& [name, replicas] : backends)
      builder.backend(name, {.weight = replicas, .spec = replicas, .share = 100.0 * replicas / sum});
    builder.metric("rps", load);
    (void)tick(0);
  }
  /// Declares other weights.
  void edit(const std::vector<std::int32_t>& weights) {
    for (std::size_t i = 0; i < weights.size(); ++i) builder.spec().backends[i].weight = weights[i];
  }
  /// One backend has `fewer` ready endpoints than replicas from now on.
  void lose(const std::string& name, std::int32_t fewer) { missing_[name] = fewer; }
  /// This much is measured of it from now on, whatever is set.
  void observe(const std::string& name, double share) { observed_[name] = share; }
  void fail_metric() { fails_ = true; }
  /// Shows what was decided last and decides `seconds` later.
  api::Decision tick(std::int64_t seconds) {
    now_ += seconds;
    builder.now(now_);
    if (!memory_.empty()) {
      for (const auto& [name, backend] : last_.backends) {
        const auto ready = std::max(0, backend.replicas.value_or(0) - missing_[name]);
        builder.seen(name, {.spec = backend.replicas, .ready = ready, .share = backend.weight});
        const auto observed = observed_.find(name);
        builder.snapshot().backends[name].observed_weight =
            observed == observed_.end() ? backend.weight : observed->second;
      }
      builder.memory(memory_);
    }
    auto& metric = builder.snapshot().metrics["rps"];
    metric.samples.clear();
    if (!fails_) metric.samples = {{.value = load_, .time = builder.snapshot().now}};
    if (fails_) metric.error = "nobody answers";
    last_ = decide(builder.build());
    memory_ = last_.memory;
    return last_;
  }

  testing_support::SnapshotBuilder builder;

 private:
  double load_;
  std::int64_t now_ = 0;
  api::Decision last_;
  std::string memory_;
  std::map<std::string, std::int32_t> missing_;
  std::map<std::string, double> observed_;
  bool fails_ = false;
};

inline double weight(const api::Decision& decision, const std::string& name = "blue") {
  return decision.backends.at(name).weight;
}
inline std::int32_t replicas(const api::Decision& decision, const std::string& name = "blue") {
  return decision.backends.at(name).replicas.value_or(-1);
}
inline bool has_slice(const api::Decision& decision, const std::string& name = "blue") {
  const auto& steps = decision.backends.at(name).steps;
  return std::ranges::any_of(steps, [](const api::Step& step) { return step.step == std::string{"Slice"}; });
}
inline const api::Condition& condition(const api::Decision& decision, const std::string& type) {
  return *std::ranges::find(decision.conditions, type, &api::Condition::type);
}
inline std::int64_t count_events(const api::Decision& decision, const std::string& reason) {
  return std::ranges::count(decision.events, reason, &api::Event::reason);
}

}  // namespace evenkeel::plan
