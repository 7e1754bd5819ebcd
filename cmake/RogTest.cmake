# SPDX-License-Identifier: Apache-2.0

# Tests with a lab each have their own (tests/in-own-lab), or where that cannot be, one after the other.
execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tests/in-own-lab --possible RESULT_VARIABLE rog_one_lab
  OUTPUT_QUIET ERROR_QUIET)
function(rog_test_has_lab test)
  if(NOT rog_one_lab EQUAL 0)
    set_tests_properties(${test} PROPERTIES RESOURCE_LOCK lab)
  endif()
endfunction()

# rog_unit_test(NAME SOURCES... LIBS targets... [TIMEOUT seconds] [LAB])
# A cmocka program tests/unit/NAME_test.c (or the given sources), run by CTest as unit/NAME. LAB: with a
# lab of its own.
function(rog_unit_test name)
  cmake_parse_arguments(T "LAB" "TIMEOUT" "SOURCES;LIBS" ${ARGN})
  set(own_lab "")
  if(T_LAB)
    set(own_lab ${PROJECT_SOURCE_DIR}/tests/in-own-lab)
  endif()
  if(NOT T_SOURCES)
    set(T_SOURCES ${name}_test.c)
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  add_executable(test_${name} ${T_SOURCES})
  target_link_libraries(test_${name} PRIVATE ${T_LIBS} PkgConfig::CMOCKA m)
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME unit/${name} COMMAND ${own_lab} $<TARGET_FILE:test_${name}>)
  set_tests_properties(unit/${name} PROPERTIES
    TIMEOUT ${T_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "ROG_TEST_DATA=${PROJECT_SOURCE_DIR}/tests/data;ROG_PLUGIN_PATH=${PROJECT_BINARY_DIR}/lib/rog/plugins;ROG_SHARED_DATA=${PROJECT_SOURCE_DIR}/../shared/data")
  if(T_LAB)
    rog_test_has_lab(unit/${name})
  endif()
endfunction()

# rog_test_loads_sanitizers(NAME): for a test in which a program that knows nothing of sanitizers (a
# Python) loads a library of the build; that program's own leaks are not ours.
# A shell crashes with libtsan before its first command (setjmp): with ThreadSanitizer scripts are left out.
function(rog_test_loads_sanitizers name)
  if("${ROG_SANITIZE}" MATCHES "thread" AND "${name}" MATCHES "^system/")
    set_tests_properties(${name} PROPERTIES DISABLED TRUE)
    return()
  endif()
  set(libraries "")
  foreach(pair address:asan undefined:ubsan thread:tsan)
    string(REPLACE ":" ";" pair ${pair})
    list(GET pair 0 sanitizer)
    list(GET pair 1 library)
    if("${ROG_SANITIZE}" MATCHES "${sanitizer}")
      execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=lib${library}.so
        OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE)
      list(APPEND libraries ${path})
    endif()
  endforeach()
  if(libraries)
    list(JOIN libraries ":" libraries)
    set_property(TEST ${name} APPEND PROPERTY
      ENVIRONMENT "LD_PRELOAD=${libraries}" "ASAN_OPTIONS=detect_leaks=0")
  endif()
endfunction()

# rog_system_test(NAME [TIMEOUT seconds]): the script tests/system/NAME.sh, run with the programs of
# this build first in PATH and an empty working folder; one called lab-... with a lab of its own. Exit
# 77 skips.
function(rog_system_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  set(own_lab "")
  if(name MATCHES "^lab-")
    set(own_lab ${PROJECT_SOURCE_DIR}/tests/in-own-lab)
  endif()
  add_test(NAME system/${name}
    COMMAND ${own_lab} ${PROJECT_SOURCE_DIR}/tests/system/in-empty-folder ${CMAKE_CURRENT_SOURCE_DIR}/${name}.sh)
  set_tests_properties(system/${name} PROPERTIES
    TIMEOUT ${T_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "ROG_BUILD=${PROJECT_BINARY_DIR};ROG_SOURCE=${PROJECT_SOURCE_DIR};ROG_SHARED_DATA=${PROJECT_SOURCE_DIR}/../shared/data")
endfunction()

# rog_collect_reports(): for all tests of this folder, in a build with sanitizers. What these report of
# any process fails sanitizers/reports, which comes after them (tests/sanitizer-reports); a file is named
# after the test. A test may take longer then.
function(rog_collect_reports)
  if(NOT ROG_SANITIZE)
    return()
  endif()
  get_property(names DIRECTORY PROPERTY TESTS)
  foreach(name ${names})
    string(REPLACE "/" "-" file ${name})
    set(options "${ROG_SANITIZER_OPTIONS}:log_path=${ROG_SANITIZER_REPORTS}/${file}")
    get_property(environment TEST ${name} PROPERTY ENVIRONMENT)
    if("ASAN_OPTIONS=detect_leaks=0" IN_LIST environment)
      list(REMOVE_ITEM environment "ASAN_OPTIONS=detect_leaks=0")
      list(APPEND environment "ASAN_OPTIONS=${options}:detect_leaks=0")
    else()
      list(APPEND environment "ASAN_OPTIONS=${options}")
    endif()
    list(APPEND environment "UBSAN_OPTIONS=${options}" "TSAN_OPTIONS=${options}")
    get_property(timeout TEST ${name} PROPERTY TIMEOUT)
    math(EXPR timeout "4 * ${timeout}")
    set_tests_properties(${name} PROPERTIES
      ENVIRONMENT "${environment}" FIXTURES_REQUIRED reports TIMEOUT ${timeout})
  endforeach()
  if(own_lab)
    rog_test_has_lab(system/${name})
  endif()
endfunction()
