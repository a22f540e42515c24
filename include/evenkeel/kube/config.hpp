#pragma once

#include <filesystem>
#include <string>

#include "evenkeel/base/result.hpp"
#include "evenkeel/http/client.hpp"

namespace evenkeel::kube {

/// Where the API server is and who we are to it.
struct Config {
  std::string server;         ///< `https://host:port[/prefix]`
  std::string ns{"default"};  ///< The namespace to use where none is named.
  http::Tls tls{};
  std::string token{};       ///< A fixed bearer token. Secret: never logged.
  std::string token_file{};  ///< Wins over `token`; read again when the file changes and after a 401.
  std::string source{};      ///< For logs: where this came from.
};

/// Reads one context of a kubeconfig file; `context` empty means its current-context.
///
/// Understood: certificate-authority(-data), tls-server-name, insecure-skip-tls-verify,
/// client-certificate(-data), client-key(-data), token, tokenFile, namespace. Relative paths are relative to
/// the file.
/// @return NotFound when there is no such file; Invalid, naming file, field and remedy, for everything that
/// cannot be
///         used: exec and auth-provider plugins, username and password, proxy-url, impersonation, wrong
///         types, duplicate keys.
Result<Config> load_kubeconfig(const std::filesystem::path& file, const std::string& context = {});

/// What a pod knows of its cluster.
struct InCluster {
  std::string host;  ///< KUBERNETES_SERVICE_HOST
  std::string port;  ///< KUBERNETES_SERVICE_PORT
  std::filesystem::path service_account_dir{"/var/run/secrets/kubernetes.io/serviceaccount"};
};

/// Configuration from the pod's service account. An IPv6 host becomes `kubernetes.default.svc`, which every
/// API server's certificate carries, because the transport cannot dial IPv6 literals.
/// @return Invalid, naming the variable or file that is missing and the remedy.
Result<Config> load_in_cluster(const InCluster& pod);

}  // namespace evenkeel::kube
