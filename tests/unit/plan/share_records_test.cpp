#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "joint.hpp"
#include "snapshot_builder.hpp"

/// Where moves start from, what makes them and what is remembered of them: docs/decision.md, "Moving the
/// shares".
namespace evenkeel::plan {
namespace {

using std::chrono::seconds;
using testing_support::at;
using testing_support::SnapshotBuilder;

constexpr double kRounding = 1e-6;

auto near(const std::vector<double>& wanted) {
  return testing::Pointwise(testing::DoubleNear(1e-9), wanted);
}

/// The shares that a move of blue and green starts from; what was decided last holds unless a test says so.
class Start {
 public:
  Start(double blue, double green) {
    builder.backend("blue", {.share = blue}).backend("green", {.share = green});
    decided("blue", 50).decided("green", 50);
    memory.shares_changed = at(0);
  }
  Start& decided(const std::string& name, std::optional<double> share) {
    memory.backends[name].weight = share;
    return *this;
  }
  Start& after(seconds time) {
    builder.now(time.count());
    return *this;
  }
  std::vector<double> shares() const {
    std::vector<std::string> warnings;
    const auto members = members_of(builder.build(), warnings);
    return starting_shares(builder.build(), members, memory);
  }
  SnapshotBuilder builder;
  Memory memory;
};

TEST(StartOfAMove, IsWhatWasDecidedForOnePeriodThenWhatIsLive) {
  Start service{70, 30};
  const auto period = service.builder.spec().balancing.step;
  EXPECT_THAT(service.after(period - seconds{1}).shares(), near({50, 50}));
  EXPECT_THAT(service.after(period).shares(), near({70, 30}));
  service.memory.shares_changed.reset();
  EXPECT_THAT(service.after(seconds{1}).shares(), near({70, 30})) << "nothing of ours is on its way";
}

TEST(StartOfAMove, IsWhatIsLiveWhereNothingIsWritten) {
  for (const auto mode : {api::Mode::Observe, api::Mode::Paused}) {
    Start service{70, 30};
    service.builder.spec().mode = mode;
    EXPECT_THAT(service.shares(), near({70, 30}));
  }
}

TEST(StartOfAMove, WithinOnePointTheLiveOneIsOurs) {
  Start same{51, 49};
  EXPECT_THAT(same.after(seconds{9'000}).shares(), near({50, 50}));
  Start other{51.5, 48.5};
  EXPECT_THAT(other.after(seconds{9'000}).shares(), near({51.5, 48.5}));
  Start one_of_three{48, 50};
  one_of_three.builder.backend("red", {.share = 2});
  one_of_three.decided("red", 0);
  EXPECT_THAT(one_of_three.after(seconds{9'000}).shares(), near({48, 50, 2}));
}

TEST(StartOfAMove, WhereNobodyKnowsWhatIsLiveItIsWhatWasDecided) {
  Start service{70, 30};
  service.builder.seen("green", {});
  EXPECT_THAT(service.after(seconds{9'000}).shares(), near({100, 0})) << "one of them is known";
  service.builder.seen("blue", {});
  service.decided("blue", 80).decided("green", 20);
  EXPECT_THAT(service.shares(), near({80, 20}));
}

TEST(StartOfAMove, WeightsThatAddUpToNothingTellNothing) {
  Start service{0, 0};
  service.decided("blue", 80).decided("green", 20).after(seconds{9'000});
  EXPECT_THAT(service.shares(), near({80, 20})) << "as declared it would be halves";
  service.builder.seen("green", {});
  EXPECT_THAT(service.shares(), near({80, 20}));
  service.builder.spec().mode = api::Mode::Paused;
  EXPECT_THAT(service.shares(), near({80, 20})) << "it repeats the last decision";
  service.memory.backends.clear();
  EXPECT_THAT(service.shares(), near({50, 50}));
}

TEST(StartOfAMove, WhatWasDecidedAddsUpToAHundredOrIsNothing) {
  Start service{70, 30};
  EXPECT_THAT(service.decided("blue", 51).shares(), near({100 * 51 / 101.0, 100 * 50 / 101.0}));
  EXPECT_THAT(service.decided("blue", 49).shares(), near({100 * 49 / 99.0, 100 * 50 / 99.0}));
  EXPECT_THAT(service.decided("blue", 52).shares(), near({70, 30}));
  EXPECT_THAT(service.decided("blue", 48).shares(), near({70, 30}));
  const double almost = 50 - kRounding / 2;
  EXPECT_THAT(service.decided("blue", almost).shares(), testing::ElementsAre(almost, 50.0))
      << "to the last bit";
}

TEST(StartOfAMove, WhatIsGoneLeavesItsShareToTheOthers) {
  Start service{70, 30};
  EXPECT_THAT(service.decided("blue", 30).decided("green", 20).decided("red", 50).shares(), near({60, 40}));
  service.decided("green", 0).decided("red", 100);
  EXPECT_THAT(service.decided("blue", kRounding).shares(), near({70, 30})) << "a trace is no share";
  EXPECT_THAT(service.decided("blue", 2 * kRounding).shares(), near({100, 0}));
}

TEST(StartOfAMove, OneThatNothingWasDecidedOfMakesItWhatIsLive) {
  Start service{70, 30};
  EXPECT_THAT(service.decided("green", {}).decided("blue", 100).shares(), near({70, 30}));
  service.memory.backends.erase("green");
  EXPECT_THAT(service.shares(), near({70, 30}));
}

/// Blue is set to 80 of 100 points and meant to have 50, green the other way round; its replicas carry 70
/// points of a demand of 500. No step is due and nothing was edited.
class Moves {
 public:
  Moves() {
    builder.now(1000).backend("blue", {.spec = 5, .share = 80}).backend("green", {.spec = 5, .share = 20});
    figures.reserve(4);  // References from add() stay good.
    add(80, 50).carried = 70;
    add(20, 50).carried = 1000;
    memory.stepped = builder.build().now;
    memory.declared = kDeclared;
  }
  Figures& add(double set, double target) {
    auto& backend = figures.emplace_back();
    backend.is_eligible = true;
    backend.ready = backend.expected = 5;
    backend.set = backend.weight = set;
    backend.target = target;
    backend.carried = 1000;
    backend.load.capacity = 100;
    return backend;
  }
  template <class Use>
  auto with_joint(Use use) {
    std::vector<std::string> warnings;
    const auto members = members_of(builder.build(), warnings);
    api::Decision decision;
    Joint joint{.snapshot = builder.build(), .members = members, .memory = memory, .decision = decision};
    joint.demand.value = 500;
    joint.declared = kDeclared;
    joint.view.computed = computed;
    for (std::size_t i = 0; i < figures.size(); ++i) figures[i].member = &members[i];
    for (const auto& backend : figures) joint.set.push_back(backend.set);
    joint.origin = joint.set;
    joint.figures = figures;
    return use(joint);
  }
  std::vector<double> moved() {
    return with_joint([](Joint& joint) {
      std::vector<double> weights;
      for (const auto& move : move_towards_targets(joint, {}, 10).moves) weights.push_back(move.weight);
      return weights;
    });
  }
  void record() {
    with_joint([](Joint& joint) { record_shares(joint, {}); });
  }
  /// What targets follow when this moment is decided again, on shares of 60 and 40.
  std::vector<double> origin_again() {
    return with_joint([](Joint& joint) {
      joint.set = {60, 40};
      joint.repeats = true;
      return original_shares(joint);
    });
  }

  static constexpr std::uint32_t kDeclared = 7;
  SnapshotBuilder builder;
  std::vector<Figures> figures;
  Memory memory;
  bool computed = false;
};

TEST(PaceOfAMove, RestsUntilAStepIsDueUnlessWeightsWereEdited) {
  Moves service;
  EXPECT_THAT(service.moved(), near({80, 20}));
  service.memory.declared = 8;
  EXPECT_THAT(service.moved(), near({50, 50})) << "an edit goes as fast as replicas are ready";
  service.computed = true;
  EXPECT_THAT(service.moved(), near({80, 20})) << "computed shares go by steps, edited or not";
  service.memory.stepped = service.builder.build().now - service.builder.spec().balancing.step;
  EXPECT_LT(service.moved()[0], 80);
}

TEST(MissingEndpoints, OfAnyBackendThatIsToServeTakeAShareDownToWhatIsCarried) {
  Moves eligible;
  eligible.figures[0].ready = 4;
  EXPECT_THAT(eligible.moved(), near({70, 30}));
  Moves unfit;
  unfit.builder.backend("red", {.spec = 5, .ready = 0, .share = 0}).backend("grey", {.share = 0});
  auto& red = unfit.add(0, 0);
  unfit.add(0, 0);
  red.is_eligible = false;
  red.ready = 0;
  EXPECT_THAT(unfit.moved(), near({80, 20, 0, 0})) << "it has never been ready: nobody counts on it";
  red.is_unfit = true;
  EXPECT_THAT(unfit.moved(), near({70, 30, 0, 0}));
  red.is_unfit = false;
  unfit.figures.back().ready = 4;
  EXPECT_THAT(unfit.moved(), near({70, 30, 0, 0})) << "whoever it is";
}

TEST(RecordOfAMove, DecidedAgainOnTheSameStateItStartsWhereItStarted) {
  Moves service;
  service.record();
  EXPECT_THAT(service.origin_again(), near({80, 20}));
  const auto changed = [&](auto change) {
    auto other = service;
    change(other.builder);
    return other.origin_again();
  };
  EXPECT_THAT(changed([](SnapshotBuilder&) {}), near({80, 20}));
  EXPECT_THAT(changed([](auto& b) { b.seen("blue", {.spec = 5, .ready = 4, .share = 80}); }), near({60, 40}));
  EXPECT_THAT(changed([](auto& b) { b.seen("blue", {.spec = 5, .share = 70}); }), near({60, 40}));
  EXPECT_THAT(changed([](auto& b) { b.spec().backends[1].tier = 3; }), near({60, 40}));
  EXPECT_THAT(changed([](auto& b) { b.spec().backends[1].weight = 1; }), near({60, 40}));
  EXPECT_THAT(changed([](auto& b) { b.seen("blue", {.spec = 4, .ready = 5, .share = 80}); }), near({80, 20}))
      << "how many are declared is no matter of shares";
}

/// Whether recording dates a change of shares, with blue as it is given and green as it was.
bool is_dated(double set, double weight, std::optional<double> decided) {
  Moves service;
  service.figures[0].set = set;
  service.figures[0].weight = weight;
  service.memory.backends["blue"].weight = decided;
  service.memory.backends["green"].weight = service.figures[1].weight;
  service.record();
  EXPECT_EQ(service.memory.backends["blue"].weight, weight);
  return service.memory.shares_changed == service.builder.build().now;
}

TEST(RecordOfAMove, IsAChangeWhereItDiffersFromWhatIsSetOrFromWhatWasDecided) {
  EXPECT_FALSE(is_dated(80, 80, 80));
  EXPECT_FALSE(is_dated(80, 80, {}));
  EXPECT_TRUE(is_dated(70, 80, 80)) << "what somebody else has set meanwhile is set back";
  EXPECT_TRUE(is_dated(80, 80, 70));
  EXPECT_FALSE(is_dated(0, kRounding, kRounding));
  EXPECT_TRUE(is_dated(0, 2 * kRounding, 2 * kRounding));
  EXPECT_FALSE(is_dated(0, 0, kRounding));
  EXPECT_TRUE(is_dated(0, 0, 2 * kRounding));
}

TEST(RecordOfAMove, AnEditIsOverOnceEverybodyHasArrived) {
  const auto is_over = [](double blue, double green) {
    Moves service;
    service.memory.declared = 8;
    service.figures[0].weight = service.figures[1].weight = 0;
    service.figures[0].target = blue;
    service.figures[1].target = green;
    service.record();
    return service.memory.declared == Moves::kDeclared;
  };
  EXPECT_TRUE(is_over(0, 0));
  EXPECT_TRUE(is_over(kRounding, 0));
  EXPECT_FALSE(is_over(2 * kRounding, 0));
  EXPECT_FALSE(is_over(0, 2 * kRounding));
}

TEST(RecordOfAMove, WhatReadingsWereTakenUnderIsKeptOnlyWhereTheMoveChangedIt) {
  for (const double weight : {80.0, 70.0}) {
    Moves service;
    auto& blue = service.memory.backends["blue"];
    blue.watch = {.share = 80, .set_since = at(0), .settled_since = {}};
    blue.watch_before = blue.watch;
    service.figures[0].weight = weight;
    service.record();
    EXPECT_EQ(service.memory.backends["blue"].watch_before.has_value(), weight < 80);
  }
}

TEST(FiguresOfShares, AreRoundedToTheNinthDecimal) {
  Moves service;
  const auto figures = service.with_joint([](Joint& joint) {
    joint.view.health.backends.resize(2);
    joint.view.requests.backends.resize(2);
    joint.loads.resize(2);
    joint.targets = {.full = {2 / 3.0, 1 / 3.0}, .sizing = {1 / 3.0, 2 / 3.0}};
    joint.targets.target = {200 / 3.0, 100 / 3.0};
    joint.targets.carried.resize(2);
    joint.targets.is_short.resize(2);
    fill_figures(joint, std::vector<std::int32_t>{1, 1});
    return joint.figures;
  });
  EXPECT_EQ(figures[0].full, 66.666666667);
  EXPECT_EQ(figures[0].sizing, 33.333333333);
  EXPECT_EQ(figures[0].target, 66.666666667);
  EXPECT_EQ(figures[1].target, 33.333333333);
}

}  // namespace
}  // namespace evenkeel::plan
