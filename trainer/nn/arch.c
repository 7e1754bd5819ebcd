/* SPDX-License-Identifier: Apache-2.0 */
/* The table of models, and the tensors and layers of each. */
#include <trainer/nn/arch.h>

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/rng.h>

#define MAX_STEM 3
#define MAX_STAGES 3

/* A member of the family. */
struct convmlp {
    const char *name;
    uint32_t stem_count, stem[MAX_STEM]; /* channels of the tokenizer's 3x3 convolutions */
    uint32_t stem_stride;                /* of the first of these convolutions */
    uint32_t conv_blocks, conv_hidden;   /* residual 1x1-3x3-1x1 blocks after the tokenizer */
    uint32_t stage_count;
    uint32_t blocks[MAX_STAGES], dims[MAX_STAGES], mlp_ratio[MAX_STAGES];
};

static const struct convmlp variants[] = {
    {.name = "convmlp-l",
     .stem_count = 3,
     .stem = {48, 48, 96},
     .stem_stride = 2,
     .conv_blocks = 3,
     .conv_hidden = 192,
     .stage_count = 3,
     .blocks = {4, 8, 3},
     .dims = {192, 384, 768},
     .mlp_ratio = {3, 3, 3}},
    {.name = "convmlp-m",
     .stem_count = 3,
     .stem = {32, 32, 64},
     .stem_stride = 2,
     .conv_blocks = 3,
     .conv_hidden = 128,
     .stage_count = 3,
     .blocks = {3, 6, 3},
     .dims = {128, 256, 512},
     .mlp_ratio = {3, 3, 3}},
    {.name = "convmlp-s",
     .stem_count = 3,
     .stem = {32, 32, 64},
     .stem_stride = 2,
     .conv_blocks = 2,
     .conv_hidden = 128,
     .stage_count = 3,
     .blocks = {2, 4, 2},
     .dims = {128, 256, 512},
     .mlp_ratio = {2, 2, 2}},
    /* The published tokenizer reduces 32x32 images to 8x8, and its last stage to 1x1. Here one
     * convolution at full size and the family's max-pooling give 16x16, and two stages end at
     * 4x4. */
    {.name = "convmlp-nano",
     .stem_count = 1,
     .stem = {32},
     .stem_stride = 1,
     .conv_blocks = 1,
     .conv_hidden = 16,
     .stage_count = 2,
     .blocks = {1, 1},
     .dims = {64, 128},
     .mlp_ratio = {1, 2}},
};

#define VARIANT_COUNT (sizeof variants / sizeof variants[0])

/* ---- building ---- */

/* State of the builder: the geometry of the last layer's output, and whether memory ran out. */
struct builder {
    struct rog_arch *arch;
    uint32_t height, width, channels;
    bool out_of_memory;
};

/* Makes room for one more item in an array that doubles; NULL if out of memory. */
static void *grow(struct builder *b, void *array, uint32_t count, size_t item_bytes)
{
    if (count & (count - 1)) /* there is room up to the next power of two */
        return array;
    void *grown = realloc(array, (count ? 2 * (size_t)count : 1) * item_bytes);
    if (!grown)
        b->out_of_memory = true;
    return grown;
}

static void fill_tensor(struct rog_arch_tensor *tensor, uint64_t offset, uint32_t dims,
                        const uint32_t *shape)
{
    tensor->dims = dims;
    tensor->offset = offset;
    tensor->size = 1;
    for (uint32_t i = 0; i < dims; i++) {
        tensor->shape[i] = shape[i];
        tensor->size *= shape[i];
    }
}

/* Adds a parameter; its name is the formatted prefix and the suffix. */
static uint32_t add_param(struct builder *b, uint32_t dims, const uint32_t *shape,
                          const char *prefix, const char *suffix)
{
    struct rog_arch *arch = b->arch;
    if (b->out_of_memory)
        return 0;
    void *grown = grow(b, arch->tensors, arch->tensor_count, sizeof *arch->tensors);
    if (!grown)
        return 0;
    arch->tensors = grown;
    struct rog_arch_tensor *tensor = &arch->tensors[arch->tensor_count];
    memset(tensor, 0, sizeof *tensor);
    snprintf(tensor->name, sizeof tensor->name, "%s.%s", prefix, suffix);
    fill_tensor(tensor, arch->params, dims, shape);
    arch->params += tensor->size;
    return arch->tensor_count++;
}

static uint32_t add_buffer(struct builder *b, uint32_t channels, const char *prefix,
                           const char *suffix)
{
    struct rog_arch *arch = b->arch;
    if (b->out_of_memory)
        return 0;
    void *grown = grow(b, arch->buffer_tensors, arch->buffer_count, sizeof *arch->buffer_tensors);
    if (!grown)
        return 0;
    arch->buffer_tensors = grown;
    struct rog_arch_tensor *tensor = &arch->buffer_tensors[arch->buffer_count];
    memset(tensor, 0, sizeof *tensor);
    snprintf(tensor->name, sizeof tensor->name, "%s.%s", prefix, suffix);
    fill_tensor(tensor, arch->buffers, 1, &channels);
    arch->buffers += tensor->size;
    return arch->buffer_count++;
}

/* Adds a layer after the last one. The pointer is valid until the next call; if memory has run out,
 * it points to `spare`. */
static struct rog_arch_layer *add_layer(struct builder *b, enum rog_layer_kind kind,
                                        uint32_t out_channels, uint32_t kernel, uint32_t stride,
                                        struct rog_arch_layer *spare)
{
    struct rog_arch *arch = b->arch;
    struct rog_arch_layer *layer = spare;
    void *grown =
        b->out_of_memory ? NULL : grow(b, arch->layers, arch->layer_count, sizeof *arch->layers);
    if (grown) {
        arch->layers = grown;
        layer = &arch->layers[arch->layer_count++];
    }
    *layer = (struct rog_arch_layer){.kind = kind,
                                     .in_height = b->height,
                                     .in_width = b->width,
                                     .in_channels = b->channels,
                                     .out_height = (b->height - 1) / stride + 1,
                                     .out_width = (b->width - 1) / stride + 1,
                                     .out_channels = out_channels,
                                     .kernel = kernel,
                                     .stride = stride,
                                     .weight = ROG_NO_INDEX,
                                     .bias = ROG_NO_INDEX,
                                     .norm_weight = ROG_NO_INDEX,
                                     .norm_bias = ROG_NO_INDEX,
                                     .running_mean = ROG_NO_INDEX,
                                     .running_var = ROG_NO_INDEX,
                                     .skip = ROG_NO_INDEX};
    b->height = layer->out_height;
    b->width = layer->out_width;
    b->channels = out_channels;
    return layer;
}

/* Convolution, BatchNorm and ReLU; `first` is the index of the convolution in its nn.Sequential. */
static void add_conv_norm(struct builder *b, const char *prefix, uint32_t first, uint32_t out,
                          uint32_t kernel, uint32_t stride)
{
    struct rog_arch_layer spare;
    uint32_t in = b->channels;
    struct rog_arch_layer *layer = add_layer(b, ROG_LAYER_CONV_NORM, out, kernel, stride, &spare);
    char name[80];
    snprintf(name, sizeof name, "%s.%u", prefix, first);
    layer->weight = add_param(b, 4, (uint32_t[]){out, in, kernel, kernel}, name, "weight");
    snprintf(name, sizeof name, "%s.%u", prefix, first + 1);
    layer->norm_weight = add_param(b, 1, &out, name, "weight");
    layer->norm_bias = add_param(b, 1, &out, name, "bias");
    layer->running_mean = add_buffer(b, out, name, "running_mean");
    layer->running_var = add_buffer(b, out, name, "running_var");
}

static void add_downsample(struct builder *b, const char *name, uint32_t out)
{
    struct rog_arch_layer spare;
    uint32_t in = b->channels;
    struct rog_arch_layer *layer = add_layer(b, ROG_LAYER_CONV, out, 3, 2, &spare);
    layer->weight = add_param(b, 4, (uint32_t[]){out, in, 3, 3}, name, "weight");
    layer->bias = add_param(b, 1, &out, name, "bias");
}

/* A weight and a bias, added together. */
struct pair {
    uint32_t weight, bias;
};

static struct pair add_norm_params(struct builder *b, const char *prefix, const char *name,
                                   uint32_t channels)
{
    char whole[80];
    snprintf(whole, sizeof whole, "%s%s", prefix, name);
    uint32_t weight = add_param(b, 1, &channels, whole, "weight");
    return (struct pair){weight, add_param(b, 1, &channels, whole, "bias")};
}

static struct pair add_linear_params(struct builder *b, const char *prefix, const char *name,
                                     uint32_t in, uint32_t out)
{
    char whole[80];
    snprintf(whole, sizeof whole, "%s%s", prefix, name);
    uint32_t weight = add_param(b, 2, (uint32_t[]){out, in}, whole, "weight");
    return (struct pair){weight, add_param(b, 1, &out, whole, "bias")};
}

static void add_layer_with(struct builder *b, enum rog_layer_kind kind, uint32_t out,
                           struct pair params, uint32_t skip)
{
    struct rog_arch_layer spare;
    struct rog_arch_layer *layer = add_layer(b, kind, out, 1, 1, &spare);
    layer->weight = params.weight;
    layer->bias = params.bias;
    layer->skip = skip;
}

/* x + MLP(LayerNorm(x)) */
static void add_channel_mlp(struct builder *b, struct pair norm, struct pair fc1, struct pair fc2,
                            uint32_t hidden)
{
    uint32_t channels = b->channels;
    uint32_t input = b->arch->layer_count;
    add_layer_with(b, ROG_LAYER_NORM, channels, norm, ROG_NO_INDEX);
    add_layer_with(b, ROG_LAYER_LINEAR_GELU, hidden, fc1, ROG_NO_INDEX);
    add_layer_with(b, ROG_LAYER_LINEAR, channels, fc2, input);
}

/* One ConvMLP block. Parameters are in the order in which the published module registers them,
 * which is not the order of execution. */
static void add_block(struct builder *b, const char *prefix, uint32_t ratio)
{
    uint32_t c = b->channels, hidden = c * ratio;
    struct rog_arch_layer spare;

    struct pair norm1 = add_norm_params(b, prefix, "norm1", c);
    struct pair fc11 = add_linear_params(b, prefix, "channel_mlp1.fc1", c, hidden);
    struct pair fc12 = add_linear_params(b, prefix, "channel_mlp1.fc2", hidden, c);
    struct pair norm2 = add_norm_params(b, prefix, "norm2", c);
    char connect_name[80];
    snprintf(connect_name, sizeof connect_name, "%sconnect", prefix);
    uint32_t connect = add_param(b, 4, (uint32_t[]){c, 1, 3, 3}, connect_name, "weight");
    struct pair connect_norm = add_norm_params(b, prefix, "connect_norm", c);
    struct pair fc21 = add_linear_params(b, prefix, "channel_mlp2.fc1", c, hidden);
    struct pair fc22 = add_linear_params(b, prefix, "channel_mlp2.fc2", hidden, c);

    add_channel_mlp(b, norm1, fc11, fc12, hidden);
    add_layer_with(b, ROG_LAYER_NORM, c, connect_norm, ROG_NO_INDEX);
    add_layer(b, ROG_LAYER_DEPTHWISE, c, 3, 1, &spare)->weight = connect;
    add_channel_mlp(b, norm2, fc21, fc22, hidden);
}

static void build(struct builder *b, const struct convmlp *variant)
{
    struct rog_arch_layer spare;
    char name[64];

    for (uint32_t i = 0; i < variant->stem_count; i++)
        add_conv_norm(b, "tokenizer.block", 3 * i, variant->stem[i], 3,
                      i == 0 ? variant->stem_stride : 1);
    add_layer(b, ROG_LAYER_MAX_POOL, b->channels, 3, 2, &spare);

    uint32_t channels = b->channels;
    for (uint32_t i = 0; i < variant->conv_blocks; i++) {
        uint32_t input = b->arch->layer_count;
        snprintf(name, sizeof name, "conv_stages.conv_blocks.%u", i);
        add_conv_norm(b, name, 0, variant->conv_hidden, 1, 1);
        add_conv_norm(b, name, 3, variant->conv_hidden, 3, 1);
        add_conv_norm(b, name, 6, channels, 1, 1);
        add_layer(b, ROG_LAYER_ADD, channels, 1, 1, &spare)->skip = input;
    }
    add_downsample(b, "conv_stages.downsample", variant->dims[0]);

    for (uint32_t s = 0; s < variant->stage_count; s++) {
        for (uint32_t i = 0; i < variant->blocks[s]; i++) {
            snprintf(name, sizeof name, "stages.%u.blocks.%u.", s, i);
            add_block(b, name, variant->mlp_ratio[s]);
        }
        snprintf(name, sizeof name, "stages.%u.downsample_mlp.downsample", s);
        if (s + 1 < variant->stage_count)
            add_downsample(b, name, variant->dims[s + 1]);
    }

    struct pair norm = add_norm_params(b, "", "norm", b->channels);
    add_layer_with(b, ROG_LAYER_NORM, b->channels, norm, ROG_NO_INDEX);
    struct rog_arch_layer *mean = add_layer(b, ROG_LAYER_MEAN, b->channels, 1, 1, &spare);
    mean->out_height = mean->out_width = 1;
    b->height = b->width = 1;
    struct pair head = add_linear_params(b, "", "head", b->channels, b->arch->classes);
    add_layer_with(b, ROG_LAYER_LINEAR, b->arch->classes, head, ROG_NO_INDEX);
}

int rog_arch_new(struct rog_arch **arch, const char *variant, uint32_t classes, uint32_t image_size,
                 struct rog_error *err)
{
    *arch = NULL;
    const struct convmlp *found = NULL;
    for (size_t i = 0; i < VARIANT_COUNT; i++)
        if (strcmp(variants[i].name, variant) == 0)
            found = &variants[i];
    if (!found)
        return rog_fail(err, ROG_ENOTFOUND,
                        "unknown model '%s'; known: convmlp-l, convmlp-m, convmlp-s, convmlp-nano",
                        variant);
    if (classes < 1 || classes > 65535)
        return rog_fail(err, ROG_EINVAL, "model %s: classes must be 1 to 65535 (found %u)", variant,
                        classes);
    if (image_size < 16 || image_size > 1024)
        return rog_fail(err, ROG_EINVAL, "model %s: image size must be 16 to 1024 (found %u)",
                        variant, image_size);

    struct rog_arch *made = calloc(1, sizeof *made);
    if (!made)
        return rog_fail_nomem(err);
    snprintf(made->name, sizeof made->name, "%s", found->name);
    made->classes = classes;
    made->image_size = image_size;
    struct builder b = {.arch = made, .height = image_size, .width = image_size, .channels = 3};
    build(&b, found);
    if (b.out_of_memory) {
        rog_arch_free(made);
        return rog_fail_nomem(err);
    }
    *arch = made;
    return 0;
}

void rog_arch_free(struct rog_arch *arch)
{
    if (!arch)
        return;
    free(arch->tensors);
    free(arch->buffer_tensors);
    free(arch->layers);
    free(arch);
}

/* ---- initial weights ---- */

static void fill(float *values, uint64_t count, float value)
{
    for (uint64_t i = 0; i < count; i++)
        values[i] = value;
}

static void fill_normal(struct rog_rng *rng, float *values, uint64_t count, double deviation,
                        double cut)
{
    for (uint64_t i = 0; i < count; i++) {
        double x = rog_rng_normal(rng);
        while (fabs(x) * deviation > cut)
            x = rog_rng_normal(rng);
        values[i] = (float)(x * deviation);
    }
}

/* Initializes weight and bias of one layer. PyTorch draws the bias of a convolution uniformly
 * within 1 / sqrt(fan in), and the published initialization does not change that. */
static void initialize_layer(const struct rog_arch *arch, const struct rog_arch_layer *layer,
                             struct rog_rng *rng, float *params)
{
    const struct rog_arch_tensor *weight =
        layer->weight == ROG_NO_INDEX ? NULL : &arch->tensors[layer->weight];
    const struct rog_arch_tensor *bias =
        layer->bias == ROG_NO_INDEX ? NULL : &arch->tensors[layer->bias];

    switch (layer->kind) {
    case ROG_LAYER_CONV:
    case ROG_LAYER_CONV_NORM:
    case ROG_LAYER_DEPTHWISE: {
        double fan_out = (double)weight->shape[0] * layer->kernel * layer->kernel;
        fill_normal(rng, params + weight->offset, weight->size, sqrt(2.0 / fan_out), INFINITY);
        double limit = 1.0 / sqrt((double)weight->size / weight->shape[0]);
        for (uint64_t i = 0; bias && i < bias->size; i++)
            params[bias->offset + i] = (float)rog_rng_range(rng, -limit, limit);
        if (layer->norm_weight != ROG_NO_INDEX) {
            fill(params + arch->tensors[layer->norm_weight].offset, layer->out_channels, 1.0f);
            fill(params + arch->tensors[layer->norm_bias].offset, layer->out_channels, 0.0f);
        }
        break;
    }
    case ROG_LAYER_NORM:
        fill(params + weight->offset, weight->size, 1.0f);
        fill(params + bias->offset, bias->size, 0.0f);
        break;
    case ROG_LAYER_LINEAR:
    case ROG_LAYER_LINEAR_GELU:
        fill_normal(rng, params + weight->offset, weight->size, 0.02, 2.0);
        fill(params + bias->offset, bias->size, 0.0f);
        break;
    case ROG_LAYER_MAX_POOL:
    case ROG_LAYER_ADD:
    case ROG_LAYER_MEAN:
        break;
    }
}

void rog_arch_initialize(const struct rog_arch *arch, uint64_t seed, float *params, float *buffers)
{
    struct rog_rng rng;
    rog_rng_derive(&rng, seed, "weights", 0);
    for (uint32_t i = 0; i < arch->layer_count; i++) {
        const struct rog_arch_layer *layer = &arch->layers[i];
        initialize_layer(arch, layer, &rng, params);
        if (layer->running_mean != ROG_NO_INDEX) {
            fill(buffers + arch->buffer_tensors[layer->running_mean].offset, layer->out_channels,
                 0.0f);
            fill(buffers + arch->buffer_tensors[layer->running_var].offset, layer->out_channels,
                 1.0f);
        }
    }
}

uint64_t rog_arch_multiply_adds(const struct rog_arch *arch)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < arch->layer_count; i++) {
        const struct rog_arch_layer *layer = &arch->layers[i];
        if (layer->weight != ROG_NO_INDEX && layer->kind != ROG_LAYER_NORM)
            sum += arch->tensors[layer->weight].size * layer->out_height * layer->out_width;
    }
    return sum;
}
