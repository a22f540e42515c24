#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "evenkeel/base/apportion.hpp"

#include "fuzz.hpp"

namespace {

using namespace evenkeel;

bool is_live(double share) {
  return std::isfinite(share) && share > 0;
}

void check(const std::vector<double>& shares, std::int32_t total, const std::vector<std::int32_t>& parts) {
  if (parts.size() != shares.size()) fuzz::fail("another number of parts");
  std::int32_t live = 0;
  for (const double share : shares) live += is_live(share) ? 1 : 0;
  const auto sum = std::accumulate(parts.begin(), parts.end(), std::int64_t{0});
  if (sum != (live > 0 ? total : 0)) fuzz::fail("adds up to " + std::to_string(sum));
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (parts[i] < 0) fuzz::fail("a negative part");
    if (!is_live(shares[i]) && parts[i] != 0) fuzz::fail("a unit for nobody");
    if (is_live(shares[i]) && total >= live && parts[i] == 0) fuzz::fail("a live one without a unit");
  }
}

}  // namespace

/// Bytes as shares and a number of units: adds up, no dead one gets any, a live one gets one, monotone.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::int32_t total = 0;
  if (size < sizeof total) return 0;
  std::memcpy(&total, data, sizeof total);
  total = static_cast<std::int32_t>(static_cast<std::uint32_t>(total) % 1'000'001U);
  std::vector<double> shares((size - sizeof total) / sizeof(double));
  if (shares.size() > 64) shares.resize(64);
  if (!shares.empty()) std::memcpy(shares.data(), data + sizeof total, shares.size() * sizeof(double));
  const auto parts = apportion(shares, total);
  check(shares, total, parts);
  const auto more = apportion(shares, total + 1);
  check(shares, total + 1, more);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (more[i] < parts[i]) fuzz::fail("one unit more takes one away from " + std::to_string(i));
  }
  return 0;
}
