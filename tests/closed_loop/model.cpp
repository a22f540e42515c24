#include "model.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "evenkeel/base/time_format.hpp"

namespace evenkeel::closed_loop {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

std::string milli(double value) {
  return std::to_string(std::max(1L, std::lround(value * 1000))) + "m";
}

}  // namespace

const char* to_string(Disturbance disturbance) {
  constexpr const char* kNames[] = {"None",
                                    "EditWeights",
                                    "Drain",
                                    "LoadStep",
                                    "Outage",
                                    "PartialOutage",
                                    "Panic",
                                    "Errors",
                                    "Blind",
                                    "BlindEdit",
                                    "ClockJump"};
  return kNames[static_cast<std::size_t>(disturbance)];
}

Model::Model(std::uint64_t seed, Variety variety) : random_{seed}, now_{seconds{1'767'225'600}} {
  make_spec();
  make_world();
  if (variety != Variety::Plain) vary_readings(seed);
  if (variety == Variety::All) vary_backends(seed);
}

void Model::vary_readings(std::uint64_t seed) {
  // Of its own: a service is the same one with either kind of readings.
  Random random{~seed};
  if (random.chance(50)) {
    tick_ = seconds{random.one_of({5, 10, 30})};
    window_ = seconds{random.one_of({10, 30, 60, 120})};
    ticks_read_ = static_cast<std::size_t>(std::max(std::int64_t{1}, window_ / tick_));
  }
  if (random.chance(20)) {
    const int percent = random.one_of({50, 70, 90});
    cpu_target_ = percent / 100.0;
    Json metric{{"name", "cpu"}, {"preset", "CPUUtilization"}};
    metric["target"] = {{"type", "Utilization"}, {"averageUtilization", percent}};
    auto& scaling = spec_["scaling"];
    scaling["metrics"].push_back(metric);
    if (random.chance(40)) {
      scaling["metrics"] = Json::array({metric});
      scaling.erase("loadMetric");
    }
  } else if (random.chance(10)) {
    size_by_the_busiest();
  }
}

void Model::size_by_the_busiest() {
  has_value_ = true;
  Json metric{{"name", "busiest"}, {"query", "max(load per replica)"}};
  metric["target"] = {{"type", "Value"}, {"value", milli(target_)}};
  auto& scaling = spec_["scaling"];
  scaling["metrics"] = Json::array({metric});
  scaling.erase("loadMetric");
}

void Model::vary_backends(std::uint64_t seed) {
  // Of its own, as above.
  constexpr std::uint64_t kOther = 0x5DEECE66D;
  Random random{seed ^ kOther};
  auto& backends = spec_["backends"];
  const auto last = static_cast<int>(backends.size()) - 1;
  if (random.chance(12)) {
    has_minimums_ = last > 0;
    const auto large = static_cast<std::size_t>(random.between(0, last));
    for (std::size_t i = 0; i < backends.size(); ++i)
      backends[i]["weight"] = i == large ? 97 : random.between(1, 3);
  }
  if (random.chance(12)) {
    has_minimums_ = last > 0;
    auto& backend = backends[static_cast<std::size_t>(random.between(0, last))];
    const int least = random.between(2, 6);
    backend["minReplicas"] = least;
    if (backend.contains("maxReplicas"))
      backend["maxReplicas"] = std::max(least, backend["maxReplicas"].get<int>());
    auto& most = spec_["scaling"]["maxReplicas"];
    most = most.get<int>() + least - 1;
  }
}

void Model::make_backends(int count) {
  const bool uneven = random_.chance(40);
  const bool tiers = count > 1 && random_.chance(30);
  const int inefficient = random_.chance(40) ? random_.between(0, count - 1) : -1;
  for (int i = 0; i < count; ++i) {
    const auto name = "b" + std::to_string(i);
    Json backend{
        {"name", name}, {"serviceRef", {{"name", name}, {"port", 80}}}, {"workloadRef", {{"name", name}}}};
    if (tiers && i == count - 1) backend["tier"] = 1;
    if (uneven) backend["weight"] = random_.between(1, 10) * 10;
    if (random_.chance(8)) backend["slowStart"] = {{"windowSeconds", 120}, {"minPercent", 10}};
    if (random_.chance(6)) backend["maxReplicas"] = random_.between(2, 8);
    spec_["backends"].push_back(backend);
    backends_[name].cost = i == inefficient ? 1.25 : 1;
  }
}

void Model::make_scaling(int count) {
  const int replicas = count + random_.between(0, 12);
  demand_ = target_ * (replicas - random_.real(0.05, 0.95));
  Json metric{{"name", "rps"}, {"preset", "RequestsPerSecond"}};
  metric["target"] = {{"type", "AverageValue"}, {"value", milli(target_)}};
  auto& scaling = spec_["scaling"];
  scaling["minReplicas"] = 1;
  // Full in a third of them: no replica to spare for a shift.
  const bool full = random_.chance(35);
  scaling["maxReplicas"] = std::max(count, full ? replicas - random_.between(0, 1) : replicas * 3);
  scaling["metrics"].push_back(metric);
  if (random_.chance(20)) {
    scaling["metrics"].push_back({{"name", "work"},
                                  {"query", "sum by (backend) (work)"},
                                  {"scope", "Backend"},
                                  {"target", {{"type", "AverageValue"}, {"value", milli(target_)}}}});
  }
  if (random_.chance(80)) scaling["loadMetric"] = "rps";
  if (random_.chance(40)) scaling["maxSurgePercent"] = random_.one_of({0, 0, 25});
  if (random_.chance(50)) {
    const auto window = random_.one_of({0, 60, 300});
    scaling["behavior"]["scaleDown"] = {{"stabilizationWindowSeconds", window}};
  }
}

void Model::make_spec() {
  const int count = random_.one_of({1, 2, 2, 2, 3, 3, 4, 6});
  target_ = random_.real(5, 100);
  saturation_ = target_ / random_.one_of({0.4, 0.6, 0.8, 0.9});
  spec_ = Json::object();
  make_backends(count);
  make_scaling(count);
  spec_["balancing"] = {{"algorithm",
                         random_.one_of({"WeightedRoundRobin",
                                         "WeightedRoundRobin",
                                         "WeightedRoundRobin",
                                         "RoundRobin",
                                         "LeastConnections",
                                         "FastestResponse",
                                         "LeastUtilization",
                                         "LeastUtilization",
                                         "Capacity"})}};
  auto& balancing = spec_["balancing"];
  if (random_.chance(30)) balancing["maxStepPercent"] = random_.one_of({10, 20, 50});
  if (random_.chance(30)) balancing["stepSeconds"] = random_.one_of({15, 30, 60});
  if (random_.chance(30)) balancing["smoothingSeconds"] = random_.one_of({0, 30, 60});
  spec_["health"]["signals"].push_back({{"name", "errors"}, {"preset", "ErrorRatio"}, {"max", "50m"}});
  if (random_.chance(30)) spec_["failover"]["failback"] = {{"afterSeconds", 60}, {"stepPercent", 20}};
}

void Model::make_world() {
  tick_ = seconds{random_.one_of({15, 30, 30})};
  start_time_ = seconds{random_.one_of({0, 10, 40, 90})};
  observes_ = random_.chance(60);
  disturbance_ = static_cast<Disturbance>(random_.between(0, static_cast<int>(Disturbance::ClockJump)));
  disturbed_at_ = random_.between(15, 40);
  recovered_at_ = disturbed_at_ + random_.between(3, 20);
  const auto count = static_cast<int>(backends_.size());
  victim_ = "b" + std::to_string(random_.between(0, count - 1));
  for (auto& [name, backend] : backends_) {
    backend.spec = backend.ready = random_.between(1, 4);
    backend.weight = backend.observed = 100.0 / count;
  }
}

void Model::edit_weights() {
  for (auto& backend : spec_["backends"]) backend["weight"] = random_.between(1, 10) * 10;
}

void Model::disturb() {
  auto& victim = backends_[victim_];
  switch (disturbance_) {
    case Disturbance::None:
      break;
    case Disturbance::EditWeights:
    case Disturbance::BlindEdit:
      edit_weights();
      break;
    case Disturbance::Drain:
      if (backends_.size() > 1) drained_ = victim_;
      break;
    case Disturbance::LoadStep:
      demand_ *= random_.one_of({0.3, 0.6, 1.5, 2.5});
      break;
    case Disturbance::Outage:
      victim.missing = 1000;
      break;
    case Disturbance::PartialOutage:
      victim.missing = std::max(1, victim.ready / 2);
      break;
    case Disturbance::Panic:
      for (auto& [name, backend] : backends_) backend.missing = backend.ready * 2 / 3 + 1;
      break;
    case Disturbance::Errors:
      victim.failing = true;
      break;
    case Disturbance::Blind:
      blind_ = true;
      break;
    case Disturbance::ClockJump:
      now_ += hours{24};
      break;
  }
}

void Model::recover() {
  for (auto& [name, backend] : backends_) {
    backend.missing = 0;
    backend.failing = false;
  }
}

void Model::start_and_stop(Backend& backend) const {
  auto& starting = backend.starting;
  std::erase_if(starting, [&](WallTime due) {
    if (due > now_) return false;
    ++backend.ready;
    return true;
  });
  while (backend.ready + static_cast<int>(starting.size()) > backend.spec) {
    // A controller takes away first what is not ready yet.
    if (starting.empty()) {
      --backend.ready;
    } else {
      starting.pop_back();
    }
  }
  while (backend.ready + static_cast<int>(starting.size()) < backend.spec)
    starting.push_back(now_ + start_time_);
}

void Model::step(const api::Decision& decision) {
  for (auto& [name, backend] : backends_) {
    const auto& decided = decision.backends.at(name);
    if (decided.replicas) backend.spec = std::clamp(*decided.replicas, 0, 10'000);
    backend.weight = decided.weight;
  }
  now_ += tick_;
  ++step_;
  if (step_ == disturbed_at_) disturb();
  if (disturbance_ == Disturbance::BlindEdit && step_ == disturbed_at_ / 2) blind_ = true;
  if (step_ == recovered_at_) recover();
  for (auto& [name, backend] : backends_) {
    start_and_stop(backend);
    backend.observed += 0.8 * (backend.weight - backend.observed);
    if (std::abs(backend.weight - backend.observed) < 0.3) backend.observed = backend.weight;
    backend.recently.push_back(backend.observed);
    if (backend.recently.size() > ticks_read_) backend.recently.pop_front();
    if (has_pods()) use(backend);
  }
}

void Model::use(Backend& backend) const {
  const auto serving = static_cast<std::size_t>(backend.serving());
  backend.ages.resize(serving, 0);
  for (auto& age : backend.ages) ++age;
  const double load = demand_ * backend.observed / 100 * backend.cost / target_;
  backend.used.push_back(serving == 0 ? 0 : cpu_target_ * load / static_cast<double>(serving));
  if (backend.used.size() > ticks_read_) backend.used.pop_front();
}

double Model::rate(const Backend& backend) const {
  const auto& shares = backend.recently;
  if (shares.empty()) return demand_ * backend.observed / 100;
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  return demand_ * sum / static_cast<double>(shares.size()) / 100;
}

double Model::utilization(const Backend& backend) const {
  if (backend.serving() == 0) return 0;
  return rate(backend) * backend.cost / (saturation_ * backend.serving());
}

double Model::latency(const Backend& backend) const {
  return backend.cost / saturation_ / (1 - std::min(utilization(backend), 0.98));
}

double Model::busiest() const {
  double most = 0;
  for (const auto& [name, backend] : backends_) {
    if (backend.serving() > 0) most = std::max(most, rate(backend) * backend.cost / backend.serving());
  }
  return most;
}

Json Model::sample(double value, const std::string& backend) const {
  Json sample{{"value", value}, {"time", format_rfc3339(now_)}, {"windowSeconds", window_.count()}};
  if (!backend.empty()) sample["labels"] = {{"backend", backend}};
  return sample;
}

/// Every replica as a pod that requests one core, and the cores that it uses: the mean of the window as far
/// as it has served.
void Model::add_pods(const std::string& name, const Backend& backend, Json& line) const {
  const auto started = format_rfc3339(WallTime{seconds{1'767'139'200}});
  const auto exists = backend.ready + static_cast<int>(backend.starting.size());
  auto& pods = line["backends"][name]["pods"] = Json::array();
  for (int i = 0; i < exists; ++i) {
    const bool ready = i < backend.serving();
    Json pod{{"name", name + "-" + std::to_string(i)},
             {"phase", i < backend.ready ? "Running" : "Pending"},
             {"ready", ready},
             {"startTime", started},
             {"readyTransitionTime", started},
             {"requests", {{"cpu", "1"}}}};
    if (ready && !blind_) {
      const auto age =
          static_cast<std::size_t>(i) < backend.ages.size() ? backend.ages[static_cast<std::size_t>(i)] : 1;
      const auto span = std::min(std::max<std::size_t>(age, 1), backend.used.size());
      const auto first = backend.used.end() - static_cast<std::ptrdiff_t>(span);
      const double sum = std::accumulate(first, backend.used.end(), 0.0);
      auto reading = sample(span == 0 ? 0.0 : sum / static_cast<double>(span), name);
      reading["labels"]["pod"] = pod["name"];
      line["metrics"]["cpu"]["samples"].push_back(reading);
    }
    pods.push_back(pod);
  }
}

Json Model::metrics() const {
  Json metrics = Json::object();
  if (blind_) {
    for (const auto& metric : spec_["scaling"]["metrics"])
      metrics[metric["name"].get<std::string>()]["error"] = "the source is not there";
    return metrics;
  }
  if (has_pods()) metrics["cpu"]["samples"] = Json::array();
  metrics["rps"]["samples"].push_back(sample(demand_));
  if (has_value_) metrics["busiest"]["samples"].push_back(sample(busiest()));
  for (const auto* name : {"work",
                           "balancing.connections",
                           "balancing.latency",
                           "balancing.errors",
                           "balancing.utilization",
                           "errors"})
    metrics[name]["samples"] = Json::array();
  for (const auto& [name, backend] : backends_) {
    const auto add = [&, &label = name](const char* metric, double value) {
      metrics[metric]["samples"].push_back(sample(value, label));
    };
    add("work", rate(backend) * backend.cost);
    if (backend.serving() == 0 || backend.observed <= 0) continue;
    const double errors = backend.failing ? 0.5 : 0;
    add("balancing.connections", rate(backend) * latency(backend));
    add("balancing.latency", latency(backend));
    add("balancing.errors", errors);
    add("balancing.utilization", std::min(utilization(backend), 1.0));
    add("errors", errors);
  }
  return metrics;
}

Json Model::snapshot() const {
  Json line{{"now", format_rfc3339(now_)},
            {"service",
             {{"apiVersion", "evenkeel.dev/v1alpha1"},
              {"kind", "LoadBalancedService"},
              {"metadata", {{"namespace", "store"}, {"name", "shop"}, {"uid", "1"}}},
              {"spec", spec_}}},
            {"metrics", metrics()}};
  if (!drained_.empty()) line["service"]["metadata"]["annotations"] = {{"evenkeel.dev/drain", drained_}};
  for (const auto& [name, backend] : backends_) {
    auto& seen = line["backends"][name];
    const auto exists = backend.ready + static_cast<int>(backend.starting.size());
    seen = {{"specReplicas", backend.spec},
            {"statusReplicas", exists},
            {"readyReplicas", backend.serving()},
            {"endpoints", {{"ready", backend.serving()}, {"total", exists}}},
            {"weight", backend.weight}};
    if (observes_) {
      seen["observedWeight"] = backend.observed;
      seen["observedWeightTime"] = format_rfc3339(now_);
    }
    if (has_pods()) add_pods(name, backend, line);
  }
  return line;
}

}  // namespace evenkeel::closed_loop
