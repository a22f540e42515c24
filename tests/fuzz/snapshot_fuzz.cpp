#include "fuzz.hpp"

/// Bytes as a snapshot: an error that says where, or a decision within the bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace evenkeel;
  const std::string text{reinterpret_cast<const char*>(data), size};
  const auto snapshot = api::parse_snapshot(text);
  if (!snapshot.ok()) {
    if (snapshot.error().message.empty()) fuzz::fail("an error without words");
    return 0;
  }
  const auto decision = fuzz::decide_and_check(*snapshot);
  auto next = *snapshot;
  next.memory = decision.memory;
  fuzz::decide_and_check(next);
  return 0;
}
