#include "evenkeel/base/apportion.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace evenkeel {
namespace {

/// Shares scaled by a power of two, so that huge ones do not overflow what follows and none is rounded: a
/// rounded share would decide a tie.
std::vector<double> normalised(std::span<const double> shares) {
  std::vector<double> result(shares.begin(), shares.end());
  for (auto& share : result) {
    if (!std::isfinite(share) || share < 0) share = 0;
  }
  const auto largest = std::ranges::max_element(result);
  if (largest == result.end() || *largest == 0) return {};
  const int exponent = std::ilogb(*largest);
  for (auto& share : result) share = std::scalbn(share, -exponent);
  return result;
}

/// Index of the share that has the best claim to the next unit; of those without one where some are left.
std::size_t next_in_line(const std::vector<double>& shares, const std::vector<std::int32_t>& parts) {
  std::size_t best = 0;
  double best_claim = -1;
  bool best_waits = false;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (shares[i] <= 0) continue;
    const bool waits = parts[i] == 0;
    const double claim = shares[i] / (2.0 * parts[i] + 1.0);
    if (waits == best_waits ? claim > best_claim : waits) {
      best = i;
      best_claim = claim;
      best_waits = waits;
    }
  }
  return best;
}

}  // namespace

std::vector<std::int32_t> apportion(std::span<const double> shares, std::int32_t total) {
  std::vector<std::int32_t> parts(shares.size(), 0);
  const auto fractions = normalised(shares);
  if (fractions.empty() || total <= 0) return parts;
  double sum = 0;
  double holders = 0;
  for (const double fraction : fractions) {
    sum += fraction;
    if (fraction > 0) ++holders;
  }
  // Everybody ends within two units per holder of the exact quota, first units included, so that much is
  // dealt at once and only the rest one by one.
  std::int32_t dealt = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const double sure = std::floor(fractions[i] / sum * total - 2 * holders);
    if (sure > 0) parts[i] = static_cast<std::int32_t>(sure);
    dealt += parts[i];
  }
  for (; dealt < total; ++dealt) ++parts[next_in_line(fractions, parts)];
  return parts;
}

}  // namespace evenkeel
