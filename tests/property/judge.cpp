#include "judge.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <nlohmann/json.hpp>

#include "evenkeel/plan/decide.hpp"

namespace evenkeel::property {
namespace {

using nlohmann::literals::operator""_json_pointer;

/// Points: the same share found on another way differs by what sums and divisions leave.
constexpr double kRounding = 1e-7;

/// What may not differ between two decisions on the same state of the world; empty: nothing does.
std::string difference(const api::Decision& one, const api::Decision& other) {
  if (one.total.replicas != other.total.replicas) {
    return "total " + std::to_string(one.total.replicas.value_or(-1)) + " becomes " +
           std::to_string(other.total.replicas.value_or(-1));
  }
  for (const auto& [name, backend] : one.backends) {
    const auto& again = other.backends.at(name);
    if (backend.replicas != again.replicas) {
      return "replicas of " + name + " " + std::to_string(backend.replicas.value_or(-1)) + " become " +
             std::to_string(again.replicas.value_or(-1));
    }
    if (std::abs(backend.weight - again.weight) > kRounding)
      return "weight of " + name + " " + std::to_string(backend.weight) + " becomes " +
             std::to_string(again.weight);
    if (std::abs(backend.target_weight - again.target_weight) > kRounding)
      return "target of " + name + " " + std::to_string(backend.target_weight) + " becomes " +
             std::to_string(again.target_weight);
    if (backend.state != again.state) return "state of " + name + " changes";
  }
  return {};
}

/// What the lowest tier with declared weight has, as far as anybody can see.
std::int32_t seen_total(const api::Snapshot& snapshot) {
  std::map<std::int32_t, std::int64_t> tiers;
  for (const auto& declared : snapshot.service.spec.backends) {
    const auto seen = snapshot.backends.find(declared.name);
    if (declared.weight <= 0 || seen == snapshot.backends.end()) continue;
    tiers[declared.tier] += seen->second.spec_replicas.value_or(0);
  }
  return tiers.empty() ? 0 : static_cast<std::int32_t>(tiers.begin()->second);
}

/// Where the old leader took no series for no load, long enough, the wait of a fresh one begins anew: until
/// it is over no series is a missing metric, and the declared fallback is followed.
bool waits_anew(const api::Decision& old, const api::Decision& fresh) {
  const auto any = [](const api::Decision& decision, const auto& test) {
    return std::ranges::any_of(decision.total.steps, test);
  };
  return any(old,
             [](const api::Step& step) {
               return step.quality == api::Quality::Empty && step.replicas == 0;
             }) &&
         any(fresh, [](const api::Step& step) { return step.step == "Fallback"; });
}

bool is_object(const std::string& text) {
  return nlohmann::json::parse(text, nullptr, false).is_object();
}

}  // namespace

/// 9 and "Time": equal input gives equal output, and deciding again changes nothing.
void Judge::compare(const api::Snapshot& snapshot,
                    const api::Decision& decision,
                    std::vector<Violation>& found) {
  const auto printed = api::print_decision(decision);
  if (!is_object(printed)) found.push_back({"form: JSON", printed.substr(0, 200)});
  if (!is_object(decision.memory)) found.push_back({"form: memory", decision.memory.substr(0, 200)});
  if (api::print_decision(plan::decide(snapshot)) != printed)
    found.push_back({"9 equal output", "the same snapshot gave another decision"});

  auto same_moment = snapshot;
  same_moment.memory = decision.memory;
  same_moment.restored = false;
  const auto again = plan::decide(same_moment);
  if (const auto text = difference(decision, again); !text.empty()) found.push_back({"time: again", text});
  same_moment.memory = again.memory;
  if (plan::decide(same_moment).memory != again.memory)
    found.push_back({"time: memory", "a third decision at the same moment remembers something else"});

  if (!checker_.undisturbed() || !total_before_ || !decision.total.replicas) return;
  auto inherited = snapshot;
  inherited.restored = true;
  const auto inherited_decision = plan::decide(inherited);
  if (waits_anew(decision, inherited_decision)) return;
  const auto fresh = inherited_decision.total.replicas.value_or(-1);
  const auto old = *decision.total.replicas;
  // As the old one would have, or it holds longer: at what was decided last, or at what that started from.
  std::int32_t least = std::min({old, *total_before_, seen_total(snapshot)});
  std::int32_t most = std::max({old, *total_before_, seen_total(snapshot)});
  // While a change has not been seen, the total that counts is what it started from.
  const auto memory = nlohmann::json::parse(decision_->memory, nullptr, false);
  if (const auto from = "/scaling/pending/1"_json_pointer; memory.contains(from)) {
    least = std::min(least, memory.at(from).get<std::int32_t>());
    most = std::max(most, memory.at(from).get<std::int32_t>());
  }
  // What others took from the counts that we decided is no longer in the total that counts.
  for (const auto& [name, made] : decision_->backends) {
    const auto seen = snapshot.backends.find(name);
    if (!made.replicas || seen == snapshot.backends.end()) continue;
    least -= std::max(0, *made.replicas - seen->second.spec_replicas.value_or(0));
  }
  for (const auto& [time, total] : totals_) {
    least = std::min(least, total);
    most = std::max(most, total);
  }
  if (fresh < least || fresh > most) {
    found.push_back({"time: restored",
                     "a fresh leader goes from " + std::to_string(*total_before_) + " to " +
                         std::to_string(fresh) + ", the old one to " + std::to_string(old)});
  }
}

std::vector<Violation> Judge::judge(const std::string& line) {
  readable_ = false;
  auto snapshot = reader_.read(line);
  if (!snapshot.ok()) {
    refusal_ = snapshot.error().message;
    if (refusal_.find(':') == std::string::npos) return {{"form: refusal", refusal_}};
    return {};
  }
  refusal_.clear();
  const bool known = decision_ && uid_ == snapshot->service.uid;
  const auto origin = snapshot->memory ? MemoryOrigin::Foreign : MemoryOrigin::Carried;
  if (!snapshot->memory && known) snapshot->memory = decision_->memory;
  const auto decision = plan::decide(*snapshot);
  auto found = checker_.check(*snapshot, decision, origin);
  if (!known) totals_.clear();
  total_before_ = known ? decision_->total.replicas : std::nullopt;
  compare(*snapshot, decision, found);
  constexpr auto kPending = std::chrono::seconds{60};
  if (decision.total.replicas) totals_.emplace_back(snapshot->now, *decision.total.replicas);
  while (totals_.size() > 1 && totals_[1].first < snapshot->now - kPending) totals_.pop_front();
  decision_ = decision;
  uid_ = snapshot->service.uid;
  readable_ = true;
  return found;
}

std::optional<Failure> first_failure(const std::vector<std::string>& lines, const std::string& rule) {
  Judge judge;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (auto& violation : judge.judge(lines[i])) {
      if (rule.empty() || violation.rule == rule)
        return Failure{.line = i, .violation = std::move(violation)};
    }
  }
  return std::nullopt;
}

}  // namespace evenkeel::property
