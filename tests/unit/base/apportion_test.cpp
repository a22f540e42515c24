#include "evenkeel/base/apportion.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace evenkeel {
namespace {

using Parts = std::vector<std::int32_t>;

struct Row {
  std::string name;
  std::vector<double> shares;
  std::int32_t total;
  Parts parts;
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}
class Apportion : public testing::TestWithParam<Row> {};

TEST_P(Apportion, Row) {
  EXPECT_EQ(apportion(GetParam().shares, GetParam().total), GetParam().parts);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    Apportion,
    testing::Values(Row{"NoShares", {}, 5, {}},
                    Row{"AllZero", {0, 0}, 5, {0, 0}},
                    Row{"NoUnits", {1, 1}, 0, {0, 0}},
                    Row{"NegativeTotal", {1, 1}, -3, {0, 0}},
                    Row{"OnlyOne", {42}, 7, {7}},
                    Row{"ExactPercent", {80, 20}, 1000, {800, 200}},
                    Row{"TieGoesToTheLowerIndex", {1, 1}, 3, {2, 1}},
                    Row{"Thirds", {1, 1, 1}, 100, {34, 33, 33}},
                    Row{"ZeroShareGetsNothing", {0, 1, 2}, 100, {0, 33, 67}},
                    Row{"TinyShareGetsOne", {99.999, 0.001}, 10, {9, 1}},
                    Row{"FewerUnitsThanSharesGoToTheLargest", {1, 5, 3}, 2, {0, 1, 1}},
                    Row{"NotANumberCountsAsZero", {std::numeric_limits<double>::quiet_NaN(), 1}, 3, {0, 3}},
                    Row{"InfiniteCountsAsZero", {std::numeric_limits<double>::infinity(), 1}, 3, {0, 3}},
                    Row{"NegativeCountsAsZero", {-1, 1}, 3, {0, 3}},
                    Row{"HugeSharesDoNotOverflow", {1e308, 1e308}, 4, {2, 2}},
                    Row{"LargestTotal", {1, 1}, 2'147'483'647, {1'073'741'824, 1'073'741'823}}),
    [](const auto& row) { return row.param.name; });

/// The definition itself, a unit at a time: what the quick form must agree with.
Parts one_by_one(const std::vector<double>& shares, std::int32_t total) {
  Parts parts(shares.size(), 0);
  for (std::int32_t unit = 0; unit < total; ++unit) {
    std::size_t best = 0;
    const auto claim = [&](std::size_t i) {
      if (shares[i] <= 0) return -1.0;
      return parts[i] == 0 ? 1e9 + shares[i] : shares[i] / (2.0 * parts[i] + 1.0);
    };
    for (std::size_t i = 1; i < shares.size(); ++i) {
      if (claim(i) > claim(best)) best = i;
    }
    ++parts[best];
  }
  return parts;
}

TEST(ApportionAnyShares, AgreesWithTheDefinitionAndAddsUp) {
  std::mt19937 random{4};  // NOLINT(bugprone-random-generator-seed): the same cases every time.
  for (int round = 0; round < 2000; ++round) {
    std::vector<double> shares(1 + random() % 16);
    for (auto& share : shares) share = random() % 4 == 0 ? 0.0 : static_cast<double>(random() % 1000);
    const auto total = static_cast<std::int32_t>(random() % 1200);
    const auto parts = apportion(shares, total);
    const bool any = std::ranges::any_of(shares, [](double share) { return share > 0; });
    EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), 0), any ? total : 0);
    if (any) EXPECT_EQ(parts, one_by_one(shares, total));
  }
}

}  // namespace
}  // namespace evenkeel
