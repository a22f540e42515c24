#include "parts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evenkeel/balancing/divide.hpp"

namespace evenkeel::plan {
namespace {

/// A part follows its own readings down only past this many replicas: less is noise of the readings.
constexpr double kSlack = 1.3;
/// What rounding alone takes a part off its proportion, and half of that again.
constexpr double kRounding = 0.75;

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
    if (kept == more) parts[i].kept = Kept::Need;
    room -= kept;
  }
}

/// What of the total is divided by proportion: whoever is at its bound has that, whatever its proportion.
struct Open {
  std::vector<bool> holders;
  double division = 0;
  double need = 0;
  double total = 0;
};

Open open_of(std::span<const Holder> holders, std::int32_t total) {
  Open open{.holders = std::vector<bool>(holders.size(), false), .total = static_cast<double>(total)};
  for (std::size_t i = 0; i < holders.size(); ++i) {
    if (holders[i].division <= 0) continue;
    open.holders[i] = true;
    open.division += holders[i].division;
    open.need += holders[i].need.value_or(0);
  }
  // One that leaves changes the proportions of the others.
  for (bool any = true; any;) {
    any = false;
    for (std::size_t i = 0; i < holders.size(); ++i) {
      if (!open.holders[i]) continue;
      const auto& holder = holders[i];
      const double proportion = holder.division / open.division * open.total;
      const bool is_least = *holder.last <= std::max(1, holder.minimum) && proportion <= *holder.last;
      const bool is_most = *holder.last >= holder.maximum && proportion >= *holder.last;
      if (!is_least && !is_most) continue;
      open.holders[i] = false;
      open.division -= holder.division;
      open.need -= holder.need.value_or(0);
      open.total -= *holder.last;
      any = true;
    }
  }
  return open;
}

/// Whether the last parts are a division of the total within everybody's bounds.
bool is_division(std::span<const Holder> holders, std::int32_t total) {
  std::int64_t sum = 0;
  for (const auto& holder : holders) {
    if (holder.division <= 0) continue;
    if (!holder.last) return false;
    if (*holder.last < std::max(1, holder.minimum) || *holder.last > holder.maximum) return false;
    sum += *holder.last;
  }
  return sum == total;
}

/// Readings in whole percents of pods that do little, multiplied up to a total far above what they need, or a
/// need between two counts, would move a replica to and fro.
bool division_stands(std::span<const Holder> holders, const Division& division) {
  if (division.edited || !is_division(holders, division.total)) return false;
  const bool has_room = !division.exact && division.most > division.total;
  const auto open = open_of(holders, division.total);
  for (std::size_t i = 0; i < holders.size(); ++i) {
    if (!open.holders[i]) continue;
    const auto& holder = holders[i];
    const double off = std::abs(holder.division / open.division * open.total - *holder.last);
    const bool has_enough = *holder.last >= holder.need.value_or(0);
    if (off <= kRounding && (has_enough || !has_room)) continue;
    if (!holder.need || !has_enough || off * open.need > kSlack * open.total) return false;
  }
  return true;
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
  const bool stands = division_stands(holders, division);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i].replicas = divided[i];
    if (!stands || holders[i].division <= 0 || *holders[i].last == divided[i]) continue;
    parts[i] = {.replicas = *holders[i].last, .kept = Kept::Division};
  }
  if (division.exact) return parts;
  keep_needed(holders, division, parts);
  if (division.demand) give_extras(holders, division, parts);
  return parts;
}

}  // namespace evenkeel::plan
