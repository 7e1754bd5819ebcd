# SPDX-License-Identifier: Apache-2.0
rog_unit_test(join LIBS rog_test_cluster)
add_dependencies(test_join rog_plugin_bsp rog_plugin_ssp rog_plugin_rog)
