# SPDX-License-Identifier: Apache-2.0
rog_unit_test(audit LIBS rog_shape)
rog_unit_test(claim LIBS rog_claim)
rog_unit_test(lease LIBS rog_shape)
rog_unit_test(watchdog LIBS rog_shape TIMEOUT 20)
rog_unit_test(shape LIBS rog_shape)
# It measures time and bandwidth: nothing else may run at the same time.
set_tests_properties(unit/shape PROPERTIES RUN_SERIAL ON)
