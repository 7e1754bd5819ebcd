# SPDX-License-Identifier: Apache-2.0
foreach(part rng json settings cli file)
  rog_unit_test(${part} LIBS rog_common)
endforeach()
