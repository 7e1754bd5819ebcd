# SPDX-License-Identifier: Apache-2.0

# rog_unit_test(NAME SOURCES... LIBS targets... [TIMEOUT seconds])
# A cmocka program tests/unit/NAME_test.c (or the given sources), run by CTest as unit/NAME.
function(rog_unit_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;LIBS" ${ARGN})
  if(NOT T_SOURCES)
    set(T_SOURCES ${name}_test.c)
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  add_executable(test_${name} ${T_SOURCES})
  target_link_libraries(test_${name} PRIVATE ${T_LIBS} PkgConfig::CMOCKA m)
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME unit/${name} COMMAND test_${name})
  set_tests_properties(unit/${name} PROPERTIES
    TIMEOUT ${T_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "ROG_TEST_DATA=${PROJECT_SOURCE_DIR}/tests/data;ROG_PLUGIN_PATH=${PROJECT_BINARY_DIR}/lib/rog/plugins;ROG_SHARED_DATA=${PROJECT_SOURCE_DIR}/../shared/data")
endfunction()

# rog_system_test(NAME [TIMEOUT seconds]): the script tests/system/NAME.sh, run with the programs of
# this build first in PATH and an empty working folder. Exit 77 skips.
function(rog_system_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  add_test(NAME system/${name}
    COMMAND ${PROJECT_SOURCE_DIR}/tests/system/in-empty-folder ${CMAKE_CURRENT_SOURCE_DIR}/${name}.sh)
  set_tests_properties(system/${name} PROPERTIES
    TIMEOUT ${T_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "ROG_BUILD=${PROJECT_BINARY_DIR};ROG_SOURCE=${PROJECT_SOURCE_DIR};ROG_SHARED_DATA=${PROJECT_SOURCE_DIR}/../shared/data")
endfunction()
