#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "evenkeel/base/time_format.hpp"

#include "command.hpp"
#include "repository.hpp"

namespace evenkeel::cli {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

struct Outcome {
  int exit_code;
  std::string out;
  std::string err;
};

/// Runs the program as a shell would.
Outcome run(const std::vector<const char*>& arguments, const std::string& input = "") {
  std::istringstream in{input};
  std::ostringstream out;
  std::ostringstream err;
  Streams streams{in, out, err};
  const int code = run_program(static_cast<int>(arguments.size()), arguments.data(), streams);
  return {code, out.str(), err.str()};
}

std::vector<json> lines_of(const std::string& text) {
  std::vector<json> lines;
  std::istringstream stream{text};
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

json snapshot() {
  return json::parse(R"({
    "now": "2026-01-01T00:00:00Z",
    "service": {
      "apiVersion": "evenkeel.dev/v1alpha1", "kind": "LoadBalancedService",
      "metadata": {"namespace": "store", "name": "shop", "uid": "1"},
      "spec": {
        "backends": [{"name": "blue", "workloadRef": {"name": "shop-blue"},
                      "serviceRef": {"name": "shop-blue", "port": 80}},
                     {"name": "green", "tier": 1, "workloadRef": {"name": "shop-green"},
                      "serviceRef": {"name": "shop-green", "port": 80}}],
        "routes": [{"name": "pages", "kind": "HTTPRoute", "objectName": "shop"}],
        "scaling": {"maxReplicas": 20, "metrics": [
          {"name": "rps", "preset": "RequestsPerSecond", "target": {"type": "AverageValue", "value": "50"}}]}}},
    "backends": {
      "blue": {"specReplicas": 2, "statusReplicas": 2, "readyReplicas": 2, "endpoints": {"ready": 2, "total": 2},
               "weight": 100},
      "green": {"specReplicas": 1, "statusReplicas": 1, "readyReplicas": 1, "endpoints": {"ready": 1, "total": 1},
                "weight": 0}},
    "metrics": {"rps": {"samples": [{"value": 200.0, "time": "2026-01-01T00:00:00Z"}]}}})");
}

json http_route() {
  return json::parse(R"({
    "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
    "metadata": {"namespace": "store", "name": "shop", "resourceVersion": "7"},
    "spec": {"rules": [{"backendRefs": [{"name": "shop-blue", "port": 80, "weight": 1},
                                        {"name": "shop-green", "port": 80, "weight": 0}]}]}})");
}

struct UsageRow {
  std::string name;
  std::vector<const char*> arguments;
  std::string sentence;
};
void PrintTo(const UsageRow& row, std::ostream* os) {
  *os << row.name;
}
class Usage : public testing::TestWithParam<UsageRow> {};

TEST_P(Usage, IsExplainedOnStderr) {
  const auto outcome = run(GetParam().arguments);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, StartsWith("evenkeel"));
  EXPECT_THAT(outcome.err, HasSubstr(GetParam().sentence));
  EXPECT_THAT(outcome.err, HasSubstr("--help'"));
  EXPECT_THAT(outcome.out, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    Usage,
    testing::Values(UsageRow{"NoCommand", {}, "no command given: use one of"},
                    UsageRow{"UnknownCommand", {"frob"}, "unknown command frob: use one of"},
                    UsageRow{"UnknownFlag",
                             {"decide", "--strem"},
                             "evenkeel decide: The following argument was not expected: --strem"},
                    UsageRow{"UnknownFlagOfRun",
                             {"run", "--promethius-url=x"},
                             "evenkeel run: The following argument was not expected: --promethius-url=x"},
                    UsageRow{"UnknownGlobalFlag", {"--verbose"}, "--verbose"},
                    UsageRow{"OnlyDashes", {"--"}, "no command given"},
                    UsageRow{"SurplusArgument", {"version", "please"}, "please"},
                    UsageRow{"MissingFile", {"validate"}, "--filename is required"}),
    [](const auto& row) { return row.param.name; });

TEST(Help, IsPrintedOnStdout) {
  const auto all = run({"--help"});
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_THAT(all.out, HasSubstr("decide"));
  const auto one = run({"decide", "--help"});
  EXPECT_EQ(one.exit_code, 0);
  EXPECT_THAT(one.out, HasSubstr("--stream"));
}

TEST(Version, TellsVersionCommitAndLibraries) {
  const auto outcome = run({"version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out,
              testing::MatchesRegex("evenkeel [0-9.]+ \\(commit [0-9a-z]+\\)\nlibraries: .*simdjson .*\n"));
}

TEST(Decide, AnswersOneSnapshotOverSeveralLines) {
  const auto outcome = run({"decide"}, snapshot().dump(2));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto decisions = lines_of(outcome.out);
  ASSERT_EQ(decisions.size(), 1U);
  EXPECT_EQ(decisions[0]["total"]["replicas"], 4);
  EXPECT_FALSE(decisions[0].contains("actions"));
}

TEST(Decide, NamesTheFieldOfABadSnapshot) {
  auto bad = snapshot();
  bad["service"]["spec"]["backends"][0]["weight"] = 1001;
  const auto outcome = run({"decide"}, bad.dump());
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, StartsWith("evenkeel decide: service.spec.backends[0].weight: "));
}

TEST(DecidePlan, AddsTheWritesInOrder) {
  auto failing = snapshot();
  failing["backends"]["blue"]["readyReplicas"] = 0;
  failing["backends"]["blue"]["endpoints"]["ready"] = 0;
  failing["routes"] = json::array({http_route()});
  const auto outcome = run({"decide", "--plan"}, failing.dump());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto actions = lines_of(outcome.out).at(0).at("actions");
  ASSERT_FALSE(actions.empty());
  EXPECT_EQ(actions[0]["kind"], "HTTPRoute");
  EXPECT_EQ(actions[0]["patchType"], "json");
  const auto after = http_route().patch(actions[0]["patch"]);
  EXPECT_EQ(after["spec"]["rules"][0]["backendRefs"][0]["weight"], 0);
}

TEST(DecidePlan, SaysWhyARouteIsNotWritten) {
  auto missing = snapshot();
  missing["routes"] = json::array();
  const auto outcome = run({"decide", "--plan"}, missing.dump());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto warnings = lines_of(outcome.out).at(0).at("warnings");
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0].get<std::string>(), StartsWith("RouteNotFound: spec.routes[0].objectName: "));
}

/// The snapshot that the README decides: all of blue is lost.
json documented() {
  std::ifstream file{testing_support::repository() / "docs/snapshot.json"};
  return json::parse(file);
}

TEST(DecidePlan, DecidesTheDocumentedSnapshot) {
  const auto outcome = run({"decide", "--plan"}, documented().dump());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto decision = lines_of(outcome.out).at(0);
  EXPECT_THAT(decision["warnings"], IsEmpty());
  ASSERT_EQ(decision["actions"].size(), 2U);
  EXPECT_EQ(decision["actions"][0]["kind"], "HTTPRoute");
  EXPECT_EQ(decision["actions"][1]["name"], "shop-green");
  EXPECT_EQ(decision["actions"][1]["patch"]["spec"]["replicas"], 4);
}

/// The weights of the only rule, in the order of its references.
std::vector<int> live_weights(const json& route) {
  std::vector<int> weights;
  for (const auto& ref : route["spec"]["rules"][0]["backendRefs"]) weights.push_back(ref["weight"]);
  return weights;
}

TEST(DecidePlan, LeavesTheIntegersOfALayerAloneOnceTheyAreWritten) {
  auto tick = documented();
  auto& declared = tick["service"]["spec"]["backends"];
  declared[1]["tier"] = 0;
  declared.push_back({{"name", "teal"}, {"serviceRef", {{"name", "shop-teal"}, {"port", 80}}}});
  tick["backends"]["blue"]["endpoints"]["ready"] = 1;
  tick["backends"]["teal"] = tick["backends"]["green"];
  auto& route = tick["routes"][0];
  route["spec"]["rules"][0]["backendRefs"].push_back({{"name", "shop-teal"}, {"port", 80}, {"weight", 0}});
  std::vector<std::string> written;
  for (int i = 0; i < 80; ++i) {
    tick["now"] = format_rfc3339(*parse_rfc3339("2026-01-01T12:00:00Z") + std::chrono::seconds{15 * i});
    tick["metrics"]["rps"]["samples"][0] = {{"value", 55 + i % 7}};
    const auto outcome = run({"decide", "--plan"}, tick.dump());
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const auto decision = lines_of(outcome.out).at(0);
    for (const auto& action : decision["actions"]) {
      if (action["kind"] != "HTTPRoute") continue;
      route = route.patch(action["patch"]);
      written.push_back(tick["now"]);
    }
    tick["memory"] = decision["memory"];
    const auto live = live_weights(route);
    const double whole = std::accumulate(live.begin(), live.end(), 0);
    for (std::size_t b = 0; b < live.size(); ++b)
      tick["backends"][declared[b]["name"].get<std::string>()]["weight"] = 100 * live[b] / whole;
  }
  EXPECT_THAT(live_weights(route), ElementsAre(334, 333, 333)) << "a third each is no whole number";
  EXPECT_THAT(written, ElementsAre("2026-01-01T12:00:00Z"));
}

TEST(DecideStream, AnswersEveryLineAndGoesOnAfterABadOne) {
  auto refused = snapshot();
  refused["service"]["spec"]["mode"] = "Sometimes";
  const auto good = snapshot().dump();
  const auto outcome =
      run({"decide", "--stream"}, good + "\nnonsense\n\n[]\n" + refused.dump() + "\n\xff\xfe\n" + good);
  EXPECT_EQ(outcome.exit_code, 0);
  const auto answers = lines_of(outcome.out);
  ASSERT_EQ(answers.size(), 7U);
  EXPECT_TRUE(answers[0].contains("total"));
  EXPECT_THAT(answers[1]["error"].get<std::string>(), HasSubstr("not valid JSON"));
  EXPECT_THAT(answers[2]["error"].get<std::string>(), HasSubstr("empty"));
  EXPECT_TRUE(answers[3].contains("error"));
  EXPECT_THAT(answers[4]["error"].get<std::string>(), StartsWith("service.spec.mode: Unsupported value"));
  EXPECT_TRUE(answers[5].contains("error"));
  EXPECT_TRUE(answers[6].contains("total"));
}

/// The memory that a line left behind shows in whether the next one, five minutes of quiet apart, may shrink.
json quiet(json next, const char* now) {
  next["now"] = now;
  next["metrics"]["rps"]["samples"][0]["value"] = 10.0;
  next["metrics"]["rps"]["samples"][0]["time"] = now;
  next["backends"]["blue"]["specReplicas"] = 4;
  next["backends"]["blue"]["statusReplicas"] = 4;
  next["backends"]["blue"]["readyReplicas"] = 4;
  next["backends"]["blue"]["endpoints"] = {{"ready", 4}, {"total", 4}};
  return next;
}

/// Total that is decided for `next` right after the service has grown to 4.
json total_after_growth(const json& next) {
  const auto outcome = run({"decide", "--stream"}, snapshot().dump() + "\n" + next.dump() + "\n");
  const auto answers = lines_of(outcome.out);
  return answers.at(1).at("total").at("replicas");
}

TEST(DecideStream, CarriesTheMemoryOverWhereTheLineHasNone) {
  auto next = quiet(snapshot(), "2026-01-01T00:00:30Z");
  EXPECT_EQ(total_after_growth(next), 4) << "the stabilisation window remembers the growth";
  next["memory"] = nullptr;
  EXPECT_EQ(total_after_growth(next), 4) << "null is absent";
}

TEST(DecideStream, TakesAnEmptyMemoryAndAnotherUidForANewBeginning) {
  const auto next = quiet(snapshot(), "2026-01-01T00:00:30Z");
  for (const auto& change :
       {R"([{"op": "add", "path": "/memory", "value": {}}])",
        R"([{"op": "replace", "path": "/service/metadata/uid", "value": "2"}])",
        R"([{"op": "replace", "path": "/service/metadata/namespace", "value": "else"}])"}) {
    const auto changed = next.patch(json::parse(change));
    const auto alone = lines_of(run({"decide"}, changed.dump()).out).at(0);
    const auto outcome = run({"decide", "--stream"}, snapshot().dump() + "\n" + changed.dump() + "\n");
    EXPECT_EQ(lines_of(outcome.out).at(1).at("memory"), alone.at("memory")) << change;
  }
}

TEST(DecideStream, ReadsLinesWhereverTheyAreCutByTheReader) {
  // Blanks ahead push the line, byte by byte at its ends, over the length of what is read in one go.
  constexpr std::size_t kPiece = 4096;
  const auto good = snapshot().dump();
  std::string cut;
  std::string plain;
  for (std::size_t blanks = kPiece - good.size() - 3; blanks <= kPiece + 1; ++blanks) {
    const bool is_near_an_end = blanks + good.size() < kPiece + 4 || blanks + 4 > kPiece;
    if (!is_near_an_end && blanks % 29 != 0) continue;
    for (const auto more : {std::size_t{0}, 4 * kPiece}) {
      cut += std::string(blanks + more, ' ') + good + "\n";
      plain += good + "\n";
    }
  }
  cut.pop_back();  // The last line need not end.
  const auto answers = run({"decide", "--stream"}, cut).out;
  EXPECT_THAT(answers, Not(HasSubstr("\"error\"")));
  EXPECT_TRUE(answers == run({"decide", "--stream"}, plain).out) << "as without the blanks";
}

TEST(DecideStream, GivesTheSameBytesForTheSameInput) {
  const auto input = snapshot().dump() + "\n" + quiet(snapshot(), "2026-01-01T00:00:30Z").dump() + "\n";
  EXPECT_EQ(run({"decide", "--stream"}, input).out, run({"decide", "--stream"}, input).out);
}

TEST(DecideStream, FlushesEveryAnswer) {
  class CountingBuffer final : public std::stringbuf {
   public:
    int syncs = 0;

   protected:
    int sync() override {
      ++syncs;
      return 0;
    }
  };
  std::istringstream in{"1\n2\n3\n"};
  CountingBuffer buffer;
  std::ostream out{&buffer};
  std::ostringstream err;
  Streams streams{in, out, err};
  const std::vector<const char*> arguments{"decide", "--stream"};
  EXPECT_EQ(run_program(2, arguments.data(), streams), 0);
  EXPECT_EQ(buffer.syncs, 3);
}

TEST(Run, SaysWhyAKubeconfigCannotBeUsed) {
  const std::string place = testing::TempDir();
  const auto folder = run({"run", "--kubeconfig", place.c_str()});
  EXPECT_EQ(folder.exit_code, 3);
  EXPECT_THAT(folder.err, StartsWith("evenkeel run: kubeconfig " + place));
  EXPECT_THAT(folder.err, HasSubstr("cannot be read; check that it is a file and who may read it"));
  const auto missing = run({"run", "--kubeconfig", (place + "none").c_str()});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.err, HasSubstr("there is no such file; check --kubeconfig"));
}

class ValidateFiles : public testing::Test {
 protected:
  ValidateFiles()
      : folder_{std::filesystem::path{testing::TempDir()} /
                ("evenkeel-validate-" + std::to_string(::getpid()))} {
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream{folder_ / name} << text;
    return (folder_ / name).string();
  }
  [[nodiscard]] std::string folder() const { return folder_.string(); }

 private:
  std::filesystem::path folder_;
};

const std::string kGood = R"(apiVersion: evenkeel.dev/v1alpha1
kind: LoadBalancedService
metadata: {name: shop}
spec:
  backends:
  - name: blue
    serviceRef: {name: shop-blue}
)";

TEST_F(ValidateFiles, SaysNothingWhenAllIsWell) {
  const auto file = write("good.yaml", kGood);
  const auto outcome = run({"validate", "-f", file.c_str()});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out + outcome.err, IsEmpty());
}

TEST_F(ValidateFiles, NamesFileLineAndFieldOfEveryMistake) {
  const auto good = write("good.yaml", kGood);
  const auto bad = write("bad.yaml", kGood + "    weight: 1001\n    wieght: 1\n");
  const auto outcome = run({"validate", "-f", good.c_str(), bad.c_str()});
  EXPECT_EQ(outcome.exit_code, 1);
  std::vector<std::string> lines;
  std::istringstream stream{outcome.out};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  EXPECT_THAT(
      lines,
      testing::UnorderedElementsAre(StartsWith(bad + ":8: spec.backends[0].weight: Invalid value: 1001: "),
                                    StartsWith(bad + ":9: spec.backends[0].wieght: unknown field")));
}

TEST_F(ValidateFiles, ReadsStdin) {
  const auto outcome = run({"validate", "-f", "-"}, "kind: LoadBalancedService\n");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("-:1: apiVersion: "));
}

TEST_F(ValidateFiles, SaysWhyAFileCannotBeReadAndChecksTheOthers) {
  const auto bad = write("bad.yaml", "a: [\n");
  const auto missing = folder() + "/missing.yaml";
  const auto place = folder();
  const auto outcome = run({"validate", "-f", missing.c_str(), place.c_str(), bad.c_str()});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("missing.yaml cannot be read: No such file or directory"));
  EXPECT_THAT(outcome.err, HasSubstr(place + " cannot be read: Is a directory"));
  EXPECT_THAT(outcome.out, HasSubstr("bad.yaml:2: not valid YAML"));
}

}  // namespace
}  // namespace evenkeel::cli
