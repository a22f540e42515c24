#include "evenkeel/base/number_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace evenkeel {
namespace {

std::string printed(double value) {
  std::array<char, kMostDigits> text{};
  return {text.data(), print_shortest(text.data(), value)};
}

std::string as_to_chars(double value) {
  std::array<char, kMostDigits> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

/// The number, its neighbours, and all of them negative.
void expect_as_to_chars(double value) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double near : {value, std::nextafter(value, kInfinity), std::nextafter(value, -kInfinity)}) {
    EXPECT_EQ(printed(near), as_to_chars(near));
    EXPECT_EQ(printed(-near), as_to_chars(-near));
  }
}

TEST(PrintShortest, LeavesOutZerosAtBothEndsOfTheDecimals) {
  EXPECT_EQ(printed(33.25), "33.25");
  EXPECT_EQ(printed(-0.001), "-0.001");
  EXPECT_EQ(printed(7.000000001), "7.000000001");
  EXPECT_EQ(printed(100.0 / 3), "33.333333333333336");
}

TEST(PrintShortest, IsToCharsAtTheEdges) {
  for (const double value : {0.0,
                             1.0,
                             1e-9,
                             1e-4,
                             1e-3,
                             0.0015,
                             0.999999999,
                             99'999.999999999,
                             1e5,
                             123'456.5,
                             1e15,
                             1e300,
                             std::numeric_limits<double>::denorm_min(),
                             std::numeric_limits<double>::max(),
                             std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::quiet_NaN()}) {
    expect_as_to_chars(value);
  }
}

TEST(PrintShortest, IsToCharsOfNumbersOfAnyNumberOfDecimals) {
  std::mt19937_64 random{7};
  for (const double scale : {1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12}) {
    std::uniform_int_distribution<std::int64_t> numerator{0, static_cast<std::int64_t>(scale * 2e5)};
    for (int i = 0; i < 2000; ++i) expect_as_to_chars(static_cast<double>(numerator(random)) / scale);
  }
}

TEST(CountText, HasThePluralOfAllButOne) {
  EXPECT_EQ(count_text(0, "replica"), "0 replicas");
  EXPECT_EQ(count_text(1, "replica"), "1 replica");
  EXPECT_EQ(count_text(2, "ready endpoint"), "2 ready endpoints");
}

}  // namespace
}  // namespace evenkeel
