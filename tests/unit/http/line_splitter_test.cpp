#include "line_splitter.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace evenkeel::http {
namespace {

using Lines = std::vector<std::string>;

/// What comes out when `pieces` arrive one after the other and the stream then ends.
Lines split(const std::vector<std::string>& pieces) {
  LineSplitter splitter{100};
  Lines lines;
  const auto keep = [&](std::string_view line) {
    lines.emplace_back(line);
    return Flow::Continue;
  };
  for (const auto& piece : pieces) EXPECT_EQ(splitter.feed(piece, keep), LineSplitter::Outcome::More);
  splitter.finish(keep);
  return lines;
}

TEST(LineSplitter, OnePieceMayHoldSeveralLines) {
  EXPECT_EQ(split({"a\nb\nc\n"}), (Lines{"a", "b", "c"}));
}

TEST(LineSplitter, OneLineMayComeInManyPieces) {
  EXPECT_EQ(split({"al", "", "ph", "a\nbe", "ta\n"}), (Lines{"alpha", "beta"}));
}

TEST(LineSplitter, CarriageReturnsAndEmptyLinesAreDropped) {
  EXPECT_EQ(split({"a\r\n\r\n\n", "b\r", "\n"}), (Lines{"a", "b"}));
}

TEST(LineSplitter, TheLastLineNeedsNoEnd) {
  EXPECT_EQ(split({"a\nlast"}), (Lines{"a", "last"}));
}

TEST(LineSplitter, ALineBeyondTheLimitIsRefusedBeforeItIsWhole) {
  LineSplitter splitter{10};
  const auto ignore = [](std::string_view) { return Flow::Continue; };
  EXPECT_EQ(splitter.feed("123456", ignore), LineSplitter::Outcome::More);
  EXPECT_EQ(splitter.feed("78901", ignore), LineSplitter::Outcome::TooLong);
}

TEST(LineSplitter, StopsAfterTheLineThatSaysSo) {
  LineSplitter splitter{10};
  Lines lines;
  const auto keep_one = [&](std::string_view line) {
    lines.emplace_back(line);
    return Flow::Stop;
  };
  EXPECT_EQ(splitter.feed("a\nb\n", keep_one), LineSplitter::Outcome::Stopped);
  EXPECT_EQ(lines, Lines{"a"});
}

}  // namespace
}  // namespace evenkeel::http
