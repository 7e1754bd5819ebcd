# SPDX-License-Identifier: Apache-2.0
add_library(rog_test_cluster STATIC sync_cluster.c)
target_link_libraries(rog_test_cluster PUBLIC rog_sync PkgConfig::CMOCKA)

foreach(part rows codec versions message staleness sync)
  rog_unit_test(${part} LIBS rog_test_cluster)
  add_dependencies(test_${part} rog_plugin_bsp rog_plugin_ssp rog_plugin_rog)
endforeach()
