#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "evenkeel/base/result.hpp"
#include "evenkeel/ops/log.hpp"
#include "evenkeel/signals/sample_table.hpp"

namespace evenkeel::cli {

/// What `evenkeel run` works with. A flag wins over the file, the file over the default.
/// docs/configuration.md lists the names as they stand in the file.
struct Config {
  std::string prometheus_url = "http://prometheus.monitoring.svc:9090";
  std::chrono::seconds prometheus_timeout{4};  ///< For all queries of one tick. Range [1, 60].
  std::chrono::seconds tick{5};                ///< Between two readings of the signals. Range [1, 300].
  std::size_t workers = 2;                     ///< Objects decided at once. Range [1, 64].
  std::string listen = "0.0.0.0:8080";         ///< Metrics and probes.
  ops::Level log_level = ops::Level::Info;
  std::vector<std::string> watch_namespaces;  ///< Empty: all.
  signals::Presets presets;
};

/// Reads the configuration file's text (YAML).
/// @return Error{Invalid}: every fault, each with `name`, its line, its field and the remedy, one a line.
[[nodiscard]] Result<Config> parse_config(std::string_view yaml, std::string_view name);

/// Reads the file. @return Error{NotFound} when it cannot be read.
[[nodiscard]] Result<Config> load_config(const std::string& path);

}  // namespace evenkeel::cli
