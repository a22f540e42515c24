#include "instruments.hpp"

#include <sstream>

#include <prometheus/text_serializer.h>

namespace shop {
namespace {

const prometheus::Histogram::BucketBoundaries kSeconds{0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 3, 5, 10};

}  // namespace

Instruments::Instruments(const std::string& colour)
    : requests_(prometheus::BuildCounter()
                    .Name("shop_requests_total")
                    .Help("Pages answered, by page and HTTP status.")
                    .Labels({{"colour", colour}})
                    .Register(registry_)),
      duration_(prometheus::BuildHistogram()
                    .Name("shop_request_duration_seconds")
                    .Help("Time from the arrival of a request to its answer, waiting included.")
                    .Labels({{"colour", colour}})
                    .Register(registry_)),
      in_flight_(prometheus::BuildGauge()
                     .Name("shop_requests_in_flight")
                     .Help("Requests that are waiting or being worked on.")
                     .Labels({{"colour", colour}})
                     .Register(registry_)
                     .Add({})) {}

void Instruments::end(const std::string& page, int status, std::chrono::duration<double> took) {
  const prometheus::Labels labels{{"page", page}, {"status", std::to_string(status)}};
  requests_.Add(labels).Increment();
  duration_.Add(labels, kSeconds).Observe(took.count());
  in_flight_.Decrement();
}

std::string Instruments::exposition() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, registry_.Collect());
  return out.str();
}

}  // namespace shop
