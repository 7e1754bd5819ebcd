/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints from PyTorch and back: tools/pth-to-safetensors and tools/safetensors-to-pth, and the
 * same logits on both sides. PyTorch's part is tests/data/nn/pytorch_pair.py.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/file.h>
#include <trainer/nn/net.h>
#include <trainer/nn/safetensors.h>

#include "folder_support.h"

#define PYTHON "/usr/bin/python3"

static int setup(void **state)
{
    return folder_open(state, "rog-pytorch", "model.safetensors");
}

/* Runs a shell command in the fixture's folder; returns its exit status. */
static int shell(const struct folder_fixture *f, const char *command)
{
    char *line = rog_format("cd '%s' && { %s; }", f->folder, command);
    assert_non_null(line);
    int status = system(line);
    free(line);
    return status;
}

static void need_pytorch(const struct folder_fixture *f)
{
    if (shell(f, PYTHON " -c 'import torch' 2>/dev/null") != 0) {
        print_message("no PyTorch (python3-torch): there is nothing to compare with\n");
        skip();
    }
}

static float *read_floats(const struct folder_fixture *f, const char *name, size_t count)
{
    struct rog_error err;
    char *path = rog_path_join(f->folder, name), *data = NULL;
    size_t size = 0;
    assert_int_equal(rog_file_read(path, (size_t)1 << 30, &data, &size, &err), 0);
    assert_int_equal(size, count * sizeof(float));
    free(path);
    return (float *)(void *)data; /* in this machine's byte order, like PyTorch's output */
}

static void pytorch(const struct folder_fixture *f, const char *what, const char *model,
                    uint32_t size, uint32_t batch)
{
    char *command = rog_format(PYTHON " '%s/nn/pytorch_pair.py' %s . %s %u %u",
                               getenv("ROG_TEST_DATA"), what, model, size, batch);
    assert_int_equal(shell(f, command), 0);
    free(command);
}

static void check_logits(const struct folder_fixture *f, const struct rog_arch *arch,
                         uint32_t batch, const float *params, const float *buffers)
{
    struct rog_net *net = NULL;
    struct rog_error err;
    const float *logits = NULL;
    size_t count = (size_t)batch * arch->classes;
    float *images =
        read_floats(f, "images", (size_t)batch * arch->image_size * arch->image_size * 3);
    float *expected = read_floats(f, "logits", count);
    double worst = 0, largest = 0;
    assert_int_equal(rog_net_new(&net, arch, batch, ROG_NET_INFER, &err), 0);
    assert_int_equal(rog_net_forward(net, params, buffers, images, &logits, &err), 0);
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)logits[i] - (double)expected[i]);
        worst = difference > worst || isnan(difference) ? difference : worst;
        largest = fabs((double)expected[i]) > largest ? fabs((double)expected[i]) : largest;
    }
    print_message("%s at %u: logits up to %.3g differ by up to %.2g\n", arch->name,
                  arch->image_size, largest, worst);
    assert_true(largest > 0.1);
    assert_true(worst < 1e-4);
    rog_net_free(net);
    free(expected);
    free(images);
}

static void round_trip(const struct folder_fixture *f, const char *model, uint32_t size,
                       uint32_t batch)
{
    struct rog_arch *arch = NULL;
    struct rog_error err = {0};
    need_pytorch(f);
    pytorch(f, "make", model, size, batch);
    char *convert = rog_format(PYTHON " '" TOOLS "/pth-to-safetensors' state.pth model.safetensors "
                                      "--image-size %u >/dev/null",
                               size);
    assert_int_equal(shell(f, convert), 0);
    free(convert);
    if (rog_safetensors_arch(f->path, &arch, &err))
        fail_msg("%s", err.message);
    assert_string_equal(arch->name, model);
    assert_int_equal(arch->classes, 100);
    assert_int_equal(arch->image_size, size);
    float *params = calloc(arch->params, sizeof *params);
    float *buffers = calloc(arch->buffers, sizeof *buffers);
    assert_non_null(params);
    assert_non_null(buffers);
    if (rog_safetensors_read(f->path, arch, params, buffers, &err))
        fail_msg("%s", err.message);
    check_logits(f, arch, batch, params, buffers);

    /* Other weights, written here and converted to PyTorch. */
    for (uint64_t i = 0; i < arch->params; i++)
        params[i] *= 1.0f + 0.2f * (float)(i % 7) / 7.0f;
    assert_int_equal(rog_safetensors_write(f->path, arch, params, NULL, buffers, NULL, 0, &err), 0);
    assert_int_equal(shell(f, PYTHON " '" TOOLS "/safetensors-to-pth' model.safetensors state.pth "
                                     ">/dev/null"),
                     0);
    pytorch(f, "infer", model, size, batch);
    check_logits(f, arch, batch, params, buffers);
    free(buffers);
    free(params);
    rog_arch_free(arch);
}

static void test_convmlp_m(void **state)
{
    round_trip(*state, "convmlp-m", 224, 2);
}

static void test_convmlp_nano(void **state)
{
    round_trip(*state, "convmlp-nano", 32, 5);
}

/* An invalid checkpoint is not converted, and the message has the reason. */
static void test_refuses(void **state)
{
    struct folder_fixture *f = *state;
    need_pytorch(f);
    pytorch(f, "make", "convmlp-nano", 32, 1);
    char *command =
        rog_format(PYTHON " '%s/nn/pytorch_pair.py' refuse . '" TOOLS "/pth-to-safetensors'",
                   getenv("ROG_TEST_DATA"));
    assert_int_equal(shell(f, command), 0);
    free(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_convmlp_nano, setup, folder_close),
        cmocka_unit_test_setup_teardown(test_convmlp_m, setup, folder_close),
        cmocka_unit_test_setup_teardown(test_refuses, setup, folder_close),
    };
    return cmocka_run_group_tests_name("nn_pytorch", tests, NULL, NULL);
}
