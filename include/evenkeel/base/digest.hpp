#pragma once

#include <cstdint>
#include <string_view>

namespace evenkeel {

/// Where a digest begins.
inline constexpr std::uint32_t kDigestStart = 2166136261U;

/// FNV-1a, 32 bits (Fowler, Noll, Vo; draft-eastlake-fnv): `digest` with the bytes of `text` mixed in. The
/// same on every machine; for telling apart, not for safety.
[[nodiscard]] constexpr std::uint32_t mix_digest(std::uint32_t digest, std::string_view text) {
  for (const char c : text) digest = (digest ^ static_cast<unsigned char>(c)) * 16777619U;
  return digest;
}

}  // namespace evenkeel
