# Every room links this; the list is what has found mistakes here.
add_library(evenkeel_warnings INTERFACE)
target_compile_options(evenkeel_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wimplicit-fallthrough -Wextra-semi -Wno-missing-field-initializers)
# A range-for over a temporary that is gone once crashed the shipped build and no other: sanitizers do not
# optimise as much. There the optimiser of g++ sees it, and the build ends. No false alarm in this tree.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(evenkeel_warnings INTERFACE -Werror=dangling-pointer)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # Says of "literal" + std::string, at -O3, that it overlaps itself (GCC bug 105329).
    target_compile_options(evenkeel_warnings INTERFACE -Wno-restrict)
  endif()
endif()
if(EVENKEEL_WERROR)
  target_compile_options(evenkeel_warnings INTERFACE -Werror)
endif()
