#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/kube/event_recorder.hpp"

namespace evenkeel::kube {

/// The namespace that an event about an object lives in.
[[nodiscard]] std::string event_namespace(const Regarding& regarding);

/// The name of the event: the object's, and a digest of what makes two events the same (object, type, reason,
/// note).
[[nodiscard]] std::string event_name(const Event& event);

/// The object to create.
[[nodiscard]] std::string event_json(const Event& event, const EventRecorderOptions& options, WallTime now);

/// The merge patch that says that the event has now happened `count` times (at least 2).
[[nodiscard]] std::string series_patch(std::int32_t count, WallTime now);

/// How often an event that is there already has happened, from its JSON text; 1 when it does not say.
[[nodiscard]] std::int32_t series_count(std::string_view event_json);

}  // namespace evenkeel::kube
