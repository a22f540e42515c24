#include "evenkeel/balancing/divide.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace evenkeel::balancing {
namespace {

using Counts = std::vector<std::int32_t>;

struct Row {
  std::string name;
  std::vector<double> shares;
  Counts minimums;
  std::int32_t total = 0;
  Counts want;
  Counts maximums = {};
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}
class Divide : public testing::TestWithParam<Row> {};

TEST_P(Divide, Row) {
  const auto& row = GetParam();
  EXPECT_EQ(divide(row.shares, row.minimums, row.maximums, row.total), row.want);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    Divide,
    testing::Values(
        Row{"ByShare", {80, 20}, {1, 1}, 10, {8, 2}},
        Row{"TheOddOneGoesToTheEarlier", {50, 50}, {1, 1}, 5, {3, 2}},
        Row{"AtLeastOneEach", {99, 1}, {1, 1}, 4, {3, 1}},
        Row{"AMinimumIsTakenFromTheOthers", {90, 10}, {1, 4}, 10, {6, 4}},
        Row{"TakingMayPushAnotherToItsMinimum", {60, 30, 10}, {1, 3, 4}, 10, {3, 3, 4}},
        Row{"MinimumsAboveTheTotalAreMetAllTheSame", {50, 50}, {3, 3}, 4, {3, 3}},
        Row{"FewerReplicasThanBackendsGiveOneEach", {1, 1, 1}, {1, 1, 1}, 1, {1, 1, 1}},
        Row{"WithoutAShareNoPart", {100, 0}, {1, 1}, 5, {5, 0}},
        Row{"WithoutAnyShareNothing", {0, 0}, {1, 1}, 5, {0, 0}},
        Row{"AboveAMaximumTheOthersGetIt", {50, 50}, {1, 1}, 12, {9, 3}, {20, 3}},
        Row{"AMaximumIsReachedAndNotPassed", {50, 50}, {1, 1}, 6, {3, 3}, {20, 3}},
        Row{"ItMayBringAnotherToItsMaximum", {60, 30, 10}, {1, 1, 1}, 10, {2, 4, 4}, {2, 4, 9}},
        Row{"MaximumsBelowTheTotalAreNotPassed", {50, 50}, {1, 1}, 9, {2, 3}, {2, 3}},
        Row{"ItMayFreeNobodyFromItsMinimum", {90, 10}, {1, 4}, 10, {5, 5}, {5, 9}},
        Row{"MinimumsThatTakeMoreThanAMaximumLeavesGoFirst", {90, 5, 5}, {1, 4, 4}, 8, {1, 4, 4}, {6, 9, 9}},
        Row{"AMaximumThatLeavesMoreThanMinimumsTakeGoesFirst",
            {90, 6, 4},
            {1, 1, 1},
            12,
            {3, 5, 4},
            {3, 9, 9}},
        Row{"Nobody", {}, {}, 5, {}}),
    [](const auto& row) { return row.param.name; });

std::int32_t sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), 0);
}

/// One to six holders.
struct Holders {
  /// @param share one of them.
  template <class Share>
  Holders(std::mt19937& random, Share share) : size{1 + random() % 6} {
    for (std::size_t b = 0; b < size; ++b) {
      shares.push_back(share());
      minimums.push_back(static_cast<std::int32_t>(random() % 5));
    }
  }
  std::size_t size;
  std::vector<double> shares;
  Counts minimums;
};

TEST(Divide, AddsUpAndNeverFallsWhereTheTotalGrows) {
  std::mt19937 random{20260101};
  for (int i = 0; i < 2000; ++i) {
    const Holders holders{random, [&] { return 1.0 + static_cast<double>(random() % 100); }};
    const auto& [size, shares, minimums] = holders;
    const auto total = static_cast<std::int32_t>(random() % 200);
    const auto parts = divide(shares, minimums, {}, total);
    const auto more = divide(shares, minimums, {}, total + 1);
    ASSERT_EQ(sum(parts), std::max(total, sum(minimums)));
    for (std::size_t b = 0; b < size; ++b) {
      ASSERT_GE(parts[b], minimums[b]);
      ASSERT_GE(more[b], parts[b]) << "one more replica took one from somebody";
    }
  }
}

TEST(Divide, AddsUpWithinTheSumsOfAllBounds) {
  std::mt19937 random{20261122};
  for (int i = 0; i < 2000; ++i) {
    const Holders holders{random, [&] { return std::exp(static_cast<double>(random() % 8)); }};
    const auto& [size, shares, minimums] = holders;
    Counts maximums;
    for (const auto minimum : minimums)
      maximums.push_back(minimum + static_cast<std::int32_t>(random() % 12));
    const auto total = static_cast<std::int32_t>(random() % 60);
    const auto parts = divide(shares, minimums, maximums, total);
    ASSERT_EQ(sum(parts), std::clamp(total, sum(minimums), sum(maximums)));
    for (std::size_t b = 0; b < size; ++b) {
      ASSERT_GE(parts[b], minimums[b]);
      ASSERT_LE(parts[b], maximums[b]);
    }
  }
}

}  // namespace
}  // namespace evenkeel::balancing
