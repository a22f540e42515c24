#include "evenkeel/kube/event_recorder.hpp"

#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "evenkeel/kube/resource.hpp"

#include "event_text.hpp"
#include "lru_map.hpp"
#include "token_bucket.hpp"

namespace evenkeel::kube {
namespace {

/// What one write may take. Events matter less than what else goes over the same connection.
constexpr std::chrono::seconds kWriteTimeout{10};

Resource events_resource() {
  return {.group = "events.k8s.io", .version = "v1", .plural = "events"};
}

EventRecorderOptions completed(EventRecorderOptions options) {
  if (options.instance.empty()) options.instance = "evenkeel";  // The API server insists on one.
  return options;
}

}  // namespace

class EventRecorder::Impl {
 public:
  Impl(Api& api, EventRecorderOptions options, const Clock& clock)
      : api_{api},
        options_{completed(std::move(options))},
        clock_{clock},
        known_{options_.remembered},
        budgets_{options_.remembered},
        thread_{[this](const std::stop_token& stop) { send_all(stop); }} {}

  void record(const Event& event) {
    {
      const std::scoped_lock lock{mutex_};
      if (waiting_.size() >= options_.queue_length) {
        ++counts_.dropped;
        return;
      }
      waiting_.push_back(event);
    }
    changed_.notify_one();
  }

  [[nodiscard]] EventCounts counts() const {
    const std::scoped_lock lock{mutex_};
    return counts_;
  }

 private:
  /// What we know of an event with a given name.
  struct Known {
    bool is_created = false;
    std::int32_t count = 0;  ///< How often it has happened.
  };

  void send_all(const std::stop_token& stop);
  bool send(const Event& event, const std::stop_token& stop);
  bool is_within_budget(const Event& event);
  bool create(const Event& event, Known& known, const Call& call);
  bool adopt(const std::string& path, Known& known, const Call& call);

  Api& api_;
  const EventRecorderOptions options_;
  const Clock& clock_;

  // The thread's own.
  LruMap<Known> known_;
  LruMap<TokenBucket> budgets_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Event> waiting_;
  EventCounts counts_;
  std::jthread thread_;  // Last: it is joined before anything that it uses goes away.
};

void EventRecorder::Impl::send_all(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (changed_.wait(lock, stop, [this] { return !waiting_.empty(); }) && !stop.stop_requested()) {
    const Event event = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    const bool is_sent = send(event, stop);
    lock.lock();
    ++(is_sent ? counts_.sent : counts_.dropped);
  }
}

bool EventRecorder::Impl::is_within_budget(const Event& event) {
  const auto now = clock_.monotonic();
  auto& budget = budgets_.get(event.regarding.uid + "/" + to_string(event.regarding.key), [&] {
    return TokenBucket{options_.refill_per_object, options_.burst_per_object};
  });
  if (budget.earliest(now) > now) return false;
  budget.take(now);
  return true;
}

bool EventRecorder::Impl::send(const Event& event, const std::stop_token& stop) {
  const auto name = event_name(event);
  const ObjectKey key{event_namespace(event.regarding), name};
  Known& known = known_.get(key.ns + "/" + name, [] { return Known{}; });
  if (known.count < std::numeric_limits<std::int32_t>::max()) ++known.count;
  if (!is_within_budget(event)) return false;  // The next one that goes out tells of this one too.

  const Call call{clock_.monotonic() + kWriteTimeout, stop};
  if (!known.is_created) return create(event, known, call);
  const auto path = object_path(events_resource(), key);
  const auto patched = api_.patch(path, PatchType::Merge, series_patch(known.count, clock_.wall()), call);
  if (patched.ok()) return true;
  if (patched.error().kind != ErrorKind::NotFound) return false;
  known = {.is_created = false, .count = 1};  // The API server forgets events after an hour or so.
  return create(event, known, call);
}

bool EventRecorder::Impl::create(const Event& event, Known& known, const Call& call) {
  const auto ns = event_namespace(event.regarding);
  const auto body = event_json(event, options_, clock_.wall());
  const auto created = api_.create(collection_path(events_resource(), ns), body, call);
  if (created.ok()) {
    known = {.is_created = true, .count = 1};
    return true;
  }
  if (created.error().kind != ErrorKind::Conflict) return false;
  return adopt(object_path(events_resource(), {ns, event_name(event)}), known, call);
}

/// The event is there from before a restart, or from a create whose answer was lost: goes on counting.
bool EventRecorder::Impl::adopt(const std::string& path, Known& known, const Call& call) {
  // An empty patch changes nothing and answers with the object; it spares us the right to read events.
  const auto current = api_.patch(path, PatchType::Merge, "{}", call);
  if (!current.ok()) return false;
  known = {.is_created = true, .count = series_count(*current) + known.count};
  return api_.patch(path, PatchType::Merge, series_patch(known.count, clock_.wall()), call).ok();
}

EventRecorder::EventRecorder(Api& api, EventRecorderOptions options, const Clock& clock)
    : impl_{std::make_unique<Impl>(api, std::move(options), clock)} {}
EventRecorder::~EventRecorder() = default;

void EventRecorder::record(const Event& event) {
  impl_->record(event);
}

EventCounts EventRecorder::counts() const {
  return impl_->counts();
}

}  // namespace evenkeel::kube
