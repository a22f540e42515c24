#include "memory_text.hpp"

#include <algorithm>
#include <cmath>

namespace evenkeel::plan {
namespace {

constexpr std::int64_t kNanoseconds = 1'000'000'000;
/// Longer ago is as good as never, and so is what no double tells to the nanosecond.
constexpr std::int64_t kLongestAgo = 9'000'000'000'000'000;

}  // namespace

MemoryWriter& MemoryWriter::real(double value) {
  // Whole numbers, which are many, take a fifth of the time as integers. All below this are exact.
  constexpr double kLargestWhole = 1e15;
  separate();
  if (!std::isfinite(value)) value = 0;
  if (std::abs(value) < kLargestWhole && value == std::trunc(value)) {
    append_number(static_cast<std::int64_t>(value));
  } else {
    char* const begin = room(kMostDigits);
    length_ += static_cast<std::size_t>(print_shortest(begin, value) - begin);
  }
  return *this;
}

MemoryWriter& MemoryWriter::time(WallTime moment) {
  separate();
  std::int64_t ago = 0;
  const bool is_far =
      __builtin_sub_overflow(now_.time_since_epoch().count(), moment.time_since_epoch().count(), &ago);
  if (is_far) ago = moment < now_ ? kLongestAgo : 0;
  ago = std::clamp<std::int64_t>(ago, 0, kLongestAgo);
  append_number(ago / kNanoseconds);
  if (const auto rest = ago % kNanoseconds; rest != 0) {
    std::string decimals = std::to_string(kNanoseconds + rest);
    decimals[0] = '.';
    decimals.erase(decimals.find_last_not_of('0') + 1);
    append(decimals);
  }
  return *this;
}

void MemoryWriter::quote(std::string_view value) {
  static constexpr char kHex[] = "0123456789abcdef";
  append('"');
  // What needs no escape, which is nearly everything, is appended in one go.
  std::size_t done = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<unsigned char>(value[i]);
    const bool is_plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
    if (is_plain) continue;
    append(value.substr(done, i - done));
    done = i + 1;
    if (byte == '"' || byte == '\\') {
      append('\\');
      append(value[i]);
    } else {
      // Bytes rather than characters: what comes back is only compared with what was written.
      append("\\u00");
      append(kHex[byte >> 4U]);
      append(kHex[byte & 0xfU]);
    }
  }
  append(value.substr(done));
  append('"');
}

WallTime MemoryReader::time(Element value) {
  const double ago = real(value);
  // The negation also catches NaN.
  if (!(ago >= 0)) failed_ = true;
  if (failed_) return now_;
  const double nanoseconds =
      std::min(std::round(ago * static_cast<double>(kNanoseconds)), static_cast<double>(kLongestAgo));
  const std::chrono::nanoseconds span{static_cast<std::int64_t>(nanoseconds)};
  if (written_ < WallTime::min() + span) return WallTime::min();
  return std::min(written_ - span, now_);
}

std::optional<WallTime> MemoryReader::time_or_none(Element value) {
  const double ago = real(value);
  if (ago == -1) return std::nullopt;
  return time(value);
}

}  // namespace evenkeel::plan
