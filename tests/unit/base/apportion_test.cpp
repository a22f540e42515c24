#include "evenkeel/base/apportion.hpp"

#include <algorithm>
#include <cmath>
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
                    Row{"AQuotaRightBetweenTwoWholes", {2, 15, 5}, 11, {1, 8, 2}},
                    Row{"OfEqualLastUnitsThatOfTheHighestIndexGoes", {1, 1, 1}, 5, {2, 2, 1}},
                    Row{"LargestTotalForOne", {1}, 2'147'483'647, {2'147'483'647}},
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

/// Random shares of up to 16 holders, from nearly equal ones to some that differ by many orders of magnitude.
std::vector<double> random_shares(std::mt19937& random) {
  std::vector<double> shares(1 + random() % 16);
  const bool wild = random() % 3 == 0;
  for (auto& share : shares) {
    share = static_cast<double>(1 + random() % 100'000) / 7.0;
    if (wild) share = std::ldexp(share, static_cast<int>(random() % 60) - 30);
    if (random() % 5 == 0) share = 0;
  }
  return shares;
}

/// What makes parts those of Sainte-Lague: nobody's last unit (beyond the first) has a weaker claim than
/// somebody's next one.
void expect_sainte_lague(const std::vector<double>& shares, const Parts& parts) {
  double weakest = std::numeric_limits<double>::infinity();
  double strongest = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i] <= 0) {
      EXPECT_EQ(parts[i], 0);
      continue;
    }
    EXPECT_GE(parts[i], 1);
    if (parts[i] > 1) weakest = std::min(weakest, shares[i] / (2.0 * parts[i] - 1));
    strongest = std::max(strongest, shares[i] / (2.0 * parts[i] + 1));
  }
  EXPECT_GE(weakest * (1 + 1e-11), strongest);
}

std::int32_t sum_of(const Parts& parts) {
  return std::accumulate(parts.begin(), parts.end(), 0);
}

TEST(ApportionAnyShares, HoldsForEveryGranularityUpToAMillion) {
  std::mt19937 random{5};  // NOLINT(bugprone-random-generator-seed): the same cases every time.
  for (int round = 0; round < 3000; ++round) {
    const auto shares = random_shares(random);
    const auto holders = std::ranges::count_if(shares, [](double share) { return share > 0; });
    const auto total = static_cast<std::int32_t>(2 + random() % (round % 2 == 0 ? 40 : 999'999));
    const auto parts = apportion(shares, total);
    if (holders == 0) continue;
    EXPECT_EQ(sum_of(parts), total);
    if (total >= holders) expect_sainte_lague(shares, parts);
  }
}

TEST(ApportionAnyShares, MoreUnitsNeverTakeOneFromAnybody) {
  std::mt19937 random{6};  // NOLINT(bugprone-random-generator-seed)
  for (int round = 0; round < 300; ++round) {
    const auto shares = random_shares(random);
    auto total = static_cast<std::int32_t>(random() % (round % 3 == 0 ? 900'000 : 20));
    auto parts = apportion(shares, total);
    for (int more = 0; more < 30; ++more) {
      const auto next = apportion(shares, ++total);
      for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_GE(next[i], parts[i]) << total;
      parts = next;
    }
  }
}

TEST(ApportionAnyShares, FewerUnitsThanHoldersGoToTheLargestShares) {
  std::mt19937 random{7};  // NOLINT(bugprone-random-generator-seed)
  for (int round = 0; round < 500; ++round) {
    const auto shares = random_shares(random);
    const auto holders = std::ranges::count_if(shares, [](double share) { return share > 0; });
    if (holders < 2) continue;
    const auto total = static_cast<std::int32_t>(1 + random() % static_cast<unsigned>(holders - 1));
    const auto parts = apportion(shares, total);
    EXPECT_EQ(sum_of(parts), total);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      for (std::size_t j = 0; j < shares.size(); ++j) {
        if (parts[i] > parts[j]) EXPECT_GE(shares[i], shares[j]);
      }
    }
  }
}

TEST(ApportionAnyShares, TheErrorsOfAComputationMoveNoUnit) {
  const double third = 100.0 / 3;
  EXPECT_EQ(apportion(std::vector{third, 100 - 2 * third, third}, 100), (Parts{34, 33, 33}));
  EXPECT_EQ(apportion(std::vector{0.3, 0.1 + 0.2}, 3), (Parts{2, 1}));
  EXPECT_EQ(apportion(std::vector{0.3, 0.1 + 0.2}, 1), (Parts{1, 0}));
  const std::vector<double> tenths(10, 0.1);
  const double nearly_one = std::accumulate(tenths.begin(), tenths.end(), 0.0);
  ASSERT_LT(nearly_one, 1);
  EXPECT_EQ(apportion(std::vector{nearly_one, 1.0}, 3), (Parts{2, 1}));
}

}  // namespace
}  // namespace evenkeel
