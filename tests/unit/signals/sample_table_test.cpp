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

/// The first one; like all inputs it looks into the service.
Input only_input(const api::LoadBalancedService& service) {
  return inputs_of(service).at(0);
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
  const auto reading = table_for(shop, {{"rps", result(values)}, {"rps_time", result(times)}})
                           .reading(shop, only_input(shop), kPresets);
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
          .reading(bank, only_input(bank), kPresets);
  ASSERT_THAT(reading.samples, SizeIs(2));
  EXPECT_EQ(reading.samples[0].time, WallTime{std::chrono::seconds{100}});
  EXPECT_EQ(reading.samples[1].time, WallTime{std::chrono::seconds{200}});
}

TEST(SampleTable, ASeriesWithoutItsTimeIsAnErrorAndNotFresh) {
  const auto shop = service("shop", preset("RequestsPerSecond"));
  const auto reading =
      table_for(shop, {{"rps", result({series("store", "shop-blue", 12)})}, {"rps_time", result({})}})
          .reading(shop, only_input(shop), kPresets);
  ASSERT_TRUE(reading.error);
  EXPECT_THAT(*reading.error, HasSubstr("spec.scaling.metrics[0].preset: RequestsPerSecond"));
  EXPECT_THAT(*reading.error, HasSubstr("the scrape behind it has ended"));
  EXPECT_THAT(reading.samples, IsEmpty());
}

TEST(SampleTable, AFreeQueryWithoutTimesHasNone) {
  const auto bank = service("bank", query("load"));
  const auto reading = table_for(bank, {{"load", result({{.labels = {}, .value = 5}})}})
                           .reading(bank, only_input(bank), kPresets);
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
          .reading(bank, only_input(bank), kPresets);
  ASSERT_THAT(reading.samples, SizeIs(1));
  EXPECT_EQ(reading.samples[0].value, 1);
}

TEST(SampleTable, NoSeriesOfTheObjectIsEmptyAndNoError) {
  const auto shop = service("shop", preset("RequestsPerSecond"));
  const auto reading = table_for(shop, {{"rps", result({series("other", "x", 1)})}, {"rps_time", result({})}})
                           .reading(shop, only_input(shop), kPresets);
  EXPECT_FALSE(reading.error);
  EXPECT_THAT(reading.samples, IsEmpty());
}

TEST(SampleTable, ErrorsNameTheFieldThatTheQueryCameFrom) {
  const auto bank = service("bank", query("sum(", "times"));
  const auto bad_query =
      table_for(bank, {{"sum(", failure("not PromQL: parse error")}, {"times", result({})}})
          .reading(bank, only_input(bank), kPresets);
  EXPECT_EQ(bad_query.error, "spec.scaling.metrics[0].query: not PromQL: parse error");
  const auto bad_times = table_for(bank, {{"sum(", result({})}, {"times", failure("not PromQL: x")}})
                             .reading(bank, only_input(bank), kPresets);
  EXPECT_EQ(bad_times.error, "spec.scaling.metrics[0].timestampQuery: not PromQL: x");
  const auto shop = service("shop", preset("RequestsPerSecond"));
  const auto bad_preset = table_for(shop, {{"rps", failure("not PromQL: y")}, {"rps_time", result({})}})
                              .reading(shop, only_input(shop), kPresets);
  EXPECT_EQ(bad_preset.error,
            "spec.scaling.metrics[0].preset: RequestsPerSecond of the operator's configuration, query: not "
            "PromQL: y");
}

TEST(SampleTable, AnUnknownPresetNamesThoseThatThereAre) {
  const auto shop = service("shop", preset("LatencyP99"));
  const SampleTable table = table_for(shop, {});
  EXPECT_TRUE(table.covers(shop, kPresets)) << "there is nothing to wait for";
  EXPECT_THAT(table.reading(shop, only_input(shop), kPresets).error.value_or(""),
              HasSubstr("LatencyP99 is not among the presets"));
  EXPECT_THAT(table.reading(shop, only_input(shop), kPresets).error.value_or(""),
              HasSubstr("RequestsPerSecond"));
}

TEST(SampleTable, CoversOnlyWhatHasBeenRead) {
  const auto shop = service("shop", preset("RequestsPerSecond"));
  EXPECT_FALSE(SampleTable{}.covers(shop, kPresets));
  EXPECT_FALSE(table_for(shop, {{"rps", result({})}}).covers(shop, kPresets)) << "the times are missing";
  EXPECT_TRUE(table_for(shop, {{"rps", failure("x")}, {"rps_time", failure("x")}}).covers(shop, kPresets));
}

TEST(InputsOf, NamesEveryReadingAndItsField) {
  auto shop = service("shop", preset("RequestsPerSecond"));
  auto& errors = shop.spec.health.signals.emplace_back();
  errors.name = "errors";
  errors.preset = "ErrorRatio";
  shop.spec.balancing.algorithm = api::Algorithm::FastestResponse;
  auto& latency = shop.spec.balancing.signals.emplace_back();
  latency.name = "latency";
  latency.query = "own";
  std::vector<std::string> names;
  for (const auto& input : inputs_of(shop)) {
    names.push_back(input.name + " of " + input.field + ": " + input.source->preset + input.source->query);
  }
  EXPECT_THAT(names,
              ElementsAre("rps of spec.scaling.metrics[0]: RequestsPerSecond",
                          "errors of spec.health.signals[0]: ErrorRatio",
                          "balancing.latency of spec.balancing.signals[0]: own",
                          "balancing.errors of spec.balancing.algorithm: ErrorRatio"));
  shop.spec.balancing.algorithm = api::Algorithm::LeastConnections;
  EXPECT_EQ(inputs_of(shop).back().source->preset, "ActiveConnections");
  shop.spec.balancing.algorithm = api::Algorithm::LeastUtilization;
  EXPECT_EQ(inputs_of(shop).back().name, "balancing.errors") << "nobody else can say what utilization is";
  shop.spec.balancing.algorithm = api::Algorithm::Capacity;
  EXPECT_THAT(inputs_of(shop), SizeIs(2));
}

TEST(SampleTable, AQueryOfScopeBackendNamesTheBackendOrItsService) {
  auto metric = query("load");
  metric.scope = api::MetricScope::Backend;
  const auto bank = service("bank", metric);
  const auto reading =
      table_for(bank,
                {{"load",
                  result({{.labels = {{"backend", "green"}}, .value = 1},
                          {.labels = {{"service", "bank-blue"}}, .value = 2},
                          {.labels = {{"service", "bank-blue"}, {"namespace", "store"}}, .value = 3},
                          {.labels = {{"service", "bank-blue"}, {"namespace", "other"}}, .value = 4},
                          {.labels = {{"backend", "red"}, {"service", "bank-blue"}}, .value = 5},
                          {.labels = {}, .value = 6}})}})
          .reading(bank, only_input(bank), kPresets);
  std::vector<std::string> picked;
  for (const auto& sample : reading.samples) {
    picked.push_back(sample.labels.at("backend") + " " + std::to_string(static_cast<int>(sample.value)));
  }
  EXPECT_THAT(picked, ElementsAre("green 1", "blue 2", "blue 3"));
}

TEST(SampleTable, PodsAreSaidNotToBeWatched) {
  auto metric = query("load");
  metric.scope = api::MetricScope::Pod;
  const auto bank = service("bank", metric);
  const auto table = table_for(bank, {});
  EXPECT_TRUE(table.covers(bank, kPresets));
  EXPECT_THAT(table.reading(bank, only_input(bank), kPresets).error.value_or(""),
              HasSubstr("spec.scaling.metrics[0]: this operator does not watch pods"));
}

class Observed : public ::testing::Test {
 protected:
  /// A table of what the routing layer sent to blue and green, and of the latency of blue alone.
  SampleTable table(std::vector<Series> rates) {
    auto times = rates;
    for (std::size_t i = 0; i < times.size(); ++i) times[i].value = 1000.0 + static_cast<double>(i);
    const std::vector<Series> latency{series("store", "shop-blue", 0.25)};
    const std::vector<Series> latency_time{series("store", "shop-blue", 1000)};
    std::set<QueryPair> pairs;
    collect_queries(shop, presets, pairs);
    return SampleTable{{{"seen", result(std::move(rates))},
                        {"seen_time", result(std::move(times))},
                        {"p99", result(latency)},
                        {"p99_time", result(latency_time)}},
                       pairs};
  }

  const Presets presets{{std::string{kObservedRequests}, {"seen", "seen_time", std::chrono::seconds{60}}},
                        {"LatencyP99", {"p99", "p99_time", std::chrono::seconds{60}}}};
  const api::LoadBalancedService shop = service("shop", preset("LatencyP99"));
};

TEST_F(Observed, SharesAreThoseOfTheRequestsAndAsOldAsTheOldest) {
  const auto shares = table({series("store", "shop-blue", 6), series("store", "shop-green", 2)})
                          .observed_shares(shop, presets);
  EXPECT_EQ(shares.at("blue").percent, 75);
  EXPECT_EQ(shares.at("green").percent, 25);
  EXPECT_EQ(shares.at("green").time, WallTime{std::chrono::seconds{1000}});
}

TEST_F(Observed, SharesAreUnknownWithoutARequestOrASeries) {
  EXPECT_THAT(table({}).observed_shares(shop, presets), IsEmpty());
  EXPECT_THAT(table({series("store", "shop-blue", 0)}).observed_shares(shop, presets), IsEmpty());
  EXPECT_EQ(table({series("store", "shop-green", 5)}).observed_shares(shop, presets).at("blue").percent, 0);
  EXPECT_THAT(SampleTable{}.observed_shares(shop, kPresets), IsEmpty());
}

TEST_F(Observed, RequestsWeighLatencyAndASilentBackendAbstains) {
  const auto silent = table({series("store", "shop-blue", 6), series("store", "shop-green", 0)})
                          .reading(shop, only_input(shop), presets);
  ASSERT_THAT(silent.samples, SizeIs(2));
  EXPECT_EQ(silent.samples[0].weight, 360);
  EXPECT_EQ(silent.samples[1].labels.at("backend"), "green");
  EXPECT_EQ(silent.samples[1].weight, 0);
  const auto unread = table({series("store", "shop-blue", 6), series("store", "shop-green", 1)})
                          .reading(shop, only_input(shop), presets);
  EXPECT_THAT(unread.samples, SizeIs(1)) << "it was asked, and its latency is not known";
}

TEST(SampleTable, ATimeThatIsNoneCountsAsMissing) {
  const auto bank = service("bank", query("load", "times"));
  for (const double time : {-1.0, 1e300, std::numeric_limits<double>::quiet_NaN()}) {
    const auto reading = table_for(bank,
                                   {{"load", result({{.labels = {}, .value = 5}})},
                                    {"times", result({{.labels = {}, .value = time}})}})
                             .reading(bank, only_input(bank), kPresets);
    EXPECT_TRUE(reading.error) << time;
  }
}

}  // namespace
}  // namespace evenkeel::signals
