#include "config.hpp"

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "repository.hpp"

namespace evenkeel::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ParseConfig, NothingGivesTheDefaults) {
  for (const char* text : {"", "{}", "# only a comment\n", "presets:\nprometheus:\n"}) {
    const auto config = parse_config(text, "c");
    ASSERT_TRUE(config.ok()) << config.error().message;
    EXPECT_EQ(config->tick, std::chrono::seconds{5});
    EXPECT_EQ(config->listen, "0.0.0.0:8080");
    EXPECT_TRUE(config->presets.empty());
  }
}

TEST(ParseConfig, ReadsEveryField) {
  const auto config = parse_config(R"(
prometheus: {url: "http://p:9090/x", timeoutSeconds: 3}
tickSeconds: 7
workers: 9
listen: "127.0.0.1:1"
logLevel: warn
watchNamespaces: [a, b]
presets:
  RequestsPerSecond: {query: "q", timestampQuery: "t", windowSeconds: 8}
)",
                                   "c");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->prometheus_url, "http://p:9090/x");
  EXPECT_EQ(config->prometheus_timeout, std::chrono::seconds{3});
  EXPECT_EQ(config->tick, std::chrono::seconds{7});
  EXPECT_EQ(config->workers, 9U);
  EXPECT_EQ(config->listen, "127.0.0.1:1");
  EXPECT_EQ(config->log_level, ops::Level::Warning);
  EXPECT_THAT(config->watch_namespaces, ElementsAre("a", "b"));
  ASSERT_EQ(config->presets.count("RequestsPerSecond"), 1U);
  const auto& preset = config->presets.at("RequestsPerSecond");
  EXPECT_EQ(preset.query + preset.timestamp_query, "qt");
  EXPECT_EQ(preset.window, std::chrono::seconds{8});
}

TEST(ParseConfig, TakesEveryLogLevelThatTheChartTakes) {
  std::ifstream file{testing_support::repository() / "charts/evenkeel/values.schema.json"};
  const auto levels = nlohmann::json::parse(file).at("properties").at("logLevel").at("enum");
  ASSERT_FALSE(levels.empty());
  for (const std::string level : levels) {
    const auto config = parse_config("logLevel: " + level, "c");
    EXPECT_TRUE(config.ok()) << level;
  }
}

struct Bad {
  std::string name;
  std::string text;
  std::string message;
};
void PrintTo(const Bad& row, std::ostream* os) {
  *os << row.name;
}
class ParseBadConfig : public ::testing::TestWithParam<Bad> {};

TEST_P(ParseBadConfig, NamesFileLineFieldAndRemedy) {
  const auto config = parse_config(GetParam().text, "config.yaml");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(config.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    ParseBadConfig,
    ::testing::Values(
        Bad{"UnknownKey",
            "tickSeconds: 5\ntick: 5\n",
            "config.yaml:2: tick: is not a field; there are: listen, "},
        Bad{"UnknownNestedKey",
            "prometheus: {uri: x}",
            "prometheus.uri: is not a field; there are: timeoutSeconds, url"},
        Bad{"Twice", "workers: 1\nworkers: 2\n", "config.yaml:2: workers: is given twice"},
        Bad{"NoNumber", "tickSeconds: often", "tickSeconds: must be a whole number from 1 to 300"},
        Bad{"OutOfRange", "workers: 65", "workers: must be a whole number from 1 to 64"},
        Bad{"EmptyText", "listen: \"\"", "listen: must be a text that is not empty"},
        Bad{"BadLevel", "logLevel: loud", "logLevel: must be debug, info, warn or error"},
        Bad{"NamespacesNoList", "watchNamespaces: store", "watchNamespaces: must be a list"},
        Bad{"PresetWithoutTimes", "presets: {A: {query: q}}", "presets.A.timestampQuery: is missing"},
        Bad{"PresetWithoutQuery", "presets: {A: {timestampQuery: t}}", "presets.A.query: is missing"},
        Bad{"PresetsNoMap", "presets: [A]", "presets: must be a map"},
        Bad{"NoMap", "- a\n", "must be a map of fields"},
        Bad{"NoYaml", "a: [", "not YAML"}),
    [](const auto& row) { return row.param.name; });

TEST(ParseConfig, TellsOfAllFaultsAtOnce) {
  const auto config = parse_config("workers: 0\nlogLevel: loud\n", "c");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(
      config.error().message,
      "c:1: workers: must be a whole number from 1 to 64\nc:2: logLevel: must be debug, info, warn or error");
}

TEST(LoadConfig, AFileThatIsNotThereIsNamed) {
  const auto config = load_config("/nowhere/config.yaml");
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(config.error().message, HasSubstr("/nowhere/config.yaml: cannot be read: check the path"));
}

}  // namespace
}  // namespace evenkeel::cli
