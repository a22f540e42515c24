#pragma once

#include "evenkeel/ops/metrics.hpp"

namespace CLI {
class App;
}

namespace evenkeel::cli {

/// Adds `evenkeel run`, the operator. When it is chosen it works until SIGTERM or SIGINT and sets `exit_code`: 0
/// after such an end, 1 when the configuration is bad, 3 when there is no usable way to the API server or the
/// address for metrics and probes cannot be bound. Both arguments must outlive the parsing.
void add_run_command(CLI::App& app, const ops::BuildInfo& build, int& exit_code);

}  // namespace evenkeel::cli
