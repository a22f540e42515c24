#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "evenkeel/base/clock.hpp"

/// Prometheus, reading side: texts in, series out. What a reading is worth is for the decision to say.
namespace evenkeel::signals {

using Labels = std::map<std::string, std::string>;

/// One series of an instant query's result. The value may be NaN or infinite.
struct Series {
  Labels labels;  ///< Without the metric's own name.
  double value = 0;
};

/// Why a query has no result, in the words of the metric label `reason`.
enum class QueryProblem {
  BadQuery,     ///< Not PromQL, or PromQL that cannot be evaluated: a person must act.
  Unreachable,  ///< No answer, or one that says "later".
  Timeout,      ///< Not answered by the deadline.
  Refused,      ///< 401, 403, or a redirect: the address or the credentials are wrong.
  Unreadable,   ///< An answer, and not Prometheus'.
  TooLarge,     ///< More series or bytes than the limits allow.
};
[[nodiscard]] const char* to_string(QueryProblem problem) noexcept;

struct QueryError {
  QueryProblem problem = QueryProblem::Unreachable;
  std::string message;  ///< What went wrong and what to do; says nothing of where the text came from.
};

/// What one text gave.
struct TextResult {
  std::vector<Series> series;
  std::optional<QueryError> error;  ///< With an error there are no series: unread is not empty.
  std::string warning;  ///< What Prometheus doubts about a result that it gives all the same; empty: nothing.
  std::chrono::duration<double> took{0};
};

/// Runs queries. An interface, so that tests can stand in for Prometheus.
class SignalSource {
 public:
  virtual ~SignalSource() = default;

  /// Runs each text once, several at a time, and returns by `deadline` (within a second of `stop`).
  /// @return one result per text, in the order of `texts`.
  virtual std::vector<TextResult> read(std::span<const std::string> texts,
                                       Monotonic deadline,
                                       const std::stop_token& stop) = 0;
};

}  // namespace evenkeel::signals
