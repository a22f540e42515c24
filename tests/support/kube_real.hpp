#pragma once

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include <unistd.h>

#include "evenkeel/base/clock.hpp"
#include "evenkeel/kube/api_client.hpp"
#include "evenkeel/kube/config.hpp"

namespace evenkeel::testing {

/// The real API server of the contract tests, and a namespace in it for this run.
class RealApiServer {
 public:
  /// Throws what a person needs to read when there is no API server.
  static RealApiServer& instance() {
    static RealApiServer server;
    return server;
  }

  [[nodiscard]] const kube::Config& config() const { return config_; }
  [[nodiscard]] const std::string& kubeconfig() const { return kubeconfig_; }
  [[nodiscard]] const std::string& ns() const { return ns_; }
  [[nodiscard]] kube::ApiClient& client() { return *client_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] kube::Call within(std::chrono::seconds time) const {
    return {.deadline = clock_.monotonic() + time};
  }

  /// What kubectl prints, on either stream.
  std::string kubectl(const std::string& arguments) const {
    const std::string command = kubectl_ + " --kubeconfig=" + kubeconfig_ + " " + arguments + " 2>&1";
    // NOLINTNEXTLINE(bugprone-command-processor): the test's own words; a shell joins the streams.
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe{::popen(command.c_str(), "r"), ::pclose};
    std::string output;
    std::array<char, 4096> buffer{};
    while (const auto count = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
      output.append(buffer.data(), count);
    return output;
  }

  /// Another client of the same server.
  [[nodiscard]] std::unique_ptr<kube::ApiClient> connect(const kube::Config& config) const {
    auto client = kube::ApiClient::create(config, {.requests_per_second = 1000, .burst = 1000}, clock_);
    if (!client.ok()) throw std::runtime_error{client.error().message};
    return std::move(*client);
  }

 private:
  RealApiServer() : ns_{"evenkeel-contract-" + std::to_string(::getpid())} {
    kubeconfig_ = environment("EVENKEEL_TEST_KUBECONFIG", "");
    if (kubeconfig_.empty()) {
      throw std::runtime_error{
          "EVENKEEL_TEST_KUBECONFIG is not set: it must name the kubeconfig of an API server that the tests "
          "may use. "
          "Run them through 'python3 -m tests.support.kube_contract PROGRAM', which starts one."};
    }
    auto config = kube::load_kubeconfig(kubeconfig_);
    if (!config.ok()) throw std::runtime_error{config.error().message};
    config_ = *config;
    client_ = connect(config_);
    const auto made =
        client_->create("/api/v1/namespaces",
                        R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")" + ns_ + R"("}})",
                        within(std::chrono::seconds{60}));
    if (!made.ok()) throw std::runtime_error{"making the namespace of the tests: " + made.error().message};
  }

  static std::string environment(const char* name, const char* otherwise) {
    // Before any test has started a thread.
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? otherwise : value;
  }

  SystemClock clock_;
  std::string kubectl_{environment("EVENKEEL_TEST_KUBECTL", "kubectl")};
  std::string kubeconfig_;
  std::string ns_;
  kube::Config config_;
  std::unique_ptr<kube::ApiClient> client_;
};

}  // namespace evenkeel::testing
