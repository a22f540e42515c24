#include <array>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "run_command.hpp"

namespace evenkeel::cli {
namespace {

// NOLINTBEGIN(concurrency-mt-unsafe): these tests start no thread.
TEST(InstanceName, IsThePodsAndElseTheHosts) {
  ASSERT_EQ(setenv("POD_NAME", "evenkeel-7d9c", 1), 0);
  EXPECT_EQ(instance_name(), "evenkeel-7d9c");
  ASSERT_EQ(unsetenv("POD_NAME"), 0);
  std::array<char, 129> host{};
  ASSERT_EQ(gethostname(host.data(), host.size() - 1), 0);
  EXPECT_EQ(instance_name(), host.data());
}
// NOLINTEND(concurrency-mt-unsafe)

}  // namespace
}  // namespace evenkeel::cli
