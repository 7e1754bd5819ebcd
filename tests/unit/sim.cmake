# SPDX-License-Identifier: Apache-2.0
foreach(part processor trace trace_convert trace_synth schedule cluster)
  rog_unit_test(${part} LIBS rog_sim)
endforeach()
add_dependencies(test_cluster rog_plugin_bsp rog_plugin_ssp rog_plugin_rog)
rog_unit_test(learner LIBS rog_train TIMEOUT 300)
