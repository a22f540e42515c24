#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/base/clock.hpp"

#include "random.hpp"
#include "service_generator.hpp"

namespace evenkeel::property {

/// How hard the world is on the service.
enum class Temper {
  Calm,     ///< Everything healthy, the spec stays; as a rule every decision is carried out before the next.
  Faulty,   ///< Pods die, traffic jumps, people edit, our writes come late or never.
  Hostile,  ///< And what is measured and remembered may be nonsense, and the clock is not to be trusted.
};

/// A service and what happens to it, as the lines that `evenkeel decide --stream` reads. Each line depends on
/// the seed and on what was decided on the lines before.
class World {
 public:
  explicit World(std::uint64_t seed);

  [[nodiscard]] Temper temper() const { return temper_; }
  /// The next snapshot. `last` is what was decided on the one before; null at the start or when that line
  /// could not be read.
  [[nodiscard]] Json next(const api::Decision* last);

 private:
  struct Reality {
    int spec = 1;
    int ready = 1;
    double weight = 0;
    int outage = 0;  ///< Ticks left.
    int lost = 0;    ///< Endpoints that are missing.
    bool rollout = false;
  };

  void adopt();
  void carry_out(const api::Decision& decision);
  void pass_time();
  void pods_follow();
  void break_something();
  void edit();
  void edit_one(Json& backend);
  [[nodiscard]] Json observation(const std::string& name, const Reality& reality);
  [[nodiscard]] Json pods(const std::string& name, const Reality& reality);
  [[nodiscard]] Json reading(const Json& metric);
  void read_pods(const std::string& backend,
                 const Reality& reality,
                 const std::string& preset,
                 Json& samples);
  void read_backends(Json& line);
  void spoil(Json& line, const api::Decision* last);
  [[nodiscard]] Json sample(double value);

  Random random_;
  Temper temper_;
  bool follows_;  ///< Whether our writes arrive at once, as a rule.
  bool observes_shares_;
  int tick_;
  double demand_;
  WallTime now_;
  WallTime sampled_;  ///< When the newest samples were taken.
  Json spec_;
  Json annotations_ = Json::object();
  std::string uid_ = "7d1c";
  std::map<std::string, Reality> backends_;
  bool first_ = true;
};

}  // namespace evenkeel::property
