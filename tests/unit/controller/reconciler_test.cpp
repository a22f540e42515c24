#include "reconciler.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig.hpp"

namespace evenkeel::controller {
namespace {

using ::testing::Contains;
using testing::deployment;
using ::testing::ElementsAre;
using testing::endpoint_slice;
using ::testing::HasSubstr;
using testing::http_route;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::service;
using testing::shop;
using testing::weights_of;

class ReconcilerTest : public ::testing::Test {
 protected:
  ReconcilerTest() {
    for (const char* name : {"shop-blue", "shop-green"}) cluster.put("services", service(name));
    set_backend("shop-blue", 2, 2);
    set_backend("shop-green", 1, 1);
    cluster.put("httproutes", http_route("shop", 100, 0));
    cluster.put("loadbalancedservices", shop());
    load(30);
    restart();
  }

  /// A new process of the operator, which knows what the cluster knows.
  void restart() {
    process.reset();
    process = std::make_unique<Process>(cluster, events, signals, clock);
    process->deliver();
    process->read_signals();
  }
  void load(double rps) { signals.set_load(rps, clock.wall()); }
  void set_backend(const std::string& name, int replicas, int ready) {
    cluster.put("deployments", deployment(name, replicas, ready));
    cluster.put("endpointslices", endpoint_slice(name, ready, replicas));
  }
  /// What the Deployment controller and the pods would do: everything that is asked for gets ready.
  void settle(const std::string& name) {
    const int replicas = replicas_of(name);
    set_backend(name, replicas, replicas);
  }
  int replicas_of(const std::string& name) {
    return cluster.object("deployments", {"store", name})["spec"]["replicas"].get<int>();
  }
  std::string route() { return weights_of(cluster.object("httproutes", {"store", "shop"})); }
  nlohmann::json status(const std::string& name = "shop") {
    return cluster.object("loadbalancedservices", {"store", name}).value("status", nlohmann::json{});
  }
  nlohmann::json condition(const std::string& type, const std::string& name = "shop") {
    const auto now = status(name);
    if (!now.is_object()) return {};
    for (const auto& condition : now.at("conditions")) {
      if (condition["type"] == type) return condition;
    }
    return {};
  }
  /// One tick with the load measured just now.
  void tick(double rps, int seconds = 5) {
    clock.advance(std::chrono::seconds{seconds});
    load(rps);
    process->tick(0);
  }

  testing::ManualClock clock;
  testing::FakeCluster cluster;
  testing::FakeEvents events;
  FakeSignals signals;
  std::unique_ptr<Process> process;
};

TEST_F(ReconcilerTest, TheFirstPassWritesEveryCondition) {
  ASSERT_TRUE(process->pass());
  EXPECT_EQ(status()["conditions"].size(), 10U);
  EXPECT_EQ(condition("Ready")["status"], "True") << condition("Ready").dump();
  EXPECT_EQ(condition("RoutesProgrammed")["status"], "True");
  EXPECT_EQ(status()["weights"], "blue=100,green=0");
}

TEST_F(ReconcilerTest, ASecondPassOverAnUnchangedWorldWritesNothing) {
  process->tick();
  const auto before = cluster.writes().size();
  for (int i = 0; i < 20; ++i) {
    clock.advance(std::chrono::seconds{5});
    load(30);
    process->tick(0);
    process->pass();
  }
  EXPECT_EQ(cluster.writes().size(), before);
}

TEST_F(ReconcilerTest, TheEchoOfOurOwnWritesConcernsNobodyAtOnce) {
  process->pass();
  EXPECT_THAT(process->deliver(), IsEmpty());
}

TEST_F(ReconcilerTest, APassReadsNothingFromTheApiServer) {
  for (int i = 0; i < 5; ++i) process->tick();
  EXPECT_EQ(cluster.reads(), 0);
}

TEST_F(ReconcilerTest, ALossOfTheLastEndpointIsWrittenInTheSamePassWithoutATick) {
  process->tick();
  const auto queries = signals.asked().size();
  set_backend("shop-blue", 2, 0);
  EXPECT_THAT(process->deliver(), Contains(ObjectKey{"store", "shop"}));
  ASSERT_TRUE(process->pass());
  EXPECT_EQ(route(), "0/1000");
  EXPECT_EQ(replicas_of("shop-green"), 2) << "green grows in the same decision";
  EXPECT_EQ(replicas_of("shop-blue"), 2) << "blue keeps its size";
  EXPECT_EQ(signals.asked().size(), queries) << "the samples of the last tick are used";
  EXPECT_EQ(condition("FailedOver")["status"], "True");
  EXPECT_THAT(events.texts(), Contains(HasSubstr("FailedOver")));
}

TEST_F(ReconcilerTest, TheRouteIsWrittenBeforeTheReplicas) {
  process->tick();
  const auto before = cluster.writes().size();
  set_backend("shop-blue", 2, 0);
  process->deliver();
  process->pass();
  const auto writes = cluster.writes();
  ASSERT_GE(writes.size(), before + 3);
  EXPECT_THAT(writes[before], HasSubstr("/httproutes/shop"));
  EXPECT_THAT(writes[before + 1], HasSubstr("/deployments/shop-green/scale"));
  EXPECT_THAT(writes[before + 2], HasSubstr("/loadbalancedservices/shop/status"));
}

TEST_F(ReconcilerTest, OnlyWeightsOfTheRouteAreTouched) {
  const auto before = cluster.object("httproutes", {"store", "shop"});
  set_backend("shop-blue", 2, 0);
  process->deliver();
  process->pass();
  auto after = cluster.object("httproutes", {"store", "shop"});
  ASSERT_EQ(weights_of(after), "0/1000");
  auto& refs = after["spec"]["rules"][0]["backendRefs"];
  refs[0]["weight"] = 100;
  refs[1]["weight"] = 0;
  for (const char* field : {"generation", "resourceVersion"})
    after["metadata"][field] = before["metadata"][field];
  EXPECT_EQ(after, before);
}

TEST_F(ReconcilerTest, TheStoryOfTheDemo) {
  process->tick();
  // The load triples, and the replicas follow within the policies.
  for (int i = 0; i < 4; ++i) {
    tick(120);
    settle("shop-blue");
  }
  EXPECT_EQ(replicas_of("shop-blue"), 6);
  // It falls, and after the stabilisation they do too.
  tick(30);
  EXPECT_EQ(replicas_of("shop-blue"), 6) << "not before the window is over";
  for (int i = 0; i < 5; ++i) {
    tick(30);
    settle("shop-blue");
  }
  EXPECT_EQ(replicas_of("shop-blue"), 2);
  EXPECT_EQ(replicas_of("shop-green"), 1) << "the warm standby keeps its size";
  // Blue loses every endpoint and stays down.
  set_backend("shop-blue", 2, 0);
  process->deliver();
  process->pass();
  EXPECT_EQ(route(), "0/1000");
  settle("shop-green");
  tick(30);
  EXPECT_EQ(replicas_of("shop-green"), 6) << "what was asked for minutes ago may come back with the requests";
  // It comes back and takes over again, step by step.
  settle("shop-blue");
  for (int i = 0; i < 80 && route() != "1000/0"; ++i) {
    tick(30);
    settle("shop-blue");
    settle("shop-green");
  }
  EXPECT_EQ(route(), "1000/0");
  EXPECT_THAT(events.texts(), Contains(HasSubstr("FailedBack")));
}

TEST_F(ReconcilerTest, MissingMetricsHold) {
  for (int i = 0; i < 4; ++i) {
    tick(120);
    settle("shop-blue");
  }
  ASSERT_EQ(replicas_of("shop-blue"), 6);
  signals.fail("rps", "Prometheus at http://x could not be reached; check prometheus.url");
  for (int i = 0; i < 30; ++i) process->tick();
  EXPECT_EQ(replicas_of("shop-blue"), 6);
  EXPECT_EQ(condition("SignalsAvailable")["status"], "False");
  EXPECT_THAT(condition("SignalsAvailable")["message"].get<std::string>(), HasSubstr("check prometheus.url"));
  EXPECT_THAT(events.texts(), Contains(HasSubstr("check prometheus.url")));
  tick(120);
  EXPECT_EQ(condition("SignalsAvailable")["status"], "True") << "it recovers by itself";
}

TEST_F(ReconcilerTest, AWarningOfPrometheusIsLoggedOnceAndItsFiguresCount) {
  process->tick();
  signals.warn("rps", "a store is away");
  process->log_lines.clear();
  for (int i = 0; i < 3; ++i) tick(30);
  EXPECT_THAT(process->log_lines, Contains(HasSubstr("a store is away")).Times(1));
  EXPECT_EQ(condition("SignalsAvailable")["status"], "True");
  signals.warn("rps", "");
  tick(30);
  EXPECT_THAT(process->log_lines, Contains(HasSubstr("query works again")).Times(1));
}

TEST_F(ReconcilerTest, AQueryThatIsNotPromQlNamesItsField) {
  auto object = shop();
  object["spec"]["scaling"]["metrics"][0].erase("preset");
  object["spec"]["scaling"]["metrics"][0]["query"] = "sum(";
  cluster.put("loadbalancedservices", object);
  process->tick();
  EXPECT_THAT(condition("SignalsAvailable")["message"].get<std::string>(),
              HasSubstr("spec.scaling.metrics[0].query: not PromQL"));
}

TEST_F(ReconcilerTest, ANewObjectWaitsForItsFirstSamples) {
  auto object = shop();
  object["spec"]["scaling"]["metrics"][0].erase("preset");
  object["spec"]["scaling"]["metrics"][0]["query"] = "fresh";
  cluster.put("loadbalancedservices", object);
  process->deliver();
  const auto before = cluster.writes().size();
  ASSERT_TRUE(process->pass());
  EXPECT_EQ(cluster.writes().size(), before);
  EXPECT_THAT(process->awaiting, ElementsAre(ObjectKey{"store", "shop"}));
}

TEST_F(ReconcilerTest, ARestartHolds) {
  for (int i = 0; i < 4; ++i) {
    tick(120);
    settle("shop-blue");
  }
  ASSERT_EQ(replicas_of("shop-blue"), 6);
  load(10);
  restart();
  process->pass();
  EXPECT_EQ(replicas_of("shop-blue"), 6)
      << "the new process counts the old total as a recommendation made now";
  tick(10);
  EXPECT_EQ(replicas_of("shop-blue"), 6);
  for (int i = 0; i < 6; ++i) {
    tick(10);
    settle("shop-blue");
  }
  EXPECT_EQ(replicas_of("shop-blue"), 2);
}

TEST_F(ReconcilerTest, ARestartDuringAFailOverKeepsTheWeights) {
  process->tick();
  set_backend("shop-blue", 2, 0);
  process->deliver();
  process->pass();
  settle("shop-green");
  restart();
  const auto before = cluster.writes().size();
  process->pass();
  EXPECT_EQ(route(), "0/1000");
  const auto writes = cluster.writes();
  EXPECT_EQ(
      std::count_if(writes.begin() + static_cast<std::ptrdiff_t>(before),
                    writes.end(),
                    [](const std::string& path) { return path.find("httproutes") != std::string::npos; }),
      0);
}

TEST_F(ReconcilerTest, AConflictIsDecidedAgainFromTheFreshCacheAndNotTold) {
  process->tick();
  set_backend("shop-blue", 2, 0);
  process->deliver();
  // Somebody writes the route between our cache and our patch.
  auto edited = cluster.object("httproutes", {"store", "shop"});
  edited["metadata"]["annotations"]["edited"] = "now";
  cluster.put("httproutes", edited);
  ASSERT_FALSE(process->pass());
  EXPECT_EQ(process->last.error().kind, ErrorKind::Conflict);
  EXPECT_EQ(route(), "100/0");
  EXPECT_NE(condition("RoutesProgrammed")["status"], "False");
  process->deliver();
  ASSERT_TRUE(process->pass());
  EXPECT_EQ(route(), "0/1000");
  EXPECT_EQ(cluster.object("httproutes", {"store", "shop"})["metadata"]["annotations"]["edited"], "now");
}

TEST_F(ReconcilerTest, AnEditThatOvertakesTheAnswerToOurWriteIsNotForgotten) {
  process->tick();
  set_backend("shop-blue", 2, 0);
  process->deliver();
  cluster.before_answer = [&](const std::string& path) {
    if (path.find("httproutes") == std::string::npos) return;
    auto edited = cluster.object("httproutes", {"store", "shop"});
    edited["metadata"]["annotations"]["edited"] = "now";
    cluster.put("httproutes", edited);
    process->deliver();
  };
  ASSERT_TRUE(process->pass());
  cluster.before_answer = nullptr;
  // No watch will tell of it again, so a next write would lose every race.
  EXPECT_THAT(process->cache.world({"store", "shop"})->routes.at("shop").json, HasSubstr("edited"));
}

TEST_F(ReconcilerTest, AScaleThatOvertakesTheAnswerToOursIsNotForgotten) {
  process->tick();
  cluster.before_answer = [&](const std::string& path) {
    if (path.find("shop-blue/scale") == std::string::npos) return;
    set_backend("shop-blue", 7, 2);
    process->deliver();
  };
  tick(120);
  cluster.before_answer = nullptr;
  ASSERT_EQ(replicas_of("shop-blue"), 7);
  EXPECT_EQ(process->cache.world({"store", "shop"})->deployments.at("shop-blue").spec_replicas, 7);
}

TEST_F(ReconcilerTest, AFailedWeightPatchDoesNotStopGrowthAndHoldsShrinking) {
  for (int i = 0; i < 4; ++i) {
    tick(120);
    settle("shop-blue");
  }
  ASSERT_EQ(replicas_of("shop-blue"), 6);
  cluster.fail = [](const std::string& path) -> std::optional<Error> {
    if (path.find("httproutes") == std::string::npos) return std::nullopt;
    return Error{ErrorKind::Forbidden, "httproutes.gateway.networking.k8s.io is forbidden"};
  };
  set_backend("shop-blue", 6, 0);
  process->deliver();
  ASSERT_FALSE(process->pass());
  EXPECT_EQ(process->last.error().kind, ErrorKind::Forbidden);
  EXPECT_EQ(replicas_of("shop-green"), 6) << "growth does not wait";
  EXPECT_THAT(condition("RoutesProgrammed")["message"].get<std::string>(), HasSubstr("is forbidden"));
  // Nothing shrinks while the weights are not as decided.
  set_backend("shop-blue", 9, 0);
  auto object = shop();
  object["spec"]["scaling"]["maxReplicas"] = 4;
  cluster.put("loadbalancedservices", object);
  process->deliver();
  process->pass();
  EXPECT_EQ(replicas_of("shop-blue"), 9);
  EXPECT_EQ(replicas_of("shop-green"), 6);
  cluster.fail = nullptr;
  clock.advance(std::chrono::minutes{2});
  process->tick();
  process->tick();
  EXPECT_EQ(route(), "0/1000");
  EXPECT_LE(replicas_of("shop-green"), 4) << "the lowered maximum takes hold";
}

TEST_F(ReconcilerTest, ARefusedWriteIsNotRepeatedAtEveryTick) {
  process->tick();
  cluster.fail = [](const std::string& path) -> std::optional<Error> {
    if (path.find("httproutes") == std::string::npos) return std::nullopt;
    return Error{ErrorKind::Forbidden, "forbidden"};
  };
  set_backend("shop-blue", 2, 0);
  process->deliver();
  for (int i = 0; i < 60; ++i) process->tick(1);
  const auto writes = cluster.writes();
  const auto tries = std::count_if(writes.begin(), writes.end(), [](const std::string& path) {
    return path.find("httproutes") != std::string::npos;
  });
  EXPECT_LE(tries, 6);
  cluster.fail = nullptr;
  for (int i = 0; i < 60; ++i) process->tick(1);
  EXPECT_EQ(route(), "0/1000") << "and it recovers by itself";
}

TEST_F(ReconcilerTest, ARefusedStatusIsNotRepeatedAtEveryTick) {
  cluster.fail = [](const std::string& path) -> std::optional<Error> {
    if (path.find("/status") == std::string::npos) return std::nullopt;
    return Error{ErrorKind::Forbidden, "forbidden"};
  };
  const auto before = cluster.writes().size();
  for (int i = 0; i < 60; ++i) process->tick(1);
  EXPECT_LE(cluster.writes().size() - before, 6U);
  cluster.fail = nullptr;
  for (int i = 0; i < 60; ++i) process->tick(1);
  EXPECT_EQ(condition("Ready")["status"], "True") << "and it recovers by itself";
}

TEST_F(ReconcilerTest, WhatDoesNotExistIsNamedWithFieldAndRecovers) {
  cluster.remove("deployments", {"store", "shop-blue"});
  cluster.remove("services", {"store", "shop-green"});
  cluster.remove("httproutes", {"store", "shop"});
  EXPECT_THAT(process->deliver(), Contains(ObjectKey{"store", "shop"}));
  process->pass();
  EXPECT_EQ(condition("Ready")["status"], "False");
  EXPECT_THAT(condition("Ready")["message"].get<std::string>(),
              HasSubstr("spec.backends[0].workloadRef.name: Deployment store/shop-blue"));
  EXPECT_EQ(condition("RoutesProgrammed")["reason"], "RouteNotFound");
  EXPECT_THAT(events.texts(), Contains(HasSubstr("spec.routes[0].objectName: HTTPRoute store/shop")));
  const auto told = events.texts().size();
  for (int i = 0; i < 5; ++i) process->tick();
  EXPECT_EQ(events.texts().size(), told) << "once per change";
  set_backend("shop-blue", 2, 2);
  cluster.put("services", service("shop-green"));
  cluster.put("httproutes", http_route("shop", 100, 0));
  process->deliver();
  process->pass();
  EXPECT_EQ(condition("Ready")["status"], "True") << condition("Ready").dump();
}

TEST_F(ReconcilerTest, AClusterWithoutHttpRoutesGetsAClearCondition) {
  cluster.remove("httproutes", {"store", "shop"});
  process->deliver();
  EXPECT_THAT(process->cache.set_routes_served(false), Contains(ObjectKey{"store", "shop"}));
  process->pass();
  EXPECT_THAT(condition("RoutesProgrammed")["message"].get<std::string>(),
              HasSubstr("install the CRDs of Gateway API"));
  EXPECT_EQ(condition("ScalingActive")["status"], "True") << "the rest works";
}

TEST_F(ReconcilerTest, OfTwoThatClaimOneWorkloadTheOlderHasIt) {
  auto rival = shop("rival");
  rival["metadata"]["creationTimestamp"] = "2026-01-02T00:00:00Z";
  cluster.put("loadbalancedservices", rival);
  process->tick();
  EXPECT_EQ(condition("Conflicted", "rival")["status"], "True");
  EXPECT_THAT(condition("Conflicted", "rival")["message"].get<std::string>(), HasSubstr("store/shop"));
  EXPECT_EQ(condition("Conflicted")["status"], "False");
  // The holder goes: the other has it.
  cluster.remove("loadbalancedservices", {"store", "shop"});
  EXPECT_THAT(process->deliver(), Contains(ObjectKey{"store", "rival"}));
  process->pass("rival");
  EXPECT_EQ(condition("Conflicted", "rival")["status"], "False");
}

TEST_F(ReconcilerTest, AnObjectThatCannotBeReadIsToldAndTheOthersAreServed) {
  auto broken = shop("broken");
  broken["spec"]["backends"] = "many";
  cluster.put("loadbalancedservices", broken);
  process->tick();
  EXPECT_EQ(condition("Ready", "broken")["reason"], "SpecInvalid");
  EXPECT_THAT(condition("Ready", "broken")["message"].get<std::string>(), HasSubstr("spec.backends"));
  EXPECT_THAT(events.texts(), Contains(HasSubstr("SpecInvalid")));
  EXPECT_EQ(condition("Ready")["status"], "True");
  const auto before = cluster.writes().size();
  process->tick();
  EXPECT_EQ(cluster.writes().size(), before);
}

TEST_F(ReconcilerTest, AnObjectThatCannotBeReadIsToldOnceAlsoWhileItsStatusCannotBeWritten) {
  cluster.fail = [](const std::string& path) -> std::optional<Error> {
    if (path.find("broken/status") == std::string::npos) return std::nullopt;
    return Error{ErrorKind::Unavailable, "503"};
  };
  auto broken = shop("broken");
  broken["spec"]["backends"] = "many";
  cluster.put("loadbalancedservices", broken);
  for (int i = 0; i < 5; ++i) process->tick();
  const auto told = [&] {
    const auto texts = events.texts();
    return std::count_if(
        texts.begin(), texts.end(), [](const auto& text) { return text.starts_with("SpecInvalid"); });
  };
  EXPECT_EQ(told(), 1);
  cluster.fail = nullptr;
  process->tick();
  EXPECT_EQ(status("broken")["observedGeneration"], 1);
  // Another mistake beside the first, which is all that is told: the status says which spec it speaks of.
  broken["spec"]["mode"] = "Guess";
  cluster.put("loadbalancedservices", broken);
  process->tick();
  EXPECT_EQ(status("broken")["observedGeneration"], 2);
  EXPECT_EQ(told(), 1);
}

TEST_F(ReconcilerTest, ADeletedObjectLeavesNoSeriesAndNoMemory) {
  process->tick();
  ASSERT_GT(process->metrics.object_series(), 0U);
  cluster.remove("loadbalancedservices", {"store", "shop"});
  EXPECT_THAT(process->deliver(), ElementsAre(ObjectKey{"store", "shop"}));
  const auto before = cluster.writes().size();
  process->pass();
  EXPECT_EQ(process->metrics.object_series(), 0U);
  EXPECT_EQ(cluster.writes().size(), before);
}

TEST_F(ReconcilerTest, AStatusIsNeverWrittenOntoAnotherObjectOfTheSameName) {
  process->tick();
  const auto old = cluster.object("loadbalancedservices", {"store", "shop"});
  cluster.remove("loadbalancedservices", {"store", "shop"});
  cluster.put("loadbalancedservices", shop());
  // The cache still knows the old one.
  set_backend("shop-blue", 2, 0);
  for (const auto& change : cluster.changes(0)) {
    if (change.plural == "endpointslices") {
      process->cache.apply(
          Watched::EndpointSlice, kube::ChangeKind::Applied, change.key, change.object.dump());
    }
  }
  process->pass();
  EXPECT_TRUE(status().is_null()) << status().dump();
}

TEST_F(ReconcilerTest, ObserveReportsAndWritesOnlyStatus) {
  auto object = shop();
  object["spec"]["mode"] = "Observe";
  cluster.put("loadbalancedservices", object);
  set_backend("shop-blue", 2, 0);
  process->tick();
  EXPECT_EQ(route(), "100/0");
  EXPECT_EQ(replicas_of("shop-green"), 1);
  EXPECT_EQ(status()["weights"], "blue=0,green=100");
}

TEST_F(ReconcilerTest, AStatusThatSomebodyClearedIsWrittenAgain) {
  process->tick();
  auto object = cluster.object("loadbalancedservices", {"store", "shop"});
  object.erase("status");
  cluster.put("loadbalancedservices", object);
  process->tick();
  EXPECT_EQ(status()["conditions"].size(), 10U);
}

TEST_F(ReconcilerTest, TheFiguresAreInTheMetrics) {
  process->tick();
  const std::string text = process->metrics.text();
  EXPECT_THAT(text,
              HasSubstr("evenkeel_backend_weight{namespace=\"store\",name=\"shop\",backend=\"blue\"} 100\n"));
  EXPECT_THAT(text,
              HasSubstr("evenkeel_metric_value{namespace=\"store\",name=\"shop\",metric=\"rps\"} 30\n"));
  set_backend("shop-blue", 2, 0);
  process->deliver();
  process->pass();
  EXPECT_THAT(
      process->metrics.text(),
      HasSubstr("evenkeel_failovers_total{namespace=\"store\",name=\"shop\",from=\"0\",to=\"1\"} 1\n"));
}

}  // namespace
}  // namespace evenkeel::controller
