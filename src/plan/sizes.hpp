#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"

#include "demand.hpp"
#include "figures.hpp"
#include "memory.hpp"
#include "parts.hpp"

/// From the total to the size of every backend. docs/decision.md, "Sizes".
namespace evenkeel::plan {

/// The size of one backend.
struct Size {
  std::optional<std::int32_t> replicas;  ///< Empty: the workload is left alone.
  bool has_part = false;                 ///< It has a part of the total.
  std::int32_t part = 0;                 ///< That part.
  std::int32_t wanted = 0;               ///< What it is meant to have, whatever keeps or stops it now.
  std::int32_t kept = 0;                 ///< What it does not fall below for now.
  std::int32_t for_shift = 0;            ///< Of what it is meant to have: what only a shift asks for.
  bool stopped_by_own_maximum = false;
  bool stopped_by_bounds = false;  ///< It would grow if the sum did not stop it.
  std::string reason;              ///< Why it is not simply its part; may be empty.
  std::vector<api::Step> steps;
};

/// Whole replicas for so many: up, but for what sums and divisions leave; never below 0 or beyond 2^31 - 1.
[[nodiscard]] std::int32_t whole_up(double replicas);

void add_step(Size& size, const char* step, std::int32_t replicas, std::string detail);

/// Keeps `replicas` for now where that is more than what is wanted and kept already: raises `kept`, with its
/// reason. @return whether it was.
bool keep(Size& size, const char* step, std::int32_t replicas, const char* why);

/// What the sizes of one decision depend on beside the backends' figures.
struct SizeInput {
  const api::Snapshot& snapshot;
  std::int32_t total = 0;
  std::int32_t max = 1;  ///< The bound of the total that is in force.
  const Demand& demand;
  bool measured = false;           ///< Demand comes from a load metric.
  double target = 1;               ///< Demand that one replica of the total is planned for.
  double tolerance = 0.1;          ///< Of a rise.
  bool in_place = false;           ///< No share is to move; gaps are what readings of demand make.
  bool is_edited = false;          ///< Declared weights were edited, and the shares are on their way.
  std::span<const double> needs;   ///< Replicas by own readings, full shares applied; empty: by shares.
  bool are_needs_unknown = false;  ///< Own readings decide, and just now none of them can be used.
  /// The same of every metric of own readings, the largest, also where another metric decides: no part falls
  /// for that alone. Empty: none is known.
  std::span<const double> known_needs;
  std::span<const char> guessed;  ///< Whose needs are only guessed from those of others; empty: nobody's.
};

/// Before the sizes of a moment are decided first: they start from the parts of the moment before, however
/// often they are asked for.
void start_from_last_parts(std::span<const Figures> figures, Memory& memory);

/// What every backend is meant to have: its part or its minimum, what it carries beside, what fail-over will
/// ask of it. Records the parts and what fail-over added in `memory`.
[[nodiscard]] std::vector<Size> wanted_sizes(const SizeInput& input,
                                             std::span<const Figures> figures,
                                             Memory& memory);

/// Wanted -> decided: falls wait for shares to leave, growth stays within the bounds of the sum.
/// @pre `figures[i].weight` is decided.
void bound_sizes(const SizeInput& input,
                 std::span<const Figures> figures,
                 const Memory& memory,
                 std::vector<Size>& sizes);

/// Bounds of the sum of all backends.
struct SumBounds {
  std::int64_t steady = 0;  ///< The maximum, and the minimums of standbys.
  std::int64_t surge = 0;   ///< On top of it while traffic moves.
};
[[nodiscard]] SumBounds sum_bounds(const SizeInput& input, std::span<const Figures> figures);

/// What is there, as it counts in the sum: of an unfit backend only its ready ones.
[[nodiscard]] std::int64_t counted_sum(std::span<const Figures> figures);

}  // namespace evenkeel::plan
