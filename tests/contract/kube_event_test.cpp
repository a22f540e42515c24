#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "evenkeel/kube/event_recorder.hpp"

#include "kube_real.hpp"

namespace evenkeel::kube {
namespace {

using namespace std::chrono_literals;
using evenkeel::testing::RealApiServer;
using nlohmann::json;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

TEST(EventContract, APersonSeesEventsInDescribe) {
  auto& server = RealApiServer::instance();
  const std::string maps = "/api/v1/namespaces/" + server.ns() + "/configmaps";
  const json map{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "eventful"}}}};
  const auto made = server.client().create(maps, map.dump(), server.within(60s));
  ASSERT_TRUE(made.ok()) << made.error().message;
  const Event event{.regarding = {.api_version = "v1",
                                  .kind = "ConfigMap",
                                  .key = {server.ns(), "eventful"},
                                  .uid = json::parse(*made)["metadata"]["uid"]},
                    .type = EventType::Warning,
                    .reason = "LostEndpoints",
                    .action = "FailOver",
                    .note = "Backend blue has no ready endpoints; green takes over."};

  // The second recorder is an operator that was restarted: it goes on counting.
  for (std::uint64_t run = 0; run < 2; ++run) {
    EventRecorder recorder{server.client(), {.instance = "contract"}, server.clock()};
    for (int i = 0; i < 2; ++i) recorder.record(event);
    const auto deadline = server.clock().monotonic() + 30s;
    while (recorder.counts().sent + recorder.counts().dropped < 2 && server.clock().monotonic() < deadline) {
      std::this_thread::yield();
    }
    EXPECT_EQ(recorder.counts().sent, 2U);
  }
  const auto text =
      RealApiServer::instance().kubectl("--namespace=" + server.ns() + " describe configmap eventful");
  EXPECT_THAT(text, HasSubstr("Backend blue has no ready endpoints; green takes over."));
  EXPECT_THAT(text, ContainsRegex("Warning +LostEndpoints +.*x4"));
}

}  // namespace
}  // namespace evenkeel::kube
