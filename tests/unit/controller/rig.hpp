#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "evenkeel/ops/log.hpp"
#include "evenkeel/ops/metrics.hpp"
#include "evenkeel/signals/sample_table.hpp"
#include "evenkeel/signals/source.hpp"

#include "fake_cluster.hpp"
#include "manual_clock.hpp"
#include "reconciler.hpp"
#include "shop_objects.hpp"
#include "signal_reader.hpp"

namespace evenkeel::controller {

/// Prometheus as a table from text to result. Unknown texts are no PromQL.
class FakeSignals final : public signals::SignalSource {
 public:
  std::vector<signals::TextResult> read(std::span<const std::string> texts,
                                        Monotonic,
                                        const std::stop_token&) override {
    const std::scoped_lock lock{mutex_};
    std::vector<signals::TextResult> out;
    for (const auto& text : texts) {
      asked_.push_back(text);
      const auto found = results_.find(text);
      if (found != results_.end()) {
        out.push_back(found->second);
      } else {
        out.emplace_back();
        out.back().error = signals::QueryError{signals::QueryProblem::BadQuery, "not PromQL: " + text};
      }
    }
    return out;
  }

  /// Requests per second of the shop at `time`, as the preset "rps" reads them.
  void set_load(double blue, WallTime time) {
    const signals::Labels labels{{"namespace", "store"}, {"service", "shop-blue"}};
    const double seconds = std::chrono::duration<double>(time.time_since_epoch()).count();
    set("rps", {{labels, blue}});
    set("rps_time", {{labels, seconds}});
  }
  void set(const std::string& text, std::vector<signals::Series> series) {
    const std::scoped_lock lock{mutex_};
    results_[text].series = std::move(series);
    results_[text].error.reset();
  }
  /// Of the series that are set, before or after.
  void warn(const std::string& text, const std::string& warning) {
    const std::scoped_lock lock{mutex_};
    results_[text].warning = warning;
  }
  void fail(const std::string& text, const std::string& message) {
    const std::scoped_lock lock{mutex_};
    results_[text].series.clear();
    results_[text].error = signals::QueryError{signals::QueryProblem::Unreachable, message};
  }
  [[nodiscard]] std::vector<std::string> asked() const {
    const std::scoped_lock lock{mutex_};
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, signals::TextResult> results_;
  std::vector<std::string> asked_;
};

inline const signals::Presets& rig_presets() {
  static const signals::Presets kPresets{{"RequestsPerSecond", {"rps", "rps_time", std::chrono::seconds{8}}}};
  return kPresets;
}

/// One process of the operator around a cluster that outlives it, driven by hand: `deliver` moves what
/// happened in the cluster into the caches, `pass` decides, `tick` reads the signals.
class Process {
 public:
  Process(testing::FakeCluster& cluster,
          testing::FakeEvents& events,
          FakeSignals& source,
          testing::ManualClock& clock)
      : cluster_{cluster},
        clock_{clock},
        reader_{{source, metrics, log_, clock}, rig_presets(), std::chrono::seconds{4}},
        writer_{{cluster, cache, metrics, log_, clock}, {}},
        reporter_{events, log_},
        reconciler_{{.cache = cache,
                     .writer = writer_,
                     .reporter = reporter_,
                     .metrics = metrics,
                     .clock = clock,
                     .presets = rig_presets(),
                     .samples = [this] { return reader_.table(); },
                     .await_samples = [this](const ObjectKey& key) { awaiting.insert(key); }},
                    {}} {}

  /// Takes in everything that has happened since the last time. @return whom it concerns at once.
  std::set<ObjectKey> deliver() {
    static const std::map<std::string, Watched> kKinds{{"loadbalancedservices", Watched::LoadBalancedService},
                                                       {"deployments", Watched::Deployment},
                                                       {"services", Watched::Service},
                                                       {"endpointslices", Watched::EndpointSlice},
                                                       {"httproutes", Watched::HttpRoute}};
    std::set<ObjectKey> at_once;
    const auto changes = cluster_.changes(delivered_);
    for (const auto& change : changes) {
      const auto kind = change.type == "DELETED" ? kube::ChangeKind::Deleted : kube::ChangeKind::Applied;
      Impact impact = cache.apply(kKinds.at(change.plural), kind, change.key, change.object.dump());
      at_once.merge(impact.at_once);
    }
    delivered_ += changes.size();
    return at_once;
  }

  /// @return whether it went well; `last` says what did not.
  bool pass(const std::string& name = "shop") {
    last = reconciler_.reconcile({"store", name});
    return last.ok();
  }
  void read_signals() { reader_.read_all(cache.services(), {}); }

  /// A whole tick of the operator, after `seconds`.
  void tick(int seconds = 5) {
    clock_.advance(std::chrono::seconds{seconds});
    deliver();
    read_signals();
    for (const auto& key : cache.keys()) pass(key.name);
    deliver();
  }

  ClusterCache cache;
  ops::Metrics metrics{{}};
  std::set<ObjectKey> awaiting;
  std::vector<std::string> log_lines;
  Result<Done> last = Done{};

 private:
  testing::FakeCluster& cluster_;
  testing::ManualClock& clock_;
  ops::Logger log_{
      ops::Level::Debug, clock_, [this](std::string_view line) { log_lines.emplace_back(line); }};
  SignalReader reader_;
  Writer writer_;
  Reporter reporter_;
  Reconciler reconciler_;
  std::size_t delivered_ = 0;
};

}  // namespace evenkeel::controller
