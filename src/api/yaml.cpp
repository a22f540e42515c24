#include "yaml.hpp"

#include <cmath>
#include <sstream>
#include <utility>

#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "json_tree.hpp"

namespace evenkeel::api {
namespace {

using nlohmann::json;

/// Far more than a manifest holds, far less than what a chain of anchors can grow to.
constexpr std::size_t kNodeBudget = 1'000'000;

/// Builds one document from the parser's events.
class Builder final : public YAML::EventHandler {
 public:
  [[nodiscard]] YamlDocument take() {
    auto document = std::exchange(document_, {});
    anchors_.clear();
    return document;
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, anchor, nullptr); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto target = anchors_.find(anchor);
    // An anchor is known once its node is complete, so an alias inside its own node finds nothing.
    if (target == anchors_.end()) throw YAML::ParserException(mark, "an alias refers to its own parent");
    spend(mark, target->second.nodes);
    add(mark, 0, target->second.value);
  }
  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& text) override {
    const bool is_text = tag == "!" || tag == "tag:yaml.org,2002:str";
    json value = is_text ? json(text) : resolve_scalar(text);
    if (value.is_number_float() && !std::isfinite(value.get<double>())) {
      throw YAML::ParserException(mark, "a number must be finite");
    }
    add(mark, anchor, std::move(value));
  }
  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string&,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, json::array());
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark,
                  const std::string&,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, json::object());
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    json value;
    std::string path;
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    std::size_t nodes_before = 0;
    std::optional<std::string> key;
  };
  struct Anchored {
    json value;
    std::size_t nodes = 0;
  };

  void spend(const YAML::Mark& mark, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > kNodeBudget)
      throw YAML::ParserException(mark, "the document is too large once its anchors are expanded");
  }

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().value.is_object() && !open_.back().key;
  }

  /// Path of the value that comes next.
  [[nodiscard]] std::string next_path() const {
    if (open_.empty()) return "";
    const auto& parent = open_.back();
    if (parent.value.is_array()) return parent.path + "[" + std::to_string(parent.value.size()) + "]";
    return parent.path.empty() ? *parent.key : parent.path + "." + *parent.key;
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, json container) {
    if (expects_key()) throw YAML::ParserException(mark, "a key must be a plain text");
    auto path = next_path();
    document_.lines.try_emplace(path, mark.line + 1);
    open_.push_back({std::move(container), std::move(path), mark, anchor, nodes_, std::nullopt});
  }

  void close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0) anchors_[done.anchor] = {done.value, nodes_ - done.nodes_before};
    attach(done.mark, std::move(done.value));
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, json value) {
    spend(mark, 1);
    if (anchor != 0) anchors_[anchor] = {value, 1};
    if (expects_key()) return take_key(mark, value);
    document_.lines.try_emplace(next_path(), mark.line + 1);
    attach(mark, std::move(value));
  }

  void take_key(const YAML::Mark& mark, const json& value) {
    if (value.is_structured() || value.is_null())
      throw YAML::ParserException(mark, "a key must be a plain text");
    auto& parent = open_.back();
    parent.key = value.is_string() ? value.get<std::string>() : value.dump();
    if (*parent.key == "<<")
      throw YAML::ParserException(mark, "merge keys (<<) are not supported: write the fields out");
    const auto path = next_path();
    if (parent.value.contains(*parent.key)) {
      document_.problems.push_back(
          {path,
           "key \"" + *parent.key + "\" is already set in this map: remove one of the two",
           mark.line + 1});
    }
    document_.lines.insert_or_assign(path, mark.line + 1);
  }

  void attach(const YAML::Mark&, json value) {
    if (open_.empty()) {
      document_.value = std::move(value);
      return;
    }
    auto& parent = open_.back();
    if (parent.value.is_array()) return parent.value.push_back(std::move(value));
    parent.value[*parent.key] = std::move(value);
    parent.key.reset();
  }

  YamlDocument document_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
};

YamlStream read_documents(std::string_view text) {
  YamlStream stream;
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    stream.problem = YamlProblem{"", "not valid UTF-8: save the file as UTF-8", 1};
    return stream;
  }
  try {
    std::istringstream input{std::string{text}};
    YAML::Parser parser{input};
    while (true) {
      // A handler for each document: what one holds half-read must not leak into the next.
      Builder builder;
      if (!parser.HandleNextDocument(builder)) break;
      stream.documents.push_back(builder.take());
    }
  } catch (const YAML::Exception& error) {
    stream.problem = YamlProblem{"", "not valid YAML: " + error.msg, error.mark.line + 1};
  }
  return stream;
}

}  // namespace

YamlStream read_yaml(std::string_view text) {
  auto stream = read_documents(text);
  const auto start = text.find_first_not_of(" \t\r\n");
  if (!stream.problem || start == std::string_view::npos || text[start] != '{') return stream;
  // JSON may be indented by tabs, which YAML forbids.
  auto tree = read_tree(text);
  if (!tree.ok()) return stream;
  YamlDocument document;
  document.value = std::move(tree->value);
  for (const auto& path : tree->duplicates) {
    document.problems.push_back({path, "this field is there twice: remove one of the two", 0});
  }
  return {.documents = {std::move(document)}, .problem = std::nullopt};
}

}  // namespace evenkeel::api
