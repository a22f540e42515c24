#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "evenkeel/kube/api_client.hpp"
#include "evenkeel/kube/event_recorder.hpp"
#include "evenkeel/kube/resource.hpp"

namespace evenkeel::testing {

/// An API server in memory: objects with state, and of its rules those that the operator relies on - 404,
/// resourceVersions, generations that follow spec only, preconditions of patches, subresources that touch
/// nothing else, watches that resume. Thread-safe.
class FakeCluster final : public kube::Api, public kube::ListWatch {
 public:
  using Json = nlohmann::json;

  /// A failure to induce for a request, or empty. `path` as sent.
  std::function<std::optional<Error>(const std::string& path)> fail;
  /// Called when a patch is done and its answer is under way: what happens now overtakes the answer.
  std::function<void(const std::string& path)> before_answer;

  /// Creates or replaces an object, as another client would. `plural` as in a path; metadata needs name and
  /// namespace.
  void put(const std::string& plural, Json object) {
    const std::scoped_lock lock{mutex_};
    const ObjectKey key = key_of(object);
    Entry& entry = objects_[plural][key];
    const bool is_new = entry.object.is_null();
    Json& metadata = object["metadata"];
    if (is_new) {
      metadata["uid"] = "uid-" + std::to_string(++uids_);
      metadata["generation"] = 1;
    } else {
      metadata["uid"] = entry.object["metadata"]["uid"];
      const bool asks_for_more = object.value("spec", Json{}) != entry.object.value("spec", Json{});
      metadata["generation"] = entry.object["metadata"]["generation"].get<int>() + (asks_for_more ? 1 : 0);
    }
    if (!metadata.contains("creationTimestamp")) metadata["creationTimestamp"] = "2026-01-01T00:00:00Z";
    store(plural, key, std::move(object), is_new ? "ADDED" : "MODIFIED");
  }

  void remove(const std::string& plural, const ObjectKey& key) {
    const std::scoped_lock lock{mutex_};
    const auto entry = objects_[plural].find(key);
    if (entry == objects_[plural].end()) return;
    Json last = entry->second.object;
    objects_[plural].erase(entry);
    last["metadata"]["resourceVersion"] = std::to_string(++version_);
    log_.push_back({plural, "DELETED", key, std::to_string(version_), std::move(last)});
    changed_.notify_all();
  }

  /// The object as it is; null when there is none.
  [[nodiscard]] Json object(const std::string& plural, const ObjectKey& key) const {
    const std::scoped_lock lock{mutex_};
    const auto kind = objects_.find(plural);
    if (kind == objects_.end()) return {};
    const auto entry = kind->second.find(key);
    return entry == kind->second.end() ? Json{} : entry->second.object;
  }

  /// A kind that the API server does not know: 404 for all of it. Custom kinds are known from the start.
  void set_served(const std::string& plural, bool served) {
    const std::scoped_lock lock{mutex_};
    if (served) {
      unserved_.erase(plural);
    } else {
      unserved_.insert(plural);
    }
    changed_.notify_all();
  }

  /// Requests that wrote, or tried to, in order: their paths.
  [[nodiscard]] std::vector<std::string> writes() const {
    const std::scoped_lock lock{mutex_};
    return writes_;
  }
  /// GETs and LISTs.
  [[nodiscard]] int reads() const {
    const std::scoped_lock lock{mutex_};
    return reads_;
  }

  struct Change {
    std::string plural;
    std::string type;  ///< "ADDED", "MODIFIED" or "DELETED".
    ObjectKey key;
    std::string resource_version;
    Json object;
  };
  /// Everything that has happened from the `first`-th change on.
  [[nodiscard]] std::vector<Change> changes(std::size_t first) const {
    const std::scoped_lock lock{mutex_};
    return {log_.begin() + static_cast<std::ptrdiff_t>(std::min(first, log_.size())), log_.end()};
  }

  /// Waits until `condition` holds, looking again after each change. @return false after `limit`.
  bool wait_for(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, limit, [&] {
      lock.unlock();
      const bool holds = condition();
      lock.lock();
      return holds;
    });
  }

  // kube::Api

  Result<std::string> get(const std::string& path, const kube::Call&) override {
    if (auto error = induced(path)) return *std::move(error);
    const std::scoped_lock lock{mutex_};
    ++reads_;
    const Target target = parse(path);
    const Entry* const entry = find(target);
    if (entry == nullptr) return not_found(path);
    return entry->object.dump();
  }

  Result<std::string> patch(const std::string& path,
                            kube::PatchType type,
                            const std::string& body,
                            const kube::Call&) override {
    auto answer = apply_patch(path, type, body);
    if (before_answer) before_answer(path);
    return answer;
  }

  Result<std::string> create(const std::string& path, const std::string& body, const kube::Call&) override {
    const std::scoped_lock lock{mutex_};
    writes_.push_back(path);
    return body;
  }

  // kube::ListWatch

  Result<std::string> list(const kube::Selection& selection,
                           const std::function<void(const kube::ObjectView&)>& on_item,
                           const std::function<void()>&,
                           const kube::Call&) override {
    if (auto error = induced("list " + selection.resource.plural)) return *std::move(error);
    std::vector<Change> items;
    std::string version;
    {
      const std::scoped_lock lock{mutex_};
      ++reads_;
      if (unserved_.contains(selection.resource.plural)) return not_found(selection.resource.plural);
      for (const auto& [key, entry] : objects_[selection.resource.plural]) {
        if (!selection.ns.empty() && selection.ns != key.ns) continue;
        items.push_back({selection.resource.plural, "ADDED", key, entry.version, entry.object});
      }
      version = std::to_string(version_);
    }
    for (const auto& item : items) {
      const std::string json = item.object.dump();
      on_item({.key = item.key, .resource_version = item.resource_version, .json = json});
    }
    return version;
  }

  Result<Done> watch(const kube::Selection& selection,
                     const WatchOptions& options,
                     const WatchHandlers& handlers) override {
    if (handlers.on_open) handlers.on_open();
    std::uint64_t seen = std::stoull(options.resource_version);
    std::unique_lock lock{mutex_};
    while (!options.stop.stop_requested()) {
      std::vector<Change> news;
      for (const auto& change : log_) {
        const bool is_ours = change.plural == selection.resource.plural &&
                             (selection.ns.empty() || selection.ns == change.key.ns);
        if (is_ours && std::stoull(change.resource_version) > seen) news.push_back(change);
      }
      seen = version_;
      lock.unlock();
      for (const auto& change : news) hand_over(change, handlers);
      lock.lock();
      changed_.wait(lock, options.stop, [&] { return version_ > seen; });
    }
    return Error{ErrorKind::Cancelled, "stopped"};
  }

 private:
  struct Entry {
    Json object;
    std::string version;
  };
  struct Target {
    std::string plural;
    ObjectKey key;
    std::string subresource;
  };

  static ObjectKey key_of(const Json& object) {
    return {object["metadata"].value("namespace", ""), object["metadata"]["name"].get<std::string>()};
  }

  static void hand_over(const Change& change, const WatchHandlers& handlers) {
    using Type = kube::WatchEvent::Type;
    const Type type = change.type == "ADDED"     ? Type::Added
                      : change.type == "DELETED" ? Type::Deleted
                                                 : Type::Modified;
    const std::string json = change.object.dump();
    handlers.on_event(
        {.type = type,
         .object = {.key = change.key, .resource_version = change.resource_version, .json = json}});
  }

  Result<std::string> apply_patch(const std::string& path, kube::PatchType type, const std::string& body) {
    if (auto error = induced(path)) {
      const std::scoped_lock lock{mutex_};
      writes_.push_back(path);
      return *std::move(error);
    }
    const std::scoped_lock lock{mutex_};
    writes_.push_back(path);
    const Target target = parse(path);
    const Entry* const entry = find(target);
    if (entry == nullptr) return not_found(path);
    Json next = entry->object;
    const Json change = Json::parse(body);
    if (target.subresource == "scale") return scale(target, change);
    if (type == kube::PatchType::Json) {
      try {
        next = next.patch(change);
      } catch (const Json::exception& problem) {
        return Error{ErrorKind::Conflict, std::string{"the patch does not apply: "} + problem.what()};
      }
    } else {
      const Json wanted_uid = change.value(Json::json_pointer{"/metadata/uid"}, Json{});
      if (!wanted_uid.is_null() && wanted_uid != next["metadata"]["uid"]) {
        return Error{ErrorKind::Conflict, "Precondition failed: UID in precondition"};
      }
      next.merge_patch(change);
    }
    if (target.subresource == "status") {
      Json only_status = entry->object;
      only_status["status"] = next.value("status", Json::object());
      next = std::move(only_status);
    }
    return update(target, std::move(next)).dump();
  }

  std::optional<Error> induced(const std::string& path) const { return fail ? fail(path) : std::nullopt; }

  static Error not_found(const std::string& what) { return {ErrorKind::NotFound, "404: " + what}; }

  /// "/apis/GROUP/VERSION[/namespaces/NS]/PLURAL/NAME[/SUBRESOURCE]", or /api/v1 for the core group.
  static Target parse(const std::string& path) {
    std::vector<std::string> parts;
    for (std::size_t at = 1; at <= path.size();) {
      const std::size_t slash = std::min(path.find('/', at), path.size());
      parts.push_back(path.substr(at, slash - at));
      at = slash + 1;
    }
    std::size_t i = parts.at(0) == "api" ? 2 : 3;
    Target target;
    if (parts.at(i) == "namespaces") {
      target.key.ns = parts.at(i + 1);
      i += 2;
    }
    target.plural = parts.at(i);
    if (i + 1 < parts.size()) target.key.name = parts[i + 1];
    if (i + 2 < parts.size()) target.subresource = parts[i + 2];
    return target;
  }

  const Entry* find(const Target& target) const {
    const auto kind = objects_.find(target.plural);
    if (kind == objects_.end() || unserved_.contains(target.plural)) return nullptr;
    const auto entry = kind->second.find(target.key);
    return entry == kind->second.end() ? nullptr : &entry->second;
  }

  void store(const std::string& plural, const ObjectKey& key, Json object, const std::string& type) {
    const std::string version = std::to_string(++version_);
    object["metadata"]["resourceVersion"] = version;
    objects_[plural][key] = {object, version};
    log_.push_back({plural, type, key, version, std::move(object)});
    changed_.notify_all();
  }

  /// A write that changes nothing leaves the object, and its version, alone.
  Json update(const Target& target, Json next) {
    const Json& current = objects_[target.plural][target.key].object;
    next["metadata"] = next.value("metadata", Json::object());
    next["metadata"]["resourceVersion"] = current["metadata"]["resourceVersion"];
    if (next == current) return current;
    if (next.value("spec", Json{}) != current.value("spec", Json{})) {
      next["metadata"]["generation"] = current["metadata"]["generation"].get<int>() + 1;
    }
    store(target.plural, target.key, std::move(next), "MODIFIED");
    return objects_[target.plural][target.key].object;
  }

  Result<std::string> scale(const Target& target, const Json& change) {
    Json next = objects_[target.plural][target.key].object;
    next["spec"]["replicas"] = change.at("spec").at("replicas");
    const Json updated = update({target.plural, target.key, ""}, std::move(next));
    return Json{{"kind", "Scale"},
                {"metadata", updated["metadata"]},
                {"spec", {{"replicas", updated["spec"]["replicas"]}}}}
        .dump();
  }

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, std::map<ObjectKey, Entry>> objects_;
  std::set<std::string> unserved_;
  std::vector<Change> log_;
  std::vector<std::string> writes_;
  std::uint64_t version_ = 100;
  int uids_ = 0;
  int reads_ = 0;
};

/// Events as they were recorded. Thread-safe.
class FakeEvents final : public kube::EventSink {
 public:
  void record(const kube::Event& event) override {
    const std::scoped_lock lock{mutex_};
    events_.push_back(event);
  }
  /// "Reason: note" of each.
  [[nodiscard]] std::vector<std::string> texts() const {
    const std::scoped_lock lock{mutex_};
    std::vector<std::string> texts;
    texts.reserve(events_.size());
    for (const auto& event : events_) texts.push_back(event.reason + ": " + event.note);
    return texts;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<kube::Event> events_;
};

}  // namespace evenkeel::testing
