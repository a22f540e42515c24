#include "shrink.hpp"

#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

namespace evenkeel::property {
namespace {

using Json = nlohmann::json;
using Pointer = Json::json_pointer;
using Lines = std::vector<Json>;

std::vector<std::string> printed(const Lines& lines) {
  std::vector<std::string> texts;
  texts.reserve(lines.size());
  for (const auto& line : lines) texts.push_back(line.dump());
  return texts;
}

/// Everything inside `tree`, outer parts first.
void places(const Json& tree, const Pointer& at, std::vector<Pointer>& found) {
  if (!at.empty()) found.push_back(at);
  if (!tree.is_structured()) return;
  std::size_t index = 0;
  for (auto item = tree.begin(); item != tree.end(); ++item, ++index)
    places(*item, tree.is_object() ? at / item.key() : at / index, found);
}

/// Takes away what `at` points to; false when there is nothing.
bool erase_at(Json& tree, const Pointer& at) {
  if (!tree.contains(at)) return false;
  auto& parent = tree[at.parent_pointer()];
  if (parent.is_object()) {
    parent.erase(at.back());
  } else {
    parent.erase(std::stoul(at.back()));
  }
  return true;
}

/// A simpler number in the place of another.
bool simplify_at(Json& tree, const Pointer& at, int kind) {
  if (!tree.contains(at) || !tree[at].is_number()) return false;
  auto& place = tree[at];
  const double value = place.get<double>();
  const Json simpler = kind == 0 ? Json(0) : kind == 1 ? Json(1) : Json(std::round(value));
  if (simpler == place) return false;
  place = simpler;
  return true;
}

class Shrinker {
 public:
  Shrinker(Lines lines, const std::string& rule, int budget)
      : lines_{std::move(lines)},
        rule_{rule},
        budget_{budget} {}

  Lines run() {
    while (budget_ > 0) {
      const bool fewer = drop_lines();
      const bool smaller = change_everywhere() || change_single();
      if (!fewer && !smaller) break;
    }
    return lines_;
  }

 private:
  bool keep_if_failing(Lines candidate) {
    if (--budget_ < 0) return false;
    const auto failure = first_failure(printed(candidate), rule_);
    if (!failure) return false;
    candidate.resize(failure->line + 1);
    lines_ = std::move(candidate);
    return true;
  }

  /// Runs of lines, long ones first.
  bool drop_lines() {
    bool any = false;
    for (std::size_t run = lines_.size() / 2; run >= 1; run /= 2) {
      for (std::size_t at = 0; at + run <= lines_.size() && lines_.size() > 1;) {
        auto candidate = lines_;
        const auto begin = candidate.begin() + static_cast<std::ptrdiff_t>(at);
        candidate.erase(begin, begin + static_cast<std::ptrdiff_t>(run));
        if (candidate.empty() || !keep_if_failing(std::move(candidate))) {
          at += run;
        } else {
          any = true;
        }
      }
    }
    return any;
  }

  template <class Change>
  bool try_everywhere(Change change) {
    auto candidate = lines_;
    bool changed = false;
    for (auto& line : candidate) changed = change(line) || changed;
    return changed && keep_if_failing(std::move(candidate));
  }

  /// The same change on every line, so that the spec stays one spec.
  bool change_everywhere() {
    bool any = false;
    std::vector<Pointer> all;
    places(lines_.back(), Pointer{}, all);
    for (const auto& at : all) {
      if (budget_ <= 0) break;
      if (try_everywhere([&](Json& line) { return erase_at(line, at); })) {
        any = true;
        continue;
      }
      for (int kind = 0; kind < 3; ++kind) {
        if (try_everywhere([&](Json& line) { return simplify_at(line, at, kind); })) {
          any = true;
          break;
        }
      }
    }
    return any;
  }

  /// What one line alone can do without.
  bool change_single() {
    bool any = false;
    for (std::size_t i = 0; i < lines_.size() && budget_ > 0; ++i) {
      std::vector<Pointer> all;
      places(lines_[i], Pointer{}, all);
      for (const auto& at : all) {
        if (i >= lines_.size() || budget_ <= 0) break;
        auto candidate = lines_;
        if (erase_at(candidate[i], at) && keep_if_failing(std::move(candidate))) any = true;
      }
    }
    return any;
  }

  Lines lines_;
  const std::string& rule_;
  int budget_;
};

}  // namespace

std::vector<std::string> shrink(const std::vector<std::string>& lines, const std::string& rule, int budget) {
  Lines parsed;
  for (const auto& line : lines) parsed.push_back(Json::parse(line, nullptr, false));
  return printed(Shrinker{std::move(parsed), rule, budget}.run());
}

}  // namespace evenkeel::property
