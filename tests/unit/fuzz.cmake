# SPDX-License-Identifier: Apache-2.0
# Parsers of external input, except those of frames and of events (net, orchestrator).
add_executable(trainer_fuzz trainer_fuzz.c fuzz_support.c)
target_link_libraries(trainer_fuzz PRIVATE rog_host rog_train rog_shape m)
add_executable(controller_fuzz controller_fuzz.c fuzz_support.c)
target_link_libraries(controller_fuzz PRIVATE rog_conf rog_fetch rog_import rog_figures rog_kinds rog_ui m)
target_compile_definitions(controller_fuzz PRIVATE EXPERIMENTS="${PROJECT_SOURCE_DIR}/experiments")
set(trainer_inputs 5000)
set(controller_inputs 1000)
foreach(part trainer controller)
  set_target_properties(${part}_fuzz PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  add_test(NAME fuzz/${part} COMMAND ${part}_fuzz ${${part}_inputs})
  set_tests_properties(fuzz/${part} PROPERTIES TIMEOUT 120)
endforeach()
