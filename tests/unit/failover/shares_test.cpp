#include "evenkeel/failover/shares.hpp"

#include <cmath>
#include <limits>
#include <numeric>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evenkeel::failover {
namespace {

using testing::DoubleNear;
using testing::Pointwise;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

Candidate ready(std::int32_t tier, double proportion, double set = 0) {
  return {.tier = tier, .proportion = proportion, .ready = 3, .ever_ready = true, .set_share = set};
}
Candidate dead(std::int32_t tier, double proportion, double set = 0) {
  return {.tier = tier, .proportion = proportion, .ready = 0, .ever_ready = true, .set_share = set};
}
Candidate asleep(std::int32_t tier, double proportion, double set = 0) {
  return {.tier = tier, .proportion = proportion, .set_share = set};
}
Candidate off(std::int32_t tier, double proportion) {
  return {.tier = tier, .proportion = proportion, .switched_off = true};
}

struct Row {
  std::string name;
  std::vector<Candidate> given;
  std::vector<double> weights;
  std::vector<double> full;  ///< Percent, for the reader's sake.
  bool served = true;
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}
class ShareOut : public testing::TestWithParam<Row> {};

TEST_P(ShareOut, Row) {
  auto shares = share_out(GetParam().given);
  for (auto& full : shares.full) full *= 100;
  EXPECT_THAT(shares.weights, Pointwise(DoubleNear(1e-9), GetParam().weights));
  EXPECT_THAT(shares.full, Pointwise(DoubleNear(1e-9), GetParam().full));
  EXPECT_EQ(shares.served, GetParam().served);
}

INSTANTIATE_TEST_SUITE_P(
    SomebodyIsEligible,
    ShareOut,
    testing::Values(
        Row{"OneBackendHasAll", {ready(0, 100)}, {100}, {100}},
        Row{"InsideATierByDeclaredWeight", {ready(0, 80), ready(0, 20)}, {80, 20}, {80, 20}},
        Row{"AllGoesToTheLowestTier", {ready(1, 100), ready(0, 1)}, {0, 100}, {0, 100}},
        Row{"TheNextTierTakesOver", {dead(0, 100, 100), ready(1, 100)}, {0, 100}, {0, 100}},
        Row{"InsideATierTheOthersTakeOver",
            {ready(0, 50), dead(0, 25), ready(0, 25)},
            {200.0 / 3, 0, 100.0 / 3},
            {200.0 / 3, 0, 100.0 / 3}},
        Row{"OneReadyEndpointIsEnoughToComeBack", {ready(0, 100), ready(1, 100, 100)}, {100, 0}, {100, 0}},
        Row{"WeightZeroReceivesNothing", {dead(0, 100), ready(0, 0), ready(1, 5)}, {0, 0, 100}, {0, 0, 100}},
        Row{"OneAsleepIsSizedButGetsNoTraffic", {asleep(0, 100), ready(1, 100)}, {0, 100}, {100, 0}},
        Row{"OneSwitchedOffIsNotEvenSized", {off(0, 100), ready(1, 100)}, {0, 100}, {0, 100}},
        Row{"TiersNeedNotFollowEachOther", {dead(3, 1), ready(7, 1), ready(9, 1)}, {0, 100, 0}, {0, 100, 0}}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    NobodyIsEligible,
    ShareOut,
    testing::Values(
        Row{"WithoutReadyEndpointsTheSharesStay",
            {dead(0, 1, 30), dead(1, 1, 70)},
            {30, 70},
            {30, 70},
            false},
        Row{"RescaledOverWhatIsDeclared", {dead(0, 1, 30), dead(1, 1, 30)}, {50, 50}, {50, 50}, false},
        Row{"AnEditToZeroWaitsForItsReceiver", {dead(0, 100, 0), ready(0, 0, 100)}, {0, 100}, {0, 100}, true},
        Row{"ReadyWithoutWeightOrShareReceivesNothing",
            {dead(0, 100, 100), ready(0, 0, 0)},
            {100, 0},
            {100, 0},
            false},
        Row{"AtTheStartTheDeclaredOnes",
            {asleep(0, 75), asleep(0, 25), asleep(1, 9)},
            {75, 25, 0},
            {75, 25, 0},
            false},
        Row{"NonsenseCountsAsNothingSet", {dead(0, 3, kNan), dead(0, 1, -5)}, {75, 25}, {75, 25}, false},
        Row{"HugeSharesAreWholeOnes",
            {dead(0, 1, kInf), dead(0, 1, 1e300), dead(0, 1, 100)},
            {0, 50, 50},
            {0, 50, 50},
            false},
        Row{"WithNothingDeclaredEverybody", {dead(0, 0), dead(1, 0)}, {50, 50}, {50, 50}, false}),
    [](const auto& row) { return row.param.name; });

TEST(SharesAsSet, AddUpToAHundred) {
  const std::vector<Candidate> tiny = {dead(0, 1, 5e-324), dead(0, 1, 5e-324), dead(0, 1, 5e-324)};
  const auto shares = shares_as_set(tiny);
  EXPECT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0), 100, 1e-6);
}

}  // namespace
}  // namespace evenkeel::failover
