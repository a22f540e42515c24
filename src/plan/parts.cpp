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
/// What was given last stands while nobody is so much busier than whom a new division would make the busiest.
constexpr double kNoBusier = 1.1;

std::int64_t sum_of(std::span<const Part> parts) {
  std::int64_t sum = 0;
  for (const auto& part : parts) sum += part.replicas;
  return sum;
}

/// Demand on each of its replicas, of what one is planned for.
double load_of(const Holder& holder, const Division& division, std::int32_t replicas) {
  if (!division.demand || holder.share <= 0) return 0;
  return holder.share * *division.demand / replicas / holder.planned;
}

/// Whether its load asks for one replica more than the division gives.
bool asks_by_load(const Holder& holder, const Division& division, std::int32_t replicas) {
  const double most = holder.had_extra != Extra::No ? 1.0 : 1.0 + division.tolerance;
  return load_of(holder, division, replicas) > most * (1 + 1e-9);
}

/// Whether its own need does. One that it has is kept as any part is, and while nobody knows what it needs.
bool asks_by_need(const Holder& holder, const Division& division, std::int32_t replicas) {
  const bool had = holder.had_extra == Extra::Need && holder.last && replicas <= *holder.last;
  if (had && (!holder.need || *holder.last + 1 - *holder.need <= kSlack)) return true;
  return holder.is_need_certain && *holder.need / replicas > (1 + division.tolerance) * (1 + 1e-9);
}

Extra asked_by(const Holder& holder, const Division& division, std::int32_t replicas) {
  if (holder.division <= 0 || replicas >= holder.maximum) return Extra::No;
  if (asks_by_need(holder, division, replicas)) return Extra::Need;
  return asks_by_load(holder, division, replicas) ? Extra::Load : Extra::No;
}

/// How much it asks, beside others. Who has one by its need keeps it: that need changes with what is given,
/// so one between two would go to and fro. Who has one by its load keeps it beside those that are as loaded.
double urgency_of(const Holder& holder, const Division& division, std::int32_t replicas) {
  if (holder.had_extra == Extra::Need) return std::numeric_limits<double>::infinity();
  const double urgency = std::max(load_of(holder, division, replicas), holder.need.value_or(0) / replicas);
  return holder.had_extra == Extra::Load ? urgency * kNoBusier : urgency;
}

/// The most loaded first, so that a bound that leaves room for one gives it to the right one.
void give_extras(std::span<const Holder> holders, const Division& division, std::vector<Part>& parts) {
  auto room = division.most - sum_of(parts);
  while (room > 0) {
    std::optional<std::size_t> best;
    auto why = Extra::No;
    double most = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto& holder = holders[i];
      if (parts[i].extra != Extra::No) continue;
      const auto asked = asked_by(holder, division, parts[i].replicas);
      if (asked == Extra::No) continue;
      const double urgency = urgency_of(holder, division, parts[i].replicas);
      if (best && urgency <= most) continue;
      most = urgency;
      why = asked;
      best = i;
    }
    if (!best) return;
    parts[*best].extra = why;
    ++parts[*best].replicas;
    --room;
  }
}

/// The first that has more than before, and enough without it, gives one back.
/// @param is_enough  whether a holder with such a part can spare one.
/// @return who; empty: nobody can.
template <class Enough>
std::optional<std::size_t> give_one_back(std::span<const Holder> holders,
                                         std::vector<Part>& parts,
                                         Enough is_enough) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& holder = holders[i];
    if (!holder.need || !holder.last || parts[i].replicas <= std::max(*holder.last, holder.minimum)) continue;
    if (!is_enough(holder, parts[i].replicas)) continue;
    --parts[i].replicas;
    return i;
  }
  return std::nullopt;
}

void keep_needed(std::span<const Holder> holders, const Division& division, std::vector<Part>& parts) {
  auto room = division.most - sum_of(parts);
  // So that another may keep its own: else a need between two counts would move a replica to and fro.
  const auto is_enough = [](const Holder& holder, std::int32_t part) { return *holder.need <= part; };
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& holder = holders[i];
    if (!holder.need || !holder.last || holder.division <= 0) continue;
    const std::int64_t more = std::int64_t{*holder.last} - parts[i].replicas;
    if (more <= 0 || *holder.last - *holder.need > kSlack) continue;
    while (room < more && give_one_back(holders, parts, is_enough)) ++room;
    const auto kept = std::clamp<std::int64_t>(room, 0, more);
    parts[i].replicas += static_cast<std::int32_t>(kept);
    if (kept == more) parts[i].kept = Kept::Need;
    room -= kept;
  }
}

/// What some keep beyond their parts is not given to others on top, by needs of their own, while those have
/// what they need: a reading that goes to and fro would bring it and take it away again.
void give_back_surplus(std::span<const Holder> holders, std::int32_t total, std::vector<Part>& parts) {
  const auto is_enough = [](const Holder& holder, std::int32_t part) {
    return holder.is_need_certain && *holder.need <= part - 1;
  };
  for (auto surplus = sum_of(parts) - total; surplus > 0; --surplus) {
    const auto giver = give_one_back(holders, parts, is_enough);
    if (!giver) return;
    parts[*giver].kept = Kept::Enough;
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
      const bool is_least = *holder.last <= holder.minimum && proportion <= *holder.last;
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
    if (*holder.last < holder.minimum || *holder.last > holder.maximum) return false;
    sum += *holder.last;
  }
  return sum == total;
}

/// The most that a replica would have to do, in the unit of the proportions.
double busiest_of(std::span<const Holder> holders, std::span<const std::int32_t> parts) {
  double busiest = 0;
  for (std::size_t i = 0; i < holders.size(); ++i) {
    if (parts[i] > 0) busiest = std::max(busiest, holders[i].division / parts[i]);
  }
  return busiest;
}

/// Readings in whole percents of pods that do little, multiplied up to a total far above what they need, or a
/// need between two counts, would move a replica to and fro. So would, in a full service, what is left of a
/// total that many of the same size divide: one of six lacks nearly a whole replica, whoever it is.
bool division_stands(std::span<const Holder> holders,
                     const Division& division,
                     std::span<const std::int32_t> divided) {
  if (division.edited || !is_division(holders, division.total)) return false;
  const bool has_room = !division.exact && division.most > division.total;
  const auto open = open_of(holders, division.total);
  const double busiest = has_room ? 0 : busiest_of(holders, divided) * kNoBusier;
  for (std::size_t i = 0; i < holders.size(); ++i) {
    if (!open.holders[i]) continue;
    const auto& holder = holders[i];
    const double off = std::abs(holder.division / open.division * open.total - *holder.last);
    const bool has_enough = *holder.last >= holder.need.value_or(0);
    if (off <= kRounding && (has_enough || !has_room)) continue;
    if (!has_room && holder.division <= busiest * *holder.last) continue;
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
    minimums.push_back(holder.minimum);
    maximums.push_back(std::max(minimums.back(), holder.maximum));
  }
  const auto divided = balancing::divide(shares, minimums, maximums, division.total);
  const bool stands = division_stands(holders, division, divided);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i].replicas = divided[i];
    if (!stands || holders[i].division <= 0 || *holders[i].last == divided[i]) continue;
    parts[i] = {.replicas = *holders[i].last, .kept = Kept::Division};
  }
  if (division.exact) return parts;
  keep_needed(holders, division, parts);
  give_back_surplus(holders, division.total, parts);
  give_extras(holders, division, parts);
  return parts;
}

}  // namespace evenkeel::plan
