#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace evenkeel {

/// Splits `total` into whole parts that follow `shares` (Sainte-Lague: each next unit goes where
/// share / (2 x part + 1) is largest, ties to the lower index). Growing `total` never takes a unit from
/// anybody, so a service that grows by one replica moves none.
///
/// Shares that differ by less than a billionth of a thousandth of the largest are equal. The work grows with
/// the number of shares, not with `total`.
///
/// Shares are relative; what is not finite or not above 0 counts as 0 and gets nothing. A share above 0 gets
/// at least one unit while there are as many units as such shares; if there are fewer units, the largest
/// shares get one each.
/// @return one part per share, adding up to exactly `total`; all 0 when no share is above 0 or `total` is
/// not.
[[nodiscard]] std::vector<std::int32_t> apportion(std::span<const double> shares, std::int32_t total);

}  // namespace evenkeel
