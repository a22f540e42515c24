#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"

namespace evenkeel::property {

/// What the checker knows of one backend, read from the snapshot in the words of the specification and not by
/// the code under test.
struct BackendFacts {
  const api::Backend* declared = nullptr;
  std::optional<std::int32_t> spec;   ///< Replicas that the workload has; empty: unknown.
  std::int32_t raw_spec = 0;          ///< The same as it was given, possible or not.
  std::optional<std::int32_t> ready;  ///< Ready endpoints; empty: unknown or nonsense.
  std::optional<double> set_share;    ///< Percent, where it is a share.
  std::optional<double> observed;     ///< Percent, where it is a share.
  double repeated = 0;                ///< The share decided last, where its period may not be over.
  double unit_capacity = 0;           ///< Of one replica, in the unit of demand; 0: unknown.
  std::int32_t expected = 0;          ///< Endpoints, where the history is known.
  bool drains = false;                ///< Asked for by annotation or weight 0.
  bool drilled = false;
  const api::BackendDecision* decided = nullptr;

  [[nodiscard]] bool takes_part() const { return declared->weight > 0 && !drains; }
};

/// One snapshot with its decision, as facts.
struct Facts {
  std::vector<BackendFacts> backends;
  /// Nothing in it is nonsense: counts and shares of every declared backend are given and possible.
  bool sane = false;
  bool scaled = false;  ///< Replicas are ours to set: scaling is declared and the mode is not Paused.
  std::int32_t max_replicas = 0;  ///< The highest bound that any schedule could set.
  std::int32_t standby_minimums = 0;
  std::int32_t surge = 0;
  std::optional<double> demand;  ///< Only where every reading of the specification gives the same figure.
  bool blind = false;            ///< Every metric is an error, or there is none.
  bool any_annotation = false;
};

[[nodiscard]] Facts gather_facts(const api::Snapshot& snapshot, const api::Decision& decision);

/// The sum of all counts that are there.
[[nodiscard]] std::int64_t whole_of(const Facts& facts);

}  // namespace evenkeel::property
