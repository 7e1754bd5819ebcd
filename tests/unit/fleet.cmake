# SPDX-License-Identifier: Apache-2.0
find_package(Threads REQUIRED)
rog_unit_test(remote LIBS rog_fleet)
rog_unit_test(streams LIBS rog_fleet)
rog_unit_test(pool LIBS rog_pool)
rog_unit_test(slurm LIBS rog_pool)
rog_unit_test(fleet_session LIBS rog_fleet)
rog_unit_test(fake_host LIBS rog_fleet)
rog_unit_test(mirror LAB LIBS rog_fleet rog_lab)
rog_unit_test(summary LIBS rog_doctor)
rog_unit_test(credentials LIBS rog_ssh Threads::Threads)
rog_unit_test(ssh_hostile LIBS rog_ssh Threads::Threads)
rog_unit_test(ssh LAB LIBS rog_ssh rog_lab Threads::Threads)
# What system/ssh-config compares with ssh, and system/shells logs in with.
add_executable(ssh-login ssh_login.c)
target_link_libraries(ssh-login PRIVATE rog_ssh)
set_target_properties(ssh-login PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
rog_unit_test(packed LIBS rog_deploy)
rog_unit_test(deploy LAB LIBS rog_deploy rog_lab Threads::Threads)
target_compile_definitions(test_deploy PRIVATE ROG_TEST_TRAINER="$<TARGET_FILE:rog-trainer>"
                                              ROG_TEST_CONTROLLER="$<TARGET_FILE:rogctl>"
                                              ROG_TEST_UNPACKER="$<TARGET_FILE:rog-unpack>")
add_dependencies(test_deploy rog-trainer rog-unpack rogctl)
