#include "evenkeel/controller/operator.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig.hpp"

namespace evenkeel::controller {
namespace {

using namespace std::chrono_literals;
using testing::deployment;
using testing::endpoint_slice;
using ::testing::HasSubstr;
using testing::http_route;
using testing::service;
using testing::shop;
using testing::weights_of;

/// The whole operator with its threads, around a cluster in memory. The tick is an hour, so what happens is
/// due to events.
class OperatorTest : public ::testing::Test {
 protected:
  OperatorTest() {
    install_crd("1");
    for (const char* name : {"shop-blue", "shop-green"}) cluster.put("services", service(name));
    set_backend("shop-blue", 2, 2);
    set_backend("shop-green", 1, 1);
    cluster.put("httproutes", http_route("shop", 100, 0));
    signals.set_load(30, clock.wall());
  }
  void TearDown() override { stop(); }

  void install_crd(const std::string& revision) {
    cluster.put("customresourcedefinitions",
                {{"metadata",
                  {{"name", "loadbalancedservices.evenkeel.dev"},
                   {"annotations", {{"evenkeel.dev/schema-revision", revision}}}}},
                 {"spec", {{"revision", revision}}}});
  }
  void set_backend(const std::string& name, int replicas, int ready) {
    cluster.put("deployments", deployment(name, replicas, ready));
    cluster.put("endpointslices", endpoint_slice(name, ready, replicas));
  }
  void start() {
    Options options;
    options.tick = 1h;
    options.presets = rig_presets();
    options.watch_namespaces = watch_namespaces;
    the_operator = std::make_unique<Operator>(Operator::Deps{.api = cluster,
                                                             .list_watch = cluster,
                                                             .events = events,
                                                             .signals = signals,
                                                             .metrics = metrics,
                                                             .log = log,
                                                             .clock = clock},
                                              options);
    thread = std::jthread{[this](const std::stop_token& end) { the_operator->run(end); }};
  }
  void stop() {
    if (!thread.joinable()) return;
    thread.request_stop();
    thread.join();
  }
  std::string weights() {
    const auto status =
        cluster.object("loadbalancedservices", {"store", "shop"}).value("status", nlohmann::json{});
    return status.is_object() ? status.value("weights", "") : "";
  }
  std::string route() { return weights_of(cluster.object("httproutes", {"store", "shop"})); }
  /// Readiness changes without a change in the cluster, so this looks again until the time is over.
  bool becomes_ready(bool wanted) {
    const auto deadline = clock.monotonic() + 10s;
    while (the_operator->readyz().ok != wanted && clock.monotonic() < deadline) std::this_thread::yield();
    return the_operator->readyz().ok == wanted;
  }

  SystemClock clock;
  testing::FakeCluster cluster;
  testing::FakeEvents events;
  FakeSignals signals;
  ops::Metrics metrics{{}};
  ops::Logger log{ops::Level::Debug, clock, [](std::string_view) {}};
  std::vector<std::string> watch_namespaces;
  std::unique_ptr<Operator> the_operator;
  std::jthread thread;
};

TEST_F(OperatorTest, AnEndpointThatGoesIsActedUponWithoutATick) {
  cluster.put("loadbalancedservices", shop());
  start();
  ASSERT_TRUE(cluster.wait_for([&] { return weights() == "blue=100,green=0"; }, 10s));
  const auto queries = signals.asked().size();
  set_backend("shop-blue", 2, 0);
  ASSERT_TRUE(cluster.wait_for([&] { return route() == "0/1000"; }, 10s));
  EXPECT_EQ(signals.asked().size(), queries);
}

TEST_F(OperatorTest, ANewObjectIsDecidedOnceItsOwnQueryHasBeenRead) {
  start();
  ASSERT_TRUE(becomes_ready(true));
  auto object = shop();
  object["spec"]["scaling"]["metrics"][0].erase("preset");
  object["spec"]["scaling"]["metrics"][0]["query"] = "own";
  signals.set("own", {{{}, 30}});
  cluster.put("loadbalancedservices", object);
  ASSERT_TRUE(cluster.wait_for([&] { return weights() == "blue=100,green=0"; }, 10s));
  EXPECT_THAT(signals.asked(), ::testing::ElementsAre("own")) << "and nothing else is read between two ticks";
}

TEST_F(OperatorTest, WaitsForItsCrdAndThenWorks) {
  cluster.set_served("customresourcedefinitions", false);
  start();
  const auto says_why = [&] {
    return the_operator->readyz().text.find("is not installed") != std::string::npos;
  };
  const auto deadline = clock.monotonic() + 10s;
  while (!says_why() && clock.monotonic() < deadline) std::this_thread::yield();
  EXPECT_TRUE(says_why()) << the_operator->readyz().text;
  EXPECT_FALSE(the_operator->readyz().ok);
  EXPECT_TRUE(the_operator->healthz().ok) << "a restart would not help";
  cluster.put("loadbalancedservices", shop());
  EXPECT_TRUE(cluster.writes().empty());
  cluster.set_served("customresourcedefinitions", true);
  EXPECT_TRUE(cluster.wait_for([&] { return weights() == "blue=100,green=0"; }, 15s));
  EXPECT_TRUE(becomes_ready(true));
}

TEST_F(OperatorTest, DecidesNothingWhileACacheIsNotFilled) {
  cluster.put("loadbalancedservices", shop());
  cluster.fail = [](const std::string& path) -> std::optional<Error> {
    if (path != "list endpointslices") return std::nullopt;
    return Error{ErrorKind::Forbidden, "endpointslices is forbidden"};
  };
  start();
  const auto says_why = [&] {
    return the_operator->readyz().text.find("endpointslices is forbidden") != std::string::npos;
  };
  const auto deadline = clock.monotonic() + 10s;
  while (!says_why() && clock.monotonic() < deadline) std::this_thread::yield();
  EXPECT_TRUE(says_why()) << the_operator->readyz().text;
  EXPECT_TRUE(cluster.writes().empty()) << "an unread world is not an empty one";
}

TEST_F(OperatorTest, AClusterWithoutHttpRoutesIsServedAllTheSame) {
  cluster.set_served("httproutes", false);
  cluster.put("loadbalancedservices", shop());
  start();
  ASSERT_TRUE(cluster.wait_for([&] { return !weights().empty(); }, 10s));
  EXPECT_TRUE(becomes_ready(true));
  // The kind is installed, and the route that was there is found.
  set_backend("shop-blue", 2, 0);
  cluster.set_served("httproutes", true);
  EXPECT_TRUE(cluster.wait_for([&] { return route() == "0/1000"; }, 20s));
}

TEST_F(OperatorTest, LooksAfterTheNamespacesThatItWatchesAndNoOther) {
  auto elsewhere = shop();
  elsewhere["metadata"]["namespace"] = "elsewhere";
  cluster.put("loadbalancedservices", elsewhere);
  cluster.put("loadbalancedservices", shop());
  watch_namespaces = {"store", "payments"};
  start();
  ASSERT_TRUE(cluster.wait_for([&] { return weights() == "blue=100,green=0"; }, 10s));
  auto moved = shop("second");
  moved["metadata"]["namespace"] = "payments";
  cluster.put("loadbalancedservices", moved);
  const auto status_of = [&](const std::string& ns, const std::string& name) {
    return cluster.object("loadbalancedservices", {ns, name}).contains("status");
  };
  EXPECT_TRUE(cluster.wait_for([&] { return status_of("payments", "second"); }, 10s));
  stop();
  EXPECT_FALSE(status_of("elsewhere", "shop"));
  EXPECT_TRUE(std::ranges::none_of(
      cluster.writes(), [](const auto& path) { return path.find("elsewhere") != std::string::npos; }));
}

TEST_F(OperatorTest, StopsWithoutWaitingForTheTick) {
  cluster.put("loadbalancedservices", shop());
  start();
  ASSERT_TRUE(becomes_ready(true));
  const auto begin = clock.monotonic();
  stop();
  EXPECT_LT(clock.monotonic() - begin, 1min) << "the tick is an hour away";
}

}  // namespace
}  // namespace evenkeel::controller
