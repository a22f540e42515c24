#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/kube/api_client.hpp"
#include "evenkeel/kube/event_recorder.hpp"
#include "evenkeel/ops/log.hpp"
#include "evenkeel/ops/metrics.hpp"
#include "evenkeel/ops/server.hpp"
#include "evenkeel/signals/sample_table.hpp"
#include "evenkeel/signals/source.hpp"

/// The loop: what is watched and measured becomes decisions, and decisions become writes.
namespace evenkeel::controller {

struct Options {
  std::chrono::milliseconds tick{5'000};           ///< Between two readings of the signals. Must be > 0.
  std::chrono::milliseconds query_timeout{4'000};  ///< For all queries of one tick. Must be > 0.
  std::size_t workers = 2;                         ///< Objects decided at once. Range [1, 64].
  std::vector<std::string> watch_namespaces;       ///< Empty: all.
  signals::Presets presets;
  api::Settings settings;
  std::shared_ptr<const TimeZones> time_zones;  ///< Of schedules. Null: only UTC is known.
  int schema_revision = 1;  ///< The oldest revision of the CRD that this binary can work with.
  std::uint64_t seed = 0;   ///< Spreads the pauses of replicas; any number.
};

/// The operator without its wiring. Thread-safe.
class Operator {
 public:
  /// Borrowed; all outlive the operator. `clock` must run (waiting is real).
  struct Deps {
    kube::Api& api;
    kube::ListWatch& list_watch;
    kube::EventSink& events;
    signals::SignalSource& signals;
    ops::Metrics& metrics;
    const ops::Logger& log;
    const Clock& clock;
  };
  Operator(Deps deps, Options options);
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
  ~Operator();

  /// Works until `stop` is requested, then returns within about two seconds; passes under way are finished
  /// first.
  ///
  /// Waits, not ready and saying why, while the CRD is missing or older than the binary needs, until every
  /// cache has been filled, and until the first samples have been read. Nothing ends it but `stop`. Call it
  /// once.
  void run(const std::stop_token& stop);

  /// For the probes: not healthy when the work stands still for minutes; ready once decisions are being made.
  [[nodiscard]] ops::Health healthz() const;
  [[nodiscard]] ops::Health readyz() const;
  /// The text of /metrics.
  [[nodiscard]] std::string scrape() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace evenkeel::controller
