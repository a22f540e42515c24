#include <fstream>
#include <iterator>
#include <string>

#include "evenkeel/kube/config.hpp"

namespace evenkeel::kube {
namespace {

Error missing(const std::string& what) {
  return Error{ErrorKind::Invalid,
               what + ": is missing; run in a pod that mounts a service account token, or give --kubeconfig"};
}

std::string read_trimmed(const std::filesystem::path& file) {
  std::ifstream stream{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{stream}, {}};
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

Result<Config> load_in_cluster(const InCluster& pod) {
  if (pod.host.empty()) return missing("environment variable KUBERNETES_SERVICE_HOST");
  if (pod.port.empty()) return missing("environment variable KUBERNETES_SERVICE_PORT");
  const auto token = pod.service_account_dir / "token";
  const auto ca = pod.service_account_dir / "ca.crt";
  for (const auto& file : {token, ca}) {
    if (read_trimmed(file).empty()) return missing("file " + file.string());
  }
  // A literal cannot be dialled; every API server's certificate carries this name, and cluster DNS knows it.
  const bool is_ipv6 = pod.host.find(':') != std::string::npos;
  Config config;
  config.server = "https://" + (is_ipv6 ? "kubernetes.default.svc" : pod.host) + ":" + pod.port;
  config.token_file = token.string();
  config.tls.ca.file = ca.string();
  if (auto ns = read_trimmed(pod.service_account_dir / "namespace"); !ns.empty()) config.ns = ns;
  config.source = "service account in " + pod.service_account_dir.string();
  return config;
}

}  // namespace evenkeel::kube
