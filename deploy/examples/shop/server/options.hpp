// What the shop is told from outside: environment variables and one file, both filled from the ConfigMap and
// the Secret of the example.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace shop {

struct Options {
  std::string title = "The corner shop";  // SHOP_TITLE: headline of every page
  std::string colour = "none";            // SHOP_COLOUR: which deployment this is; goes out as X-Shop-Colour
  std::vector<std::string> items;         // lines of the file SHOP_CATALOGUE
  bool payment_key_set = false;           // SHOP_PAYMENT_KEY is not empty; its value is never kept

  std::chrono::milliseconds work{100};  // SHOP_WORK_MS, 0..60000: how long one page takes to make
  std::size_t concurrency = 4;          // SHOP_CONCURRENCY, 1..1000: pages made at the same time
  std::size_t queue = 200;  // SHOP_QUEUE, 0..1000: pages that may wait for their turn; the next gets 503
  std::chrono::seconds drain{5};  // SHOP_DRAIN_SECONDS, 0..300: how long to go on serving after SIGTERM

  int port = 8080;        // SHOP_PORT: the pages
  int admin_port = 8081;  // SHOP_ADMIN_PORT: probes, metrics, the readiness switch; not for the gateway
  bool ready = true;      // SHOP_READY, on|off: state of the readiness switch at start
};

// Reads the environment and the catalogue file. On a bad value: a sentence that names the variable and what
// it takes.
std::variant<Options, std::string> read_options();

}  // namespace shop
