#pragma once

#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <vector>

namespace evenkeel::property {

/// Numbers that depend on the seed alone: the same on every machine and with every library, so that a seed in
/// a report is enough to see a failure again. (splitmix64, Steele, Lea and Flood 2014.)
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_{seed} {}

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    auto z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  bool chance(unsigned percent) { return next() % 100 < percent; }
  /// Both ends included.
  std::int32_t between(std::int32_t low, std::int32_t high) {
    const auto width = static_cast<std::uint64_t>(static_cast<std::int64_t>(high) - low + 1);
    return static_cast<std::int32_t>(low + static_cast<std::int64_t>(next() % width));
  }
  /// 0 <= result < 1.
  double fraction() { return static_cast<double>(next() >> 11U) * 0x1p-53; }
  double real(double low, double high) { return low + (high - low) * fraction(); }
  template <class T>
  T one_of(std::initializer_list<T> values) {
    return *std::next(values.begin(), static_cast<std::ptrdiff_t>(next() % values.size()));
  }
  template <class T>
  const T& one_of(const std::vector<T>& values) {
    return values[next() % values.size()];
  }

 private:
  std::uint64_t state_;
};

}  // namespace evenkeel::property
