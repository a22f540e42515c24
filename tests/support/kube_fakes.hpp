#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <stdlib.h>

#include "evenkeel/base/clock.hpp"

namespace evenkeel::testing {

/// A folder that is there for one test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "evenkeel-kube-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"cannot make a temporary folder"};
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  /// Writes a file in place, or, as kubelet does with projected files, as a new one under the old name.
  std::filesystem::path write(const std::string& name, std::string_view text) const {
    const auto file = path_ / name;
    const auto fresh = path_ / (name + ".new");
    std::ofstream{fresh} << text;
    std::filesystem::rename(fresh, file);
    return file;
  }

 private:
  std::filesystem::path path_;
};

/// Words that threads leave in order, and that a test waits for.
class Journal {
 public:
  void add(std::string word) {
    const std::scoped_lock lock{mutex_};
    words_.push_back(std::move(word));
    changed_.notify_all();
  }
  [[nodiscard]] std::vector<std::string> words() const {
    const std::scoped_lock lock{mutex_};
    return words_;
  }
  /// Waits until `word` has been left `times` times. @return false when that takes longer than 20 s.
  [[nodiscard]] bool wait_for(const std::string& word, int times = 1) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{20}, [&] {
      int found = 0;
      for (const auto& have : words_) found += have == word ? 1 : 0;
      return found >= times;
    });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> words_;
};

}  // namespace evenkeel::testing
