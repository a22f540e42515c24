#include "samples.hpp"

#include <gtest/gtest.h>

namespace evenkeel::scaling {
namespace {

TEST(Tally, OfNothingSaysNothing) {
  const Tally tally;
  EXPECT_EQ(tally.quality(), api::Quality::Empty);
  EXPECT_FALSE(tally.any());
  EXPECT_FALSE(tally.abstains()) << "nobody was there to abstain";
  EXPECT_FALSE(tally.lacks_contributors(10)) << "no figure that anybody could be behind";
}

}  // namespace
}  // namespace evenkeel::scaling
