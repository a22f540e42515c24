#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace evenkeel::failover {

/// One vessel: takes in proportion to its weight, until its room is full.
struct Vessel {
  std::size_t index = 0;
  double weight = 0;  ///< Above 0 and finite.
  double room = 0;    ///< 0 or more; may be infinite.
};

/// Pours `amount` into the vessels and adds what each takes to levels[index]: in proportion, what one cannot
/// take to the others in proportion (water-filling).
/// @return what finds no room.
double pour(std::span<const Vessel> vessels, double amount, std::span<double> levels);

}  // namespace evenkeel::failover
