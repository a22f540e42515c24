#pragma once

#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include <yaml-cpp/yaml.h>

namespace evenkeel::kube {

/// What is wrong with a file, in a form that a person can act on. Does not leave the file that throws it.
struct FileFault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A mapping of a YAML file together with its place, so that every complaint can name it.
class YamlSection {
 public:
  YamlSection(const YAML::Node& node, std::string place) : node_{node}, place_{std::move(place)} {
    if (!node_.IsDefined() || node_.IsNull()) return;
    if (!node_.IsMap()) throw FileFault{place_ + ": must be a mapping"};
    std::set<std::string> keys;
    for (const auto& entry : node_) {
      // The library keeps both and reads the first; kubectl refuses the file.
      const auto key = entry.first.as<std::string>();
      if (!keys.insert(key).second) throw FileFault{name_of(key) + ": is there twice; remove one"};
    }
  }

  [[nodiscard]] bool has(const std::string& key) const {
    return node_.IsMap() && node_[key].IsDefined() && !node_[key].IsNull();
  }

  /// The text of a scalar; empty when it is absent.
  [[nodiscard]] std::string text(const std::string& key) const {
    if (!has(key)) return {};
    if (!node_[key].IsScalar()) throw FileFault{name_of(key) + ": must be a text"};
    return node_[key].Scalar();
  }

  [[nodiscard]] bool flag(const std::string& key) const {
    const auto value = text(key);
    if (value.empty() || value == "false") return false;
    if (value != "true") throw FileFault{name_of(key) + ": must be true or false"};
    return true;
  }

  /// The mapping `body` of the entry called `name` in the list `list`, as kubeconfig keeps its parts.
  [[nodiscard]] YamlSection entry(const std::string& list,
                                  const std::string& name,
                                  const std::string& body) const {
    if (has(list)) {
      if (!node_[list].IsSequence()) throw FileFault{name_of(list) + ": must be a list"};
      std::size_t index = 0;
      for (const YAML::Node& item : node_[list]) {
        const YamlSection section{item, name_of(list) + "[" + std::to_string(index++) + "]"};
        if (section.text("name") == name) return {item[body], section.name_of(body)};
      }
    }
    throw FileFault{name_of(list) + ": has no entry named \"" + name + "\""};
  }

  [[nodiscard]] std::string name_of(const std::string& key) const {
    return place_.empty() ? key : place_ + "." + key;
  }

 private:
  YAML::Node node_;
  std::string place_;
};

}  // namespace evenkeel::kube
