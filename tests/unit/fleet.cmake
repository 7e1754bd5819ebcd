# SPDX-License-Identifier: Apache-2.0
find_package(Threads REQUIRED)
rog_unit_test(ssh LIBS rog_ssh rog_lab Threads::Threads)
# There is one lab a machine.
set_tests_properties(unit/ssh PROPERTIES RESOURCE_LOCK lab)
