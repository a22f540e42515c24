#include "token_source.hpp"

#include <fstream>
#include <iterator>

namespace evenkeel::kube {
namespace {

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

Result<std::string> TokenSource::authorization() {
  if (file_.empty()) return fixed_.empty() ? std::string{} : "Bearer " + fixed_;
  return cached_.with([this](Cached& cached) { return read_if_changed(cached); });
}

Result<std::string> TokenSource::read_if_changed(Cached& cached) const {
  struct stat now{};
  const bool is_there = ::stat(file_.c_str(), &now) == 0;
  if (is_there && (!cached.seen || !is_same_file(*cached.seen, now))) {
    std::ifstream stream{file_, std::ios::binary};
    std::string token{std::istreambuf_iterator<char>{stream}, {}};
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) {
      token.pop_back();
    }
    if (!token.empty()) cached = {std::move(token), now};
  }
  // A file that is being replaced may be away for a moment; the old token is good for a while.
  if (!cached.token.empty()) return "Bearer " + cached.token;
  return Error{
      ErrorKind::Invalid,
      "token file " + file_ + ": cannot be read or is empty; check that it exists and who may read it"};
}

void TokenSource::forget() {
  cached_.with([](Cached& cached) { cached.seen.reset(); });
}

}  // namespace evenkeel::kube
