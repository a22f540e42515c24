#include <algorithm>
#include <chrono>
#include <cmath>

#include "evenkeel/base/moment.hpp"

#include "assess.hpp"

namespace evenkeel::failover {
namespace {

/// Losses of the last endpoint that lie further apart are no flapping.
constexpr std::chrono::minutes kFlapSpan{10};

std::int32_t clamped(std::int32_t count) {
  return std::max(0, count);
}

/// Growing makes nobody unfit, and a shrink does not make a loss normal.
std::int32_t expected_endpoints(const Observed& seen, std::int32_t last) {
  const auto ready = clamped(seen.ready);
  const auto declared = clamped(seen.declared_replicas.value_or(ready));
  const auto expected = std::max(std::min(clamped(last), declared), std::min(ready, declared));
  return declared > 0 ? std::max(1, expected) : expected;
}

/// Leaves the losses that count together with the last one. What does not count is not to be remembered
/// either: very old times are remembered as equally old ones.
void forget_single_losses(HealthMemory& memory) {
  if (memory.losses.empty()) return;
  const auto last = memory.losses.back();
  std::erase_if(memory.losses, [&](WallTime loss) { return has_passed(loss, kFlapSpan, last); });
}

void record_loss(HealthMemory& memory, WallTime now) {
  std::erase_if(memory.losses, [&](WallTime loss) { return has_passed(loss, kFlapSpan, now); });
  memory.losses.push_back(now);
  if (memory.losses.size() > HealthMemory::kMaxLosses) memory.losses.erase(memory.losses.begin());
  memory.returned.reset();
}

/// How long a return waits: the first loss costs nothing.
std::chrono::seconds flap_wait(const HealthInput& input, const HealthMemory& memory) {
  const auto losses = static_cast<std::int32_t>(memory.losses.size());
  return losses < 2 ? std::chrono::seconds{0} : ejection_time(input.health.ejection, losses - 2);
}

}  // namespace

std::chrono::seconds ejection_time(const api::Ejection& ejection, std::int32_t earlier) {
  const auto most = std::max<std::int64_t>(0, ejection.max.count());
  auto time = std::clamp<std::int64_t>(ejection.base.count(), 0, most);
  const std::int64_t factor = std::max(1, ejection.factor);
  for (std::int32_t i = 0; i < earlier && factor > 1 && time > 0 && time < most; ++i) {
    time = time > most / factor ? most : std::min(most, time * factor);
  }
  return std::chrono::seconds{time};
}

void look_at_endpoints(const HealthInput& input, Patient& patient) {
  const auto& seen = *patient.seen;
  auto& memory = *patient.memory;
  patient.ready = clamped(seen.ready);
  const bool has_endpoint = patient.ready > 0;
  forget_single_losses(memory);

  // At 0 by our own scaling it starts anew: nobody expects it before it has been ready again.
  if (!has_endpoint && seen.at_zero_by_us) memory.ever_ready = false;
  const bool lost = memory.had_endpoint && !has_endpoint;
  if (lost && patient.takes_part() && !seen.at_zero_by_us) record_loss(memory, input.now);
  if (has_endpoint && !memory.losses.empty() && !memory.returned) memory.returned = input.now;
  memory.had_endpoint = has_endpoint;
  memory.ever_ready = memory.ever_ready || has_endpoint;
  memory.expected = expected_endpoints(seen, memory.expected);

  patient.asleep = !has_endpoint && !memory.ever_ready && !seen.switched_off;
  if (memory.returned && has_endpoint) {
    patient.flap_wait = !has_passed(*memory.returned, flap_wait(input, memory), input.now);
  }
  const auto least = static_cast<std::int64_t>(input.health.min_ready_percent) * memory.expected;
  patient.below_minimum = static_cast<std::int64_t>(patient.ready) * 100 < least;
}

std::optional<WallTime> out_until(const HealthInput& input, const Patient& patient) {
  std::optional<WallTime> until;
  const auto& memory = *patient.memory;
  if (patient.ejected) {
    until = moment_after(*memory.ejected, ejection_time(input.health.ejection, memory.ejections - 1));
  }
  if (patient.flap_wait) {
    const auto flap = moment_after(*memory.returned, flap_wait(input, memory));
    until = std::max(until.value_or(flap), flap);
  }
  return until;
}

double ready_capacity(const Patient& patient) {
  const double capacity = patient.seen->capacity;
  return std::isfinite(capacity) && capacity > 0 ? patient.ready * capacity : 0.0;
}

}  // namespace evenkeel::failover
