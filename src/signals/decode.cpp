#include "decode.hpp"

#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include <simdjson.h>

namespace evenkeel::signals {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

TextResult failed(QueryProblem problem, std::string message) {
  TextResult result;
  result.error = QueryError{problem, std::move(message)};
  return result;
}

TextResult unreadable(int status, std::string_view what) {
  return failed(QueryProblem::Unreadable,
                "the answer (HTTP " + std::to_string(status) + ") is not that of Prometheus' query API: " +
                    std::string{what} + "; check that the URL is the root of a Prometheus");
}

/// Prometheus prints floats as Go does: "1.5", "1e+06", "NaN", "+Inf", "-Inf".
std::optional<double> parse_value(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "+Inf" || text == "Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return std::nullopt;
  if (problem == std::errc::result_out_of_range) return std::numeric_limits<double>::infinity();
  if (problem != std::errc{}) return std::nullopt;
  return value;
}

/// A point is `[time, "value"]`.
std::optional<double> value_of_point(const element& point) {
  std::string_view text;
  if (point.at(1).get(text) != simdjson::SUCCESS) return std::nullopt;
  return parse_value(text);
}

std::optional<Series> read_series(const element& item) {
  simdjson::dom::object metric;
  element point;
  if (item["metric"].get(metric) != simdjson::SUCCESS) return std::nullopt;
  if (item["value"].get(point) != simdjson::SUCCESS) return std::nullopt;
  const auto value = value_of_point(point);
  if (!value) return std::nullopt;
  Series series{.labels = {}, .value = *value};
  for (const auto field : metric) {
    std::string_view text;
    if (field.value.get(text) != simdjson::SUCCESS) return std::nullopt;
    if (field.key != "__name__") series.labels.emplace(field.key, text);
  }
  return series;
}

TextResult read_vector(int status, const array& items, std::size_t max_series) {
  if (items.size() > max_series) {
    return failed(QueryProblem::TooLarge,
                  "the result has " + std::to_string(items.size()) + " series, more than the " +
                      std::to_string(max_series) + " that are read: aggregate it by fewer labels");
  }
  TextResult result;
  result.series.reserve(items.size());
  for (const auto item : items) {
    auto series = read_series(item);
    // A native histogram comes with "histogram" instead of "value": it has no single figure to scale by.
    if (!series) return unreadable(status, "a series without labels or a float value");
    result.series.push_back(std::move(*series));
  }
  return result;
}

TextResult read_data(int status, const element& root, std::size_t max_series) {
  std::string_view type;
  element data;
  if (root["data"].get(data) != simdjson::SUCCESS || data["resultType"].get(type) != simdjson::SUCCESS) {
    return unreadable(status, "no data.resultType");
  }
  if (type == "vector") {
    array items;
    if (data["result"].get(items) != simdjson::SUCCESS) return unreadable(status, "data.result is no list");
    return read_vector(status, items, max_series);
  }
  if (type == "scalar") {
    element point;
    if (data["result"].get(point) != simdjson::SUCCESS) return unreadable(status, "no data.result");
    const auto value = value_of_point(point);
    if (!value) return unreadable(status, "the scalar is no number");
    TextResult result;
    result.series.push_back({.labels = {}, .value = *value});
    return result;
  }
  return failed(QueryProblem::BadQuery,
                "the result is a " + std::string{type} + ": an instant vector or a scalar is needed");
}

/// The first of what stands under "warnings", and how many more there are. "infos", advice on how to write a
/// query, stay where they are.
std::string read_warning(const element& root) {
  array warnings;
  std::string_view first;
  if (root["warnings"].get(warnings) != simdjson::SUCCESS) return {};
  if (warnings.at(0).get(first) != simdjson::SUCCESS) return {};
  std::string text{first};
  if (warnings.size() > 1) text += " (and " + std::to_string(warnings.size() - 1) + " more)";
  return text;
}

std::string text_or(simdjson::simdjson_result<element> found, std::string_view otherwise) {
  std::string_view text;
  return std::string{found.get(text) == simdjson::SUCCESS ? text : otherwise};
}

/// The words of Prometheus for what went wrong; the HTTP status only tells apart what it leaves open.
TextResult read_error(int status, std::string_view type, const std::string& message) {
  if (type == "bad_data")
    return failed(QueryProblem::BadQuery, "not PromQL: " + message + "; correct the query");
  if (type == "execution") {
    return failed(QueryProblem::BadQuery, "cannot be evaluated: " + message + "; correct the query");
  }
  if (type == "timeout" || type == "canceled") {
    return failed(QueryProblem::Timeout,
                  "Prometheus gave up (" + std::string{type} + "): " + message + "; make the query cheaper");
  }
  return failed(
      QueryProblem::Unreachable,
      "Prometheus answered HTTP " + std::to_string(status) + " (" + std::string{type} + "): " + message);
}

}  // namespace

TextResult decode_answer(int status, std::string_view body, std::size_t max_series) {
  if (status == 401 || status == 403 || (status >= 300 && status < 400)) {
    return failed(QueryProblem::Refused,
                  "HTTP " + std::to_string(status) +
                      ": no credentials are sent and no redirect is followed; give the address of the "
                      "Prometheus itself");
  }
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(simdjson::padded_string{body}).get(root) != simdjson::SUCCESS) {
    if (status >= 500) {
      return failed(QueryProblem::Unreachable,
                    "HTTP " + std::to_string(status) + " from something before Prometheus");
    }
    return unreadable(status, "not JSON");
  }
  std::string_view state;
  if (root["status"].get(state) != simdjson::SUCCESS) return unreadable(status, "no status");
  if (state == "success") {
    TextResult result = read_data(status, root, max_series);
    result.warning = read_warning(root);
    return result;
  }
  return read_error(status, text_or(root["errorType"], "unknown"), text_or(root["error"], "no reason given"));
}

}  // namespace evenkeel::signals
