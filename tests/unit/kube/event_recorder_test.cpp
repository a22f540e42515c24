#include "evenkeel/kube/event_recorder.hpp"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "event_text.hpp"
#include "kube_fakes.hpp"

namespace evenkeel::kube {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const SystemClock kClock;

Event scaled(const std::string& name = "shop",
             const std::string& note = "Scaled blue from 2 to 4 replicas.") {
  return {.regarding = {.api_version = "evenkeel.dev/v1alpha1",
                        .kind = "LoadBalancedService",
                        .key = {"store", name},
                        .uid = "uid-" + name},
          .reason = "Scaled",
          .action = "Scale",
          .note = note};
}

/// The events of a cluster, with the rules of the API server that the recorder depends on.
class EventStore final : public Api {
 public:
  std::map<std::string, json> events;  ///< By path.
  std::optional<Error> failure;        ///< Of every call.
  bool is_blocked = false;             ///< Calls wait until this ends, or they are stopped.
  std::vector<std::string> calls;

  template <class Fn>
  decltype(auto) with(Fn&& fn) {
    const std::scoped_lock lock{mutex_};
    changed_.notify_all();
    return fn(*this);
  }

  Result<std::string> get(const std::string& path, const Call&) override {
    return Error{ErrorKind::Forbidden, "the operator may not read events: " + path};
  }
  Result<std::string> create(const std::string& path, const std::string& body, const Call& call) override {
    std::unique_lock lock{mutex_};
    if (auto error = enter(lock, "create", call)) return *error;
    auto event = json::parse(body);
    const auto key = path + "/" + event.at("metadata").at("name").get<std::string>();
    if (events.contains(key)) return Error{ErrorKind::Conflict, "already exists"};
    if (event.contains("series")) return Error{ErrorKind::Invalid, "series on create"};
    events[key] = event;
    return event.dump();
  }
  Result<std::string> patch(const std::string& path,
                            PatchType type,
                            const std::string& body,
                            const Call& call) override {
    std::unique_lock lock{mutex_};
    if (auto error = enter(lock, "patch", call)) return *error;
    EXPECT_EQ(type, PatchType::Merge);
    const auto found = events.find(path);
    if (found == events.end()) return Error{ErrorKind::NotFound, "no such event"};
    const auto patch = json::parse(body);
    if (patch.contains("series") && patch["series"].at("count").get<int>() < 2) {
      return Error{ErrorKind::Invalid, "series.count must be at least 2"};
    }
    found->second.merge_patch(patch);
    return found->second.dump();
  }

 private:
  std::optional<Error> enter(std::unique_lock<std::mutex>& lock, const std::string& verb, const Call& call) {
    calls.push_back(verb);
    if (!changed_.wait(lock, call.stop, [this] { return !is_blocked; }))
      return Error{ErrorKind::Cancelled, "stopped"};
    return failure;
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
};

bool wait_until_handled(const EventRecorder& recorder, std::uint64_t count) {
  const auto deadline = kClock.monotonic() + 20s;
  while (kClock.monotonic() < deadline) {
    const auto counts = recorder.counts();
    if (counts.sent + counts.dropped >= count) return true;
    std::this_thread::yield();
  }
  return false;
}

/// The only event of a store.
json only_event(EventStore& store) {
  return store.with([](EventStore& s) {
    EXPECT_EQ(s.events.size(), 1U);
    return s.events.empty() ? json{} : s.events.begin()->second;
  });
}

TEST(EventRecorder, CreatesWhatTheApiServerAccepts) {
  EventStore store;
  EventRecorder recorder{store, {.instance = "evenkeel-0"}, kClock};
  recorder.record(scaled());
  ASSERT_TRUE(wait_until_handled(recorder, 1));
  const auto event = only_event(store);
  EXPECT_EQ(event["apiVersion"], "events.k8s.io/v1");
  EXPECT_EQ(event["metadata"]["namespace"], "store");
  EXPECT_THAT(event["metadata"]["name"].get<std::string>(), ::testing::MatchesRegex("shop\\.[0-9a-f]{16}"));
  EXPECT_EQ(event["regarding"]["kind"], "LoadBalancedService");
  EXPECT_EQ(event["regarding"]["uid"], "uid-shop");
  EXPECT_EQ(event["reportingController"], "evenkeel.dev/evenkeel");
  EXPECT_EQ(event["reportingInstance"], "evenkeel-0");
  EXPECT_EQ(event["reason"], "Scaled");
  EXPECT_EQ(event["action"], "Scale");
  EXPECT_EQ(event["type"], "Normal");
  EXPECT_EQ(event["note"], "Scaled blue from 2 to 4 replicas.");
  EXPECT_THAT(event["eventTime"].get<std::string>(),
              ::testing::ContainsRegex("^[0-9-]+T[0-9]+:[0-9]+:[0-9]+\\.[0-9]{6}Z$"));
}

TEST(EventRecorder, CountsARepetitionInsteadOfCreatingIt) {
  EventStore store;
  EventRecorder recorder{store, {}, kClock};
  for (int i = 0; i < 3; ++i) recorder.record(scaled());
  ASSERT_TRUE(wait_until_handled(recorder, 3));
  EXPECT_EQ(only_event(store)["series"]["count"], 3);
  EXPECT_EQ(store.with([](EventStore& s) { return s.calls; }),
            (std::vector<std::string>{"create", "patch", "patch"}));
}

TEST(EventRecorder, AnotherNoteReasonTypeOrObjectIsAnotherEvent) {
  EventStore store;
  EventRecorder recorder{store, {}, kClock};
  auto reason = scaled();
  reason.reason = "FailedOver";
  auto warning = scaled();
  warning.type = EventType::Warning;
  auto reborn = scaled();
  reborn.regarding.uid = "another";
  for (const auto& event : {scaled(), reason, warning, reborn, scaled("shop", "Other."), scaled("other")}) {
    recorder.record(event);
  }
  ASSERT_TRUE(wait_until_handled(recorder, 6));
  EXPECT_EQ(store.with([](EventStore& s) { return s.events.size(); }), 6U);
}

TEST(EventRecorder, GoesOnCountingAfterARestart) {
  EventStore store;
  for (int run = 0; run < 3; ++run) {
    EventRecorder recorder{store, {}, kClock};
    recorder.record(scaled());
    recorder.record(scaled());
    ASSERT_TRUE(wait_until_handled(recorder, 2));
  }
  EXPECT_EQ(only_event(store)["series"]["count"], 6);
}

TEST(EventRecorder, CreatesAnewWhatTheApiServerHasForgotten) {
  EventStore store;
  EventRecorder recorder{store, {}, kClock};
  recorder.record(scaled());
  recorder.record(scaled());
  ASSERT_TRUE(wait_until_handled(recorder, 2));
  store.with([](EventStore& s) { s.events.clear(); });
  recorder.record(scaled());
  ASSERT_TRUE(wait_until_handled(recorder, 3));
  EXPECT_FALSE(only_event(store).contains("series"));
  EXPECT_EQ(recorder.counts().sent, 3U);
}

TEST(EventRecorder, LimitsWhatOneObjectCanCauseAndTellsOfItLater) {
  EventStore store;
  EventRecorder recorder{store, {.burst_per_object = 2}, kClock};
  for (int i = 0; i < 5; ++i) recorder.record(scaled());
  recorder.record(scaled("other"));
  ASSERT_TRUE(wait_until_handled(recorder, 6));
  EXPECT_EQ(recorder.counts().sent, 3U);
  EXPECT_EQ(recorder.counts().dropped, 3U);
  EXPECT_EQ(store.with([](EventStore& s) { return s.events.size(); }), 2U);
}

TEST(EventRecorder, NeverKeepsTheCallerWaiting) {
  EventStore store;
  store.is_blocked = true;
  EventRecorder recorder{store, {.queue_length = 10}, kClock};
  for (int i = 0; i < 100; ++i) recorder.record(scaled("shop", std::to_string(i)));
  // At most one is with the thread and ten wait; nothing else has a place to be.
  EXPECT_GE(recorder.counts().dropped, 89U);
  EXPECT_LE(recorder.counts().dropped, 90U);
}

TEST(EventRecorder, AFailedWriteIsCountedAndTheNextOneTriesAgain) {
  EventStore store;
  store.failure = Error{ErrorKind::Unavailable, "down"};
  EventRecorder recorder{store, {}, kClock};
  recorder.record(scaled());
  ASSERT_TRUE(wait_until_handled(recorder, 1));
  EXPECT_EQ(recorder.counts().dropped, 1U);
  store.with([](EventStore& s) { s.failure.reset(); });
  recorder.record(scaled());
  ASSERT_TRUE(wait_until_handled(recorder, 2));
  EXPECT_EQ(recorder.counts().sent, 1U);
  only_event(store);
}

TEST(EventRecorder, IsDestroyedDuringAWriteWithoutWaitingForIt) {
  EventStore store;
  store.is_blocked = true;
  const auto start = kClock.monotonic();
  {
    EventRecorder recorder{store, {}, kClock};
    recorder.record(scaled());
  }
  EXPECT_LT(kClock.monotonic() - start, 1min) << "the write would wait for ever";
}

TEST(EventText, FitsWhatTheApiServerAllows) {
  auto event = scaled(std::string(253, 'n'), std::string(2000, 'x'));
  event.reason = std::string(200, 'R');
  const auto parsed = json::parse(event_json(event, {.instance = std::string(200, 'i')}, kClock.wall()));
  EXPECT_EQ(parsed["metadata"]["name"].get<std::string>().size(), 253U);
  EXPECT_EQ(parsed["note"].get<std::string>().size(), 1024U);
  EXPECT_EQ(parsed["reason"].get<std::string>().size(), 128U);
  EXPECT_EQ(parsed["reportingInstance"].get<std::string>().size(), 128U);
}

TEST(EventText, CutsBetweenCharactersAndReplacesWhatATerminalWouldObey) {
  std::string note(1023, 'x');
  note += "\xc3\xa9";  // An accented letter across the limit.
  EXPECT_EQ(json::parse(event_json(scaled("shop", note), {}, kClock.wall()))["note"], std::string(1023, 'x'));
  EXPECT_EQ(json::parse(event_json(scaled("shop", "a\x1b[2J\nb"), {}, kClock.wall()))["note"], "a [2J b");
  EXPECT_TRUE(json::accept(event_json(scaled("shop", "\xff\xfe"), {}, kClock.wall())));
}

TEST(EventText, AnEventOfAnObjectWithoutNamespaceLivesInDefault) {
  auto event = scaled();
  event.regarding.key.ns.clear();
  const auto parsed = json::parse(event_json(event, {}, kClock.wall()));
  EXPECT_EQ(parsed["metadata"]["namespace"], "default");
  EXPECT_FALSE(parsed["regarding"].contains("namespace"));
}

TEST(EventText, ASeriesThatCannotBeReadCountsAsOne) {
  EXPECT_EQ(series_count(R"({"series":{"count":7}})"), 7);
  for (const char* const text : {"", "[]", "{}", R"({"series":null})", R"({"series":{"count":"x"}})"}) {
    EXPECT_EQ(series_count(text), 1) << text;
  }
}

}  // namespace
}  // namespace evenkeel::kube
