# evenkeel_room(<room> [DEPS <room>...] [LIBS <target>...] [PUBLIC_LIBS <target>...])
#
# Declares one room of the house (docs/architecture.md): the static library evenkeel_<room> with the alias
# evenkeel::<room> from src/<room>/*.cpp, and, when tests are built, the test program unit_<room> from
# tests/unit/<room>/*_test.cpp. DEPS are rooms; LIBS are third-party libraries used inside the room only,
# PUBLIC_LIBS those that its public headers need.
find_package(Threads REQUIRED)
# Rooms without I/O, threads, clock, logging or globals.
set(EVENKEEL_CORE base api scaling balancing failover routing plan)

function(evenkeel_room room)
  cmake_parse_arguments(ROOM "" "" "DEPS;LIBS;PUBLIC_LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${room}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(evenkeel_${room} STATIC ${sources})
  add_library(evenkeel::${room} ALIAS evenkeel_${room})
  target_include_directories(evenkeel_${room} PUBLIC ${CMAKE_SOURCE_DIR}/include
                                              PRIVATE ${CMAKE_SOURCE_DIR}/src/${room})
  list(TRANSFORM ROOM_DEPS PREPEND evenkeel::)
  target_link_libraries(evenkeel_${room} PUBLIC ${ROOM_DEPS} ${ROOM_PUBLIC_LIBS} Threads::Threads
                                         PRIVATE evenkeel_warnings ${ROOM_LIBS})
  if(EVENKEEL_COVERAGE AND room IN_LIST EVENKEEL_CORE)
    # They let a fuzzer see where it has been.
    target_compile_options(evenkeel_${room} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  if(EVENKEEL_TESTS)
    evenkeel_test_program(unit_${room} LABEL unit DIRECTORY ${CMAKE_SOURCE_DIR}/tests/unit/${room}
                          LIBS evenkeel::${room} ${ROOM_LIBS})
    if(TARGET unit_${room})
      target_include_directories(unit_${room} PRIVATE ${CMAKE_SOURCE_DIR}/src/${room})
    endif()
  endif()
endfunction()

if(EVENKEEL_TESTS)
  add_library(evenkeel_test_support STATIC ${CMAKE_SOURCE_DIR}/tests/support/repository.cpp)
  target_include_directories(evenkeel_test_support PUBLIC ${CMAKE_SOURCE_DIR}/tests/support)
  target_compile_definitions(evenkeel_test_support PRIVATE EVENKEEL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(evenkeel_test_support PRIVATE evenkeel_warnings)
endif()

# evenkeel_test_program(<target> LABEL <ctest label> DIRECTORY <dir> [LIBS <target>...] [PROPERTIES ...])
# One GoogleTest program from every *_test.cpp of a folder; each test is a ctest of its own.
function(evenkeel_test_program target)
  cmake_parse_arguments(TEST "" "LABEL;DIRECTORY" "LIBS;PROPERTIES" ${ARGN})
  file(GLOB tests CONFIGURE_DEPENDS ${TEST_DIRECTORY}/*_test.cpp)
  if(NOT tests)
    return()
  endif()
  add_executable(${target} ${tests})
  target_link_libraries(${target} PRIVATE evenkeel_warnings ${TEST_LIBS} evenkeel_test_support
                                          GTest::gmock GTest::gtest_main)
  # The rooms do the work: tests that are optimised as well take twice as long to compile.
  target_compile_options(${target} PRIVATE -O0)
  # NO_PRETTY_VALUES: table rows carry their own names; printed bytes would make names differ between runs.
  gtest_discover_tests(${target} NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS ${TEST_LABEL} ${TEST_PROPERTIES})
endfunction()
