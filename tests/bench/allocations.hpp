#pragma once

#include <cstdint>

#include <benchmark/benchmark.h>

namespace evenkeel::bench {

/// How often this program has asked for memory until now.
[[nodiscard]] std::int64_t allocations() noexcept;

/// Adds up what is asked for between start() and stop(), and reports it per iteration.
class AllocationCounter {
 public:
  explicit AllocationCounter(benchmark::State& state) : state_{state} {}
  ~AllocationCounter() {
    state_.counters["allocations"] =
        benchmark::Counter(static_cast<double>(counted_), benchmark::Counter::kAvgIterations);
  }
  AllocationCounter(const AllocationCounter&) = delete;
  AllocationCounter& operator=(const AllocationCounter&) = delete;

  void start() { before_ = allocations(); }
  void stop() { counted_ += allocations() - before_; }

 private:
  benchmark::State& state_;
  std::int64_t before_ = 0;
  std::int64_t counted_ = 0;
};

}  // namespace evenkeel::bench
