#include "evenkeel/balancing/divide.hpp"

#include <algorithm>
#include <functional>

#include "evenkeel/base/apportion.hpp"

namespace evenkeel::balancing {

std::vector<std::int32_t> divide(std::span<const double> shares,
                                 std::span<const std::int32_t> minimums,
                                 std::span<const std::int32_t> maximums,
                                 std::int32_t total) {
  std::vector<double> open(shares.begin(), shares.end());
  std::vector<std::int32_t> fixed(shares.size(), 0);
  std::int64_t left = total;
  std::vector<std::int32_t> parts;
  // Whoever would get more or less than its bound is given that and leaves the division.
  const auto settle = [&](auto is_beyond, std::span<const std::int32_t> bounds) {
    bool any = false;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      if (!(open[i] > 0) || !is_beyond(parts[i], bounds[i])) continue;
      fixed[i] = bounds[i];
      left -= bounds[i];
      open[i] = 0;
      any = true;
    }
    return any;
  };
  // The others then get more, or less, so another may come to its bound. Every round settles one at least.
  for (std::size_t round = 0; round <= shares.size(); ++round) {
    parts = apportion(open, static_cast<std::int32_t>(std::max<std::int64_t>(left, 0)));
    if (settle(std::greater<>{}, maximums) || settle(std::less<>{}, minimums)) continue;
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i] += fixed[i];
    return parts;
  }
  return fixed;
}

}  // namespace evenkeel::balancing
