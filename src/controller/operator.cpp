#include "evenkeel/controller/operator.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "cluster_cache.hpp"
#include "reconciler.hpp"
#include "schema_check.hpp"
#include "signal_reader.hpp"
#include "watches.hpp"
#include "work_queue.hpp"

namespace evenkeel::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Passes under way when the end comes may take so long before their writes are cut short.
constexpr milliseconds kFinishPasses{1'500};
/// Beyond this a pass or a tick is stuck: every call in it has a much shorter deadline.
constexpr seconds kStuck{300};
constexpr seconds kSchemaRetryLast{5};

}  // namespace

class Operator::Impl {
 public:
  Impl(Deps deps, Options options)
      : deps_{deps},
        options_{std::move(options)},
        queue_{deps_.clock, deps_.metrics},
        reader_{
            {deps_.signals, deps_.metrics, deps_.log, deps_.clock}, options_.presets, options_.query_timeout},
        writer_{{deps_.api, cache_, deps_.metrics, deps_.log, deps_.clock}, abort_.get_token()},
        reporter_{deps_.events, deps_.log},
        reconciler_{{.cache = cache_,
                     .writer = writer_,
                     .reporter = reporter_,
                     .metrics = deps_.metrics,
                     .clock = deps_.clock,
                     .presets = options_.presets,
                     .samples = [this] { return reader_.table(); },
                     .await_samples = [this](const ObjectKey& key) { await_samples(key); },
                     .time_zones = options_.time_zones},
                    options_.settings} {
    deps_.metrics.set_max_concurrent_passes(options_.workers);
  }

  void run(const std::stop_token& stop) {
    if (!wait_for_schema(stop)) return;
    set_waiting("the caches are being filled");
    const Watches watches{{.list_watch = deps_.list_watch,
                           .cache = cache_,
                           .queue = queue_,
                           .metrics = deps_.metrics,
                           .log = deps_.log,
                           .clock = deps_.clock,
                           .on_progress = [this] { wake(); },
                           .on_schema_lost = [this](bool lost) { set_schema_lost(lost); }},
                          options_.watch_namespaces,
                          options_.seed};
    if (!wait_for_caches(watches, stop)) return;
    set_waiting("the first samples are being read");
    reader_.read_all(cache_.services(), stop);
    set_waiting("");
    deps_.log.info("working", {{"objects", static_cast<std::int64_t>(cache_.keys().size())}});
    work_until(stop);
  }

  [[nodiscard]] ops::Health healthz() const {
    const auto figures = queue_.figures();
    if (figures.longest_running > kStuck) return {false, "a pass is stuck"};
    const auto last = progress().last_tick;
    if (last && deps_.clock.monotonic() - *last > kStuck + options_.tick) return {false, "the tick is stuck"};
    return {true, "ok"};
  }

  [[nodiscard]] ops::Health readyz() const {
    const Progress now = progress();
    if (!now.schema_lost.empty()) return {false, now.schema_lost};
    if (!now.waiting.empty()) return {false, now.waiting};
    return {true, "ok"};
  }

  [[nodiscard]] std::string scrape() const {
    deps_.metrics.set_queue(queue_.figures());
    return deps_.metrics.text();
  }

 private:
  struct Progress {
    std::string waiting = "starting";  // What the start-up waits for; empty: it is done.
    std::string schema_lost;
    std::optional<Monotonic> last_tick;
    std::set<ObjectKey> await_samples;  // Objects whose queries no tick has read yet.
  };

  [[nodiscard]] Progress progress() const {
    const std::scoped_lock lock{mutex_};
    return progress_;
  }

  void change(const std::function<void(Progress&)>& apply) {
    {
      const std::scoped_lock lock{mutex_};
      apply(progress_);
      ++changes_;
    }
    changed_.notify_all();
  }
  void wake() {
    change([](Progress&) {});
  }
  void set_waiting(std::string text) {
    change([&](Progress& progress) { progress.waiting = std::move(text); });
  }
  void await_samples(const ObjectKey& key) {
    change([&](Progress& progress) { progress.await_samples.insert(key); });
  }
  void set_schema_lost(bool lost) {
    const std::string text =
        lost ? "the API server does not know LoadBalancedServices any more: install the CRD again" : "";
    bool is_new = false;
    change([&](Progress& progress) { is_new = std::exchange(progress.schema_lost, text) != text; });
    if (!is_new) return;
    if (lost) {
      deps_.log.error("cannot go on", {{"error", text}});
    } else {
      deps_.log.info("the CRD is there again");
    }
  }

  /// Waits for a change, `deadline` or `stop`.
  void wait(const std::stop_token& stop, std::optional<Monotonic> deadline) {
    std::unique_lock lock{mutex_};
    const auto is_new = [this] { return changes_ != changes_seen_; };
    if (deadline) {
      changed_.wait_until(lock, stop, *deadline, is_new);
    } else {
      changed_.wait(lock, stop, is_new);
    }
    changes_seen_ = changes_;
  }

  bool wait_for_schema(const std::stop_token& stop) {
    std::string told;
    milliseconds pause{500};
    while (!stop.stop_requested()) {
      const auto checked = check_schema(deps_.api,
                                        options_.schema_revision,
                                        {.deadline = deps_.clock.monotonic() + seconds{10}, .stop = stop});
      if (checked.ok()) {
        if (!told.empty()) deps_.log.info("the CRD is there now");
        return true;
      }
      if (checked.error().message != told && !stop.stop_requested()) {
        told = checked.error().message;
        deps_.log.error("cannot begin", {{"kind", to_string(checked.error().kind)}, {"error", told}});
        set_waiting(told);
      }
      wait_until(stop, deps_.clock.monotonic() + pause);
      pause = std::min<milliseconds>(pause * 2, kSchemaRetryLast);
    }
    return false;
  }

  void wait_until(const std::stop_token& stop, Monotonic deadline) {
    std::unique_lock lock{mutex_};
    changed_.wait_until(lock, stop, deadline, [] { return false; });
  }

  bool wait_for_caches(const Watches& watches, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const std::string missing = watches.unsynced();
      if (missing.empty()) return true;
      {
        const std::scoped_lock lock{mutex_};
        progress_.waiting = "waiting for the lists of " + missing;
      }
      // Errors change the text without a wake-up, so look again now and then.
      wait(stop, deps_.clock.monotonic() + seconds{1});
    }
    return false;
  }

  void work_until(const std::stop_token& stop) {
    std::vector<std::jthread> workers;
    workers.reserve(options_.workers);
    const std::stop_callback on_stop{stop, [&] { wake(); }};
    for (std::size_t i = 0; i < options_.workers; ++i) {
      workers.emplace_back([this](const std::stop_token& end) { work(end); });
    }
    for (const auto& key : cache_.keys()) queue_.add(key);
    tick_until(stop);
    for (auto& worker : workers) worker.request_stop();
    if (!queue_.wait_idle(deps_.clock.monotonic() + kFinishPasses)) {
      deps_.log.warning("passes were cut short at the end");
      abort_.request_stop();
    }
  }

  void tick_until(const std::stop_token& stop) {
    Monotonic next = deps_.clock.monotonic() + options_.tick;
    while (!stop.stop_requested()) {
      std::set<ObjectKey> waiting;
      {
        const std::scoped_lock lock{mutex_};
        waiting.swap(progress_.await_samples);
      }
      if (!waiting.empty()) {
        reader_.read_new(cache_.services(), stop);
        for (const auto& key : waiting) queue_.add(key);
      }
      if (deps_.clock.monotonic() >= next) {
        tick(stop);
        next = std::max(next + options_.tick, deps_.clock.monotonic());
      }
      wait(stop, next);
    }
  }

  void tick(const std::stop_token& stop) {
    reader_.read_all(cache_.services(), stop);
    for (const auto& key : cache_.keys()) queue_.add(key);
    const std::scoped_lock lock{mutex_};
    progress_.last_tick = deps_.clock.monotonic();
  }

  void work(const std::stop_token& stop) {
    while (auto key = queue_.take(stop)) {
      const Monotonic begin = deps_.clock.monotonic();
      const auto result = reconciler_.reconcile(*key);
      settle(*key, result, deps_.clock.monotonic() - begin);
      queue_.done(*key);
    }
  }

  /// What an outcome means for queue, metrics and log, in one place.
  void settle(const ObjectKey& key, const Result<Done>& result, ops::Seconds took) {
    if (result.ok()) {
      deps_.metrics.count_pass(ops::PassResult::Success, took);
      queue_.succeeded(key);
      failures_.with([&](auto& failures) { failures.erase(key); });
      return;
    }
    const Error& error = result.error();
    if (error.kind == ErrorKind::Cancelled) return;
    const bool lost_a_race = error.kind == ErrorKind::Conflict;
    deps_.metrics.count_pass(lost_a_race ? ops::PassResult::RequeueAfter : ops::PassResult::Error, took);
    // What only a person can mend is tried again on the next tick and needs no pass before.
    if (is_retryable(error.kind)) queue_.retry(key, error.retry_after.value_or(milliseconds{0}));
    const bool is_new = failures_.with([&](auto& failures) {
      auto& told = failures[key];
      return std::exchange(told, error.message) != error.message;
    });
    const auto level = lost_a_race || !is_new ? ops::Level::Debug : ops::Level::Warning;
    deps_.log.log(level,
                  "pass failed",
                  {{"namespace", key.ns},
                   {"name", key.name},
                   {"kind", to_string(error.kind)},
                   {"error", error.message}});
  }

  // Constant after construction.
  const Deps deps_;
  const Options options_;
  // Each guards itself.
  std::stop_source abort_;
  ClusterCache cache_;
  WorkQueue queue_;
  SignalReader reader_;
  Writer writer_;
  Reporter reporter_;
  Reconciler reconciler_;
  Guarded<std::map<ObjectKey, std::string>> failures_;  // What was logged last of a failing object.
  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Progress progress_;
  std::uint64_t changes_ = 0;
  std::uint64_t changes_seen_ = 0;
};

Operator::Operator(Deps deps, Options options) : impl_{std::make_unique<Impl>(deps, std::move(options))} {}
Operator::~Operator() = default;

void Operator::run(const std::stop_token& stop) {
  impl_->run(stop);
}

ops::Health Operator::healthz() const {
  return impl_->healthz();
}

ops::Health Operator::readyz() const {
  return impl_->readyz();
}

std::string Operator::scrape() const {
  return impl_->scrape();
}

}  // namespace evenkeel::controller
