#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// The parts that backends have of the total. docs/decision.md, "Parts".
namespace evenkeel::plan {

/// Why a part is one more than the division gives.
enum class Extra {
  No,
  Load,  ///< Its share of the demand asks for it.
  Need,  ///< Its own readings do.
};

struct Holder {
  double division = 0;       ///< Relative; 0 or less: it has no part.
  std::int32_t minimum = 1;  ///< Of its part; at least 1.
  std::int32_t maximum = std::numeric_limits<std::int32_t>::max();
  double share = 0;                  ///< Of all traffic that it is meant to carry, as a fraction.
  double planned = 1;                ///< Demand that one replica is planned for.
  Extra had_extra = Extra::No;       ///< Why its last part had the one more.
  std::optional<double> need;        ///< Replicas by its own readings; empty: sized by shares.
  bool is_need_certain = false;      ///< It decides how the total is divided, and is nobody's guess.
  std::optional<std::int32_t> last;  ///< Its last part, without the one more.
};

struct Division {
  std::int32_t total = 0;
  std::int64_t most = 0;  ///< The sum of the parts does not grow above this.
  bool exact = false;     ///< A manual count: nothing is added to the parts.
  bool edited = false;    ///< Declared weights were: the parts follow them at once.
  /// The largest demand of the scale-down window; empty: the total does not come from a load metric.
  std::optional<double> demand;
  double tolerance = 0.1;  ///< Of a rise, as a fraction.
};

/// Why a part is as it was before, where the division would change it.
enum class Kept {
  No,
  Need,      ///< Its need has not fallen far enough for it to fall.
  Division,  ///< By what is needed, no part is far from its proportion.
  Enough,    ///< It has what it needs, and others keep what would be its own of the total.
};

struct Part {
  std::int32_t replicas = 0;
  Extra extra = Extra::No;
  Kept kept = Kept::No;
};

/// Divides the total by Sainte-Lague, at least the minimums. Where needs are known and the total is as
/// before, its division stands while each part has all that it needs and is off its proportion by no more
/// than 3/4 of a replica or 1.3 replicas of need; where there is no room for more, the 3/4 are enough. Then a
/// part gets one more where its load per replica would exceed what is planned by more than the tolerance, and
/// keeps it until the load without it is as planned; and one that follows its own readings falls only when it
/// exceeds its need by more than 1.3; what is kept so, nobody gets on top who has what it needs. Such a one,
/// too, gets one more where its need exceeds it by more than the tolerance, and keeps that as it keeps the
/// rest.
[[nodiscard]] std::vector<Part> divide_total(std::span<const Holder> holders, const Division& division);

}  // namespace evenkeel::plan
