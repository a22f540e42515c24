#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/object_key.hpp"
#include "evenkeel/base/result.hpp"
#include "evenkeel/kube/api_client.hpp"

namespace evenkeel::kube {

enum class ChangeKind { Applied, Deleted };

/// What happens to the selected objects. All are called on the reflector's own thread, one at a time, and may
/// be called until its destructor returns; they must not destroy the reflector. Keep them short: meanwhile
/// the watch stands still.
struct ReflectorCallbacks {
  /// An object is there in this state, or is gone. `json` is the whole object, borrowed for the call; it is
  /// empty for an object whose deletion was noticed only by its absence from a new list.
  std::function<void(ChangeKind kind, const ObjectKey& key, std::string_view json)> on_event;
  /// Everything of the first list has been handed over; called again after each later list.
  std::function<void()> on_synced;
  /// For logs and health. The reflector goes on by itself; a routine end of a stream is not reported.
  std::function<void(const Error& error)> on_error;
};

struct ReflectorOptions {
  Selection selection;
  /// The longest silence of a watch before it is thought dead. More than the minute between bookmarks.
  std::chrono::milliseconds idle{90'000};
  /// Pauses after failures double from the first to the last; each is shortened at random by up to a half.
  std::chrono::milliseconds pause_first{500};
  std::chrono::milliseconds pause_last{30'000};
  /// A list that takes longer is given up.
  std::chrono::milliseconds list_timeout{120'000};
  /// Seeds pauses and durations, so that replicas and reflectors do not march in step.
  std::uint64_t seed = 0;
};

/// For /readyz and metrics.
struct ReflectorState {
  bool synced = false;        ///< A list has been handed over completely; stays true from then on.
  Monotonic last_contact;     ///< When the server last answered: list, opened watch, event or bookmark.
  std::uint64_t lists = 0;    ///< Completed.
  std::uint64_t watches = 0;  ///< Opened.
  std::uint64_t events = 0;   ///< Received, without bookmarks.
};

/// Follows a selection for as long as it lives: list, watch, resume, and list again when the place is lost.
///
/// Constructing starts a thread, destroying stops and joins it (within about a second, also when the server
/// is silent). While a new list is read nothing is taken away: objects missing from it are reported as
/// Deleted when it is complete, and only those that changed as Applied. No event is lost; the latest state of
/// an object may be reported more than once.
class Reflector {
 public:
  /// `source` and `clock` are borrowed and outlive the reflector. `clock` must run (waiting is real).
  Reflector(ListWatch& source, ReflectorOptions options, ReflectorCallbacks callbacks, const Clock& clock);
  Reflector(const Reflector&) = delete;
  Reflector& operator=(const Reflector&) = delete;
  ~Reflector();

  /// Thread-safe.
  [[nodiscard]] ReflectorState state() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace evenkeel::kube
