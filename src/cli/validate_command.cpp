#include "validate_command.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <istream>
#include <memory>
#include <ostream>
#include <sstream>
#include <system_error>
#include <utility>

#include <CLI/CLI.hpp>

#include "evenkeel/api/validate.hpp"
#include "evenkeel/base/result.hpp"

namespace evenkeel::cli {
namespace {

Result<std::string> read_file(const std::string& path, std::istream& in) {
  errno = 0;
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  // operator<< takes the exception that reading a folder throws, and leaves its errno.
  std::ostringstream text;
  text << (path == "-" ? in : file).rdbuf();
  if (errno != 0) return Error{ErrorKind::Invalid, std::generic_category().message(errno)};
  return std::move(text).str();
}

bool check_file(const std::string& path, Streams& streams) {
  const auto text = read_file(path, streams.in);
  if (!text.ok()) {
    streams.err << "evenkeel validate: " << path << " cannot be read: " << text.error().message << '\n';
    return false;
  }
  const auto violations = api::validate_manifest(*text);
  for (const auto& violation : violations) {
    streams.out << path << ':' << std::max(violation.line, 1) << ": ";
    if (!violation.field.empty()) streams.out << violation.field << ": ";
    streams.out << violation.message << '\n';
  }
  return violations.empty();
}

}  // namespace

int validate(const std::vector<std::string>& files, Streams& streams) {
  bool all_well = true;
  for (const auto& file : files) all_well = check_file(file, streams) && all_well;
  return all_well ? kDone : kBadInput;
}

Runner declare_validate(CLI::App& app) {
  auto files = std::make_shared<std::vector<std::string>>();
  app.add_option("-f,--filename", *files, "Manifest files, YAML or JSON; - is stdin")
      ->required()
      ->type_name("FILE");
  return [files](Streams& streams) { return validate(*files, streams); };
}

}  // namespace evenkeel::cli
