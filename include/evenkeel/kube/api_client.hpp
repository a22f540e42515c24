#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/object_key.hpp"
#include "evenkeel/base/result.hpp"
#include "evenkeel/kube/config.hpp"
#include "evenkeel/kube/resource.hpp"

namespace evenkeel::kube {

/// Json: RFC 6902, a list of operations; its `test` operations are preconditions. Merge: RFC 7386.
enum class PatchType { Json, Merge };

/// How long a call may take, all its retries included, and what ends it early.
struct Call {
  Monotonic deadline;
  std::stop_token stop{};
};

/// Reads and writes of single objects: what code that acts on the cluster needs, and what a fake stands in
/// for.
///
/// Thread-safe. Paths come from `object_path` and `collection_path`. Answers are the object as JSON text.
/// Errors: NotFound; Conflict (409, or a `test` operation that did not hold: read again, decide again); Gone;
/// Forbidden; Unauthorized; Invalid (the API server rejects the content; its message is kept); Throttled and
/// Unavailable
/// (`retry_after` where the server said so); Timeout; Cancelled. After Unavailable or Timeout the outcome of
/// a write is unknown, so give it a precondition or make it idempotent.
class Api {
 public:
  virtual ~Api() = default;
  virtual Result<std::string> get(const std::string& path, const Call& call) = 0;
  /// `body` is JSON text. Scale is a merge patch on ".../scale", status one on ".../status".
  virtual Result<std::string> patch(const std::string& path,
                                    PatchType type,
                                    const std::string& body,
                                    const Call& call) = 0;
  /// `path` is that of the collection. The object must carry its name, never generateName.
  virtual Result<std::string> create(const std::string& path, const std::string& body, const Call& call) = 0;
};

/// Which objects to list or watch.
struct Selection {
  Resource resource;
  std::string ns{};  ///< Empty: all namespaces.
  std::string label_selector{};
  std::string field_selector{};
};

/// One object as it came: borrowed, valid during the callback only.
struct ObjectView {
  const ObjectKey& key;
  const std::string& resource_version;
  std::string_view json;  ///< The whole object without metadata.managedFields. Items of lists lack kind.
};

/// One event of a watch, borrowed like `ObjectView`.
struct WatchEvent {
  enum class Type { Added, Modified, Deleted, Bookmark };
  Type type = Type::Bookmark;
  ObjectView object;  ///< Of a bookmark only `resource_version` means anything.
};

/// Lists and watches: the reading side, behind an interface so that a reflector can be tested without a
/// server.
class ListWatch {
 public:
  virtual ~ListWatch() = default;

  /// Lists everything in pages and hands it over item by item, in the order of the API server.
  ///
  /// When the list's snapshot expires between two pages (410) it starts over: `on_restart` is called first
  /// and what was handed over so far is void.
  /// @return the resourceVersion to watch from; errors as in `Api`. An error is never an empty list.
  virtual Result<std::string> list(const Selection& selection,
                                   const std::function<void(const ObjectView&)>& on_item,
                                   const std::function<void()>& on_restart,
                                   const Call& call) = 0;

  struct WatchOptions {
    std::string resource_version;    ///< From `list`, an event or a bookmark.
    std::chrono::seconds duration;   ///< When the server ends the stream. Range [1 s, 1 h].
    std::chrono::milliseconds idle;  ///< The longest silence; bookmarks come about every minute.
    std::stop_token stop{};
  };

  struct WatchHandlers {
    std::function<void()> on_open;  ///< The server has accepted the watch.
    std::function<void(const WatchEvent&)> on_event;
  };

  /// Streams events until the server ends it (Done).
  /// @return Gone when the resourceVersion is too old, as HTTP status or within the stream; Unavailable when
  /// the
  ///         connection is cut; Timeout after `idle` of silence; Cancelled; other errors as in `Api`.
  virtual Result<Done> watch(const Selection& selection,
                             const WatchOptions& options,
                             const WatchHandlers& handlers) = 0;
};

struct ApiLimits {
  double requests_per_second = 20;  ///< Sustained, of this client; opening a watch counts. Must be > 0.
  int burst = 30;                   ///< At once, after a pause. Must be > 0.
  int page_size = 500;              ///< Objects per page of a list. Must be > 0.
};

/// The API server, as one identity sees it.
///
/// Retries by itself only what the server has not acted on: an answer that names Retry-After (429, 503), and
/// once after a 401 with freshly read credentials. Everything else is the caller's to repeat.
class ApiClient final : public Api, public ListWatch {
 public:
  /// Connects to nothing yet. @return Invalid when the configuration cannot be used.
  static Result<std::unique_ptr<ApiClient>> create(const Config& config,
                                                   ApiLimits limits,
                                                   const Clock& clock);
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;
  /// Every call must have returned.
  ~ApiClient() override;

  Result<std::string> get(const std::string& path, const Call& call) override;
  Result<std::string> patch(const std::string& path,
                            PatchType type,
                            const std::string& body,
                            const Call& call) override;
  Result<std::string> create(const std::string& path, const std::string& body, const Call& call) override;
  Result<std::string> list(const Selection& selection,
                           const std::function<void(const ObjectView&)>& on_item,
                           const std::function<void()>& on_restart,
                           const Call& call) override;
  Result<Done> watch(const Selection& selection,
                     const WatchOptions& options,
                     const WatchHandlers& handlers) override;

 private:
  class Impl;
  explicit ApiClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace evenkeel::kube
