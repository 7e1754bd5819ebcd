# SPDX-License-Identifier: Apache-2.0
# Warnings, sanitizers and coverage, the same for every target.

option(ROG_WERROR "Treat warnings as errors" ON)
set(ROG_SANITIZE "" CACHE STRING "Sanitizers for -fsanitize=, for example address,undefined")
option(ROG_COVERAGE "Instrument for coverage" OFF)

add_compile_options(-Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes
                    -Wwrite-strings -Wpointer-arith -Wformat=2 -fno-common)
# One rounding per operation, on every instruction set: runs without gradients give the same bytes
# everywhere.
add_compile_options(-ffp-contract=off -fno-math-errno)
add_compile_definitions(_GNU_SOURCE ROG_VERSION="${PROJECT_VERSION}")
include_directories(${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)

if(ROG_WERROR)
  add_compile_options(-Werror)
endif()
if(ROG_SANITIZE)
  add_compile_options(-fsanitize=${ROG_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${ROG_SANITIZE})
  # Where every process leaves what the sanitizers have to say, whoever looks at its end.
  set(ROG_SANITIZER_REPORTS ${PROJECT_BINARY_DIR}/sanitizer-reports)
  set(ROG_SANITIZER_OPTIONS "print_stacktrace=1")
  if(ROG_SANITIZE STREQUAL "thread")
    set(ROG_SANITIZER_OPTIONS "second_deadlock_stack=1")
  endif()
  configure_file(${CMAKE_CURRENT_LIST_DIR}/sanitizer.c.in ${PROJECT_BINARY_DIR}/sanitizer.c @ONLY)
endif()
if(ROG_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
