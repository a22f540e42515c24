#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/number_text.hpp"

/// Memory as compact JSON. Moments are seconds before the one at which the memory was written, so that they
/// stay short; they are exact to the nanosecond for a hundred days back.
namespace evenkeel::plan {

/// Appends JSON. The caller keeps the brackets balanced; commas are set here.
class MemoryWriter {
 public:
  /// @param size  about how long the text will be; only a matter of speed.
  MemoryWriter(WallTime now, std::size_t size) : now_{now} { text_.resize(size); }

  MemoryWriter& open(char bracket) {
    separate();
    append(bracket);
    fresh_ = true;
    return *this;
  }
  MemoryWriter& close(char bracket) {
    append(bracket);
    fresh_ = false;
    return *this;
  }
  /// A name of ours, which needs no escape; what follows is its value.
  [[gnu::always_inline]] MemoryWriter& key(std::string_view name) {
    // There are dozens, so each asks for room once.
    constexpr std::size_t kAround = 4;  // A comma, the quotes and a colon.
    char* end = room(name.size() + kAround);
    const char* const begin = end;
    if (!fresh_) *end++ = ',';
    *end++ = '"';
    std::memcpy(end, name.data(), name.size());
    end += name.size();
    *end++ = '"';
    *end++ = ':';
    length_ += static_cast<std::size_t>(end - begin);
    fresh_ = true;
    return *this;
  }
  /// A name that somebody else gave; what follows is its value.
  MemoryWriter& name(std::string_view name) {
    separate();
    quote(name);
    append(':');
    fresh_ = true;
    return *this;
  }
  MemoryWriter& number(std::int64_t value) {
    separate();
    append_number(value);
    return *this;
  }
  /// A short text that reads back as the same double; what is not finite is 0.
  MemoryWriter& real(double value);
  MemoryWriter& text(std::string_view value) {
    separate();
    quote(value);
    return *this;
  }
  MemoryWriter& time(WallTime moment);
  /// -1 where there is none.
  MemoryWriter& time(const std::optional<WallTime>& moment) { return moment ? time(*moment) : number(-1); }

  [[nodiscard]] std::string take() {
    text_.resize(length_);
    return std::move(text_);
  }

 private:
  /// Where the next `size` characters go. Texts are short and appended by the hundred: this is several times
  /// as fast as appending to the string.
  char* room(std::size_t size) {
    if (text_.size() - length_ < size) text_.resize(2 * text_.size() + size);
    return text_.data() + length_;
  }
  void append(char character) {
    *room(1) = character;
    ++length_;
  }
  void append(std::string_view characters) {
    std::memcpy(room(characters.size()), characters.data(), characters.size());
    length_ += characters.size();
  }
  void append_number(std::int64_t value) {
    char* const begin = room(kMostDigits);
    // Most are flags and small counts.
    if (value >= 0 && value < 10) {
      *begin = static_cast<char>('0' + value);
      ++length_;
      return;
    }
    length_ += static_cast<std::size_t>(std::to_chars(begin, begin + kMostDigits, value).ptr - begin);
  }
  void separate() {
    if (!fresh_) append(',');
    fresh_ = false;
  }
  void quote(std::string_view value);

  WallTime now_;
  std::string text_;  ///< As long as there is room; `length_` characters of it are written.
  std::size_t length_ = 0;
  bool fresh_ = true;
};

/// Reads what MemoryWriter wrote. Collects failure: after the first wrong type all that is read is void.
class MemoryReader {
 public:
  using Element = simdjson::dom::element;

  /// @param written  when the memory was written.
  /// @param now      no moment is later.
  MemoryReader(WallTime written, WallTime now) : written_{written}, now_{now} {}

  [[nodiscard]] bool failed() const { return failed_; }
  void fail() { failed_ = true; }

  std::int64_t integer(Element value) {
    std::int64_t result = 0;
    if (value.get(result) != simdjson::SUCCESS) failed_ = true;
    return result;
  }
  /// 0 or more.
  std::int32_t count(Element value) {
    const auto result = integer(value);
    if (result >= 0 && result <= std::numeric_limits<std::int32_t>::max())
      return static_cast<std::int32_t>(result);
    failed_ = true;
    return 0;
  }
  std::int32_t small(Element value) {
    const auto result = integer(value);
    if (result >= std::numeric_limits<std::int32_t>::min() &&
        result <= std::numeric_limits<std::int32_t>::max())
      return static_cast<std::int32_t>(result);
    failed_ = true;
    return 0;
  }
  double real(Element value) {
    double result = 0;
    if (value.get(result) != simdjson::SUCCESS) failed_ = true;
    return result;
  }
  std::string text(Element value) {
    std::string_view result;
    if (value.get(result) != simdjson::SUCCESS) failed_ = true;
    return std::string{result};
  }
  WallTime time(Element value);
  std::optional<WallTime> time_or_none(Element value);

  /// Calls `each(element)` for the items of a list.
  template <class Each>
  void list(Element value, Each each) {
    simdjson::dom::array items;
    if (value.get(items) != simdjson::SUCCESS) {
      failed_ = true;
      return;
    }
    for (const auto item : items) {
      if (failed_) return;
      each(item);
    }
  }
  /// The items of a list of exactly kSize; null where it is not one.
  template <std::size_t kSize>
  bool row(Element value, Element (&items)[kSize]) {
    std::size_t found = 0;
    list(value, [&](Element item) {
      if (found < kSize) items[found] = item;
      ++found;
    });
    if (found != kSize) failed_ = true;
    return !failed_;
  }
  /// Calls `each(key, element)` for the members of an object.
  template <class Each>
  void object(Element value, Each each) {
    simdjson::dom::object members;
    if (value.get(members) != simdjson::SUCCESS) {
      failed_ = true;
      return;
    }
    for (const auto member : members) {
      if (failed_) return;
      each(member.key, member.value);
    }
  }

 private:
  WallTime written_;
  WallTime now_;
  bool failed_ = false;
};

}  // namespace evenkeel::plan
