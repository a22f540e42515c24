#include "memory.hpp"

#include <cstddef>
#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshot_builder.hpp"

/// Whose memory is read, and what of it is no memory of ours.
namespace evenkeel::plan {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing_support::at;

api::Snapshot snapshot_with(const std::string& uid, std::optional<std::string> text = std::nullopt) {
  api::Snapshot snapshot;
  snapshot.now = at(0);
  snapshot.service.uid = uid;
  snapshot.memory = std::move(text);
  return snapshot;
}

/// A text of ours, written a hundred seconds ago, that says `members` beside.
std::string text_with(const std::string& members) {
  return R"({"v":3,"at":1767225500000000000,"uid":"u")" + members + "}";
}
ReadMemory read(const std::string& text) {
  return read_memory(snapshot_with("u", text));
}
std::string with_backend(const std::string& members) {
  return text_with(R"(,"backends":{"blue":{)" + members + "}}");
}

TEST(MemoryHead, IsOfThisVersionAndOfThisObject) {
  const auto own = read(text_with(R"(,"total":7)"));
  EXPECT_TRUE(own.found);
  EXPECT_FALSE(own.unreadable);
  EXPECT_EQ(own.memory.total, 7);
  EXPECT_EQ(own.memory.decided, at(-100));
  for (const char* version : {"1", "2", "4", "\"3\""}) {
    const auto other =
        read(std::string{R"({"v":)"} + version + R"(,"at":1767225500000000000,"uid":"u","total":7})");
    EXPECT_FALSE(other.found) << version;
    EXPECT_TRUE(other.unreadable) << version;
  }
  const auto of_another = read_memory(snapshot_with("w", text_with("")));
  EXPECT_FALSE(of_another.found);
  EXPECT_FALSE(of_another.unreadable) << "what its predecessor did is none of its business";
}

TEST(MemoryHead, AnIdIsWrittenAsItIsUpToSixtyFourCharacters) {
  for (const std::size_t size : {64U, 65U}) {
    const std::string uid(size, 'u');
    const auto text = print_memory({}, snapshot_with(uid));
    const bool as_it_is = text.find(uid) != std::string::npos;
    EXPECT_EQ(as_it_is, size == 64);
    EXPECT_TRUE(read_memory(snapshot_with(uid, text)).found);
    EXPECT_FALSE(read_memory(snapshot_with(uid + "u", text)).found) << "whichever way it tells objects apart";
  }
}

TEST(MemoryHead, WithBlanksItMayBeFourTimesAsLongAsWhatWeWrite) {
  constexpr std::size_t kMost = 4 * (16 * 1024 - 1);
  auto text = text_with("");
  text.append(kMost - text.size(), ' ');
  EXPECT_TRUE(read(text).found);
  EXPECT_FALSE(read(text + " ").found);
}

struct Row {
  std::string name;
  std::string text;
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}
class MemoryOfNoUse : public testing::TestWithParam<Row> {};

TEST_P(MemoryOfNoUse, IsDroppedAsAWhole) {
  const auto result = read(GetParam().text);
  EXPECT_TRUE(result.unreadable);
  EXPECT_FALSE(result.found);
  EXPECT_EQ(result.memory.total, std::nullopt);
  EXPECT_THAT(result.memory.backends, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Members,
    MemoryOfNoUse,
    testing::Values(Row{"ATotalBelowZero", text_with(R"(,"total":-1)")},
                    Row{"ATotalBeyondThirtyTwoBits", text_with(R"(,"total":2147483648)")},
                    Row{"ATotalBeyond64Bits", text_with(R"(,"total":18446744073709551616)")},
                    Row{"ANumberBeyondTheDoubles", text_with(R"(,"total":1e400)")},
                    Row{"ATierThatIsText", text_with(R"(,"tier":"0")")},
                    Row{"AMomentToCome", text_with(R"(,"stepped":-1)")},
                    Row{"HistoryThatIsAList", text_with(R"(,"scaling":[])")},
                    Row{"HalfAPair", text_with(R"(,"scaling":{"high":[1,2,3]})")},
                    Row{"AFloorWithoutItsEnd", text_with(R"(,"demand":{"floor":[1,2]})")},
                    Row{"PendingWithoutBackends", text_with(R"(,"scaling":{"pending":[1,2,3]})")},
                    Row{"PendingWithMore", text_with(R"(,"scaling":{"pending":[1,2,3,{},4]})")},
                    Row{"BackendsThatAreAList", text_with(R"(,"total":3,"backends":[])")},
                    Row{"AChangeOfThree", with_backend(R"("wrote":[1,2,3])")},
                    Row{"AChangeOfOne", with_backend(R"("wrote":[1])")},
                    Row{"ADepartureOfNothing", with_backend(R"("leaving":[])")},
                    Row{"ADepartureOfTwo", with_backend(R"("leaving":[1,50])")},
                    Row{"ADepartureOfFive", with_backend(R"("leaving":[1,50,2,3,4])")},
                    Row{"AWatchOfTwo", with_backend(R"("watch":[50,1])")},
                    Row{"AHoldOfOne", with_backend(R"("hold":[1])")},
                    Row{"HealthOfAnotherWord", with_backend(R"("health":{"zz":1})")},
                    Row{"HealthWithHalfAStreak", with_backend(R"("health":{"k":[1,2]})")}),
    [](const auto& row) { return row.param.name; });

TEST(MemoryOfUse, IsWhatItSays) {
  const auto result = read(with_backend(
      R"("is":5,"wrote":[3,4],"part":4,"share":60,"leaving":[1],"watch":[60,40,-1],"hold":[10,2])"));
  ASSERT_TRUE(result.found);
  const auto& blue = result.memory.backends.at("blue");
  EXPECT_TRUE(blue.has_part);
  EXPECT_EQ(blue.had_extra, Extra::No);
  EXPECT_TRUE(blue.had_endpoints);
  EXPECT_EQ(blue.part, 4);
  EXPECT_EQ(blue.weight, 60);
  EXPECT_TRUE(blue.leaving.finished);
  EXPECT_EQ(blue.leaving.departure, std::nullopt);
  EXPECT_EQ(blue.watch.set_since, at(-140));
  EXPECT_EQ(blue.watch.settled_since, std::nullopt);
  EXPECT_THAT(blue.hold.entries(), SizeIs(1));
}

TEST(MemoryOfUse, ComesBackAsItWasWritten) {
  Memory memory;
  memory.served = true;
  memory.seen = 7;
  memory.backends["blue"].weight = 60;
  memory.backends["blue"].from = 40;
  const auto again = read_memory(snapshot_with("u", print_memory(memory, snapshot_with("u")))).memory;
  EXPECT_TRUE(again.served);
  EXPECT_EQ(again.seen, 7U);
  EXPECT_EQ(again.backends.at("blue").from, 40);
  EXPECT_FALSE(read(text_with(R"(,"is":6)")).memory.served);
}

TEST(MemoryOfUse, ThePartBeforeIsTheLastOneUnlessSaid) {
  const auto before = [](const std::string& members) {
    return read(with_backend(members)).memory.backends.at("blue").part_before;
  };
  EXPECT_EQ(before(R"("part":4)"), 4);
  EXPECT_EQ(before(R"("part":4,"split":3)"), 3);
  EXPECT_EQ(before(R"("split":9999999999,"part":4)"), 2'147'483'647);
  EXPECT_EQ(before(R"("part":4,"split":-1)"), std::nullopt);
  Memory memory;
  memory.backends["blue"].part = 4;
  memory.backends["blue"].part_before = 3;
  memory.backends["green"].part = 4;
  const auto again = read_memory(snapshot_with("u", print_memory(memory, snapshot_with("u")))).memory;
  EXPECT_EQ(again.backends.at("blue").part_before, 3);
  EXPECT_EQ(again.backends.at("green").part_before, std::nullopt);
}

TEST(MemoryOfUse, SharesAreBetweenNothingAndAHundred) {
  const auto result = read(
      with_backend(R"("share":130,"from":-3,"watch":[200,1,1],"watched":[-1,1,1],"leaving":[0,170,9,9])"));
  ASSERT_TRUE(result.found);
  const auto& blue = result.memory.backends.at("blue");
  EXPECT_EQ(blue.weight, 100);
  EXPECT_EQ(blue.from, 0);
  EXPECT_EQ(blue.watch.share, 100);
  ASSERT_TRUE(blue.watch_before);
  EXPECT_EQ(blue.watch_before->share, 0);
  ASSERT_TRUE(blue.leaving.departure);
  EXPECT_EQ(blue.leaving.departure->from, 100);
}

}  // namespace
}  // namespace evenkeel::plan
