#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

/// The shop as the API server would print it: two backends, a route, and the object that declares them.
namespace evenkeel::testing {

inline nlohmann::json deployment(const std::string& name, int replicas, int ready) {
  return {{"apiVersion", "apps/v1"},
          {"kind", "Deployment"},
          {"metadata", {{"namespace", "store"}, {"name", name}}},
          {"spec", {{"replicas", replicas}, {"selector", {{"matchLabels", {{"app", name}}}}}}},
          {"status",
           {{"replicas", ready},
            {"readyReplicas", ready},
            {"updatedReplicas", ready},
            {"observedGeneration", 1}}}};
}

inline nlohmann::json service(const std::string& name) {
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", {{"namespace", "store"}, {"name", name}}},
          {"spec", {{"ports", {{{"port", 80}}}}}}};
}

/// One slice of `total` endpoints, the first `ready` of which are ready.
inline nlohmann::json endpoint_slice(const std::string& service, int ready, int total) {
  nlohmann::json endpoints = nlohmann::json::array();
  for (int i = 0; i < total; ++i) {
    endpoints.push_back(
        {{"addresses", {"10.0.0." + std::to_string(i + 1)}},
         {"conditions", {{"ready", i < ready}, {"serving", i < ready}, {"terminating", false}}},
         {"targetRef", {{"kind", "Pod"}, {"uid", service + std::to_string(i)}}}});
  }
  return {{"apiVersion", "discovery.k8s.io/v1"},
          {"kind", "EndpointSlice"},
          {"metadata",
           {{"namespace", "store"},
            {"name", service + "-x"},
            {"labels", {{"kubernetes.io/service-name", service}}}}},
          {"addressType", "IPv4"},
          {"endpoints", std::move(endpoints)}};
}

inline nlohmann::json http_route(const std::string& name, int blue, int green) {
  return {{"apiVersion", "gateway.networking.k8s.io/v1"},
          {"kind", "HTTPRoute"},
          {"metadata", {{"namespace", "store"}, {"name", name}, {"annotations", {{"owner", "shop team"}}}}},
          {"spec",
           {{"parentRefs", {{{"name", "gateway"}}}},
            {"rules",
             {{{"matches", {{{"path", {{"type", "PathPrefix"}, {"value", "/"}}}}}},
               {"backendRefs",
                {{{"name", "shop-blue"}, {"port", 80}, {"weight", blue}},
                 {{"name", "shop-green"}, {"port", 80}, {"weight", green}}}}}}}}}};
}

/// The weights of the first rule of a route, "blue/green".
inline std::string weights_of(const nlohmann::json& route) {
  const auto& refs = route.at("spec").at("rules").at(0).at("backendRefs");
  return std::to_string(refs.at(0).at("weight").get<int>()) + "/" +
         std::to_string(refs.at(1).at("weight").get<int>());
}

inline nlohmann::json shop(const std::string& name = "shop") {
  const auto backend = [](const std::string& colour, int tier) {
    return nlohmann::json{
        {"name", colour},
        {"tier", tier},
        {"weight", 100},
        {"workloadRef", {{"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"name", "shop-" + colour}}},
        {"serviceRef", {{"name", "shop-" + colour}, {"port", 80}}}};
  };
  return {{"apiVersion", "evenkeel.dev/v1alpha1"},
          {"kind", "LoadBalancedService"},
          {"metadata", {{"namespace", "store"}, {"name", name}}},
          {"spec",
           {{"mode", "Enforce"},
            {"backends", {backend("blue", 0), backend("green", 1)}},
            {"routes", {{{"name", "pages"}, {"kind", "HTTPRoute"}, {"objectName", "shop"}}}},
            {"scaling",
             {{"minReplicas", 2},
              {"maxReplicas", 10},
              {"metrics",
               {{{"name", "rps"},
                 {"preset", "RequestsPerSecond"},
                 {"scope", "Service"},
                 {"target", {{"type", "AverageValue"}, {"value", "20"}}}}}},
              {"behavior", {{"scaleDown", {{"stabilizationWindowSeconds", 15}}}}}}}}}};
}

}  // namespace evenkeel::testing
