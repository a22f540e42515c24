#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "evenkeel/api/snapshot.hpp"

#include "members.hpp"
#include "memory.hpp"
#include "sizes.hpp"

namespace evenkeel::plan {

/// The total that this decision starts from.
struct CurrentTotal {
  std::int32_t replicas = 0;
  /// Empty: there is a total. Else why there is none: nothing is scaled.
  enum class None { NotFound, SwitchedOff };
  std::optional<None> none;
};

/// Settles what is pending against what is seen, then tells the current total. Several backends share the
/// last decided one, moved by what others changed; one backend has what its workload says.
[[nodiscard]] CurrentTotal settle_current_total(const api::Snapshot& snapshot,
                                                std::span<const Member> members,
                                                Memory& memory);

/// Records a decided total and its sizes, so that the next decision can tell ours from others' changes.
/// `sizes` run parallel to `members`.
/// @return true when a change of the total was newly decided: worth an event.
[[nodiscard]] bool record_total(WallTime now,
                                scaling::CountChange total,
                                std::span<const Member> members,
                                std::span<const Size> sizes,
                                Memory& memory);

}  // namespace evenkeel::plan
