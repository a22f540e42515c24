#include "evenkeel/base/apportion.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace evenkeel {
namespace {

/// Shares relative to the largest, scaled by a power of two so that huge ones do not overflow what follows.
/// They are kept to 40 bits: shares that differ by the rounding errors of a computation are ties, and whoever
/// computes them anew gets the same parts. Shares with few digits are not changed at all.
std::vector<double> normalised(std::span<const double> shares) {
  constexpr int kBits = 40;
  std::vector<double> result(shares.begin(), shares.end());
  for (auto& share : result) {
    if (!std::isfinite(share) || share < 0) share = 0;
  }
  const auto largest = std::ranges::max_element(result);
  if (largest == result.end() || *largest == 0) return {};
  const int exponent = std::ilogb(*largest);
  for (auto& share : result) {
    if (share > 0) share = std::max(1.0, std::round(std::scalbn(share, kBits - exponent)));
  }
  return result;
}

/// Units in the order in which they are dealt: the better claim first, ties to the lower index. Everybody's
/// first unit comes before all others.
class Deal {
 public:
  Deal(const std::vector<double>& shares, std::vector<std::int32_t>& parts)
      : shares_{shares},
        parts_{parts} {}

  /// Whoever has the best claim to one more.
  [[nodiscard]] std::size_t next() const {
    std::size_t best = 0;
    double best_claim = -1;
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      if (shares_[i] > 0 && claim_to(i, parts_[i] + 1.0) > best_claim) {
        best = i;
        best_claim = claim_to(i, parts_[i] + 1.0);
      }
    }
    return best;
  }
  /// Whose last unit has the weakest claim, first units apart. shares_.size(): nobody has two.
  [[nodiscard]] std::size_t last() const {
    std::size_t worst = shares_.size();
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      if (parts_[i] < 2) continue;
      if (worst == shares_.size() || claim_to(i, parts_[i]) <= claim_to(worst, parts_[worst])) worst = i;
    }
    return worst;
  }
  /// Whether `next`'s next unit comes before `last`'s last one.
  [[nodiscard]] bool is_out_of_order(std::size_t next, std::size_t last) const {
    if (last == shares_.size() || next == last) return false;
    const double wanted = claim_to(next, parts_[next] + 1.0);
    const double held = claim_to(last, parts_[last]);
    return wanted > held || (wanted == held && next < last);
  }

 private:
  [[nodiscard]] double claim_to(std::size_t i, double unit) const { return shares_[i] / (2 * unit - 1); }

  const std::vector<double>& shares_;
  std::vector<std::int32_t>& parts_;
};

/// Fewer units than holders: one each to the largest shares.
void deal_first_units(std::span<const double> shares,
                      const std::vector<double>& fractions,
                      std::int32_t total,
                      std::vector<std::int32_t>& parts) {
  std::vector<std::size_t> order(shares.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    if (fractions[a] != fractions[b]) return fractions[a] > fractions[b];
    // The tiniest ones have all become 1.
    if (fractions[a] == 1 && shares[a] != shares[b]) return shares[a] > shares[b];
    return a < b;
  });
  for (std::size_t i = 0; i < static_cast<std::size_t>(total); ++i) parts[order[i]] = 1;
}

}  // namespace

std::vector<std::int32_t> apportion(std::span<const double> shares, std::int32_t total) {
  std::vector<std::int32_t> parts(shares.size(), 0);
  const auto fractions = normalised(shares);
  if (fractions.empty() || total <= 0) return parts;
  const double sum = std::accumulate(fractions.begin(), fractions.end(), 0.0);
  const auto holders = std::ranges::count_if(fractions, [](double fraction) { return fraction > 0; });
  if (total < holders) {
    deal_first_units(shares, fractions, total, parts);
    return parts;
  }
  // Rounding every quota to the nearest whole is Sainte-Lague for a total at most one unit per holder away;
  // from there a unit at a time, however large the total is.
  std::int64_t dealt = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (fractions[i] <= 0) continue;
    parts[i] = std::max(
        1, static_cast<std::int32_t>(std::min(std::round(fractions[i] / sum * total), 2147483647.0)));
    dealt += parts[i];
  }
  const Deal deal{fractions, parts};
  for (; dealt < total; ++dealt) ++parts[deal.next()];
  for (; dealt > total; --dealt) --parts[deal.last()];
  // A quota right at the middle may have been rounded to the wrong side.
  for (auto next = deal.next(), last = deal.last(); deal.is_out_of_order(next, last);
       next = deal.next(), last = deal.last()) {
    ++parts[next];
    --parts[last];
  }
  return parts;
}

}  // namespace evenkeel
