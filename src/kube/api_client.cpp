#include "evenkeel/kube/api_client.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <random>
#include <utility>

#include "evenkeel/base/guarded.hpp"
#include "evenkeel/http/client.hpp"

#include "object_scan.hpp"
#include "status.hpp"
#include "token_bucket.hpp"
#include "token_source.hpp"

namespace evenkeel::kube {
namespace {

/// How often one call is sent again because the server asked for patience.
constexpr int kPatienceMax = 10;
/// How often a list starts over because its snapshot expired between two pages.
constexpr int kListRestartsMax = 3;
/// What the server may take beyond the duration of a watch before we end it ourselves.
constexpr std::chrono::seconds kWatchGrace{30};

const char* content_type_of(PatchType type) {
  return type == PatchType::Json ? "application/json-patch+json" : "application/merge-patch+json";
}

std::string action_of(const http::Request& request) {
  const char* const verb = request.method == http::Method::Get     ? "GET "
                           : request.method == http::Method::Patch ? "PATCH "
                                                                   : "POST ";
  return verb + request.target.substr(0, request.target.find('?'));
}

std::string selectors_of(const Selection& selection) {
  std::string query;
  if (!selection.label_selector.empty()) {
    query += "&labelSelector=" + http::percent_encode(selection.label_selector);
  }
  if (!selection.field_selector.empty()) {
    query += "&fieldSelector=" + http::percent_encode(selection.field_selector);
  }
  return query;
}

}  // namespace

class ApiClient::Impl {
 public:
  Impl(const Config& config, ApiLimits limits, const Clock& clock)
      : limits_{limits},
        clock_{clock},
        tokens_{config.token, config.token_file},
        bucket_{TokenBucket{std::chrono::duration_cast<TokenBucket::Duration>(
                                std::chrono::duration<double>{1.0 / limits.requests_per_second}),
                            limits.burst}},
        random_{static_cast<std::uint64_t>(clock.wall().time_since_epoch().count())} {}

  Result<Done> connect(const Config& config) {
    http::Options options;
    options.origin = config.server;
    options.tls = config.tls;
    options.authorization = [this] { return tokens_.authorization(); };
    auto client = http::Client::create(std::move(options), clock_);
    if (!client.ok()) return Error{client.error().kind, config.source + ": " + client.error().message};
    http_ = std::move(*client);
    return Done{};
  }

  Result<std::string> call(const http::Request& request, const Call& call);
  Result<std::string> list(const Selection& selection,
                           const std::function<void(const ObjectView&)>& on_item,
                           const std::function<void()>& on_restart,
                           const Call& call);
  Result<Done> watch(const Selection& selection, const WatchOptions& options, const WatchHandlers& handlers);

 private:
  /// Waits for our own rate limit.
  Result<Done> wait_for_turn(const std::string& action, Monotonic deadline, const std::stop_token& stop);
  Result<Done> wait_until(Monotonic time, const std::string& action, const std::stop_token& stop);
  std::chrono::milliseconds with_jitter(std::chrono::milliseconds wait);
  /// Runs `attempt` again where the server has not acted: after a 401 with a fresh token, and after
  /// Retry-After.
  template <class Attempt>
  Result<http::Response> persist(const std::string& action, const Call& call, Attempt&& attempt);

  const ApiLimits limits_;
  const Clock& clock_;
  TokenSource tokens_;
  Guarded<TokenBucket> bucket_;
  Guarded<std::mt19937_64> random_;
  std::unique_ptr<http::Client> http_;
};

Result<Done> ApiClient::Impl::wait_until(Monotonic time,
                                         const std::string& action,
                                         const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  never.wait_until(lock, stop, time, [] { return false; });
  if (stop.stop_requested()) return Error{ErrorKind::Cancelled, action + ": cancelled"};
  return Done{};
}

Result<Done> ApiClient::Impl::wait_for_turn(const std::string& action,
                                            Monotonic deadline,
                                            const std::stop_token& stop) {
  const auto now = clock_.monotonic();
  const auto turn = bucket_.with([&](TokenBucket& bucket) -> std::optional<Monotonic> {
    const auto earliest = bucket.earliest(now);
    if (earliest >= deadline) return std::nullopt;
    bucket.take(now);
    return earliest;
  });
  if (!turn) return Error{ErrorKind::Throttled, action + ": our own request limit leaves no time for it"};
  if (*turn <= now) return Done{};
  return wait_until(*turn, action, stop);
}

std::chrono::milliseconds ApiClient::Impl::with_jitter(std::chrono::milliseconds wait) {
  std::uniform_int_distribution<std::int64_t> extra{0, wait.count() / 4 + 50};
  return wait +
         std::chrono::milliseconds{random_.with([&](std::mt19937_64& random) { return extra(random); })};
}

template <class Attempt>
Result<http::Response> ApiClient::Impl::persist(const std::string& action,
                                                const Call& call,
                                                Attempt&& attempt) {
  bool has_renewed = false;
  for (int patience = 0;; ++patience) {
    if (auto turn = wait_for_turn(action, call.deadline, call.stop); !turn.ok()) return turn.error();
    Result<http::Response> response = attempt();
    if (!response.ok() || response->status / 100 == 2) return response;
    if (response->status == 401 && tokens_.is_rotating() && !has_renewed) {
      has_renewed = true;
      tokens_.forget();
      continue;
    }
    const Error error = error_of(action, *response);
    const bool is_asked_to_wait = response->status == 429 || response->status == 503;
    if (!is_asked_to_wait || !error.retry_after || patience == kPatienceMax) return error;
    const auto again = clock_.monotonic() + with_jitter(*error.retry_after);
    if (again >= call.deadline) return error;
    if (auto waited = wait_until(again, action, call.stop); !waited.ok()) return waited.error();
  }
}

Result<std::string> ApiClient::Impl::call(const http::Request& request, const Call& call) {
  auto response =
      persist(action_of(request), call, [&] { return http_->send(request, call.deadline, call.stop); });
  if (!response.ok()) return response.error();
  return std::move(response->body);
}

Result<std::string> ApiClient::Impl::list(const Selection& selection,
                                          const std::function<void(const ObjectView&)>& on_item,
                                          const std::function<void()>& on_restart,
                                          const Call& call) {
  const std::string start = collection_path(selection.resource, selection.ns) +
                            "?limit=" + std::to_string(limits_.page_size) + selectors_of(selection);
  ObjectScanner scanner;
  std::string token;
  for (int restarts = 0;;) {
    const http::Request request{.target = token.empty() ? start
                                                        : start + "&continue=" + http::percent_encode(token)};
    auto body = this->call(request, call);
    if (!body.ok()) {
      if (body.error().kind != ErrorKind::Gone || token.empty() || restarts == kListRestartsMax) {
        return body.error();
      }
      ++restarts;
      token.clear();
      on_restart();
      continue;
    }
    auto page = scanner.scan_list(*body, on_item);
    if (!page.ok()) return Error{page.error().kind, action_of(request) + ": " + page.error().message};
    if (page->continue_token.empty()) return page->resource_version;
    token = page->continue_token;
  }
}

Result<Done> ApiClient::Impl::watch(const Selection& selection,
                                    const WatchOptions& options,
                                    const WatchHandlers& handlers) {
  const http::Request request{.target = collection_path(selection.resource, selection.ns) +
                                        "?watch=1&allowWatchBookmarks=true&resourceVersion=" +
                                        http::percent_encode(options.resource_version) + "&timeoutSeconds=" +
                                        std::to_string(options.duration.count()) + selectors_of(selection)};
  const std::string action = "watch " + collection_path(selection.resource, selection.ns);
  std::optional<Error> failure;
  ObjectScanner scanner;
  const auto on_line = [&](std::string_view text) {
    const auto line = scanner.scan_watch_line(text);
    if (!line.ok()) {
      failure = Error{line.error().kind, action + ": " + line.error().message};
    } else if (!line->type) {
      failure = error_of_status(action, line->object_json);
    } else {
      handlers.on_event({*line->type, {line->key, line->resource_version, line->object_json}});
    }
    return failure ? http::Flow::Stop : http::Flow::Continue;
  };
  const auto deadline = clock_.monotonic() + options.duration + kWatchGrace;
  const auto response = persist(action, {deadline, options.stop}, [&] {
    return http_->stream_lines(request, {handlers.on_open, on_line}, {deadline, options.idle}, options.stop);
  });
  if (failure) return *failure;
  if (!response.ok()) return response.error();
  return Done{};
}

ApiClient::ApiClient(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
ApiClient::~ApiClient() = default;

Result<std::unique_ptr<ApiClient>> ApiClient::create(const Config& config,
                                                     ApiLimits limits,
                                                     const Clock& clock) {
  if (!(limits.requests_per_second > 0) || limits.burst <= 0 || limits.page_size <= 0) {
    return Error{ErrorKind::Invalid, "the limits of the API client must be above 0"};
  }
  auto impl = std::make_unique<Impl>(config, limits, clock);
  if (auto connected = impl->connect(config); !connected.ok()) return connected.error();
  return std::unique_ptr<ApiClient>{new ApiClient{std::move(impl)}};
}

Result<std::string> ApiClient::get(const std::string& path, const Call& call) {
  return impl_->call({.target = path}, call);
}

Result<std::string> ApiClient::patch(const std::string& path,
                                     PatchType type,
                                     const std::string& body,
                                     const Call& call) {
  return impl_->call(
      {.method = http::Method::Patch, .target = path, .body = body, .content_type = content_type_of(type)},
      call);
}

Result<std::string> ApiClient::create(const std::string& path, const std::string& body, const Call& call) {
  return impl_->call(
      {.method = http::Method::Post, .target = path, .body = body, .content_type = "application/json"}, call);
}

Result<std::string> ApiClient::list(const Selection& selection,
                                    const std::function<void(const ObjectView&)>& on_item,
                                    const std::function<void()>& on_restart,
                                    const Call& call) {
  return impl_->list(selection, on_item, on_restart, call);
}

Result<Done> ApiClient::watch(const Selection& selection,
                              const WatchOptions& options,
                              const WatchHandlers& handlers) {
  return impl_->watch(selection, options, handlers);
}

}  // namespace evenkeel::kube
