# SPDX-License-Identifier: Apache-2.0
rog_unit_test(trace LIBS rog_sim)
rog_unit_test(trace_synth LIBS rog_sim)
rog_unit_test(schedule LIBS rog_sim)
rog_unit_test(cluster LIBS rog_sim rog_trainer_config)
