# SPDX-License-Identifier: Apache-2.0
rog_unit_test(unpack LIBS rog_unpack)
target_compile_definitions(test_unpack PRIVATE ROG_TEST_UNPACKER="$<TARGET_FILE:rog-unpack>")
add_dependencies(test_unpack rog-unpack)

add_executable(unpack_fuzz unpack_fuzz.c)
target_link_libraries(unpack_fuzz PRIVATE rog_unpack)
set_target_properties(unpack_fuzz PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
add_test(NAME fuzz/unpack COMMAND unpack_fuzz 500)
set_tests_properties(fuzz/unpack PROPERTIES TIMEOUT 120)
