#include "evenkeel/base/quantity.hpp"

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

struct Row {
  std::string name;
  std::string text;
  std::int64_t milli;
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}
class QuantityParse : public testing::TestWithParam<Row> {};

TEST_P(QuantityParse, Row) {
  const auto quantity = Quantity::parse(GetParam().text);
  ASSERT_TRUE(quantity.has_value()) << GetParam().text;
  EXPECT_EQ(quantity->milli(), GetParam().milli);
}

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
INSTANTIATE_TEST_SUITE_P(
    Table,
    QuantityParse,
    testing::Values(Row{"Whole", "50", 50'000},
                    Row{"Fraction", "0.5", 500},
                    Row{"LeadingPoint", ".5", 500},
                    Row{"TrailingPoint", "5.", 5'000},
                    Row{"PlusSign", "+5", 5'000},
                    Row{"Milli", "1500m", 1'500},
                    Row{"MicroRoundsUp", "1u", 1},
                    Row{"NanoRoundsUp", "1000001n", 2},
                    Row{"NegativeRoundsAwayFromZero", "-1u", -1},
                    Row{"Kilo", "2k", 2'000'000},
                    Row{"Binary", "1.5Ki", 1'536'000},
                    Row{"BinaryFraction", "0.1Ki", 102'400},
                    Row{"Exponent", "1e3", 1'000'000},
                    Row{"ExponentOfACapitalLetter", "1E3", 1'000'000},
                    Row{"NegativeExponent", "5E-1", 500},
                    Row{"SaturatesHigh", "1e300", kMax},
                    Row{"SaturatesBinary", "9000Ei", kMax},
                    Row{"TheLargestAndARest", "9223372036854775.8071", kMax},
                    Row{"TinyRoundsUp", "1e-300", 1},
                    Row{"TheLargestExponent", "1e1000", kMax},
                    Row{"TheSmallestExponent", "1e-1000", 1},
                    Row{"Zero", "0", 0},
                    Row{"ZeroWithManyDigits", "0.000000000000000000000000000000", 0},
                    Row{"NineteenDigits", "9007199254740993.123", 9'007'199'254'740'993'123},
                    Row{"WhatIsNotKeptRoundsUp", "1.00000000000000000000000001", 1'001},
                    Row{"WhatIsNotKeptAndNothingDoesNot", "1.00000000000000000000000000", 1'000},
                    Row{"ARestBeforeZeros", "1.000000000000000000000000010000", 1'001},
                    Row{"MoreDigitsThanKept", "0.00000000000000000000000000000000000000000000000000001", 1}),
    [](const auto& row) { return row.param.name; });

TEST(QuantityParseRefuses, WhatIsNoQuantity) {
  for (const char* text : {"",
                           "-",
                           "half",
                           "1.2.3",
                           "5 ",
                           " 5",
                           "5x",
                           "1e",
                           "1ee3",
                           "1e3x",
                           "1e99999999999",
                           "5mi",
                           "0x10",
                           "1e1001",
                           "1e-1001",
                           "NaN"}) {
    EXPECT_FALSE(Quantity::parse(text).has_value()) << text;
  }
}

TEST(Quantity, TextIsCanonical) {
  EXPECT_EQ(Quantity::from_milli(50'000).text(), "50");
  EXPECT_EQ(Quantity::from_milli(1'500).text(), "1500m");
  EXPECT_EQ(Quantity::from_milli(-1).text(), "-1m");
}

TEST(MilliFromDouble, TakesTheShortestDecimalAndRoundsUp) {
  EXPECT_EQ(milli_from_double(0.1), 100);
  EXPECT_EQ(milli_from_double(120.0), 120'000);
  EXPECT_EQ(milli_from_double(0.0001), 1);
  EXPECT_EQ(milli_from_double(1.0005), 1'001);
  EXPECT_EQ(milli_from_double(1e300), kMax);
  EXPECT_EQ(milli_from_double(-2.5), -2'500);
  EXPECT_EQ(milli_from_double(-0.0001), -1);
  EXPECT_EQ(milli_from_double(std::nan("")), 0);
  EXPECT_EQ(milli_from_double(-INFINITY), -kMax);
  EXPECT_EQ(milli_from_double(std::numeric_limits<double>::denorm_min()), 1);
}

TEST(MilliFromDouble, IsWhatTheDigitsSay) {
  const auto by_digits = [](double value) {
    std::array<char, 64> text{};
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific).ptr;
    const auto quantity = Quantity::parse({text.data(), static_cast<std::size_t>(end - text.data())});
    return quantity ? quantity->milli() : 0;
  };
  std::mt19937_64 random{20260101};
  for (int i = 0; i < 100'000; ++i) {
    // Whole thousandths and their neighbours are where the two could differ.
    const auto milli = static_cast<double>(random() % (std::uint64_t{1} << (random() % 54)));
    double value = (random() % 2 == 0 ? -milli : milli) / 1000.0;
    for (auto steps = random() % 4; steps > 0; --steps) value = std::nextafter(value, 1e300);
    ASSERT_EQ(milli_from_double(value), by_digits(value)) << value;
    const double any =
        std::ldexp(static_cast<double>(random() % 1'000'003), static_cast<int>(random() % 80) - 60);
    ASSERT_EQ(milli_from_double(any), by_digits(any)) << any;
  }
}

}  // namespace
}  // namespace evenkeel
