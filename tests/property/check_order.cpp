#include <algorithm>
#include <cmath>

#include "checker.hpp"

/// Bounds of replicas, and the order of growing, shifting and shrinking.
namespace evenkeel::property {
namespace {

/// Highest count that the bounds above leave to one backend.
std::int64_t highest(const BackendFacts& backend, const Facts& facts) {
  std::int64_t most = facts.max_replicas;
  if (facts.backends.size() > 1) most += facts.standby_minimums + facts.surge;
  most = std::min<std::int64_t>(most, backend.declared->max_replicas.value_or(most));
  return std::max<std::int64_t>(most, backend.declared->min_replicas.value_or(1));
}

/// What of `count` replicas fills the sum: of a backend that has lost endpoints only those that are ready.
std::int64_t counted(const BackendFacts& backend, std::int32_t count) {
  const bool hurt = backend.drilled || backend.decided->state == api::BackendState::Ejected ||
                    (backend.ready && *backend.ready < backend.expected);
  return hurt ? std::min(count, backend.drilled ? 0 : *backend.ready) : count;
}

void check_each(const Facts& facts, std::vector<Violation>& found) {
  for (const auto& backend : facts.backends) {
    if (!backend.decided->replicas) continue;
    const std::int64_t count = *backend.decided->replicas;
    const auto most = highest(backend, facts);
    const auto text =
        backend.declared->name + " gets " + std::to_string(count) + " of at most " + std::to_string(most);
    if (count < 0 || (count > most && count > backend.raw_spec)) found.push_back({"1 bounds", text});
    if (count > most && facts.backends.size() == 1 && backend.spec)
      found.push_back({"1 bounds of one", text});
  }
}

void check_bounded_sum(const Facts& facts, std::vector<Violation>& found) {
  std::int64_t before = 0;
  std::int64_t after = 0;
  for (const auto& backend : facts.backends) {
    if (!backend.declared->workload) continue;
    before += counted(backend, *backend.spec);
    after += counted(backend, backend.decided->replicas.value_or(*backend.spec));
  }
  const auto most = std::int64_t{facts.max_replicas} + facts.standby_minimums + facts.surge;
  if (after > std::max(before, most))
    found.push_back({"1 sum", std::to_string(after) + " of at most " + std::to_string(most)});
}

double ready_capacity(const BackendFacts& backend) {
  return *backend.ready * backend.unit_capacity;
}

/// What all that keep or get share carry.
double serving_capacity(const Facts& facts) {
  double ready = 0;
  for (const auto& backend : facts.backends) {
    if (backend.decided->weight > 0) ready += ready_capacity(backend);
  }
  return ready;
}

bool no_room(const Facts& facts) {
  std::int64_t sum = 0;
  for (const auto& backend : facts.backends) {
    // A sender may have given one up just now, so that there is room.
    sum += std::max(backend.decided->replicas.value_or(0), backend.spec.value_or(0));
    if (backend.spec && *backend.spec >= highest(backend, facts)) return true;
  }
  return sum >= facts.max_replicas;
}

bool has_step(const BackendFacts& backend, const char* name) {
  return std::ranges::any_of(backend.decided->steps,
                             [&](const api::Step& step) { return step.step == name; });
}

/// The one slice at a time that a shift without room to grow goes by.
bool is_sliced(const BackendFacts& backend) {
  return has_step(backend, "Slice");
}

/// It has its share and no more, whatever is ready.
bool on_trial(const BackendFacts& backend) {
  return has_step(backend, "Probation");
}

/// What one slice may be too much: a replica of its own, and where all is carried one of whoever sends it.
double slice_capacity(const BackendFacts& backend, const Facts& facts) {
  double most = backend.unit_capacity;
  if (serving_capacity(facts) < *facts.demand) return most;
  for (const auto& other : facts.backends) most = std::max(most, other.unit_capacity);
  return most;
}

/// A share rises at most to its ready capacity / min(demand, what all that keep or get share carry).
void check_up(const api::Spec& spec, const Facts& facts, std::vector<Violation>& found) {
  // Without those on trial or on their way out: where share has to go somewhere, they are given no more.
  double all = 0;
  double others = 1;
  for (const auto& backend : facts.backends) {
    if (!(backend.decided->weight > 0)) continue;
    if (on_trial(backend) || !backend.takes_part()) {
      // The least it had: its own steps follow what moves at once.
      others -= std::min(backend.decided->weight, *backend.set_share) / 100;
    } else {
      all += ready_capacity(backend);
    }
  }
  if (others < 0.01) return;
  const double demand = *facts.demand - 0.002 * static_cast<double>(facts.backends.size());
  const double base = std::min({demand, serving_capacity(facts), all / others});
  if (!(base > 0)) return;
  for (const auto& backend : facts.backends) {
    const double share = backend.decided->weight;
    if (share <= std::max(*backend.set_share, backend.repeated) + 0.01 || *backend.ready == 0) continue;
    double most = 100 * ready_capacity(backend) / base;
    if (no_room(facts) || is_sliced(backend)) most += 100 * slice_capacity(backend, facts) / base;
    // A backend on probation, or under computed proportions, always has its least share.
    most = std::max(most, static_cast<double>(spec.balancing.min_share_percent));
    if (share > most + 0.01)
      found.push_back({"5 up before shift",
                       backend.declared->name + " rises from " + std::to_string(*backend.set_share) + " to " +
                           std::to_string(share) + ", ready for " + std::to_string(most)});
  }
}

/// In an overload of all, at the maximum, who has more than its part gives one replica at a time to one that
/// stays more loaded; docs/decision.md, "Moving the shares". A tenth is taken for even.
bool evens_an_overload(const BackendFacts& giver, const Facts& facts) {
  const auto count = *giver.decided->replicas;
  if (!is_sliced(giver) || !no_room(facts) || count != *giver.spec - 1 || count < 1) return false;
  double heaviest = 0;
  for (const auto& other : facts.backends) {
    if (&other == &giver || !other.ready || *other.ready == 0) continue;
    heaviest = std::max(heaviest, other.decided->weight / ready_capacity(other));
  }
  return serving_capacity(facts) < *facts.demand &&
         giver.decided->weight <= 1.101 * heaviest * count * giver.unit_capacity;
}

/// Replicas fall only as far as the planned share leaves room.
void check_down(const api::Spec& spec, const Facts& facts, std::vector<Violation>& found) {
  for (const auto& backend : facts.backends) {
    if (!backend.decided->replicas || !backend.spec) continue;
    // What people ask for is met exactly; it waits only for share that is leaving.
    if (spec.replicas && backend.decided->weight <= backend.decided->target_weight + 2) continue;
    const auto count = *backend.decided->replicas;
    if (count >= *backend.spec || *backend.ready == 0) continue;
    if (*backend.spec > highest(backend, facts)) continue;  // A maximum was lowered, or somebody ignored it.
    if (evens_an_overload(backend, facts)) continue;
    const double need = backend.decided->weight / 100 * *facts.demand / backend.unit_capacity;
    const auto least = std::ceil(need - 1e-6) - (no_room(facts) || is_sliced(backend) ? 1 : 0);
    if (count < std::min<double>(least, *backend.spec))
      found.push_back({"6 shift before down",
                       backend.declared->name + " falls from " + std::to_string(*backend.spec) + " to " +
                           std::to_string(count) + ", its share needs " + std::to_string(need)});
  }
}

}  // namespace

void check_bounds(const api::Snapshot& snapshot,
                  const api::Decision& decision,
                  const Facts& facts,
                  bool history_known,
                  std::vector<Violation>& found) {
  if (!facts.scaled) return;
  const std::int64_t most = std::int64_t{facts.max_replicas} +
                            (facts.backends.size() > 1 ? facts.standby_minimums : 0) + facts.surge;
  if (decision.total.replicas && (*decision.total.replicas < 0 || *decision.total.replicas > most) &&
      !snapshot.settings.frozen)
    found.push_back({"1 total", std::to_string(*decision.total.replicas)});
  check_each(facts, found);
  if (facts.sane && history_known && facts.backends.size() > 1) check_bounded_sum(facts, found);
}

void check_order(const api::Snapshot& snapshot,
                 const api::Decision& decision,
                 const Facts& facts,
                 std::vector<Violation>& found) {
  if (!facts.scaled || !facts.sane || !facts.demand || facts.backends.size() < 2) return;
  if (facts.any_annotation || decision.total.replicas.value_or(0) == 0) return;
  if (std::ranges::any_of(facts.backends, [](const BackendFacts& b) { return b.unit_capacity <= 0; })) return;
  check_up(snapshot.service.spec, facts, found);
  // A lowered maximum beats it.
  if (whole_of(facts) <= facts.max_replicas) check_down(snapshot.service.spec, facts, found);
}

}  // namespace evenkeel::property
