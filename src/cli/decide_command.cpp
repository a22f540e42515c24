#include "decide_command.hpp"

#include <array>
#include <istream>
#include <list>
#include <memory>
#include <ostream>
#include <unordered_map>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"
#include "evenkeel/base/object_key.hpp"
#include "evenkeel/plan/decide.hpp"
#include "evenkeel/plan/plan.hpp"

#include "time_zone_files.hpp"

namespace evenkeel::cli {
namespace {

/// What the decisions of a stream leave behind for the next ones about the same object.
class Memories {
 public:
  explicit Memories(std::ostream& err) : err_{err} {}

  /// The memory of the object's last decision; empty when there is none, or it was about another object of
  /// the same name.
  [[nodiscard]] std::optional<std::string> recall(const ObjectKey& key, const std::string& uid) const {
    const auto entry = entries_.find(key);
    if (entry == entries_.end() || entry->second.uid != uid) return std::nullopt;
    return entry->second.memory;
  }

  void keep(const ObjectKey& key, const std::string& uid, const std::string& memory) {
    const auto [entry, is_new] = entries_.try_emplace(key);
    if (is_new) {
      entry->second.place = order_.insert(order_.end(), key);
    } else {
      order_.splice(order_.end(), order_, entry->second.place);
    }
    entry->second.uid = uid;
    entry->second.memory = memory;
    if (entries_.size() > kMaxRememberedObjects) forget_oldest();
  }

 private:
  struct Entry {
    std::string uid;
    std::string memory;
    std::list<ObjectKey>::iterator place;
  };

  void forget_oldest() {
    err_ << "evenkeel decide: more than " << kMaxRememberedObjects
         << " objects in one stream: " << to_string(order_.front())
         << " starts anew; give its \"memory\" in the snapshot to go on\n";
    entries_.erase(order_.front());
    order_.pop_front();
  }

  std::ostream& err_;
  std::unordered_map<ObjectKey, Entry> entries_;
  std::list<ObjectKey> order_;  ///< Seen longest ago first.
};

/// Read once, and only by those who need them: most snapshots have no schedule.
class Zones {
 public:
  void hand_to(api::Snapshot& snapshot) {
    const auto& scaling = snapshot.service.spec.scaling;
    if (!scaling || scaling->schedules.empty()) return;
    if (!zones_) zones_ = load_time_zones();
    snapshot.time_zones = zones_;
  }

 private:
  std::shared_ptr<const TimeZones> zones_;
};

/// What routes cannot say, and why one is not written at all: in a cluster that is in conditions of their
/// own.
void tell_routes(const plan::Plan& plan, api::Decision& decision) {
  for (const auto& route : plan.routes) {
    if (!route.problem.empty()) decision.warnings.push_back(route.problem + ": " + route.status.reason);
    for (const auto& sentence : route.approximated) {
      decision.warnings.push_back("WeightsApproximated: " + route.status.kind + " " +
                                  route.status.object_name + " " + sentence);
    }
  }
  decision.events.insert(decision.events.end(), plan.events.begin(), plan.events.end());
}

std::string answer(const api::Snapshot& snapshot, api::Decision decision, bool with_plan) {
  if (!with_plan) return api::print_decision(decision);
  const auto plan = plan::plan(snapshot, decision);
  tell_routes(plan, decision);
  return api::print_decision(decision, &plan.actions);
}

std::string print_error(const std::string& message) {
  using nlohmann::json;
  return json{{"error", message}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

enum class Line { Complete, TooLong, End };

/// Reads up to the next newline, of what is too long only that it was.
Line read_line(std::istream& in, std::string& line) {
  line.clear();
  std::array<char, 4096> piece{};
  bool any = false;
  bool too_long = false;
  while (true) {
    in.getline(piece.data(), piece.size());
    const bool is_whole = in.good();  // The newline was found, and counts as read.
    const auto count = static_cast<std::size_t>(in.gcount());
    const auto length = is_whole ? count - 1 : count;
    any = any || count > 0;
    too_long = too_long || line.size() + length > kMaxSnapshotBytes;
    if (!too_long) line.append(piece.data(), length);
    const bool is_full = in.fail() && !in.eof() && !in.bad() && count > 0;
    if (!is_full) break;
    in.clear();
  }
  if (!any) return Line::End;
  return too_long ? Line::TooLong : Line::Complete;
}

std::string too_long() {
  return "longer than " + std::to_string(kMaxSnapshotBytes) +
         " bytes: leave out routes and pods that no metric needs";
}

class StreamDecider {
 public:
  StreamDecider(bool with_plan, std::ostream& err) : with_plan_{with_plan}, memories_{err} {}

  [[nodiscard]] std::string decide_line(std::string_view line) {
    auto snapshot = reader_.read(line);
    if (!snapshot.ok()) return print_error(snapshot.error().message);
    const auto& service = snapshot->service;
    if (!snapshot->memory) snapshot->memory = memories_.recall(service.key, service.uid);
    zones_.hand_to(*snapshot);
    auto decision = plan::decide(*snapshot);
    memories_.keep(service.key, service.uid, decision.memory);
    return answer(*snapshot, std::move(decision), with_plan_);
  }

 private:
  bool with_plan_;
  api::SnapshotReader reader_;
  Zones zones_;
  Memories memories_;
};

int decide_stream(const DecideOptions& options, Streams& streams) {
  StreamDecider decider{options.with_plan, streams.err};
  std::string line;
  while (true) {
    const auto read = read_line(streams.in, line);
    if (read == Line::End) return kDone;
    streams.out << (read == Line::TooLong ? print_error(too_long()) : decider.decide_line(line)) << '\n'
                << std::flush;
    // Nobody reads any more; that ends the work, and is no mistake of ours.
    if (!streams.out) return kDone;
  }
}

int decide_one(const DecideOptions& options, Streams& streams) {
  std::string text;
  std::string line;
  for (auto read = read_line(streams.in, line); read != Line::End; read = read_line(streams.in, line)) {
    text += line + '\n';
    if (read == Line::TooLong || text.size() > kMaxSnapshotBytes) {
      streams.err << "evenkeel decide: the snapshot is " << too_long() << '\n';
      return kBadInput;
    }
  }
  auto snapshot = api::parse_snapshot(text);
  if (!snapshot.ok()) {
    streams.err << "evenkeel decide: " << snapshot.error().message << '\n';
    return kBadInput;
  }
  Zones{}.hand_to(*snapshot);
  streams.out << answer(*snapshot, plan::decide(*snapshot), options.with_plan) << '\n' << std::flush;
  return kDone;
}

}  // namespace

int decide(const DecideOptions& options, Streams& streams) {
  return options.stream ? decide_stream(options, streams) : decide_one(options, streams);
}

Runner declare_decide(CLI::App& app) {
  auto options = std::make_shared<DecideOptions>();
  app.add_flag("--stream", options->stream, "Read one snapshot a line and write one decision a line");
  app.add_flag("--plan", options->with_plan, "Add the writes that follow, in their order, as \"actions\"");
  return [options](Streams& streams) { return decide(*options, streams); };
}

}  // namespace evenkeel::cli
