#include "schema_check.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_cluster.hpp"

namespace evenkeel::controller {
namespace {

using ::testing::HasSubstr;

constexpr const char* kCrd = "loadbalancedservices.evenkeel.dev";

nlohmann::json crd(const nlohmann::json& annotations) {
  return {{"metadata", {{"name", kCrd}, {"annotations", annotations}}}, {"spec", nlohmann::json::object()}};
}

class CheckSchema : public ::testing::Test {
 protected:
  Result<Done> check(int needed) { return check_schema(cluster, needed, {}); }
  testing::FakeCluster cluster;
};

TEST_F(CheckSchema, ANewEnoughCrdWillDo) {
  cluster.put("customresourcedefinitions", crd({{"evenkeel.dev/schema-revision", "3"}}));
  EXPECT_TRUE(check(3).ok());
  EXPECT_TRUE(check(1).ok()) << "a newer CRD only adds";
}

TEST_F(CheckSchema, AMissingCrdIsNamedWithTheRemedy) {
  const auto checked = check(1);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(checked.error().message, HasSubstr("is not installed: apply the CRD"));
}

TEST_F(CheckSchema, AnOlderCrdIsRefused) {
  for (const auto& annotations : {nlohmann::json{{"evenkeel.dev/schema-revision", "1"}},
                                  nlohmann::json{{"evenkeel.dev/schema-revision", "two"}},
                                  nlohmann::json::object()}) {
    cluster.put("customresourcedefinitions", crd(annotations));
    const auto checked = check(2);
    ASSERT_FALSE(checked.ok()) << annotations;
    EXPECT_EQ(checked.error().kind, ErrorKind::Invalid);
    EXPECT_THAT(checked.error().message, HasSubstr("this binary needs 2"));
  }
}

TEST_F(CheckSchema, AnAnswerThatIsNoneKeepsItsKind) {
  cluster.fail = [](const std::string&) -> std::optional<Error> { return Error{ErrorKind::Forbidden, "no"}; };
  const auto checked = check(1);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().kind, ErrorKind::Forbidden);
}

}  // namespace
}  // namespace evenkeel::controller
