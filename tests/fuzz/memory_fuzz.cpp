#include <algorithm>

#include "fuzz.hpp"

/// Bytes as the memory of a service: replicas do not fall because it cannot be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace evenkeel;
  auto snapshot = fuzz::rich_snapshot();
  snapshot.memory = std::string{reinterpret_cast<const char*>(data), size};
  snapshot.restored = size % 2 == 1;
  const auto decision = fuzz::decide_and_check(snapshot);
  const bool dropped =
      std::ranges::any_of(decision.events, [](const api::Event& e) { return e.reason == "MemoryDropped"; });
  for (const auto& [name, made] : decision.backends) {
    if (dropped && made.replicas && made.replicas < snapshot.backends.at(name).spec_replicas)
      fuzz::fail("memory was dropped, and " + name + " falls");
  }
  snapshot.memory = decision.memory;
  fuzz::decide_and_check(snapshot);
  return 0;
}
