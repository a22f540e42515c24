#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "evenkeel/api/status.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/guarded.hpp"
#include "evenkeel/ops/log.hpp"
#include "evenkeel/ops/metrics.hpp"
#include "evenkeel/signals/sample_table.hpp"
#include "evenkeel/signals/source.hpp"

namespace evenkeel::controller {

using Services = std::vector<std::shared_ptr<const api::ObservedService>>;

/// Keeps the samples of the last tick. One thread reads; any number of threads take the table.
class SignalReader {
 public:
  /// Borrowed; all outlive the reader.
  struct Deps {
    signals::SignalSource& source;
    ops::Metrics& metrics;
    const ops::Logger& log;
    const Clock& clock;
  };
  SignalReader(Deps deps, const signals::Presets& presets, std::chrono::milliseconds timeout)
      : deps_{deps},
        presets_{presets},
        timeout_{timeout} {}

  /// Reads every distinct text that `services` need.
  void read_all(const Services& services, const std::stop_token& stop);
  /// Reads only what no tick has read yet. @return whether there was anything.
  bool read_new(const Services& services, const std::stop_token& stop);

  /// The newest samples; never null.
  [[nodiscard]] std::shared_ptr<const signals::SampleTable> table() const;

 private:
  void read(std::span<const std::string> texts, const std::stop_token& stop);
  void publish(const std::set<signals::QueryPair>& pairs);
  void report(const std::string& text, const signals::TextResult& result);

  const Deps deps_;
  const signals::Presets& presets_;
  const std::chrono::milliseconds timeout_;
  // Touched by the reading thread only.
  std::map<std::string, signals::TextResult> results_;
  std::map<std::string, std::string> problems_;  // By text: what was logged last.
  // Guards itself.
  Guarded<std::shared_ptr<const signals::SampleTable>> table_{std::make_shared<const signals::SampleTable>()};
};

}  // namespace evenkeel::controller
