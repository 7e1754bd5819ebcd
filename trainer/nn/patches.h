/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_NN_PATCHES_H
#define ROG_NN_PATCHES_H

/*
 * Convolution as products of a matrix of patches, each being what one output sees, with the weights
 * as PyTorch has them, (out, in, kernel, kernel). Activations are (B, H, W, C). Internal to
 * trainer/nn.
 */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>
#include <trainer/nn/kernels.h>

struct rog_patches {
    const struct rog_kernels *kernels;
    struct rog_window window; /* of one image; c: in */
    uint32_t batch, out_channels;
    float *room; /* the caller's, rog_patches_floats of them */
};

/* Room for the patches of as many images as go through at a time; `room` is not looked at. */
size_t rog_patches_floats(const struct rog_patches *patches);

/* y (B, OH, OW, out) = conv(x (B, H, W, in), weights) + bias (out). */
int rog_patches_forward(const struct rog_patches *patches, const float *x, const float *weights,
                        const float *bias, float *y, struct rog_error *err);

/* From dy: dweights (overwritten), and dx (overwritten) where it is not NULL. */
int rog_patches_backward(const struct rog_patches *patches, const float *x, const float *weights,
                         const float *dy, float *dx, float *dweights, struct rog_error *err);

#endif
