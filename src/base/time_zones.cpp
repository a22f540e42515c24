#include "evenkeel/base/time_zones.hpp"

#include <algorithm>
#include <utility>

#include "posix_tz.hpp"

namespace evenkeel {
namespace {

using std::chrono::seconds;

/// WallTime holds no later year.
constexpr std::chrono::year kLastYear{2262};
/// Local times that lie further apart than this are never confused by any change of offset.
constexpr std::chrono::hours kFarAway{48};

/// RFC 9636, 3.2: no zone is further from UTC.
constexpr std::chrono::hours kMostOffset{26};

/// Big-endian integers, one after the other.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_{bytes} {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::string_view rest() const { return bytes_; }

  std::string_view take(std::size_t count) {
    failed_ = failed_ || bytes_.size() < count;
    if (failed_) return {};
    const auto taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::int64_t integer(std::size_t width) {
    const auto taken = take(width);
    std::uint64_t value = 0;
    for (const char c : taken) value = value << 8 | static_cast<unsigned char>(c);
    if (width == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
    return static_cast<std::int64_t>(value);
  }
  std::size_t count() {
    const auto value = integer(4);
    // No real zone comes near; more would only be work for nothing.
    failed_ = failed_ || value < 0 || value > 100'000;
    return failed_ ? 0 : static_cast<std::size_t>(value);
  }

 private:
  std::string_view bytes_;
  bool failed_ = false;
};

struct Header {
  char version = 0;
  std::size_t utc_flags = 0;
  std::size_t standard_flags = 0;
  std::size_t leaps = 0;
  std::size_t times = 0;
  std::size_t types = 0;
  std::size_t letters = 0;

  [[nodiscard]] std::size_t body(std::size_t time_width) const {
    return times * (time_width + 1) + types * 6 + letters + leaps * (time_width + 4) + standard_flags +
           utc_flags;
  }
};

std::optional<Header> read_header(Bytes& bytes) {
  if (bytes.take(4) != "TZif") return std::nullopt;
  Header header;
  const auto version = bytes.take(1);
  if (!version.empty()) header.version = version[0];
  (void)bytes.take(15);
  header.utc_flags = bytes.count();
  header.standard_flags = bytes.count();
  header.leaps = bytes.count();
  header.times = bytes.count();
  header.types = bytes.count();
  header.letters = bytes.count();
  if (bytes.failed() || header.types == 0) return std::nullopt;
  return header;
}

/// What the rule says of every year up to the last: moments later than `after`, and the offsets from then on.
std::vector<std::pair<UtcTime, seconds>> changes_by_rule(const PosixRule& rule, UtcTime after) {
  using std::chrono::days;
  std::vector<std::pair<UtcTime, seconds>> changes;
  if (!rule.summer) return changes;
  const auto& summer = *rule.summer;
  constexpr std::chrono::year kFirstYear{1970};
  const auto known = after == UtcTime::min()
                         ? kFirstYear
                         : std::chrono::year_month_day{std::chrono::floor<days>(after)}.year();
  for (auto year = known; year <= kLastYear; ++year) {
    const UtcTime to_summer{summer.start.in(year).time_since_epoch() - rule.standard};
    const UtcTime to_standard{summer.end.in(year).time_since_epoch() - summer.offset};
    if (to_summer > after) changes.emplace_back(to_summer, summer.offset);
    if (to_standard > after) changes.emplace_back(to_standard, rule.standard);
  }
  std::ranges::sort(changes);
  return changes;
}

}  // namespace

std::optional<TimeZone> TimeZone::parse(std::string_view content) {
  Bytes bytes{content};
  auto header = read_header(bytes);
  if (!header || header->version < '2') return std::nullopt;
  // The first block is for readers that know 32 bits only; the same follows in 64.
  (void)bytes.take(header->body(4));
  header = read_header(bytes);
  if (!header) return std::nullopt;

  std::vector<std::int64_t> times;
  times.reserve(header->times);
  for (std::size_t i = 0; i < header->times; ++i) times.push_back(bytes.integer(8));
  const auto kinds = bytes.take(header->times);
  std::vector<seconds> offsets;
  for (std::size_t i = 0; i < header->types; ++i) {
    offsets.emplace_back(bytes.integer(4));
    if (offsets.back() <= -kMostOffset || offsets.back() >= kMostOffset) return std::nullopt;
    (void)bytes.take(2);
  }
  (void)bytes.take(header->body(8) - header->times * 9 - header->types * 6);
  auto rest = bytes.rest();
  if (bytes.failed() || rest.size() < 2 || rest.front() != '\n' || rest.back() != '\n') return std::nullopt;
  rest = rest.substr(1, rest.size() - 2);

  TimeZone zone;
  zone.first_ = offsets[0];
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto kind = static_cast<unsigned char>(kinds[i]);
    if (kind >= offsets.size() || (i > 0 && times[i] <= times[i - 1])) return std::nullopt;
    zone.changes_.push_back({.at = UtcTime{seconds{times[i]}}, .offset = offsets[kind]});
  }
  if (rest.empty()) return zone;
  const auto rule = parse_posix_rule(rest);
  if (!rule) return std::nullopt;
  const auto known_until = zone.changes_.empty() ? UtcTime::min() : zone.changes_.back().at;
  for (const auto& [at, offset] : changes_by_rule(*rule, known_until)) {
    zone.changes_.push_back({.at = at, .offset = offset});
  }
  return zone;
}

seconds TimeZone::offset_at(UtcTime time) const {
  const auto after = std::ranges::upper_bound(changes_, time, {}, &Change::at);
  return after == changes_.begin() ? first_ : std::prev(after)->offset;
}

LocalTime TimeZone::to_local(UtcTime time) const {
  return LocalTime{time.time_since_epoch() + offset_at(time)};
}

UtcTime TimeZone::to_utc(LocalTime local) const {
  const UtcTime as_utc{local.time_since_epoch()};
  auto offset = offset_at(as_utc - kFarAway);
  auto change = std::ranges::upper_bound(changes_, as_utc - kFarAway, {}, &Change::at);
  for (; change != changes_.end() && change->at <= as_utc + kFarAway; ++change) {
    if (as_utc < change->at + offset) break;
    if (as_utc < change->at + change->offset) return change->at;
    offset = change->offset;
  }
  return as_utc - offset;
}

const TimeZone* TimeZones::find(std::string_view name) const {
  const auto found = zones_.find(name);
  if (found != zones_.end()) return &found->second;
  return name == "UTC" || name == "Etc/UTC" ? &utc_ : nullptr;
}

}  // namespace evenkeel
