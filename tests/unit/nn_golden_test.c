/* SPDX-License-Identifier: Apache-2.0 */
/* The whole network compared with PyTorch in double precision: tests/data/nn/make_golden.py. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <trainer/nn/net.h>

#define MAX_PATH 512

/* Numbers in [-1, 1): a hash of stream and index, as in make_golden.py. */
static double uniform(uint32_t stream, uint32_t index)
{
    uint32_t x = index * 2654435761u ^ (stream * 40503u + 977u);
    for (int i = 0; i < 2; i++) {
        x ^= x >> 16;
        x *= 0x7FEB352Du;
        x ^= x >> 15;
        x *= 0x846CA68Bu;
    }
    x ^= x >> 16;
    return x / 2147483648.0 - 1.0;
}

static int ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text), tail = strlen(suffix);
    return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

/* A weight of one dimension is the scale of a norm. */
static void fill(const struct rog_arch *arch, float *params, float *buffers)
{
    uint32_t stream = 0;
    for (uint32_t t = 0; t < arch->tensor_count; t++, stream++) {
        const struct rog_arch_tensor *tensor = &arch->tensors[t];
        double scale = sqrt(3.0 / (double)(tensor->size / tensor->shape[0]));
        double middle = 0;
        if (tensor->dims == 1) {
            scale = 0.2;
            middle = ends_with(tensor->name, ".weight") ? 1 : 0;
        }
        for (uint32_t i = 0; i < tensor->size; i++)
            params[tensor->offset + i] = (float)(middle + scale * uniform(stream, i));
    }
    for (uint32_t t = 0; t < arch->buffer_count; t++, stream++) {
        const struct rog_arch_tensor *tensor = &arch->buffer_tensors[t];
        double middle = ends_with(tensor->name, "var") ? 1 : 0;
        for (uint32_t i = 0; i < tensor->size; i++)
            buffers[tensor->offset + i] = (float)(0.2 * uniform(stream, i) + middle);
    }
}

static void make_inputs(uint32_t batch, uint32_t size, uint32_t classes, float *images,
                        float *targets)
{
    for (uint32_t i = 0; i < batch * size * size * 3; i++)
        images[i] = 2.0f * (float)uniform(1000, i);
    for (uint32_t b = 0; b < batch; b++) {
        double sum = 0;
        for (uint32_t pass = 0; pass < 2; pass++)
            for (uint32_t c = 0; c < classes; c++) {
                double value = pow(1 + uniform(1001, b * classes + c), 4);
                if (pass == 0)
                    sum += value;
                else
                    targets[b * classes + c] = (float)(value / sum);
            }
    }
}

struct golden {
    FILE *file;
    struct rog_arch *arch;
    char mode[16];
    unsigned batch;
    float *params, *buffers, *images, *targets, *grads;
};

static void golden_open(struct golden *golden, const char *name)
{
    char path[MAX_PATH], model[64];
    unsigned size, classes;
    struct rog_error err;
    const char *folder = getenv("ROG_TEST_DATA");
    assert_non_null(folder);
    snprintf(path, sizeof path, "%s/nn/%s", folder, name);
    golden->file = fopen(path, "r");
    assert_non_null(golden->file);
    assert_int_equal(5, fscanf(golden->file, "model %63s %15s %u %u %u", model, golden->mode,
                               &golden->batch, &size, &classes));
    assert_int_equal(0, rog_arch_new(&golden->arch, model, classes, size, &err));
    golden->params = calloc(golden->arch->params, sizeof(float));
    golden->grads = calloc(golden->arch->params, sizeof(float));
    golden->buffers = calloc(golden->arch->buffers, sizeof(float));
    golden->images = calloc((size_t)golden->batch * size * size * 3, sizeof(float));
    golden->targets = calloc((size_t)golden->batch * classes, sizeof(float));
    fill(golden->arch, golden->params, golden->buffers);
    make_inputs(golden->batch, size, classes, golden->images, golden->targets);
}

static void golden_close(struct golden *golden)
{
    fclose(golden->file);
    free(golden->params);
    free(golden->grads);
    free(golden->buffers);
    free(golden->images);
    free(golden->targets);
    rog_arch_free(golden->arch);
}

static void assert_near(const char *what, double value, double golden, double tolerance)
{
    if (!(fabs(value - golden) <= tolerance))
        fail_msg("%s: %.9g, PyTorch has %.9g (tolerance %.2g)", what, value, golden, tolerance);
}

static void check_logits(struct golden *golden, const float *logits)
{
    assert_int_equal(0, fscanf(golden->file, " logits"));
    for (uint32_t i = 0; i < golden->batch * golden->arch->classes; i++) {
        double expected;
        assert_int_equal(1, fscanf(golden->file, "%lf", &expected));
        assert_near("logit", (double)logits[i], expected, 2e-5);
    }
}

static void sum_and_norm(const float *values, uint64_t count, double *sum, double *norm)
{
    *sum = *norm = 0;
    for (uint64_t i = 0; i < count; i++) {
        *sum += (double)values[i];
        *norm += (double)values[i] * (double)values[i];
    }
    *norm = sqrt(*norm);
}

/* Sums may cancel, so they are compared relative to the norm. */
static void check_gradients(struct golden *golden)
{
    const struct rog_arch *arch = golden->arch;
    for (uint32_t t = 0; t < arch->tensor_count; t++) {
        const struct rog_arch_tensor *tensor = &arch->tensors[t];
        const float *g = golden->grads + tensor->offset;
        char name[96];
        unsigned index[2];
        double sum, norm, golden_sum, golden_norm, entry[2];
        assert_int_equal(7,
                         fscanf(golden->file, " grad %95s %lf %lf %u %lf %u %lf", name, &golden_sum,
                                &golden_norm, &index[0], &entry[0], &index[1], &entry[1]));
        assert_string_equal(name, tensor->name);
        sum_and_norm(g, tensor->size, &sum, &norm);
        double typical = golden_norm / sqrt((double)tensor->size);
        assert_near(name, norm, golden_norm, 1e-4 * golden_norm + 1e-7);
        assert_near(name, sum, golden_sum, 2e-4 * golden_norm * 3 + 1e-7);
        for (int i = 0; i < 2; i++)
            assert_near(name, (double)g[index[i]], entry[i],
                        1e-3 * typical + 1e-3 * fabs(entry[i]) + 1e-8);
    }
}

static void check_buffers(struct golden *golden)
{
    const struct rog_arch *arch = golden->arch;
    for (uint32_t t = 0; t < arch->buffer_count; t++) {
        const struct rog_arch_tensor *tensor = &arch->buffer_tensors[t];
        char name[96];
        double sum, norm, golden_sum, golden_norm;
        assert_int_equal(
            3, fscanf(golden->file, " buffer %95s %lf %lf", name, &golden_sum, &golden_norm));
        assert_string_equal(name, tensor->name);
        sum_and_norm(golden->buffers + tensor->offset, tensor->size, &sum, &norm);
        assert_near(name, norm, golden_norm, 1e-5 * golden_norm);
        assert_near(name, sum, golden_sum, 1e-5 * golden_norm * 3);
    }
}

static void check(const char *name, enum rog_net_mode mode, uint32_t threads)
{
    struct golden golden = {0};
    struct rog_net *net;
    struct rog_error err;
    const float *logits;
    float loss;
    double expected;
    golden_open(&golden, name);
    assert_int_equal(0, rog_net_new_threads(&net, golden.arch, golden.batch, mode, threads, &err));
    assert_int_equal(1, fscanf(golden.file, " loss %lf", &expected));

    assert_int_equal(
        0, rog_net_forward(net, golden.params, golden.buffers, golden.images, &logits, &err));
    check_logits(&golden, logits);
    if (mode != ROG_NET_INFER) {
        assert_int_equal(0, rog_net_gradients(net, golden.params, golden.buffers, golden.images,
                                              golden.targets, &loss, golden.grads, &err));
        assert_near("loss", (double)loss, expected, 2e-6 * expected);
        check_gradients(&golden);
        check_buffers(&golden);
    }
    rog_net_free(net);
    golden_close(&golden);
}

static void l_with_running_statistics(void **state)
{
    (void)state;
    check("convmlp-l-frozen.txt", ROG_NET_TRAIN_FROZEN, 1);
}

static void l_with_batch_statistics(void **state)
{
    (void)state;
    check("convmlp-l-train.txt", ROG_NET_TRAIN, 1);
}

static void s_with_running_statistics(void **state)
{
    (void)state;
    check("convmlp-s-frozen.txt", ROG_NET_TRAIN_FROZEN, 1);
}

static void s_with_batch_statistics(void **state)
{
    (void)state;
    check("convmlp-s-train.txt", ROG_NET_TRAIN, 1);
}

static void nano_with_running_statistics(void **state)
{
    (void)state;
    check("convmlp-nano-frozen.txt", ROG_NET_TRAIN_FROZEN, 1);
}

static void nano_with_batch_statistics(void **state)
{
    (void)state;
    check("convmlp-nano-train.txt", ROG_NET_TRAIN, 1);
}

static void inference(void **state)
{
    (void)state;
    check("convmlp-s-frozen.txt", ROG_NET_INFER, 1);
    check("convmlp-nano-frozen.txt", ROG_NET_INFER, 1);
}

static void with_threads(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    print_message("ThreadSanitizer does not see how OpenMP waits: there would be false alarms\n");
    skip();
#endif
    check("convmlp-nano-train.txt", ROG_NET_TRAIN, 2);
    check("convmlp-nano-frozen.txt", ROG_NET_TRAIN_FROZEN, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(l_with_running_statistics),
        cmocka_unit_test(l_with_batch_statistics),
        cmocka_unit_test(s_with_running_statistics),
        cmocka_unit_test(s_with_batch_statistics),
        cmocka_unit_test(nano_with_running_statistics),
        cmocka_unit_test(nano_with_batch_statistics),
        cmocka_unit_test(inference),
        cmocka_unit_test(with_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
