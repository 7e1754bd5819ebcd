/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_NN_PRIMS_H
#define ROG_NN_PRIMS_H

/*
 * Convolution and matrix product by oneDNN, whose types and errors stay in prims.c. Activations are
 * (B, H, W, C) float32, convolution weights (out, in, kernel, kernel) as in PyTorch; they are
 * converted internally to the layout that oneDNN prefers. Everything runs on as many threads as
 * OpenMP gives the calling thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rog/error.h>

struct rog_prims; /* engine, stream and scratch memory; used by one thread at a time */

int rog_prims_new(struct rog_prims **prims, struct rog_error *err);
void rog_prims_free(struct rog_prims *prims);

#define ROG_PRIMS_NAME_BYTES 160
/* Describes what else the last digits of results depend on: the build of oneDNN, and the
 * instructions that it uses on this processor. */
void rog_prims_name(char name[ROG_PRIMS_NAME_BYTES]);

struct rog_conv_shape {
    uint32_t batch, in_height, in_width, in_channels, out_channels;
    uint32_t kernel, stride; /* padding is kernel / 2 */
    bool relu;               /* forward ends with max(0, y) */
    bool backward;           /* rog_conv_backward will be called */
    bool input_gradient;     /* it computes dx */
};

struct rog_conv;

/* `prims` must outlive the convolution. */
int rog_conv_new(struct rog_conv **conv, struct rog_prims *prims,
                 const struct rog_conv_shape *shape, struct rog_error *err);
void rog_conv_free(struct rog_conv *conv);

/* Converts the weights of the following forward calls, up to the next backward call, to the layout
 * that oneDNN prefers. `weights` is borrowed and must not change until then. */
int rog_conv_prepare(struct rog_conv *conv, const float *weights, struct rog_error *err);

/* y (B, OH, OW, out) = conv(x (B, H, W, in), prepared weights) + bias (out), then ReLU if the shape
 * has it. */
int rog_conv_forward(struct rog_conv *conv, const float *x, const float *bias, float *y,
                     struct rog_error *err);

/* From dy, the gradient before ReLU and bias, computes dweights (overwritten), and dx (overwritten)
 * if the shape has input_gradient. `weights` as prepared for the forward call. */
int rog_conv_backward(struct rog_conv *conv, const float *x, const float *weights, const float *dy,
                      float *dx, float *dweights, struct rog_error *err);

/* Row-major C (m, n) = op(A) op(B) + beta C, op(A) being (m, k) and op(B) (k, n); a transposed
 * operand is stored as (k, m) or (n, k). All are dense. */
struct rog_gemm {
    bool transpose_a, transpose_b;
    uint32_t m, n, k;
    float beta;
};
int rog_gemm(const struct rog_gemm *gemm, const float *a, const float *b, float *c,
             struct rog_error *err);

#endif
