#include "evenkeel/balancing/divide.hpp"

#include <algorithm>

#include "evenkeel/base/apportion.hpp"

namespace evenkeel::balancing {

std::vector<double> declared_proportions(std::span<const api::Backend> backends) {
  std::vector<double> proportions;
  proportions.reserve(backends.size());
  for (const auto& backend : backends) proportions.push_back(std::max(0, backend.weight));
  return proportions;
}

std::vector<std::int32_t> divide(std::span<const double> shares,
                                 std::span<const std::int32_t> minimums,
                                 std::int32_t total) {
  std::vector<double> open(shares.begin(), shares.end());
  std::vector<std::int32_t> fixed(shares.size(), 0);
  std::int64_t left = total;
  // Whoever would get less than its minimum is given that and leaves the division; the others then get less,
  // so another may fall under its minimum. Every round settles one at least.
  for (std::size_t round = 0; round <= shares.size(); ++round) {
    auto parts = apportion(open, static_cast<std::int32_t>(std::max<std::int64_t>(left, 0)));
    bool settled = true;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (open[i] > 0 && parts[i] < minimums[i]) {
        fixed[i] = minimums[i];
        left -= minimums[i];
        open[i] = 0;
        settled = false;
      }
    }
    if (settled) {
      for (std::size_t i = 0; i < parts.size(); ++i) parts[i] += fixed[i];
      return parts;
    }
  }
  return fixed;
}

}  // namespace evenkeel::balancing
