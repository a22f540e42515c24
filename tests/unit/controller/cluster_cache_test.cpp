#include "cluster_cache.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shop_objects.hpp"

namespace evenkeel::controller {
namespace {

using kube::ChangeKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const ObjectKey kShop{"store", "shop"};

class ClusterCacheTest : public ::testing::Test {
 protected:
  ClusterCacheTest() {
    auto object = testing::shop();
    object["metadata"]["uid"] = "1";
    object["metadata"]["generation"] = 1;
    apply(Watched::LoadBalancedService, object);
    apply(Watched::Deployment, testing::deployment("shop-blue", 3, 3));
    apply(Watched::EndpointSlice, testing::endpoint_slice("shop-blue", 3, 3));
  }
  Impact apply(Watched kind, const nlohmann::json& object) {
    return cache.apply(kind, ChangeKind::Applied, key(object), object.dump());
  }
  Impact remove(Watched kind, const nlohmann::json& object) {
    return cache.apply(kind, ChangeKind::Deleted, key(object), "");
  }
  static ObjectKey key(const nlohmann::json& object) {
    return {object["metadata"]["namespace"].get<std::string>(),
            object["metadata"]["name"].get<std::string>()};
  }
  api::Endpoints blue() { return cache.world(kShop)->endpoints.at("shop-blue"); }
  ClusterCache cache;
};

TEST_F(ClusterCacheTest, AReadyEndpointMoreOrLessIsUrgentAndOtherFiguresAreNot) {
  EXPECT_THAT(apply(Watched::EndpointSlice, testing::endpoint_slice("shop-blue", 2, 3)).at_once,
              ElementsAre(kShop));
  const Impact more = apply(Watched::EndpointSlice, testing::endpoint_slice("shop-blue", 2, 4));
  EXPECT_THAT(more.at_once, IsEmpty());
  EXPECT_THAT(more.soon, ElementsAre(kShop));
  EXPECT_THAT(apply(Watched::Deployment, testing::deployment("shop-blue", 4, 3)).at_once, ElementsAre(kShop));
  EXPECT_THAT(apply(Watched::Deployment, testing::deployment("shop-blue", 4, 4)).soon, ElementsAre(kShop));
  const Impact same = apply(Watched::Deployment, testing::deployment("shop-blue", 4, 4));
  EXPECT_THAT(same.at_once, IsEmpty());
  EXPECT_THAT(same.soon, IsEmpty());
}

TEST_F(ClusterCacheTest, WhatNobodyNamesConcernsNobody) {
  EXPECT_THAT(apply(Watched::EndpointSlice, testing::endpoint_slice("other", 1, 1)).at_once, IsEmpty());
  EXPECT_THAT(apply(Watched::Deployment, testing::deployment("other", 1, 1)).at_once, IsEmpty());
}

TEST_F(ClusterCacheTest, APodInSlicesOfTwoAddressFamiliesCountsOnce) {
  auto second = testing::endpoint_slice("shop-blue", 3, 3);
  second["metadata"]["name"] = "shop-blue-v6";
  apply(Watched::EndpointSlice, second);
  EXPECT_EQ(blue().ready, 3);
  EXPECT_EQ(blue().total, 3);
}

TEST_F(ClusterCacheTest, SlicesOfOneServiceAddUpAndGo) {
  auto second = testing::endpoint_slice("shop-blue", 1, 2);
  second["metadata"]["name"] = "shop-blue-y";
  for (auto& endpoint : second["endpoints"])
    endpoint["targetRef"]["uid"] = "y" + endpoint["addresses"][0].get<std::string>();
  apply(Watched::EndpointSlice, second);
  EXPECT_EQ(blue().ready, 4);
  EXPECT_EQ(blue().total, 5);
  EXPECT_THAT(remove(Watched::EndpointSlice, second).at_once, ElementsAre(kShop));
  EXPECT_EQ(blue().ready, 3);
}

TEST_F(ClusterCacheTest, AServiceWithoutSlicesHasNoEndpointsAndIsNotUnknown) {
  remove(Watched::EndpointSlice, testing::endpoint_slice("shop-blue", 3, 3));
  EXPECT_EQ(blue().ready, 0);
  EXPECT_EQ(blue().total, 0);
}

TEST_F(ClusterCacheTest, WhatCannotBeReadDoesNotLookLikeWhatIsGone) {
  auto broken = testing::endpoint_slice("shop-blue", 3, 3);
  broken["endpoints"] = "many";
  EXPECT_FALSE(apply(Watched::EndpointSlice, broken).problem.empty());
  EXPECT_EQ(blue().ready, 3);
  auto deployment = testing::deployment("shop-blue", 3, 3);
  deployment["spec"]["replicas"] = "three";
  EXPECT_FALSE(apply(Watched::Deployment, deployment).problem.empty());
  EXPECT_EQ(cache.world(kShop)->deployments.at("shop-blue").spec_replicas, 3);
}

TEST_F(ClusterCacheTest, TheStatusOfARouteConcernsNobodyButItsVersionIsKept) {
  auto route = testing::http_route("shop", 100, 0);
  route["metadata"]["generation"] = 1;
  route["metadata"]["resourceVersion"] = "1";
  EXPECT_THAT(apply(Watched::HttpRoute, route).at_once, ElementsAre(kShop));
  route["metadata"]["resourceVersion"] = "2";
  route["status"] = {{"parents", nlohmann::json::array()}};
  EXPECT_THAT(apply(Watched::HttpRoute, route).at_once, IsEmpty());
  EXPECT_NE(cache.world(kShop)->routes.at("shop").json.find("\"resourceVersion\":\"2\""), std::string::npos);
  route["metadata"]["generation"] = 2;
  EXPECT_THAT(apply(Watched::HttpRoute, route).at_once, ElementsAre(kShop));
}

TEST_F(ClusterCacheTest, AnEditMovesTheIndex) {
  auto object = testing::shop();
  object["metadata"]["uid"] = "1";
  object["metadata"]["generation"] = 2;
  object["spec"]["backends"][0]["serviceRef"]["name"] = "other";
  EXPECT_THAT(apply(Watched::LoadBalancedService, object).at_once, ElementsAre(kShop));
  EXPECT_THAT(apply(Watched::EndpointSlice, testing::endpoint_slice("shop-blue", 0, 3)).at_once, IsEmpty());
  EXPECT_THAT(apply(Watched::EndpointSlice, testing::endpoint_slice("other", 1, 1)).at_once,
              ElementsAre(kShop));
}

}  // namespace
}  // namespace evenkeel::controller
