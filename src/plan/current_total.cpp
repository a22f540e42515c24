#include "current_total.hpp"

#include <algorithm>
#include <limits>

namespace evenkeel::plan {
namespace {

/// How long a change may stay unseen before it counts as never made.
constexpr std::chrono::seconds kPendingFor{60};

const Member* find_member(std::span<const Member> members, const std::string& name) {
  const auto found = std::ranges::find_if(members, [&](const Member& m) { return m.declared->name == name; });
  return found == members.end() ? nullptr : &*found;
}

enum class Sighting { Arrived, Waiting, Elsewhere };

/// What has become of a pending change: one backend at its new count is enough; one at its old count leaves
/// it open. Where no workload changes with it there is nothing to see, and only time makes it past.
Sighting sight(const scaling::PendingScale& pending, WallTime now, std::span<const Member> members) {
  if (pending.backends.empty()) return now > pending.time ? Sighting::Arrived : Sighting::Waiting;
  bool waiting = false;
  for (const auto& [name, change] : pending.backends) {
    const auto* member = find_member(members, name);
    if (member == nullptr || !member->spec_replicas) continue;
    if (*member->spec_replicas == change.to) return Sighting::Arrived;
    waiting = waiting || *member->spec_replicas == change.from;
  }
  return waiting ? Sighting::Waiting : Sighting::Elsewhere;
}

/// The write was never made: what was there before counts again.
void revert(std::span<const Member> members, std::int32_t total, Memory& memory) {
  memory.total = total;
  for (const auto& member : members) {
    auto& written = memory.backends[member.declared->name].written;
    if (!written || !member.sizeable()) continue;
    written = {.from = *member.spec_replicas, .to = *member.spec_replicas};
  }
}

void settle_pending(WallTime now, std::span<const Member> members, Memory& memory) {
  auto& pending = memory.history.pending;
  if (!pending) return;
  switch (sight(*pending, now, members)) {
    case Sighting::Arrived:
      memory.history.record_event(pending->time, std::int64_t{pending->to} - pending->from);
      pending.reset();
      return;
    case Sighting::Waiting:
      if (pending->time >= scaling::moment_before(now, kPendingFor)) return;
      revert(members, pending->from, memory);
      pending.reset();
      return;
    case Sighting::Elsewhere:
      pending.reset();
      return;
  }
}

/// The sum over the lowest tier with declared weight: what a service is sized to before we ever decided.
std::int64_t sum_of_lowest_tier(std::span<const Member> members) {
  std::optional<std::int32_t> lowest;
  for (const auto& member : members) {
    const auto tier = member.declared->tier;
    if (member.declared->weight > 0 && (!lowest || tier < *lowest)) lowest = tier;
  }
  std::int64_t sum = 0;
  for (const auto& member : members) {
    if (member.declared->weight > 0 && member.declared->tier == lowest)
      sum += member.spec_replicas.value_or(0);
  }
  return sum;
}

/// What others have added to the parts since we wrote them. A count that we have not written yet is ours too;
/// one of 0 switches that backend off and says nothing about the total.
std::int64_t changed_by_others(std::span<const Member> members, const Memory& memory) {
  std::int64_t change = 0;
  for (const auto& member : members) {
    const auto found = memory.backends.find(member.declared->name);
    if (found == memory.backends.end() || !found->second.has_part || !found->second.written) continue;
    const auto& written = *found->second.written;
    if (!member.sizeable()) continue;
    const auto seen = *member.spec_replicas;
    if (!written.explains(seen)) change += std::int64_t{seen} - written.to;
  }
  return change;
}

std::optional<CurrentTotal::None> why_no_total(std::span<const Member> members) {
  bool found = false;
  for (const auto& member : members) {
    if (member.sizeable()) return std::nullopt;
    found = found || (member.declared->workload && member.spec_replicas);
  }
  return found ? CurrentTotal::None::SwitchedOff : CurrentTotal::None::NotFound;
}

/// Whether it has what we decided, seen or not.
bool is_as_decided(const Member& member, const Memory& memory) {
  const auto found = memory.backends.find(member.declared->name);
  if (found == memory.backends.end() || !found->second.written) return false;
  return member.spec_replicas && found->second.written->explains(*member.spec_replicas);
}

/// A total is 0 only while everybody sleeps, or has what we decided beside a `last` one of 0.
std::int32_t saturated_total(std::int64_t value,
                             std::optional<std::int32_t> last,
                             std::span<const Member> members,
                             const Memory& memory) {
  const bool stays = members.size() > 1 && last == 0;
  const bool awake = std::ranges::any_of(members, [&](const Member& m) {
    return m.sizeable() && !m.asleep && !(stays && is_as_decided(m, memory));
  });
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(value, awake ? 1 : 0, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

CurrentTotal settle_current_total(const api::Snapshot& snapshot,
                                  std::span<const Member> members,
                                  Memory& memory) {
  settle_pending(snapshot.now, members, memory);
  if (const auto none = why_no_total(members)) return {.replicas = 0, .none = none};

  auto& history = memory.history;
  const auto last = history.pending ? std::optional{history.pending->from} : memory.total;
  std::int64_t current = 0;
  if (members.size() == 1) {
    current = *members.front().spec_replicas;
  } else {
    current = last ? *last + changed_by_others(members, memory) : sum_of_lowest_tier(members);
  }
  const auto total = saturated_total(current, last, members, memory);
  if (snapshot.restored) {
    // A new leader cannot tell its predecessor's last writes from a stranger's: it holds itself to the limits
    // that follow from both.
    auto known = last;
    // Of one backend its own count: the total may be from when there were others beside it.
    const auto& written = memory.backends[members.front().declared->name].written;
    if (known && members.size() == 1 && !history.pending && written) known = written->to;
    if (known && *known != total) history.record_event(snapshot.now, std::int64_t{total} - *known);
    history.record_recommendation(snapshot.now, total);
    if (!history.pending) memory.total = total;
  }
  return {.replicas = total, .none = std::nullopt};
}

bool record_total(WallTime now,
                  scaling::CountChange total,
                  std::span<const Member> members,
                  std::span<const Size> sizes,
                  Memory& memory) {
  scaling::PendingScale next{.time = now, .from = total.from, .to = total.to, .backends = {}};
  for (const auto& member : members) {
    const auto& size = sizes[member.index];
    auto& backend = memory.backends[member.declared->name];
    backend.has_part = size.has_part;
    // What we wrote last is how a count of 0 is known to be somebody else's, for as long as it stands.
    if (member.switched_off()) continue;
    backend.written.reset();
    if (!size.replicas) continue;
    backend.written = {.from = *member.spec_replicas, .to = *size.replicas};
    if (size.has_part && backend.written->from != backend.written->to) {
      next.backends[member.declared->name] = *backend.written;
    }
  }
  memory.total = total.to;
  auto& pending = memory.history.pending;
  if (total.from == total.to) {
    pending.reset();
    return false;
  }
  // The new decision takes the place of the old one, with its date: as long as nobody has seen the change, it
  // may have been refused, and the one that is made counts from then on.
  const bool repeated = pending && pending->from == next.from && pending->to == next.to;
  pending = std::move(next);
  return !repeated;
}

}  // namespace evenkeel::plan
