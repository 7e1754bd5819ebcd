# SPDX-License-Identifier: Apache-2.0
foreach(part noise cifar noisy_cifar synth dataset batch)
  rog_unit_test(${part} LIBS rog_data)
endforeach()
rog_unit_test(fed_cifar LIBS rog_data rog_fed_cifar PkgConfig::HDF5)
add_dependencies(test_fed_cifar rog-hdf5)
rog_unit_test(run_config LIBS rog_common)
find_package(OpenMP REQUIRED COMPONENTS C) # imported targets are known where they are found
rog_unit_test(fit LIBS rog_pretrain OpenMP::OpenMP_C)
rog_unit_test(pretrain LIBS rog_pretrain)
