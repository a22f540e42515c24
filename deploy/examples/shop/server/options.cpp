#include "options.hpp"

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string_view>

namespace shop {
namespace {

std::string text(const char* name, std::string fallback) {
  // Read once at start, before any other thread exists.
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr || *value == '\0' ? std::move(fallback) : std::string(value);
}

struct Range {
  long low;
  long high;
};

// The number in variable `name`, or `fallback` where it is not set; remembers the first complaint in `error`.
long number(const char* name, long fallback, Range range, std::string& error) {
  const std::string value = text(name, std::to_string(fallback));
  long parsed = 0;
  const char* end = value.data() + value.size();
  const auto [stop, code] = std::from_chars(value.data(), end, parsed);
  if (code == std::errc{} && stop == end && parsed >= range.low && parsed <= range.high) {
    return parsed;
  }
  if (error.empty()) {
    error = std::string(name) + " is \"" + value + "\"; set it to a whole number from " +
            std::to_string(range.low) + " to " + std::to_string(range.high);
  }
  return fallback;
}

std::optional<std::vector<std::string>> read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return std::nullopt;
  }
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) {
      lines.push_back(line);
    }
  }
  return lines;
}

}  // namespace

std::variant<Options, std::string> read_options() {
  Options options;
  std::string error;
  options.title = text("SHOP_TITLE", options.title);
  options.colour = text("SHOP_COLOUR", options.colour);
  options.payment_key_set = !text("SHOP_PAYMENT_KEY", "").empty();
  options.work = std::chrono::milliseconds(number("SHOP_WORK_MS", 100, {0, 60'000}, error));
  options.concurrency = static_cast<std::size_t>(number("SHOP_CONCURRENCY", 4, {1, 1000}, error));
  options.queue = static_cast<std::size_t>(number("SHOP_QUEUE", 200, {0, 1000}, error));
  options.drain = std::chrono::seconds(number("SHOP_DRAIN_SECONDS", 5, {0, 300}, error));
  options.port = static_cast<int>(number("SHOP_PORT", 8080, {1, 65535}, error));
  options.admin_port = static_cast<int>(number("SHOP_ADMIN_PORT", 8081, {1, 65535}, error));

  const std::string ready = text("SHOP_READY", "on");
  options.ready = ready == "on";
  if (ready != "on" && ready != "off" && error.empty()) {
    error = "SHOP_READY is \"" + ready + "\"; set it to on or off";
  }
  if (const std::string path = text("SHOP_CATALOGUE", ""); !path.empty()) {
    auto lines = read_lines(path);
    if (!lines && error.empty()) {
      error =
          "SHOP_CATALOGUE names " + path + ", which cannot be read; mount the ConfigMap there or unset it";
    }
    options.items = std::move(lines).value_or(std::vector<std::string>{});
  }
  if (!error.empty()) {
    return error;
  }
  return options;
}

}  // namespace shop
