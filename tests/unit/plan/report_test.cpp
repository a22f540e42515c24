#include "report.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "full_service.hpp"

namespace evenkeel::plan {
namespace {

TEST(NamesText, ReadsAsASentenceDoes) {
  EXPECT_EQ(names_text(std::vector<std::string>{}), "nobody");
  EXPECT_EQ(names_text(std::vector<std::string>{"blue"}), "blue");
  EXPECT_EQ(names_text(std::vector<std::string>{"blue", "green"}), "blue and green");
  EXPECT_EQ(names_text(std::vector<std::string>{"blue", "green", "red"}), "blue, green and red");
}

/// Green gets 50 points; `off` more are seen. @return what is said `second` seconds after they were set.
std::string effective(double off, std::int64_t second) {
  Full service{4, 4, 200};
  service.edit({3, 5});
  (void)service.tick(10);
  const auto set = weight(service.tick(0), "green");
  service.observe("green", set + off);
  return condition(service.tick(second), "WeightsEffective").reason;
}

TEST(WeightsEffective, IsFalseWhereAShareStaysMoreThanFivePointsOff) {
  EXPECT_EQ(effective(5, 900), "SharesObserved");
  EXPECT_EQ(effective(5.1, 900), "ShareOff");
  EXPECT_EQ(effective(-5.1, 900), "ShareOff");
  EXPECT_EQ(effective(5.1, 119), "SharesObserved") << "traffic takes its time";
  EXPECT_EQ(effective(5.1, 120), "ShareOff");
}

TEST(RecordOfABackend, TellsWhereItsShareIsGoingAndWhyItIsNotThere) {
  Full service{2, 2, 260};
  service.edit({1, 3});
  const auto decision = service.tick(10);
  const auto& steps = decision.backends.at("green").steps;
  const auto target = std::ranges::find(steps, "Target", &api::Step::step);
  ASSERT_NE(target, steps.end());
  EXPECT_NEAR(*target->weight, 75, 1e-6);
  const auto wait = std::ranges::find(steps, "UpBeforeShift", &api::Step::step);
  ASSERT_NE(wait, steps.end());
  EXPECT_EQ(wait->detail, "it rises when more of it is ready");
}

TEST(SurgeDuringShift, IsToldOnce) {
  Full service{2, 2, 260};
  service.builder.scaling().max_surge_percent = 100;
  service.edit({1, 3});
  std::int64_t told = 0;
  std::int32_t most = 0;
  for (int i = 0; i < 20; ++i) {
    const auto decision = service.tick(10);
    told += count_events(decision, "SurgeDuringShift");
    most = std::max(most, replicas(decision) + replicas(decision, "green"));
  }
  EXPECT_GT(most, 4);
  EXPECT_EQ(told, 1);
}

TEST(SurgeDuringShift, IsNotToldWhereNothingIsWritten) {
  Full service{2, 2, 260};
  service.builder.scaling().max_surge_percent = 100;
  service.builder.spec().mode = api::Mode::Observe;
  service.edit({1, 3});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(count_events(service.tick(10), "SurgeDuringShift"), 0);
}

TEST(NoReadyEndpoints, NamesThoseThatMayTakeTraffic) {
  testing_support::SnapshotBuilder builder;
  builder.backend("blue", {.spec = 2, .ready = 0})
      .backend("green", {.weight = 0, .spec = 2, .ready = 0})
      .metric("rps", 50);
  const auto decision = decide(builder.build());
  EXPECT_EQ(condition(decision, "Ready").reason, "NoReadyEndpoints");
  EXPECT_TRUE(condition(decision, "Ready").message.ends_with("look at the pods of blue"));
}

}  // namespace
}  // namespace evenkeel::plan
