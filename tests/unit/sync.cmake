# SPDX-License-Identifier: Apache-2.0
add_library(rog_test_cluster STATIC planned.c seam_codecs.c protocol_scene.c sync_cluster.c)
target_link_libraries(rog_test_cluster PUBLIC rog_sync PkgConfig::CMOCKA)

# A plugin of an earlier version of the interface, and plugins that must be rejected, beside the
# skeleton; and a file that is not a shared object.
set(ROG_TEST_PLUGINS ${PROJECT_BINARY_DIR}/tests/plugins)
foreach(name version_1 version_1_longer version_2 version_3 version_4 version_5 tenth old_abi next_abi short_struct missing_hook missing_plan no_symbol)
  add_library(rog_test_plugin_${name} MODULE ${PROJECT_SOURCE_DIR}/tests/plugins/${name}.c)
  set_target_properties(rog_test_plugin_${name} PROPERTIES
    OUTPUT_NAME ${name} PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${ROG_TEST_PLUGINS})
endforeach()
file(WRITE ${ROG_TEST_PLUGINS}/garbage.so "this is no shared object\n")

# Codecs that must be rejected for one reason each, which a macro selects.
set(ROG_TEST_CODECS ${PROJECT_BINARY_DIR}/tests/codecs)
function(rog_refused_codec name)
  add_library(rog_test_codec_${name} MODULE ${PROJECT_SOURCE_DIR}/tests/plugins/codec_refused.c)
  set_target_properties(rog_test_codec_${name} PROPERTIES
    OUTPUT_NAME codec_${name} PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${ROG_TEST_CODECS})
  target_compile_definitions(rog_test_codec_${name} PRIVATE ${ARGN})
  add_dependencies(test_plugin rog_test_codec_${name})
endfunction()

# The strategy in the documentation, extracted from it.
set(doc ${PROJECT_SOURCE_DIR}/docs/write-a-strategy.md)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${doc})
file(READ ${doc} text)
string(REGEX MATCH "\n```c title=\"mean.c\"\n(.*)\n```\n\n## The hooks in detail" found "${text}")
if(NOT found)
  message(FATAL_ERROR "${doc} has no strategy before \"The hooks in detail\"")
endif()
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/tests/mean.c CONTENT "${CMAKE_MATCH_1}\n")
add_library(rog_test_plugin_mean MODULE ${PROJECT_BINARY_DIR}/tests/mean.c)
set_target_properties(rog_test_plugin_mean PROPERTIES
  OUTPUT_NAME mean PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${ROG_TEST_PLUGINS})

# The server optimizer in the documentation, likewise.
set(doc ${PROJECT_SOURCE_DIR}/docs/write-a-server-optimizer.md)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${doc})
file(READ ${doc} text)
string(REGEX MATCH "\n```c\n(.*)\n```\n\n`memory = 1`" found "${text}")
if(NOT found)
  message(FATAL_ERROR "${doc} has no server optimizer before \"`memory = 1`\"")
endif()
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/tests/polyak.c CONTENT "${CMAKE_MATCH_1}\n")

foreach(part
    rows rule codec codec_laws sparse_row feedback seam
    server_optimizer server_rounds contribution versions message
    protocol demands refusals out_of_turn
    strategies strategy_laws strategy_sends strategy_waits plugin staleness grants waits nonsense
    sync wire_size)
  rog_unit_test(${part} LIBS rog_test_cluster)
  add_dependencies(test_${part} rog_plugins rog_plugin_skeleton)
endforeach()
target_sources(test_server_optimizer PRIVATE ${PROJECT_BINARY_DIR}/tests/polyak.c)
target_compile_definitions(test_plugin PRIVATE TEST_PLUGINS="${ROG_TEST_PLUGINS}" TEST_CODECS="${ROG_TEST_CODECS}")
rog_refused_codec(next_abi VERSION=2)
rog_refused_codec(short SIZE=40)
rog_refused_codec(no_check "WRONG=.check = NULL")
rog_refused_codec(no_scale "WRONG=.scale = NULL")
rog_refused_codec(half_pull "WRONG=.encode_pull = encode_pull")
rog_refused_codec(levels "WRONG=.levels = 300")
rog_refused_codec(unit "WRONG=.unit = 2")
rog_refused_codec(no_choice "WRONG=.scale = NULL, .whole_scale = whole_scale, .is_whole = is_whole")
foreach(part staleness feedback codec_laws)
  target_compile_definitions(test_${part} PRIVATE TEST_PLUGINS="${ROG_TEST_PLUGINS}")
endforeach()
add_dependencies(test_feedback rog_plugin_codec_skeleton)
add_dependencies(test_codec_laws rog_plugin_codec_skeleton)
add_dependencies(test_plugin rog_plugin_codec_skeleton)
add_dependencies(test_plugin rog_test_plugin_version_1 rog_test_plugin_version_1_longer
                 rog_test_plugin_version_2 rog_test_plugin_version_3 rog_test_plugin_version_4 rog_test_plugin_version_5 rog_test_plugin_old_abi
                 rog_test_plugin_next_abi rog_test_plugin_short_struct rog_test_plugin_missing_hook rog_test_plugin_missing_plan
                 rog_test_plugin_no_symbol)
add_dependencies(test_staleness rog_test_plugin_mean rog_test_plugin_version_1 rog_test_plugin_version_2
                 rog_test_plugin_version_3 rog_test_plugin_version_4 rog_test_plugin_version_5)
target_link_libraries(test_wire_size PRIVATE rog_nn)
