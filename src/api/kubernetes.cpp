#include "evenkeel/api/kubernetes.hpp"

#include "json_field.hpp"
#include "metadata.hpp"

namespace evenkeel::api {
namespace {

void append_term(std::string& selector, std::string_view term) {
  if (!selector.empty()) selector += ',';
  selector += term;
}

/// One of matchExpressions in selector syntax.
void append_expression(std::string& selector, const Field& expression) {
  std::string key;
  std::string op;
  std::string values;
  expression["key"].read_text(key);
  expression["operator"].read_text(op);
  const Field list = expression["values"];
  list.each_item([&](const Field& item) {
    std::string value;
    item.read_text(value);
    if (!values.empty()) values += ',';
    values += value;
  });
  if (op == "In") return append_term(selector, key + " in (" + values + ")");
  if (op == "NotIn") return append_term(selector, key + " notin (" + values + ")");
  if (op == "Exists") return append_term(selector, key);
  if (op == "DoesNotExist") return append_term(selector, "!" + key);
  expression.complain("operator must be In, NotIn, Exists or DoesNotExist");
}

std::string read_selector(const Field& selector) {
  std::string text;
  const Field labels = selector["matchLabels"];
  labels.each_member([&](std::string_view name, const Field& label) {
    std::string value;
    label.read_text(value);
    append_term(text, std::string{name} + "=" + value);
  });
  const Field expressions = selector["matchExpressions"];
  expressions.each_item([&](const Field& expression) { append_expression(text, expression); });
  return text;
}

EndpointSlice::Endpoint read_endpoint(const Field& field) {
  EndpointSlice::Endpoint endpoint;
  const Field target = field["targetRef"];
  target["uid"].read_text(endpoint.id);
  const Field addresses = field["addresses"];
  addresses.each_item([&](const Field& address) {
    if (endpoint.id.empty()) address.read_text(endpoint.id);
  });
  // The API says that an absent `ready` is to be taken as ready.
  endpoint.ready = true;
  const Field conditions = field["conditions"];
  conditions["ready"].read_flag(endpoint.ready);
  return endpoint;
}

}  // namespace

Result<Deployment> parse_deployment(std::string_view json) {
  JsonDocument document;
  const auto parsed = document.parse(json);
  if (!parsed.ok()) return parsed.error();
  Complaint complaint;
  const Field root{*parsed, complaint};
  Deployment deployment;
  const auto metadata = read_metadata(root);
  deployment.key = metadata.key;
  const Field spec = root["spec"];
  spec["replicas"].read_count(deployment.spec_replicas);
  const Field selector = spec["selector"];
  deployment.selector = read_selector(selector);
  const Field status = root["status"];
  status["replicas"].read_count(deployment.status_replicas);
  status["readyReplicas"].read_count(deployment.ready_replicas);
  status["updatedReplicas"].read_count(deployment.updated_replicas);
  std::int64_t observed_generation = 0;
  status["observedGeneration"].read_whole(observed_generation);
  // Unlike `kubectl rollout status`, pods that are not created or not available yet are no roll-out: after
  // scaling up, or while pods fail, all pods that exist still run the newest template.
  deployment.rollout =
      observed_generation < metadata.generation || deployment.updated_replicas < deployment.status_replicas;
  if (!complaint.empty()) return complaint.error();
  return deployment;
}

Result<EndpointSlice> parse_endpoint_slice(std::string_view json) {
  JsonDocument document;
  const auto parsed = document.parse(json);
  if (!parsed.ok()) return parsed.error();
  Complaint complaint;
  const Field root{*parsed, complaint};
  EndpointSlice slice;
  slice.key = read_metadata(root).key;
  const Field metadata = root["metadata"];
  const Field labels = metadata["labels"];
  labels["kubernetes.io/service-name"].read_text(slice.service);
  const Field endpoints = root["endpoints"];
  endpoints.each_item([&](const Field& endpoint) { slice.endpoints.push_back(read_endpoint(endpoint)); });
  if (!complaint.empty()) return complaint.error();
  return slice;
}

}  // namespace evenkeel::api
