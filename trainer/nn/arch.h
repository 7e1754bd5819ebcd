/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_NN_ARCH_H
#define ROG_NN_ARCH_H

/*
 * Architectures: ConvMLP (Li, Hassani, Walton, Shi 2021, "ConvMLP: Hierarchical Convolutional MLPs
 * for Vision") in the variants convmlp-l, convmlp-m, convmlp-s (as published) and convmlp-nano, a
 * small member of the family for 32x32 images. Stochastic depth (drop path), which the published
 * training recipe uses as a regularizer, is left out: it has no parameters and does nothing at test
 * time.
 *
 * All weights of a model are in one flat float array, with the parameter order, names and shapes of
 * the published PyTorch model (convolutions (out, in, kh, kw), linear (out, in)); the running
 * statistics of BatchNorm are in a second one.
 */

#include <stdint.h>

#include <rog/error.h>

#define ROG_TENSOR_MAX_DIMS 8
#define ROG_TENSOR_NAME_BYTES 192

struct rog_arch_tensor {
    char name[ROG_TENSOR_NAME_BYTES]; /* "stages.0.blocks.0.norm1.weight" */
    uint32_t dims;                    /* number of dimensions, 1..ROG_TENSOR_MAX_DIMS */
    uint32_t shape[ROG_TENSOR_MAX_DIMS];
    uint64_t offset; /* index of the first element in the flat array */
    uint64_t size;   /* number of elements */
};

/* Layers of the network in order of execution. Value 0 is the images, value i + 1 the output of
 * layer i. A layer's input is the value before it. All values are (B, H, W, C). */
enum rog_layer_kind {
    ROG_LAYER_CONV,        /* y = conv(x) + bias; padding kernel / 2 */
    ROG_LAYER_CONV_NORM,   /* y = relu(BatchNorm(conv(x))), no bias */
    ROG_LAYER_DEPTHWISE,   /* y = conv(x), each channel separately, no bias */
    ROG_LAYER_MAX_POOL,    /* padding kernel / 2 */
    ROG_LAYER_ADD,         /* y = x + skip */
    ROG_LAYER_NORM,        /* y = LayerNorm(x) over the channels of each position */
    ROG_LAYER_LINEAR,      /* y = x W^T + bias (+ skip, if any), for each position */
    ROG_LAYER_LINEAR_GELU, /* y = GELU(x W^T + bias), the exact one (erf) */
    ROG_LAYER_MEAN,        /* y = mean over positions */
};
#define ROG_LAYER_KINDS (ROG_LAYER_MEAN + 1)
#define ROG_NO_INDEX UINT32_MAX

struct rog_arch_layer {
    enum rog_layer_kind kind;
    uint32_t in_height, in_width, in_channels;
    uint32_t out_height, out_width, out_channels;
    uint32_t kernel, stride;
    uint32_t weight, bias;              /* index in `tensors`, ROG_NO_INDEX: none */
    uint32_t norm_weight, norm_bias;    /* index in `tensors`, for CONV_NORM */
    uint32_t running_mean, running_var; /* index in `buffer_tensors`, for CONV_NORM */
    uint32_t skip;                      /* index of a value, ROG_NO_INDEX: none */
};

struct rog_arch {
    char name[32];
    uint32_t classes, image_size; /* 0 if only the tensors of a model are known */
    uint64_t params, buffers;     /* number of floats in each flat array */
    uint32_t tensor_count, buffer_count, layer_count;
    struct rog_arch_tensor *tensors;        /* parameters, in order */
    struct rog_arch_tensor *buffer_tensors; /* running_mean, running_var, in order */
    struct rog_arch_layer *layers;
};

/* classes 1..65535, image_size 16..1024. The message of ROG_ENOTFOUND lists the variants. */
int rog_arch_new(struct rog_arch **arch, const char *variant, uint32_t classes, uint32_t image_size,
                 struct rog_error *err);
void rog_arch_free(struct rog_arch *arch);

/* Draws initial weights with the published model's initialization (convolutions normal with
 * variance 2 / fan out, linear truncated normal with deviation 0.02, norms one and zero), and
 * resets the running statistics. */
void rog_arch_initialize(const struct rog_arch *arch, uint64_t seed, float *params, float *buffers);

/* Returns the multiply-adds of one image's forward pass in convolutions and linear layers. */
uint64_t rog_arch_multiply_adds(const struct rog_arch *arch);

#endif
