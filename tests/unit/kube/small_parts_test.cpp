#include <chrono>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "evenkeel/kube/resource.hpp"

#include "backoff.hpp"
#include "kube_fakes.hpp"
#include "lru_map.hpp"
#include "token_bucket.hpp"
#include "token_source.hpp"

namespace evenkeel::kube {
namespace {

using namespace std::chrono_literals;

TEST(ResourcePath, NamesGroupNamespaceAndSubresource) {
  const Resource deployments{.group = "apps", .version = "v1", .plural = "deployments"};
  const Resource services{.version = "v1", .plural = "services"};
  EXPECT_EQ(collection_path(deployments), "/apis/apps/v1/deployments");
  EXPECT_EQ(collection_path(services, "store"), "/api/v1/namespaces/store/services");
  EXPECT_EQ(object_path(deployments, {"store", "blue"}, "scale"),
            "/apis/apps/v1/namespaces/store/deployments/blue/scale");
  EXPECT_EQ(object_path({.group = "a.b", .version = "v1", .plural = "crds"}, {"", "x.y"}),
            "/apis/a.b/v1/crds/x.y");
  EXPECT_EQ(to_string(deployments), "deployments.apps/v1");
}

TEST(ResourcePath, ANameCannotLeaveItsSegment) {
  EXPECT_EQ(object_path({.version = "v1", .plural = "services"}, {"a/../b", "c?d#e"}),
            "/api/v1/namespaces/a%2F..%2Fb/services/c%3Fd%23e");
}

TEST(TokenBucket, LetsABurstThroughAndThenOneForEachInterval) {
  TokenBucket bucket{100ms, 3};
  const Monotonic start{1h};
  for (int i = 0; i < 3; ++i) {
    EXPECT_LE(bucket.earliest(start), start);
    bucket.take(start);
  }
  EXPECT_EQ(bucket.earliest(start), start + 100ms);
  bucket.take(start);  // Has to wait; the next one waits for it too.
  EXPECT_EQ(bucket.earliest(start), start + 200ms);
}

TEST(TokenBucket, APauseRefillsNoMoreThanTheBurst) {
  TokenBucket bucket{100ms, 2};
  const Monotonic start{1h};
  bucket.take(start);
  bucket.take(start);
  const auto later = start + 10h;
  bucket.take(later);
  bucket.take(later);
  EXPECT_EQ(bucket.earliest(later), later + 100ms);
}

TEST(Backoff, DoublesUpToItsLastWithJitterAndStartsOver) {
  std::mt19937_64 random{1};
  Backoff backoff{100ms, 500ms};
  for (const auto full : {100ms, 200ms, 400ms, 500ms, 500ms}) {
    const auto pause = backoff.take(random);
    EXPECT_GE(pause, full / 2);
    EXPECT_LE(pause, full);
  }
  backoff.reset();
  EXPECT_LE(backoff.take(random), 100ms);
}

TEST(LruMap, ForgetsWhatWasAskedForLeastRecently) {
  LruMap<int> map{2};
  const auto zero = [] { return 0; };
  map.get("a", zero) = 1;
  map.get("b", zero) = 2;
  EXPECT_EQ(map.get("a", zero), 1);
  map.get("c", zero) = 3;  // Pushes b out.
  EXPECT_EQ(map.get("a", zero), 1);
  EXPECT_EQ(map.get("b", zero), 0);
}

TEST(TokenSource, WithoutATokenThereIsNoHeader) {
  TokenSource none{"", ""};
  EXPECT_EQ(*none.authorization(), "");
  TokenSource fixed{"abc", ""};
  EXPECT_EQ(*fixed.authorization(), "Bearer abc");
}

TEST(TokenSource, FollowsAFileThatIsReplaced) {
  const testing::TemporaryFolder folder;
  const auto file = folder.write("token", "first\n");
  TokenSource source{"ignored", file.string()};
  EXPECT_EQ(*source.authorization(), "Bearer first");
  folder.write("token", "second\n");
  EXPECT_EQ(*source.authorization(), "Bearer second");
}

TEST(TokenSource, AMomentWithoutTheFileKeepsTheOldToken) {
  const testing::TemporaryFolder folder;
  const auto file = folder.write("token", "first");
  TokenSource source{"", file.string()};
  EXPECT_EQ(*source.authorization(), "Bearer first");
  std::filesystem::remove(file);
  EXPECT_EQ(*source.authorization(), "Bearer first");
}

TEST(TokenSource, AFileThatNeverWasIsAnErrorThatNamesIt) {
  TokenSource source{"", "/nonexistent/token"};
  const auto token = source.authorization();
  ASSERT_FALSE(token.ok());
  EXPECT_EQ(token.error().kind, ErrorKind::Invalid);
  EXPECT_NE(token.error().message.find("/nonexistent/token"), std::string::npos);
}

TEST(TokenSource, ForgettingReadsAFileThatLooksUnchanged) {
  const testing::TemporaryFolder folder;
  const auto file = folder.write("token", "first");
  const auto time = std::filesystem::last_write_time(file);
  TokenSource source{"", file.string()};
  EXPECT_EQ(*source.authorization(), "Bearer first");
  std::ofstream{file}
      << "other";  // In place, as long as before, with the old time: the metadata are the same.
  std::filesystem::last_write_time(file, time);
  EXPECT_EQ(*source.authorization(), "Bearer first");
  source.forget();
  EXPECT_EQ(*source.authorization(), "Bearer other");
}

}  // namespace
}  // namespace evenkeel::kube
