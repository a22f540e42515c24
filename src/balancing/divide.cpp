#include "evenkeel/balancing/divide.hpp"

#include <algorithm>

#include "evenkeel/base/apportion.hpp"

namespace evenkeel::balancing {
namespace {

/// Holders whose parts are still open, and what is settled of the others.
class Dividing {
 public:
  Dividing(std::span<const double> shares,
           std::span<const std::int32_t> minimums,
           std::span<const std::int32_t> maximums,
           std::int32_t total)
      : minimums_{minimums},
        maximums_{maximums},
        open_(shares.begin(), shares.end()),
        fixed_(shares.size(), 0),
        left_{total} {}

  std::vector<std::int32_t> run() {
    // Every round settles one at least.
    for (std::size_t round = 0; round <= open_.size(); ++round) {
      parts_ = apportion(open_, static_cast<std::int32_t>(std::max<std::int64_t>(left_, 0)));
      if (settle()) continue;
      for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i] += fixed_[i];
      return parts_;
    }
    return fixed_;
  }

 private:
  /// Whoever would get more or less than its bound is given that and leaves the division. The others then get
  /// more, or less, so another may come to its bound. Of both kinds those first that change the sum by more,
  /// as CSS resolves flexible lengths (CSS Flexible Box Layout 1, 9.7): else the other kind's bound could
  /// turn out to be none.
  bool settle() {
    std::int64_t beyond = 0;
    std::int64_t lacking = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      beyond += excess(i);
      lacking += lack(i);
    }
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (lacking <= beyond && excess(i) > 0) {
        fix(i, maximums_[i]);
      } else if (lacking >= beyond && lack(i) > 0) {
        fix(i, minimums_[i]);
      }
    }
    return beyond > 0 || lacking > 0;
  }

  [[nodiscard]] bool is_open(std::size_t i) const { return open_[i] > 0; }
  [[nodiscard]] std::int32_t excess(std::size_t i) const {
    return is_open(i) && !maximums_.empty() ? std::max(0, parts_[i] - maximums_[i]) : 0;
  }
  [[nodiscard]] std::int32_t lack(std::size_t i) const {
    return is_open(i) ? std::max(0, minimums_[i] - parts_[i]) : 0;
  }

  void fix(std::size_t i, std::int32_t bound) {
    fixed_[i] = bound;
    left_ -= bound;
    open_[i] = 0;
  }

  std::span<const std::int32_t> minimums_;
  std::span<const std::int32_t> maximums_;
  std::vector<double> open_;
  std::vector<std::int32_t> fixed_;
  std::vector<std::int32_t> parts_;
  std::int64_t left_;
};

}  // namespace

std::vector<std::int32_t> divide(std::span<const double> shares,
                                 std::span<const std::int32_t> minimums,
                                 std::span<const std::int32_t> maximums,
                                 std::int32_t total) {
  return Dividing{shares, minimums, maximums, total}.run();
}

}  // namespace evenkeel::balancing
