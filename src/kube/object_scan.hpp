#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "evenkeel/base/object_key.hpp"
#include "evenkeel/base/result.hpp"
#include "evenkeel/kube/api_client.hpp"

namespace evenkeel::kube {

/// What a page of a list says about itself.
struct ListPage {
  std::string resource_version;
  std::string continue_token;  ///< Empty on the last page.
};

/// A line of a watch.
struct WatchLine {
  std::optional<WatchEvent::Type> type;  ///< Empty for a failure: `object_json` is then a Status.
  ObjectKey key;
  std::string resource_version;
  std::string_view object_json;  ///< Without metadata.managedFields. Valid until the scanner's next call.
};

/// Takes apart what the API server sends in bulk, as far as this room needs to: keys, versions and the text
/// of each object. Everything else is skipped at the speed of the tokenizer. One scanner per thread.
class ObjectScanner {
 public:
  ObjectScanner();
  ObjectScanner(const ObjectScanner&) = delete;
  ObjectScanner& operator=(const ObjectScanner&) = delete;
  ~ObjectScanner();

  /// Reads a list and calls `on_item` for each of its items, in order. `body` is changed in its spare
  /// capacity only.
  /// @return Invalid, naming what is missing, when the text is not a list. Items may have been handed over by
  /// then.
  Result<ListPage> scan_list(std::string& body, const std::function<void(const ObjectView&)>& on_item);

  /// @return Invalid when the text is not a watch event.
  Result<WatchLine> scan_watch_line(std::string_view line);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace evenkeel::kube
