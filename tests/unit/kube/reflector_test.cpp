#include "evenkeel/kube/reflector.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http_scripted_server.hpp"
#include "kube_fakes.hpp"

namespace evenkeel::kube {
namespace {

using namespace std::chrono_literals;
using evenkeel::testing::Journal;
using evenkeel::testing::ScriptedServer;
using evenkeel::testing::ServerConnection;
using ::testing::ElementsAre;

const SystemClock kClock;

/// A collection that plays a script: what its first, second, ... list and watch do. After the last step it is
/// silent until it is stopped.
class ScriptedCollection final : public ListWatch {
 public:
  using Item = std::pair<std::string, std::string>;  ///< name, resourceVersion
  struct ListStep {
    std::vector<Item> items;
    std::string version;
    std::optional<Error> error{};    ///< After the items.
    std::vector<Item> void_items{};  ///< Handed over before a restart.
  };
  struct WatchStep {
    struct Change {
      WatchEvent::Type type;
      Item object;
    };
    std::vector<Change> changes{};
    std::optional<Error> error{};
  };

  explicit ScriptedCollection(Journal& journal) : journal_{journal} {}
  std::vector<ListStep> lists;
  std::vector<WatchStep> watches;

  Result<std::string> list(const Selection&,
                           const std::function<void(const ObjectView&)>& on_item,
                           const std::function<void()>& on_restart,
                           const Call& call) override {
    journal_.add("list");
    if (lists_done_ == lists.size()) return wait(call.stop);
    const ListStep& step = lists[lists_done_++];
    const auto hand_over = [&](const std::vector<Item>& items) {
      for (const auto& [name, version] : items) on_item({{"n", name}, version, "{}"});
    };
    if (!step.void_items.empty()) {
      hand_over(step.void_items);
      on_restart();
    }
    hand_over(step.items);
    if (step.error) return *step.error;
    return step.version;
  }

  Result<Done> watch(const Selection&, const WatchOptions& options, const WatchHandlers& handlers) override {
    journal_.add("watch from " + options.resource_version);
    EXPECT_GE(options.duration, 300s);
    EXPECT_LE(options.duration, 600s);
    if (watches_done_ == watches.size()) return wait(options.stop).error();
    const WatchStep& step = watches[watches_done_++];
    if (step.error && step.changes.empty()) return *step.error;
    handlers.on_open();
    for (const auto& change : step.changes) {
      handlers.on_event({change.type, {{"n", change.object.first}, change.object.second, "{}"}});
    }
    if (step.error) return *step.error;
    return Done{};
  }

 private:
  Result<std::string> wait(const std::stop_token& stop) {
    journal_.add("silence");
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock{mutex};
    never.wait(lock, stop, [] { return false; });
    return Error{ErrorKind::Cancelled, "stopped"};
  }

  Journal& journal_;
  std::size_t lists_done_ = 0;
  std::size_t watches_done_ = 0;
};

ReflectorCallbacks into(Journal& journal) {
  return {
      .on_event =
          [&](ChangeKind kind, const ObjectKey& key, std::string_view json) {
            journal.add((kind == ChangeKind::Applied ? "applied " : "deleted ") + key.name +
                        (json.empty() ? " unseen" : ""));
          },
      .on_synced = [&] { journal.add("synced"); },
      .on_error = [&](const Error& error) { journal.add(std::string{"error "} + to_string(error.kind)); }};
}

ReflectorOptions quick() {
  return {.selection = {.resource = {.version = "v1", .plural = "configmaps"}},
          .pause_first = 2ms,
          .pause_last = 10ms};
}

/// Everything that happens until the collection falls silent.
std::vector<std::string> play(std::vector<ScriptedCollection::ListStep> lists,
                              std::vector<ScriptedCollection::WatchStep> watches) {
  Journal journal;
  ScriptedCollection collection{journal};
  collection.lists = std::move(lists);
  collection.watches = std::move(watches);
  {
    const Reflector reflector{collection, quick(), into(journal), kClock};
    EXPECT_TRUE(journal.wait_for("silence"));
  }
  return journal.words();
}

using Type = WatchEvent::Type;
const Error kGone{ErrorKind::Gone, "too old"};
const Error kCut{ErrorKind::Unavailable, "connection lost"};

TEST(Reflector, ListsThenWatchesFromThere) {
  EXPECT_THAT(play({{.items = {{"a", "1"}, {"b", "2"}}, .version = "5"}}, {}),
              ElementsAre("list", "applied a", "applied b", "synced", "watch from 5", "silence"));
}

TEST(Reflector, ReportsChangesAndResumesBehindTheLastOfThem) {
  EXPECT_THAT(play({{.items = {{"a", "1"}}, .version = "5"}},
                   {{.changes = {{Type::Modified, {"a", "6"}},
                                 {Type::Added, {"b", "7"}},
                                 {Type::Deleted, {"a", "8"}}}}}),
              ElementsAre("list",
                          "applied a",
                          "synced",
                          "watch from 5",
                          "applied a",
                          "applied b",
                          "deleted a",
                          "watch from 8",
                          "silence"));
}

TEST(Reflector, ResumesFromABookmarkAfterACut) {
  EXPECT_THAT(
      play({{.items = {}, .version = "5"}},
           {{.changes = {{Type::Added, {"a", "6"}}, {Type::Bookmark, {"", "40"}}}, .error = kCut}}),
      ElementsAre(
          "list", "synced", "watch from 5", "applied a", "error Unavailable", "watch from 40", "silence"));
}

TEST(Reflector, ALostPlaceListsAgainAndReportsOnlyTheDifference) {
  EXPECT_THAT(play({{.items = {{"same", "1"}, {"changed", "2"}, {"gone", "3"}}, .version = "5"},
                    {.items = {{"same", "1"}, {"changed", "9"}, {"new", "8"}}, .version = "10"}},
                   {{.error = kGone}}),
              ElementsAre("list",
                          "applied same",
                          "applied changed",
                          "applied gone",
                          "synced",
                          "watch from 5",
                          "error Gone",
                          "list",
                          "applied changed",
                          "applied new",
                          "deleted gone unseen",
                          "synced",
                          "watch from 10",
                          "silence"));
}

TEST(Reflector, AnErrorWithinTheStreamIsALostPlaceToo) {
  const auto words = play({{.version = "5"}, {.version = "10"}},
                          {{.changes = {{Type::Bookmark, {"", "6"}}}, .error = kGone}});
  EXPECT_THAT(
      words,
      ElementsAre(
          "list", "synced", "watch from 5", "error Gone", "list", "synced", "watch from 10", "silence"));
}

TEST(Reflector, AListThatBreaksOffTakesNothingAway) {
  // The list broke off before it came to b: b is unread, not gone.
  EXPECT_THAT(play({{.items = {{"a", "1"}, {"b", "2"}}, .version = "5"},
                    {.items = {{"a", "1"}}, .version = "", .error = kCut},
                    {.items = {{"a", "1"}, {"b", "2"}}, .version = "10"}},
                   {{.error = kGone}}),
              ElementsAre("list",
                          "applied a",
                          "applied b",
                          "synced",
                          "watch from 5",
                          "error Gone",
                          "list",
                          "error Unavailable",
                          "list",
                          "synced",
                          "watch from 10",
                          "silence"));
}

TEST(Reflector, WhatWasListedBeforeARestartIsTakenBackIfItIsGone) {
  EXPECT_THAT(
      play({{.items = {{"a", "1"}}, .version = "5", .void_items = {{"a", "1"}, {"b", "2"}}}}, {}),
      ElementsAre("list", "applied a", "applied b", "deleted b unseen", "synced", "watch from 5", "silence"));
}

TEST(Reflector, TriesAgainUntilTheServerAnswers) {
  EXPECT_THAT(play({{.error = kCut}, {.error = Error{ErrorKind::Forbidden, "no"}}, {.version = "5"}}, {}),
              ElementsAre("list",
                          "error Unavailable",
                          "list",
                          "error Forbidden",
                          "list",
                          "synced",
                          "watch from 5",
                          "silence"));
}

TEST(Reflector, TellsItsState) {
  Journal journal;
  ScriptedCollection collection{journal};
  collection.lists = {{.items = {{"a", "1"}}, .version = "5"}};
  collection.watches = {{.changes = {{Type::Bookmark, {"", "6"}}, {Type::Modified, {"a", "7"}}}}};
  const auto start = kClock.monotonic();
  const Reflector reflector{collection, quick(), into(journal), kClock};
  ASSERT_TRUE(journal.wait_for("silence"));
  const auto state = reflector.state();
  EXPECT_TRUE(state.synced);
  EXPECT_EQ(state.lists, 1U);
  EXPECT_EQ(state.watches, 1U);
  EXPECT_EQ(state.events, 1U);
  EXPECT_GE(state.last_contact, start);
}

TEST(Reflector, IsNotSyncedByAListThatFailed) {
  Journal journal;
  ScriptedCollection collection{journal};
  collection.lists = {{.items = {{"a", "1"}}, .version = "", .error = kCut}};
  const Reflector reflector{collection, quick(), into(journal), kClock};
  ASSERT_TRUE(journal.wait_for("silence"));
  EXPECT_FALSE(reflector.state().synced);
}

TEST(Reflector, AServerThatClosesEachWatchAtOnceIsNotAskedInATightLoop) {
  Journal journal;
  ScriptedCollection collection{journal};
  collection.lists = {{.version = "5"}};
  collection.watches.resize(4);
  auto options = quick();
  options.pause_first = 100ms;
  options.pause_last = 200ms;
  const auto start = kClock.monotonic();
  const Reflector reflector{collection, options, into(journal), kClock};
  ASSERT_TRUE(journal.wait_for("silence"));
  EXPECT_GE(kClock.monotonic() - start, 350ms);  // At least half of 100 + 200 + 200 + 200 ms.
}

TEST(Reflector, IsDestroyedWithoutWaitingForItsPause) {
  Journal journal;
  ScriptedCollection collection{journal};
  collection.lists = {{.error = kCut}};
  auto options = quick();
  options.pause_first = options.pause_last = 60s;
  auto reflector = std::make_unique<Reflector>(collection, options, into(journal), kClock);
  ASSERT_TRUE(journal.wait_for("error Unavailable"));
  const auto start = kClock.monotonic();
  reflector.reset();
  EXPECT_LT(kClock.monotonic() - start, 30s) << "the pause takes that long at least";
}

TEST(Reflector, EndsItsWatchOfASilentServerWhenDestroyed) {
  // Over the real transport: a server that accepts the watch and then says nothing, for as long as nobody
  // ends it.
  Journal heard;
  const ScriptedServer server{[&](ServerConnection& connection) {
    while (const auto request = connection.read_request()) {
      if (request->target.find("watch=1") == std::string::npos) {
        connection.respond(200, R"({"metadata":{"resourceVersion":"5"},"items":[]})");
        continue;
      }
      connection.start_stream();
      heard.add(connection.wait_for_close(10min) ? "closed by the reflector" : "still open");
      return;
    }
  }};
  auto client = ApiClient::create({.server = server.origin()}, {}, kClock);
  ASSERT_TRUE(client.ok());
  Journal journal;
  auto reflector = std::make_unique<Reflector>(**client, quick(), into(journal), kClock);
  ASSERT_TRUE(journal.wait_for("synced"));
  const auto deadline = kClock.monotonic() + 20s;
  while (reflector->state().watches == 0 && kClock.monotonic() < deadline) std::this_thread::yield();
  ASSERT_EQ(reflector->state().watches, 1U);
  reflector.reset();
  EXPECT_TRUE(heard.wait_for("closed by the reflector"));
  EXPECT_THAT(journal.words(), ElementsAre("synced"));  // Being stopped is not an error.
}

}  // namespace
}  // namespace evenkeel::kube
