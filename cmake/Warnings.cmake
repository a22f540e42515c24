# Every room links this. The list is what has found mistakes here; docs/decisions has no quarrel with more.
add_library(evenkeel_warnings INTERFACE)
target_compile_options(evenkeel_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wimplicit-fallthrough -Wextra-semi -Wno-missing-field-initializers)
if(EVENKEEL_WERROR)
  target_compile_options(evenkeel_warnings INTERFACE -Werror)
endif()
