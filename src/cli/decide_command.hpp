#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "command.hpp"

namespace evenkeel::cli {

[[nodiscard]] Runner declare_decide(CLI::App& app);

struct DecideOptions {
  bool stream = false;     ///< One snapshot a line, one decision a line.
  bool with_plan = false;  ///< Adds the actions.
};

/// The longest snapshot that is read: far above any real one, far below what would hurt.
inline constexpr std::size_t kMaxSnapshotBytes = std::size_t{64} << 20;

/// Objects whose memory a stream carries over. Beyond it the one that was seen longest ago starts anew, which
/// a line on `err` says.
inline constexpr std::size_t kMaxRememberedObjects = 50'000;

/// `evenkeel decide`: reads a snapshot, writes a decision.
/// @return kDone; kBadInput when the only snapshot cannot be read. A bad line of a stream is answered with
///         {"error": "..."} and is no reason to stop.
[[nodiscard]] int decide(const DecideOptions& options, Streams& streams);

}  // namespace evenkeel::cli
