#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace evenkeel {

/// Characters that the text of any number takes at most.
inline constexpr std::size_t kMostDigits = 32;

/// The shortest text that reads back as the same double, as std::to_chars() prints it; a number of at most
/// nine decimals, as shares and readings mostly are, takes a fraction of its time.
/// @param begin  room for kMostDigits characters.
/// @return the end of the text.
char* print_shortest(char* begin, double value);

/// "1 replica", "2 replicas": nouns whose plural ends in s.
[[nodiscard]] std::string count_text(std::int64_t count, std::string_view noun);

}  // namespace evenkeel
