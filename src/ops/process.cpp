#include "process.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace evenkeel::ops {
namespace {

/// Fields of /proc/self/stat from the third on: the second, the program's name, may contain anything.
std::vector<double> stat_fields() {
  std::ifstream file{"/proc/self/stat"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const std::size_t end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return {};
  std::istringstream rest{text.substr(end_of_name + 1)};
  std::string state;
  rest >> state;
  std::vector<double> fields{0};
  for (double value = 0; rest >> value;) fields.push_back(value);
  return fields;
}

std::optional<double> boot_time() {
  std::ifstream file{"/proc/stat"};
  for (std::string word; file >> word;) {
    if (double seconds = 0; word == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<double> count_open_fds() {
  std::error_code problem;
  double count = 0;
  for (auto it = std::filesystem::directory_iterator{"/proc/self/fd", problem};
       !problem && it != std::filesystem::directory_iterator{};
       it.increment(problem)) {
    ++count;
  }
  // One of them is the listing itself.
  return problem ? std::nullopt : std::optional{count - 1};
}

}  // namespace

ProcessFigures read_process_figures() {
  ProcessFigures figures;
  // Positions by proc(5), counted from field 3 (state).
  constexpr std::size_t kUserTicks = 11;
  constexpr std::size_t kSystemTicks = 12;
  constexpr std::size_t kThreads = 17;
  constexpr std::size_t kStartTicks = 19;
  constexpr std::size_t kVirtualBytes = 20;
  constexpr std::size_t kResidentPages = 21;
  const auto fields = stat_fields();
  if (fields.size() > kResidentPages) {
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    figures.cpu_seconds = (fields[kUserTicks] + fields[kSystemTicks]) / ticks;
    figures.threads = fields[kThreads];
    figures.virtual_bytes = fields[kVirtualBytes];
    figures.resident_bytes = fields[kResidentPages] * static_cast<double>(sysconf(_SC_PAGESIZE));
    if (const auto boot = boot_time()) figures.start_time_seconds = *boot + fields[kStartTicks] / ticks;
  }
  figures.open_fds = count_open_fds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_fds = static_cast<double>(limit.rlim_cur);
  return figures;
}

}  // namespace evenkeel::ops
