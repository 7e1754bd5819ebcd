# SPDX-License-Identifier: Apache-2.0
rog_unit_test(join LIBS rog_test_cluster)
add_dependencies(test_join rog_plugins)

rog_unit_test(seal LIBS rog_link)
rog_unit_test(session LIBS rog_link)
rog_unit_test(link LIBS rog_link rog_shape)
rog_unit_test(hello LIBS rog_link)
rog_unit_test(greeting LIBS rog_serve rog_work)
rog_unit_test(handoff LIBS rog_work)
rog_unit_test(model_upload LIBS rog_serve)
rog_unit_test(resume LIBS rog_serve)
rog_unit_test(serve LIBS rog_serve rog_client)
add_dependencies(test_serve rog_plugins rog_test_plugin_tenth)
target_compile_definitions(test_serve PRIVATE TEST_PLUGINS="${ROG_TEST_PLUGINS}")
rog_unit_test(node LIBS rog_node TIMEOUT 240)
add_dependencies(test_node rog_plugins)
# They measure time.
set_tests_properties(unit/link unit/node PROPERTIES RUN_SERIAL ON)

add_executable(frame_fuzz frame_fuzz.c)
target_link_libraries(frame_fuzz PRIVATE rog_link)
set_target_properties(frame_fuzz PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
add_test(NAME fuzz/frame COMMAND frame_fuzz 10000)
set_tests_properties(fuzz/frame PROPERTIES TIMEOUT 120)

foreach(name librog librog_delta)
  rog_unit_test(${name} LIBS rog_node rog_test_cluster)
  target_sources(test_${name} PRIVATE librog_run.c)
  add_dependencies(test_${name} rog_plugins)
endforeach()

rog_unit_test(virtual_client SOURCES virtual_client_test.c virtual_sim.c LIBS rog_client)
add_dependencies(test_virtual_client rog_plugins)
