# A decision is some hundred small objects that live for microseconds. jemalloc takes two thirds to nine tenths of
# the time that glibc's allocator makes of it (docs/performance.md); sanitizers bring an allocator of their own.
add_library(evenkeel_allocator INTERFACE)
if(EVENKEEL_JEMALLOC)
  find_library(EVENKEEL_JEMALLOC_LIBRARY jemalloc REQUIRED)
  target_link_libraries(evenkeel_allocator INTERFACE ${EVENKEEL_JEMALLOC_LIBRARY})
endif()
