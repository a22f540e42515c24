#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evenkeel/kube/reflector.hpp"

#include "kube_fakes.hpp"
#include "kube_real.hpp"
#include "kube_relay.hpp"

namespace evenkeel::kube {
namespace {

using namespace std::chrono_literals;
using evenkeel::testing::Journal;
using evenkeel::testing::RealApiServer;
using evenkeel::testing::Relay;
using ::testing::Contains;
using ::testing::HasSubstr;

const Resource kConfigMaps{.version = "v1", .plural = "configmaps"};

class ListWatchContract : public ::testing::Test {
 protected:
  RealApiServer& server = RealApiServer::instance();

  /// Config maps of one test only.
  [[nodiscard]] Selection selection(const std::string& group) const {
    return {.resource = kConfigMaps, .ns = server.ns(), .label_selector = "group=" + group};
  }

  void make(const std::string& group, const std::string& name) {
    const std::string body = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name +
                             R"(","labels":{"group":")" + group + R"("}},"data":{"a":"1"}})";
    const auto made =
        server.client().create(collection_path(kConfigMaps, server.ns()), body, server.within(60s));
    ASSERT_TRUE(made.ok()) << made.error().message;
  }

  void change(const std::string& name) {
    const auto changed = server.client().patch(object_path(kConfigMaps, {server.ns(), name}),
                                               PatchType::Merge,
                                               R"({"data":{"a":"2"}})",
                                               server.within(60s));
    ASSERT_TRUE(changed.ok()) << changed.error().message;
  }

  static ReflectorCallbacks into(Journal& journal) {
    return {
        .on_event =
            [&](ChangeKind kind, const ObjectKey& key, std::string_view) {
              journal.add((kind == ChangeKind::Applied ? "applied " : "deleted ") + key.name);
            },
        .on_synced = [&] { journal.add("synced"); },
        .on_error = [&](const Error& error) { journal.add(std::string{"error "} + to_string(error.kind)); }};
  }
};

TEST_F(ListWatchContract, ReadsTwelveHundredObjectsInPages) {
  constexpr int kCount = 1200;
  std::atomic<int> next = 0;
  {
    std::vector<std::jthread> makers;
    makers.reserve(4);
    for (int i = 0; i < 4; ++i) {
      makers.emplace_back([&] {
        for (int n = next++; n < kCount; n = next++) make("pages", "page-" + std::to_string(n));
      });
    }
  }
  std::set<std::string> names;
  std::size_t with_managed_fields = 0;
  const auto version = server.client().list(
      selection("pages"),
      [&](const ObjectView& object) {
        EXPECT_EQ(object.key.ns, server.ns());
        EXPECT_FALSE(object.resource_version.empty());
        names.insert(object.key.name);
        with_managed_fields += object.json.find("managedFields") != std::string_view::npos ? 1U : 0U;
      },
      [] {},
      server.within(60s));
  ASSERT_TRUE(version.ok()) << version.error().message;
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kCount));
  EXPECT_EQ(with_managed_fields, 0U);
}

TEST_F(ListWatchContract, FollowsChangesAsTheyHappen) {
  make("follow", "follow-a");
  Journal journal;
  const Reflector reflector{
      server.client(), {.selection = selection("follow")}, into(journal), server.clock()};
  ASSERT_TRUE(journal.wait_for("synced"));
  EXPECT_THAT(journal.words(), Contains("applied follow-a"));
  make("follow", "follow-b");
  EXPECT_TRUE(journal.wait_for("applied follow-b"));
  change("follow-a");
  EXPECT_TRUE(journal.wait_for("applied follow-a", 2));
  // Without its label an object leaves the selection: the server calls that a deletion.
  ASSERT_TRUE(server.client()
                  .patch(object_path(kConfigMaps, {server.ns(), "follow-a"}),
                         PatchType::Merge,
                         R"({"metadata":{"labels":{"group":null}}})",
                         server.within(60s))
                  .ok());
  EXPECT_TRUE(journal.wait_for("deleted follow-a"));
}

TEST_F(ListWatchContract, ResumesWithoutAListAfterItsConnectionIsCut) {
  const std::string address = server.config().server.substr(std::string{"https://"}.size());
  const auto colon = address.find(':');
  ASSERT_NE(colon, std::string::npos);
  Relay relay{address.substr(0, colon), address.substr(colon + 1)};
  auto config = server.config();
  config.tls.server_name = config.tls.server_name.empty() ? address.substr(0, colon) : config.tls.server_name;
  config.server = "https://" + relay.address();
  const auto client = server.connect(config);

  make("cut", "cut-a");
  Journal journal;
  const Reflector reflector{
      *client, {.selection = selection("cut"), .pause_first = 10ms}, into(journal), server.clock()};
  ASSERT_TRUE(journal.wait_for("synced"));
  change("cut-a");
  ASSERT_TRUE(journal.wait_for("applied cut-a", 2));

  relay.cut();
  make("cut", "cut-b");  // Not through the relay: it happens while the reflector is away, or just after.
  EXPECT_TRUE(journal.wait_for("applied cut-b"));
  EXPECT_THAT(journal.words(), Contains("error Unavailable"));
  EXPECT_EQ(reflector.state().lists, 1U);
  EXPECT_GE(reflector.state().watches, 2U);
}

TEST_F(ListWatchContract, APlaceThatIsTooOldIsGone) {
  // The server remembers the changes of a kind from when it began to serve it, so those before are lost for
  // certain.
  const Resource definitions{
      .group = "apiextensions.k8s.io", .version = "v1", .plural = "customresourcedefinitions"};
  const std::string definition = R"({
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.contract.evenkeel.dev"},
    "spec": {"group": "contract.evenkeel.dev", "scope": "Namespaced",
             "names": {"kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList"},
             "versions": [{"name": "v1", "served": true, "storage": true,
                           "schema": {"openAPIV3Schema": {"type": "object"}}}]}})";
  const auto made = server.client().create(collection_path(definitions), definition, server.within(60s));
  ASSERT_TRUE(made.ok() || made.error().kind == ErrorKind::Conflict) << made.error().message;
  const Selection things{.resource = {.group = "contract.evenkeel.dev", .version = "v1", .plural = "things"}};
  const auto is_served = [&] {
    return server.client().list(things, [](const ObjectView&) {}, [] {}, server.within(60s)).ok();
  };
  const auto deadline = server.clock().monotonic() + 60s;
  while (!is_served() && server.clock().monotonic() < deadline) std::this_thread::yield();

  const auto end = server.client().watch(things,
                                         {.resource_version = "1", .duration = 30s, .idle = 30s},
                                         {.on_open = [] {}, .on_event = [](const WatchEvent&) {}});
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().kind, ErrorKind::Gone) << end.error().message;
}

TEST_F(ListWatchContract, AWatchEndsByItselfWhenItsTimeIsOver) {
  const auto version =
      server.client().list(selection("brief"), [](const ObjectView&) {}, [] {}, server.within(30s));
  ASSERT_TRUE(version.ok()) << version.error().message;
  int opened = 0;
  const auto end =
      server.client().watch(selection("brief"),
                            {.resource_version = *version, .duration = 1s, .idle = 30s},
                            {.on_open = [&] { ++opened; }, .on_event = [](const WatchEvent&) {}});
  EXPECT_TRUE(end.ok()) << end.error().message;
  EXPECT_EQ(opened, 1);
}

TEST_F(ListWatchContract, AKindThatIsNotServedIsNotFound) {
  const Selection missing{.resource = {.group = "missing.example", .version = "v1", .plural = "things"}};
  const auto version = server.client().list(missing, [](const ObjectView&) {}, [] {}, server.within(30s));
  ASSERT_FALSE(version.ok());
  EXPECT_EQ(version.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(version.error().message, HasSubstr("/apis/missing.example/v1/things"));
}

}  // namespace
}  // namespace evenkeel::kube
