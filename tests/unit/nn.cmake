# SPDX-License-Identifier: Apache-2.0
rog_unit_test(nn_arch LIBS rog_nn)
rog_unit_test(nn_layer LIBS rog_nn TIMEOUT 300)
rog_unit_test(nn_net LIBS rog_nn TIMEOUT 300)
rog_unit_test(nn_golden LIBS rog_nn TIMEOUT 300)
rog_unit_test(nn_safetensors LIBS rog_nn)
rog_unit_test(nn_pytorch LIBS rog_nn TIMEOUT 300)
target_compile_definitions(test_nn_pytorch PRIVATE TOOLS="${PROJECT_SOURCE_DIR}/tools")
