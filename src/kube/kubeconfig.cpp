#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "evenkeel/kube/config.hpp"

#include "yaml_section.hpp"

namespace evenkeel::kube {
namespace {

constexpr std::size_t kFileBytesMax = std::size_t{4} << 20U;

/// Standard base64 with padding; line ends are skipped.
std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos || padding > 0) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xffU);
    }
  }
  if (padding > 2 || count == 6) return std::nullopt;
  return out;
}

/// `<key>-data` in base64, or the file that `<key>` names, relative to the kubeconfig.
http::Pem read_pem(const YamlSection& section,
                   const std::string& key,
                   const std::filesystem::path& directory) {
  http::Pem pem;
  if (const auto data = section.text(key + "-data"); !data.empty()) {
    const auto decoded = decode_base64(data);
    if (!decoded || decoded->empty()) {
      throw FileFault{section.name_of(key + "-data") + ": must be base64 of a PEM text"};
    }
    pem.data = *decoded;
  }
  if (const auto file = section.text(key); !file.empty()) pem.file = (directory / file).string();
  return pem;
}

void refuse(const YamlSection& section, const std::string& key, const std::string& remedy) {
  if (section.has(key)) throw FileFault{section.name_of(key) + ": is not supported; " + remedy};
}

void read_cluster(const YamlSection& cluster, const std::filesystem::path& directory, Config& config) {
  refuse(cluster, "proxy-url", "use a server address that can be reached without a proxy");
  config.server = cluster.text("server");
  if (config.server.empty()) {
    throw FileFault{cluster.name_of("server") + ": is missing; give the address of the API server"};
  }
  config.tls.ca = read_pem(cluster, "certificate-authority", directory);
  config.tls.server_name = cluster.text("tls-server-name");
  config.tls.insecure = cluster.flag("insecure-skip-tls-verify");
  if (config.tls.insecure && !config.tls.ca.empty()) {
    throw FileFault{cluster.name_of("insecure-skip-tls-verify") +
                    ": contradicts certificate-authority; remove one of the two"};
  }
}

void read_user(const YamlSection& user, const std::filesystem::path& directory, Config& config) {
  const std::string use_token =
      "use a token, a tokenFile or a client certificate (kubectl create token makes one)";
  refuse(user, "exec", use_token);
  refuse(user, "auth-provider", use_token);
  refuse(user, "username", use_token);
  refuse(user, "password", use_token);
  refuse(user, "as", "use the credentials of the identity itself");
  refuse(user, "as-uid", "use the credentials of the identity itself");
  refuse(user, "as-groups", "use the credentials of the identity itself");
  config.tls.client_certificate = read_pem(user, "client-certificate", directory);
  config.tls.client_key = read_pem(user, "client-key", directory);
  if (config.tls.client_certificate.empty() != config.tls.client_key.empty()) {
    throw FileFault{user.name_of(config.tls.client_key.empty() ? "client-key" : "client-certificate") +
                    ": is missing; a certificate and its key go together"};
  }
  config.token = user.text("token");
  if (const auto file = user.text("tokenFile"); !file.empty())
    config.token_file = (directory / file).string();
}

Config read_context(const YamlSection& root, std::string name, const std::filesystem::path& file) {
  if (name.empty()) name = root.text("current-context");
  if (name.empty()) {
    throw FileFault{"current-context: is missing; set it (kubectl config use-context) or name a context"};
  }
  const auto context = root.entry("contexts", name, "context");
  const auto directory = std::filesystem::absolute(file).parent_path();
  Config config;
  config.source = "context " + name + " of " + file.string();
  if (const auto ns = context.text("namespace"); !ns.empty()) config.ns = ns;
  const auto cluster = context.text("cluster");
  if (cluster.empty()) throw FileFault{context.name_of("cluster") + ": is missing; name one of the clusters"};
  read_cluster(root.entry("clusters", cluster, "cluster"), directory, config);
  if (const auto user = context.text("user"); !user.empty()) {
    read_user(root.entry("users", user, "user"), directory, config);
  }
  return config;
}

}  // namespace

Result<Config> load_kubeconfig(const std::filesystem::path& file, const std::string& context) {
  const auto fail = [&](ErrorKind kind, const std::string& why) {
    return Error{kind, "kubeconfig " + file.string() + ": " + why};
  };
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return fail(ErrorKind::NotFound, "there is no such file; check --kubeconfig or KUBECONFIG");
  }
  std::ifstream stream{file, std::ios::binary};
  if (!stream || std::filesystem::is_directory(file, ignored)) {
    return fail(ErrorKind::Invalid, "cannot be read; check that it is a file and who may read it");
  }
  if (std::filesystem::file_size(file, ignored) > kFileBytesMax) {
    return fail(ErrorKind::Invalid, "is larger than 4 MiB; is it a kubeconfig?");
  }
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  try {
    return read_context(YamlSection{YAML::Load(text), ""}, context, file);
  } catch (const FileFault& fault) {
    return fail(ErrorKind::Invalid, fault.what());
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::Invalid, std::string{"is not YAML: "} + error.what());
  }
}

}  // namespace evenkeel::kube
