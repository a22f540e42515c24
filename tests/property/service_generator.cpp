#include "service_generator.hpp"

#include <algorithm>

namespace evenkeel::property {
namespace {

std::string milli(std::int32_t thousandths) {
  return std::to_string(thousandths) + "m";
}

class SpecGenerator {
 public:
  SpecGenerator(Random& random, const SpecWishes& wishes) : random_{random}, wishes_{wishes} {}

  Json spec() {
    Json spec;
    const bool scaled = wishes_.always_scaled || random_.chance(92);
    if (scaled) spec["scaling"] = scaling();
    spec["backends"] = backends(scaled);
    if (scaled) bound(spec);
    if (random_.chance(80)) spec["balancing"] = balancing(spec["backends"].size());
    if (random_.chance(60)) spec["health"] = health();
    if (random_.chance(60)) spec["failover"] = failover();
    if (!wishes_.simple && scaled && random_.chance(3)) spec["replicas"] = random_.between(1, 40);
    if (!wishes_.simple && random_.chance(5)) spec["mode"] = random_.one_of({"Observe", "Paused"});
    return spec;
  }

 private:
  int backend_count() {
    const auto dice = random_.between(0, 99);
    const int count = dice < 20 ? 1 : dice < 50 ? 2 : dice < 75 ? 3 : dice < 96 ? random_.between(4, 6) : 16;
    return std::max(count, wishes_.min_backends);
  }

  Json backends(bool scaled) {
    Json list = Json::array();
    const int count = backend_count();
    const auto top_tier = random_.one_of({0, 0, 1, 1, 2});
    for (int i = 0; i < count; ++i) list.push_back(backend(i, random_.between(0, top_tier), scaled));
    list[0]["weight"] = random_.one_of({1, 50, 100, 1000});
    list[0]["workloadRef"] = {{"name", "w0"}};
    return list;
  }

  Json backend(int index, int tier, bool scaled) {
    const auto number = std::to_string(index);
    Json backend{{"name", "b" + number}, {"serviceRef", {{"name", "s" + number}, {"port", 80}}}};
    if (tier > 0 || random_.chance(20)) backend["tier"] = tier;
    if (random_.chance(60)) backend["weight"] = random_.one_of({0, 1, 25, 50, 80, 100, 100, 333, 1000});
    if (wishes_.always_scaled || random_.chance(95)) {
      backend["workloadRef"] = {{"name", "w" + number}};
      if (scaled && random_.chance(15)) backend["minReplicas"] = random_.between(1, 4);
      if (scaled && random_.chance(15))
        backend["maxReplicas"] = backend.value("minReplicas", 1) + random_.between(0, 20);
    }
    if (random_.chance(15)) {
      backend["slowStart"] = {{"windowSeconds", random_.one_of({0, 30, 120, 600})},
                              {"minPercent", random_.one_of({1, 10, 50, 100})}};
    }
    return backend;
  }

  Json rules(bool up) {
    Json rules = Json::object();
    if (random_.chance(70))
      rules["stabilizationWindowSeconds"] = random_.one_of({0, 0, 15, 60, up ? 30 : 300});
    if (random_.chance(30)) rules["selectPolicy"] = random_.one_of({"Max", "Max", "Min", "Disabled"});
    if (random_.chance(50)) {
      for (int i = random_.between(1, 3); i > 0; --i) {
        rules["policies"].push_back({{"type", random_.one_of({"Pods", "Percent"})},
                                     {"value", random_.one_of({1, 2, 4, 10, 50, 100, 900})},
                                     {"periodSeconds", random_.one_of({1, 15, 60, 300, 1800})}});
      }
    }
    if (random_.chance(20)) rules["tolerance"] = milli(random_.one_of({0, 10, 50, 100, 300}));
    return rules;
  }

  Json metric(const std::string& name, bool first) {
    Json metric{{"name", name}};
    const auto kind = first ? random_.between(0, 3) : random_.between(0, 9);
    const auto average = [&](int low, int high) {
      return Json{{"type", "AverageValue"}, {"value", milli(random_.between(low, high))}};
    };
    if (kind <= 2) {
      metric["preset"] = "RequestsPerSecond";
      metric["target"] = average(1'000, 90'000);
      if (random_.chance(10)) metric["target"]["type"] = "Value";
    } else if (kind == 3) {
      metric["preset"] = "ActiveConnections";
      metric["target"] = average(500, 60'000);
    } else if (kind == 4) {
      metric["preset"] = random_.one_of({"LatencyP50", "LatencyP90", "LatencyP99"});
      metric["target"] = {{"type", "Value"}, {"value", milli(random_.between(1, 2'000))}};
    } else if (kind == 5) {
      metric["preset"] = "ErrorRatio";
      metric["target"] = {{"type", "Value"}, {"value", milli(random_.between(1, 200))}};
    } else if (kind == 6) {
      metric["preset"] = random_.one_of({"CPUUtilization", "MemoryUtilization"});
      metric["scope"] = "Pod";
      metric["target"] = {{"type", "Utilization"}, {"averageUtilization", random_.between(5, 150)}};
      if (random_.chance(30)) metric["container"] = "web";
    } else {
      metric["query"] = "sum(queue)";
      metric["scope"] = random_.one_of({"Service", "Backend", "Pod"});
      metric["target"] = average(100, 50'000);
    }
    if (random_.chance(20)) metric["maxAgeSeconds"] = random_.one_of({15, 60, 600});
    return metric;
  }

  Json scaling() {
    Json scaling{{"minReplicas", random_.between(1, 4)}};
    scaling["maxReplicas"] = scaling["minReplicas"].get<int>() + random_.one_of({0, 1, 3, 8, 20, 60, 900});
    const int count = random_.one_of({1, 1, 1, 2, 2, 3});
    for (int i = 0; i < count; ++i) scaling["metrics"].push_back(metric("m" + std::to_string(i), i == 0));
    if (random_.chance(60)) scaling["behavior"]["scaleUp"] = rules(true);
    if (random_.chance(60)) scaling["behavior"]["scaleDown"] = rules(false);
    auto& first = scaling["metrics"][0];
    if (first["target"]["type"] == "AverageValue" && random_.chance(60)) scaling["loadMetric"] = "m0";
    if (random_.chance(30)) scaling["maxSurgePercent"] = random_.one_of({0, 0, 10, 25, 100});
    if (random_.chance(15))
      scaling["onMissingMetrics"] = {{"policy", "Fallback"}, {"replicas", random_.between(1, 30)}};
    if (!wishes_.simple) rare(scaling, first);
    return scaling;
  }

  /// What few services have.
  void rare(Json& scaling, Json& first) {
    if (random_.chance(10)) {
      scaling["minReplicas"] = 0;
      first["activation"] = milli(random_.between(0, 5'000));
      if (random_.chance(50)) scaling["idleAfterSeconds"] = random_.one_of({0, 60, 300});
    }
    if (random_.chance(6)) {
      scaling["schedules"].push_back({{"name", "day"},
                                      {"start", random_.one_of({"0 8 * * *", "*/10 * * * *", "0 0 1 1 *"})},
                                      {"end", random_.one_of({"0 18 * * *", "5-59/10 * * * *"})},
                                      {"timeZone", random_.one_of({"UTC", "Europe/Berlin"})},
                                      {"minReplicas", random_.between(1, 3)}});
    }
    if (random_.chance(6)) {
      scaling["predictive"] = {{"mode", random_.one_of({"Shadow", "Enforce"})},
                               {"seasonSeconds", random_.one_of({3600, 86'400})},
                               {"historySeconds", random_.one_of({86'400, 604'800})},
                               {"horizonSeconds", random_.one_of({60, 600})}};
    }
  }

  /// What the CRD demands of bounds and capacities together.
  void bound(Json& spec) {
    int least = 0;
    for (const auto& backend : spec["backends"]) {
      if (backend.value("tier", 0) == 0) least += std::max(1, backend.value("minReplicas", 1));
    }
    auto& scaling = spec["scaling"];
    scaling["maxReplicas"] = std::max(scaling["maxReplicas"].get<int>(), least);
    if (scaling.contains("loadMetric") && random_.chance(40)) {
      const bool equal = random_.chance(50);
      const auto capacity = random_.between(1'000, 100'000);
      for (auto& backend : spec["backends"])
        backend["capacityPerReplica"] = milli(equal ? capacity : random_.between(1'000, 100'000));
    }
  }

  Json balancing(std::size_t backends) {
    Json balancing{{"algorithm",
                    random_.one_of({"WeightedRoundRobin",
                                    "WeightedRoundRobin",
                                    "RoundRobin",
                                    "LeastConnections",
                                    "FastestResponse",
                                    "LeastUtilization",
                                    "Capacity",
                                    "ClientIPHash",
                                    "Random"})}};
    if (random_.chance(50)) balancing["maxStepPercent"] = random_.one_of({1, 5, 20, 50, 100});
    if (random_.chance(50)) balancing["stepSeconds"] = random_.one_of({5, 15, 30, 120});
    if (random_.chance(40)) balancing["smoothingSeconds"] = random_.one_of({0, 30, 300});
    if (random_.chance(40)) {
      const auto most = static_cast<int>(100 / backends);
      balancing["minSharePercent"] = random_.one_of({0, 1, std::min(5, most), most});
    }
    if (random_.chance(40)) balancing["drainSeconds"] = random_.one_of({0, 10, 30, 120});
    if (random_.chance(40)) balancing["drainTimeoutSeconds"] = random_.one_of({120, 300, 600});
    return balancing;
  }

  Json health() {
    Json health = Json::object();
    if (random_.chance(40)) health["minReadyPercent"] = random_.one_of({0, 25, 50, 100});
    if (random_.chance(60)) {
      health["signals"].push_back(
          {{"name", "errors"}, {"preset", "ErrorRatio"}, {"max", milli(random_.one_of({10, 50, 500}))}});
    }
    if (random_.chance(40)) health["failureThreshold"] = random_.between(1, 5);
    if (random_.chance(40)) health["successThreshold"] = random_.between(1, 4);
    if (random_.chance(40)) {
      health["ejection"] = {{"baseSeconds", random_.one_of({5, 30})},
                            {"factor", random_.one_of({1, 2, 3})},
                            {"maxSeconds", random_.one_of({30, 300})},
                            {"maxEjectedPercent", random_.one_of({0, 25, 50, 100})}};
    }
    return health;
  }

  Json failover() {
    Json failover = Json::object();
    if (random_.chance(40)) failover["overprovisioningPercent"] = random_.one_of({100, 120, 140, 200});
    if (random_.chance(40)) failover["panicPercent"] = random_.one_of({0, 30, 50, 90});
    if (random_.chance(20)) failover["preScale"] = "Disabled";
    if (random_.chance(50)) {
      failover["failback"] = {{"mode", random_.one_of({"Automatic", "Automatic", "Manual"})},
                              {"afterSeconds", random_.one_of({1, 30, 60, 300})},
                              {"stepPercent", random_.one_of({5, 20, 100})}};
    }
    return failover;
  }

  Random& random_;
  const SpecWishes& wishes_;
};

}  // namespace

Json random_spec(Random& random, const SpecWishes& wishes) {
  return SpecGenerator{random, wishes}.spec();
}

std::vector<std::string> backend_readings(const Json& spec) {
  std::vector<std::string> names;
  const auto algorithm = spec.value("/balancing/algorithm"_json_pointer, std::string{});
  if (algorithm == "LeastConnections") names.emplace_back("balancing.connections");
  if (algorithm == "FastestResponse") names.emplace_back("balancing.latency");
  if (algorithm == "LeastUtilization") names.emplace_back("balancing.utilization");
  if (algorithm == "FastestResponse" || algorithm == "LeastUtilization")
    names.emplace_back("balancing.errors");
  return names;
}

}  // namespace evenkeel::property
