# Compiling is most of the waiting on a small machine, and a fresh clone has nothing else to reuse.
find_program(EVENKEEL_CCACHE ccache)
if(EVENKEEL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # base_dir and no directory in the hash: two clones of the same sources share their objects.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${EVENKEEL_CCACHE})
endif()
