#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string_view>

#include <cpprest/http_client.h>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/base/result.hpp"
#include "evenkeel/http/client.hpp"

namespace evenkeel::http {

/// Where the library's threads leave what arrives, and where our own thread waits for it.
///
/// The library keeps a chunk's bytes and reads no further until `release_chunk`: a slow reader slows the
/// server down instead of filling memory. (The library itself holds one chunk, as large as the server makes
/// it.)
class Mailbox {
 public:
  // From the library's threads.
  void put_head(Response head);
  pplx::task<std::size_t> put_chunk(const unsigned char* bytes, std::size_t count);
  void end(std::exception_ptr error);

  // From our thread.
  enum class Arrival { Head, Chunk, End, Failure, Deadline, Stopped };
  /// Waits for the next thing. After Chunk, `chunk()` is valid until the next call.
  Arrival wait(Monotonic deadline, const std::stop_token& stop);
  [[nodiscard]] const Response& head() const { return *head_; }
  [[nodiscard]] std::string_view chunk() const { return chunk_; }
  [[nodiscard]] const std::exception_ptr& error() const { return error_; }
  /// Nobody reads any more: what the library still brings is refused.
  void leave();
  /// Waits until the library is done with the request, but not beyond `deadline`.
  void wait_for_end(Monotonic deadline);

 private:
  void release_chunk();

  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Not the library's response: that owns the stream which owns this mailbox.
  std::optional<Response> head_;
  bool is_head_seen_ = false;
  std::string_view chunk_;
  std::optional<pplx::task_completion_event<std::size_t>> chunk_taken_;
  bool is_chunk_seen_ = false;
  bool is_left_ = false;
  bool is_ended_ = false;
  std::exception_ptr error_;
};

/// One request in flight. Destroying it ends the request, whatever its state, and waits a moment for that.
class Exchange {
 public:
  /// Starts the request. Throws what the library throws for requests that it cannot even start.
  Exchange(web::http::client::http_client& client, web::http::http_request request, const Clock& clock);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  Mailbox& mailbox() { return *mailbox_; }

 private:
  const Clock& clock_;
  std::shared_ptr<Mailbox>
      mailbox_;  // Shared with the library's threads, which may come later than we leave.
  pplx::cancellation_token_source cancel_;
};

}  // namespace evenkeel::http
