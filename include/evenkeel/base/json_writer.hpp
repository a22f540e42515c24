#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace evenkeel {

/// Appends JSON to a text, keys in the order of the calls: quicker than a tree, and the order is the
/// caller's. Commas are set where they belong; that brackets match and keys stand in objects is the caller's
/// business. Texts must be UTF-8.
class JsonWriter {
 public:
  /// @param capacity bytes that are set aside at once.
  explicit JsonWriter(std::size_t capacity = 256) { out_.reserve(capacity); }

  [[nodiscard]] std::string take() && { return std::move(out_); }
  [[nodiscard]] std::size_t size() const { return out_.size(); }

  void open(char bracket) {
    comma();
    out_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  void key(std::string_view name) {
    text(name);
    out_ += ':';
    first_ = true;
  }
  void text(std::string_view value);
  /// A value that is JSON already.
  void raw(std::string_view json) {
    comma();
    out_ += json;
  }
  void whole(std::int64_t value);
  void flag(bool value) { raw(value ? "true" : "false"); }
  void null() { raw("null"); }
  /// The shortest decimal that reads back as the same number, always with a point or an exponent; null for
  /// what is not finite.
  void number(double value);

 private:
  void comma() {
    if (!first_) out_ += ',';
    first_ = false;
  }

  std::string out_;
  bool first_ = true;
};

}  // namespace evenkeel
