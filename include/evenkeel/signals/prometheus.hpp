#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/result.hpp"
#include "evenkeel/signals/source.hpp"

namespace evenkeel::signals {

struct PrometheusOptions {
  std::string url;  ///< `http://host:port[/prefix]`, the root of the HTTP API.
  std::size_t body_bytes = std::size_t{32} << 20U;  ///< A longer answer is an error. Must be > 0.
  std::size_t series = 100'000;                     ///< More series in one answer are an error.
  std::size_t concurrency = 4;                      ///< Queries under way at once. Must be > 0.
};

/// A source that asks the HTTP API of Prometheus (or of what speaks it). Connects to nothing yet; no
/// credentials are sent, no redirect is followed. `clock` is borrowed and outlives the source.
/// @return Error{Invalid}, naming the option, when the URL cannot be used.
[[nodiscard]] Result<std::unique_ptr<SignalSource>> make_prometheus_source(PrometheusOptions options,
                                                                           const Clock& clock);

}  // namespace evenkeel::signals
