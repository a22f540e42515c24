#include "evenkeel/kube/resource.hpp"

#include "evenkeel/http/client.hpp"

namespace evenkeel::kube {

std::string to_string(const Resource& resource) {
  if (resource.group.empty()) return resource.plural + "/" + resource.version;
  return resource.plural + "." + resource.group + "/" + resource.version;
}

std::string collection_path(const Resource& resource, std::string_view ns) {
  std::string path = resource.group.empty() ? "/api/" : "/apis/" + resource.group + "/";
  path += resource.version;
  if (!ns.empty()) path += "/namespaces/" + http::percent_encode(ns);
  return path + "/" + resource.plural;
}

std::string object_path(const Resource& resource, const ObjectKey& key, std::string_view subresource) {
  std::string path = collection_path(resource, key.ns) + "/" + http::percent_encode(key.name);
  if (!subresource.empty()) path += "/" + std::string{subresource};
  return path;
}

}  // namespace evenkeel::kube
