#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evenkeel/api/decision.hpp"
#include "evenkeel/api/snapshot.hpp"

#include "facts.hpp"

namespace evenkeel::property {

/// A decision that breaks the specification.
struct Violation {
  std::string rule;    ///< Number and name of the invariant, such as "3 dead backend".
  std::string detail;  ///< Who, and the figures.
};

/// Where the memory of a snapshot comes from.
enum class MemoryOrigin {
  Carried,  ///< What the last decision returned; none at the start of a sequence.
  Foreign,  ///< Anything else.
};

/// Judges the decisions of one service in the order in which they were made. It knows the specification and
/// not the implementation; where the specification leaves room, it takes the widest reading, so that what it
/// complains about is wrong under every reading.
class Checker {
 public:
  /// Everything that is wrong with `decision`; remembers it for the next one.
  std::vector<Violation> check(const api::Snapshot& snapshot,
                               const api::Decision& decision,
                               MemoryOrigin origin);

  /// Whether the last decision continued an unbroken history, on a snapshot that showed the decision before.
  [[nodiscard]] bool undisturbed() const { return undisturbed_; }

 private:
  struct Last {
    api::Snapshot snapshot;
    api::Decision decision;
  };

  void follow(const api::Snapshot& snapshot, const Facts& facts, MemoryOrigin origin);
  [[nodiscard]] bool carried_out(const Facts& facts) const;
  [[nodiscard]] bool shows_last_shares(const Facts& facts, double points) const;
  void follow_maximum(const Facts& facts);
  void check_hold(const api::Snapshot& snapshot, const api::Decision& decision, const Facts& facts);
  void follow_moves(const api::Snapshot& snapshot, const Facts& facts, double largest);
  void check_steps(const api::Snapshot& snapshot, const Facts& facts);
  [[nodiscard]] bool watches_drains(const api::Snapshot& snapshot,
                                    const api::Decision& decision,
                                    const Facts& facts) const;
  void check_drain_time(const api::Snapshot& snapshot, const api::Decision& decision, const Facts& facts);
  void note_fall(const api::Snapshot& snapshot, const BackendFacts& backend);
  void check_kept_shares(const api::Snapshot& snapshot, const api::Decision& decision, const Facts& facts);
  void check_pending(const api::Snapshot& snapshot, const api::Decision& decision);
  void complain(std::string rule, std::string detail);

  std::optional<Last> last_;
  std::vector<Violation> found_;
  std::map<std::string, std::int32_t> expected_;
  std::optional<Last> first_;  ///< The first decision, while the world has not moved since.
  bool history_known_ = true;  ///< Every line so far carried its memory on, and time went forward.
  bool undisturbed_ = false;
  bool calm_ = true;  ///< And all was healthy, nothing was edited, every share was carried out.
  std::optional<WallTime> shares_moved_;  ///< When some share was changed last.
  /// When a metric could be read last, no share was on its way any more.
  bool settled_ = true;
  std::optional<std::int32_t> maximum_;
  bool max_was_lowered_ = false;       ///< And the sum is still above it.
  std::optional<WallTime> last_move_;  ///< Of any share, while calm.
  struct Fall {
    WallTime began;  ///< Of the first fall while one waits for another: drainTimeoutSeconds count from then.
    WallTime time;
    double share = 0;  ///< That it had before.
  };
  std::map<std::string, Fall> falls_;  ///< When a share fell by 5 points or more, last.
  struct Slide {
    WallTime began;  ///< Of the first of falls that follow one another within drainSeconds, however small.
    WallTime last;
  };
  std::map<std::string, Slide> slides_;
  WallTime life_began_;          ///< Of the first decision.
  bool fell_unwatched_ = false;  ///< What falls may have begun to before it was watched.
};

/// What can be said of one decision alone, whatever came before: form, sums, bounds, dead backends.
void check_form(const api::Snapshot& snapshot,
                const api::Decision& decision,
                const Facts& facts,
                std::vector<Violation>& found);
void check_shares(const api::Snapshot& snapshot,
                  const api::Decision& decision,
                  const Facts& facts,
                  std::vector<Violation>& found);
void check_bounds(const api::Snapshot& snapshot,
                  const api::Decision& decision,
                  const Facts& facts,
                  bool history_known,
                  std::vector<Violation>& found);
void check_order(const api::Snapshot& snapshot,
                 const api::Decision& decision,
                 const Facts& facts,
                 std::vector<Violation>& found);

}  // namespace evenkeel::property
