#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/quantity.hpp"
#include "evenkeel/base/result.hpp"

namespace evenkeel::api {

/// Parsed JSON text. Owns the memory that its fields look into; parse() again invalidates them.
class JsonDocument {
 public:
  /// Nesting beyond this is refused: nothing that we read goes half as deep.
  static constexpr std::size_t kMaxDepth = 128;

  JsonDocument();
  /// @return Error{Invalid} when `text` is not one JSON value of at most kMaxDepth levels.
  Result<simdjson::dom::element> parse(std::string_view text);

 private:
  simdjson::dom::parser parser_;
};

/// The first thing found wrong while a document is read. Reading goes on, so that readers stay linear.
class Complaint {
 public:
  void add(const std::string& path, std::string_view what);
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] Error error() const { return {ErrorKind::Invalid, text_}; }

 private:
  std::string text_;
};

/// A JSON value, or the absence of one, that knows where it stands. It looks into its parent, its document
/// and its complaint: never store it beyond them. Null counts as absent.
///
/// Of members that are there twice the first counts.
///
/// Every read_*() leaves `out` alone when the value is absent, and complains when it has the wrong type.
class Field {
 public:
  Field(simdjson::dom::element value, Complaint& complaint, std::string_view root = "")
      : value_{value},
        present_{!value.is_null()},
        complaint_{&complaint},
        name_{root} {}

  /// A member of an object. Not for temporaries: the child looks into this one.
  [[nodiscard]] Field operator[](std::string_view name) const&;
  Field operator[](std::string_view name) && = delete;

  [[nodiscard]] bool present() const { return present_; }
  [[nodiscard]] std::string path() const;
  void complain(std::string_view what) const { complaint_->add(path(), what); }
  /// Minified JSON text; empty when absent.
  [[nodiscard]] std::string json() const;
  [[nodiscard]] simdjson::dom::element value() const { return value_; }

  void read_text(std::string& out) const;
  void read_flag(bool& out) const;
  void read_flag(std::optional<bool>& out) const;
  /// A whole number of 0 or more; beyond 31 bits it saturates.
  void read_count(std::int32_t& out) const;
  void read_count(std::optional<std::int32_t>& out) const;
  void read_whole(std::int64_t& out) const;
  /// A whole number, below 0 too; beyond 31 bits it saturates.
  void read_signed(std::int32_t& out) const;
  void read_signed(std::optional<std::int32_t>& out) const;
  void read_number(std::optional<double>& out) const;
  void read_seconds(std::chrono::seconds& out) const;
  void read_seconds(std::optional<std::chrono::seconds>& out) const;
  void read_time(std::optional<WallTime>& out) const;
  /// A quantity as text, or a plain number.
  void read_quantity(std::optional<Quantity>& out) const;
  void read_texts(std::map<std::string, std::string>& out) const;

  /// Calls `fn(const Field&)` for every item of a list.
  template <class Fn>
  void each_item(Fn&& fn) const {
    simdjson::dom::array items;
    if (!present_ || !as(items, "a list")) return;
    std::size_t index = 0;
    for (const auto item : items) {
      Field field{item, *complaint_};
      field.parent_ = this;
      field.index_ = index++;
      fn(static_cast<const Field&>(field));
    }
  }

  /// Calls `fn(std::string_view name, const Field&)` for every member of an object.
  template <class Fn>
  void each_member(Fn&& fn) const {
    simdjson::dom::object members;
    if (!present_ || !as(members, "an object")) return;
    for (const auto member : members) {
      Field field{member.value, *complaint_, member.key};
      field.parent_ = this;
      fn(member.key, static_cast<const Field&>(field));
    }
  }

 private:
  static constexpr std::size_t kNoIndex = ~std::size_t{0};

  explicit Field(Complaint& complaint) : complaint_{&complaint} {}
  template <class T>
  bool as(T& out, std::string_view what) const;
  [[nodiscard]] std::optional<std::int64_t> whole() const;

  simdjson::dom::element value_;
  bool present_ = false;
  Complaint* complaint_;
  const Field* parent_ = nullptr;
  std::string_view name_;
  std::size_t index_ = kNoIndex;
};

template <class T>
bool Field::as(T& out, std::string_view what) const {
  if (value_.get(out) == simdjson::SUCCESS) return true;
  complain("must be " + std::string{what});
  return false;
}

}  // namespace evenkeel::api
