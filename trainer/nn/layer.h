/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_NN_LAYER_H
#define ROG_NN_LAYER_H

/*
 * One layer of a network, prepared for a batch size. It owns only what its backward pass needs from
 * its forward pass: values, gradients and weights are arguments of each pass. Internal to
 * trainer/nn.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rog/error.h>
#include <trainer/nn/arch.h>
#include <trainer/nn/kernels.h>
#include <trainer/nn/mode.h>
#include <trainer/nn/prims.h>

struct rog_layer {
    const struct rog_layer_ops *ops;
    const struct rog_arch *arch;
    const struct rog_arch_layer *spec;
    const struct rog_kernels *kernels;
    uint32_t batch;
    enum rog_net_mode mode;
    bool input_gradient; /* the backward pass computes dx */
    struct rog_conv *conv;
    float *saved;     /* array of ops->saved_floats */
    uint8_t *indexes; /* array of ops->saved_indexes */
};

/* Arguments of a forward or backward pass. Activations are (B, H, W, C) of the layer's spec. */
struct rog_pass {
    const float *params;
    const float *buffers;   /* running statistics */
    float *updated_buffers; /* the same, to be updated; NULL: not updated */
    float *grads;           /* like params; backward overwrites those of the layer */
    const float *x, *skip;  /* skip: NULL if the layer has none */
    float *y;               /* forward: output. backward: may be overwritten */
    const float *dy;
    const float *dx_add; /* added to dx; NULL: nothing */
    float *dx;           /* NULL unless input_gradient. ADD: not written, dx is dy */
};

struct rog_layer_ops {
    const char *name;
    /* Floats and bytes to keep from the forward for the backward pass; NULL: none. */
    size_t (*saved_floats)(const struct rog_layer *layer);
    size_t (*saved_indexes)(const struct rog_layer *layer);
    bool convolution; /* needs layer->conv */
    /* Computes what depends only on weights and running statistics; called once before the forward
     * passes with them. NULL: nothing. */
    int (*prepare)(struct rog_layer *layer, const struct rog_pass *pass, struct rog_error *err);
    int (*forward)(struct rog_layer *layer, const struct rog_pass *pass, struct rog_error *err);
    int (*backward)(struct rog_layer *layer, const struct rog_pass *pass, struct rog_error *err);
};

/* One row for each kind of layer. */
extern const struct rog_layer_ops rog_layer_table[ROG_LAYER_KINDS];

/* arch, spec and prims are borrowed. */
int rog_layer_init(struct rog_layer *layer, const struct rog_arch *arch,
                   const struct rog_arch_layer *spec, uint32_t batch, enum rog_net_mode mode,
                   bool input_gradient, struct rog_prims *prims, struct rog_error *err);
void rog_layer_release(struct rog_layer *layer);

#endif
