#include <algorithm>
#include <cctype>
#include <cmath>

#include "evenkeel/base/time_format.hpp"

#include "checker.hpp"

/// What every decision looks like, and that shares add up.
namespace evenkeel::property {
namespace {

constexpr double kExact = 1e-6;
constexpr std::size_t kMemoryLimit = 16UL * 1024;

bool is_camel_case(const std::string& text) {
  return !text.empty() && std::isupper(static_cast<unsigned char>(text.front())) != 0 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0; });
}

const api::Condition* condition(const api::Decision& decision, const std::string& type) {
  const auto found = std::ranges::find(decision.conditions, type, &api::Condition::type);
  return found == decision.conditions.end() ? nullptr : &*found;
}

void check_words(const api::Decision& decision, std::vector<Violation>& found) {
  for (const auto& item : decision.conditions) {
    if (!is_camel_case(item.reason) || !is_camel_case(item.type))
      found.push_back({"form: words", "condition " + item.type + " has the reason '" + item.reason + "'"});
  }
  for (const auto& event : decision.events) {
    if (!is_camel_case(event.reason) || event.message.empty())
      found.push_back({"form: words", "event '" + event.reason + "': '" + event.message + "'"});
  }
}

void check_replicas_given(const api::Snapshot& snapshot, const Facts& facts, std::vector<Violation>& found) {
  const bool paused = snapshot.service.spec.mode == api::Mode::Paused;
  for (const auto& backend : facts.backends) {
    const bool given = backend.decided->replicas.has_value();
    const bool ours = facts.scaled && backend.declared->workload;
    if (given && !ours) found.push_back({"form: replicas", backend.declared->name + " is not ours to scale"});
    // A count of 0 may have been written by somebody else, which switches scaling off.
    if (!given && ours && !paused && backend.spec && *backend.spec > 0)
      found.push_back({"form: replicas", backend.declared->name + " has no count"});
  }
}

/// activeTier and FailedOver say the same as the weights.
void check_tiers(const api::Decision& decision, const Facts& facts, std::vector<Violation>& found) {
  std::optional<std::int32_t> lowest;
  bool above = false;
  for (const auto& backend : facts.backends) {
    if (!(backend.decided->weight > 0)) continue;
    lowest = std::min(lowest.value_or(backend.declared->tier), backend.declared->tier);
    above = above || backend.declared->tier > 0;
  }
  if (decision.active_tier != lowest)
    found.push_back({"form: active tier",
                     "is " + std::to_string(decision.active_tier.value_or(-1)) + ", the weights say " +
                         std::to_string(lowest.value_or(-1))});
  const auto* failed_over = condition(decision, "FailedOver");
  if (failed_over != nullptr && (failed_over->status == api::ConditionStatus::True) != above)
    found.push_back({"form: FailedOver", above ? "a higher tier has share" : "only tier 0 has share"});
}

void check_warnings(const api::Snapshot& snapshot,
                    const api::Decision& decision,
                    std::vector<Violation>& found) {
  if (snapshot.service.spec.mode == api::Mode::Paused || !decision.warnings.empty()) return;
  for (const auto& [name, seen] : snapshot.backends) {
    const auto& declared = snapshot.service.spec.backends;
    if (std::ranges::find(declared, name, &api::Backend::name) == declared.end())
      found.push_back({"form: warning", "nobody declared the backend " + name});
    if (seen.spec_replicas.value_or(0) < 0)
      found.push_back({"form: warning", "specReplicas of " + name + " is negative"});
  }
}

/// Dead service: the shares stay as they were, and Ready is False.
bool nobody_ready(const Facts& facts) {
  return std::ranges::all_of(facts.backends, [](const BackendFacts& b) { return b.ready && *b.ready == 0; });
}

void check_sum(const Facts& facts, std::vector<Violation>& found) {
  double sum = 0;
  double targets = 0;
  for (const auto& backend : facts.backends) {
    const auto& decided = *backend.decided;
    if (!(decided.weight >= 0 && decided.weight <= 100 + kExact))
      found.push_back({"2 weights", backend.declared->name + " has " + std::to_string(decided.weight)});
    if (!(decided.target_weight >= 0 && decided.target_weight <= 100 + kExact))
      found.push_back(
          {"2 weights", backend.declared->name + " has target " + std::to_string(decided.target_weight)});
    sum += decided.weight;
    targets += decided.target_weight;
  }
  if (!(std::abs(sum - 100) <= kExact)) found.push_back({"2 sum", std::to_string(sum)});
  if (!(std::abs(targets - 100) <= kExact))
    found.push_back({"2 sum", "of targets " + std::to_string(targets)});
}

bool is_candidate(const BackendFacts& backend) {
  return backend.takes_part() && backend.ready && *backend.ready > 0 && !backend.drilled;
}

void check_dead(const Facts& facts, std::vector<Violation>& found) {
  if (!std::ranges::any_of(facts.backends, is_candidate)) return;
  for (const auto& backend : facts.backends) {
    if (!(backend.decided->weight > 0)) continue;
    if (backend.ready && *backend.ready == 0)
      found.push_back({"3 dead backend",
                       backend.declared->name + " has no ready endpoint and " +
                           std::to_string(backend.decided->weight) + " %"});
  }
}

/// Weight 0 and a drain receive nothing while somebody else can.
void check_zero(const Facts& facts, std::vector<Violation>& found) {
  if (!facts.sane || !std::ranges::any_of(facts.backends, is_candidate)) return;
  for (const auto& backend : facts.backends) {
    if (backend.takes_part() || !backend.set_share) continue;
    if (backend.decided->weight > std::max(*backend.set_share, backend.repeated) + 0.01)
      found.push_back({"3 nothing for weight 0",
                       backend.declared->name + " rose from " + std::to_string(*backend.set_share) + " to " +
                           std::to_string(backend.decided->weight)});
  }
}

/// An ejected backend has no share, except in panic, which takes a loss of endpoints.
void check_ejected(const api::Snapshot& snapshot, const Facts& facts, std::vector<Violation>& found) {
  std::int64_t ready = 0;
  std::int64_t whole = 0;
  bool others = false;
  for (const auto& backend : facts.backends) {
    if (!backend.ready) return;
    const bool ejected = backend.decided->state == api::BackendState::Ejected;
    const auto size = std::max({backend.spec.value_or(*backend.ready), backend.expected, *backend.ready});
    // Whoever is whole is eligible, whatever minReadyPercent says.
    others = others || (is_candidate(backend) && !ejected && *backend.ready >= size);
    ready += std::min(*backend.ready, size);
    whole += size;
  }
  const auto panic = snapshot.service.spec.failover.panic_percent;
  if (!others || ready * 100 < whole * panic) return;
  for (const auto& backend : facts.backends) {
    if (backend.decided->state == api::BackendState::Ejected && backend.decided->weight > 0)
      found.push_back({"3 ejected backend",
                       backend.declared->name + " has " + std::to_string(backend.decided->weight) + " %"});
  }
}

/// Whoever can serve is served from: ejection and the like never take the last one.
void check_last(const Facts& facts, std::vector<Violation>& found) {
  double on_ready = 0;
  for (const auto& backend : facts.backends) {
    if (!backend.ready) return;
    if (*backend.ready > 0) on_ready += backend.decided->weight;
  }
  if (std::ranges::any_of(facts.backends, is_candidate) && !(on_ready > 100 - kExact))
    found.push_back({"8 last eligible", std::to_string(on_ready) + " % are on backends that are ready"});
}

}  // namespace

void check_form(const api::Snapshot& snapshot,
                const api::Decision& decision,
                const Facts& facts,
                std::vector<Violation>& found) {
  if (decision.time != snapshot.now) found.push_back({"form: time", format_rfc3339(decision.time)});
  if (decision.memory.size() >= kMemoryLimit)
    found.push_back({"10 memory", std::to_string(decision.memory.size()) + " bytes"});
  check_words(decision, found);
  check_replicas_given(snapshot, facts, found);
  check_tiers(decision, facts, found);
  check_warnings(snapshot, decision, found);
}

void check_shares(const api::Snapshot& snapshot,
                  const api::Decision& decision,
                  const Facts& facts,
                  std::vector<Violation>& found) {
  check_sum(facts, found);
  const auto* ready = condition(decision, "Ready");
  // A service at 0 by its own rules is as it was declared: docs/events.md.
  const bool sleeps = ready != nullptr && ready->reason == "ScaledToZero" && decision.total.replicas == 0;
  if (nobody_ready(facts) && ready != nullptr && ready->status == api::ConditionStatus::True && !sleeps)
    found.push_back({"2 ready", "nobody has a ready endpoint, and Ready is True"});
  if (snapshot.service.spec.mode == api::Mode::Paused) return;
  check_dead(facts, found);
  check_zero(facts, found);
  check_ejected(snapshot, facts, found);
  check_last(facts, found);
}

}  // namespace evenkeel::property
