#include "evenkeel/base/moment.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace evenkeel {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr WallTime at(std::int64_t second) {
  return WallTime{seconds{second}};
}
constexpr auto kMostSeconds = std::chrono::floor<seconds>(WallTime::duration::max());

TEST(MomentAfter, Saturates) {
  EXPECT_EQ(moment_after(at(5), seconds{3}), at(8));
  EXPECT_EQ(moment_after(WallTime::max() - seconds{3}, seconds{3}), WallTime::max());
  EXPECT_EQ(moment_after(WallTime::max() - seconds{3}, seconds{4}), WallTime::max());
  EXPECT_EQ(moment_after(at(0), kMostSeconds), at(0) + kMostSeconds);
  EXPECT_EQ(moment_after(at(0), kMostSeconds + seconds{1}), WallTime::max());
  EXPECT_EQ(moment_after(at(-1), kMostSeconds + seconds{1}), WallTime::max());
  EXPECT_EQ(moment_after(WallTime::min(), seconds::max()), WallTime::max());
}

TEST(HasPassed, FromItsEndOn) {
  EXPECT_FALSE(has_passed(at(10), seconds{5}, at(14)));
  EXPECT_TRUE(has_passed(at(10), seconds{5}, at(15)));
  EXPECT_TRUE(has_passed(at(10), seconds{0}, at(10))) << "nothing is over at once";
  EXPECT_FALSE(has_passed(at(10), seconds{0}, at(10) - nanoseconds{1})) << "it has not begun";
}

TEST(HasPassed, WhatEndsAfterTimeNeverDoes) {
  EXPECT_FALSE(has_passed(at(0), seconds::max(), WallTime::max()));
  EXPECT_FALSE(has_passed(at(-1), kMostSeconds + seconds{1}, at(5)));
  EXPECT_FALSE(has_passed(at(-1), kMostSeconds + seconds{1}, WallTime::max())) << "longer than time itself";
  EXPECT_FALSE(has_passed(WallTime::max() - seconds{3}, seconds{4}, WallTime::max()));
  EXPECT_TRUE(has_passed(WallTime::max() - seconds{3}, seconds{3}, WallTime::max()));
  EXPECT_TRUE(has_passed(WallTime::min(), kMostSeconds, at(0)));
}

TEST(SecondsBetween, AreNeverBelowZeroAndExactToTheNanosecond) {
  EXPECT_EQ(seconds_between(at(10), at(10)), 0);
  EXPECT_EQ(seconds_between(at(10), at(9)), 0);
  EXPECT_EQ(seconds_between(at(10), at(10) + nanoseconds{1}), 1e-9);
  EXPECT_EQ(seconds_between(at(1'767'225'600), at(1'767'225'600) + nanoseconds{3}), 3e-9);
}

TEST(SecondsBetween, WhatDoesNotFitIsCloseEnough) {
  EXPECT_NEAR(seconds_between(WallTime::min(), WallTime::max()), 1.8446744073709553e10, 1e-3);
  EXPECT_EQ(seconds_between(WallTime::max(), WallTime::min()), 0);
}

}  // namespace
}  // namespace evenkeel
