#include "nonsense.hpp"

#include <vector>

namespace evenkeel::property {
namespace {

Json hostile_number(Random& random) {
  switch (random.between(0, 7)) {
    case 0:
      return 1e300;
    case 1:
      return 0;
    case 2:
      return -3;
    case 3:
      return 2'147'483'647;
    case 4:
      return -2'147'483'648LL;
    case 5:
      return 5e-324;
    case 6:
      return 1'000'000;
    default:
      return 1e15;
  }
}

Json hostile_value(Random& random) {
  return random.chance(50) ? Json(random.one_of({"NaN", "+Inf", "-Inf"})) : hostile_number(random);
}

/// Pointers to everything below `tree` that is neither an object nor an array.
void leaves(const Json& tree, const Json::json_pointer& at, std::vector<Json::json_pointer>& found) {
  if (!tree.is_structured()) {
    found.push_back(at);
    return;
  }
  std::size_t index = 0;
  for (auto item = tree.begin(); item != tree.end(); ++item, ++index)
    leaves(*item, tree.is_object() ? at / item.key() : at / index, found);
}

void spoil_sample(Json& sample, Random& random) {
  switch (random.between(0, 5)) {
    case 0:
    case 1:
    case 2:
      sample["value"] = hostile_value(random);
      break;
    case 3:
      sample["time"] =
          random.one_of({"2026-06-01T00:00:00Z", "1999-01-01T00:00:00Z", "2261-12-31T00:00:00Z"});
      break;
    case 4:
      sample["contributors"] = random.one_of({0, 1, 1'000'000});
      break;
    default:
      sample["windowSeconds"] = random.one_of({0, 1, 1'000'000});
  }
}

void spoil_backend(Json& seen, Random& random) {
  switch (random.between(0, 6)) {
    case 0:
      seen["specReplicas"] = random.one_of({-1, 0, 1'000'000, 2'147'483'647});
      break;
    case 1:
      seen["endpoints"]["ready"] = random.one_of({-1, 0, 1'000'000, 2'147'483'647});
      break;
    case 2:
      seen["weight"] = random.one_of<Json>({0, 1e300, 500, 100, nullptr, -5});
      break;
    case 3:
      seen["observedWeight"] = random.one_of<Json>({0, 1e300, 500, nullptr});
      break;
    case 4:
      seen.erase("endpoints");
      break;
    case 5:
      seen["statusReplicas"] = random.one_of({-1, 0, 2'147'483'647});
      break;
    default:
      seen = Json::object();
  }
}

}  // namespace

void blind(Json& line, Random& random) {
  auto& metrics = line["metrics"];
  if (random.chance(3)) metrics = Json::object();
  for (auto& [name, metric] : metrics.items()) {
    if (random.chance(3)) metric["samples"] = Json::array();
    if (random.chance(3)) metric["error"] = "the source is not there";
    auto& samples = metric["samples"];
    if (samples.size() > 1 && random.chance(3)) samples.erase(random.next() % samples.size());
  }
}

void put_nonsense(Json& line, Random& random) {
  for (auto& [name, metric] : line["metrics"].items()) {
    for (auto& sample : metric["samples"]) {
      if (random.chance(5)) spoil_sample(sample, random);
    }
    if (!metric["samples"].empty() && random.chance(3))
      metric["samples"].push_back(Json(metric["samples"].front()));
  }
  for (auto& [name, seen] : line["backends"].items()) {
    if (random.chance(4)) spoil_backend(seen, random);
  }
  if (random.chance(2)) line["backends"]["nobody"] = {{"specReplicas", 3}, {"weight", 40}};
  if (random.chance(1)) line["backends"].erase(line["backends"].begin());
}

void spoil_memory(Json& line, const std::string& memory, Random& random) {
  auto known = Json::parse(memory, nullptr, false);
  std::vector<Json::json_pointer> places;
  leaves(known, Json::json_pointer{}, places);
  switch (random.between(0, 5)) {
    case 0:
      line["memory"] = Json::object();
      return;
    case 1:
      line["memory"] = random.one_of<Json>({"nothing of ours", 42, Json::array(), Json{{"version", 999}}});
      return;
    default:
      break;
  }
  for (int i = random.between(1, 4); i > 0 && !places.empty(); --i) {
    auto& place = known[random.one_of(places)];
    if (place.is_string()) {
      place = random.one_of({"2261-12-31T00:00:00Z", "1700-01-01T00:00:00Z", "", "x"});
    } else {
      place = random.chance(80) ? hostile_number(random) : Json(nullptr);
    }
  }
  line["memory"] = std::move(known);
}

}  // namespace evenkeel::property
