#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace evenkeel::kube {

/// A map of bounded size that forgets what was asked for least recently.
template <class T>
class LruMap {
 public:
  explicit LruMap(std::size_t size_max) : size_max_{size_max > 0 ? size_max : 1} {}

  /// The value under `key`, made by `make()` if there is none. Valid until the next call.
  template <class Make>
  T& get(const std::string& key, Make&& make) {
    if (const auto found = places_.find(key); found != places_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return entries_.front().second;
    }
    if (places_.size() >= size_max_) {
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(key, make());
    places_[key] = entries_.begin();
    return entries_.front().second;
  }

 private:
  using Entries = std::list<std::pair<std::string, T>>;
  std::size_t size_max_;
  Entries entries_;
  std::unordered_map<std::string, typename Entries::iterator> places_;
};

}  // namespace evenkeel::kube
