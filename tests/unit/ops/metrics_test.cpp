#include "evenkeel/ops/metrics.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository.hpp"

namespace evenkeel::ops {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ObjectFigures figures() {
  ObjectFigures figures{.mode = "Enforce", .replicas = 4, .desired_replicas = 5, .active_tier = 0};
  figures.backends.push_back(
      {.name = "blue", .weight_percent = 80, .ready_endpoints = 3, .replicas = 4, .desired_replicas = 4});
  figures.backends.push_back({.name = "green", .weight_percent = 20});
  figures.conditions.push_back({"Ready", "False"});
  figures.signals.push_back({"rps", "Stale", 120.5, WallTime{std::chrono::seconds{1'700'000'000}}});
  return figures;
}

TEST(Metrics, ShowsAnObjectAsItIs) {
  Metrics metrics{{"1.2.3", "abc"}};
  metrics.set_object({"store", "shop"}, figures());
  const std::string text = metrics.text();
  for (const char* line : {
           "evenkeel_build_info{version=\"1.2.3\",revision=\"abc\"} 1\n",
           "evenkeel_replicas{namespace=\"store\",name=\"shop\"} 4\n",
           "evenkeel_desired_replicas{namespace=\"store\",name=\"shop\"} 5\n",
           "evenkeel_backend_weight{namespace=\"store\",name=\"shop\",backend=\"blue\"} 80\n",
           "evenkeel_backend_ready{namespace=\"store\",name=\"shop\",backend=\"blue\"} 3\n",
           "evenkeel_status_condition{namespace=\"store\",name=\"shop\",condition=\"Ready\",status=\"False\"}"
           " 1\n",
           "evenkeel_status_condition{namespace=\"store\",name=\"shop\",condition=\"Ready\",status=\"True\"} "
           "0\n",
           "evenkeel_metric_value{namespace=\"store\",name=\"shop\",metric=\"rps\"} 120.5\n",
           "evenkeel_metric_quality{namespace=\"store\",name=\"shop\",metric=\"rps\",quality=\"Stale\"} 1\n",
           "evenkeel_metric_sample_time_seconds{namespace=\"store\",name=\"shop\",metric=\"rps\"} "
           "1700000000\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text,
              Not(HasSubstr("evenkeel_backend_ready{namespace=\"store\",name=\"shop\",backend=\"green\"}")))
      << "what is unknown has no series";
}

TEST(Metrics, ABackendThatIsNoLongerDeclaredHasNoSeries) {
  Metrics metrics{{}};
  auto now = figures();
  metrics.set_object({"store", "shop"}, now);
  now.backends.pop_back();
  metrics.set_object({"store", "shop"}, now);
  EXPECT_THAT(metrics.text(), Not(HasSubstr("green")));
}

TEST(Metrics, TheSeriesOfAnObjectGoWithIt) {
  Metrics metrics{{}};
  metrics.set_object({"store", "bank"}, figures());
  const std::size_t before = metrics.object_series();
  for (int i = 0; i < 1000; ++i) {
    const ObjectKey key{"store", "shop" + std::to_string(i)};
    metrics.set_object(key, figures());
    metrics.count_failover(key, 0, 1);
    metrics.count_scale_event(key, ScaleDirection::Up);
    metrics.drop_object(key);
  }
  EXPECT_EQ(metrics.object_series(), before);
}

TEST(Metrics, CountersOfAnObjectOutliveItsGauges) {
  Metrics metrics{{}};
  metrics.count_failover({"store", "shop"}, 0, 1);
  metrics.set_object({"store", "shop"}, figures());
  metrics.count_failover({"store", "shop"}, 0, 1);
  EXPECT_THAT(
      metrics.text(),
      HasSubstr("evenkeel_failovers_total{namespace=\"store\",name=\"shop\",from=\"0\",to=\"1\"} 2\n"));
}

TEST(Metrics, HistogramsCumulate) {
  Metrics metrics{{}};
  metrics.count_query(Seconds{0.003});
  metrics.count_query(Seconds{0.2});
  metrics.count_query(Seconds{99});
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("evenkeel_metric_query_duration_seconds_count 3\n"));
  EXPECT_THAT(text, HasSubstr("evenkeel_metric_query_duration_seconds_bucket{le=\"0.0025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("evenkeel_metric_query_duration_seconds_bucket{le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("evenkeel_metric_query_duration_seconds_bucket{le=\"10\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("evenkeel_metric_query_duration_seconds_bucket{le=\"+Inf\"} 3\n"));
}

TEST(Metrics, LabelsAreEscaped) {
  Metrics metrics{{.version = "a\"b\nc", .revision = ""}};
  EXPECT_THAT(metrics.text(), HasSubstr(R"(version="a\"b\nc")"));
}

TEST(Metrics, TellsOfTheProcess) {
  Metrics metrics{{}};
  const std::string text = metrics.text();
  for (const char* name : {"process_cpu_seconds_total ",
                           "process_resident_memory_bytes ",
                           "process_open_fds ",
                           "process_max_fds ",
                           "process_start_time_seconds ",
                           "process_threads "}) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string{name}));
  }
}

const char* word(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Histogram:
      return "histogram";
  }
  return "?";
}

/// Rows of the tables of docs/metrics.md: "| `name` | type | labels | meaning |", without the meaning.
std::set<std::string> documented() {
  std::ifstream file{testing_support::repository() / "docs/metrics.md"};
  std::set<std::string> rows;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    std::istringstream columns{line};
    std::string name;
    std::string type;
    std::string labels;
    std::getline(columns, name, '|');
    std::getline(columns, name, '|');
    std::getline(columns, type, '|');
    std::getline(columns, labels, '|');
    rows.insert(name.append(type).append(labels));
  }
  return rows;
}

TEST(MetricCatalog, IsWhatTheDocumentationLists) {
  std::set<std::string> expected;
  for (const auto& description : metric_catalog()) {
    std::string labels;
    for (const auto label : description.labels)
      labels += (labels.empty() ? "`" : ", `") + std::string{label} + "`";
    expected.insert(" `" + std::string{description.name} + "` " + " " + word(description.type) + " " +
                    (labels.empty() ? "  " : " " + labels + " "));
  }
  EXPECT_EQ(documented(), expected);
}

TEST(MetricCatalog, IsWhatAScrapeShows) {
  Metrics metrics{{}};
  std::istringstream lines{metrics.text()};
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) names.push_back(line.substr(7, line.rfind(' ') - 7));
  }
  std::vector<std::string> expected;
  for (const auto& description : metric_catalog()) expected.emplace_back(description.name);
  EXPECT_EQ(names, expected);
}

}  // namespace
}  // namespace evenkeel::ops
