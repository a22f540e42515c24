#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/base/clock.hpp"

#include "random.hpp"
#include "service_generator.hpp"

namespace evenkeel::closed_loop {

using property::Json;
using property::Random;

/// What happens to a service once, before the load stays as it is.
enum class Disturbance {
  None,
  EditWeights,
  Drain,
  LoadStep,
  Outage,         ///< One backend without a ready endpoint for a while.
  PartialOutage,  ///< Half of one backend's endpoints.
  Panic,          ///< Most endpoints of the service.
  Errors,         ///< One backend answers with errors, until it has been ejected and some time after.
  Blind,          ///< Every metric fails from now on.
  BlindEdit,      ///< And then somebody edits the weights.
  ClockJump,      ///< A day ahead.
};

/// How much of a service is left to chance. A seed makes the same service of each, but for what is added.
enum class Variety {
  Plain,  ///< Readings are of the last tick alone.
  /// In half of the services means over a window of several ticks; in some also the CPU of pods, or nothing
  /// but the load of the busiest replica, as a latency would be.
  Readings,
  All,  ///< In some also backends with next to none of the traffic, and minimums of their own.
};

/// A service under a steady load, simple enough to be understood: every backend is one queue (M/M/1 seen from
/// one replica), replicas become ready after a delay, and the shares that are observed follow those that are
/// set. It knows nothing of how decisions are made.
class Model {
 public:
  Model(std::uint64_t seed, Variety variety);

  struct Backend {
    double cost = 1;  ///< Work of a request; 1.25 is 20 % less efficient.
    int spec = 0;
    int ready = 0;
    int missing = 0;  ///< Endpoints that an outage takes away.
    double weight = 0;
    double observed = 0;
    std::deque<double> recently;    ///< `observed` of the ticks that readings look back on.
    std::deque<double> used;        ///< Cores of each replica that serves, of the same ticks.
    std::vector<std::size_t> ages;  ///< Ticks for which each replica that serves has served.
    bool failing = false;
    std::vector<WallTime> starting;  ///< When each replica that is not ready will be.

    [[nodiscard]] int serving() const { return missing >= ready ? 0 : ready - missing; }
  };

  /// The snapshot of this moment, a line of `evenkeel decide --stream`.
  [[nodiscard]] Json snapshot() const;
  /// Carries a decision out and lets one tick pass.
  void step(const api::Decision& decision);

  [[nodiscard]] const Json& spec() const { return spec_; }
  [[nodiscard]] const std::map<std::string, Backend>& backends() const { return backends_; }
  [[nodiscard]] Disturbance disturbance() const { return disturbance_; }
  [[nodiscard]] double demand() const { return demand_; }
  [[nodiscard]] double target() const { return target_; }
  [[nodiscard]] bool is_blind() const { return blind_; }
  [[nodiscard]] bool is_drained(const std::string& name) const { return drained_ == name; }
  [[nodiscard]] double utilization(const Backend& backend) const;
  /// Times as many decisions as usual: readings that look back hold up what follows them, short ticks more
  /// so; a `Value` falls by what the busiest has left, one scale-down window after the other.
  [[nodiscard]] int decisions() const {
    const int times = !has_windows() ? 1 : tick_ < std::chrono::seconds{10} ? 4 : 2;
    return has_value_ ? 2 * times : times;
  }
  [[nodiscard]] bool has_windows() const { return ticks_read_ > 1; }
  [[nodiscard]] bool has_pods() const { return cpu_target_ > 0; }
  [[nodiscard]] bool has_value() const { return has_value_; }
  [[nodiscard]] bool has_minimums() const { return has_minimums_; }

 private:
  void make_spec();
  void make_backends(int count);
  void make_scaling(int count);
  void make_world();
  void vary_readings(std::uint64_t seed);
  void size_by_the_busiest();
  void vary_backends(std::uint64_t seed);
  void disturb();
  void recover();
  void edit_weights();
  void start_and_stop(Backend& backend) const;
  void use(Backend& backend) const;
  [[nodiscard]] double rate(const Backend& backend) const;
  [[nodiscard]] double latency(const Backend& backend) const;
  [[nodiscard]] double busiest() const;
  [[nodiscard]] Json metrics() const;
  [[nodiscard]] Json sample(double value, const std::string& backend = {}) const;
  void add_pods(const std::string& name, const Backend& backend, Json& line) const;

  Random random_;
  Json spec_;
  std::map<std::string, Backend> backends_;
  Disturbance disturbance_ = Disturbance::None;
  std::string victim_;
  std::string drained_;
  int step_ = 0;
  int disturbed_at_ = 0;
  int recovered_at_ = 0;
  double demand_ = 0;
  double target_ = 10;      ///< Load of a replica that is aimed at.
  double saturation_ = 14;  ///< Requests a second that a replica can answer at most, at cost 1.
  std::chrono::seconds tick_{30};
  std::chrono::seconds window_{30};  ///< As samples tell it.
  std::size_t ticks_read_ = 1;       ///< Whose mean a reading is.
  double cpu_target_ = 0;            ///< Of what a pod requests, at the target load; 0: no such metric.
  bool has_value_ = false;           ///< Sized by the busiest replica alone.
  bool has_minimums_ = false;        ///< Somebody holds more replicas than its part, or is small.
  std::chrono::seconds start_time_{20};
  bool observes_ = true;
  bool blind_ = false;
  WallTime now_;
};

[[nodiscard]] const char* to_string(Disturbance disturbance);

}  // namespace evenkeel::closed_loop
