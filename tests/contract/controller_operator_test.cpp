#include <chrono>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "evenkeel/base/guarded.hpp"
#include "evenkeel/controller/operator.hpp"
#include "evenkeel/signals/prometheus.hpp"

#include "http_scripted_server.hpp"
#include "kube_real.hpp"
#include "repository.hpp"
#include "shop_objects.hpp"

namespace evenkeel::controller {
namespace {

using namespace std::chrono_literals;
using evenkeel::testing::RealApiServer;
using nlohmann::json;

const kube::Resource kRoutes{.group = "gateway.networking.k8s.io", .version = "v1", .plural = "httproutes"};
const kube::Resource kDeployments{.group = "apps", .version = "v1", .plural = "deployments"};
const kube::Resource kSlices{.group = "discovery.k8s.io", .version = "v1", .plural = "endpointslices"};
const kube::Resource kServices{.group = "", .version = "v1", .plural = "services"};
const kube::Resource kShops{.group = "evenkeel.dev", .version = "v1alpha1", .plural = "loadbalancedservices"};

/// Prometheus with one answer for all: the shop's requests per second, or, asked for "time", their time.
class TinyPrometheus {
 public:
  explicit TinyPrometheus(std::string ns) : ns_{std::move(ns)} {}
  [[nodiscard]] std::string url() const { return server_.origin(); }

 private:
  bool answer(testing::ServerConnection& connection, const testing::ReceivedRequest& request) const {
    const double now = std::chrono::duration<double>(clock_.wall().time_since_epoch()).count();
    const bool asks_time = request.target.find("query=time") != std::string::npos;
    const json result{{"metric", {{"namespace", ns_}, {"service", "shop-blue"}}},
                      {"value", {now, asks_time ? std::to_string(now) : "30"}}};
    const json body{{"status", "success"},
                    {"data", {{"resultType", "vector"}, {"result", json::array({result})}}}};
    return connection.respond(200, body.dump());
  }

  const std::string ns_;
  const SystemClock clock_;
  testing::ScriptedServer server_{testing::each_request(
      [this](auto& connection, const auto& request) { return answer(connection, request); })};
};

/// Hands every call on to the API server and keeps a record of it. Thread-safe.
class RecordingApi final : public kube::Api {
 public:
  struct Recorded {
    std::string call;    ///< "PATCH /apis/..."
    Monotonic answered;  ///< When its answer was there, whatever it said.
  };

  RecordingApi(kube::Api& api, const Clock& clock) : api_{api}, clock_{clock} {}

  Result<std::string> get(const std::string& path, const kube::Call& call) override {
    return recorded("GET " + path, api_.get(path, call));
  }
  Result<std::string> patch(const std::string& path,
                            kube::PatchType type,
                            const std::string& body,
                            const kube::Call& call) override {
    return recorded("PATCH " + path, api_.patch(path, type, body, call));
  }
  Result<std::string> create(const std::string& path,
                             const std::string& body,
                             const kube::Call& call) override {
    return recorded("POST " + path, api_.create(path, body, call));
  }

  [[nodiscard]] std::vector<std::string> calls() const {
    return recorded_.with([](const auto& all) {
      std::vector<std::string> calls;
      calls.reserve(all.size());
      for (const auto& entry : all) calls.push_back(entry.call);
      return calls;
    });
  }

  /// When the first call that contains `text` was answered.
  [[nodiscard]] std::optional<Monotonic> answered(const std::string& text) const {
    return recorded_.with([&](const auto& all) -> std::optional<Monotonic> {
      for (const auto& entry : all) {
        if (entry.call.find(text) != std::string::npos) return entry.answered;
      }
      return std::nullopt;
    });
  }

 private:
  Result<std::string> recorded(std::string call, Result<std::string> answer) {
    recorded_.with([&](auto& all) { all.push_back({std::move(call), clock_.monotonic()}); });
    return answer;
  }

  kube::Api& api_;
  const Clock& clock_;
  Guarded<std::vector<Recorded>> recorded_;
};

std::string crd_file() {
  return testing_support::repository() / "crds/evenkeel.dev_loadbalancedservices.yaml";
}

/// The whole operator in this process, the real API server, and objects made by hand: nobody else acts on
/// them.
class OperatorContract : public ::testing::Test {
 protected:
  void SetUp() override {
    server.kubectl("apply --server-side --force-conflicts -f " + crd_file());
    for (const char* name : {"shop-blue", "shop-green"}) create(kServices, testing::service(name));
    create(kDeployments, runnable(testing::deployment("shop-blue", 2, 0)));
    create(kDeployments, runnable(testing::deployment("shop-green", 1, 0)));
    create(kSlices, testing::endpoint_slice("shop-blue", 2, 2));
    create(kSlices, testing::endpoint_slice("shop-green", 1, 1));
    create(kRoutes, testing::http_route("shop", 100, 0));
  }

  void TearDown() override {
    stop();
    server.kubectl(
        "-n " + server.ns() +
        " delete loadbalancedservices,httproutes,endpointslices,services,deployments --all --wait=false");
  }

  /// The API server wants a pod template; nobody here runs it.
  static json runnable(json deployment) {
    const std::string name = deployment["metadata"]["name"];
    deployment["spec"]["template"] = {
        {"metadata", {{"labels", {{"app", name}}}}},
        {"spec", {{"containers", {{{"name", "c"}, {"image", "registry.invalid/none"}}}}}}};
    return deployment;
  }

  void create(const kube::Resource& resource, json object) {
    object["metadata"]["namespace"] = server.ns();
    // Right after a CRD is installed its kind is not served for a moment.
    const auto made = eventually([&] {
      const auto answer = server.client().create(
          kube::collection_path(resource, server.ns()), object.dump(), server.within(30s));
      last_error = answer.ok() ? "" : answer.error().message;
      return answer.ok();
    });
    ASSERT_TRUE(made) << last_error;
  }

  json read(const kube::Resource& resource, const std::string& name) {
    const auto object =
        server.client().get(kube::object_path(resource, {server.ns(), name}), server.within(30s));
    return object.ok() ? json::parse(*object) : json{};
  }
  std::string route() {
    const auto object = read(kRoutes, "shop");
    return object.is_object() ? testing::weights_of(object) : "";
  }
  json condition(const std::string& type) {
    const json object = read(kShops, "shop");
    if (!object.is_object() || !object.contains("status")) return {};
    for (const auto& entry : object["status"]["conditions"]) {
      if (entry["type"] == type) return entry;
    }
    return {};
  }
  int replicas(const std::string& name) { return read(kDeployments, name)["spec"]["replicas"].get<int>(); }

  void start(std::chrono::milliseconds tick) {
    auto made = signals::make_prometheus_source({.url = prometheus.url()}, clock);
    ASSERT_TRUE(made.ok()) << made.error().message;
    source = *std::move(made);
    client = server.connect(server.config());
    api = std::make_unique<RecordingApi>(*client, clock);
    events = std::make_unique<kube::EventRecorder>(
        *api, kube::EventRecorderOptions{.instance = "contract"}, clock);
    Options options;
    options.tick = tick;
    options.watch_namespaces = {server.ns()};
    options.presets = {{"RequestsPerSecond", {"rate", "time", std::chrono::seconds{8}}}};
    the_operator = std::make_unique<Operator>(Operator::Deps{.api = *api,
                                                             .list_watch = *client,
                                                             .events = *events,
                                                             .signals = *source,
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
    the_operator.reset();
    events.reset();
  }

  /// Asks again until the answer is yes. @return false when it still is no after half a minute.
  bool eventually(const std::function<bool()>& condition) {
    const auto deadline = clock.monotonic() + 30s;
    while (!condition()) {
      if (clock.monotonic() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  /// How many passes the operator has made so far. A pass counts once it is over, which is after its writes:
  /// the first one's status may be there before the series is.
  int passes() {
    const std::string text = the_operator->scrape();
    const std::string name =
        "controller_runtime_reconcile_time_seconds_count{controller=\"loadbalancedservice\"} ";
    const auto place = text.find(name);
    return place == std::string::npos ? 0 : std::stoi(text.substr(place + name.size()));
  }

  RealApiServer& server = RealApiServer::instance();
  SystemClock clock;
  TinyPrometheus prometheus{server.ns()};
  ops::Metrics metrics{{}};
  ops::Logger log{ops::Level::Info, clock};
  std::string last_error;
  std::unique_ptr<signals::SignalSource> source;
  std::unique_ptr<kube::ApiClient> client;
  std::unique_ptr<RecordingApi> api;
  std::unique_ptr<kube::EventRecorder> events;
  std::unique_ptr<Operator> the_operator;
  std::jthread thread;
};

TEST_F(OperatorContract, FailsOverWithinTheRulesOfTheRealApiServer) {
  create(kShops, testing::shop());
  start(1h);  // What happens is due to events.
  ASSERT_TRUE(eventually([&] { return condition("Ready")["status"] == "True"; }))
      << condition("Ready").dump();
  const json before = read(kRoutes, "shop");

  auto empty = testing::endpoint_slice("shop-blue", 0, 2);
  const auto begin = clock.monotonic();
  const auto patched = client->patch(kube::object_path(kSlices, {server.ns(), "shop-blue-x"}),
                                     kube::PatchType::Merge,
                                     json{{"endpoints", empty["endpoints"]}}.dump(),
                                     server.within(30s));
  ASSERT_TRUE(patched.ok()) << patched.error().message;
  ASSERT_TRUE(eventually([&] { return api->answered("/httproutes/shop").has_value(); }));
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(*api->answered("/httproutes/shop") - begin);
  std::cout << "[ MEASURED ] " << took.count()
            << " ms from the write of the EndpointSlice to the answered patch of the route\n";
  EXPECT_EQ(route(), "0/1000");
  EXPECT_TRUE(eventually([&] { return replicas("shop-green") == 2; }));
  EXPECT_EQ(replicas("shop-blue"), 2);
  EXPECT_TRUE(eventually([&] { return condition("FailedOver")["status"] == "True"; }));
  EXPECT_TRUE(eventually([&] {
    return server.kubectl("-n " + server.ns() + " get events").find("FailedOver") != std::string::npos;
  }));

  json after = read(kRoutes, "shop");
  auto& refs = after["spec"]["rules"][0]["backendRefs"];
  refs[0]["weight"] = 100;
  refs[1]["weight"] = 0;
  EXPECT_EQ(after["spec"], before["spec"]) << "only weights were touched";
  EXPECT_EQ(after["metadata"]["annotations"], before["metadata"]["annotations"]);
}

TEST_F(OperatorContract, SendsNothingWhileNothingChanges) {
  create(kShops, testing::shop());
  start(500ms);
  ASSERT_TRUE(eventually([&] { return condition("Ready")["status"] == "True"; }));
  // The first passes may still be writing what the start brings.
  const int settled = passes() + 4;
  ASSERT_TRUE(eventually([&] { return passes() >= settled; }));
  const auto calls = api->calls();
  const int later = passes() + 8;
  ASSERT_TRUE(eventually([&] { return passes() >= later; }));
  EXPECT_EQ(api->calls(), calls) << "neither a write nor a read, nor an event";
}

TEST_F(OperatorContract, WaitsForItsCrdAndWorksOnceItIsThere) {
  server.kubectl("delete crd loadbalancedservices.evenkeel.dev --wait=true");
  start(500ms);
  EXPECT_TRUE(eventually([&] {
    return the_operator->readyz().text.find("is not installed: apply the CRD") != std::string::npos;
  })) << the_operator->readyz().text;
  server.kubectl("apply --server-side -f " + crd_file());
  create(kShops, testing::shop());
  EXPECT_TRUE(eventually([&] { return condition("Ready")["status"] == "True"; }));
  EXPECT_TRUE(the_operator->readyz().ok) << the_operator->readyz().text;
}

}  // namespace
}  // namespace evenkeel::controller
