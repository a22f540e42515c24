#include "evenkeel/ops/log.hpp"

#include <cmath>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "evenkeel/base/time_format.hpp"

namespace evenkeel::ops {
namespace {

/// Length of the UTF-8 sequence that begins with `first`; 0 when none does.
std::size_t length_by_first(unsigned first) {
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) return 3;
  return first < 0xF5 ? 4 : 0;
}

/// Keeps out overlong forms, surrogates and what is beyond U+10FFFF.
bool may_follow(unsigned first, unsigned second) {
  switch (first) {
    case 0xE0:
      return second >= 0xA0;
    case 0xED:
      return second < 0xA0;
    case 0xF0:
      return second >= 0x90;
    case 0xF4:
      return second < 0x90;
    default:
      return true;
  }
}

/// Length of the well-formed UTF-8 sequence at the start of `text`; 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = length_by_first(byte(0));
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  return length == 1 || may_follow(byte(0), byte(1)) ? length : 0;
}

/// True for what a terminal acts on: C0, DEL and the C1 controls (U+0080..U+009F).
bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7F;
  return sequence.size() == 2 && first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
}

void append_escaped(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view sequence = text.substr(0, length == 0 ? 1 : length);
    if (length == 0) {
      out += "\\ufffd";
    } else if (sequence == "\"" || sequence == "\\") {
      out += '\\';
      out += sequence;
    } else if (sequence == "\n") {
      out += "\\n";
    } else if (is_control(sequence)) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(sequence.back()));
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  out += '"';
}

struct AppendValue {
  std::string& out;
  void operator()(std::string_view text) const { append_escaped(out, text); }
  void operator()(std::int64_t number) const { out += fmt::to_string(number); }
  void operator()(bool flag) const { out += flag ? "true" : "false"; }
  void operator()(double number) const {
    // JSON has no word for what is not finite.
    if (std::isfinite(number)) {
      out += fmt::to_string(number);
    } else {
      out += std::isnan(number) ? "\"NaN\"" : number > 0 ? "\"+Inf\"" : "\"-Inf\"";
    }
  }
};

Logger::Write stderr_writer() {
  // spdlog's part: a sink that writes whole lines from many threads. Level, time and layout are ours, because
  // its pattern cannot escape what is inside a message.
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_pattern("%v");
  return [sink](std::string_view line) {
    sink->log(spdlog::details::log_msg{
        "evenkeel", spdlog::level::info, spdlog::string_view_t{line.data(), line.size()}});
    sink->flush();
  };
}

}  // namespace

const char* to_string(Level level) noexcept {
  switch (level) {
    case Level::Debug:
      return "debug";
    case Level::Info:
      return "info";
    case Level::Warning:
      return "warn";
    case Level::Error:
      return "error";
  }
  return "unknown";
}

std::optional<Level> parse_level(std::string_view text) {
  for (const Level level : {Level::Debug, Level::Info, Level::Warning, Level::Error}) {
    if (text == to_string(level)) return level;
  }
  return std::nullopt;
}

std::string format_line(WallTime time, Level level, std::string_view message, Logger::Fields fields) {
  std::string line =
      "{\"time\":\"" + format_rfc3339_micros(time) + "\",\"level\":\"" + to_string(level) + "\",\"message\":";
  append_escaped(line, message);
  for (const auto& field : fields) {
    line += ',';
    append_escaped(line, field.key);
    line += ':';
    std::visit(AppendValue{line}, field.value);
  }
  line += '}';
  return line;
}

Logger::Logger(Level least, const Clock& clock) : Logger{least, clock, stderr_writer()} {}

Logger::Logger(Level least, const Clock& clock, Write write)
    : least_{least},
      clock_{clock},
      write_{std::move(write)} {}

void Logger::log(Level level, std::string_view message, Fields fields) const {
  if (level < least_) return;
  write_(format_line(clock_.wall(), level, message, fields));
}

}  // namespace evenkeel::ops
