#include "evenkeel/api/snapshot.hpp"

#include <cmath>
#include <limits>
#include <unordered_map>

#include "json_field.hpp"
#include "service_reader.hpp"

namespace evenkeel::api {
namespace {

void read_requests(const Field& field, std::map<std::string, Quantity>& requests) {
  field.each_member([&](std::string_view name, const Field& member) {
    std::optional<Quantity> quantity;
    member.read_quantity(quantity);
    if (quantity) requests.emplace(name, *quantity);
  });
}

Pod read_pod(const Field& field) {
  Pod pod;
  field["name"].read_text(pod.name);
  field["phase"].read_text(pod.phase);
  field["ready"].read_flag(pod.ready);
  field["deleted"].read_flag(pod.deleted);
  field["revision"].read_text(pod.revision);
  field["startTime"].read_time(pod.start_time);
  field["readyTransitionTime"].read_time(pod.ready_transition_time);
  read_requests(field["requests"], pod.requests);
  const Field containers = field["containers"];
  containers.each_item([&](const Field& item) {
    auto& container = pod.containers.emplace_back();
    item["name"].read_text(container.name);
    read_requests(item["requests"], container.requests);
  });
  return pod;
}

BackendObservation read_backend(const Field& field) {
  BackendObservation backend;
  // Counts below 0 are read: they make no sense, and what becomes of them is the decision's to say.
  field["specReplicas"].read_signed(backend.spec_replicas);
  field["statusReplicas"].read_signed(backend.status_replicas);
  field["readyReplicas"].read_signed(backend.ready_replicas);
  field["updatedReplicas"].read_signed(backend.updated_replicas);
  field["rollout"].read_flag(backend.rollout);
  if (const Field endpoints = field["endpoints"]; endpoints.present()) {
    auto& counts = backend.endpoints.emplace();
    endpoints["ready"].read_signed(counts.ready);
    endpoints["total"].read_signed(counts.total);
  }
  field["weight"].read_number(backend.weight);
  field["observedWeight"].read_number(backend.observed_weight);
  field["observedWeightTime"].read_time(backend.observed_weight_time);
  const Field pods = field["pods"];
  pods.each_item([&](const Field& pod) { backend.pods.push_back(read_pod(pod)); });
  return backend;
}

/// JSON has no words for what Prometheus may answer, so they come as text.
double read_value(const Field& field) {
  std::string_view text;
  double number = 0;
  if (!field.present()) {
    field.complain("must be given");
  } else if (field.value().get(number) == simdjson::SUCCESS) {
    return number;
  } else if (field.value().get(text) == simdjson::SUCCESS && text == "NaN") {
    return std::numeric_limits<double>::quiet_NaN();
  } else if (text == "+Inf" || text == "-Inf") {
    return std::copysign(std::numeric_limits<double>::infinity(), text == "-Inf" ? -1.0 : 1.0);
  } else {
    field.complain("must be a number, \"NaN\", \"+Inf\" or \"-Inf\"");
  }
  return 0;
}

Sample read_sample(const Field& field) {
  Sample sample;
  field["labels"].read_texts(sample.labels);
  sample.value = read_value(field["value"]);
  field["time"].read_time(sample.time);
  std::optional<std::int32_t> window;
  field["windowSeconds"].read_signed(window);
  // No time to look back over is no window; one below 0 makes no sense, which is the decision's to say.
  if (window && *window != 0) sample.window = std::chrono::seconds{*window};
  field["weight"].read_number(sample.weight);
  field["contributors"].read_signed(sample.contributors);
  return sample;
}

MetricReading read_metric(const Field& field) {
  MetricReading reading;
  const Field samples = field["samples"];
  samples.each_item([&](const Field& sample) { reading.samples.push_back(read_sample(sample)); });
  if (const Field error = field["error"]; error.present()) error.read_text(reading.error.emplace());
  return reading;
}

Settings read_settings(const Field& field) {
  Settings settings;
  field["cpuInitializationSeconds"].read_seconds(settings.cpu_initialization);
  field["initialReadinessDelaySeconds"].read_seconds(settings.initial_readiness_delay);
  field["downscaleStabilizationSeconds"].read_seconds(settings.downscale_stabilization);
  std::optional<Quantity> tolerance;
  field["tolerance"].read_quantity(tolerance);
  if (tolerance && tolerance->milli() < 0) field["tolerance"].complain("must be 0 or more");
  if (tolerance) settings.tolerance = *tolerance;
  field["frozen"].read_flag(settings.frozen);
  return settings;
}

RouteObject read_route(const Field& field) {
  RouteObject route;
  field["kind"].read_text(route.kind);
  if (route.kind.empty()) field["kind"].complain("must be given");
  route.key = read_metadata(field).key;
  route.json = field.json();
  return route;
}

void read_observations(const Field& root, Snapshot& snapshot) {
  const Field backends = root["backends"];
  backends.each_member([&](std::string_view name, const Field& backend) {
    snapshot.backends.emplace(name, read_backend(backend));
  });
  const Field metrics = root["metrics"];
  metrics.each_member([&](std::string_view name, const Field& metric) {
    // A metric that is null was not read, as if it were absent.
    if (metric.present()) snapshot.metrics.emplace(name, read_metric(metric));
  });
  if (const Field memory = root["memory"]; memory.present()) snapshot.memory = memory.json();
  root["restored"].read_flag(snapshot.restored);
  snapshot.settings = read_settings(root["settings"]);
  const Field routes = root["routes"];
  routes.each_item([&](const Field& route) { snapshot.routes.push_back(read_route(route)); });
}

}  // namespace

/// Admitting a spec costs many times the reading of the rest, and a stream repeats few specs, so the last
/// ones are kept by their text.
struct SnapshotReader::State {
  static constexpr std::size_t kMaxSpecs = 1024;

  Result<Spec> spec_of(const Field& field) {
    auto text = field.json();
    const auto known = specs.find(text);
    if (known != specs.end()) return known->second;
    auto spec = admit(field, UnknownFields::Refuse);
    if (!spec.ok()) return spec;
    // Beyond the bound all go: simpler than an order of age, and as quick again after a thousand lines.
    if (specs.size() >= kMaxSpecs) specs.clear();
    specs.emplace(std::move(text), *spec);
    return spec;
  }

  JsonDocument document;
  std::unordered_map<std::string, Spec> specs;
};

SnapshotReader::SnapshotReader() : state_{std::make_unique<State>()} {}
SnapshotReader::~SnapshotReader() = default;

Result<Snapshot> SnapshotReader::read(std::string_view json) {
  const auto parsed = state_->document.parse(json);
  if (!parsed.ok()) return parsed.error();
  Complaint complaint;
  const Field root{*parsed, complaint};
  Snapshot snapshot;
  std::optional<WallTime> now;
  root["now"].read_time(now);
  if (!root["now"].present()) root["now"].complain("must be given, a time in RFC 3339");
  const Field service = root["service"];
  if (!service.present()) service.complain("must be given, a LoadBalancedService");
  check_type(service);
  snapshot.service = with_metadata(read_metadata(service));
  if (!complaint.empty()) return complaint.error();
  snapshot.now = *now;
  auto spec = state_->spec_of(service["spec"]);
  if (!spec.ok()) return spec.error();
  snapshot.service.spec = *std::move(spec);
  read_observations(root, snapshot);
  if (!complaint.empty()) return complaint.error();
  return snapshot;
}

Result<Snapshot> parse_snapshot(std::string_view json) {
  return SnapshotReader{}.read(json);
}

}  // namespace evenkeel::api
