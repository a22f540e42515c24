#include "parts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evenkeel/balancing/divide.hpp"

namespace evenkeel::plan {
namespace {

/// A part follows its own readings down only past this many replicas: less is noise of the readings.
constexpr double kSlack = 1.3;

std::int64_t sum_of(std::span<const Part> parts) {
  std::int64_t sum = 0;
  for (const auto& part : parts) sum += part.replicas;
  return sum;
}

double load_of(const Holder& holder, double demand, std::int32_t replicas) {
  return replicas > 0 ? holder.share * demand / replicas : std::numeric_limits<double>::infinity();
}

/// Whether its load asks for one replica more than the division gives.
bool asks_for_extra(const Holder& holder, const Division& division, std::int32_t replicas) {
  if (holder.division <= 0 || holder.share <= 0 || replicas <= 0) return false;
  const double load = load_of(holder, *division.demand, replicas);
  return load > holder.planned * (holder.had_extra ? 1.0 : 1.0 + division.tolerance) * (1 + 1e-9);
}

/// The most loaded first, so that a bound that leaves room for one gives it to the right one.
void give_extras(std::span<const Holder> holders, const Division& division, std::vector<Part>& parts) {
  auto room = division.most - sum_of(parts);
  while (room > 0) {
    std::optional<std::size_t> best;
    double most = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i].replicas >= holders[i].maximum) continue;
      if (parts[i].extra || !asks_for_extra(holders[i], division, parts[i].replicas)) continue;
      const double load = load_of(holders[i], *division.demand, parts[i].replicas) / holders[i].planned;
      if (load > most) {
        most = load;
        best = i;
      }
    }
    if (!best) return;
    ++parts[*best].replicas;
    parts[*best].extra = true;
    --room;
  }
}

/// Whoever has more than before, and all that it needs, gives one back, so that another may keep its own:
/// else a need between two counts would move a replica to and fro.
bool give_one_back(std::span<const Holder> holders, std::vector<Part>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& holder = holders[i];
    if (!holder.need || !holder.last || parts[i].replicas <= std::max({*holder.last, holder.minimum, 1}))
      continue;
    if (*holder.need > parts[i].replicas) continue;
    --parts[i].replicas;
    return true;
  }
  return false;
}

void keep_needed(std::span<const Holder> holders, const Division& division, std::vector<Part>& parts) {
  auto room = division.most - sum_of(parts);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& holder = holders[i];
    if (!holder.need || !holder.last || holder.division <= 0) continue;
    const std::int64_t more = std::int64_t{*holder.last} - parts[i].replicas;
    if (more <= 0 || *holder.last - *holder.need > kSlack) continue;
    while (room < more && give_one_back(holders, parts)) ++room;
    const auto kept = std::clamp<std::int64_t>(room, 0, more);
    parts[i].replicas += static_cast<std::int32_t>(kept);
    parts[i].kept = kept == more;
    room -= kept;
  }
}

}  // namespace

std::vector<Part> divide_total(std::span<const Holder> holders, const Division& division) {
  std::vector<Part> parts(holders.size());
  if (division.total <= 0) return parts;
  std::vector<double> shares;
  std::vector<std::int32_t> minimums;
  std::vector<std::int32_t> maximums;
  shares.reserve(holders.size());
  minimums.reserve(holders.size());
  for (const auto& holder : holders) {
    shares.push_back(holder.division);
    minimums.push_back(std::max(1, holder.minimum));
    maximums.push_back(std::max(minimums.back(), holder.maximum));
  }
  const auto divided = balancing::divide(shares, minimums, maximums, division.total);
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i].replicas = divided[i];
  if (division.exact) return parts;
  keep_needed(holders, division, parts);
  if (division.demand) give_extras(holders, division, parts);
  return parts;
}

}  // namespace evenkeel::plan
