#include "evenkeel/kube/reflector.hpp"

#include <condition_variable>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>

#include "evenkeel/base/guarded.hpp"

#include "backoff.hpp"
#include "watch_state.hpp"

namespace evenkeel::kube {
namespace {

/// When the server is to end a watch: long enough to be cheap, and spread so that watches do not end
/// together.
constexpr int kWatchSecondsMin = 300;
constexpr int kWatchSecondsMax = 600;

}  // namespace

class Reflector::Impl {
 public:
  Impl(ListWatch& source, ReflectorOptions options, ReflectorCallbacks callbacks, const Clock& clock)
      : source_{source},
        options_{std::move(options)},
        callbacks_{std::move(callbacks)},
        clock_{clock},
        random_{options_.seed},
        backoff_{options_.pause_first, options_.pause_last},
        state_{ReflectorState{.last_contact = clock.monotonic()}},
        thread_{[this](const std::stop_token& stop) { follow(stop); }} {}

  [[nodiscard]] ReflectorState state() const {
    return state_.with([](const ReflectorState& state) { return state; });
  }

 private:
  void follow(const std::stop_token& stop);
  void read_list(const std::stop_token& stop);
  void read_watch(const std::stop_token& stop);
  void apply(const WatchEvent& event);
  void report_missing(const std::unordered_set<ObjectKey>& listed);
  void give_up(const Error& error, const std::stop_token& stop);
  void pause(std::chrono::milliseconds time, const std::stop_token& stop);
  template <class Fn>
  void note_contact(Fn&& count);

  ListWatch& source_;
  const ReflectorOptions options_;
  const ReflectorCallbacks callbacks_;
  const Clock& clock_;

  // The thread's own.
  std::mt19937_64 random_;
  Backoff backoff_;
  WatchState place_;
  std::unordered_map<ObjectKey, std::string> known_;  ///< resourceVersion of what has been handed over.

  Guarded<ReflectorState> state_;
  std::jthread thread_;  // Last: it is joined before anything that it uses goes away.
};

template <class Fn>
void Reflector::Impl::note_contact(Fn&& count) {
  const auto now = clock_.monotonic();
  state_.with([&](ReflectorState& state) {
    state.last_contact = now;
    count(state);
  });
}

void Reflector::Impl::follow(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (std::holds_alternative<NeedsList>(place_)) {
      read_list(stop);
    } else {
      read_watch(stop);
    }
  }
}

void Reflector::Impl::read_list(const std::stop_token& stop) {
  std::unordered_set<ObjectKey> listed;
  const auto on_item = [&](const ObjectView& object) {
    listed.insert(object.key);
    auto& version = known_[object.key];
    if (version == object.resource_version) return;
    version = object.resource_version;
    callbacks_.on_event(ChangeKind::Applied, object.key, object.json);
  };
  // What was handed over before a restart stays known, so the end of the new pass notices what has gone
  // since.
  const auto on_restart = [&] { listed.clear(); };
  const auto deadline = clock_.monotonic() + options_.list_timeout;
  const auto version = source_.list(options_.selection, on_item, on_restart, {deadline, stop});
  if (!version.ok()) return give_up(version.error(), stop);

  report_missing(listed);
  place_ = next(place_, ListDone{*version});
  note_contact([](ReflectorState& state) {
    state.synced = true;
    ++state.lists;
  });
  callbacks_.on_synced();
}

void Reflector::Impl::report_missing(const std::unordered_set<ObjectKey>& listed) {
  for (auto it = known_.begin(); it != known_.end();) {
    if (listed.contains(it->first)) {
      ++it;
      continue;
    }
    const ObjectKey key = it->first;
    it = known_.erase(it);
    callbacks_.on_event(ChangeKind::Deleted, key, {});
  }
}

void Reflector::Impl::apply(const WatchEvent& event) {
  const ObjectView& object = event.object;
  if (event.type == WatchEvent::Type::Deleted) {
    known_.erase(object.key);
    callbacks_.on_event(ChangeKind::Deleted, object.key, object.json);
  } else if (event.type != WatchEvent::Type::Bookmark) {
    known_[object.key] = object.resource_version;
    callbacks_.on_event(ChangeKind::Applied, object.key, object.json);
  }
}

void Reflector::Impl::read_watch(const std::stop_token& stop) {
  bool has_moved = false;
  const ListWatch::WatchHandlers handlers{
      .on_open =
          [&] {
            place_ = next(place_, StreamOpened{});
            note_contact([](ReflectorState& state) { ++state.watches; });
          },
      .on_event =
          [&](const WatchEvent& event) {
            apply(event);
            has_moved = true;
            place_ = next(place_, PlaceMoved{event.object.resource_version});
            const bool is_change = event.type != WatchEvent::Type::Bookmark;
            note_contact([&](ReflectorState& state) { state.events += is_change ? 1 : 0; });
          }};
  const std::chrono::seconds duration{
      std::uniform_int_distribution<int>{kWatchSecondsMin, kWatchSecondsMax}(random_)};
  const auto opened_at = clock_.monotonic();
  const auto end = source_.watch(
      options_.selection,
      {.resource_version = place_of(place_), .duration = duration, .idle = options_.idle, .stop = stop},
      handlers);

  const bool is_lost =
      !end.ok() && (end.error().kind == ErrorKind::Gone || end.error().kind == ErrorKind::Invalid);
  place_ = is_lost ? next(place_, PlaceLost{}) : next(place_, StreamEnded{});
  // A watch that brought something, or that held for a while, was a good one. A server that closes each at
  // once must not be asked in a tight loop, whatever it calls that.
  if (has_moved || clock_.monotonic() - opened_at > options_.pause_last) backoff_.reset();
  if (!end.ok()) return give_up(end.error(), stop);
  if (!has_moved) pause(backoff_.take(random_), stop);
}

void Reflector::Impl::give_up(const Error& error, const std::stop_token& stop) {
  if (stop.stop_requested()) return;
  callbacks_.on_error(error);
  pause(std::max(backoff_.take(random_), error.retry_after.value_or(std::chrono::milliseconds{0})), stop);
}

void Reflector::Impl::pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  never.wait_until(lock, stop, clock_.monotonic() + time, [] { return false; });
}

Reflector::Reflector(ListWatch& source,
                     ReflectorOptions options,
                     ReflectorCallbacks callbacks,
                     const Clock& clock)
    : impl_{std::make_unique<Impl>(source, std::move(options), std::move(callbacks), clock)} {}
Reflector::~Reflector() = default;

ReflectorState Reflector::state() const {
  return impl_->state();
}

}  // namespace evenkeel::kube
