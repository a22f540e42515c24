#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace evenkeel {

/// A Kubernetes resource.Quantity, kept the way the HorizontalPodAutoscaler computes with it: as a whole
/// number of thousandths, rounded up (away from zero), saturating at the ends of 64 bits.
class Quantity {
 public:
  constexpr Quantity() = default;
  static constexpr Quantity from_milli(std::int64_t milli) { return Quantity{milli}; }

  /// Reads the Kubernetes notation: decimal number with an optional suffix (n u m k M G T P E, Ki Mi Gi Ti Pi
  /// Ei) or a decimal exponent (`1e3`, `1E3`).
  /// @return empty when the text is not a quantity.
  [[nodiscard]] static std::optional<Quantity> parse(std::string_view text);

  /// The value in thousandths.
  [[nodiscard]] constexpr std::int64_t milli() const { return milli_; }

  /// The value as a double, for display and ratios.
  [[nodiscard]] constexpr double value() const { return static_cast<double>(milli_) / 1000.0; }

  /// Canonical text: a plain decimal, with suffix `m` where it is not whole.
  [[nodiscard]] std::string text() const;

  auto operator<=>(const Quantity&) const = default;

 private:
  constexpr explicit Quantity(std::int64_t milli) : milli_{milli} {}
  std::int64_t milli_ = 0;
};

/// The thousandths of a measured value: its shortest decimal (what Prometheus and Go print), rounded up to a
/// milli, saturating. NaN gives 0; callers class non-finite values as errors first.
[[nodiscard]] std::int64_t milli_from_double(double value);

}  // namespace evenkeel
