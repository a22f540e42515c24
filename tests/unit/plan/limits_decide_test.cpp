#include <cstdint>

#include <gtest/gtest.h>

#include "evenkeel/plan/decide.hpp"

#include "snapshot_builder.hpp"

/// What the replicas that a backend may have bound, in a whole decision: docs/health.md, "Target shares".
namespace evenkeel::plan {
namespace {

using testing_support::SnapshotBuilder;

/// Green is declared to have 3 % and asks for a third of the traffic: its pods are less busy. A replica
/// carries 70 of 550 requests per second, so one of them 12.7 % and two twice as much.
class ComputedShare : public testing::Test {
 protected:
  ComputedShare() {
    builder.windows(0, 0).metric("rps", 550);
    builder.spec().balancing.algorithm = api::Algorithm::LeastUtilization;
    builder.backend("blue", {.weight = 97, .spec = 9, .share = 80});
    builder.backend("green", {.weight = 3, .spec = 2, .share = 20});
    auto& samples = builder.snapshot().metrics["balancing.utilization"].samples;
    samples.push_back({.labels = {{"backend", "blue"}}, .value = 0.9, .time = builder.snapshot().now});
    samples.push_back({.labels = {{"backend", "green"}}, .value = 0.45, .time = builder.snapshot().now});
  }
  double target_at(std::int32_t maximum) {
    builder.bounds(1, maximum);
    return decide(builder.build()).backends.at("green").target_weight;
  }
  SnapshotBuilder builder;
};

TEST_F(ComputedShare, CountsOnWhatIsThereWhileTheMaximumStopsNobody) {
  EXPECT_NEAR(target_at(37), 100 * 2 * 70 / 550.0, 1e-6) << "its declared part of 37 is one";
}

TEST_F(ComputedShare, IsBoundByTheDeclaredPartOfAMaximumThatIsReached) {
  EXPECT_NEAR(target_at(11), 100 * 70 / 550.0, 1e-6);
}

/// A new leader may hold the total for longer: its shares are those of the old one all the same.
TEST_F(ComputedShare, IsBoundByWhatIsThereWhateverTheTotal) {
  builder.metric("rps", 300);
  EXPECT_NEAR(target_at(11), 100 * 70 / 300.0, 1e-6) << "six are enough, and eleven are there";
}

TEST_F(ComputedShare, IsBoundByAnOwnMaximumWhateverIsThere) {
  builder.backend("green", {.weight = 3, .max = 1, .spec = 2, .share = 20});
  EXPECT_NEAR(target_at(37), 100 * 70 / 550.0, 1e-6);
}

TEST_F(ComputedShare, OfAServiceThatIsNotScaledIsNotBound) {
  builder.spec().scaling.reset();
  EXPECT_GT(decide(builder.build()).backends.at("green").target_weight, 26);
}

}  // namespace
}  // namespace evenkeel::plan
