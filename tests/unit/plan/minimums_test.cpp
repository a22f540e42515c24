#include "minimums.hpp"

#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

namespace evenkeel::plan {
namespace {

using testing::ElementsAre;

constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();

TEST(PartBoundsOf, BackendsAreOneAtLeastAndTheirOwn) {
  testing_support::SnapshotBuilder builder;
  builder.backend("blue", {.min = 0})
      .backend("green", {.min = 3, .max = 5})
      .backend("red", {.min = 4, .max = 2});
  std::vector<std::string> warnings;
  const auto members = members_of(builder.build(), warnings);
  const auto bounds = part_bounds(members);
  EXPECT_THAT(bounds.minimums, ElementsAre(1, 3, 4));
  EXPECT_THAT(bounds.maximums, ElementsAre(kMost, 5, 4));
}

/// Of two, the second holds `held` at least; asked for is 10, 9.5 of it for the first.
double beside(std::int32_t held, double tolerance, std::int32_t total = 10) {
  const std::vector<double> parts = {9.5, 0.5};
  return beside_minimums(10, parts, {.minimums = {1, held}, .maximums = {kMost, kMost}}, total, tolerance);
}

TEST(BesideMinimums, AreAskedForOnceTheOneMoreAndTheToleranceAreNotEnough) {
  EXPECT_EQ(beside(1, 0), 10) << "9 and one more";
  EXPECT_EQ(beside(2, 0), 11.5);
  EXPECT_EQ(beside(2, 0.1), 10) << "9 with the tolerance are 9.9";
  EXPECT_EQ(beside(3, 0.1), 12.5);
  EXPECT_EQ(beside(2, 9.5 / 9 - 1 + 1e-12), 10) << "inclusive";
}

TEST(BesideMinimums, AreJudgedByTheTotalThatThereWillBe) {
  EXPECT_EQ(beside(2, 0, 11), 10) << "9 of 11, and one more";
  EXPECT_EQ(beside(1, 0, 9), 11 - 0.5) << "8 of 9";
}

TEST(BesideMinimums, AMaximumIsNoReason) {
  const std::vector<double> parts = {9.5, 0.5};
  const PartBounds bounds{.minimums = {1, 4}, .maximums = {6, kMost}};
  EXPECT_EQ(beside_minimums(10, parts, bounds, 10, 0), 10) << "it has its 6";
  EXPECT_EQ(beside_minimums(9, parts, bounds, 9, 0), 10) << "5 of 9, and one more: what both may have";
}

TEST(BesideMinimums, OfThoseWithoutAPartAreNotCounted) {
  const std::vector<double> parts = {9.5, 0, 0.5};
  const PartBounds bounds{.minimums = {1, 5, 3}, .maximums = {kMost, kMost, kMost}};
  EXPECT_EQ(beside_minimums(10, parts, bounds, 10, 0), 12.5);
}

TEST(BesideMinimums, WhatIsNoNumberStaysSo) {
  const std::vector<double> parts = {std::numeric_limits<double>::infinity(), 1};
  EXPECT_EQ(beside_minimums(parts[0], parts, {.minimums = {1, 3}, .maximums = {9, 9}}, 10, 0), parts[0]);
}

TEST(LeastTotal, LeavesEverybodyWhatIsAskedForHim) {
  const std::vector<double> shares = {50, 50, 0};
  const PartBounds bounds{.minimums = {1, 1, 1}, .maximums = {kMost, kMost, kMost}};
  EXPECT_EQ(least_total(shares, bounds, std::vector<double>{2, 2.5, 9}, 20), 6)
      << "who has no part asks for none";
  EXPECT_EQ(least_total(shares, bounds, std::vector<double>{3 + 1e-10, 3, 0}, 20), 6)
      << "rounding is no replica";
  EXPECT_EQ(least_total(shares, bounds, std::vector<double>{9, 9, 0}, 7), 7) << "no more than there are";
  EXPECT_EQ(least_total(shares, bounds, std::vector<double>{0, 0, 0}, 7), 1);
}

}  // namespace
}  // namespace evenkeel::plan
