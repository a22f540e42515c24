#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "evenkeel/http/client.hpp"

namespace evenkeel::http {

/// Cuts a stream of bytes into lines and keeps no more than one unfinished line.
class LineSplitter {
 public:
  enum class Outcome { More, Stopped, TooLong };

  explicit LineSplitter(std::size_t line_bytes_max) : line_bytes_max_{line_bytes_max} {}

  /// Hands every line that `bytes` completes to `on_line`, without "\n" or "\r\n"; empty lines are left out.
  template <class Fn>
  Outcome feed(std::string_view bytes, Fn&& on_line) {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      const auto piece = bytes.substr(0, end);
      if (unfinished_.size() + piece.size() > line_bytes_max_) return Outcome::TooLong;
      if (end == std::string_view::npos) {
        unfinished_ += piece;
        return Outcome::More;
      }
      bytes.remove_prefix(end + 1);
      if (unfinished_.empty()) {  // The common case: the line is whole, and is not copied.
        if (hand_over(piece, on_line) == Flow::Stop) return Outcome::Stopped;
        continue;
      }
      unfinished_ += piece;
      const std::string line = std::exchange(unfinished_, {});
      if (hand_over(line, on_line) == Flow::Stop) return Outcome::Stopped;
    }
    return Outcome::More;
  }

  /// The stream has ended: hands over what stands after the last line end.
  template <class Fn>
  void finish(Fn&& on_line) {
    const std::string line = std::exchange(unfinished_, {});
    hand_over(line, on_line);
  }

 private:
  template <class Fn>
  static Flow hand_over(std::string_view line, Fn& on_line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line.empty() ? Flow::Continue : on_line(line);
  }

  std::size_t line_bytes_max_;
  std::string unfinished_;
};

}  // namespace evenkeel::http
