/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of layer compared with finite differences, and every level of the kernels with the
 * best of this processor. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <common/memory.h>
#include <common/rng.h>
#include <trainer/nn/layer.h>

#define BATCH 3

/* A layer, and its inputs and outputs. */
struct fixture {
    struct rog_arch arch;
    struct rog_arch_tensor tensors[4], buffer_tensors[2];
    struct rog_arch_layer spec;
    struct rog_prims *prims;
    struct rog_layer layer;
    struct rog_rng rng;
    size_t in_size, out_size;
    float *params, *buffers, *grads, *x, *skip, *y, *weights_of_y, *dy, *dx, *dx_add;
};

static float *random_floats(struct fixture *f, size_t count, double middle, double spread)
{
    float *values = rog_floats(count + 1);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(middle + spread * rog_rng_normal(&f->rng));
    return values;
}

static uint32_t add_tensor(struct fixture *f, uint32_t dims, uint32_t a, uint32_t b, uint32_t c,
                           uint32_t d)
{
    struct rog_arch_tensor *tensor = &f->tensors[f->arch.tensor_count];
    *tensor = (struct rog_arch_tensor){.dims = dims,
                                       .shape = {a, b, c, d},
                                       .offset = f->arch.params,
                                       .size = (uint64_t)a * b * c * d};
    f->arch.params += tensor->size;
    return f->arch.tensor_count++;
}

/* Adds the tensors of the spec's kind. */
static void add_tensors(struct fixture *f)
{
    struct rog_arch_layer *spec = &f->spec;
    uint32_t in = spec->in_channels, out = spec->out_channels, k = spec->kernel;
    switch (spec->kind) {
    case ROG_LAYER_CONV:
        spec->weight = add_tensor(f, 4, out, in, k, k);
        spec->bias = add_tensor(f, 1, out, 1, 1, 1);
        break;
    case ROG_LAYER_CONV_NORM:
        spec->weight = add_tensor(f, 4, out, in, k, k);
        spec->norm_weight = add_tensor(f, 1, out, 1, 1, 1);
        spec->norm_bias = add_tensor(f, 1, out, 1, 1, 1);
        f->buffer_tensors[0] = (struct rog_arch_tensor){.size = out};
        f->buffer_tensors[1] = (struct rog_arch_tensor){.size = out, .offset = out};
        spec->running_var = 1;
        f->arch.buffers = 2 * (uint64_t)out;
        break;
    case ROG_LAYER_DEPTHWISE:
        spec->weight = add_tensor(f, 4, out, 1, k, k);
        break;
    case ROG_LAYER_NORM:
        spec->weight = add_tensor(f, 1, out, 1, 1, 1);
        spec->bias = add_tensor(f, 1, out, 1, 1, 1);
        break;
    case ROG_LAYER_LINEAR:
    case ROG_LAYER_LINEAR_GELU:
        spec->weight = add_tensor(f, 2, out, in, 1, 1);
        spec->bias = add_tensor(f, 1, out, 1, 1, 1);
        break;
    default:
        break;
    }
}

static void fixture_init(struct fixture *f, const struct rog_arch_layer *spec,
                         enum rog_net_mode mode, bool with_skip, bool with_add)
{
    struct rog_error err;
    memset(f, 0, sizeof *f);
    rog_rng_init(&f->rng, 7);
    f->spec = *spec;
    f->arch.tensors = f->tensors;
    f->arch.buffer_tensors = f->buffer_tensors;
    add_tensors(f);
    size_t in = (size_t)spec->in_height * spec->in_width * spec->in_channels;
    size_t out = (size_t)spec->out_height * spec->out_width * spec->out_channels;
    f->in_size = BATCH * in;
    f->out_size = BATCH * out;
    f->params = random_floats(f, f->arch.params, 0.2, 0.4);
    f->grads = random_floats(f, f->arch.params, 9, 9); /* must be overwritten */
    f->buffers = random_floats(f, f->arch.buffers, 0, 0.1);
    for (uint64_t i = f->arch.buffers / 2; i < f->arch.buffers; i++)
        f->buffers[i] = 1.5f + f->buffers[i];
    f->x = random_floats(f, f->in_size, 0.3, 1);
    f->skip = with_skip ? random_floats(f, f->out_size, 0, 1) : NULL;
    f->y = random_floats(f, f->out_size, 9, 9);
    f->weights_of_y = random_floats(f, f->out_size, 0, 1);
    f->dy = random_floats(f, f->out_size, 0, 1);
    f->dx = random_floats(f, f->in_size, 9, 9);
    f->dx_add = with_add ? random_floats(f, f->in_size, 0, 1) : NULL;
    assert_int_equal(0, rog_prims_new(&f->prims, &err));
    assert_int_equal(
        0, rog_layer_init(&f->layer, &f->arch, &f->spec, BATCH, mode, true, f->prims, &err));
}

static void fixture_release(struct fixture *f)
{
    rog_layer_release(&f->layer);
    rog_prims_free(f->prims);
    float *arrays[] = {f->params, f->buffers, f->grads,        f->x,  f->skip,
                       f->y,      f->dx,      f->weights_of_y, f->dy, f->dx_add};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(arrays[i]);
}

static struct rog_pass pass_of(struct fixture *f)
{
    return (struct rog_pass){.params = f->params,
                             .buffers = f->buffers,
                             .grads = f->grads,
                             .x = f->x,
                             .skip = f->skip,
                             .y = f->y,
                             .dy = f->dy,
                             .dx = f->dx,
                             .dx_add = f->dx_add};
}

/* A scalar of the output: its product with fixed weights. */
static double objective(struct fixture *f)
{
    struct rog_pass pass = pass_of(f);
    struct rog_error err;
    double sum = 0;
    if (f->layer.ops->prepare)
        assert_int_equal(0, f->layer.ops->prepare(&f->layer, &pass, &err));
    assert_int_equal(0, f->layer.ops->forward(&f->layer, &pass, &err));
    for (size_t i = 0; i < f->out_size; i++)
        sum += (double)f->y[i] * (double)f->weights_of_y[i];
    return sum;
}

/* Computes the slopes of the objective when values[i] moves along direction[i]: backwards and
 * forwards. */
static void slopes(struct fixture *f, float *values, const float *direction, size_t count,
                   double slope[2])
{
    const double step = 5e-4;
    double middle = objective(f);
    float *before = rog_floats(count);
    assert_non_null(before);
    memcpy(before, values, count * sizeof *before);
    for (int side = 0; side < 2; side++) {
        double signed_step = side ? step : -step;
        for (size_t i = 0; i < count; i++)
            values[i] = before[i] + (float)(signed_step * (double)direction[i]);
        slope[side] = (objective(f) - middle) / signed_step;
    }
    memcpy(values, before, count * sizeof *before);
    free(before);
}

#define TRIALS 8
#define MAX_ATTEMPTS 200

/* Along random directions, of several values together or of single ones. If the slopes on both
 * sides differ there is a kink (of ReLU, of max-pooling) nearby, and another direction is drawn. */
static void check_gradient(struct fixture *f, const char *what, float *values,
                           const float *gradient, const float *subtract, size_t count)
{
    float *direction = rog_floats(count);
    assert_non_null(direction);
    double typical = 0;
    for (size_t i = 0; i < count; i++)
        typical += (double)gradient[i] * (double)gradient[i] / (double)count;
    typical = sqrt(typical);

    int trials = 0;
    for (int attempt = 0; attempt < MAX_ATTEMPTS && trials < TRIALS; attempt++) {
        int moved = trials % 2 ? 1 : 3;
        double expected = 0, slope[2];
        memset(direction, 0, count * sizeof *direction);
        for (int i = 0; i < moved; i++)
            direction[rog_rng_below(&f->rng, (uint32_t)count)] = (float)rog_rng_normal(&f->rng);
        for (size_t i = 0; i < count; i++)
            expected +=
                (double)direction[i] * ((double)gradient[i] - (subtract ? (double)subtract[i] : 0));
        slopes(f, values, direction, count, slope);
        double tolerance = 1e-2 * typical * sqrt(moved) + 1e-2;
        if (fabs(slope[1] - slope[0]) > tolerance / 2)
            continue;
        trials++;
        double found = (slope[0] + slope[1]) / 2;
        if (fabs(found - expected) > tolerance)
            fail_msg("%s of %s (%s), %d moved: gradient %g, finite difference %g", what,
                     f->layer.ops->name, f->layer.kernels->level, moved, expected, found);
    }
    if (trials < TRIALS)
        fail_msg("%s of %s: a kink in every direction", what, f->layer.ops->name);
    free(direction);
}

/* Runs forward and backward; dy is the weights of the objective. */
static void run_both(struct fixture *f)
{
    struct rog_error err;
    objective(f);
    memcpy(f->dy, f->weights_of_y, f->out_size * sizeof *f->dy);
    struct rog_pass pass = pass_of(f);
    assert_int_equal(0, f->layer.ops->backward(&f->layer, &pass, &err));
}

static void check_slopes(const struct rog_arch_layer *spec, enum rog_net_mode mode, bool with_skip,
                         bool with_add)
{
    struct fixture f;
    fixture_init(&f, spec, mode, with_skip, with_add);
    run_both(&f);
    /* ADD passes dy on as dx. */
    const float *dx = spec->kind == ROG_LAYER_ADD ? f.dy : f.dx;
    const float *extra = spec->kind == ROG_LAYER_ADD ? NULL : f.dx_add;
    check_gradient(&f, "input", f.x, dx, extra, f.in_size);
    if (f.skip)
        check_gradient(&f, "skip", f.skip, f.dy, NULL, f.out_size);
    for (uint32_t t = 0; t < f.arch.tensor_count; t++)
        check_gradient(&f, t == 0 ? "weight" : "bias or norm", f.params + f.tensors[t].offset,
                       f.grads + f.tensors[t].offset, NULL, f.tensors[t].size);
    fixture_release(&f);
}

static void assert_same(const struct fixture *f, const char *what, const float *a, const float *b,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(a[i] - b[i]) <= 2e-5f * (1 + fabsf(a[i]))))
            fail_msg("%s of %s: %g on the best level, %g on %s", what, f->layer.ops->name,
                     (double)a[i], (double)b[i], f->layer.kernels->level);
}

static void check_level(const struct rog_arch_layer *spec, enum rog_net_mode mode, bool with_skip,
                        bool with_add, const struct rog_kernels *kernels)
{
    struct fixture best, other;
    fixture_init(&best, spec, mode, with_skip, with_add);
    fixture_init(&other, spec, mode, with_skip, with_add);
    other.layer.kernels = kernels;
    run_both(&best);
    run_both(&other);
    assert_same(&other, "output", best.y, other.y, best.out_size);
    assert_same(&other, "input's gradient", best.dx, other.dx, best.in_size);
    assert_same(&other, "weights' gradient", best.grads, other.grads, best.arch.params);
    fixture_release(&best);
    fixture_release(&other);
}

static struct rog_arch_layer spec_of(enum rog_layer_kind kind, uint32_t height, uint32_t width,
                                     uint32_t in, uint32_t out, uint32_t kernel, uint32_t stride)
{
    return (struct rog_arch_layer){.kind = kind,
                                   .in_height = height,
                                   .in_width = width,
                                   .in_channels = in,
                                   .out_height = (height - 1) / stride + 1,
                                   .out_width = (width - 1) / stride + 1,
                                   .out_channels = out,
                                   .kernel = kernel,
                                   .stride = stride};
}

/* Checks a kind with and without the gradient of a second reader. */
static void check_kind(enum rog_layer_kind kind, uint32_t height, uint32_t width, uint32_t in,
                       uint32_t out, uint32_t kernel, uint32_t stride, enum rog_net_mode mode,
                       bool with_skip)
{
    struct rog_arch_layer spec = spec_of(kind, height, width, in, out, kernel, stride);
    if (kind == ROG_LAYER_MEAN)
        spec.out_height = spec.out_width = 1;
    const struct rog_kernels *kernels;
    for (int with_add = 0; with_add < 2; with_add++) {
        check_slopes(&spec, mode, with_skip, with_add);
        for (uint32_t level = 1; (kernels = rog_kernels_level(level)); level++)
            check_level(&spec, mode, with_skip, with_add, kernels);
    }
}

#define FROZEN ROG_NET_TRAIN_FROZEN
#define TRAIN ROG_NET_TRAIN

static void convolution(void **state)
{
    (void)state;
    check_kind(ROG_LAYER_CONV, 7, 7, 16, 32, 3, 2, FROZEN, false);
    check_kind(ROG_LAYER_CONV, 6, 6, 5, 7, 3, 1, FROZEN, false);
}

/* Compares a convolution with many weights by patches and by oneDNN. */
static void check_patches(uint32_t height, uint32_t width, uint32_t in, uint32_t out,
                          uint32_t kernel, uint32_t stride)
{
    struct rog_arch_layer spec = spec_of(ROG_LAYER_CONV, height, width, in, out, kernel, stride);
    struct rog_conv_shape shape = {.batch = BATCH,
                                   .in_height = height,
                                   .in_width = width,
                                   .in_channels = in,
                                   .out_channels = out,
                                   .kernel = kernel,
                                   .stride = stride,
                                   .backward = true,
                                   .input_gradient = true};
    struct fixture patches, direct;
    struct rog_error err;
    fixture_init(&patches, &spec, ROG_NET_TRAIN_FROZEN, false, true);
    fixture_init(&direct, &spec, ROG_NET_TRAIN_FROZEN, false, true);
    assert_null(patches.layer.conv);
    assert_int_equal(0, rog_conv_new(&direct.layer.conv, direct.prims, &shape, &err));
    run_both(&patches);
    run_both(&direct);
    /* Sums of up to thousands of products in another order. */
    float allowed = 1e-6f * (float)(in * kernel * kernel);
    for (size_t i = 0; i < patches.out_size; i++)
        assert_true(fabsf(patches.y[i] - direct.y[i]) <= allowed);
    for (size_t i = 0; i < patches.in_size; i++)
        assert_true(fabsf(patches.dx[i] - direct.dx[i]) <= 1e-6f * (float)(out * kernel * kernel));
    for (size_t i = 0; i < patches.arch.params; i++)
        assert_true(fabsf(patches.grads[i] - direct.grads[i]) <=
                    1e-5f * (1 + fabsf(direct.grads[i])) * sqrtf((float)(BATCH * height * width)));
    fixture_release(&patches);
    fixture_release(&direct);
}

/* The second batch takes more than one step. */
static void convolution_by_patches(void **state)
{
    (void)state;
    check_patches(4, 5, 128, 128, 3, 2);
    check_patches(32, 33, 96, 160, 3, 1);
    check_patches(3, 3, 320, 416, 1, 2);

    struct rog_arch_layer spec = spec_of(ROG_LAYER_CONV, 4, 3, 128, 128, 3, 2);
    const struct rog_kernels *kernels;
    for (uint32_t level = 1; (kernels = rog_kernels_level(level)); level++)
        check_level(&spec, ROG_NET_TRAIN_FROZEN, false, true, kernels);
}

static void convolution_with_running_statistics(void **state)
{
    (void)state;
    check_kind(ROG_LAYER_CONV_NORM, 6, 6, 3, 16, 3, 1, FROZEN, false);
    check_kind(ROG_LAYER_CONV_NORM, 5, 7, 16, 72, 1, 1, FROZEN, false);
    check_kind(ROG_LAYER_CONV_NORM, 7, 5, 16, 32, 3, 2, FROZEN, false);
}

static void convolution_with_batch_statistics(void **state)
{
    (void)state;
    check_kind(ROG_LAYER_CONV_NORM, 6, 6, 3, 16, 3, 1, TRAIN, false);
    check_kind(ROG_LAYER_CONV_NORM, 5, 7, 16, 72, 1, 1, TRAIN, false);
    check_kind(ROG_LAYER_CONV_NORM, 7, 5, 16, 64, 3, 2, TRAIN, false);
}

static void depthwise_convolution(void **state)
{
    (void)state;
    check_kind(ROG_LAYER_DEPTHWISE, 4, 4, 16, 16, 3, 1, FROZEN, false);
    check_kind(ROG_LAYER_DEPTHWISE, 5, 3, 101, 101, 3, 1, FROZEN, false);
    check_kind(ROG_LAYER_DEPTHWISE, 1, 1, 32, 32, 3, 1, FROZEN, false);
}

static void max_pooling(void **state)
{
    (void)state;
    check_kind(ROG_LAYER_MAX_POOL, 8, 8, 16, 16, 3, 2, FROZEN, false);
    check_kind(ROG_LAYER_MAX_POOL, 7, 5, 67, 67, 3, 2, FROZEN, false);
}

static void sum(void **state)
{
    (void)state;
    check_kind(ROG_LAYER_ADD, 3, 5, 17, 17, 1, 1, FROZEN, true);
}

static void layer_norm(void **state)
{
    (void)state;
    check_kind(ROG_LAYER_NORM, 3, 2, 64, 64, 1, 1, FROZEN, false);
    check_kind(ROG_LAYER_NORM, 13, 11, 35, 35, 1, 1, FROZEN, false);
}

static void linear(void **state)
{
    (void)state;
    check_kind(ROG_LAYER_LINEAR, 3, 2, 32, 48, 1, 1, FROZEN, false);
    check_kind(ROG_LAYER_LINEAR, 3, 2, 33, 100, 1, 1, FROZEN, true);
}

static void linear_gelu(void **state)
{
    (void)state;
    check_kind(ROG_LAYER_LINEAR_GELU, 3, 2, 32, 64, 1, 1, FROZEN, false);
    check_kind(ROG_LAYER_LINEAR_GELU, 2, 1, 5, 37, 1, 1, FROZEN, false);
}

static void mean(void **state)
{
    (void)state;
    check_kind(ROG_LAYER_MEAN, 4, 3, 70, 70, 1, 1, FROZEN, false);
    check_kind(ROG_LAYER_MEAN, 1, 1, 16, 16, 1, 1, FROZEN, false);
}

/* GELU compared with the C library's erf, from large negative to large positive values. */
static void gelu_values(void **state)
{
    (void)state;
    const struct rog_kernels *kernels;
    for (uint32_t level = 0; (kernels = rog_kernels_level(level)); level++) {
        for (int i = -4000; i <= 4000; i++) {
            float z = (float)i / 200, y, bias = 0.25f;
            double x = (double)z + 0.25, phi = 0.5 * erfc(-x / sqrt(2));
            kernels->gelu(1, 1, &bias, &z, &y, 1);
            assert_true(fabs((double)y - x * phi) < 2e-7 + 2e-7 * fabs(x));
            double slope_there = phi + x * exp(-x * x / 2) / sqrt(2 * 3.14159265358979);
            assert_true(fabs((double)z - slope_there) < 1e-6);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolution),
        cmocka_unit_test(convolution_by_patches),
        cmocka_unit_test(convolution_with_running_statistics),
        cmocka_unit_test(convolution_with_batch_statistics),
        cmocka_unit_test(depthwise_convolution),
        cmocka_unit_test(max_pooling),
        cmocka_unit_test(sum),
        cmocka_unit_test(layer_norm),
        cmocka_unit_test(linear),
        cmocka_unit_test(linear_gelu),
        cmocka_unit_test(mean),
        cmocka_unit_test(gelu_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
