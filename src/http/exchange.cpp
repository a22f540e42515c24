#include "exchange.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

#include "body_sink.hpp"

namespace evenkeel::http {
namespace {

/// How long a request that was called off may take to let go. It takes milliseconds; a resolver that hangs in
/// the system's own code is left behind.
constexpr std::chrono::milliseconds kFarewell{500};

Response head_of(const web::http::http_response& from) {
  Response response;
  response.status = from.status_code();
  for (const auto& [name, value] : from.headers()) response.headers.push_back({name, value});
  return response;
}

}  // namespace

void Mailbox::put_head(Response head) {
  const std::scoped_lock lock{mutex_};
  head_ = std::move(head);
  changed_.notify_all();
}

pplx::task<std::size_t> Mailbox::put_chunk(const unsigned char* bytes, std::size_t count) {
  const std::scoped_lock lock{mutex_};
  if (is_left_) {
    return pplx::task_from_exception<std::size_t>(std::runtime_error{"nobody reads this answer any more"});
  }
  chunk_ = {reinterpret_cast<const char*>(bytes), count};
  is_chunk_seen_ = false;
  chunk_taken_.emplace();
  changed_.notify_all();
  return pplx::create_task(*chunk_taken_);
}

void Mailbox::end(std::exception_ptr error) {
  const std::scoped_lock lock{mutex_};
  is_ended_ = true;
  error_ = std::move(error);
  changed_.notify_all();
}

void Mailbox::release_chunk() {
  std::optional<pplx::task_completion_event<std::size_t>> taken;
  std::size_t count = 0;
  {
    const std::scoped_lock lock{mutex_};
    if (!is_chunk_seen_) return;
    count = chunk_.size();
    chunk_ = {};
    taken = std::exchange(chunk_taken_, std::nullopt);
    is_chunk_seen_ = false;
  }
  if (taken) taken->set(count);  // Outside the lock: the library may go on in this very call.
}

Mailbox::Arrival Mailbox::wait(Monotonic deadline, const std::stop_token& stop) {
  release_chunk();
  std::unique_lock lock{mutex_};
  const auto has_news = [this] { return (head_ && !is_head_seen_) || chunk_taken_ || is_ended_; };
  if (!changed_.wait_until(lock, stop, deadline, has_news)) {
    return stop.stop_requested() ? Arrival::Stopped : Arrival::Deadline;
  }
  // A stop goes before news: a busy server must not keep a stopped reader.
  if (stop.stop_requested()) return Arrival::Stopped;
  if (head_ && !is_head_seen_) {
    is_head_seen_ = true;
    return Arrival::Head;
  }
  // The bytes may overtake the head: the library brings the two on different threads.
  if (!is_head_seen_ && !is_ended_) {
    const auto has_head = [this] { return head_ || is_ended_; };
    if (!changed_.wait_until(lock, stop, deadline, has_head)) {
      return stop.stop_requested() ? Arrival::Stopped : Arrival::Deadline;
    }
    if (head_) {
      is_head_seen_ = true;
      return Arrival::Head;
    }
  }
  if (chunk_taken_) {
    is_chunk_seen_ = true;
    return Arrival::Chunk;
  }
  return error_ ? Arrival::Failure : Arrival::End;
}

void Mailbox::leave() {
  std::optional<pplx::task_completion_event<std::size_t>> taken;
  {
    const std::scoped_lock lock{mutex_};
    is_left_ = true;
    chunk_ = {};
    taken = std::exchange(chunk_taken_, std::nullopt);
  }
  if (taken) taken->set_exception(std::runtime_error{"nobody reads this answer any more"});
}

void Mailbox::wait_for_end(Monotonic deadline) {
  std::unique_lock lock{mutex_};
  changed_.wait_until(lock, deadline, [this] { return is_ended_; });
}

Exchange::Exchange(web::http::client::http_client& client,
                   web::http::http_request request,
                   const Clock& clock)
    : clock_{clock},
      mailbox_{std::make_shared<Mailbox>()} {
  const concurrency::streams::streambuf<unsigned char> sink{std::make_shared<BodySink>(mailbox_)};
  request.set_response_stream(sink.create_ostream());
  // Both continuations take the task, not its value: an exception that nobody observes ends the process.
  client.request(request, cancel_.get_token())
      .then([mailbox = mailbox_](const pplx::task<web::http::http_response>& answered) {
        try {
          const auto response = answered.get();
          mailbox->put_head(head_of(response));
          response.content_ready().then([mailbox](const pplx::task<web::http::http_response>& complete) {
            try {
              complete.get();
              mailbox->end(nullptr);
            } catch (...) {
              mailbox->end(std::current_exception());
            }
          });
        } catch (...) {
          mailbox->end(std::current_exception());
        }
      });
}

Exchange::~Exchange() {
  try {
    cancel_.cancel();  // Closes the connection if the request is still under way, and does nothing otherwise.
  } catch (...) {
    // A callback of the library failed; the wait below is all that is left to do.
    static_cast<void>(0);
  }
  mailbox_->leave();
  mailbox_->wait_for_end(clock_.monotonic() + kFarewell);
}

}  // namespace evenkeel::http
