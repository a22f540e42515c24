#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kube_real.hpp"

namespace evenkeel::kube {
namespace {

using namespace std::chrono_literals;
using evenkeel::testing::RealApiServer;
using nlohmann::json;
using ::testing::HasSubstr;

const Resource kDeployments{.group = "apps", .version = "v1", .plural = "deployments"};

/// Each test has a Deployment of its own with two replicas.
class WriteContract : public ::testing::Test {
 protected:
  RealApiServer& server = RealApiServer::instance();
  ObjectKey key{server.ns(), ""};

  void SetUp() override {
    std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    key.name = name;
    const json deployment{
        {"apiVersion", "apps/v1"},
        {"kind", "Deployment"},
        {"metadata", {{"name", name}}},
        {"spec",
         {{"replicas", 2},
          {"selector", {{"matchLabels", {{"app", name}}}}},
          {"template",
           {{"metadata", {{"labels", {{"app", name}}}}},
            {"spec", {{"containers", {{{"name", "c"}, {"image", "registry.invalid/none"}}}}}}}}}}};
    const auto made =
        server.client().create(collection_path(kDeployments, key.ns), deployment.dump(), server.within(60s));
    ASSERT_TRUE(made.ok()) << made.error().message;
  }

  Result<std::string> patch(PatchType type, const json& body, const std::string& subresource = {}) {
    return server.client().patch(
        object_path(kDeployments, key, subresource), type, body.dump(), server.within(60s));
  }
  json read() {
    const auto object = server.client().get(object_path(kDeployments, key), server.within(60s));
    EXPECT_TRUE(object.ok()) << object.error().message;
    return json::parse(*object);
  }
};

TEST_F(WriteContract, AMergePatchChangesOnlyWhatItNames) {
  const auto patched = patch(PatchType::Merge, {{"metadata", {{"annotations", {{"a", "1"}}}}}});
  ASSERT_TRUE(patched.ok()) << patched.error().message;
  const auto object = read();
  EXPECT_EQ(object["metadata"]["annotations"]["a"], "1");
  EXPECT_EQ(object["spec"]["replicas"], 2);
}

TEST_F(WriteContract, AMergePatchOfAnOldVersionIsAConflict) {
  const std::string version = read()["metadata"]["resourceVersion"];
  ASSERT_TRUE(patch(PatchType::Merge, {{"metadata", {{"annotations", {{"a", "1"}}}}}}).ok());
  const auto stale =
      patch(PatchType::Merge, {{"metadata", {{"resourceVersion", version}, {"annotations", {{"a", "2"}}}}}});
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.error().kind, ErrorKind::Conflict) << stale.error().message;
  EXPECT_EQ(read()["metadata"]["annotations"]["a"], "1");
}

TEST_F(WriteContract, AJsonPatchHoldsItsPreconditions) {
  const auto operations = [](int expected, int wanted) {
    return json::array({{{"op", "test"}, {"path", "/spec/replicas"}, {"value", expected}},
                        {{"op", "replace"}, {"path", "/spec/replicas"}, {"value", wanted}}});
  };
  const auto refused = patch(PatchType::Json, operations(7, 3));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::Conflict) << refused.error().message;
  EXPECT_EQ(read()["spec"]["replicas"], 2);
  const auto taken = patch(PatchType::Json, operations(2, 3));
  EXPECT_TRUE(taken.ok()) << taken.error().message;
  EXPECT_EQ(read()["spec"]["replicas"], 3);
}

TEST_F(WriteContract, AScaleIsAMergePatchOnItsSubresource) {
  const auto scaled = patch(PatchType::Merge, {{"spec", {{"replicas", 5}}}}, "scale");
  ASSERT_TRUE(scaled.ok()) << scaled.error().message;
  EXPECT_EQ(json::parse(*scaled)["kind"], "Scale");
  EXPECT_EQ(read()["spec"]["replicas"], 5);
}

TEST_F(WriteContract, AStatusPatchLeavesSpecAndGenerationAlone) {
  const auto before = read();
  const json status{{"status", {{"observedGeneration", 1}, {"replicas", 2}}}, {"spec", {{"replicas", 9}}}};
  const auto patched = patch(PatchType::Merge, status, "status");
  ASSERT_TRUE(patched.ok()) << patched.error().message;
  const auto after = read();
  EXPECT_EQ(after["status"]["replicas"], 2);
  EXPECT_EQ(after["spec"], before["spec"]);
  EXPECT_EQ(after["metadata"]["generation"], before["metadata"]["generation"]);
}

TEST_F(WriteContract, ARejectedValueIsInvalidInTheServersWords) {
  const auto scaled = patch(PatchType::Merge, {{"spec", {{"replicas", -1}}}}, "scale");
  ASSERT_FALSE(scaled.ok());
  EXPECT_EQ(scaled.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(scaled.error().message, HasSubstr("spec.replicas"));
}

TEST_F(WriteContract, AnObjectThatIsNotThereIsNotFound) {
  const auto path = object_path(kDeployments, {server.ns(), "absent"}, "scale");
  const auto scaled =
      server.client().patch(path, PatchType::Merge, R"({"spec":{"replicas":1}})", server.within(60s));
  ASSERT_FALSE(scaled.ok());
  EXPECT_EQ(scaled.error().kind, ErrorKind::NotFound);
}

TEST_F(WriteContract, CreatingWhatIsThereIsAConflict) {
  auto object = read();
  object["metadata"].erase("resourceVersion");
  const auto made =
      server.client().create(collection_path(kDeployments, key.ns), object.dump(), server.within(60s));
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().kind, ErrorKind::Conflict);
}

TEST_F(WriteContract, AWrongTokenIsUnauthorized) {
  auto config = server.config();
  config.tls.client_certificate = config.tls.client_key = {};
  config.token = "not-a-token";
  const auto object = server.connect(config)->get(object_path(kDeployments, key), server.within(60s));
  ASSERT_FALSE(object.ok());
  EXPECT_EQ(object.error().kind, ErrorKind::Unauthorized);
}

TEST_F(WriteContract, WithoutTheRightItIsForbidden) {
  const std::string accounts = "/api/v1/namespaces/" + server.ns() + "/serviceaccounts";
  const json account{{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", "nobody"}}}};
  ASSERT_TRUE(server.client().create(accounts, account.dump(), server.within(60s)).ok());
  const json request{
      {"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}, {"spec", json::object()}};
  const auto token = server.client().create(accounts + "/nobody/token", request.dump(), server.within(60s));
  ASSERT_TRUE(token.ok()) << token.error().message;

  auto config = server.config();
  config.tls.client_certificate = config.tls.client_key = {};
  config.token = json::parse(*token)["status"]["token"];
  const auto object = server.connect(config)->get(object_path(kDeployments, key), server.within(60s));
  ASSERT_FALSE(object.ok());
  EXPECT_EQ(object.error().kind, ErrorKind::Forbidden);
  EXPECT_THAT(object.error().message, HasSubstr("cannot get resource \"deployments\""));
}

}  // namespace
}  // namespace evenkeel::kube
