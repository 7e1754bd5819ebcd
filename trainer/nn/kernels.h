/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_NN_KERNELS_H
#define ROG_NN_KERNELS_H

/*
 * The network's plain loops: operations limited by memory rather than arithmetic, for which oneDNN
 * has no advantage. kernels.c is compiled once for each instruction set level; rog_kernels()
 * returns the best level that this processor supports.
 *
 * "rows" kernels work on `rows` consecutive rows of `c` channels and can be called for any part of
 * the rows. "columns" kernels sum over all rows, only for the channels [first, last). Parts are
 * independent of each other, so that they may run in parallel with the same result.
 */

#include <stdint.h>

/* Channels that a columns kernel handles at once; ranges begin at a multiple of it. */
#define ROG_KERNELS_CHUNK 64

/* A pooling or convolution over one image (height, width, c); padding kernel / 2. */
struct rog_window {
    uint32_t height, width;         /* of the input */
    uint32_t out_height, out_width; /* of the output */
    uint32_t c, kernel, stride;     /* c: of the input */
};

struct rog_kernels {
    const char *level; /* "x86_64_v4" */

    /* y += bias, and += skip unless skip is NULL. */
    void (*add_bias)(uint32_t rows, uint32_t c, const float *bias, const float *skip, float *y);
    /* z += bias; y = z Phi(z); z becomes dy/dz if `derivative`. erf by Abramowitz and Stegun
     * 7.1.26, absolute error 1.5e-7. z and y may be the same unless `derivative`. */
    void (*gelu)(uint32_t rows, uint32_t c, const float *bias, float *z, float *y, int derivative);
    void (*add)(uint64_t count, const float *a, const float *b, float *y); /* y = a + b */
    void (*add_to)(uint64_t count, const float *a, float *y);              /* y += a */
    void (*multiply_to)(uint64_t count, const float *a, float *y);         /* y *= a */

    /* LayerNorm (epsilon 1e-5). stats: mean and 1 / deviation of each row. */
    void (*layer_norm)(uint32_t rows, uint32_t c, const float *x, const float *weight,
                       const float *bias, float *y, float *stats);
    /* Computes dx, plus `add` unless it is NULL. */
    void (*layer_norm_backward)(uint32_t rows, uint32_t c, const float *x, const float *stats,
                                const float *weight, const float *dy, const float *add, float *dx);
    void (*layer_norm_columns)(uint32_t rows, uint32_t c, uint32_t first, uint32_t last,
                               const float *x, const float *stats, const float *dy, float *dweight,
                               float *dbias);

    /* BatchNorm over rows. */
    void (*moments_columns)(uint32_t rows, uint32_t c, uint32_t first, uint32_t last,
                            const float *x, float *mean, float *variance);
    /* y = max(0, x scale + shift) */
    void (*scale_relu)(uint32_t rows, uint32_t c, const float *x, const float *scale,
                       const float *shift, float *y);
    /* With g = y > 0 ? dy : 0: computes the sums of g and of g (x - mean). */
    void (*norm_relu_columns)(uint32_t rows, uint32_t c, uint32_t first, uint32_t last,
                              const float *x, const float *mean, const float *y, const float *dy,
                              float *sum, float *product);
    /* x = a g + b x + d: replaces BatchNorm's input by its gradient. */
    void (*norm_relu_backward)(uint32_t rows, uint32_t c, const float *a, const float *b,
                               const float *d, const float *y, const float *dy, float *x);
    /* y = y > 0 ? dy : 0, and sum is its sum. */
    void (*relu_columns)(uint32_t rows, uint32_t c, uint32_t first, uint32_t last, const float *dy,
                         float *y, float *sum);
    void (*sum_columns)(uint32_t rows, uint32_t c, uint32_t first, uint32_t last, const float *x,
                        float *sum);

    /* index: which of the kernel * kernel inputs was the largest, the first of equal ones. */
    void (*max_pool)(const struct rog_window *window, const float *x, float *y, uint8_t *index);
    void (*max_pool_backward)(const struct rog_window *window, const float *dy,
                              const uint8_t *index, float *dx);
    /* Stride 1. taps: (kernel * kernel, c). */
    void (*depthwise)(const struct rog_window *window, const float *x, const float *taps, float *y);
    /* Sums over `images` images. dtaps: (kernel * kernel, c). */
    void (*depthwise_columns)(const struct rog_window *window, uint32_t images, uint32_t first,
                              uint32_t last, const float *x, const float *dy, float *dtaps);

    /* patches: (out_height, out_width, c, kernel, kernel), the inputs of each output of a
     * convolution, 0 outside of the image; in the order of PyTorch's weights. */
    void (*unfold)(const struct rog_window *window, const float *x, float *patches);
    /* The reverse: each element of x becomes the sum of its copies in the patches. */
    void (*fold)(const struct rog_window *window, const float *patches, float *x);

    /* Mean over rows, and its gradient dx = dy / rows. */
    void (*mean)(uint32_t rows, uint32_t c, const float *x, float *y);
    void (*mean_backward)(uint32_t rows, uint32_t c, const float *dy, float *dx);
};

/* Returns the index-th level that this processor supports, the best first; NULL after the last. */
const struct rog_kernels *rog_kernels_level(uint32_t index);
const struct rog_kernels *rog_kernels(void); /* returns the best level */

#endif
