#include "config.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <yaml-cpp/yaml.h>

namespace evenkeel::cli {
namespace {

struct Range {
  long least;
  long most;
};

std::string joined(const std::string& field, const std::string& key) {
  std::string path = field;
  if (!path.empty()) path += '.';
  return path += key;
}

/// Reads nodes into values and collects every complaint, so that a file is mended in one go.
class Reader {
 public:
  explicit Reader(std::string_view name) : name_{name} {}

  using Handler = std::function<void(const YAML::Node& value, const std::string& field)>;
  using Handlers = std::map<std::string, Handler, std::less<>>;

  /// Each key of a map goes to its handler; unknown and repeated ones are faults. A null node is an empty
  /// map.
  void read_map(const YAML::Node& node, const std::string& field, const Handlers& handlers) {
    if (!node.IsDefined() || node.IsNull()) return;
    if (!node.IsMap()) return complain(node, field, "must be a map of fields");
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
      const std::string path = joined(field, key);
      if (!seen.insert(key).second) {
        complain(entry.first, path, "is given twice: remove one");
        continue;
      }
      const auto handler = handlers.find(key);
      if (handler == handlers.end()) {
        complain(entry.first, path, "is not a field; there are: " + names(handlers));
      } else {
        handler->second(entry.second, path);
      }
    }
  }

  void read_text(const YAML::Node& node, const std::string& field, std::string& into) {
    if (!node.IsScalar() || node.Scalar().empty())
      return complain(node, field, "must be a text that is not empty");
    into = node.Scalar();
  }

  template <class T>
  void read_number(const YAML::Node& node, const std::string& field, Range range, T& into) {
    long number = 0;
    if (!node.IsScalar() || !YAML::convert<long>::decode(node, number) || number < range.least ||
        number > range.most) {
      return complain(
          node,
          field,
          "must be a whole number from " + std::to_string(range.least) + " to " + std::to_string(range.most));
    }
    into = T{number};
  }

  void complain(const YAML::Node& node, const std::string& field, const std::string& what) {
    const int line = node.IsDefined() ? node.Mark().line + 1 : 0;
    faults_ += (faults_.empty() ? "" : "\n") + name_ + (line > 0 ? ":" + std::to_string(line) : "") + ": " +
               (field.empty() ? "" : field + ": ") + what;
  }

  [[nodiscard]] const std::string& faults() const { return faults_; }

 private:
  static std::string names(const Handlers& handlers) {
    std::string text;
    for (const auto& [key, handler] : handlers) text += (text.empty() ? "" : ", ") + key;
    return text;
  }

  std::string name_;
  std::string faults_;
};

struct Count {
  explicit Count(long number) : value{static_cast<std::size_t>(number)} {}
  std::size_t value = 0;
};

void read_presets(Reader& reader,
                  const YAML::Node& node,
                  const std::string& field,
                  signals::Presets& presets) {
  if (!node.IsDefined() || node.IsNull()) return;
  if (!node.IsMap()) return reader.complain(node, field, "must be a map from a preset's name to its queries");
  for (const auto& entry : node) {
    const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "?";
    const std::string path = joined(field, name);
    signals::Preset preset;
    reader.read_map(
        entry.second,
        path,
        {{"query", [&](const auto& value, const auto& at) { reader.read_text(value, at, preset.query); }},
         {"timestampQuery",
          [&](const auto& value, const auto& at) { reader.read_text(value, at, preset.timestamp_query); }},
         {"windowSeconds", [&](const auto& value, const auto& at) {
            reader.read_number(value, at, {1, 86'400}, preset.window);
          }}});
    if (preset.query.empty()) reader.complain(entry.first, path + ".query", "is missing: give the PromQL");
    if (preset.timestamp_query.empty()) {
      // A rate over a scrape that has died looks fresh; a preset serves everybody, so it must not.
      reader.complain(entry.first,
                      path + ".timestampQuery",
                      "is missing: give the PromQL for the time of the newest raw sample of each series");
    }
    if (!presets.emplace(name, std::move(preset)).second)
      reader.complain(entry.first, path, "is given twice: remove one");
  }
}

void read_namespaces(Reader& reader,
                     const YAML::Node& node,
                     const std::string& field,
                     std::vector<std::string>& into) {
  if (!node.IsDefined() || node.IsNull()) return;
  if (!node.IsSequence())
    return reader.complain(node, field, "must be a list of names; empty: all namespaces");
  for (std::size_t i = 0; i < node.size(); ++i) {
    std::string name;
    reader.read_text(node[i], field + "[" + std::to_string(i) + "]", name);
    into.push_back(std::move(name));
  }
}

void read_config(Reader& reader, const YAML::Node& root, Config& config) {
  const auto read_level = [&](const YAML::Node& value, const std::string& field) {
    const auto level = value.IsScalar() ? ops::parse_level(value.Scalar()) : std::nullopt;
    if (!level) return reader.complain(value, field, "must be debug, info, warn or error");
    config.log_level = *level;
  };
  const auto read_workers = [&](const YAML::Node& value, const std::string& field) {
    Count count{static_cast<long>(config.workers)};
    reader.read_number(value, field, {1, 64}, count);
    config.workers = count.value;
  };
  const auto read_prometheus = [&](const YAML::Node& value, const std::string& field) {
    reader.read_map(
        value,
        field,
        {{"url",
          [&](const auto& node, const auto& at) { reader.read_text(node, at, config.prometheus_url); }},
         {"timeoutSeconds", [&](const auto& node, const auto& at) {
            reader.read_number(node, at, {1, 60}, config.prometheus_timeout);
          }}});
  };
  reader.read_map(
      root,
      "",
      {{"prometheus", read_prometheus},
       {"tickSeconds",
        [&](const auto& node, const auto& at) { reader.read_number(node, at, {1, 300}, config.tick); }},
       {"workers", read_workers},
       {"listen", [&](const auto& node, const auto& at) { reader.read_text(node, at, config.listen); }},
       {"logLevel", read_level},
       {"watchNamespaces",
        [&](const auto& node, const auto& at) {
          read_namespaces(reader, node, at, config.watch_namespaces);
        }},
       {"presets",
        [&](const auto& node, const auto& at) { read_presets(reader, node, at, config.presets); }}});
}

}  // namespace

Result<Config> parse_config(std::string_view yaml, std::string_view name) {
  Reader reader{name};
  Config config;
  // The library throws for what is no YAML, and for a node that it cannot convert.
  try {
    read_config(reader, YAML::Load(std::string{yaml}), config);
  } catch (const YAML::Exception& problem) {
    return Error{
        ErrorKind::Invalid,
        std::string{name} + ":" + std::to_string(problem.mark.line + 1) + ": not YAML: " + problem.msg};
  }
  if (!reader.faults().empty()) return Error{ErrorKind::Invalid, reader.faults()};
  return config;
}

Result<Config> load_config(const std::string& path) {
  std::ifstream file{path};
  if (!file) {
    return Error{ErrorKind::NotFound,
                 path + ": cannot be read: check the path given with --config and its permissions"};
  }
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  return parse_config(text, path);
}

}  // namespace evenkeel::cli
