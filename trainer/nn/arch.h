/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_NN_ARCH_H
#define ROG_NN_ARCH_H

/*
 * Architectures: ConvMLP (Li, Hassani, Walton, Shi 2021, "ConvMLP: Hierarchical Convolutional MLPs
 * for Vision") in the variants convmlp-m, convmlp-s (as published) and convmlp-nano.
 *
 * All weights of a model live in one flat float array in the parameter order, names and shapes of
 * the published PyTorch model (convolutions (out, in, kh, kw), linear (out, in)); the running
 * statistics of BatchNorm live in a second one.
 */

#include <stdint.h>

#include <rog/error.h>

#define ROG_TENSOR_MAX_DIMS 4

struct rog_arch_tensor {
    char name[96]; /* "stages.0.blocks.0.norm1.weight" */
    uint32_t dims; /* 1..4 */
    uint32_t shape[ROG_TENSOR_MAX_DIMS];
    uint64_t offset; /* first element in the flat array */
    uint64_t size;   /* elements */
};

struct rog_arch {
    char name[32];
    uint32_t classes, image_size;
    uint64_t params, buffers; /* floats in either flat array */
    uint32_t tensor_count, buffer_count;
    struct rog_arch_tensor *tensors;        /* parameters, in order */
    struct rog_arch_tensor *buffer_tensors; /* running_mean, running_var, in order */
    const struct rog_convmlp *variant;      /* the table row this was built from (nn only) */
};

int rog_arch_new(struct rog_arch **arch, const char *variant, uint32_t classes, uint32_t image_size,
                 struct rog_error *err);
void rog_arch_free(struct rog_arch *arch);

/* Random initial weights as the published model's initialization, and fresh running statistics. */
void rog_arch_initialize(const struct rog_arch *arch, uint64_t seed, float *params, float *buffers);

#endif
