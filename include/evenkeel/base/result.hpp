#pragma once

#include <cassert>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace evenkeel {

/// Why an operation failed, in the words that callers act on. Code branches on this, never on a message.
enum class ErrorKind {
  NotFound,      ///< The object, path or kind is not there.
  Conflict,      ///< Somebody else wrote first, or it exists already: read again, then decide again.
  Gone,          ///< The place in a list or a watch has expired: list again.
  Forbidden,     ///< RBAC refuses; a person must act.
  Unauthorized,  ///< The credentials are missing or expired.
  Invalid,       ///< The input is wrong and stays wrong: a person must act.
  Throttled,     ///< Asked to slow down; `retry_after` says how long where the server did.
  Unavailable,   ///< Could not be reached, or answered 5xx: waiting can help.
  Timeout,       ///< The deadline passed. The outcome of a write is unknown.
  Cancelled,     ///< We stopped it ourselves.
};

/// Text of a kind as used in logs and metric labels.
constexpr const char* to_string(ErrorKind kind) noexcept {
  using enum ErrorKind;
  switch (kind) {
    case NotFound:
      return "NotFound";
    case Conflict:
      return "Conflict";
    case Gone:
      return "Gone";
    case Forbidden:
      return "Forbidden";
    case Unauthorized:
      return "Unauthorized";
    case Invalid:
      return "Invalid";
    case Throttled:
      return "Throttled";
    case Unavailable:
      return "Unavailable";
    case Timeout:
      return "Timeout";
    case Cancelled:
      return "Cancelled";
  }
  return "Unknown";
}

struct Error {
  ErrorKind kind{};
  std::string message;  ///< For people: what was tried, what went wrong, what to do.
  std::optional<std::chrono::milliseconds> retry_after{};  ///< Only where a server named it.
};

/// True when waiting can help; the other kinds need a person, a new read or nothing.
constexpr bool is_retryable(ErrorKind kind) noexcept {
  using enum ErrorKind;
  switch (kind) {
    case Conflict:
    case Gone:
    case Throttled:
    case Unavailable:
    case Timeout:
      return true;
    case NotFound:
    case Forbidden:
    case Unauthorized:
    case Invalid:
    case Cancelled:
      return false;
  }
  return false;
}

/// Holds a `T` or the `Error` that prevented it. Check `ok()` before dereferencing.
template <class T>
class [[nodiscard]] Result {
 public:
  // NOLINTBEGIN(google-explicit-constructor): `return value;` and `return Error{...};` must both just work.
  Result(T value) : state_{std::move(value)} {}
  Result(Error error) : state_{std::move(error)} {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] bool ok() const noexcept { return std::holds_alternative<T>(state_); }
  const T& operator*() const& {
    assert(ok());
    return *std::get_if<T>(&state_);
  }
  T& operator*() & {
    assert(ok());
    return *std::get_if<T>(&state_);
  }
  T&& operator*() && {
    assert(ok());
    return std::move(*std::get_if<T>(&state_));
  }
  const T* operator->() const {
    assert(ok());
    return std::get_if<T>(&state_);
  }
  T* operator->() {
    assert(ok());
    return std::get_if<T>(&state_);
  }
  [[nodiscard]] const Error& error() const {
    assert(!ok());
    return *std::get_if<Error>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

/// The value of an operation that yields nothing.
struct Done {};

}  // namespace evenkeel
