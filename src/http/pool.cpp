#include "pool.hpp"

#include <barrier>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>  // Boost.Asio uses std::exchange() and does not include it.

#include <openssl/ssl.h>
#include <pplx/threadpool.h>

namespace evenkeel::http {
namespace {

/// The library's default is 40.
constexpr std::size_t kPoolThreads = 4;

/// Lets the pool finish what it has begun before it is taken down with the process: what is still queued then
/// is never run, and the library frees a task's memory only by running it.
class PoolDrain {
 public:
  PoolDrain() = default;
  PoolDrain(const PoolDrain&) = delete;
  PoolDrain& operator=(const PoolDrain&) = delete;
  PoolDrain(PoolDrain&&) = delete;
  PoolDrain& operator=(PoolDrain&&) = delete;
  ~PoolDrain() {
    for (int round = 0; round < kRounds; ++round) meet_all_threads();
  }

 private:
  /// A task may queue its continuation, that one another, and so on.
  static constexpr int kRounds = 16;

  /// Where every thread of the pool has come to the same point, nothing that was queued before is unfinished.
  static void meet_all_threads() {
    auto meeting = std::make_shared<std::barrier<>>(kPoolThreads + 1);
    for (std::size_t i = 0; i < kPoolThreads; ++i) {
      boost::asio::post(crossplat::threadpool::shared_instance().service(),
                        [meeting] { meeting->arrive_and_wait(); });
    }
    meeting->arrive_and_wait();
  }
};

}  // namespace

void start_pool_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    // First, so that it is cleaned up last: the pool's threads hand their OpenSSL state back when they end.
    OPENSSL_init_ssl(0, nullptr);
    try {
      crossplat::threadpool::initialize_with_threads(kPoolThreads);
      static const PoolDrain kDrain;  // After the pool, so that it goes before it.
    } catch (const std::exception&) {
      // Something in this process used the library first; its pool serves as well, it is only larger.
      static_cast<void>(0);
    }
  });
}

}  // namespace evenkeel::http
