/* SPDX-License-Identifier: Apache-2.0 */
/* Architectures: as many parameters and rows as published. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <trainer/nn/arch.h>

/* Rows as counted by the published system: a tensor of one dimension or of fewer than 1000 elements
 * is one row, any other has one for each index of its first dimension. */
static uint64_t rows_of(const struct rog_arch *arch)
{
    uint64_t rows = 0;
    for (uint32_t i = 0; i < arch->tensor_count; i++) {
        const struct rog_arch_tensor *tensor = &arch->tensors[i];
        rows += tensor->dims == 1 || tensor->size < 1000 ? 1 : tensor->shape[0];
    }
    return rows;
}

static struct rog_arch *arch_of(const char *name)
{
    struct rog_arch *arch;
    struct rog_error err;
    assert_int_equal(0, rog_arch_new(&arch, name, 100, 32, &err));
    return arch;
}

static void published_counts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t params, tensors, rows;
    } published[] = {{"convmlp-l", 42036340, 271, 58552},
                     {"convmlp-m", 16948804, 226, 33307},
                     {"convmlp-s", 8561220, 157, 17965}};
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        struct rog_arch *arch = arch_of(published[i].name);
        assert_int_equal(published[i].params, arch->params);
        assert_int_equal(published[i].tensors, arch->tensor_count);
        assert_int_equal(published[i].rows, rows_of(arch));
        rog_arch_free(arch);
    }
}

/* The paper's table 1 has millions of parameters for the 1,000 classes of ImageNet. */
static void published_table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double millions;
    } published[] = {{"convmlp-l", 42.7}, {"convmlp-m", 17.4}, {"convmlp-s", 9.0}};
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        struct rog_arch *arch = NULL;
        assert_int_equal(0, rog_arch_new(&arch, published[i].name, 1000, 224, NULL));
        assert_true(fabs((double)arch->params / 1e6 - published[i].millions) < 0.05);
        rog_arch_free(arch);
    }
}

static void nano_is_small(void **state)
{
    (void)state;
    struct rog_arch *arch = arch_of("convmlp-nano");
    assert_in_range(arch->params, 200000, 450000);
    assert_in_range(rog_arch_multiply_adds(arch), 5000000, 9000000);
    rog_arch_free(arch);
}

/* Order, shapes and names where the order of execution differs from that of registration. */
static void published_names(void **state)
{
    (void)state;
    static const struct {
        uint32_t index;
        const char *name;
        uint32_t dims, shape[4];
    } expected[] = {
        {0, "tokenizer.block.0.weight", 4, {32, 3, 3, 3}},
        {1, "tokenizer.block.1.weight", 1, {32}},
        {2, "tokenizer.block.1.bias", 1, {32}},
        {6, "tokenizer.block.6.weight", 4, {64, 32, 3, 3}},
        {9, "conv_stages.conv_blocks.0.0.weight", 4, {128, 64, 1, 1}},
        {12, "conv_stages.conv_blocks.0.3.weight", 4, {128, 128, 3, 3}},
        {27, "conv_stages.downsample.weight", 4, {128, 64, 3, 3}},
        {28, "conv_stages.downsample.bias", 1, {128}},
        {29, "stages.0.blocks.0.norm1.weight", 1, {128}},
        {31, "stages.0.blocks.0.channel_mlp1.fc1.weight", 2, {256, 128}},
        {33, "stages.0.blocks.0.channel_mlp1.fc2.weight", 2, {128, 256}},
        {35, "stages.0.blocks.0.norm2.weight", 1, {128}},
        {37, "stages.0.blocks.0.connect.weight", 4, {128, 1, 3, 3}},
        {38, "stages.0.blocks.0.connect_norm.weight", 1, {128}},
        {40, "stages.0.blocks.0.channel_mlp2.fc1.weight", 2, {256, 128}},
        {59, "stages.0.downsample_mlp.downsample.weight", 4, {256, 128, 3, 3}},
        {153, "norm.weight", 1, {512}},
        {155, "head.weight", 2, {100, 512}},
        {156, "head.bias", 1, {100}},
    };
    struct rog_arch *arch = arch_of("convmlp-s");
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct rog_arch_tensor *tensor = &arch->tensors[expected[i].index];
        assert_string_equal(expected[i].name, tensor->name);
        assert_int_equal(expected[i].dims, tensor->dims);
        for (uint32_t d = 0; d < tensor->dims; d++)
            assert_int_equal(expected[i].shape[d], tensor->shape[d]);
    }
    assert_string_equal("tokenizer.block.1.running_mean", arch->buffer_tensors[0].name);
    assert_string_equal("tokenizer.block.1.running_var", arch->buffer_tensors[1].name);
    rog_arch_free(arch);
}

static void tensors_fill_the_array(void **state)
{
    (void)state;
    struct rog_arch *arch = arch_of("convmlp-m");
    uint64_t offset = 0;
    for (uint32_t i = 0; i < arch->tensor_count; i++) {
        assert_int_equal(offset, arch->tensors[i].offset);
        offset += arch->tensors[i].size;
    }
    assert_int_equal(offset, arch->params);
    rog_arch_free(arch);
}

static double deviation(const float *values, uint64_t count)
{
    double squares = 0;
    for (uint64_t i = 0; i < count; i++)
        squares += (double)values[i] * (double)values[i];
    return sqrt(squares / (double)count);
}

static void initial_weights(void **state)
{
    (void)state;
    struct rog_arch *arch = arch_of("convmlp-s");
    float *params = calloc(arch->params, sizeof *params), *again = calloc(arch->params, 4);
    float *buffers = calloc(arch->buffers, sizeof *buffers);
    rog_arch_initialize(arch, 5, params, buffers);
    rog_arch_initialize(arch, 5, again, buffers);
    assert_memory_equal(params, again, arch->params * sizeof *params);
    rog_arch_initialize(arch, 6, again, buffers);
    assert_memory_not_equal(params, again, arch->params * sizeof *params);

    const struct rog_arch_tensor *t = arch->tensors;
    double conv = deviation(params + t[12].offset, t[12].size); /* 3x3, 128 channels out */
    assert_true(fabs(conv / sqrt(2.0 / (128 * 9)) - 1) < 0.02);
    assert_true(fabs(deviation(params + t[31].offset, t[31].size) / 0.02 - 1) < 0.02);
    for (uint64_t i = 0; i < t[28].size; i++)
        assert_true(fabsf(params[t[28].offset + i]) <= 1 / sqrtf(64 * 9));
    for (uint64_t i = 0; i < t[1].size; i++) {
        assert_true(params[t[1].offset + i] == 1);
        assert_true(params[t[2].offset + i] == 0);
        assert_true(buffers[i] == 0 && buffers[32 + i] == 1);
    }
    free(params);
    free(again);
    free(buffers);
    rog_arch_free(arch);
}

static void bad_arguments(void **state)
{
    (void)state;
    struct rog_arch *arch;
    struct rog_error err;
    assert_int_equal(ROG_ENOTFOUND, rog_arch_new(&arch, "convmlp-x", 100, 32, &err));
    assert_non_null(strstr(err.message, "convmlp-nano"));
    assert_null(arch);
    assert_int_equal(ROG_EINVAL, rog_arch_new(&arch, "convmlp-s", 0, 32, &err));
    assert_int_equal(ROG_EINVAL, rog_arch_new(&arch, "convmlp-s", 100, 15, &err));
    assert_int_equal(ROG_EINVAL, rog_arch_new(&arch, "convmlp-s", 100, 1025, &err));
    assert_int_equal(ROG_EINVAL, rog_arch_new(&arch, "convmlp-s", 65536, 32, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_counts),       cmocka_unit_test(published_table),
        cmocka_unit_test(nano_is_small),          cmocka_unit_test(published_names),
        cmocka_unit_test(tensors_fill_the_array), cmocka_unit_test(initial_weights),
        cmocka_unit_test(bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
