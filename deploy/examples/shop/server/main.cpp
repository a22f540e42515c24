// Wiring: options, two servers, and a way out on SIGTERM that cuts nobody off.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>
#include <variant>

#include "pages.hpp"

namespace {

using namespace std::chrono_literals;

// A thread is bound to every open connection, and a proxy keeps as many open as it ever needed at once:
// enough of them for the longest queue from two proxy workers, so that waiting happens in the shop's own
// queue and nowhere else.
std::size_t page_threads(const shop::Options& options) {
  return 2 * (options.concurrency + options.queue) + 16;
}
constexpr std::size_t kAdminThreads = 8;
constexpr auto kLastAnswers = 10s;  // how long requests in flight may still take after the drain

void prepare(httplib::Server& server, std::size_t threads) {
  server.new_task_queue = [threads] { return new httplib::ThreadPool(threads); };
  server.set_tcp_nodelay(true);
  // Who closes an idle connection may close it under a request that is on its way: leave that to the proxy.
  server.set_keep_alive_timeout(std::chrono::seconds(24h).count());
  server.set_keep_alive_max_count(1'000'000'000);
}

bool listen(httplib::Server& server, int port, std::jthread& thread) {
  if (!server.bind_to_port("0.0.0.0", port)) {
    std::cerr << "cannot listen on port " << port << ": free it, or set SHOP_PORT and SHOP_ADMIN_PORT\n";
    return false;
  }
  thread = std::jthread([&server] { server.listen_after_bind(); });
  return true;
}

// Fails readiness and goes on serving while the proxies learn of it, then lets the last requests finish.
void drain(shop::Shop& shop) {
  shop.readiness.drain();
  std::this_thread::sleep_for(shop.options.drain);
  const auto deadline = std::chrono::steady_clock::now() + kLastAnswers;
  while (!shop.instruments.idle() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(10ms);
  }
  std::this_thread::sleep_for(50ms);  // the last answer is counted just before its bytes are written
}

}  // namespace

int main() {
  // Blocked before any thread starts, so that every thread inherits it and the signal waits for sigwait
  // below.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  const auto read = shop::read_options();
  if (const auto* error = std::get_if<std::string>(&read)) {
    std::cerr << *error << '\n';
    return 1;
  }
  shop::Shop shop(std::get<shop::Options>(read));

  httplib::Server pages;
  httplib::Server admin;
  prepare(pages, page_threads(shop.options));
  prepare(admin, kAdminThreads);
  serve_pages(pages, shop);
  serve_admin(admin, shop);
  std::jthread pages_thread;
  std::jthread admin_thread;
  if (!listen(pages, shop.options.port, pages_thread) ||
      !listen(admin, shop.options.admin_port, admin_thread)) {
    std::_Exit(1);  // the other server's thread may be listening already
  }
  std::cerr << "open on port " << shop.options.port << ", admin on " << shop.options.admin_port << '\n';

  int signal = 0;
  sigwait(&stop_signals, &signal);
  std::cerr << "signal " << signal << ": draining for " << shop.options.drain.count() << " s\n";
  drain(shop);
  // The library's stop() waits for every idle connection to end by itself. Nothing is in flight: leave.
  std::_Exit(0);
}
