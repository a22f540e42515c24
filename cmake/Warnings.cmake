# Every room links this; the list is what has found mistakes here.
add_library(evenkeel_warnings INTERFACE)
target_compile_options(evenkeel_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wimplicit-fallthrough -Wextra-semi -Wno-missing-field-initializers)
if(EVENKEEL_WERROR)
  target_compile_options(evenkeel_warnings INTERFACE -Werror)
endif()
