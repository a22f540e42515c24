#include "report.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace evenkeel::plan {
namespace {

TEST(NamesText, ReadsAsASentenceDoes) {
  EXPECT_EQ(names_text(std::vector<std::string>{}), "nobody");
  EXPECT_EQ(names_text(std::vector<std::string>{"blue"}), "blue");
  EXPECT_EQ(names_text(std::vector<std::string>{"blue", "green"}), "blue and green");
  EXPECT_EQ(names_text(std::vector<std::string>{"blue", "green", "red"}), "blue, green and red");
}

}  // namespace
}  // namespace evenkeel::plan
