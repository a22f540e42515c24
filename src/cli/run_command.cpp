#include "run_command.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "evenkeel/api/validate.hpp"
#include "evenkeel/base/clock.hpp"
#include "evenkeel/controller/operator.hpp"
#include "evenkeel/kube/api_client.hpp"
#include "evenkeel/kube/config.hpp"
#include "evenkeel/kube/event_recorder.hpp"
#include "evenkeel/ops/log.hpp"
#include "evenkeel/ops/server.hpp"
#include "evenkeel/signals/prometheus.hpp"

#include "config.hpp"
#include "evenkeel_commit.hpp"
#include "evenkeel_version.hpp"
#include "time_zone_files.hpp"

namespace evenkeel::cli {
namespace {

/// What the command line says; what is empty was not given.
struct RunFlags {
  std::string config;
  std::string kubeconfig;
  std::string context;
  std::optional<std::string> prometheus_url;
  std::optional<int> tick_seconds;
  std::optional<int> workers;
  std::optional<std::string> listen;
  std::optional<std::string> log_level;
  std::vector<std::string> watch_namespaces;
};

int fail(std::ostream& err, int code, const std::string& message) {
  err << "evenkeel run: " << message << "\n";
  return code;
}

Result<Config> effective_config(const RunFlags& flags) {
  Config config;
  if (!flags.config.empty()) {
    auto loaded = load_config(flags.config);
    if (!loaded.ok()) return loaded;
    config = *std::move(loaded);
  }
  if (flags.prometheus_url) config.prometheus_url = *flags.prometheus_url;
  if (flags.tick_seconds) config.tick = std::chrono::seconds{*flags.tick_seconds};
  if (flags.workers) config.workers = static_cast<std::size_t>(*flags.workers);
  if (flags.listen) config.listen = *flags.listen;
  // The parser has checked the word.
  if (flags.log_level) config.log_level = ops::parse_level(*flags.log_level).value_or(config.log_level);
  if (!flags.watch_namespaces.empty()) config.watch_namespaces = flags.watch_namespaces;
  return config;
}

std::string environment(const char* name) {
  // Before any thread is started.
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::string{} : std::string{value};
}

Result<kube::Config> cluster_config(const RunFlags& flags) {
  if (!flags.kubeconfig.empty()) return kube::load_kubeconfig(flags.kubeconfig, flags.context);
  const kube::InCluster pod{.host = environment("KUBERNETES_SERVICE_HOST"),
                            .port = environment("KUBERNETES_SERVICE_PORT")};
  if (pod.host.empty()) {
    return Error{ErrorKind::Invalid,
                 "no way to the API server: KUBERNETES_SERVICE_HOST is not set, so this is no pod; give "
                 "--kubeconfig FILE"};
  }
  return kube::load_in_cluster(pod);
}

}  // namespace

std::string instance_name() {
  // The manifests hand it in: a host name is cut at 63 characters, and on the host's network it is the
  // node's.
  if (auto pod = environment("POD_NAME"); !pod.empty()) return pod;
  std::array<char, 129> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string{name.data()} : std::string{"evenkeel"};
}

namespace {

/// Turns SIGTERM and SIGINT into a stop request. They are blocked for the whole process by the constructor,
/// which therefore has to come before any other thread.
class SignalStop {
 public:
  explicit SignalStop(const ops::Logger& log) : log_{log} {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    // A peer that has gone is an error of the write, not the end of the process.
    (void)std::signal(SIGPIPE, SIG_IGN);
    waiter_ = std::jthread{[this](const std::stop_token& end) { wait(end); }};
  }

  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

 private:
  void wait(const std::stop_token& end) {
    constexpr timespec kHalfSecond{.tv_sec = 0, .tv_nsec = 500'000'000};
    while (!end.stop_requested()) {
      const int signal = sigtimedwait(&signals_, nullptr, &kHalfSecond);
      if (signal <= 0) continue;
      log_.info("stopping", {{"signal", std::int64_t{signal}}});
      stop_.request_stop();
      return;
    }
  }

  const ops::Logger& log_;
  sigset_t signals_{};
  std::stop_source stop_;
  std::jthread waiter_;
};

controller::Options operator_options(const Config& config) {
  controller::Options options;
  options.tick = config.tick;
  options.query_timeout = config.prometheus_timeout;
  options.workers = config.workers;
  options.watch_namespaces = config.watch_namespaces;
  options.presets = config.presets;
  options.time_zones = load_time_zones();
  options.schema_revision = api::schema_revision();
  options.seed = std::hash<std::string>{}(instance_name()) ^ static_cast<std::size_t>(getpid());
  return options;
}

void log_start(const ops::Logger& log, const Config& config, const kube::Config& cluster) {
  std::string presets;
  for (const auto& [name, preset] : config.presets) presets += (presets.empty() ? "" : ",") + name;
  std::string namespaces;
  for (const auto& ns : config.watch_namespaces) namespaces += (namespaces.empty() ? "" : ",") + ns;
  log.info("starting",
           {{"version", kVersion},
            {"revision", kCommit},
            {"server", cluster.server},
            {"identity", cluster.source},
            {"prometheus", config.prometheus_url},
            {"timeoutSeconds", std::int64_t{config.prometheus_timeout.count()}},
            {"tickSeconds", std::int64_t{config.tick.count()}},
            {"workers", static_cast<std::int64_t>(config.workers)},
            {"listen", config.listen},
            {"watchNamespaces", namespaces},
            {"presets", presets}});
}

/// Wires the parts together and works until told to stop.
int serve(const Config& config, const kube::Config& cluster, std::ostream& err) {
  const SystemClock clock;
  const ops::Logger log{config.log_level, clock};
  const SignalStop signals{log};
  auto api = kube::ApiClient::create(cluster, {}, clock);
  if (!api.ok()) return fail(err, kUnreachable, api.error().message);
  auto source = signals::make_prometheus_source({.url = config.prometheus_url}, clock);
  if (!source.ok()) return fail(err, kBadInput, source.error().message);

  ops::Metrics metrics{{.version = kVersion, .revision = kCommit}};
  kube::EventRecorder events{**api, {.instance = instance_name()}, clock};
  controller::Operator the_operator{{.api = **api,
                                     .list_watch = **api,
                                     .events = events,
                                     .signals = **source,
                                     .metrics = metrics,
                                     .log = log,
                                     .clock = clock},
                                    operator_options(config)};
  const auto server = ops::Server::start(config.listen,
                                         {.metrics = [&] { return the_operator.scrape(); },
                                          .healthz = [&] { return the_operator.healthz(); },
                                          .readyz = [&] { return the_operator.readyz(); }});
  if (!server.ok()) {
    return fail(
        err, server.error().kind == ErrorKind::Invalid ? kBadInput : kUnreachable, server.error().message);
  }
  log_start(log, config, cluster);
  the_operator.run(signals.token());
  log.info("stopped");
  return kDone;
}

int run(const RunFlags& flags, std::ostream& err) {
  const auto config = effective_config(flags);
  if (!config.ok()) return fail(err, kBadInput, config.error().message);
  const auto cluster = cluster_config(flags);
  if (!cluster.ok()) return fail(err, kUnreachable, cluster.error().message);
  return serve(*config, *cluster, err);
}

}  // namespace

Runner declare_run(CLI::App& app) {
  const auto flags = std::make_shared<RunFlags>();
  app.add_option(
      "--config", flags->config, "Configuration file (docs/configuration.md); a flag wins over it");
  app.add_option("--kubeconfig",
                 flags->kubeconfig,
                 "How to reach the API server; default: as the pod's service account");
  app.add_option("--context", flags->context, "Context of the kubeconfig; default: its current-context");
  app.add_option("--prometheus-url", flags->prometheus_url, "Root of Prometheus' HTTP API");
  app.add_option("--tick", flags->tick_seconds, "Seconds between two readings of the signals")
      ->check(CLI::Range(1, 300));
  app.add_option("--workers", flags->workers, "Objects decided at once")->check(CLI::Range(1, 64));
  app.add_option("--listen", flags->listen, "address:port for metrics and probes");
  app.add_option("--log-level", flags->log_level, "Least severity that is logged")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  app.add_option(
      "--watch-namespace", flags->watch_namespaces, "Namespace to look after; repeat it; default: all");
  return [flags](Streams& streams) { return run(*flags, streams.err); };
}

}  // namespace evenkeel::cli
