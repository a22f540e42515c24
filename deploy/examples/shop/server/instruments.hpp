// What the shop tells Prometheus.
#pragma once

#include <chrono>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

namespace shop {

// Requests of the pages: how many, how long, how many right now. Thread-safe.
class Instruments {
 public:
  explicit Instruments(const std::string& colour);

  void begin() { in_flight_.Increment(); }
  void end(const std::string& page, int status, std::chrono::duration<double> took);

  // Nothing is being answered at this moment.
  [[nodiscard]] bool idle() const { return in_flight_.Value() < 0.5; }

  // The text that Prometheus scrapes.
  [[nodiscard]] std::string exposition() const;

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& duration_;
  prometheus::Gauge& in_flight_;
};

}  // namespace shop
