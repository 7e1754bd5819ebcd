/* SPDX-License-Identifier: Apache-2.0 */
/* Convolution as products with matrices of patches. */
#include <trainer/nn/patches.h>

#include <stdbool.h>

#include <trainer/nn/prims.h>

/* Floats of the patches that are handled at once: they should stay in the cache. */
#define STEP_FLOATS (512 * 1024)

static size_t in_floats(const struct rog_patches *p)
{
    return (size_t)p->window.height * p->window.width * p->window.c;
}

static uint32_t out_positions(const struct rog_patches *p)
{
    return p->window.out_height * p->window.out_width;
}

/* Returns the floats of one output's patch. */
static uint32_t patch_floats(const struct rog_patches *p)
{
    return p->window.c * p->window.kernel * p->window.kernel;
}

static size_t image_floats(const struct rog_patches *p)
{
    return (size_t)out_positions(p) * patch_floats(p);
}

static uint32_t step_images(const struct rog_patches *p)
{
    size_t images = STEP_FLOATS / image_floats(p);
    images = images > 0 ? images : 1;
    return images < p->batch ? (uint32_t)images : p->batch;
}

size_t rog_patches_floats(const struct rog_patches *p)
{
    return step_images(p) * image_floats(p);
}

/* Returns the images [*first, *first + *count) of the next step, initially after an empty step;
 * false after the last. */
static bool next_step(const struct rog_patches *p, uint32_t *first, uint32_t *count)
{
    *first += *count;
    uint32_t left = p->batch - *first, most = step_images(p);
    *count = left < most ? left : most;
    return left > 0;
}

static void unfold(const struct rog_patches *p, const float *x, uint32_t images)
{
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < images; b++)
        p->kernels->unfold(&p->window, x + b * in_floats(p), p->room + b * image_floats(p));
}

static void fold(const struct rog_patches *p, float *dx, uint32_t images)
{
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < images; b++)
        p->kernels->fold(&p->window, p->room + b * image_floats(p), dx + b * in_floats(p));
}

int rog_patches_forward(const struct rog_patches *p, const float *x, const float *weights,
                        const float *bias, float *y, struct rog_error *err)
{
    struct rog_gemm product = {.transpose_b = true, .n = p->out_channels, .k = patch_floats(p)};
    int code = 0;
    for (uint32_t first = 0, count = 0; !code && next_step(p, &first, &count);) {
        float *out = y + (size_t)first * out_positions(p) * p->out_channels;
        unfold(p, x + first * in_floats(p), count);
        product.m = count * out_positions(p);
        code = rog_gemm(&product, p->room, weights, out, err);
        if (!code)
            p->kernels->add_bias(product.m, p->out_channels, bias, NULL, out);
    }
    return code;
}

/* The gradient of the weights is summed over the steps; in each step the patches are overwritten by
 * their own gradient. */
int rog_patches_backward(const struct rog_patches *p, const float *x, const float *weights,
                         const float *dy, float *dx, float *dweights, struct rog_error *err)
{
    struct rog_gemm of_weights = {.transpose_a = true, .m = p->out_channels, .n = patch_floats(p)};
    struct rog_gemm of_patches = {.n = patch_floats(p), .k = p->out_channels};
    int code = 0;
    for (uint32_t first = 0, count = 0; !code && next_step(p, &first, &count);) {
        uint32_t rows = count * out_positions(p);
        const float *g = dy + (size_t)first * out_positions(p) * p->out_channels;
        of_weights.k = of_patches.m = rows;
        of_weights.beta = first > 0 ? 1.0f : 0.0f;
        unfold(p, x + first * in_floats(p), count);
        code = rog_gemm(&of_weights, g, p->room, dweights, err);
        if (code || !dx)
            continue;
        code = rog_gemm(&of_patches, g, weights, p->room, err);
        if (!code)
            fold(p, dx + first * in_floats(p), count);
    }
    return code;
}
