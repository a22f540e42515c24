#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "open_list.hpp"
#include "verdict.hpp"

/// Random services in closed loop with decide(): on steady load each has to come to rest.
///
///     closed_loop [--services=10000] [--seed=1] [--open=FILE]   in FILE a kind, or "service SEED", a line
///     closed_loop --service=SEED [--lines]   one service: its course as a table, or its snapshots;
///                 [--variety=plain|readings] with less left to chance: see Variety
namespace evenkeel::closed_loop {
namespace {

struct Options {
  std::uint64_t services = 10'000;
  std::uint64_t seed = 1;
  std::uint64_t one = 0;  ///< The seed of a single service; 0: many.
  std::set<std::string> open;
  bool lines = false;
  Variety variety = Variety::All;
};

bool take_number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

/// @return false where it is no argument of this program, or has a value that it may not have.
bool take(std::string_view argument, Options& options) {
  const auto split = std::min(argument.find('='), argument.size());
  const auto name = argument.substr(0, split);
  const auto value = argument.substr(std::min(split + 1, argument.size()));
  if (name == "--services") return take_number(value, options.services);
  if (name == "--seed") return take_number(value, options.seed);
  if (name == "--service") return take_number(value, options.one);
  if (name == "--open") {
    options.open = property::read_open(std::string{value});
  } else if (argument == "--lines") {
    options.lines = true;
  } else if (argument == "--variety=plain") {
    options.variety = Variety::Plain;
  } else if (argument == "--variety=readings") {
    options.variety = Variety::Readings;
  } else {
    return false;
  }
  return true;
}

int show(std::uint64_t seed, Variety variety, bool lines) {
  const auto course = run_course(seed, variety, true);
  const Model model{seed, variety};
  for (const auto& text : lines ? course.lines : course.table) std::cout << text << "\n";
  if (lines) return EXIT_SUCCESS;
  std::cout << model.spec().dump() << "\n" << to_string(model.disturbance()) << "\n";
  for (const auto& problem : course.problems) std::cout << problem << "\n";
  return course.problems.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

using Counts = std::map<std::string, std::uint64_t>;

void count(const Passed& passed, Counts& counts) {
  counts["three or more backends"] += passed.three_backends;
  counts["computed proportions at 80 % utilisation"] += passed.hot;
  counts["full maximum"] += passed.full;
  counts["surge 0"] += passed.no_surge;
  counts["panic"] += passed.panic;
  counts["probation"] += passed.probation;
  counts["unknown demand"] += passed.unknown_demand;
  counts["shares that do not divide evenly"] += passed.uneven;
  counts["readings over several decisions"] += passed.windows;
  counts["a metric of pods"] += passed.pods;
  counts["several backends sized by a Value"] += passed.value;
  counts["small backends, or minimums of their own"] += passed.minimums;
}

int run(std::uint64_t services, std::uint64_t seed, const std::set<std::string>& open) {
  Counts counts;
  Counts problems;
  std::map<std::string, std::string> examples;
  std::uint64_t restless = 0;
  std::uint64_t not_open = 0;
  std::uint64_t swings = 0;
  for (std::uint64_t i = 0; i < services; ++i) {
    const auto own = seed * 1'000'003 + i;
    const auto course = run_course(own, Variety::All, false);
    count(course.passed, counts);
    restless += !course.problems.empty();
    swings += course.passed.swings;
    std::map<std::string, std::string> kinds;
    for (const auto& problem : course.problems) kinds.emplace(problem.substr(0, problem.find(':')), problem);
    for (const auto& [kind, problem] : kinds) {
      not_open += open.contains(kind) || open.contains("service " + std::to_string(own)) ? 0 : 1;
      const auto key = kind + " after " + to_string(Model{own, Variety::All}.disturbance());
      ++problems[key];
      examples.emplace(key, "--service=" + std::to_string(own) + " " + problem);
    }
  }
  std::cout << services << " services, " << kDecisions << " decisions each, with windows more, seed " << seed
            << "; " << restless << " went wrong, " << swings << " swing as upstream does and say so\n";
  bool covered = true;
  for (const auto& [name, share] : counts) {
    std::cout << "  " << name << ": " << 100.0 * static_cast<double>(share) / static_cast<double>(services)
              << " %\n";
    covered = covered && (share * 50 >= services || open.contains(name));
  }
  if (!covered) std::cout << "  a part of what has to be seen is under 2 %\n";
  for (const auto& [key, share] : problems)
    std::cout << "  WRONG " << share << ": " << key << "; " << examples[key] << "\n";
  return not_open == 0 && covered ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace evenkeel::closed_loop

int main(int count, char** arguments) {
  using namespace evenkeel::closed_loop;
  Options options;
  for (int i = 1; i < count; ++i) {
    if (take(arguments[i], options)) continue;
    std::cerr
        << "closed_loop: " << arguments[i]
        << ": give --services=N, --seed=N, --open=FILE, --service=N, --lines or --variety=plain|readings\n";
    return 2;
  }
  if (options.one != 0) return show(options.one, options.variety, options.lines);
  return run(options.services, options.seed, options.open);
}
