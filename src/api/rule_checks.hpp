#pragma once

#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>

/// What the rules of the CRD ask, in C++. Every function relies on types, sizes and enums being right.
namespace evenkeel::api::checks {

/// The whole of cron in one expression, so that the rule and its answer here share it.
inline constexpr std::string_view kCronRule =
    "self.matches('(?i)^([*]|[0-5]?[0-9](-[0-5]?[0-9])?)(/[1-9][0-9]?)?(,([*]|[0-5]?[0-9](-[0-5]?[0-9])?)"
    "(/[1-9][0-9]?)?)* +"
    "([*]|(2[0-3]|[01]?[0-9])(-(2[0-3]|[01]?[0-9]))?)(/[1-9][0-9]?)?(,([*]|(2[0-3]|[01]?[0-9])(-(2[0-3]|["
    "01]?[0-9]))?)(/[1-9][0-9]?)?)* +"
    "([*]|(3[01]|[12][0-9]|0?[1-9])(-(3[01]|[12][0-9]|0?[1-9]))?)(/[1-9][0-9]?)?(,([*]|(3[01]|[12][0-9]|0"
    "?[1-9])(-(3[01]|[12][0-9]|0?[1-9]))?)(/[1-9][0-9]?)?)* +"
    "([*]|(1[0-2]|0?[1-9]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)(-(1[0-2]|0?[1-9]|JAN|FEB|MAR|A"
    "PR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC))?)(/[1-9][0-9]?)?(,([*]|(1[0-2]|0?[1-9]|JAN|FEB|MAR|APR|MAY|JUN|"
    "JUL|AUG|SEP|OCT|NOV|DEC)(-(1[0-2]|0?[1-9]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC))?)(/[1-9]"
    "[0-9]?)?)* +"
    "([*]|([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(-([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT))?)(/[1-9][0-9]?)?(,([*"
    "]|([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(-([0-7]|SUN|MON|TUE|WED|THU|FRI|SAT))?)(/[1-9][0-9]?)?)*$')";

[[nodiscard]] bool has(const nlohmann::json& object, const char* name);
[[nodiscard]] std::int64_t whole(const nlohmann::json& value);
[[nodiscard]] bool every(const nlohmann::json& list, bool (*holds)(const nlohmann::json&));
/// No two items of `list` name the same object in `reference`.
[[nodiscard]] bool references_differ(const nlohmann::json& list, const char* reference);
[[nodiscard]] bool has_service(const nlohmann::json& backend);
[[nodiscard]] bool tier_0_minimums_fit(const nlohmann::json& self);
[[nodiscard]] bool tier_0_minimums_fit_schedules(const nlohmann::json& self);
/// What pods use, which is measured by pod and set against what they request.
[[nodiscard]] bool is_resource(const nlohmann::json& metric);
[[nodiscard]] bool presets_have_services(const nlohmann::json& self);
[[nodiscard]] bool has_capacity(const nlohmann::json& backend);
[[nodiscard]] bool capacity_has_a_unit(const nlohmann::json& self);
[[nodiscard]] bool minimum_shares_fit(const nlohmann::json& self);
[[nodiscard]] bool signal_names_differ(const nlohmann::json& self);
/// Something tells an idle service without pods that it is needed again.
[[nodiscard]] bool can_wake(const nlohmann::json& scaling);
[[nodiscard]] bool schedules_can_wake(const nlohmann::json& self);
[[nodiscard]] bool schedules_have_room(const nlohmann::json& self);
[[nodiscard]] bool load_metric_is_one(const nlohmann::json& self);
[[nodiscard]] bool is_ratio_or_latency(const nlohmann::json& metric);
[[nodiscard]] bool is_utilization(const nlohmann::json& target);
[[nodiscard]] bool is_fallback(const nlohmann::json& missing);
[[nodiscard]] bool is_positive(const nlohmann::json& object, const char* name);
[[nodiscard]] bool is_not_negative(const nlohmann::json& object, const char* name);
/// Where both can be read; another rule complains where one cannot.
[[nodiscard]] bool thresholds_are_ordered(const nlohmann::json& self);
[[nodiscard]] bool port_is_valid(const nlohmann::json& self);
[[nodiscard]] bool routes_differ(const nlohmann::json& self);
[[nodiscard]] bool label_names_are_valid(const nlohmann::json& self);
[[nodiscard]] bool is_cron(const nlohmann::json& self);

}  // namespace evenkeel::api::checks
