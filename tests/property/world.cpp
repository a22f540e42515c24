#include "world.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evenkeel/base/time_format.hpp"

#include "nonsense.hpp"

namespace evenkeel::property {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr auto kStart = WallTime{seconds{1'767'225'600}};  // 2026-01-01T00:00:00Z

Temper temper_of(Random& random) {
  const auto dice = random.between(0, 9);
  return dice < 3 ? Temper::Calm : dice < 7 ? Temper::Faulty : Temper::Hostile;
}

SpecWishes wishes_of(Temper temper, Random& random) {
  return {.min_backends = 1, .always_scaled = random.chance(70), .simple = temper == Temper::Calm};
}

double target_of(const Json& spec) {
  if (!spec.contains("scaling")) return 10;
  const auto& target = spec["scaling"]["metrics"][0]["target"];
  const auto text = target.value("value", std::string{"10000m"});
  return std::stod(text.substr(0, text.size() - 1)) / 1000;
}

WallTime moved(WallTime time, std::chrono::seconds by) {
  const auto most = std::chrono::floor<seconds>(WallTime::max()) - hours{24};
  const auto least = std::chrono::ceil<seconds>(WallTime::min()) + hours{24};
  if (by > seconds{0} && time > most - by) return most;
  if (by < seconds{0} && time < least - by) return least;
  return time + by;
}

}  // namespace

World::World(std::uint64_t seed)
    : random_{seed},
      temper_{temper_of(random_)},
      follows_{random_.chance(temper_ == Temper::Calm ? 90 : 80)},
      observes_shares_{random_.chance(50)},
      tick_{random_.one_of({5, 15, 15, 30})},
      demand_{0},
      now_{kStart},
      sampled_{kStart},
      spec_{random_spec(random_, wishes_of(temper_, random_))} {
  demand_ = target_of(spec_) * random_.real(0, 14);
  adopt();
}

/// Gives every declared backend a reality, and forgets those that are declared no more.
void World::adopt() {
  std::map<std::string, Reality> known;
  known.swap(backends_);
  int with_weight = 0;
  for (const auto& backend : spec_["backends"]) {
    const auto name = backend["name"].get<std::string>();
    if (const auto old = known.find(name); old != known.end()) {
      backends_[name] = old->second;
      continue;
    }
    auto& reality = backends_[name];
    reality.spec = reality.ready = random_.between(1, 8);
    if (temper_ != Temper::Calm && random_.chance(8)) reality.spec = reality.ready = 0;
    if (backend.value("weight", 100) > 0 && backend.value("tier", 0) == 0) ++with_weight;
  }
  if (!first_ || with_weight == 0) return;
  for (const auto& backend : spec_["backends"]) {
    if (backend.value("weight", 100) > 0 && backend.value("tier", 0) == 0)
      backends_[backend["name"].get<std::string>()].weight = 100.0 / with_weight;
  }
}

void World::carry_out(const api::Decision& decision) {
  for (auto& [name, reality] : backends_) {
    const auto decided = decision.backends.find(name);
    if (decided == decision.backends.end()) continue;
    if (decided->second.replicas && (follows_ || random_.chance(15)))
      reality.spec = *decided->second.replicas;
    if (follows_ || random_.chance(50)) reality.weight = decided->second.weight;
  }
}

void World::pass_time() {
  if (temper_ == Temper::Calm) {
    now_ = moved(now_, seconds{tick_});
    sampled_ = now_;
    if (follows_ && random_.chance(10)) demand_ *= random_.real(0.6, 1.6);
    return;
  }
  now_ = moved(now_, seconds{random_.one_of({0, 1, tick_, tick_, tick_, tick_, 61})});
  if (random_.chance(85)) sampled_ = now_;
  if (random_.chance(15)) demand_ *= random_.one_of({0.0, 0.3, 0.8, 1.2, 2.0, 5.0});
  if (random_.chance(5)) demand_ = target_of(spec_) * random_.real(0, 20);
  if (temper_ == Temper::Hostile && random_.chance(6)) {
    now_ = moved(now_, random_.one_of<seconds>({hours{24}, -seconds{40}, -hours{24}, hours{9000}}));
  }
}

void World::pods_follow() {
  for (auto& [name, reality] : backends_) {
    const int wanted = std::clamp(reality.spec, 0, 2000);
    if (temper_ == Temper::Calm || reality.ready > wanted) {
      reality.ready = wanted;
    } else if (random_.chance(60)) {
      reality.ready = std::min(wanted, reality.ready + random_.between(1, 4));
    }
  }
}

void World::break_something() {
  for (auto& [name, reality] : backends_) {
    if (reality.outage > 0) {
      --reality.outage;
      if (reality.outage == 0) reality.lost = 0;
    }
    if (reality.outage == 0 && random_.chance(4)) {
      reality.outage = random_.between(1, 12);
      reality.lost = random_.chance(50) ? 1'000'000 : random_.between(1, 3);
    }
    reality.rollout = random_.chance(4);
    if (random_.chance(2)) reality.spec = random_.between(0, 12);
  }
}

void World::edit_one(Json& backend) {
  if (random_.chance(70)) {
    backend["weight"] = random_.one_of({0, 1, 50, 100, 300});
  } else {
    backend["tier"] = random_.between(0, 2);
  }
}

/// An edit by a person that the CRD lets pass.
void World::edit() {
  auto& backends = spec_["backends"];
  switch (random_.between(0, 7)) {
    case 0:
    case 1:
      edit_one(backends[random_.next() % backends.size()]);
      break;
    case 2:
      annotations_["evenkeel.dev/drain"] =
          "b" + std::to_string(random_.next() % backends.size()) + (random_.chance(30) ? "=now" : "");
      break;
    case 3:
      annotations_["evenkeel.dev/drill"] = "b" + std::to_string(random_.next() % backends.size());
      break;
    case 4:
      annotations_["evenkeel.dev/failback"] = std::to_string(random_.next() % 1000);
      break;
    case 5:
      annotations_ = Json::object();
      break;
    case 6:
      if (spec_.contains("scaling")) {
        auto& most = spec_["scaling"]["maxReplicas"];
        most = std::max(most.get<int>() / 2, spec_["scaling"].value("minReplicas", 1));
      }
      break;
    default:
      if (backends.size() > 1 && random_.chance(50)) {
        backends.erase(backends.size() - 1);
      } else if (temper_ == Temper::Hostile) {
        spec_ = random_spec(random_);
      }
  }
  auto& edited = spec_["backends"];  // the whole spec may be another one by now
  int least = 0;
  for (auto& backend : edited) least += backend.value("tier", 0) == 0 ? backend.value("minReplicas", 1) : 0;
  if (spec_.contains("scaling") && spec_["scaling"]["maxReplicas"] < least)
    spec_["scaling"]["maxReplicas"] = least;
  if (std::ranges::all_of(edited, [](const Json& b) { return b.value("weight", 100) == 0; }))
    edited[0]["weight"] = 100;
  adopt();
}

Json World::pods(const std::string& name, const Reality& reality) {
  Json list = Json::array();
  for (int i = 0; i < std::min(reality.spec, 20); ++i) {
    const bool ready = i < reality.ready - std::min(reality.ready, reality.lost);
    list.push_back(
        {{"name", name + "-" + std::to_string(i)},
         {"phase", random_.chance(96) ? "Running" : "Pending"},
         {"ready", ready},
         {"startTime", format_rfc3339(moved(now_, -seconds{random_.between(10, 4000)}))},
         {"requests", {{"cpu", "500m"}, {"memory", "1Gi"}}},
         {"containers", {{{"name", "web"}, {"requests", {{"cpu", "400m"}, {"memory", "900Mi"}}}}}}});
    list.back()["readyTransitionTime"] = list.back()["startTime"];
  }
  return list;
}

Json World::observation(const std::string& name, const Reality& reality) {
  const auto ready = reality.ready - std::min(reality.ready, reality.lost);
  Json seen{{"specReplicas", reality.spec},
            {"statusReplicas", std::max(reality.ready, std::min(reality.spec, 2000))},
            {"readyReplicas", ready},
            {"endpoints", {{"ready", ready}, {"total", reality.ready}}},
            {"weight", reality.weight}};
  if (observes_shares_) {
    seen["observedWeight"] = reality.weight;
    seen["observedWeightTime"] = format_rfc3339(sampled_);
  }
  if (reality.rollout) seen["rollout"] = true;
  if (spec_.contains("scaling") && std::ranges::any_of(spec_["scaling"]["metrics"], [](const Json& metric) {
        return metric.value("scope", "") == "Pod";
      }))
    seen["pods"] = pods(name, reality);
  return seen;
}

Json World::sample(double value) {
  Json sample{{"value", value}, {"time", format_rfc3339(sampled_)}, {"windowSeconds", 60}};
  if (temper_ == Temper::Hostile && random_.chance(5)) sample.erase("time");
  if (temper_ != Temper::Calm && random_.chance(5)) sample["weight"] = random_.one_of({0, 1, 500});
  return sample;
}

/// What the metric `metric` of scaling measures of this world.
Json World::reading(const Json& metric) {
  const auto preset = metric.value("preset", std::string{});
  const auto scope = metric.value("scope", std::string{"Service"});
  Json samples = Json::array();
  if (scope == "Service") {
    const double value = preset == "ErrorRatio"          ? random_.real(0, 0.1)
                         : preset.starts_with("Latency") ? random_.real(0, 1.5)
                                                         : demand_;
    samples.push_back(sample(value));
    return {{"samples", samples}};
  }
  for (const auto& [name, reality] : backends_) {
    if (scope == "Backend") {
      samples.push_back(sample(demand_ * reality.weight / 100));
      samples.back()["labels"] = {{"backend", name}};
    }
    if (scope == "Pod") read_pods(name, reality, preset, samples);
  }
  return {{"samples", samples}};
}

void World::read_pods(const std::string& backend,
                      const Reality& reality,
                      const std::string& preset,
                      Json& samples) {
  for (int i = 0; i < std::min(reality.spec, 20); ++i) {
    if (random_.chance(3)) continue;
    const double unit = preset == "MemoryUtilization" ? 1e9 : preset.empty() ? 10 : 0.5;
    samples.push_back(sample(unit * random_.real(0, 1.4)));
    samples.back()["labels"] = {{"pod", backend + "-" + std::to_string(i)}, {"backend", backend}};
  }
}

/// What is measured of every backend beside the metrics of scaling.
void World::read_backends(Json& line) {
  auto names = backend_readings(spec_);
  if (spec_.contains("/health/signals"_json_pointer)) names.emplace_back("errors");
  for (const auto& name : names) {
    auto& samples = line["metrics"][name]["samples"] = Json::array();
    for (const auto& [backend, reality] : backends_) {
      const double most = name.ends_with("errors")        ? (temper_ == Temper::Calm ? 0.005 : 0.08)
                          : name.ends_with("connections") ? 300
                                                          : 1.2;
      samples.push_back(sample(random_.real(0, most)));
      samples.back()["labels"] = {{"backend", backend}};
    }
  }
}

void World::spoil(Json& line, const api::Decision* last) {
  put_nonsense(line, random_);
  if (random_.chance(7)) spoil_memory(line, last == nullptr ? std::string{"{}"} : last->memory, random_);
  if (random_.chance(3)) line["restored"] = true;
  if (random_.chance(2)) line["settings"] = {{"frozen", true}};
  if (random_.chance(1)) uid_ += 'x';
}

Json World::next(const api::Decision* last) {
  if (!first_) {
    if (last != nullptr) carry_out(*last);
    pass_time();
    if (temper_ != Temper::Calm) break_something();
    if (temper_ != Temper::Calm && random_.chance(6)) edit();
  }
  pods_follow();
  first_ = false;
  Json line{{"now", format_rfc3339(now_)},
            {"service",
             {{"apiVersion", "evenkeel.dev/v1alpha1"},
              {"kind", "LoadBalancedService"},
              {"metadata", {{"namespace", "store"}, {"name", "shop"}, {"uid", uid_}}},
              {"spec", spec_}}}};
  if (!annotations_.empty()) line["service"]["metadata"]["annotations"] = annotations_;
  for (const auto& [name, reality] : backends_) line["backends"][name] = observation(name, reality);
  line["metrics"] = Json::object();
  if (spec_.contains("scaling")) {
    for (const auto& metric : spec_["scaling"]["metrics"])
      line["metrics"][metric["name"].get<std::string>()] = reading(metric);
  }
  read_backends(line);
  if (temper_ != Temper::Calm) blind(line, random_);
  if (temper_ == Temper::Hostile) spoil(line, last);
  return line;
}

}  // namespace evenkeel::property
