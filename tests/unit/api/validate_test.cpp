#include "evenkeel/api/validate.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository.hpp"
#include "rules.hpp"
#include "schema.hpp"

namespace evenkeel::api {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::Field;
using testing::UnorderedElementsAre;

std::string read_file(const fs::path& path) {
  const std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

/// What a manifest of the corpus declares about itself: `# field: spec.mode`.
std::string header(const std::string& text, const std::string& name) {
  const auto mark = "# " + name + ": ";
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line) && line.starts_with("#");) {
    if (line.starts_with(mark)) return line.substr(mark.size());
  }
  return "";
}

std::vector<fs::path> corpus(const std::string& folder) {
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator{testing_support::repository() / "tests/contract/crd" / folder}) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::string print(const std::vector<Violation>& violations) {
  std::string text;
  for (const auto& violation : violations) {
    text += std::to_string(violation.line) + ": " + violation.field + ": " + violation.message + "\n";
  }
  return text;
}

class GoodManifest : public testing::TestWithParam<fs::path> {};
class BadManifest : public testing::TestWithParam<fs::path> {};

TEST_P(GoodManifest, IsAccepted) {
  const auto violations = validate_manifest(read_file(GetParam()));
  EXPECT_TRUE(violations.empty()) << print(violations);
}

TEST_P(BadManifest, IsRefusedForItsField) {
  const auto text = read_file(GetParam());
  const auto field = header(text, "field");
  const auto message = header(text, "message");
  ASSERT_FALSE(field.empty());
  const auto violations = validate_manifest(text);
  const bool named = std::ranges::any_of(violations, [&](const Violation& violation) {
    return violation.field == field && violation.message.find(message) != std::string::npos &&
           violation.line > 0;
  });
  EXPECT_TRUE(named) << "wanted " << field << ": " << message << "\ngot\n" << print(violations);
}

const auto kFileName = [](const auto& file) { return file.param.stem().string(); };
INSTANTIATE_TEST_SUITE_P(Corpus, GoodManifest, testing::ValuesIn(corpus("good")), kFileName);
INSTANTIATE_TEST_SUITE_P(Corpus, BadManifest, testing::ValuesIn(corpus("bad")), kFileName);

bool is_name(const std::string& name) {
  const auto violations =
      validate_manifest("apiVersion: evenkeel.dev/v1alpha1\nkind: LoadBalancedService\nmetadata: {name: \"" +
                        name + "\"}\nspec: {}\n");
  return std::ranges::find(violations, "metadata.name", &Violation::field) == violations.end();
}

TEST(ValidateManifest, NamesAreSubdomains) {
  for (const auto& name : {"a", "z", "0", "9", "az.09-a", "a--b", "a.b"}) EXPECT_TRUE(is_name(name)) << name;
  for (const auto& name :
       {"", "A", "a`", "a{", "a/", "a:", "-a", "a-", ".a", "a.", "a..b", "a.-b", "a-.b", "a_b"})
    EXPECT_FALSE(is_name(name)) << name;
  EXPECT_TRUE(is_name(std::string(253, 'a')));
  EXPECT_FALSE(is_name(std::string(254, 'a')));
}

TEST(ValidateManifest, EveryItemOfAListIsChecked) {
  const auto violations = validate_manifest(
      "apiVersion: v1\n"
      "kind: List\n"
      "items:\n"
      "- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"
      "- {apiVersion: evenkeel.dev/v1alpha1, kind: LoadBalancedService, metadata: {name: B}, spec: {}}\n");
  EXPECT_THAT(violations, testing::Contains(testing::Field(&Violation::field, "items[1].metadata.name")))
      << print(violations);
  EXPECT_THAT(violations, testing::Each(testing::Field(&Violation::field, testing::StartsWith("items[1]."))))
      << print(violations);
}

TEST(ValidateManifest, ANameThatIsNoTextIsMissing) {
  const auto violations = validate_manifest(
      "apiVersion: evenkeel.dev/v1alpha1\nkind: LoadBalancedService\nmetadata: {name: 5}\nspec: {}\n");
  EXPECT_THAT(violations, testing::Contains(testing::Field(&Violation::field, "metadata.name")))
      << print(violations);
}

/// A small service with other lines in place of its type and its metadata.
std::string service_with(const std::string& head) {
  return head + "\nspec: {backends: [{name: blue, serviceRef: {name: shop-blue}}]}\n";
}

TEST(ValidateManifest, AGeneratedNameIsOneAndLabelsAreTexts) {
  const std::string type = "apiVersion: evenkeel.dev/v1alpha1\nkind: LoadBalancedService\n";
  for (const char* metadata : {"{generateName: shop-}",
                               "{name: shop, labels: {}}",
                               "{name: shop, labels: null}",
                               "{name: shop, labels: {a: x, b: \"5\"}, annotations: {c: z}}"}) {
    const auto violations = validate_manifest(service_with(type + "metadata: " + metadata));
    EXPECT_THAT(violations, testing::IsEmpty()) << metadata << print(violations);
  }
  for (const char* labels : {"{a: x, b: 5}", "{b: 5, a: x}", "{a: true}", "[]", "x"}) {
    const auto violations =
        validate_manifest(service_with(type + "metadata: {name: shop, labels: " + labels + "}"));
    EXPECT_THAT(violations, ElementsAre(Field(&Violation::field, "metadata.labels"))) << labels;
  }
}

TEST(ValidateManifest, OurGroupKnowsOneKindInOneVersion) {
  struct Row {
    std::string type;
    std::string field;
  };
  for (const auto& [type, field] :
       std::vector<Row>{{"{apiVersion: v1, kind: LoadBalancedService}", "apiVersion"},
                        {"{kind: LoadBalancedService}", "apiVersion"},
                        {"{apiVersion: evenkeel.dev/v1alpha1, kind: Fleet}", "kind"},
                        {"{apiVersion: evenkeel.dev/v9, kind: Fleet}", "kind"}}) {
    const auto violations = validate_manifest(type);
    EXPECT_THAT(violations, ElementsAre(Field(&Violation::field, field))) << type << print(violations);
  }
  EXPECT_THAT(validate_manifest("{apiVersion: apps/v1, kind: Deployment}"), testing::IsEmpty());
}

TEST(ValidateManifest, OnlyTheItemsOfAListAreObjects) {
  const std::string broken =
      "[{apiVersion: evenkeel.dev/v1alpha1, kind: LoadBalancedService, metadata: {name: B}}]";
  for (const auto& text : {"{apiVersion: v1, kind: List}",
                           "{apiVersion: v1, kind: List, items: none}",
                           "{apiVersion: v1, kind: List, items: {a: b}}"}) {
    EXPECT_THAT(validate_manifest(text), testing::IsEmpty()) << text;
  }
  EXPECT_THAT(validate_manifest("{apiVersion: example.com/v1, kind: Menu, items: " + broken + "}"),
              testing::IsEmpty());
  EXPECT_THAT(validate_manifest("{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: " +
                                broken + "}]}"),
              testing::IsEmpty())
      << "kubectl does not look into a list within a list either";
}

TEST(ValidateManifest, KeysAreComparedOnlyWhereEveryItemCanHaveOne) {
  const std::string head =
      "apiVersion: evenkeel.dev/v1alpha1\nkind: LoadBalancedService\nmetadata: {name: shop}\n";
  const auto mixed =
      validate_manifest(head + "spec: {backends: [{name: blue, serviceRef: {name: a}}, text, text]}");
  EXPECT_THAT(mixed,
              UnorderedElementsAre(Field(&Violation::field, "spec.backends[1]"),
                                   Field(&Violation::field, "spec.backends[2]")))
      << print(mixed);
}

TEST(BuiltInCrd, HasAnAnswerToEveryRuleAndKeyword) {
  EXPECT_THAT(built_in_crd().unknown_rules, testing::IsEmpty());
  EXPECT_THAT(built_in_crd().unknown_keywords, testing::IsEmpty());
}

void collect_rules(const Schema& schema, std::vector<std::string>& texts) {
  for (const auto& rule : schema.rules) texts.push_back(rule.text);
  for (const auto& [name, child] : schema.properties) collect_rules(*child, texts);
  if (schema.items) collect_rules(*schema.items, texts);
  if (schema.additional_properties) collect_rules(*schema.additional_properties, texts);
}

TEST(RuleTable, HoldsNoRuleThatTheCrdLacks) {
  std::vector<std::string> texts;
  collect_rules(built_in_crd().root, texts);
  for (const auto known : known_rules()) EXPECT_NE(std::ranges::find(texts, known), texts.end()) << known;
}

TEST(BuiltInCrd, IsTheFileToTheByte) {
  EXPECT_EQ(crd_yaml(),
            read_file(testing_support::repository() / "crds/evenkeel.dev_loadbalancedservices.yaml"));
}

TEST(BuiltInCrd, HasTheRevisionOfItsAnnotation) {
  EXPECT_GE(schema_revision(), 1);
  const auto annotation = "evenkeel.dev/schema-revision: \"" + std::to_string(schema_revision()) + "\"";
  EXPECT_THAT(std::string{crd_yaml()}, testing::HasSubstr(annotation));
}

}  // namespace
}  // namespace evenkeel::api
