#include "open_list.hpp"

#include <fstream>

namespace evenkeel::property {

std::set<std::string> read_open(const std::string& file) {
  std::set<std::string> entries;
  std::ifstream stream{file};
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty() && !line.starts_with('#')) entries.insert(line.substr(0, line.find('\t')));
  }
  return entries;
}

}  // namespace evenkeel::property
