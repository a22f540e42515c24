#include "yaml.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evenkeel::api {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct ScalarRow {
  std::string name;
  std::string text;
  json value;
};
void PrintTo(const ScalarRow& row, std::ostream* os) {
  *os << row.name;
}
class PlainScalar : public testing::TestWithParam<ScalarRow> {};

TEST_P(PlainScalar, HasTheTypeThatKubectlGivesIt) {
  const auto stream = read_yaml("key: " + GetParam().text);
  ASSERT_THAT(stream.documents, SizeIs(1));
  const auto& value = stream.documents[0].value["key"];
  EXPECT_EQ(value, GetParam().value);
  EXPECT_STREQ(value.type_name(), GetParam().value.type_name());
  EXPECT_EQ(value.is_number_float(), GetParam().value.is_number_float());
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    PlainScalar,
    testing::Values(ScalarRow{"Text", "blue", "blue"},
                    ScalarRow{"QuotedNumber", "\"8080\"", "8080"},
                    ScalarRow{"SingleQuotedWord", "'yes'", "yes"},
                    ScalarRow{"TaggedText", "!!str 80", "80"},
                    ScalarRow{"Yes", "yes", true},
                    ScalarRow{"On", "on", true},
                    ScalarRow{"LetterN", "n", false},
                    ScalarRow{"MixedCaseIsText", "yEs", "yEs"},
                    ScalarRow{"Tilde", "~", nullptr},
                    ScalarRow{"Nothing", "", nullptr},
                    ScalarRow{"NullWord", "Null", nullptr},
                    ScalarRow{"Whole", "80", 80},
                    ScalarRow{"Negative", "-1", -1},
                    ScalarRow{"PlusSign", "+7", 7},
                    ScalarRow{"Octal", "010", 8},
                    ScalarRow{"NewOctal", "0o10", 8},
                    ScalarRow{"NoOctalDigitMakesADecimal", "08", 8.0},
                    ScalarRow{"Hexadecimal", "0x1F", 31},
                    ScalarRow{"Binary", "0b101", 5},
                    ScalarRow{"Underscores", "1_000", 1000},
                    ScalarRow{"UnderscoreAfterALeadingPoint", "._5", "._5"},
                    ScalarRow{"Decimal", "1.5", 1.5},
                    ScalarRow{"LeadingPoint", ".5", 0.5},
                    ScalarRow{"Exponent", "1e3", 1000.0},
                    ScalarRow{"DecimalWithAPlusSign", "+1.5", 1.5},
                    ScalarRow{"UnderscoreBeforeATrailingPoint", "1_000.", 1000.0},
                    ScalarRow{"LargestOf64Bits", "9223372036854775807", 9223372036854775807LL},
                    ScalarRow{
                        "MostNegative", "-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
                    ScalarRow{"NearlyMostNegative", "-9223372036854775807", -9223372036854775807LL},
                    ScalarRow{"TooNegativeForWhole", "-9223372036854775809", -9223372036854775809.0},
                    ScalarRow{"LargestWhole", "18446744073709551615", 18446744073709551615ULL},
                    ScalarRow{"TooLargeForWhole", "18446744073709551616", 18446744073709551616.0},
                    ScalarRow{"Quantity", "500m", "500m"},
                    ScalarRow{"Date", "2026-01-01", "2026-01-01"},
                    ScalarRow{"Version", "1.2.3", "1.2.3"},
                    ScalarRow{"HexadecimalFloatIsText", "0x1p3", "0x1p3"},
                    ScalarRow{"OnlyASign", "+", "+"}),
    [](const auto& row) { return row.param.name; });

TEST(ReadYaml, KnowsTheLineOfEveryPath) {
  const auto stream = read_yaml("# a comment\na:\n  b:\n  - x: 1\n  - y: 2\n    z: [3,\n      4]\n");
  ASSERT_THAT(stream.documents, SizeIs(1));
  const auto& lines = stream.documents[0].lines;
  EXPECT_EQ(lines.at("a.b"), 3);
  EXPECT_EQ(lines.at("a.b[0].x"), 4);
  EXPECT_EQ(lines.at("a.b[1]"), 5);
  EXPECT_EQ(lines.at("a.b[1].z[1]"), 7);
}

TEST(ReadYaml, SeparatesDocumentsAndSkipsNothing) {
  const auto stream = read_yaml("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n");
  EXPECT_FALSE(stream.problem.has_value());
  ASSERT_FALSE(stream.documents.empty());
  EXPECT_EQ(stream.documents.front().value, json({{"a", 1}}));
  EXPECT_EQ(stream.documents.back().value, json({{"b", 2}}));
}

TEST(ReadYaml, ComplainsAboutKeysThatAreThereTwice) {
  const auto stream = read_yaml("a:\n  b: 1\n  c: 2\n  b: 3\n");
  ASSERT_THAT(stream.documents.at(0).problems, SizeIs(1));
  const auto& problem = stream.documents[0].problems[0];
  EXPECT_EQ(problem.field, "a.b");
  EXPECT_EQ(problem.line, 4);
  EXPECT_THAT(problem.message, HasSubstr("\"b\" is already set"));
}

TEST(ReadYaml, ExpandsAnchors) {
  const auto stream = read_yaml("a: &ref {name: blue}\nb: *ref\nc: [&n 4, *n]\n");
  ASSERT_THAT(stream.documents, SizeIs(1));
  EXPECT_EQ(stream.documents[0].value["b"], json({{"name", "blue"}}));
  EXPECT_EQ(stream.documents[0].value["c"], json({4, 4}));
}

struct BadRow {
  std::string name;
  std::string text;
  std::string message;
};
void PrintTo(const BadRow& row, std::ostream* os) {
  *os << row.name;
}
class BadYaml : public testing::TestWithParam<BadRow> {};

TEST_P(BadYaml, IsRefusedWithItsLine) {
  const auto stream = read_yaml(GetParam().text);
  ASSERT_TRUE(stream.problem.has_value());
  EXPECT_THAT(stream.problem->message, HasSubstr(GetParam().message));
  EXPECT_GT(stream.problem->line, 0);
}

/// Nine levels of nine aliases each: 400 bytes that would grow to hundreds of millions of values.
std::string laughs() {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 9; ++level) {
    const auto name = "a" + std::to_string(level);
    text += name + ": &" + name + " [";
    for (int i = 0; i < 9; ++i) text += (i > 0 ? ", *a" : "*a") + std::to_string(level - 1);
    text += "]\n";
  }
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    BadYaml,
    testing::Values(BadRow{"OpenBracket", "a: [1, 2\n", "not valid YAML"},
                    BadRow{"Tab", "a:\n\tb: 1\n", "not valid YAML"},
                    BadRow{"UnknownAlias", "a: *b\n", "not valid YAML"},
                    BadRow{"AliasInsideItself", "a: &b [*b]\n", "its own parent"},
                    BadRow{"MergeKey", "a: &b {c: 1}\nd:\n  <<: *b\n", "merge keys"},
                    BadRow{"KeyIsAList", "? [a]\n: 1\n", "a key must be a plain text"},
                    BadRow{"KeyIsNull", "~: 1\n", "a key must be a plain text"},
                    BadRow{"KeyIsAMap", "a: &b {c: 1}\n*b : 2\n", "a key must be a plain text"},
                    BadRow{"JsonThatIsNoYamlAndNoObject", R"(["\ud83d\ude00"])", "not valid YAML"},
                    BadRow{"NotFinite", "a: .inf\n", "must be finite"},
                    BadRow{"BillionLaughs", laughs(), "too large"},
                    BadRow{"NotUtf8", "a: \xff\xfe\n", "not valid UTF-8"},
                    BadRow{"Deep", std::string(100'000, '['), "not valid YAML"}),
    [](const auto& row) { return row.param.name; });

TEST(ReadYaml, TakesJsonThatIsIndentedByTabs) {
  const auto stream = read_yaml("{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n");
  EXPECT_FALSE(stream.problem.has_value());
  ASSERT_THAT(stream.documents, SizeIs(1));
  EXPECT_EQ(stream.documents[0].value["a"]["b"], 1);
}

TEST(ReadYaml, KnowsTheLinesOfJsonThatIsYamlToo) {
  const auto stream = read_yaml("{\"a\":\n  {\"b\": 1}}\n");
  ASSERT_THAT(stream.documents, SizeIs(1));
  EXPECT_EQ(stream.documents[0].lines.at("a.b"), 2);
}

TEST(ReadYaml, ExpandsToAMillionValuesAndNoMore) {
  std::string text = "- &a [1";
  for (int i = 1; i < 999; ++i) text += ", 1";
  text += "]\n";
  // An alias counts for itself and for what it stands for: 999 and 999 times 1000.
  for (int i = 0; i < 999; ++i) text += "- *a\n";
  const auto most = read_yaml(text + "- 1\n");
  EXPECT_FALSE(most.problem.has_value());
  ASSERT_THAT(most.documents, SizeIs(1));
  EXPECT_THAT(most.documents[0].value, SizeIs(1001));
  const auto more = read_yaml(text + "- 1\n- 1\n");
  ASSERT_TRUE(more.problem.has_value());
  EXPECT_THAT(more.problem->message, HasSubstr("too large"));
}

TEST(ReadYaml, HasNoDocumentInAnEmptyText) {
  EXPECT_THAT(read_yaml("").documents, IsEmpty());
  EXPECT_THAT(read_yaml("# only a comment\n").documents, IsEmpty());
}

}  // namespace
}  // namespace evenkeel::api
