# Every room links this; the list is what has found mistakes here.
add_library(evenkeel_warnings INTERFACE)
target_compile_options(evenkeel_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wimplicit-fallthrough -Wextra-semi -Wno-missing-field-initializers)
# A range-for over a temporary that is gone once crashed the shipped build and no other: sanitizers are not at -O2. There
# the optimiser of g++ sees it, and the build ends. No false alarm in this tree.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(evenkeel_warnings INTERFACE -Werror=dangling-pointer)
endif()
if(EVENKEEL_WERROR)
  target_compile_options(evenkeel_warnings INTERFACE -Werror)
endif()
