#include "evenkeel/signals/prometheus.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>
#include <utility>

#include "evenkeel/http/client.hpp"

#include "decode.hpp"

namespace evenkeel::signals {
namespace {

class PrometheusSource final : public SignalSource {
 public:
  PrometheusSource(PrometheusOptions options, std::unique_ptr<http::Client> client, const Clock& clock)
      : options_{std::move(options)},
        client_{std::move(client)},
        clock_{clock} {}

  std::vector<TextResult> read(std::span<const std::string> texts,
                               Monotonic deadline,
                               const std::stop_token& stop) override {
    std::vector<TextResult> results(texts.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i = next++; i < texts.size(); i = next++) results[i] = ask(texts[i], deadline, stop);
    };
    {
      // The calling thread takes part, so a single query costs no thread.
      std::vector<std::jthread> helpers;
      const std::size_t hands = std::min(options_.concurrency, texts.size());
      for (std::size_t i = 1; i < hands; ++i) helpers.emplace_back(work);
      work();
    }
    return results;
  }

 private:
  TextResult ask(const std::string& text, Monotonic deadline, const std::stop_token& stop) {
    const Monotonic begin = clock_.monotonic();
    TextResult result = ask_within(text, deadline, stop);
    result.took = clock_.monotonic() - begin;
    return result;
  }

  TextResult ask_within(const std::string& text, Monotonic deadline, const std::stop_token& stop) {
    const auto left = deadline - clock_.monotonic();
    if (left <= Monotonic::duration::zero()) return timed_out();
    // Told to the server too, so that it does not go on computing for nobody.
    const auto left_ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
    http::Request request;
    request.target = "/api/v1/query?timeout=" + std::to_string(std::max<std::int64_t>(left_ms, 1)) +
                     "ms&query=" + http::percent_encode(text);
    const auto response = client_->send(request, deadline, stop);
    if (response.ok()) return decode_answer(response->status, response->body, options_.series);
    return failed(response.error());
  }

  [[nodiscard]] TextResult timed_out() const {
    TextResult result;
    result.error =
        QueryError{QueryProblem::Timeout,
                   "Prometheus at " + options_.url +
                       " did not answer in time; raise prometheus.timeoutSeconds or make the query cheaper"};
    return result;
  }

  [[nodiscard]] TextResult failed(const Error& error) const {
    if (error.kind == ErrorKind::Timeout) return timed_out();
    TextResult result;
    if (error.kind == ErrorKind::Invalid) {
      result.error =
          QueryError{QueryProblem::TooLarge, error.message + ": aggregate the query by fewer labels"};
      return result;
    }
    result.error = QueryError{
        QueryProblem::Unreachable,
        "Prometheus at " + options_.url + " could not be reached: " + error.message +
            "; check prometheus.url in the operator's configuration, and that Prometheus is running"};
    return result;
  }

  const PrometheusOptions options_;
  const std::unique_ptr<http::Client> client_;
  const Clock& clock_;
};

}  // namespace

const char* to_string(QueryProblem problem) noexcept {
  using enum QueryProblem;
  switch (problem) {
    case BadQuery:
      return "bad_query";
    case Unreachable:
      return "unreachable";
    case Timeout:
      return "timeout";
    case Refused:
      return "refused";
    case Unreadable:
      return "unreadable";
    case TooLarge:
      return "too_large";
  }
  return "unknown";
}

Result<std::unique_ptr<SignalSource>> make_prometheus_source(PrometheusOptions options, const Clock& clock) {
  http::Options http;
  http.origin = options.url;
  http.limits.body_bytes = options.body_bytes;
  auto client = http::Client::create(std::move(http), clock);
  if (!client.ok()) {
    return Error{client.error().kind, "prometheus.url \"" + options.url + "\": " + client.error().message};
  }
  std::unique_ptr<SignalSource> source =
      std::make_unique<PrometheusSource>(std::move(options), *std::move(client), clock);
  return source;
}

}  // namespace evenkeel::signals
