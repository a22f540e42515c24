#include "verdict.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/plan/decide.hpp"

namespace evenkeel::closed_loop {
namespace {

/// A share that moves less than this in the whole of the rest stands still.
constexpr double kStill = 2.0;
/// Of the target: the tolerance, and what layers round.
constexpr double kMostLoad = 1.12;
/// Of its fair share, what a backend that is 20 % less efficient has at least.
constexpr double kNotStarved = 0.5;

struct Trail {
  std::int32_t replicas_low = 0;
  std::int32_t replicas_high = 0;
  double weight_low = 0;
  double weight_high = 0;
  double path = 0;  ///< All changes of the share added up.
  double last = 0;
};

bool is_computed(const Json& spec) {
  const auto algorithm = spec["balancing"]["algorithm"].get<std::string>();
  return algorithm == "LeastConnections" || algorithm == "FastestResponse" ||
         algorithm == "LeastUtilization" || algorithm == "Capacity";
}

/// Whether a fall was decided by readings that look back further than the falls' window.
bool falls_hastily(const api::Decision& decision) {
  return std::ranges::any_of(decision.total.steps, [](const api::Step& step) {
    return step.step == "Stabilise" && step.detail.value_or("").starts_with("metric cpu looks back on ");
  });
}

bool capacity_bound(const api::Decision& decision) {
  return std::ranges::any_of(decision.conditions, [](const api::Condition& condition) {
    return condition.type == "WeightsEffective" && condition.reason == "CapacityBound";
  });
}

class Driver {
 public:
  Driver(std::uint64_t seed, Variety variety, bool record) : model_{seed, variety}, record_{record} {}

  Course run() {
    // Whose readings look back on several decisions learns of each step later.
    decisions_ = model_.decisions() * kDecisions;
    for (int i = 0; i < decisions_ && course_.problems.empty(); ++i) decide(i);
    if (course_.problems.empty()) judge();
    return std::move(course_);
  }

 private:
  void complain(const std::string& rule, const std::string& detail) {
    course_.problems.push_back(rule + ": " + detail);
  }

  void decide(int step) {
    const auto line = model_.snapshot().dump();
    if (record_) course_.lines.push_back(line);
    auto snapshot = reader_.read(line);
    if (!snapshot.ok()) return complain("refused", snapshot.error().message);
    snapshot->memory = memory_;
    decision_ = plan::decide(*snapshot);
    memory_ = decision_.memory;
    if (record_) course_.table.push_back(row(step));
    if (step >= decisions_ - kRest) watch(step == decisions_ - kRest);
    note();
    model_.step(decision_);
  }

  [[nodiscard]] std::string row(int step) const {
    char text[128];
    std::snprintf(text, sizeof text, "%3d total %2d |", step, decision_.total.replicas.value_or(-1));
    std::string row = text;
    for (const auto& [name, backend] : model_.backends()) {
      const auto& made = decision_.backends.at(name);
      std::snprintf(text,
                    sizeof text,
                    " %s %d/%d->%d %5.1f->%5.1f (%5.1f) u%.2f %s |",
                    name.c_str(),
                    backend.serving(),
                    backend.spec,
                    made.replicas.value_or(-1),
                    backend.weight,
                    made.weight,
                    made.target_weight,
                    model_.utilization(backend),
                    api::to_string(made.state));
      row += text;
    }
    return row;
  }

  void watch(bool first) {
    hasty_ = hasty_ || falls_hastily(decision_);
    for (const auto& [name, made] : decision_.backends) {
      auto& trail = trails_[name];
      const auto replicas = made.replicas.value_or(-1);
      if (first) trail = {replicas, replicas, made.weight, made.weight, 0, made.weight};
      trail.replicas_low = std::min(trail.replicas_low, replicas);
      trail.replicas_high = std::max(trail.replicas_high, replicas);
      trail.weight_low = std::min(trail.weight_low, made.weight);
      trail.weight_high = std::max(trail.weight_high, made.weight);
      trail.path += std::abs(made.weight - trail.last);
      trail.last = made.weight;
    }
  }

  void note() {
    auto& passed = course_.passed;
    const auto& spec = model_.spec();
    std::int64_t ready = 0;
    std::int64_t whole = 0;
    for (const auto& [name, backend] : model_.backends()) {
      const auto& made = decision_.backends.at(name);
      passed.hot = passed.hot ||
                   (is_computed(spec) && model_.backends().size() > 1 && model_.utilization(backend) >= 0.8);
      passed.probation = passed.probation ||
                         (made.ejections > 0 && made.state != api::BackendState::Ejected && made.weight > 0);
      ready += backend.serving();
      whole += std::min(backend.ready, backend.spec);
    }
    passed.panic = passed.panic || ready * 2 < whole;
    passed.full =
        passed.full || decision_.total.replicas == spec["scaling"]["maxReplicas"].get<std::int32_t>();
    passed.no_surge = spec["scaling"].value("maxSurgePercent", 100) == 0;
    passed.three_backends = model_.backends().size() >= 3;
    passed.unknown_demand = passed.unknown_demand || model_.is_blind();
    passed.uneven = passed.uneven || is_uneven();
    passed.windows = model_.has_windows();
    passed.pods = model_.has_pods();
    passed.minimums = model_.has_minimums();
    passed.value = model_.has_value() && model_.backends().size() > 1;
  }

  [[nodiscard]] double declared_share(const Json& backend) const {
    const auto weight_of = [&](const Json& b) {
      return model_.spec()["balancing"]["algorithm"] == "RoundRobin" ? 1.0 : b.value("weight", 100);
    };
    double sum = 0;
    for (const auto& other : model_.spec()["backends"]) {
      if (other.value("tier", 0) == backend.value("tier", 0) && !model_.is_drained(other["name"]))
        sum += weight_of(other);
    }
    return sum > 0 ? weight_of(backend) / sum : 0;
  }

  [[nodiscard]] bool is_uneven() const {
    for (const auto& backend : model_.spec()["backends"]) {
      const double part = declared_share(backend) * decision_.total.replicas.value_or(0);
      if (std::abs(part - std::round(part)) > 0.01) return true;
    }
    return false;
  }

  void judge() {
    for (const auto& [name, trail] : trails_) {
      char text[160];
      std::snprintf(text,
                    sizeof text,
                    "%s between %d and %d replicas, %.2f and %.2f %%, path %.2f",
                    name.c_str(),
                    trail.replicas_low,
                    trail.replicas_high,
                    trail.weight_low,
                    trail.weight_high,
                    trail.path);
      if (trail.replicas_low != trail.replicas_high) {
        // With one backend every figure is upstream's, swings by pods' old readings included:
        // docs/scaling.md.
        course_.passed.swings = hasty_ && trails_.size() == 1;
        if (!course_.passed.swings) complain("replicas at rest", text);
      }
      if (trail.weight_high - trail.weight_low > kStill || trail.path > 2 * kStill)
        complain("shares at rest", text);
    }
    for (const auto& [name, made] : decision_.backends) {
      if (std::abs(made.weight - made.target_weight) > kStill && !capacity_bound(decision_))
        complain("shift waits",
                 name + " stands at " + std::to_string(made.weight) + ", its target is " +
                     std::to_string(made.target_weight));
    }
    judge_load();
    judge_drain();
    judge_fairness();
    judge_declared();
  }

  /// Replicas that every backend may have at least, although its share asks for fewer.
  [[nodiscard]] double held_at_minimums() const {
    double held = 0;
    for (const auto& backend : model_.spec()["backends"])
      held += std::max(1, backend.value("minReplicas", 1));
    return held;
  }

  /// Whether shares are those declared, and everybody may grow for what is needed at `load` times the demand.
  [[nodiscard]] bool has_room_for(double load) const {
    const auto& spec = model_.spec();
    const double needed = load * model_.demand() / model_.target() + held_at_minimums();
    return !is_computed(spec) && spec["scaling"]["maxReplicas"].get<double>() >= needed &&
           std::ranges::none_of(spec["backends"],
                                [](const Json& backend) { return backend.contains("maxReplicas"); });
  }

  /// With room for all nobody is above the target for good, by whatever metric sizes the service.
  void judge_load() {
    const auto& spec = model_.spec();
    if (!has_room_for(1.25) || model_.is_blind() || model_.has_value() || model_.backends().size() < 2)
      return;
    const auto& metrics = spec["scaling"]["metrics"];
    const bool by_work =
        std::ranges::none_of(metrics, [](const Json& metric) { return metric["name"] == "rps"; });
    for (const auto& backend : spec["backends"]) {
      const auto& name = backend["name"].get_ref<const std::string&>();
      const auto& made = decision_.backends.at(name);
      const double cost = by_work ? model_.backends().at(name).cost : 1;
      const double load = model_.demand() * made.weight / 100 * cost / std::max(1, made.replicas.value_or(0));
      if (load > model_.target() * kMostLoad)
        complain("overloaded",
                 name + " is at " + std::to_string(load / model_.target()) + " of its target with " +
                     std::to_string(made.replicas.value_or(0)) + " replicas");
    }
  }

  void judge_drain() {
    if (model_.backends().size() < 2 || capacity_bound(decision_)) return;
    for (const auto& [name, made] : decision_.backends) {
      if (model_.is_drained(name) && made.weight > 0)
        complain("drain waits", name + " still has " + std::to_string(made.weight) + " %");
    }
  }

  /// Nobody is starved because he is a little less efficient: sizes follow what is declared, shares the
  /// sizes.
  void judge_fairness() {
    // Where nothing is read any more, computed shares stay as they were.
    const bool is_blind =
        model_.disturbance() == Disturbance::Blind || model_.disturbance() == Disturbance::BlindEdit;
    if (!is_computed(model_.spec()) || is_blind) return;
    // With minimums sizes are not in proportion to what is declared.
    if (model_.has_minimums()) return;
    double replicas = 0;
    double shares = 0;
    for (const auto& backend : model_.spec()["backends"]) {
      if (backend.value("tier", 0) > 0) continue;
      replicas += decision_.backends.at(backend["name"]).replicas.value_or(0);
      shares += decision_.backends.at(backend["name"]).weight;
    }
    for (const auto& backend : model_.spec()["backends"]) {
      const auto& name = backend["name"].get_ref<const std::string&>();
      if (backend.value("tier", 0) > 0 || backend.contains("maxReplicas") || model_.is_drained(name))
        continue;
      const auto& made = decision_.backends.at(name);
      const double declared = declared_share(backend) * replicas;
      // Declared weights count in some of the algorithms, and sizes only roughly follow them.
      const double by_size = shares * made.replicas.value_or(0) / std::max(1.0, replicas);
      const double fair = std::min(by_size, shares * declared_share(backend));
      if (made.replicas.value_or(0) < std::floor(kNotStarved * declared) || made.weight < kNotStarved * fair)
        complain("starved",
                 name + " has " + std::to_string(made.weight) + " % and " +
                     std::to_string(made.replicas.value_or(0)) + " replicas; by its size it would have " +
                     std::to_string(fair) + " %, declared are " + std::to_string(declared) + " replicas");
    }
  }

  /// With declared weights and room for all, the shares are in the end what was declared.
  void judge_declared() {
    const auto& spec = model_.spec();
    if (!has_room_for(1)) return;
    for (const auto& backend : spec["backends"]) {
      const auto& name = backend["name"].get_ref<const std::string&>();
      const bool lowest = std::ranges::none_of(spec["backends"], [&](const Json& other) {
        return other.value("tier", 0) < backend.value("tier", 0) && !model_.is_drained(other["name"]);
      });
      const bool takes = lowest && !model_.is_drained(name);
      const double declared = takes ? 100 * declared_share(backend) : 0;
      const double has = decision_.backends.at(name).weight;
      if (std::abs(has - declared) > kStill)
        complain("declared share",
                 name + " has " + std::to_string(has) + " %, declared are " + std::to_string(declared));
    }
  }

  Model model_;
  bool record_;
  int decisions_ = kDecisions;
  api::SnapshotReader reader_;
  std::optional<std::string> memory_;
  api::Decision decision_;
  std::map<std::string, Trail> trails_;
  bool hasty_ = false;  ///< While nothing should move any more.
  Course course_;
};

}  // namespace

Course run_course(std::uint64_t seed, Variety variety, bool record) {
  return Driver{seed, variety, record}.run();
}

}  // namespace evenkeel::closed_loop
