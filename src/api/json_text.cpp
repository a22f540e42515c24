#include "json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>

#include <nlohmann/json.hpp>

#include "json_field.hpp"

namespace evenkeel::api {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kInNumbers = "0123456789+-.eE";

bool is_among(char character, std::string_view set) {
  return set.find(character) != std::string_view::npos;
}

/// Walks over one token, part after part of a number.
class NumberScanner {
 public:
  explicit NumberScanner(std::string_view token) : rest_{token} {}

  bool skip(std::string_view any_of) {
    const bool found = !rest_.empty() && is_among(rest_.front(), any_of);
    if (found) rest_.remove_prefix(1);
    return found;
  }
  bool skip_digits() {
    const auto count = std::min(rest_.find_first_not_of(kDigits), rest_.size());
    rest_.remove_prefix(count);
    return count > 0;
  }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

/// The length of the number that `token` begins with; 0 where it begins with none.
std::size_t length_of_number(std::string_view token) {
  NumberScanner scanner{token};
  scanner.skip("-");
  if (!scanner.skip("0") && !scanner.skip_digits()) return 0;
  if (scanner.skip(".") && !scanner.skip_digits()) return 0;
  if (scanner.skip("eE")) {
    scanner.skip("+-");
    if (!scanner.skip_digits()) return 0;
  }
  return token.size() - scanner.left();
}

template <class Integer>
bool is_integer(std::string_view token) {
  Integer value{};
  const auto [stop, error] = std::from_chars(token.begin(), token.end(), value);
  return error == std::errc{} && stop == token.end();
}

/// What stands for a number that does not fit; empty where it fits, or is none.
std::optional<std::string> fitting(std::string_view token) {
  const bool is_whole = token.find_first_of(".eE") == std::string_view::npos;
  if (is_whole && (is_integer<std::int64_t>(token) || is_integer<std::uint64_t>(token))) return std::nullopt;
  if (length_of_number(token) != token.size()) return std::nullopt;
  double value = std::strtod(std::string{token}.c_str(), nullptr);
  const bool is_beyond = !std::isfinite(value);
  if (!is_whole && !is_beyond) return std::nullopt;
  if (is_beyond) value = std::copysign(std::numeric_limits<double>::max(), value);
  std::array<char, 32> buffer{};
  // With an exponent, or it would be a long integer again.
  const auto end = std::to_chars(buffer.begin(), buffer.end(), value, std::chars_format::scientific).ptr;
  return std::string{buffer.data(), end};
}

/// The length of a string with its quotes; all of `text` where its end is missing.
std::size_t length_of_string(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\') ++i;
  }
  return text.size();
}

/// Calls `replace(token)` for every token that may be a number; what it returns takes the token's place.
template <class Replace>
std::string replace_numbers(std::string_view text, Replace replace) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    std::size_t length = 1;
    std::optional<std::string> replacement;
    if (text.front() == '"') {
      length = length_of_string(text);
    } else if (is_among(text.front(), kInNumbers)) {
      length = std::min(text.find_first_not_of(kInNumbers), text.size());
      replacement = replace(text.substr(0, length));
    }
    result += replacement ? std::string_view{*replacement} : text.substr(0, length);
    text.remove_prefix(length);
  }
  return result;
}

/// The length of what is JSON up to there; empty where it all is. Numbers of any size are passed over.
std::optional<std::size_t> length_of_json(std::string_view text) {
  const auto blanked = replace_numbers(text, [](std::string_view token) -> std::optional<std::string> {
    // What follows a number of any size may be what is wrong.
    const auto length = length_of_number(token);
    if (length == 0 || !fitting(token.substr(0, length))) return std::nullopt;
    return "0" + std::string(length - 1, ' ') + std::string{token.substr(length)};
  });
  // Keeps nothing of what it reads.
  const auto drop = [](int, nlohmann::json::parse_event_t, nlohmann::json&) { return false; };
  try {
    [[maybe_unused]] const auto nothing = nlohmann::json::parse(blanked, drop);
  } catch (const nlohmann::json::parse_error& wrong) {
    // Counted from 1, and up to the end of a text that ends too early.
    return std::min(wrong.byte - std::min<std::size_t>(wrong.byte, 1), text.size());
  }
  return std::nullopt;
}

/// In a text of one line, as those of a stream are, the column is enough.
std::string place_of(std::string_view text, std::size_t length) {
  const auto before = text.substr(0, length);
  const auto line = 1 + std::ranges::count(before, '\n');
  const auto start_of_line = before.find_last_of('\n') + 1;  // 0 where there is none.
  const auto column = "column " + std::to_string(length - start_of_line + 1);
  return line == 1 ? column : "line " + std::to_string(line) + ", " + column;
}

/// The word that `text` has at `place`, its sign with it.
std::string_view word_at(std::string_view text, std::size_t place) {
  constexpr std::string_view kInWords = "+-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const auto last_before = text.substr(0, place).find_last_not_of(kInWords);
  const auto begin = last_before == std::string_view::npos ? 0 : last_before + 1;
  const auto end = std::min(text.find_first_not_of(kInWords, place), text.size());
  return text.substr(begin, end - begin);
}

/// The text that stands for a figure that JSON has no number for; empty where `word` is none such.
std::string_view text_of_figure(std::string_view word) {
  if (word == "NaN" || word == "nan") return "\"NaN\"";
  const bool is_negative = word.starts_with('-');
  if (is_negative || word.starts_with('+')) word.remove_prefix(1);
  const bool is_infinite = word == "Infinity" || word == "Inf" || word == "inf";
  if (!is_infinite) return {};
  return is_negative ? "\"-Inf\"" : "\"+Inf\"";
}

}  // namespace

std::string with_numbers_that_fit(std::string_view text) {
  return replace_numbers(text, fitting);
}

std::string why_not_json(std::string_view text, simdjson::error_code error) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) {
    return "not valid JSON: it begins with a byte order mark; write it as UTF-8 without one";
  }
  const auto message = [&](const std::string& place) {
    return "not valid JSON" + place + ": " + simdjson::error_message(error);
  };
  // What is too deep is well formed, at least up to there.
  if (error == simdjson::DEPTH_ERROR)
    return "too deep: objects and lists may stand " + std::to_string(JsonDocument::kMaxDepth) +
           " levels deep in each other";
  const auto length = length_of_json(text);
  if (!length) return message("");
  const auto place = " at " + place_of(text, *length);
  if (text.find_first_not_of(" \t\r\n", *length) == std::string_view::npos) {
    return "not valid JSON" + place + ": it ends too early";
  }
  const auto word = word_at(text, *length);
  if (const auto figure = text_of_figure(word); !figure.empty()) {
    return "not valid JSON" + place + ": JSON has no number for " + std::string{word} +
           "; write it as the text " + std::string{figure} + ", which a metric's value may be";
  }
  return message(place);
}

std::string_view quoted_name(std::string_view name) {
  constexpr std::size_t kLongest = 256;
  if (name.size() <= kLongest) return name;
  const auto is_inside_character = [&](std::size_t at) {
    return (static_cast<unsigned char>(name[at]) & 0xC0) == 0x80;
  };
  std::size_t end = kLongest;
  while (end > 0 && is_inside_character(end)) --end;
  return name.substr(0, end);
}

}  // namespace evenkeel::api
