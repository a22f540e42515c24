#include "evenkeel/kube/config.hpp"

#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube_fakes.hpp"

namespace evenkeel::kube {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kGood = R"(
apiVersion: v1
kind: Config
current-context: here
contexts:
- name: here
  context: {cluster: local, user: admin, namespace: store}
- name: there
  context: {cluster: remote, user: robot}
clusters:
- name: local
  cluster:
    server: https://127.0.0.1:6443
    certificate-authority-data: Q0E=
    tls-server-name: kubernetes
- name: remote
  cluster: {server: "https://api.example:443", certificate-authority: pki/ca.crt}
users:
- name: admin
  user: {client-certificate-data: Q0VSVA==, client-key: keys/admin.key}
- name: robot
  user: {token: fixed, tokenFile: token}
)";

Result<Config> load(const std::string& text, const std::string& context = {}) {
  const evenkeel::testing::TemporaryFolder folder;
  return load_kubeconfig(folder.write("config", text), context);
}

TEST(Kubeconfig, ReadsTheCurrentContext) {
  const evenkeel::testing::TemporaryFolder folder;
  const auto config = load_kubeconfig(folder.write("config", kGood));
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->server, "https://127.0.0.1:6443");
  EXPECT_EQ(config->ns, "store");
  EXPECT_EQ(config->tls.ca.data, "CA");
  EXPECT_EQ(config->tls.server_name, "kubernetes");
  EXPECT_EQ(config->tls.client_certificate.data, "CERT");
  EXPECT_EQ(config->tls.client_key.file, (folder.path() / "keys/admin.key").string());
  EXPECT_FALSE(config->tls.insecure);
}

TEST(Kubeconfig, ReadsANamedContext) {
  const evenkeel::testing::TemporaryFolder folder;
  const auto config = load_kubeconfig(folder.write("config", kGood), "there");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->server, "https://api.example:443");
  EXPECT_EQ(config->ns, "default");
  EXPECT_EQ(config->tls.ca.file, (folder.path() / "pki/ca.crt").string());
  EXPECT_EQ(config->token, "fixed");
  EXPECT_EQ(config->token_file, (folder.path() / "token").string());
}

struct Row {
  std::string name;
  std::string replace;  ///< This part of the good file ...
  std::string by;       ///< ... becomes this.
  std::string want;     ///< What the error says.
};
void PrintTo(const Row& row, std::ostream* os) {
  *os << row.name;
}

class BadKubeconfig : public ::testing::TestWithParam<Row> {};

TEST_P(BadKubeconfig, IsRefusedWithFieldAndRemedy) {
  const Row& row = GetParam();
  std::string text = kGood;
  const auto at = text.find(row.replace);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, row.replace.size(), row.by);
  const auto config = load(text);
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(config.error().message,
              AllOf(HasSubstr("kubeconfig /"), HasSubstr("/config: "), HasSubstr(row.want)));
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    BadKubeconfig,
    ::testing::Values(
        Row{"NoCurrentContext", "current-context: here", "x: y", "current-context: is missing; set it"},
        Row{"UnknownContext",
            "current-context: here",
            "current-context: gone",
            "contexts: has no entry named \"gone\""},
        Row{"UnknownCluster", "cluster: local", "cluster: gone", "clusters: has no entry named \"gone\""},
        Row{"UnknownUser", "user: admin", "user: gone", "users: has no entry named \"gone\""},
        Row{"NoServer", "server: https://127.0.0.1:6443", "x: y", "clusters[0].cluster.server: is missing"},
        Row{"BadBase64", "Q0E=", "\"***\"", "clusters[0].cluster.certificate-authority-data: must be base64"},
        Row{"ExecPlugin",
            "client-key: keys/admin.key",
            "exec: {command: aws}",
            "users[0].user.exec: is not supported; use a token, a tokenFile or a client certificate"},
        Row{"AuthProvider",
            "client-key: keys/admin.key",
            "auth-provider: {name: oidc}",
            "users[0].user.auth-provider"},
        Row{"Password",
            "client-key: keys/admin.key",
            "password: x",
            "users[0].user.password: is not supported"},
        Row{"Impersonation", "client-key: keys/admin.key", "as: root", "users[0].user.as: is not supported"},
        Row{"CertificateWithoutKey",
            ", client-key: keys/admin.key",
            "",
            "users[0].user.client-key: is missing"},
        Row{"Proxy", "tls-server-name: kubernetes", "proxy-url: http://p", "clusters[0].cluster.proxy-url"},
        Row{"InsecureAndAuthority",
            "tls-server-name: kubernetes",
            "insecure-skip-tls-verify: true",
            "insecure-skip-tls-verify: contradicts certificate-authority"},
        Row{"NotAFlag",
            "tls-server-name: kubernetes",
            "insecure-skip-tls-verify: maybe",
            "insecure-skip-tls-verify: must be true or false"},
        Row{"TwiceTheSameKey",
            "current-context: here",
            "current-context: here\ncurrent-context: there",
            "is there twice"},
        Row{"ListForText",
            "tls-server-name: kubernetes",
            "tls-server-name: [a]",
            "tls-server-name: must be a text"},
        Row{"TextForMapping",
            "user: {client-certificate-data: Q0VSVA==, client-key: keys/admin.key}",
            "user: text",
            "users[0].user: must be a mapping"},
        Row{"TextForList",
            "contexts:\n- name: here\n  context: {cluster: local, user: admin, namespace: store}\n- name: "
            "there\n  context: {cluster: remote, user: robot}",
            "contexts: text",
            "contexts: must be a list"},
        Row{"NotYaml", "current-context: here", "current-context: [", "is not YAML"}),
    [](const auto& row) { return row.param.name; });

TEST(Kubeconfig, TellsAMissingFileFromABadOne) {
  const auto config = load_kubeconfig("/nonexistent/config");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(config.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(config.error().message, AllOf(HasSubstr("/nonexistent/config"), HasSubstr("--kubeconfig")));
}

TEST(Kubeconfig, AFolderIsNotAFile) {
  const evenkeel::testing::TemporaryFolder folder;
  EXPECT_EQ(load_kubeconfig(folder.path()).error().kind, ErrorKind::Invalid);
}

class InClusterConfig : public ::testing::Test {
 protected:
  void write_all() {
    folder.write("token", "t");
    folder.write("ca.crt", "CA");
    folder.write("namespace", "evenkeel-system\n");
  }
  Result<Config> load(const std::string& host, const std::string& port = "443") {
    return load_in_cluster({.host = host, .port = port, .service_account_dir = folder.path()});
  }
  evenkeel::testing::TemporaryFolder folder;
};

TEST_F(InClusterConfig, IsTheServiceAccount) {
  write_all();
  const auto config = load("10.96.0.1");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->server, "https://10.96.0.1:443");
  EXPECT_EQ(config->ns, "evenkeel-system");
  EXPECT_EQ(config->token_file, (folder.path() / "token").string());
  EXPECT_EQ(config->tls.ca.file, (folder.path() / "ca.crt").string());
}

TEST_F(InClusterConfig, AnIpv6HostGivesWayToTheNameThatEveryServerHas) {
  write_all();
  EXPECT_EQ(load("fd00::1", "6443")->server, "https://kubernetes.default.svc:6443");
}

TEST_F(InClusterConfig, NamesWhatIsMissing) {
  EXPECT_THAT(load("").error().message,
              AllOf(HasSubstr("KUBERNETES_SERVICE_HOST"), HasSubstr("--kubeconfig")));
  EXPECT_THAT(load("10.0.0.1", "").error().message, HasSubstr("KUBERNETES_SERVICE_PORT"));
  EXPECT_THAT(load("10.0.0.1").error().message, HasSubstr((folder.path() / "token").string()));
  folder.write("token", "t");
  EXPECT_THAT(load("10.0.0.1").error().message, HasSubstr((folder.path() / "ca.crt").string()));
}

}  // namespace
}  // namespace evenkeel::kube
