#include "checker.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

/// The checker finds what is planted, and is silent about decisions that are right.
namespace evenkeel::property {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing_support::at;

/// Two backends of tier 0 and a standby, demand 200, a replica carries 50 x 1.4.
class CheckerTest : public testing::Test {
 protected:
  CheckerTest() {
    auto& spec = snapshot.service.spec;
    snapshot.now = at(0);
    snapshot.service.uid = "1";
    for (const auto* name : {"blue", "green", "standby"}) {
      api::Backend backend;
      backend.name = name;
      backend.workload = api::WorkloadRef{.name = name};
      spec.backends.push_back(backend);
    }
    spec.backends[2].tier = 1;
    auto& scaling = spec.scaling.emplace();
    scaling.max_replicas = 10;
    scaling.load_metric = "rps";
    auto& metric = scaling.metrics.emplace_back();
    metric.name = "rps";
    metric.target_value = Quantity::from_milli(50'000);
    see("blue", 3, 3, 50);
    see("green", 3, 3, 50);
    see("standby", 1, 1, 0);
    measure(200);
    decide("blue", 3, 50);
    decide("green", 3, 50);
    decide("standby", 1, 0);
    decision.total.replicas = 6;
    decision.active_tier = 0;
    decision.time = snapshot.now;
  }

  void see(const std::string& name, std::int32_t replicas, std::int32_t ready, double share) {
    auto& seen = snapshot.backends[name];
    seen.spec_replicas = seen.status_replicas = replicas;
    seen.ready_replicas = ready;
    seen.endpoints = api::Endpoints{.ready = ready, .total = replicas};
    seen.weight = share;
  }
  void measure(double value) {
    snapshot.metrics["rps"] = {};
    snapshot.metrics["rps"].samples = {{.value = value, .time = snapshot.now}};
  }
  void decide(const std::string& name, std::int32_t replicas, double share) {
    auto& made = decision.backends[name];
    made.replicas = replicas;
    made.weight = made.target_weight = share;
    made.state = share > 0 ? api::BackendState::Active : api::BackendState::Standby;
  }
  /// Lets the world show what was decided, and time pass.
  void next(std::int64_t seconds) {
    snapshot.now += std::chrono::seconds{seconds};
    decision.time = snapshot.now;
    for (const auto& [name, made] : decision.backends)
      see(name, made.replicas.value_or(0), made.replicas.value_or(0), made.weight);
    measure(200);
  }
  /// Blue alone, which has 3, is to have more.
  void raise_the_only_one(std::int32_t replicas) {
    snapshot.service.spec.backends.resize(1);
    snapshot.backends = {{"blue", snapshot.backends["blue"]}};
    decision.backends = {{"blue", decision.backends["blue"]}};
    snapshot.backends["blue"].weight = 100;
    decide("blue", replicas, 100);
    decision.total.replicas = replicas;
  }
  std::vector<std::string> rules(MemoryOrigin origin = MemoryOrigin::Carried) {
    std::vector<std::string> rules;
    for (const auto& violation : checker.check(snapshot, decision, origin)) rules.push_back(violation.rule);
    return rules;
  }

  api::Snapshot snapshot;
  api::Decision decision;
  Checker checker;
};

TEST_F(CheckerTest, IsSilentAboutARightDecision) {
  EXPECT_THAT(rules(), IsEmpty());
  next(15);
  EXPECT_THAT(rules(), IsEmpty());
}

struct Plant {
  const char* name;
  std::function<void(api::Snapshot&, api::Decision&)> change;
  const char* rule;
};
void PrintTo(const Plant& plant, std::ostream* out) {
  *out << plant.name;
}

class Planted : public CheckerTest, public testing::WithParamInterface<Plant> {};

TEST_P(Planted, IsFound) {
  ASSERT_THAT(rules(), IsEmpty());
  next(15);
  GetParam().change(snapshot, decision);
  EXPECT_THAT(rules(), Contains(GetParam().rule));
}

void share(api::Decision& decision, double blue, double green, double standby) {
  const auto set = [&](const char* name, double value) {
    decision.backends[name].weight = decision.backends[name].target_weight = value;
  };
  set("blue", blue);
  set("green", green);
  set("standby", standby);
}

const std::vector<Plant> kPlants = {
    {"TooMany", [](auto&, auto& d) { d.backends["blue"].replicas = 30; }, "1 bounds"},
    {"Negative", [](auto&, auto& d) { d.backends["blue"].replicas = -1; }, "1 bounds"},
    {"SumTooLarge",
     [](auto&, auto& d) { d.backends["blue"].replicas = d.backends["green"].replicas = 12; },
     "1 sum"},
    {"TotalTooLarge", [](auto&, auto& d) { d.total.replicas = 40; }, "1 total"},
    {"WeightsBelowHundred", [](auto&, auto& d) { share(d, 50, 49.9, 0); }, "2 sum"},
    {"NotANumber", [](auto&, auto& d) { share(d, 50, std::nan(""), 0); }, "2 weights"},
    {"SharesLostWithThePods",
     [](auto& s, auto& d) {
       for (auto& [name, seen] : s.backends) seen.endpoints->ready = 0;
       share(d, 60, 40, 0);
     },
     "2 kept"},
    {"DeadBackend", [](auto& s, auto&) { s.backends["blue"].endpoints->ready = 0; }, "3 dead backend"},
    {"EjectedBackend",
     [](auto&, auto& d) { d.backends["blue"].state = api::BackendState::Ejected; },
     "3 ejected backend"},
    {"RiseOfADrained",
     [](auto& s, auto& d) {
       s.service.annotations["evenkeel.dev/drain"] = "blue, green=now";
       share(d, 40, 60, 0);
     },
     "3 nothing for weight 0"},
    {"UpBeforeShift", [](auto&, auto& d) { share(d, 0, 50, 50); }, "5 up before shift"},
    {"ShiftBeforeDown", [](auto&, auto& d) { d.backends["blue"].replicas = 1; }, "6 shift before down"},
    {"TotalFallsBlind",
     [](auto& s, auto& d) {
       s.metrics["rps"].error = "gone";
       d.total.replicas = 5;
     },
     "7 total falls blind"},
    {"BackendFallsBlind",
     [](auto& s, auto& d) {
       s.metrics.clear();
       d.backends["green"].replicas = 2;
     },
     "7 backend falls blind"},
    {"Memory", [](auto&, auto& d) { d.memory = std::string(16UL * 1024, ' '); }, "10 memory"},
    {"ActiveTier", [](auto&, auto& d) { d.active_tier = 1; }, "form: active tier"},
    {"UnknownBackend", [](auto& s, auto&) { s.backends["nobody"].spec_replicas = 1; }, "form: warning"},
    {"BackendForgotten", [](auto&, auto& d) { d.backends.erase("standby"); }, "form: backends"},
    {"CountTaken", [](auto&, auto& d) { d.backends["blue"].replicas.reset(); }, "form: replicas"},
    {"LeftTheReady",
     [](auto& s, auto& d) {
       s.backends["blue"].endpoints->ready = 0;
       share(d, 100, 0, 0);
     },
     "8 last eligible"},
};

INSTANTIATE_TEST_SUITE_P(Checker, Planted, testing::ValuesIn(kPlants), [](const auto& row) {
  return std::string{row.param.name};
});

TEST_F(CheckerTest, FindsAComputedStepThatIsTooLargeOrTooEarly) {
  snapshot.service.spec.balancing.algorithm = api::Algorithm::LeastConnections;
  ASSERT_THAT(rules(), IsEmpty());
  next(15);
  share(decision, 60, 40, 0);
  ASSERT_THAT(rules(), IsEmpty());
  next(15);
  share(decision, 65, 35, 0);
  EXPECT_THAT(rules(), Contains("4 step time"));

  checker = {};
  decision.time = snapshot.now;
  next(15);
  share(decision, 40, 60, 0);
  EXPECT_THAT(rules(), Contains("4 step"));
}

TEST_F(CheckerTest, AllowsWhatALoweredMaximumTakesUntilTheSumIsWithinIt) {
  const auto blind = [&](std::int32_t green) {
    next(15);
    snapshot.metrics.clear();
    decision.backends["green"].replicas = green;
    return rules();
  };
  ASSERT_THAT(rules(), IsEmpty());
  snapshot.service.spec.scaling->max_replicas = decision.total.replicas.emplace(5);
  ASSERT_THAT(blind(3), IsEmpty());
  decision.backends["standby"].replicas = 0;
  EXPECT_THAT(blind(2), IsEmpty()) << "7 of 5 were there";
  EXPECT_THAT(blind(1), Contains("7 backend falls blind")) << "5 of 5 are";
}

/// All are overloaded at the maximum: seven of green carry 60 % of 1400, two of blue 40 %.
TEST_F(CheckerTest, AllowsOneThatIsGivenToAMoreLoadedOneInAnOverloadOfAll) {
  const auto gives = [&](std::int32_t left, double share, const char* step) {
    see("blue", 2, 2, 100 - share);
    see("green", 7, 7, share);
    measure(1400);
    decide("blue", 2, 100 - share);
    decide("green", left, share);
    decision.backends["green"].steps = {{.step = step}};
    return rules();
  };
  EXPECT_THAT(gives(6, 60, "Slice"), IsEmpty());
  EXPECT_THAT(gives(5, 60, "Slice"), Contains("6 shift before down")) << "one at a time";
  EXPECT_THAT(gives(6, 85, "Slice"), Contains("6 shift before down")) << "blue is less loaded";
  EXPECT_THAT(gives(6, 60, "Part"), Contains("6 shift before down"));
  snapshot.service.spec.scaling->max_replicas = 12;
  EXPECT_THAT(gives(6, 60, "Slice"), Contains("6 shift before down")) << "blue may grow";
}

TEST_F(CheckerTest, FindsABackendThatShrinksWhileItDrains) {
  snapshot.service.spec.balancing.drain = std::chrono::seconds{60};
  ASSERT_THAT(rules(), IsEmpty());
  next(15);
  share(decision, 40, 60, 0);
  ASSERT_THAT(rules(), IsEmpty());
  next(15);
  decision.backends["blue"].replicas = 2;
  EXPECT_THAT(rules(), Contains("6 drain time"));
  next(60);
  decision.backends["blue"].replicas = 2;
  EXPECT_THAT(rules(), IsEmpty());
}

TEST_F(CheckerTest, CountsTheDrainTimeoutFromTheFirstOfSeveralFalls) {
  snapshot.service.spec.balancing.drain = snapshot.service.spec.balancing.drain_timeout =
      std::chrono::seconds{60};
  share(decision, 47, 53, 0);
  ASSERT_THAT(rules(), IsEmpty());
  next(15);
  share(decision, 37, 63, 0);
  ASSERT_THAT(rules(), IsEmpty());
  next(44);
  decision.backends["blue"].replicas = 2;
  EXPECT_THAT(rules(), Contains("6 drain time"));
  next(1);
  decision.backends["blue"].replicas = 2;
  EXPECT_THAT(rules(), IsEmpty()) << "3 points went 60 seconds ago";
}

TEST_F(CheckerTest, FindsAChangeThatIsAddedToBeforeItIsSeen) {
  raise_the_only_one(5);
  ASSERT_THAT(rules(), IsEmpty());
  snapshot.now = decision.time = snapshot.now + std::chrono::seconds{15};
  measure(200);
  EXPECT_THAT(rules(), IsEmpty());
  decision.total.replicas = 9;
  EXPECT_THAT(rules(), Contains("time: pending"));
}

TEST_F(CheckerTest, AllowsAChangeThatIsAddedToOnceWhatWasReadHasGrownOld) {
  raise_the_only_one(5);
  ASSERT_THAT(rules(), IsEmpty());
  snapshot.metrics["rps"].samples.front().time = at(-3600);
  decision.total.replicas = 9;
  EXPECT_THAT(rules(), IsEmpty());
}

TEST_F(CheckerTest, SaysNothingAboutHistoryWhenTheMemoryWasTakenAway) {
  ASSERT_THAT(rules(), IsEmpty());
  next(15);
  snapshot.metrics.clear();
  decision.total.replicas = 5;
  EXPECT_THAT(rules(MemoryOrigin::Foreign), IsEmpty());
}

}  // namespace
}  // namespace evenkeel::property
