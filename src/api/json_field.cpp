#include "json_field.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evenkeel/base/time_format.hpp"

#include "json_text.hpp"

namespace evenkeel::api {

using simdjson::dom::element_type;

JsonDocument::JsonDocument() {
  // A failed allocation here shows again, as an error, when parse() allocates.
  [[maybe_unused]] const auto shows_later = parser_.allocate(0, kMaxDepth);
}

Result<simdjson::dom::element> JsonDocument::parse(std::string_view text) {
  simdjson::dom::element root;
  auto error = parser_.parse(text.data(), text.size()).get(root);
  // The parser has no room for long numbers, which JSON may hold. Few texts have one: only they are read
  // twice.
  if (error == simdjson::NUMBER_ERROR) error = parser_.parse(with_numbers_that_fit(text)).get(root);
  if (error == simdjson::SUCCESS) return root;
  if (error == simdjson::EMPTY) return Error{ErrorKind::Invalid, "empty: a JSON object is expected"};
  return Error{ErrorKind::Invalid, why_not_json(text, error)};
}

void Complaint::add(const std::string& path, std::string_view what) {
  if (text_.empty()) text_ = (path.empty() ? "the document" : path) + ": " + std::string{what};
}

Field Field::operator[](std::string_view name) const& {
  Field child{*complaint_};
  child.parent_ = this;
  child.name_ = name;
  simdjson::dom::object members;
  if (!present_ || !as(members, "an object")) return child;
  child.present_ = members.at_key(name).get(child.value_) == simdjson::SUCCESS && !child.value_.is_null();
  return child;
}

std::string Field::path() const {
  if (parent_ == nullptr) return std::string{name_};
  auto path = parent_->path();
  if (index_ != kNoIndex) return path + "[" + std::to_string(index_) + "]";
  if (!path.empty()) path += '.';
  return path.append(quoted_name(name_));
}

std::string Field::json() const {
  return present_ ? simdjson::to_string(value_) : std::string{};
}

void Field::read_text(std::string& out) const {
  std::string_view text;
  if (present_ && as(text, "a string")) out = text;
}

void Field::read_flag(bool& out) const {
  if (present_) as(out, "true or false");
}

void Field::read_flag(std::optional<bool>& out) const {
  bool flag = false;
  if (present_ && as(flag, "true or false")) out = flag;
}

std::optional<std::int64_t> Field::whole() const {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  switch (value_.type()) {
    case element_type::INT64:
      return value_.get_int64().value_unsafe();
    case element_type::UINT64:
      return kMax;  // simdjson gives this type only to what does not fit int64
    case element_type::DOUBLE: {
      const double number = value_.get_double().value_unsafe();
      if (number != std::trunc(number)) break;
      if (number >= 0x1p63) return kMax;
      if (number < -0x1p63) return -kMax;
      return static_cast<std::int64_t>(number);
    }
    default:
      break;
  }
  complain("must be a whole number");
  return std::nullopt;
}

void Field::read_whole(std::int64_t& out) const {
  if (!present_) return;
  if (const auto number = whole()) out = *number;
}

void Field::read_signed(std::optional<std::int32_t>& out) const {
  if (!present_) return;
  using Limits = std::numeric_limits<std::int32_t>;
  if (const auto number = whole()) {
    out = static_cast<std::int32_t>(std::clamp<std::int64_t>(*number, Limits::min(), Limits::max()));
  }
}

void Field::read_signed(std::int32_t& out) const {
  std::optional<std::int32_t> number;
  read_signed(number);
  if (number) out = *number;
}

void Field::read_count(std::optional<std::int32_t>& out) const {
  if (!present_) return;
  const auto number = whole();
  if (!number) return;
  if (*number < 0) return complain("must be 0 or more");
  constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
  out = static_cast<std::int32_t>(*number < kMax ? *number : kMax);
}

void Field::read_count(std::int32_t& out) const {
  std::optional<std::int32_t> count;
  read_count(count);
  if (count) out = *count;
}

void Field::read_number(std::optional<double>& out) const {
  double number = 0;
  if (present_ && as(number, "a number")) out = number;
}

void Field::read_seconds(std::optional<std::chrono::seconds>& out) const {
  std::optional<std::int32_t> count;
  read_count(count);
  if (count) out = std::chrono::seconds{*count};
}

void Field::read_seconds(std::chrono::seconds& out) const {
  std::optional<std::chrono::seconds> seconds;
  read_seconds(seconds);
  if (seconds) out = *seconds;
}

void Field::read_time(std::optional<WallTime>& out) const {
  std::string_view text;
  if (!present_ || !as(text, "a time, as text in RFC 3339")) return;
  out = parse_rfc3339(text);
  if (!out)
    complain(
        "must be a time in RFC 3339 of the years 1678 to 2261 with at most 9 decimals, like "
        "2026-01-01T00:00:00Z");
}

void Field::read_quantity(std::optional<Quantity>& out) const {
  if (!present_) return;
  std::string_view text;
  double number = 0;
  if (value_.get(number) == simdjson::SUCCESS) {
    out = Quantity::from_milli(milli_from_double(number));
  } else if (value_.get(text) == simdjson::SUCCESS) {
    out = Quantity::parse(text);
  }
  if (!out) complain("must be a quantity, like 500m or 1Gi");
}

void Field::read_texts(std::map<std::string, std::string>& out) const {
  each_member([&](std::string_view name, const Field& member) {
    std::string text;
    member.read_text(text);
    out.emplace(name, std::move(text));
  });
}

}  // namespace evenkeel::api
