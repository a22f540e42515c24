#include <algorithm>
#include <array>
#include <iterator>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "command.hpp"
#include "decide_command.hpp"
#include "run_command.hpp"
#include "validate_command.hpp"
#include "version_command.hpp"

namespace evenkeel::cli {
namespace {

struct Command {
  const char* name;
  const char* summary;
  Declare declare;
};

constexpr auto kCommands = std::to_array<Command>({
    {"run", "The operator: watch, decide and write until told to stop", declare_run},
    {"decide", "One decision from a snapshot on stdin, as JSON", declare_decide},
    {"validate", "Check manifests as the API server would, offline", declare_validate},
    {"version", "Print version, commit and libraries", declare_version},
});

std::string command_names() {
  std::string names;
  for (const auto& command : kCommands) names += (names.empty() ? "" : ", ") + std::string{command.name};
  return names;
}

bool is_command(std::string_view word) {
  return std::ranges::any_of(kCommands, [&](const Command& command) { return word == command.name; });
}

int refuse(const std::string& what, Streams& streams) {
  streams.err << "evenkeel: " << what << ": use one of " << command_names() << "\nSee 'evenkeel --help'.\n";
  return kUsage;
}

int explain(const CLI::App& app, const CLI::ParseError& error, Streams& streams) {
  const auto chosen = app.get_subcommands();
  const std::string name = chosen.empty() ? "evenkeel" : "evenkeel " + chosen.front()->get_name();
  streams.err << name << ": " << error.what() << "\nSee '" << name << " --help'.\n";
  return kUsage;
}

}  // namespace

int run_program(int argc, const char* const* argv, Streams& streams) {
  if (argc == 0) return refuse("no command given", streams);
  if (argv[0][0] != '-' && !is_command(argv[0])) {
    return refuse("unknown command " + std::string{argv[0]}, streams);
  }
  CLI::App app{"Evenkeel shares and sizes what carries a service's traffic.", "evenkeel"};
  app.set_version_flag("--version", version_line());
  std::vector<std::pair<const CLI::App*, Runner>> runners;
  for (const auto& command : kCommands) {
    auto* const flags = app.add_subcommand(command.name, command.summary);
    runners.emplace_back(flags, command.declare(*flags));
  }
  try {
    // CLI11 takes the arguments from the back.
    app.parse(
        std::vector<std::string>(std::make_reverse_iterator(argv + argc), std::make_reverse_iterator(argv)));
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    streams.out << (chosen.empty() ? app : *chosen.front()).help();
    return kDone;
  } catch (const CLI::CallForVersion& version) {
    streams.out << version.what() << '\n';
    return kDone;
  } catch (const CLI::ParseError& error) {
    return explain(app, error, streams);
  }
  for (const auto& [flags, run] : runners) {
    if (flags->parsed()) return run(streams);
  }
  return refuse("no command given", streams);
}

}  // namespace evenkeel::cli
