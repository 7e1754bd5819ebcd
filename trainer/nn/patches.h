/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_NN_PATCHES_H
#define ROG_NN_PATCHES_H

/*
 * Convolution as products of a matrix of patches, the inputs of one output each, with the weights
 * in PyTorch's order, (out, in, kernel, kernel). Activations are (B, H, W, C). Internal to
 * trainer/nn.
 */

#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>
#include <trainer/nn/kernels.h>

struct rog_patches {
    const struct rog_kernels *kernels;
    struct rog_window window; /* of one image; c: its input channels */
    uint32_t batch, out_channels;
    float *room; /* memory of the caller, rog_patches_floats floats */
};

/* Returns the floats needed for the patches of the images that are handled at once. Does not read
 * `room`. */
size_t rog_patches_floats(const struct rog_patches *patches);

/* y (B, OH, OW, out) = conv(x (B, H, W, in), weights) + bias (out). */
int rog_patches_forward(const struct rog_patches *patches, const float *x, const float *weights,
                        const float *bias, float *y, struct rog_error *err);

/* From dy computes dweights (overwritten), and dx (overwritten) unless it is NULL. */
int rog_patches_backward(const struct rog_patches *patches, const float *x, const float *weights,
                         const float *dy, float *dx, float *dweights, struct rog_error *err);

#endif
