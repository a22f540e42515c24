#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "judge.hpp"
#include "open_list.hpp"
#include "shrink.hpp"
#include "world.hpp"

/// What always holds, on random services: docs/decision.md. A failure is printed as lines for
/// `evenkeel decide --stream`, ready to be put under tests/regression.
///
///     property [--decisions=10000] [--seed=1] [--length=40] [--keep-going] [--budget=4000] [--open=FILE]
///     property --service=SEED     one service, by the seed that a failure names
///     property FILE...            judges sequences that are kept in files
namespace evenkeel::property {
namespace {

struct Options {
  std::int64_t decisions = 10'000;
  std::uint64_t seed = 1;
  int length = 40;
  int budget = 4000;
  std::optional<std::uint64_t> service;  ///< The seed of one service, as a failure names it: only this one.
  bool keep_going = false;  ///< Show the first failure of every rule instead of ending with the first of all.
  /// Rules that are known to be broken: they are counted and shown, and do not make the run fail.
  std::set<std::string> open;
  std::vector<std::string> files;
};

/// What a run has seen.
struct Tally {
  std::int64_t decisions = 0;
  std::int64_t refused = 0;
  std::map<std::string, std::int64_t> failures;
  std::map<std::string, std::int64_t> refusals;
};

bool value_of(std::string_view argument, std::string_view name, std::string& value) {
  if (!argument.starts_with(name) || argument.size() <= name.size() || argument[name.size()] != '=')
    return false;
  value = argument.substr(name.size() + 1);
  return true;
}

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view argument{arguments[i]};
    std::string value;
    if (value_of(argument, "--decisions", value)) {
      options.decisions = std::strtoll(value.c_str(), nullptr, 10);
    } else if (value_of(argument, "--seed", value)) {
      options.seed = std::strtoull(value.c_str(), nullptr, 10);
    } else if (value_of(argument, "--service", value)) {
      options.service = std::strtoull(value.c_str(), nullptr, 10);
    } else if (value_of(argument, "--length", value)) {
      options.length = static_cast<int>(std::strtol(value.c_str(), nullptr, 10));
    } else if (value_of(argument, "--budget", value)) {
      options.budget = static_cast<int>(std::strtol(value.c_str(), nullptr, 10));
    } else if (value_of(argument, "--open", value)) {
      options.open = read_open(value);
    } else if (argument == "--keep-going") {
      options.keep_going = true;
    } else {
      options.files.emplace_back(argument);
    }
  }
  return options;
}

void show(const std::vector<std::string>& lines, const Violation& violation, std::uint64_t seed, int budget) {
  const auto small = shrink(lines, violation.rule, budget);
  const auto failure = first_failure(small, violation.rule);
  std::cout << "\nRULE " << violation.rule << " is broken (service seed " << seed << "): " << violation.detail
            << "\nshrunk to " << small.size() << " line(s): " << (failure ? failure->violation.detail : "?")
            << "\n";
  for (const auto& line : small) std::cout << line << "\n";
  std::cout << std::flush;
}

/// One service; true when all went well.
bool run_service(std::uint64_t seed, const Options& options, Tally& tally) {
  World world{seed};
  Judge judge;
  std::vector<std::string> lines;
  bool good = true;
  for (int i = 0; i < options.length && tally.decisions < options.decisions; ++i) {
    lines.push_back(world.next(judge.last()).dump());
    const auto violations = judge.judge(lines.back());
    if (judge.last() == nullptr) {
      ++tally.refused;
      ++tally.refusals[judge.refusal().substr(0, 120)];
      if (tally.refused > 200 + 2 * tally.decisions) return good;
    } else {
      ++tally.decisions;
    }
    for (const auto& violation : violations) {
      const bool is_open = options.open.contains(violation.rule);
      good = good && is_open;
      if (++tally.failures[violation.rule] == 1 && !is_open) show(lines, violation, seed, options.budget);
    }
    if (!violations.empty()) break;  // What follows may be only its consequence.
  }
  return good;
}

int run_random(const Options& options) {
  Tally tally;
  std::uint64_t services = 0;
  while (tally.decisions < options.decisions) {
    if (!run_service(options.seed * 1'000'003 + services, options, tally) && !options.keep_going) break;
    ++services;
    if (tally.refused > 200 + 2 * tally.decisions) break;
  }
  std::cout << tally.decisions << " decisions on " << services << " services, seed " << options.seed << "; "
            << tally.refused << " snapshots refused\n";
  for (const auto& [text, count] : tally.refusals) std::cout << "  refused " << count << ": " << text << "\n";
  bool holds = true;
  for (const auto& [rule, count] : tally.failures) {
    const bool is_open = options.open.contains(rule);
    holds = holds && is_open;
    std::cout << (is_open ? "  OPEN, broken in " : "  BROKEN in ") << count << " services: " << rule << "\n";
  }
  // A generator whose services are refused proves nothing.
  const bool proves = tally.refused * 20 <= tally.decisions;
  if (!proves) std::cout << "  more than a twentieth of the snapshots was refused\n";
  return holds && proves ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_one(const Options& options) {
  Tally tally;
  const bool good = run_service(*options.service, options, tally);
  std::cout << tally.decisions << " decisions, " << (good ? "no rule broken\n" : "a rule is broken\n");
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_files(const std::vector<std::string>& files) {
  int broken = 0;
  for (const auto& file : files) {
    std::ifstream stream{file};
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    const auto failure = first_failure(lines);
    if (lines.empty()) std::cout << file << ": no lines\n";
    if (failure) {
      std::cout << file << ":" << failure->line + 1 << ": " << failure->violation.rule << ": "
                << failure->violation.detail << "\n";
    }
    if (lines.empty() || failure) ++broken;
  }
  std::cout << files.size() << " sequences judged, " << broken << " broken\n";
  return broken == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace evenkeel::property

int main(int count, char** arguments) {
  using namespace evenkeel::property;
  const auto options = parse(count, arguments);
  if (options.service) return run_one(options);
  return options.files.empty() ? run_random(options) : run_files(options.files);
}
