#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "evenkeel/base/clock.hpp"

/// What the operator exposes of itself: log, metrics, health.
namespace evenkeel::ops {

enum class Level { Debug, Info, Warning, Error };
[[nodiscard]] const char* to_string(Level level) noexcept;
/// Reads "debug", "info", "warn" or "error".
[[nodiscard]] std::optional<Level> parse_level(std::string_view text);

/// One key of a log line with its value. Borrowed: build it in the call.
struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, double, bool>;
  std::string_view key;
  Value value;
};

/// One JSON object a line: `time`, `level`, `message`, then the fields. Thread-safe; lines are never mixed.
///
/// Messages are constant texts, so that lines can be counted and searched; what varies goes into fields.
/// Control characters and invalid UTF-8 are escaped, so no text from a manifest can forge a line or drive a
/// terminal.
class Logger {
 public:
  using Write = std::function<void(std::string_view line)>;

  /// Lines below `least` are dropped. `clock` is borrowed. The lines go to stderr.
  Logger(Level least, const Clock& clock);
  /// The same with the lines (without their end) handed to `write`, one at a time.
  Logger(Level least, const Clock& clock, Write write);

  using Fields = std::initializer_list<LogField>;
  void debug(std::string_view message, Fields fields = {}) const { log(Level::Debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) const { log(Level::Info, message, fields); }
  void warning(std::string_view message, Fields fields = {}) const { log(Level::Warning, message, fields); }
  void error(std::string_view message, Fields fields = {}) const { log(Level::Error, message, fields); }
  void log(Level level, std::string_view message, Fields fields = {}) const;

 private:
  Level least_;
  const Clock& clock_;
  Write write_;
};

/// One log line as JSON text, without its end.
[[nodiscard]] std::string format_line(WallTime time,
                                      Level level,
                                      std::string_view message,
                                      Logger::Fields fields);

}  // namespace evenkeel::ops
