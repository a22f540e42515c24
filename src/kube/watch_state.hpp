#pragma once

#include <string>
#include <utility>
#include <variant>

namespace evenkeel::kube {

// The protocol of following a collection, without sockets, threads or time. A "place" is a resourceVersion:
// opaque, good for nothing but to be handed back.

struct NeedsList {
  friend bool operator==(const NeedsList&, const NeedsList&) = default;
};
struct NeedsWatch {
  std::string place;
  friend bool operator==(const NeedsWatch&, const NeedsWatch&) = default;
};
struct Following {
  std::string place;
  friend bool operator==(const Following&, const Following&) = default;
};
using WatchState = std::variant<NeedsList, NeedsWatch, Following>;

/// A list has been read completely.
struct ListDone {
  std::string place;
};
/// The server has accepted a watch.
struct StreamOpened {};
/// An event or a bookmark has been handled.
struct PlaceMoved {
  std::string place;
};
/// The server has forgotten our place (410), or sends from there what we cannot read.
struct PlaceLost {};
/// The stream is over, for whatever other reason: resume where it was.
struct StreamEnded {};
using WatchInput = std::variant<ListDone, StreamOpened, PlaceMoved, PlaceLost, StreamEnded>;

/// The place that a state holds; empty when it holds none.
[[nodiscard]] inline std::string place_of(const WatchState& state) {
  if (const auto* needs = std::get_if<NeedsWatch>(&state)) return needs->place;
  if (const auto* following = std::get_if<Following>(&state)) return following->place;
  return {};
}

/// What to do after `input`. An input that makes no sense in a state leaves it as it is.
[[nodiscard]] inline WatchState next(const WatchState& state, const WatchInput& input) {
  if (std::holds_alternative<PlaceLost>(input)) return NeedsList{};
  if (const auto* list = std::get_if<ListDone>(&input)) return NeedsWatch{list->place};
  if (std::holds_alternative<NeedsList>(state)) return state;
  if (std::holds_alternative<StreamOpened>(input)) return Following{place_of(state)};
  if (std::holds_alternative<StreamEnded>(input)) return NeedsWatch{place_of(state)};
  if (const auto* moved = std::get_if<PlaceMoved>(&input);
      moved && std::holds_alternative<Following>(state)) {
    return Following{moved->place};
  }
  return state;
}

}  // namespace evenkeel::kube
