#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/failover/shares.hpp"

#include "members.hpp"
#include "memory.hpp"

namespace evenkeel::plan {

/// The size of one backend.
struct Size {
  std::optional<std::int32_t> replicas;  ///< Empty: the workload is left alone.
  bool has_part = false;                 ///< It has a part of the total.
  std::string reason;                    ///< Why it is not simply its part; may be empty.
  std::vector<api::Step> steps;
};

/// Divides the total by the full shares and adds what backends without a part keep: their minimum, what they
/// carry all the same, and for a while what they were grown to. Call record_needs() first.
[[nodiscard]] std::vector<Size> size_backends(const api::Snapshot& snapshot,
                                              std::int32_t total,
                                              std::span<const Member> members,
                                              const failover::Shares& shares,
                                              const Memory& memory);

/// Remembers for which share every backend is needed from now on.
void record_needs(const api::Snapshot& snapshot,
                  std::span<const Member> members,
                  const failover::Shares& shares,
                  Memory& memory);

}  // namespace evenkeel::plan
