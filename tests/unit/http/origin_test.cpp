#include "origin.hpp"

#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evenkeel::http {
namespace {

struct Row {
  std::string name;
  std::string given;
  std::string want;  ///< The origin's text, or a part of the error.
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}
std::string row_name(const testing::TestParamInfo<Row>& row) {
  return row.param.name;
}

class GoodOrigin : public testing::TestWithParam<Row> {};
TEST_P(GoodOrigin, IsTaken) {
  const auto origin = parse_origin(GetParam().given);
  ASSERT_TRUE(origin.ok()) << origin.error().message;
  EXPECT_EQ(origin->text, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Table,
    GoodOrigin,
    testing::Values(Row{"HostAndPort", "http://prometheus:9090", "http://prometheus:9090"},
                    Row{"NoPort", "https://kubernetes.default.svc", "https://kubernetes.default.svc"},
                    Row{"SlashAtTheEnd", "http://a.b/", "http://a.b"},
                    Row{"Prefix", "https://a:1/k8s/c-1/", "https://a:1/k8s/c-1"}),
    row_name);

class BadOrigin : public testing::TestWithParam<Row> {};
TEST_P(BadOrigin, IsRefusedWithTheRemedy) {
  const auto origin = parse_origin(GetParam().given);
  ASSERT_FALSE(origin.ok());
  EXPECT_EQ(origin.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(origin.error().message, testing::HasSubstr(GetParam().want));
}
INSTANTIATE_TEST_SUITE_P(
    Table,
    BadOrigin,
    testing::Values(Row{"Ipv6Literal", "https://[::1]:6443", "use a DNS name"},
                    Row{"NoScheme", "prometheus:9090", "must start with http:// or https://"},
                    Row{"NoHost", "http://:80", "needs a host name"},
                    Row{"PortTooLarge", "http://a:65536", "[1, 65535]"},
                    Row{"PortMissing", "http://a:", "[1, 65535]"},
                    Row{"PortWithRest", "http://a:80x", "[1, 65535]"},
                    Row{"UserAndPassword", "http://u:secret@a", "must not carry a user name"},
                    Row{"Query", "http://a/x?y=1", "no query"},
                    Row{"LineEnd", "http://a/x\r\nHost: b", "no query"}),
    row_name);

TEST(BadOrigin, APasswordIsNotRepeatedInTheMessage) {
  EXPECT_THAT(parse_origin("http://u:secret@a").error().message, testing::Not(testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace evenkeel::http
