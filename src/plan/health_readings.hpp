#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/balancing/proportions.hpp"
#include "evenkeel/failover/health.hpp"
#include "evenkeel/scaling/signal.hpp"

#include "members.hpp"

/// The readings of single backends: what health.signals say and what computed proportions need.
namespace evenkeel::plan {

/// Reads signals of scope Backend, all classified by the one rule of scaling::read_samples().
class BackendReadings {
 public:
  /// @param set       shares that are set, percent; parallel to the members.
  /// @param decision  gets a signal for each that is read, and warnings.
  BackendReadings(const api::Snapshot& snapshot,
                  std::span<const Member> members,
                  std::span<const double> set,
                  api::Decision& decision);

  /// What health.signals say, by member; no usable reading, no verdict.
  [[nodiscard]] std::vector<std::vector<failover::Verdict>> verdicts();
  /// Fills in what the algorithm uses.
  void fill(std::span<balancing::Candidate> candidates);

 private:
  [[nodiscard]] scaling::Reading read(const scaling::SignalQuery& query, bool is_declared);
  void fill_one(const char* name,
                scaling::SignalKind kind,
                std::optional<balancing::BackendValue> balancing::Candidate::* place,
                std::span<balancing::Candidate> candidates);

  const api::Snapshot& snapshot_;
  std::span<const Member> members_;
  std::vector<scaling::SignalBackend> backends_;
  api::Decision& decision_;
};

}  // namespace evenkeel::plan
