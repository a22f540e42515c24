#pragma once

#include <string>

#include "command.hpp"

namespace evenkeel::cli {

/// `evenkeel run`, the operator. Works until SIGTERM or SIGINT.
///
/// Its exit code is kDone after such an end, kBadInput when the configuration is bad, kUnreachable when there
/// is no usable way to the API server or the address for metrics and probes cannot be bound.
[[nodiscard]] Runner declare_run(CLI::App& app);

/// Who this process is among its replicas, as events tell: the pod's name from POD_NAME, else the host's.
[[nodiscard]] std::string instance_name();

}  // namespace evenkeel::cli
