#include "evenkeel/api/kubernetes.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace evenkeel::api {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::SizeIs;

json deployment() {
  return json::parse(R"({
    "metadata": {"namespace": "store", "name": "shop-blue", "generation": 2, "labels": {"x": "y"}},
    "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "shop", "colour": "blue"}}},
    "status": {"observedGeneration": 2, "replicas": 3, "readyReplicas": 2, "updatedReplicas": 3,
               "availableReplicas": 2}})");
}

TEST(ParseDeployment, ReadsWhatWeUse) {
  const auto parsed = parse_deployment(deployment().dump());
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->key, (ObjectKey{"store", "shop-blue"}));
  EXPECT_EQ(parsed->spec_replicas, 3);
  EXPECT_EQ(parsed->status_replicas, 3);
  EXPECT_EQ(parsed->ready_replicas, 2);
  EXPECT_EQ(parsed->updated_replicas, 3);
  EXPECT_EQ(parsed->selector, "app=shop,colour=blue");
  EXPECT_FALSE(parsed->rollout) << "pods that are not ready are no roll-out";
}

TEST(ParseDeployment, TakesTheApisDefaults) {
  const auto parsed = parse_deployment(R"({"metadata": {"name": "a"}})");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->spec_replicas, 1);
  EXPECT_EQ(parsed->ready_replicas, 0);
  EXPECT_EQ(parsed->selector, "");
}

TEST(ParseDeployment, PrintsEveryKindOfSelectorTerm) {
  auto document = deployment();
  document["spec"]["selector"]["matchExpressions"] =
      json::parse(R"([{"key": "a", "operator": "In", "values": ["x", "y"]},
                      {"key": "b", "operator": "NotIn", "values": ["z"]},
                      {"key": "c", "operator": "Exists"}, {"key": "d", "operator": "DoesNotExist"}])");
  const auto parsed = parse_deployment(document.dump());
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->selector, "app=shop,colour=blue,a in (x,y),b notin (z),c,!d");
}

TEST(ParseDeployment, SeesARollOutInOldPodsAndInAnUnseenGeneration) {
  auto old_pods = deployment();
  old_pods["status"]["updatedReplicas"] = 1;
  EXPECT_TRUE(parse_deployment(old_pods.dump())->rollout);
  auto unseen = deployment();
  unseen["metadata"]["generation"] = 3;
  EXPECT_TRUE(parse_deployment(unseen.dump())->rollout);
  auto growing = deployment();
  growing["spec"]["replicas"] = 9;
  EXPECT_FALSE(parse_deployment(growing.dump())->rollout) << "pods that are still to come are no roll-out";
}

TEST(ParseDeployment, NamesTheFieldThatIsWrong) {
  auto document = deployment();
  document["spec"]["replicas"] = "three";
  const auto parsed = parse_deployment(document.dump());
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().message, "spec.replicas: must be a whole number");
  EXPECT_FALSE(parse_deployment("{}").ok()) << "an object without a name is none";
}

json slice() {
  return json::parse(R"({
    "metadata": {"namespace": "store", "name": "shop-blue-x7", "labels": {"kubernetes.io/service-name": "shop-blue"}},
    "addressType": "IPv4",
    "endpoints": [
      {"addresses": ["10.0.0.1"], "conditions": {"ready": true}, "targetRef": {"kind": "Pod", "uid": "p1"}},
      {"addresses": ["10.0.0.2"], "conditions": {"ready": false, "serving": true, "terminating": true},
       "targetRef": {"kind": "Pod", "uid": "p2"}},
      {"addresses": ["10.0.0.3", "10.0.0.4"]}]})");
}

TEST(ParseEndpointSlice, ReadsServiceAndReadiness) {
  const auto parsed = parse_endpoint_slice(slice().dump());
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->key, (ObjectKey{"store", "shop-blue-x7"}));
  EXPECT_EQ(parsed->service, "shop-blue");
  ASSERT_THAT(parsed->endpoints, SizeIs(3));
  EXPECT_EQ(parsed->endpoints[0].id, "p1");
  EXPECT_TRUE(parsed->endpoints[0].ready);
  EXPECT_FALSE(parsed->endpoints[1].ready);
  EXPECT_EQ(parsed->endpoints[2].id, "10.0.0.3");
  EXPECT_TRUE(parsed->endpoints[2].ready) << "the API takes an absent condition for ready";
}

TEST(ParseEndpointSlice, TakesNullForNoEndpoints) {
  auto document = slice();
  document["endpoints"] = nullptr;
  const auto parsed = parse_endpoint_slice(document.dump());
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(parsed->endpoints, SizeIs(0));
}

TEST(ParseEndpointSlice, NamesTheFieldThatIsWrong) {
  auto document = slice();
  document["endpoints"][1]["conditions"]["ready"] = "no";
  const auto parsed = parse_endpoint_slice(document.dump());
  ASSERT_FALSE(parsed.ok());
  EXPECT_THAT(parsed.error().message, HasSubstr("endpoints[1].conditions.ready: must be true or false"));
}

}  // namespace
}  // namespace evenkeel::api
