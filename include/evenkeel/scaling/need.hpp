#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "evenkeel/api/load_balanced_service.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/scaling/signal.hpp"

/// What one of several backends needs. docs/scaling.md.
namespace evenkeel::scaling {

/// One of several backends, as far as its need depends on it.
struct BackendCounts {
  std::string_view name;
  std::int32_t current = 0;  ///< specReplicas.
  std::int32_t ready = 0;    ///< Pods that serve, those of a surge left out.
  bool rollout = false;
  std::span<const api::Pod> pods = {};
};

struct Need {
  double replicas = 0;  ///< Unrounded: upstream's ratio times the count, at zero tolerance.
  /// Of what is measured to the target, where the need grows with the count that the ratio is multiplied by;
  /// empty: it is a load that replicas share.
  std::optional<double> ratio;
};

/// What a metric of scope Backend or Pod asks for of one backend. Empty: its reading cannot be used, or
/// abstains.
[[nodiscard]] std::optional<Need> backend_need(const api::Metric& metric,
                                               const Reading& reading,
                                               const BackendCounts& backend,
                                               const api::Settings& settings,
                                               WallTime now);

struct WholeNeed {
  std::int32_t replicas = 0;
  bool within_tolerance = false;  ///< Which is why it is the present count.
};

/// What `need` replicas of several backends in all come to from `current`: that count within the tolerance,
/// else rounded up; NaN is 0, and what is too much saturates.
[[nodiscard]] WholeNeed whole_need(double need,
                                   std::int32_t current,
                                   const api::Scaling& scaling,
                                   const api::Settings& settings);

}  // namespace evenkeel::scaling
