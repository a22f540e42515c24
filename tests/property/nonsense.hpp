#pragma once

#include <string>

#include "random.hpp"
#include "service_generator.hpp"

namespace evenkeel::property {

/// Takes away what was measured, now and then: errors, empty answers, metrics that are not there.
void blind(Json& line, Random& random);

/// Now and then replaces figures of a snapshot by what no sound cluster says: NaN, infinities, 1e300,
/// negative counts, times in the future, backends that nobody declared.
void put_nonsense(Json& line, Random& random);

/// Gives the snapshot a memory that is not the one that was returned: none, damaged, or no memory at all.
void spoil_memory(Json& line, const std::string& memory, Random& random);

}  // namespace evenkeel::property
