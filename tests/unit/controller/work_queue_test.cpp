#include "work_queue.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace evenkeel::controller {
namespace {

using namespace std::chrono_literals;

const Monotonic kStart{};
const ObjectKey kShop{"store", "shop"};
const ObjectKey kBank{"store", "bank"};

TEST(QueueState, AKeyWaitsOnlyOnce) {
  QueueState queue;
  EXPECT_TRUE(queue.add(kShop, kStart));
  EXPECT_FALSE(queue.add(kShop, kStart));
  EXPECT_EQ(queue.take(kStart)->key, kShop);
  EXPECT_FALSE(queue.take(kStart));
}

TEST(QueueState, GivesWhatHasWaitedLongestFirstAndSaysHowLong) {
  QueueState queue;
  queue.add(kShop, kStart);
  queue.add(kBank, kStart + 1s);
  queue.add(kShop, kStart + 2s);
  const auto first = queue.take(kStart + 3s);
  EXPECT_EQ(first->key, kShop);
  EXPECT_EQ(first->waited, 3s);
  EXPECT_EQ(queue.take(kStart + 3s)->key, kBank);
}

TEST(QueueState, AKeyThatIsWorkedOnIsNotTakenAgainBeforeItIsDone) {
  QueueState queue;
  queue.add(kShop, kStart);
  queue.take(kStart);
  queue.add(kShop, kStart);
  queue.add_at(kShop, kStart);
  EXPECT_FALSE(queue.take(kStart + 1s));
  queue.done(kShop, kStart + 1s);
  EXPECT_EQ(queue.take(kStart + 1s)->key, kShop) << "what came meanwhile is not lost";
  queue.done(kShop, kStart + 2s);
  EXPECT_FALSE(queue.take(kStart + 2s));
}

TEST(QueueState, DelayedKeysComeWhenTheyAreDueAndTheEarliestTimeCounts) {
  QueueState queue;
  queue.add_at(kShop, kStart + 10s);
  queue.add_at(kShop, kStart + 5s);
  queue.add_at(kShop, kStart + 7s);
  EXPECT_EQ(queue.next_due(), kStart + 5s);
  EXPECT_FALSE(queue.take(kStart + 4s));
  EXPECT_EQ(queue.take(kStart + 5s)->key, kShop);
  EXPECT_FALSE(queue.next_due());
}

TEST(QueueState, AddingAtOnceOvertakesADelay) {
  QueueState queue;
  queue.add_at(kShop, kStart + 10s);
  queue.add(kShop, kStart);
  queue.take(kStart);
  queue.done(kShop, kStart);
  EXPECT_FALSE(queue.take(kStart + 11s)) << "the delayed one was for the same change";
}

TEST(QueueState, FiguresTellOfTheWorkUnderWay) {
  QueueState queue;
  for (const auto& key : {kShop, kBank}) queue.add(key, kStart);
  queue.add({"store", "third"}, kStart);
  queue.take(kStart);
  queue.take(kStart + 2s);
  const auto figures = queue.figures(kStart + 5s);
  EXPECT_EQ(figures.depth, 1U);
  EXPECT_EQ(figures.active, 2U);
  EXPECT_EQ(figures.longest_running, 5s);
  EXPECT_EQ(figures.unfinished, 8s);
}

TEST(RetryPause, DoublesUpToItsLimit) {
  EXPECT_EQ(retry_pause(1), 50ms);
  EXPECT_EQ(retry_pause(2), 100ms);
  EXPECT_EQ(retry_pause(10), 25'600ms);
  EXPECT_EQ(retry_pause(11), 30s);
  EXPECT_EQ(retry_pause(1'000'000), 30s);
}

class WorkQueueTest : public ::testing::Test {
 protected:
  SystemClock clock;
  ops::Metrics metrics{{}};
  WorkQueue queue{clock, metrics};
};

TEST_F(WorkQueueTest, StopWakesWhoeverWaits) {
  std::jthread worker{[&](const std::stop_token& stop) { EXPECT_FALSE(queue.take(stop)); }};
  worker.request_stop();
  worker.join();
}

TEST_F(WorkQueueTest, ADelayedKeyWakesAWorker) {
  const auto begin = clock.monotonic();
  queue.add_after(kShop, 30ms);
  EXPECT_EQ(queue.take({}), kShop);
  EXPECT_GE(clock.monotonic() - begin, 30ms);
}

TEST_F(WorkQueueTest, NoKeyIsWorkedOnTwiceAtOnceAndNoneIsLost) {
  constexpr int kKeys = 20;
  constexpr int kRounds = 500;
  std::mutex mutex;
  std::map<ObjectKey, int> active;
  std::map<ObjectKey, int> last_seen;
  std::atomic<int> round{0};
  bool overlapped = false;
  std::vector<std::jthread> workers;
  workers.reserve(4);
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&](const std::stop_token& stop) {
      while (auto key = queue.take(stop)) {
        {
          const std::scoped_lock lock{mutex};
          overlapped = overlapped || ++active[*key] > 1;
          last_seen[*key] = round;
        }
        {
          const std::scoped_lock lock{mutex};
          --active[*key];
        }
        queue.done(*key);
      }
    });
  }
  for (round = 1; round <= kRounds; ++round) {
    for (int i = 0; i < kKeys; ++i) queue.add({"store", std::to_string(i)});
  }
  // A last addition that nobody can have seen before.
  round = kRounds + 1;
  for (int i = 0; i < kKeys; ++i) queue.add({"store", std::to_string(i)});
  const auto deadline = clock.monotonic() + 10s;
  while (queue.figures().depth > 0 && clock.monotonic() < deadline) std::this_thread::yield();
  ASSERT_TRUE(queue.wait_idle(deadline));
  for (auto& worker : workers) worker.request_stop();
  workers.clear();
  EXPECT_FALSE(overlapped);
  for (int i = 0; i < kKeys; ++i) EXPECT_EQ(last_seen[ObjectKey("store", std::to_string(i))], kRounds + 1);
}

}  // namespace
}  // namespace evenkeel::controller
