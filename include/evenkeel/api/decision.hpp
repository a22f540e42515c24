#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/object_key.hpp"

/// What was decided and why: the output of plan::decide() and plan::plan(). docs/decision.md describes the
/// JSON form.
namespace evenkeel::api {

/// How good a reading was; docs/decision.md, "Signals".
enum class Quality { Fresh, Stale, Partial, Empty, Error };

enum class BackendState {
  Active,    ///< Has a share, or is meant to have one.
  Standby,   ///< Fit, and without a share.
  Draining,  ///< Declared to be without traffic.
  Ejected,   ///< Taken out by us.
  Unknown,   ///< Nothing ready: it cannot serve.
};

/// One step of the arithmetic, in the order taken: what went in, what came out.
struct Step {
  std::string step;  ///< "Metric", "Stabilise", "RateLimit", "Bounds", ...
  std::optional<std::string> metric;
  std::optional<double> value;
  std::optional<Quality> quality;
  std::optional<std::int32_t> replicas;
  std::optional<double> weight;       ///< Percent of all traffic.
  std::optional<std::string> detail;  ///< A sentence for people, where the step has more to say.
};

struct BackendDecision {
  std::optional<std::int32_t> replicas;  ///< Empty: leave the workload alone.
  double weight = 0;                     ///< Percent of all traffic from now on.
  double target_weight = 0;              ///< Where the weight is going.
  BackendState state = BackendState::Unknown;
  std::optional<WallTime>
      ejected_until;           ///< While it is ejected: when it returns on probation at the latest.
  std::int32_t ejections = 0;  ///< Those not yet forgiven.
  std::string reason;          ///< A sentence for people.
  std::vector<Step> steps;
};

enum class ConditionStatus { True, False, Unknown };

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::Unknown;
  std::string reason;   ///< CamelCase, documented.
  std::string message;  ///< A sentence to act on.
  bool operator==(const Condition&) const = default;
};

struct Event {
  enum class Type { Normal, Warning };
  Type type = Type::Normal;
  std::string reason;
  std::string message;
};

/// What was made of one declared metric.
struct SignalState {
  std::string name;
  Quality quality = Quality::Error;
  std::optional<double> value;
  std::optional<WallTime> sample_time;
};

struct Decision {
  ObjectKey key;
  WallTime time;
  struct Total {
    std::optional<std::int32_t> replicas;  ///< Empty: scaling is off.
    std::vector<Step> steps;
  } total;
  std::map<std::string, BackendDecision> backends;
  std::optional<std::int32_t> active_tier;  ///< Lowest tier with a share; empty when there is none.
  std::vector<Condition> conditions;
  std::vector<Event> events;
  std::vector<std::string> warnings;
  std::vector<SignalState> signals;
  std::string memory = "{}";  ///< JSON text, opaque, under 16 KiB.
};

enum class PatchType { Merge, Json };

/// One write to the cluster, ready to be sent.
struct Action {
  std::string api_version;
  std::string kind;
  ObjectKey key;
  std::string subresource;  ///< "scale", "status" or empty.
  PatchType patch_type = PatchType::Merge;
  std::string patch;   ///< JSON text.
  std::string reason;  ///< A sentence for people.
};

[[nodiscard]] const char* to_string(Quality quality) noexcept;
[[nodiscard]] const char* to_string(BackendState state) noexcept;
[[nodiscard]] const char* to_string(ConditionStatus status) noexcept;

/// The decision as one line of JSON. `actions` are added where given (`evenkeel decide --plan`).
/// Equal input gives byte-equal output.
[[nodiscard]] std::string print_decision(const Decision& decision,
                                         const std::vector<Action>* actions = nullptr);

}  // namespace evenkeel::api
