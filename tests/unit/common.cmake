# SPDX-License-Identifier: Apache-2.0
foreach(part rng json settings parameters cli error file process last_words text_lines trace_name program_command)
  rog_unit_test(${part} LIBS rog_common)
endforeach()

rog_unit_test(metric LIBS rog_common)
rog_unit_test(docs LIBS rog_common rog_conf rog_kinds)
target_compile_definitions(test_docs PRIVATE DOCS="${PROJECT_SOURCE_DIR}/docs")
