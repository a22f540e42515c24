#include "repository.hpp"

namespace evenkeel::testing_support {

std::filesystem::path repository() {
  return EVENKEEL_SOURCE_DIR;
}

}  // namespace evenkeel::testing_support
