# SPDX-License-Identifier: Apache-2.0
rog_unit_test(lab LIBS rog_lab rog_kinds)
# There is one lab a machine.
set_tests_properties(unit/lab PROPERTIES RESOURCE_LOCK lab)
