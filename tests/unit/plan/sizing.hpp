#pragma once

#include <limits>
#include <string>
#include <vector>

#include "sizes.hpp"
#include "snapshot_builder.hpp"

/// Backends and their figures in the words of a test of sizes.
namespace evenkeel::plan {

/// A service whose backends' figures a test sets. Demand is in a unit of which a replica is planned for 100
/// and carries 140; nobody has been needed for others lately.
class Sizing {
 public:
  Sizing() {
    builder.bounds(1, 100).windows(0, 300);
    figures.reserve(16);  // References from add() stay good.
  }

  /// A backend with `share` percent of all traffic, set, meant and by full shares; `facts.ready` of its
  /// replicas are ready, all where that is empty.
  Figures& add(const std::string& name, const testing_support::BackendFacts& facts, double share) {
    builder.backend(name, facts);
    auto& backend = figures.emplace_back();
    backend.expected = facts.spec.value_or(0);
    backend.ready = facts.ready.value_or(backend.expected);
    backend.is_eligible = backend.ready > 0;
    backend.full = backend.sizing = backend.set = backend.target = backend.weight = share;
    backend.carried = std::numeric_limits<double>::infinity();
    backend.load = {.capacity = 140, .planned = 100};
    backend.limit = 100;
    if (!memory.backends.contains(name)) memory.backends[name].hold.record(testing_support::at(-100'000), 0);
    return backend;
  }
  /// As add(), without an endpoint although it is meant to have some.
  Figures& add_unfit(const std::string& name, testing_support::BackendFacts facts, double share) {
    facts.ready = 0;
    auto& backend = add(name, facts, share);
    backend.is_unfit = true;
    backend.weight = backend.target = 0;
    return backend;
  }

  std::vector<Size> wanted() {
    find_members();
    start_from_last_parts(figures, memory);
    return wanted_sizes(input(), figures, memory);
  }
  /// What becomes of `sizes`, by default of those that are wanted.
  std::vector<Size> bounded() { return bounded(wanted()); }
  std::vector<Size> bounded(std::vector<Size> sizes) {
    find_members();
    bound_sizes(input(), figures, memory, sizes);
    return sizes;
  }
  SumBounds bounds() {
    find_members();
    return sum_bounds(input(), figures);
  }

  testing_support::SnapshotBuilder builder;
  std::vector<Figures> figures;
  Memory memory;
  Demand demand;
  std::int32_t total = 10;
  std::int32_t max = 100;
  bool measured = true;
  bool in_place = false;
  bool is_edited = false;
  std::vector<double> needs;  ///< Of the metric that decides; empty: another one does.
  std::vector<double> known_needs;
  std::vector<char> guessed;
  bool are_needs_unknown = false;

 private:
  void find_members() {
    std::vector<std::string> warnings;
    members_ = members_of(builder.build(), warnings);
    for (std::size_t i = 0; i < members_.size(); ++i) figures[i].member = &members_[i];
  }
  [[nodiscard]] SizeInput input() const {
    return {.snapshot = builder.build(),
            .total = total,
            .max = max,
            .demand = demand,
            .measured = measured,
            .in_place = in_place,
            .is_edited = is_edited,
            .needs = needs,
            .are_needs_unknown = are_needs_unknown,
            .known_needs = known_needs,
            .guessed = guessed};
  }
  std::vector<Member> members_;
};

inline std::vector<std::int32_t> wanted_of(const std::vector<Size>& sizes) {
  std::vector<std::int32_t> wanted;
  wanted.reserve(sizes.size());
  for (const auto& size : sizes) wanted.push_back(size.wanted);
  return wanted;
}
inline std::vector<std::int32_t> kept_of(const std::vector<Size>& sizes) {
  std::vector<std::int32_t> kept;
  kept.reserve(sizes.size());
  for (const auto& size : sizes) kept.push_back(size.kept);
  return kept;
}
/// -1: left alone.
inline std::vector<std::int32_t> replicas_of(const std::vector<Size>& sizes) {
  std::vector<std::int32_t> replicas;
  replicas.reserve(sizes.size());
  for (const auto& size : sizes) replicas.push_back(size.replicas.value_or(-1));
  return replicas;
}
/// The names of the steps, in order.
inline std::vector<std::string> steps_of(const Size& size) {
  std::vector<std::string> steps;
  steps.reserve(size.steps.size());
  for (const auto& step : size.steps) steps.emplace_back(step.step);
  return steps;
}

}  // namespace evenkeel::plan
