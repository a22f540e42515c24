#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "evenkeel/base/apportion.hpp"
#include "evenkeel/base/object_key.hpp"

#include "providers.hpp"

namespace evenkeel::routing {
namespace {

using nlohmann::json;

constexpr Capabilities kGatewayApi{.provider = "gateway-api",
                                   .kind = "HTTPRoute",
                                   .api_version = "gateway.networking.k8s.io/v1",
                                   .weight_max = 1'000'000,
                                   .granularity = 1000};

/// A backendRef that refers to one of our backends.
struct Ref {
  std::size_t index = 0;    ///< In the rule's backendRefs.
  std::size_t backend = 0;  ///< In the list of backends.
  std::int32_t weight = 1;  ///< As it stands; 1 is what the API takes an absent one for.
  bool has_weight = false;
};

/// A rule with at least one backendRef of ours.
struct Rule {
  std::size_t index = 0;
  std::vector<Ref> refs;
  bool has_foreign_refs = false;

  [[nodiscard]] std::string path() const { return "spec.rules[" + std::to_string(index) + "]"; }
  [[nodiscard]] std::int32_t live_sum() const {
    return std::accumulate(
        refs.begin(), refs.end(), 0, [](std::int32_t sum, const Ref& ref) { return sum + ref.weight; });
  }
};

std::string text_at(const json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string{};
}

/// Whether a port of a backendRef is that of a serviceRef. HTTPRoutes know ports by number only, so a
/// serviceRef with a named port, like one without a port, means the Service at any port.
bool port_matches(const json& ref, const std::string& port) {
  const bool is_number =
      !port.empty() && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  const auto member = ref.find("port");
  if (!is_number || member == ref.end() || !member->is_number_integer()) return true;
  return std::to_string(member->get<std::int64_t>()) == port;
}

/// The backend that a backendRef refers to; backends.size() when it is none of ours.
std::size_t backend_of(const json& ref, const std::string& ns, std::span<const BackendShare> backends) {
  const auto kind = text_at(ref, "kind");
  const auto ref_ns = text_at(ref, "namespace");
  const bool is_service = (kind.empty() || kind == "Service") && text_at(ref, "group").empty();
  if (!is_service || (!ref_ns.empty() && ref_ns != ns)) return backends.size();
  const auto name = text_at(ref, "name");
  const auto match = std::ranges::find_if(backends, [&](const BackendShare& backend) {
    return !name.empty() && backend.service.name == name && port_matches(ref, backend.service.port);
  });
  return static_cast<std::size_t>(match - backends.begin());
}

std::int32_t weight_of(const json& weight) {
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(weight.get<std::int64_t>(), 0, kGatewayApi.weight_max));
}

/// A route object taken apart, or why it cannot be managed.
class RouteReader {
 public:
  RouteReader(const api::Route& route, const api::RouteObject& object, std::span<const BackendShare> backends)
      : route_{route},
        object_{object},
        backends_{backends} {}

  Result<std::vector<Rule>> rules(const json& document) {
    std::vector<Rule> managed;
    bool found_name = false;
    const auto& list = rule_list(document);
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!route_.rule_name.empty() && text_at(list[i], "name") != route_.rule_name) continue;
      found_name = true;
      auto rule = read_rule(list[i], i);
      if (!rule.ok()) return rule.error();
      if (!rule->refs.empty()) managed.push_back(*std::move(rule));
    }
    if (!route_.rule_name.empty() && !found_name) {
      return error(".ruleName",
                   "has no rule named " + route_.rule_name + ": name one of its rules, or remove ruleName");
    }
    if (managed.empty()) {
      return error("",
                   "has no rule that refers to a backend's Service (" + services() +
                       "): add them to the backendRefs, or correct serviceRef");
    }
    return managed;
  }

 private:
  static const json& rule_list(const json& document) {
    static const json kNone = json::array();
    const auto spec = document.find("spec");
    if (spec == document.end()) return kNone;
    const auto rules = spec->find("rules");
    return rules == spec->end() || !rules->is_array() ? kNone : *rules;
  }

  Result<Rule> read_rule(const json& node, std::size_t index) {
    Rule rule{.index = index};
    const auto refs = node.find("backendRefs");
    if (refs == node.end() || !refs->is_array()) return rule;
    for (std::size_t i = 0; i < refs->size(); ++i) {
      const auto& node_ref = (*refs)[i];
      Ref ref{.index = i, .backend = backend_of(node_ref, object_.key.ns, backends_)};
      if (const auto weight = node_ref.find("weight");
          weight != node_ref.end() && weight->is_number_integer()) {
        ref.weight = weight_of(*weight);
        ref.has_weight = true;
      }
      if (ref.backend == backends_.size()) {
        rule.has_foreign_refs = true;
        continue;
      }
      if (std::ranges::find(rule.refs, ref.backend, &Ref::backend) != rule.refs.end()) {
        return error("",
                     "refers to Service " + backends_[ref.backend].service.name + " twice in " + rule.path() +
                         ": remove one of the two, or give serviceRef a port that tells them apart");
      }
      rule.refs.push_back(ref);
    }
    return rule;
  }

  [[nodiscard]] std::string services() const {
    std::string names;
    for (const auto& backend : backends_) names += (names.empty() ? "" : ", ") + backend.service.name;
    return names;
  }

  [[nodiscard]] Error error(const std::string& field, const std::string& what) const {
    return {ErrorKind::Invalid,
            "spec.routes[name=\"" + route_.name + "\"]" + field + ": HTTPRoute " + to_string(object_.key) +
                " " + what};
  }

  const api::Route& route_;
  const api::RouteObject& object_;
  std::span<const BackendShare> backends_;
};

/// The weights of one rule as they should be, in the order of its refs.
struct Wanted {
  std::vector<std::int32_t> weights;
  std::string left_alone;  ///< Why the rule keeps its weights; empty otherwise.
  bool is_coarse = false;  ///< The whole numbers miss a share by more than a point.
};

/// Whether the live weights say the same as `shares` to within one unit of our granularity, and the same
/// about who gets nothing. Writing 800/200 over 4/1 would only make work for the layer.
bool is_as_wanted(const Rule& rule, const std::vector<double>& shares, double share_sum) {
  const double live_sum = rule.live_sum();
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const auto weight = rule.refs[i].weight;
    if ((weight == 0) != (shares[i] <= 0)) return false;
    if (std::abs(weight / live_sum - shares[i] / share_sum) * kGatewayApi.granularity >= 1) return false;
  }
  return true;
}

std::vector<std::int32_t> live_weights(const Rule& rule) {
  std::vector<std::int32_t> weights;
  weights.reserve(rule.refs.size());
  for (const auto& ref : rule.refs) weights.push_back(ref.weight);
  return weights;
}

Wanted make_wanted(const Rule& rule, std::span<const BackendShare> backends) {
  std::vector<double> shares;
  for (const auto& ref : rule.refs) {
    const double share = backends[ref.backend].share;
    shares.push_back(std::isfinite(share) ? std::max(share, 0.0) : 0.0);
  }
  const double share_sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  Wanted wanted{.weights = live_weights(rule)};
  if (share_sum <= 0) {
    wanted.left_alone = rule.path() + ": none of the backends that it names is fit, so its weights stay";
    return wanted;
  }
  // What others of the rule get is theirs to say: ours share what ours had.
  const std::int32_t total = rule.has_foreign_refs ? rule.live_sum() : kGatewayApi.granularity;
  if (total == 0) {
    wanted.left_alone = rule.path() +
                        ": all our backendRefs have weight 0 beside others that are not ours, so they stay: "
                        "give ours weights above 0, like 500 each";
    return wanted;
  }
  auto weights = apportion(shares, total);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (std::abs(static_cast<double>(weights[i]) / total - shares[i] / share_sum) > 0.01)
      wanted.is_coarse = true;
  }
  if (!is_as_wanted(rule, shares, share_sum)) wanted.weights = std::move(weights);
  return wanted;
}

/// JSON Patch operations for one object. A test that fails tells that the object is not the one that we read.
class PatchWriter {
 public:
  explicit PatchWriter(const json& object) {
    const auto metadata = object.find("metadata");
    if (metadata == object.end()) return;
    if (auto version = text_at(*metadata, "resourceVersion"); !version.empty()) {
      operations_.push_back(
          {{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", std::move(version)}});
    }
  }

  void set_weight(const Rule& rule, const Ref& ref, const std::string& service, std::int32_t weight) {
    const auto path =
        "/spec/rules/" + std::to_string(rule.index) + "/backendRefs/" + std::to_string(ref.index);
    operations_.push_back({{"op", "test"}, {"path", path + "/name"}, {"value", service}});
    operations_.push_back(
        {{"op", ref.has_weight ? "replace" : "add"}, {"path", path + "/weight"}, {"value", weight}});
    is_empty_ = false;
  }

  [[nodiscard]] bool is_empty() const { return is_empty_; }
  [[nodiscard]] std::string text() const { return operations_.dump(); }

 private:
  json operations_ = json::array();
  bool is_empty_ = true;
};

void append_change(std::string& text, const std::string& backend, std::int32_t from, std::int32_t to) {
  if (!text.empty()) text += ", ";
  text += backend + " " + std::to_string(from) + " -> " + std::to_string(to);
}

class HttpRouteProvider final : public Provider {
 public:
  [[nodiscard]] const Capabilities& capabilities() const override { return kGatewayApi; }

  [[nodiscard]] Result<RoutePlan> plan(const api::Route& route,
                                       const api::RouteObject& object,
                                       std::span<const BackendShare> shares) const override {
    const auto document = json::parse(object.json, nullptr, false);
    const auto rules = RouteReader{route, object, shares}.rules(document);
    if (!rules.ok()) return rules.error();
    RoutePlan result;
    PatchWriter patch{document};
    std::string changes;
    for (const auto& rule : *rules) {
      const auto wanted = make_wanted(rule, shares);
      if (!wanted.left_alone.empty()) result.left_alone.push_back(wanted.left_alone);
      if (wanted.is_coarse) {
        result.approximated.push_back(
            rule.path() + ": the weights of our backendRefs add up to " + std::to_string(rule.live_sum()) +
            " beside others, too few for these shares: scale all weights of the rule up");
      }
      std::string rule_changes;
      for (std::size_t i = 0; i < rule.refs.size(); ++i) {
        const auto& ref = rule.refs[i];
        const auto& backend = shares[ref.backend];
        result.live_weights.emplace(backend.name, ref.weight);
        result.encoded_weights.emplace(backend.name, wanted.weights[i]);
        if (wanted.weights[i] == ref.weight) continue;
        patch.set_weight(rule, ref, backend.service.name, wanted.weights[i]);
        append_change(rule_changes, backend.name, ref.weight, wanted.weights[i]);
      }
      if (!rule_changes.empty()) changes += (changes.empty() ? "" : "; ") + rule.path() + ": " + rule_changes;
    }
    if (patch.is_empty()) return result;
    result.action = api::Action{.api_version = std::string{kGatewayApi.api_version},
                                .kind = std::string{kGatewayApi.kind},
                                .key = object.key,
                                .patch_type = api::PatchType::Json,
                                .patch = patch.text(),
                                .reason = "weights of " + changes};
    return result;
  }

  [[nodiscard]] std::map<std::string, double> live_shares(
      const api::Route& route,
      const api::RouteObject& object,
      std::span<const BackendShare> backends) const override {
    const auto rules = RouteReader{route, object, backends}.rules(json::parse(object.json, nullptr, false));
    if (!rules.ok()) return {};
    // Rules that name only some of the backends tell nothing of the others: the fullest ones count.
    std::size_t most = 0;
    for (const auto& rule : *rules) {
      if (rule.live_sum() > 0) most = std::max(most, rule.refs.size());
    }
    std::map<std::string, double> shares;
    double counted = 0;
    for (const auto& rule : *rules) {
      const double sum = rule.live_sum();
      if (sum <= 0 || rule.refs.size() < most) continue;
      for (const auto& ref : rule.refs) shares[backends[ref.backend].name] += 100.0 * ref.weight / sum;
      ++counted;
    }
    for (auto& [name, share] : shares) share /= counted;
    return shares;
  }
};

}  // namespace

const Provider& http_route_provider() {
  static const HttpRouteProvider kProvider;
  return kProvider;
}

}  // namespace evenkeel::routing
