#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"

#include "checker.hpp"

namespace evenkeel::property {

/// Runs the lines of one service as `evenkeel decide --stream` would, and holds every decision against the
/// invariants: those of one decision, those of a sequence, and those that compare decisions on equal input.
class Judge {
 public:
  /// What is wrong with the decision on this line. A line that cannot be read is no decision; it must be
  /// refused with the path of what is wrong.
  std::vector<Violation> judge(const std::string& line);

  /// The last decision; null at the start and after a line that could not be read.
  [[nodiscard]] const api::Decision* last() const { return readable_ ? &*decision_ : nullptr; }
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

 private:
  void compare(const api::Snapshot& snapshot, const api::Decision& decision, std::vector<Violation>& found);

  api::SnapshotReader reader_;
  Checker checker_;
  std::optional<api::Decision> decision_;
  std::optional<std::int32_t> total_before_;
  /// What was decided while a change may not have been seen yet, oldest first, and the one before.
  std::deque<std::pair<WallTime, std::int32_t>> totals_;
  std::string uid_;
  std::string refusal_;
  bool readable_ = false;
};

/// A broken invariant and the line, from 0, whose decision breaks it.
struct Failure {
  std::size_t line = 0;
  Violation violation;
};

/// The first violation in a sequence; one of `rule` where that is given.
[[nodiscard]] std::optional<Failure> first_failure(const std::vector<std::string>& lines,
                                                   const std::string& rule = {});

}  // namespace evenkeel::property
