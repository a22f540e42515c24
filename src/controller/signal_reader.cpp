#include "signal_reader.hpp"

#include <utility>

namespace evenkeel::controller {
namespace {

std::set<signals::QueryPair> pairs_of(const Services& services, const signals::Presets& presets) {
  std::set<signals::QueryPair> pairs;
  for (const auto& service : services) signals::collect_queries(service->service, presets, pairs);
  return pairs;
}

}  // namespace

void SignalReader::read_all(const Services& services, const std::stop_token& stop) {
  const auto pairs = pairs_of(services, presets_);
  const auto texts = signals::distinct_texts(pairs);
  const std::set<std::string> wanted{texts.begin(), texts.end()};
  std::erase_if(results_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  std::erase_if(problems_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  read(texts, stop);
  publish(pairs);
}

bool SignalReader::read_new(const Services& services, const std::stop_token& stop) {
  const auto pairs = pairs_of(services, presets_);
  std::vector<std::string> texts = signals::distinct_texts(pairs);
  std::erase_if(texts, [&](const std::string& text) { return results_.contains(text); });
  read(texts, stop);
  // Also when there was nothing to read: a new pair may consist of known texts.
  publish(pairs);
  return !texts.empty();
}

void SignalReader::read(std::span<const std::string> texts, const std::stop_token& stop) {
  if (texts.empty()) return;
  auto results = deps_.source.read(texts, deps_.clock.monotonic() + timeout_, stop);
  // A reading that was broken off says nothing about Prometheus.
  if (stop.stop_requested()) return;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    deps_.metrics.count_query(results[i].took);
    if (results[i].error) deps_.metrics.count_query_error(to_string(results[i].error->problem));
    report(texts[i], results[i]);
    results_.insert_or_assign(texts[i], std::move(results[i]));
  }
}

void SignalReader::report(const std::string& text, const signals::TextResult& result) {
  const std::string& problem = result.error ? result.error->message : result.warning;
  const auto before = problems_.find(text);
  const bool was_well = before == problems_.end();
  if (problem.empty()) {
    if (was_well) return;
    deps_.log.info("query works again", {{"query", text}});
    problems_.erase(before);
  } else if (was_well || before->second != problem) {
    // What comes with a warning is used: it is the best there is, and most warnings are about the query's
    // form.
    deps_.log.warning(result.error ? "query failed" : "query is answered with a warning",
                      {{"query", text}, {result.error ? "error" : "warning", problem}});
    problems_.insert_or_assign(text, problem);
  }
}

void SignalReader::publish(const std::set<signals::QueryPair>& pairs) {
  auto table = std::make_shared<const signals::SampleTable>(results_, pairs);
  table_.with([&](auto& current) { current.swap(table); });
}

std::shared_ptr<const signals::SampleTable> SignalReader::table() const {
  return table_.with([](const auto& current) { return current; });
}

}  // namespace evenkeel::controller
