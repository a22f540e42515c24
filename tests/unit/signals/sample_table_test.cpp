#include "evenkeel/signals/sample_table.hpp"

#include <map>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evenkeel::signals {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Presets kPresets{{"RequestsPerSecond", {"rps", "rps_time", std::chrono::seconds{60}}}};

api::LoadBalancedService service(const std::string& name, const api::Metric& metric) {
  api::LoadBalancedService service;
  service.key = {"store", name};
  for (const char* colour : {"blue", "green"}) {
    api::Backend backend;
    backend.name = colour;
    backend.service = api::ServiceRef{name + "-" + colour, "80"};
    service.spec.backends.push_back(backend);
  }
  service.spec.scaling.emplace();
  service.spec.scaling->metrics.push_back(metric);
  return service;
}

api::Metric preset(const std::string& name) {
  api::Metric metric;
  metric.name = "rps";
  metric.preset = name;
  return metric;
}

api::Metric query(const std::string& text, const std::string& timestamp_query = "", Labels match = {}) {
  api::Metric metric;
  metric.name = "load";
  metric.query = text;
  metric.timestamp_query = timestamp_query;
  metric.match = std::move(match);
  return metric;
}

Series series(const std::string& ns, const std::string& name, double value) {
  return {.labels = {{"namespace", ns}, {"service", name}}, .value = value};
}

TextResult result(std::vector<Series> series) {
  TextResult result;
  result.series = std::move(series);
  return result;
}

TextResult failure(const std::string& message) {
  TextResult result;
  result.error = QueryError{QueryProblem::BadQuery, message};
  return result;
}

SampleTable table_for(const api::LoadBalancedService& service,
                      const std::map<std::string, TextResult>& results) {
  std::set<QueryPair> pairs;
  collect_queries(service, kPresets, pairs);
  return SampleTable{results, pairs};
}

TEST(DistinctTexts, OneForEachTextWhateverTheNumberOfObjects) {
  std::set<QueryPair> pairs;
  for (int i = 0; i < 1000; ++i) {
    collect_queries(service("shop" + std::to_string(i), preset("RequestsPerSecond")), kPresets, pairs);
    collect_queries(
        service("bank" + std::to_string(i), query("up", "rps_time", {{"app", std::to_string(i)}})),
        kPresets,
        pairs);
  }
  EXPECT_THAT(distinct_texts(pairs), ElementsAre("rps", "rps_time", "up"));
}

TEST(SampleTable, PicksAPresetsSeriesByNamespaceAndService) {
  const auto shop = service("shop", preset("RequestsPerSecond"));
  const std::vector<Series> values{series("store", "shop-blue", 12),
                                   series("store", "shop-green", 3),
                                   series("store", "bank-blue", 99),
                                   series("other", "shop-blue", 98)};
  std::vector<Series> times = values;
  for (auto& time : times) time.value = 1'700'000'000.25;
  const auto reading =
      table_for(shop, {{"rps", result(values)}, {"rps_time", result(times)}}).reading(shop, 0, kPresets);
  EXPECT_FALSE(reading.error) << *reading.error;
  ASSERT_THAT(reading.samples, SizeIs(2));
  EXPECT_EQ(reading.samples[0].value, 12);
  EXPECT_EQ(reading.samples[0].labels.at("backend"), "blue");
  EXPECT_EQ(reading.samples[0].window, std::chrono::seconds{60});
  EXPECT_EQ(reading.samples[0].time, WallTime{std::chrono::milliseconds{1'700'000'000'250}});
  EXPECT_EQ(reading.samples[1].labels.at("backend"), "green");
}

TEST(SampleTable, EachSeriesHasTheTimeOfItsOwnNewestRawSample) {
  const auto bank = service("bank", query("load", "times"));
  const Series one{.labels = {{"pod", "1"}}, .value = 1};
  const Series two{.labels = {{"pod", "2"}}, .value = 2};
  const auto reading =
      table_for(
          bank,
          {{"load", result({one, two})},
           {"times", result({{.labels = two.labels, .value = 200}, {.labels = one.labels, .value = 100}})}})
          .reading(bank, 0, kPresets);
  ASSERT_THAT(reading.samples, SizeIs(2));
  EXPECT_EQ(reading.samples[0].time, WallTime{std::chrono::seconds{100}});
  EXPECT_EQ(reading.samples[1].time, WallTime{std::chrono::seconds{200}});
}

TEST(SampleTable, ASeriesWithoutItsTimeIsAnErrorAndNotFresh) {
  const auto shop = service("shop", preset("RequestsPerSecond"));
  const auto reading =
      table_for(shop, {{"rps", result({series("store", "shop-blue", 12)})}, {"rps_time", result({})}})
          .reading(shop, 0, kPresets);
  ASSERT_TRUE(reading.error);
  EXPECT_THAT(*reading.error, HasSubstr("spec.scaling.metrics[0].preset: RequestsPerSecond"));
  EXPECT_THAT(*reading.error, HasSubstr("the scrape behind it has ended"));
  EXPECT_THAT(reading.samples, IsEmpty());
}

TEST(SampleTable, AFreeQueryWithoutTimesHasNone) {
  const auto bank = service("bank", query("load"));
  const auto reading =
      table_for(bank, {{"load", result({{.labels = {}, .value = 5}})}}).reading(bank, 0, kPresets);
  ASSERT_THAT(reading.samples, SizeIs(1));
  EXPECT_FALSE(reading.samples[0].time);
}

TEST(SampleTable, MatchPicksOutOfAQueryThatManyShare) {
  const auto bank = service("bank", query("load", "", {{"app", "bank"}, {"zone", "a"}}));
  const auto reading =
      table_for(bank,
                {{"load",
                  result({{.labels = {{"app", "bank"}, {"zone", "a"}, {"pod", "1"}}, .value = 1},
                          {.labels = {{"app", "bank"}, {"zone", "b"}}, .value = 2},
                          {.labels = {{"app", "bank"}}, .value = 3}})}})
          .reading(bank, 0, kPresets);
  ASSERT_THAT(reading.samples, SizeIs(1));
  EXPECT_EQ(reading.samples[0].value, 1);
}

TEST(SampleTable, NoSeriesOfTheObjectIsEmptyAndNoError) {
  const auto shop = service("shop", preset("RequestsPerSecond"));
  const auto reading = table_for(shop, {{"rps", result({series("other", "x", 1)})}, {"rps_time", result({})}})
                           .reading(shop, 0, kPresets);
  EXPECT_FALSE(reading.error);
  EXPECT_THAT(reading.samples, IsEmpty());
}

TEST(SampleTable, ErrorsNameTheFieldThatTheQueryCameFrom) {
  const auto bank = service("bank", query("sum(", "times"));
  const auto bad_query =
      table_for(bank, {{"sum(", failure("not PromQL: parse error")}, {"times", result({})}})
          .reading(bank, 0, kPresets);
  EXPECT_EQ(bad_query.error, "spec.scaling.metrics[0].query: not PromQL: parse error");
  const auto bad_times =
      table_for(bank, {{"sum(", result({})}, {"times", failure("not PromQL: x")}}).reading(bank, 0, kPresets);
  EXPECT_EQ(bad_times.error, "spec.scaling.metrics[0].timestampQuery: not PromQL: x");
  const auto shop = service("shop", preset("RequestsPerSecond"));
  const auto bad_preset = table_for(shop, {{"rps", failure("not PromQL: y")}, {"rps_time", result({})}})
                              .reading(shop, 0, kPresets);
  EXPECT_EQ(bad_preset.error,
            "spec.scaling.metrics[0].preset: RequestsPerSecond of the operator's configuration, query: not "
            "PromQL: y");
}

TEST(SampleTable, AnUnknownPresetNamesThoseThatThereAre) {
  const auto shop = service("shop", preset("LatencyP99"));
  const SampleTable table = table_for(shop, {});
  EXPECT_TRUE(table.covers(shop, kPresets)) << "there is nothing to wait for";
  EXPECT_THAT(table.reading(shop, 0, kPresets).error.value_or(""),
              HasSubstr("LatencyP99 is not among the presets"));
  EXPECT_THAT(table.reading(shop, 0, kPresets).error.value_or(""), HasSubstr("RequestsPerSecond"));
}

TEST(SampleTable, CoversOnlyWhatHasBeenRead) {
  const auto shop = service("shop", preset("RequestsPerSecond"));
  EXPECT_FALSE(SampleTable{}.covers(shop, kPresets));
  EXPECT_FALSE(table_for(shop, {{"rps", result({})}}).covers(shop, kPresets)) << "the times are missing";
  EXPECT_TRUE(table_for(shop, {{"rps", failure("x")}, {"rps_time", failure("x")}}).covers(shop, kPresets));
}

TEST(SampleTable, ATimeThatIsNoneCountsAsMissing) {
  const auto bank = service("bank", query("load", "times"));
  for (const double time : {-1.0, 1e300, std::numeric_limits<double>::quiet_NaN()}) {
    const auto reading = table_for(bank,
                                   {{"load", result({{.labels = {}, .value = 5}})},
                                    {"times", result({{.labels = {}, .value = time}})}})
                             .reading(bank, 0, kPresets);
    EXPECT_TRUE(reading.error) << time;
  }
}

}  // namespace
}  // namespace evenkeel::signals
