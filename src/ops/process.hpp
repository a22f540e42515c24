#pragma once

#include <optional>

namespace evenkeel::ops {

/// What /proc says of this process. Empty where it cannot be read.
struct ProcessFigures {
  std::optional<double> cpu_seconds;
  std::optional<double> resident_bytes;
  std::optional<double> virtual_bytes;
  std::optional<double> open_fds;
  std::optional<double> max_fds;
  std::optional<double> start_time_seconds;
  std::optional<double> threads;
};

[[nodiscard]] ProcessFigures read_process_figures();

}  // namespace evenkeel::ops
