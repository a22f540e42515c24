#include "pour.hpp"

#include <algorithm>

namespace evenkeel::failover {

double pour(std::span<const Vessel> vessels, double amount, std::span<double> levels) {
  if (amount <= 0 || vessels.empty()) return std::max(0.0, amount);
  std::vector<Vessel> open(vessels.begin(), vessels.end());
  // Whoever is full first has the least room for its weight; ties in the order given.
  std::ranges::sort(open, [](const Vessel& a, const Vessel& b) {
    const double first = a.room / a.weight;
    const double second = b.room / b.weight;
    return first != second ? first < second : a.index < b.index;
  });
  // Sums from the end: taking weights away from a sum would leave rounding errors in place of small ones.
  std::vector<double> weights(open.size());
  double sum = 0;
  for (std::size_t i = open.size(); i-- > 0;) weights[i] = sum += open[i].weight;
  for (std::size_t i = 0; i < open.size(); ++i) {
    const double fair = amount * (open[i].weight / weights[i]);
    const double taken = std::min({fair, open[i].room, amount});
    levels[open[i].index] += taken;
    amount -= taken;
  }
  return std::max(0.0, amount);
}

}  // namespace evenkeel::failover
