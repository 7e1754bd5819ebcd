/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of layers, with their forward and backward passes. */
#include <trainer/nn/layer.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/memory.h>
#include <trainer/nn/patches.h>

#define BATCH_NORM_EPSILON 1e-5f
#define BATCH_NORM_MOMENTUM 0.1f
#define CHUNK ROG_KERNELS_CHUNK /* channels per thread when all rows are summed */

static size_t in_positions(const struct rog_layer *layer)
{
    return (size_t)layer->spec->in_height * layer->spec->in_width;
}

static size_t out_positions(const struct rog_layer *layer)
{
    return (size_t)layer->spec->out_height * layer->spec->out_width;
}

static uint32_t out_rows(const struct rog_layer *layer)
{
    return (uint32_t)(layer->batch * out_positions(layer));
}

static size_t out_size(const struct rog_layer *layer)
{
    return layer->batch * out_positions(layer) * layer->spec->out_channels;
}

static const float *param(const struct rog_layer *layer, const float *params, uint32_t index)
{
    return params + layer->arch->tensors[index].offset;
}

static float *gradient(const struct rog_layer *layer, float *grads, uint32_t index)
{
    return grads + layer->arch->tensors[index].offset;
}

static size_t weight_size(const struct rog_layer *layer)
{
    return layer->arch->tensors[layer->spec->weight].size;
}

static struct rog_window window_of(const struct rog_layer *layer)
{
    const struct rog_arch_layer *spec = layer->spec;
    return (struct rog_window){spec->in_height,   spec->in_width, spec->out_height, spec->out_width,
                               spec->in_channels, spec->kernel,   spec->stride};
}

/* The `index`-th chunk of channels: [*first, *last). */
static void chunk_range(uint32_t index, uint32_t channels, uint32_t *first, uint32_t *last)
{
    *first = index * CHUNK;
    *last = *first + CHUNK < channels ? *first + CHUNK : channels;
}

static uint32_t chunk_count(uint32_t channels)
{
    return (channels + CHUNK - 1) / CHUNK;
}

static void sum_columns(const struct rog_layer *layer, uint32_t rows, uint32_t channels,
                        const float *x, float *sum)
{
#pragma omp parallel for schedule(static)
    for (uint32_t i = 0; i < chunk_count(channels); i++) {
        uint32_t first, last;
        chunk_range(i, channels, &first, &last);
        layer->kernels->sum_columns(rows, channels, first, last, x, sum);
    }
}

/* dx += dx_add */
static void add_to_dx(const struct rog_layer *layer, const struct rog_pass *pass)
{
    size_t size = in_positions(layer) * layer->spec->in_channels;
    if (!pass->dx || !pass->dx_add)
        return;
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++)
        layer->kernels->add_to(size, pass->dx_add + b * size, pass->dx + b * size);
}

/* ---- convolution with bias ---- */

/*
 * A convolution with more weights than image data is computed by patches, in memory of `saved`;
 * oneDNN would need another order of the weights in each direction.
 */
#define HEAVY_WEIGHTS (128 * 1024)

static bool conv_by_patches(const struct rog_layer *layer)
{
    return layer->spec->kind == ROG_LAYER_CONV && weight_size(layer) >= HEAVY_WEIGHTS;
}

static struct rog_patches patches_of(const struct rog_layer *layer)
{
    return (struct rog_patches){.kernels = layer->kernels,
                                .window = window_of(layer),
                                .batch = layer->batch,
                                .out_channels = layer->spec->out_channels,
                                .room = layer->saved};
}

static size_t conv_saved(const struct rog_layer *layer)
{
    struct rog_patches patches = patches_of(layer);
    return conv_by_patches(layer) ? rog_patches_floats(&patches) : 0;
}

static int conv_prepare(struct rog_layer *layer, const struct rog_pass *pass, struct rog_error *err)
{
    if (!layer->conv)
        return 0;
    return rog_conv_prepare(layer->conv, param(layer, pass->params, layer->spec->weight), err);
}

static int conv_forward(struct rog_layer *layer, const struct rog_pass *pass, struct rog_error *err)
{
    const float *bias = param(layer, pass->params, layer->spec->bias);
    struct rog_patches patches = patches_of(layer);
    if (layer->conv)
        return rog_conv_forward(layer->conv, pass->x, bias, pass->y, err);
    return rog_patches_forward(&patches, pass->x, param(layer, pass->params, layer->spec->weight),
                               bias, pass->y, err);
}

static int conv_backward(struct rog_layer *layer, const struct rog_pass *pass,
                         struct rog_error *err)
{
    const struct rog_arch_layer *spec = layer->spec;
    const float *weights = param(layer, pass->params, spec->weight);
    float *dweights = gradient(layer, pass->grads, spec->weight);
    struct rog_patches patches = patches_of(layer);
    sum_columns(layer, out_rows(layer), spec->out_channels, pass->dy,
                gradient(layer, pass->grads, spec->bias));
    int code =
        layer->conv
            ? rog_conv_backward(layer->conv, pass->x, weights, pass->dy, pass->dx, dweights, err)
            : rog_patches_backward(&patches, pass->x, weights, pass->dy, pass->dx, dweights, err);
    if (!code)
        add_to_dx(layer, pass);
    return code;
}

/* ---- convolution, BatchNorm, ReLU ---- */

/*
 * With running statistics BatchNorm is a scale and a shift of each channel, so it is merged into
 * the weights: y = relu(conv(x, a w) + (beta - a mean)), a = gamma / sqrt(var + eps). From the
 * gradient dw' of those weights and the sum s of the gradient g before ReLU follow
 *     dw = a dw',   dbeta = s,   dgamma = (sum over the channel's weights of dw' w - mean s) /
 *                                         sqrt(var + eps).
 * With batch statistics the convolution's output z is kept.
 *
 * saved: four arrays of one float per channel (scale, shift, and two for intermediate results),
 * then the scaled weights or z.
 */
static size_t conv_norm_saved(const struct rog_layer *layer)
{
    size_t body = layer->mode == ROG_NET_TRAIN ? out_size(layer) : weight_size(layer);
    return 4 * (size_t)layer->spec->out_channels + body;
}

static int conv_norm_prepare(struct rog_layer *layer, const struct rog_pass *pass,
                             struct rog_error *err)
{
    const struct rog_arch_layer *spec = layer->spec;
    const struct rog_arch_tensor *stats = layer->arch->buffer_tensors;
    uint32_t channels = spec->out_channels;
    float *scale = layer->saved, *shift = scale + channels, *scaled = scale + 4 * (size_t)channels;
    const float *gamma = param(layer, pass->params, spec->norm_weight);
    const float *beta = param(layer, pass->params, spec->norm_bias);
    const float *mean = pass->buffers + stats[spec->running_mean].offset;
    const float *var = pass->buffers + stats[spec->running_var].offset;
    const float *weights = param(layer, pass->params, spec->weight);
    size_t fan_in = weight_size(layer) / channels;

    if (layer->mode == ROG_NET_TRAIN)
        return rog_conv_prepare(layer->conv, weights, err);
    for (uint32_t i = 0; i < channels; i++) {
        scale[i] = gamma[i] / sqrtf(var[i] + BATCH_NORM_EPSILON);
        shift[i] = beta[i] - scale[i] * mean[i];
        for (size_t k = 0; k < fan_in; k++)
            scaled[i * fan_in + k] = scale[i] * weights[i * fan_in + k];
    }
    return rog_conv_prepare(layer->conv, scaled, err);
}

static int conv_norm_forward_frozen(struct rog_layer *layer, const struct rog_pass *pass,
                                    struct rog_error *err)
{
    const float *shift = layer->saved + layer->spec->out_channels;
    return rog_conv_forward(layer->conv, pass->x, shift, pass->y, err);
}

static int conv_norm_backward_frozen(struct rog_layer *layer, const struct rog_pass *pass,
                                     struct rog_error *err)
{
    const struct rog_arch_layer *spec = layer->spec;
    const struct rog_arch_tensor *stats = layer->arch->buffer_tensors;
    uint32_t channels = spec->out_channels;
    const float *scale = layer->saved, *scaled = scale + 4 * (size_t)channels;
    const float *mean = pass->buffers + stats[spec->running_mean].offset;
    const float *var = pass->buffers + stats[spec->running_var].offset;
    const float *weights = param(layer, pass->params, spec->weight);
    float *dweights = gradient(layer, pass->grads, spec->weight);
    float *dgamma = gradient(layer, pass->grads, spec->norm_weight);
    float *dbeta = gradient(layer, pass->grads, spec->norm_bias);
    size_t fan_in = weight_size(layer) / channels;

#pragma omp parallel for schedule(static)
    for (uint32_t i = 0; i < chunk_count(channels); i++) {
        uint32_t first, last;
        chunk_range(i, channels, &first, &last);
        layer->kernels->relu_columns(out_rows(layer), channels, first, last, pass->dy, pass->y,
                                     dbeta);
    }
    int code = rog_conv_backward(layer->conv, pass->x, scaled, pass->y, pass->dx, dweights, err);
    if (code)
        return code;
    for (uint32_t i = 0; i < channels; i++) {
        double sum = 0;
        for (size_t k = i * fan_in; k < (i + 1) * fan_in; k++) {
            sum += (double)dweights[k] * (double)weights[k];
            dweights[k] *= scale[i];
        }
        dgamma[i] = ((float)sum - mean[i] * dbeta[i]) / sqrtf(var[i] + BATCH_NORM_EPSILON);
    }
    add_to_dx(layer, pass);
    return 0;
}

/* Moves the running statistics by a tenth of the difference; their variance is the unbiased one. */
static void update_running(const struct rog_layer *layer, float *buffers, const float *mean,
                           const float *var)
{
    const struct rog_arch_tensor *stats = layer->arch->buffer_tensors;
    float *running_mean = buffers + stats[layer->spec->running_mean].offset;
    float *running_var = buffers + stats[layer->spec->running_var].offset;
    float rows = (float)out_rows(layer);
    float unbiased = rows > 1 ? rows / (rows - 1) : 1;
    for (uint32_t i = 0; i < layer->spec->out_channels; i++) {
        running_mean[i] += BATCH_NORM_MOMENTUM * (mean[i] - running_mean[i]);
        running_var[i] += BATCH_NORM_MOMENTUM * (unbiased * var[i] - running_var[i]);
    }
}

static int conv_norm_forward_train(struct rog_layer *layer, const struct rog_pass *pass,
                                   struct rog_error *err)
{
    const struct rog_arch_layer *spec = layer->spec;
    uint32_t channels = spec->out_channels, rows = out_rows(layer);
    float *mean = layer->saved, *var = mean + channels, *scale = var + channels;
    float *shift = scale + channels, *z = shift + channels;
    const float *gamma = param(layer, pass->params, spec->norm_weight);
    const float *beta = param(layer, pass->params, spec->norm_bias);
    size_t positions = out_positions(layer);

    memset(shift, 0, channels * sizeof *shift); /* the convolution itself has no bias */
    int code = rog_conv_forward(layer->conv, pass->x, shift, z, err);
    if (code)
        return code;
#pragma omp parallel for schedule(static)
    for (uint32_t i = 0; i < chunk_count(channels); i++) {
        uint32_t first, last;
        chunk_range(i, channels, &first, &last);
        layer->kernels->moments_columns(rows, channels, first, last, z, mean, var);
    }
    if (pass->updated_buffers)
        update_running(layer, pass->updated_buffers, mean, var);
    for (uint32_t i = 0; i < channels; i++) {
        scale[i] = gamma[i] / sqrtf(var[i] + BATCH_NORM_EPSILON);
        shift[i] = beta[i] - scale[i] * mean[i];
    }
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++)
        layer->kernels->scale_relu((uint32_t)positions, channels, z + b * positions * channels,
                                   scale, shift, pass->y + b * positions * channels);
    return 0;
}

/* dz = a (g - sum(g) / n - xhat sum(g xhat) / n), written as dz = a g + b z + d. */
static int conv_norm_backward_train(struct rog_layer *layer, const struct rog_pass *pass,
                                    struct rog_error *err)
{
    const struct rog_arch_layer *spec = layer->spec;
    uint32_t channels = spec->out_channels, rows = out_rows(layer);
    float *mean = layer->saved, *var = mean + channels, *scale = var + channels;
    float *shift = scale + channels, *z = shift + channels;
    float *dgamma = gradient(layer, pass->grads, spec->norm_weight);
    float *dbeta = gradient(layer, pass->grads, spec->norm_bias);
    size_t positions = out_positions(layer);

#pragma omp parallel for schedule(static)
    for (uint32_t i = 0; i < chunk_count(channels); i++) {
        uint32_t first, last;
        chunk_range(i, channels, &first, &last);
        layer->kernels->norm_relu_columns(rows, channels, first, last, z, mean, pass->y, pass->dy,
                                          dbeta, dgamma);
    }
    for (uint32_t i = 0; i < channels; i++) {
        float inverse = 1.0f / sqrtf(var[i] + BATCH_NORM_EPSILON);
        float slope = -scale[i] * inverse * inverse * dgamma[i] / (float)rows;
        dgamma[i] *= inverse;
        shift[i] = -scale[i] * dbeta[i] / (float)rows - slope * mean[i];
        var[i] = slope;
    }
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++) {
        size_t at = b * positions * channels;
        layer->kernels->norm_relu_backward((uint32_t)positions, channels, scale, var, shift,
                                           pass->y + at, pass->dy + at, z + at);
    }
    int code = rog_conv_backward(layer->conv, pass->x, param(layer, pass->params, spec->weight), z,
                                 pass->dx, gradient(layer, pass->grads, spec->weight), err);
    if (!code)
        add_to_dx(layer, pass);
    return code;
}

static int conv_norm_forward(struct rog_layer *layer, const struct rog_pass *pass,
                             struct rog_error *err)
{
    return layer->mode == ROG_NET_TRAIN ? conv_norm_forward_train(layer, pass, err)
                                        : conv_norm_forward_frozen(layer, pass, err);
}

static int conv_norm_backward(struct rog_layer *layer, const struct rog_pass *pass,
                              struct rog_error *err)
{
    return layer->mode == ROG_NET_TRAIN ? conv_norm_backward_train(layer, pass, err)
                                        : conv_norm_backward_frozen(layer, pass, err);
}

/* ---- depthwise convolution ---- */

/* saved: weights as (taps, channels), and memory for their gradient in that order. */
static size_t depthwise_saved(const struct rog_layer *layer)
{
    return 2 * weight_size(layer);
}

/* out (columns, rows) from in (rows, columns), the rows of the result in reverse if `flip`. */
static void transpose(uint32_t rows, uint32_t columns, const float *in, float *out, bool flip)
{
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t c = 0; c < columns; c++)
            out[(size_t)(flip ? columns - 1 - c : c) * rows + r] = in[(size_t)r * columns + c];
}

static void depthwise_images(const struct rog_layer *layer, const float *x, const float *taps,
                             float *y)
{
    struct rog_window window = window_of(layer);
    size_t size = in_positions(layer) * window.c;
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++)
        layer->kernels->depthwise(&window, x + b * size, taps, y + b * size);
}

static int depthwise_prepare(struct rog_layer *layer, const struct rog_pass *pass,
                             struct rog_error *err)
{
    (void)err;
    const struct rog_arch_layer *spec = layer->spec;
    transpose(spec->out_channels, spec->kernel * spec->kernel,
              param(layer, pass->params, spec->weight), layer->saved, false);
    return 0;
}

static int depthwise_forward(struct rog_layer *layer, const struct rog_pass *pass,
                             struct rog_error *err)
{
    (void)err;
    depthwise_images(layer, pass->x, layer->saved, pass->y);
    return 0;
}

/* The gradient of the input is the same convolution with the taps in reverse. */
static int depthwise_backward(struct rog_layer *layer, const struct rog_pass *pass,
                              struct rog_error *err)
{
    (void)err;
    const struct rog_arch_layer *spec = layer->spec;
    struct rog_window window = window_of(layer);
    uint32_t channels = spec->out_channels, taps = spec->kernel * spec->kernel;
    float *dtaps = layer->saved + weight_size(layer);
#pragma omp parallel for schedule(static)
    for (uint32_t i = 0; i < chunk_count(channels); i++) {
        uint32_t first, last;
        chunk_range(i, channels, &first, &last);
        layer->kernels->depthwise_columns(&window, layer->batch, first, last, pass->x, pass->dy,
                                          dtaps);
    }
    transpose(taps, channels, dtaps, gradient(layer, pass->grads, spec->weight), false);
    if (!pass->dx)
        return 0;
    transpose(channels, taps, param(layer, pass->params, spec->weight), layer->saved, true);
    depthwise_images(layer, pass->dy, layer->saved, pass->dx);
    add_to_dx(layer, pass);
    return 0;
}

/* ---- pooling, sum, mean ---- */

static int max_pool_forward(struct rog_layer *layer, const struct rog_pass *pass,
                            struct rog_error *err)
{
    (void)err;
    struct rog_window window = window_of(layer);
    size_t in = in_positions(layer) * window.c, out = out_positions(layer) * window.c;
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++)
        layer->kernels->max_pool(&window, pass->x + b * in, pass->y + b * out,
                                 layer->indexes + b * out);
    return 0;
}

static int max_pool_backward(struct rog_layer *layer, const struct rog_pass *pass,
                             struct rog_error *err)
{
    (void)err;
    struct rog_window window = window_of(layer);
    size_t in = in_positions(layer) * window.c, out = out_positions(layer) * window.c;
    if (!pass->dx)
        return 0;
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++)
        layer->kernels->max_pool_backward(&window, pass->dy + b * out, layer->indexes + b * out,
                                          pass->dx + b * in);
    add_to_dx(layer, pass);
    return 0;
}

static int add_forward(struct rog_layer *layer, const struct rog_pass *pass, struct rog_error *err)
{
    (void)err;
    size_t size = out_positions(layer) * layer->spec->out_channels;
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++)
        layer->kernels->add(size, pass->x + b * size, pass->skip + b * size, pass->y + b * size);
    return 0;
}

/* dx is dy itself: the network passes it on. */
static int add_backward(struct rog_layer *layer, const struct rog_pass *pass, struct rog_error *err)
{
    (void)layer, (void)pass, (void)err;
    return 0;
}

static int mean_forward(struct rog_layer *layer, const struct rog_pass *pass, struct rog_error *err)
{
    (void)err;
    uint32_t rows = (uint32_t)in_positions(layer), channels = layer->spec->out_channels;
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++)
        layer->kernels->mean(rows, channels, pass->x + (size_t)b * rows * channels,
                             pass->y + (size_t)b * channels);
    return 0;
}

static int mean_backward(struct rog_layer *layer, const struct rog_pass *pass,
                         struct rog_error *err)
{
    (void)err;
    uint32_t rows = (uint32_t)in_positions(layer), channels = layer->spec->out_channels;
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++)
        layer->kernels->mean_backward(rows, channels, pass->dy + (size_t)b * channels,
                                      pass->dx + (size_t)b * rows * channels);
    add_to_dx(layer, pass);
    return 0;
}

/* ---- LayerNorm ---- */

/* saved: mean and 1 / deviation of each row. */
static size_t norm_saved(const struct rog_layer *layer)
{
    return 2 * (size_t)out_rows(layer);
}

static int norm_forward(struct rog_layer *layer, const struct rog_pass *pass, struct rog_error *err)
{
    (void)err;
    uint32_t rows = (uint32_t)in_positions(layer), channels = layer->spec->out_channels;
    const float *weight = param(layer, pass->params, layer->spec->weight);
    const float *bias = param(layer, pass->params, layer->spec->bias);
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++) {
        size_t row = (size_t)b * rows;
        layer->kernels->layer_norm(rows, channels, pass->x + row * channels, weight, bias,
                                   pass->y + row * channels, layer->saved + 2 * row);
    }
    return 0;
}

static int norm_backward(struct rog_layer *layer, const struct rog_pass *pass,
                         struct rog_error *err)
{
    (void)err;
    const struct rog_arch_layer *spec = layer->spec;
    uint32_t rows = (uint32_t)in_positions(layer), channels = spec->out_channels;
    const float *weight = param(layer, pass->params, spec->weight);
    float *dweight = gradient(layer, pass->grads, spec->weight);
    float *dbias = gradient(layer, pass->grads, spec->bias);
#pragma omp parallel for schedule(static)
    for (uint32_t i = 0; i < chunk_count(channels); i++) {
        uint32_t first, last;
        chunk_range(i, channels, &first, &last);
        layer->kernels->layer_norm_columns(out_rows(layer), channels, first, last, pass->x,
                                           layer->saved, pass->dy, dweight, dbias);
    }
    if (!pass->dx)
        return 0;
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++) {
        size_t row = (size_t)b * rows, at = row * channels;
        layer->kernels->layer_norm_backward(rows, channels, pass->x + at, layer->saved + 2 * row,
                                            weight, pass->dy + at,
                                            pass->dx_add ? pass->dx_add + at : NULL, pass->dx + at);
    }
    return 0;
}

/* ---- linear ---- */

static int linear_product(struct rog_layer *layer, const struct rog_pass *pass, float *out,
                          struct rog_error *err)
{
    const struct rog_arch_layer *spec = layer->spec;
    struct rog_gemm gemm = {
        .transpose_b = true, .m = out_rows(layer), .n = spec->out_channels, .k = spec->in_channels};
    return rog_gemm(&gemm, pass->x, param(layer, pass->params, spec->weight), out, err);
}

/* Gradients from g, the gradient of the product before bias and activation. */
static int linear_gradients(struct rog_layer *layer, const struct rog_pass *pass, const float *g,
                            struct rog_error *err)
{
    const struct rog_arch_layer *spec = layer->spec;
    uint32_t rows = out_rows(layer);
    struct rog_gemm weights = {
        .transpose_a = true, .m = spec->out_channels, .n = spec->in_channels, .k = rows};
    struct rog_gemm input = {.m = rows, .n = spec->in_channels, .k = spec->out_channels};

    sum_columns(layer, rows, spec->out_channels, g, gradient(layer, pass->grads, spec->bias));
    int code = rog_gemm(&weights, g, pass->x, gradient(layer, pass->grads, spec->weight), err);
    if (!code && pass->dx)
        code = rog_gemm(&input, g, param(layer, pass->params, spec->weight), pass->dx, err);
    if (!code)
        add_to_dx(layer, pass);
    return code;
}

static int linear_forward(struct rog_layer *layer, const struct rog_pass *pass,
                          struct rog_error *err)
{
    uint32_t rows = (uint32_t)out_positions(layer), channels = layer->spec->out_channels;
    const float *bias = param(layer, pass->params, layer->spec->bias);
    int code = linear_product(layer, pass, pass->y, err);
    if (code)
        return code;
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++) {
        size_t at = (size_t)b * rows * channels;
        layer->kernels->add_bias(rows, channels, bias, pass->skip ? pass->skip + at : NULL,
                                 pass->y + at);
    }
    return 0;
}

static int linear_backward(struct rog_layer *layer, const struct rog_pass *pass,
                           struct rog_error *err)
{
    return linear_gradients(layer, pass, pass->dy, err);
}

/* saved: the derivative of GELU, which the backward pass turns into the gradient before it. */
static size_t gelu_saved(const struct rog_layer *layer)
{
    return layer->mode == ROG_NET_INFER ? 0 : out_size(layer);
}

static int linear_gelu_forward(struct rog_layer *layer, const struct rog_pass *pass,
                               struct rog_error *err)
{
    uint32_t rows = (uint32_t)out_positions(layer), channels = layer->spec->out_channels;
    const float *bias = param(layer, pass->params, layer->spec->bias);
    float *z = layer->saved ? layer->saved : pass->y;
    int code = linear_product(layer, pass, z, err);
    if (code)
        return code;
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++) {
        size_t at = (size_t)b * rows * channels;
        layer->kernels->gelu(rows, channels, bias, z + at, pass->y + at, layer->saved != NULL);
    }
    return 0;
}

static int linear_gelu_backward(struct rog_layer *layer, const struct rog_pass *pass,
                                struct rog_error *err)
{
    size_t size = out_positions(layer) * layer->spec->out_channels;
#pragma omp parallel for schedule(static)
    for (uint32_t b = 0; b < layer->batch; b++)
        layer->kernels->multiply_to(size, pass->dy + b * size, layer->saved + b * size);
    return linear_gradients(layer, pass, layer->saved, err);
}

/* ---- the table ---- */

const struct rog_layer_ops rog_layer_table[ROG_LAYER_KINDS] = {
    [ROG_LAYER_CONV] = {.name = "convolution",
                        .convolution = true,
                        .saved_floats = conv_saved,
                        .prepare = conv_prepare,
                        .forward = conv_forward,
                        .backward = conv_backward},
    [ROG_LAYER_CONV_NORM] = {.name = "convolution, BatchNorm, ReLU",
                             .convolution = true,
                             .saved_floats = conv_norm_saved,
                             .prepare = conv_norm_prepare,
                             .forward = conv_norm_forward,
                             .backward = conv_norm_backward},
    [ROG_LAYER_DEPTHWISE] = {.name = "depthwise convolution",
                             .saved_floats = depthwise_saved,
                             .prepare = depthwise_prepare,
                             .forward = depthwise_forward,
                             .backward = depthwise_backward},
    [ROG_LAYER_MAX_POOL] = {.name = "max-pooling",
                            .saved_indexes = out_size,
                            .forward = max_pool_forward,
                            .backward = max_pool_backward},
    [ROG_LAYER_ADD] = {.name = "sum", .forward = add_forward, .backward = add_backward},
    [ROG_LAYER_NORM] = {.name = "LayerNorm",
                        .saved_floats = norm_saved,
                        .forward = norm_forward,
                        .backward = norm_backward},
    [ROG_LAYER_LINEAR] = {.name = "linear", .forward = linear_forward, .backward = linear_backward},
    [ROG_LAYER_LINEAR_GELU] = {.name = "linear, GELU",
                               .saved_floats = gelu_saved,
                               .forward = linear_gelu_forward,
                               .backward = linear_gelu_backward},
    [ROG_LAYER_MEAN] = {.name = "mean", .forward = mean_forward, .backward = mean_backward},
};

int rog_layer_init(struct rog_layer *layer, const struct rog_arch *arch,
                   const struct rog_arch_layer *spec, uint32_t batch, enum rog_net_mode mode,
                   bool input_gradient, struct rog_prims *prims, struct rog_error *err)
{
    const struct rog_layer_ops *ops = &rog_layer_table[spec->kind];
    *layer = (struct rog_layer){.ops = ops,
                                .arch = arch,
                                .spec = spec,
                                .kernels = rog_kernels(),
                                .batch = batch,
                                .mode = mode,
                                .input_gradient = input_gradient};
    size_t floats = ops->saved_floats ? ops->saved_floats(layer) : 0;
    size_t indexes = ops->saved_indexes ? ops->saved_indexes(layer) : 0;
    if (floats && !(layer->saved = rog_floats(floats)))
        return rog_fail_nomem(err);
    if (indexes && !(layer->indexes = malloc(indexes)))
        return rog_fail_nomem(err);
    if (!ops->convolution || conv_by_patches(layer))
        return 0;
    struct rog_conv_shape shape = {
        .batch = batch,
        .in_height = spec->in_height,
        .in_width = spec->in_width,
        .in_channels = spec->in_channels,
        .out_channels = spec->out_channels,
        .kernel = spec->kernel,
        .stride = spec->stride,
        .relu = spec->kind == ROG_LAYER_CONV_NORM && mode != ROG_NET_TRAIN,
        .backward = mode != ROG_NET_INFER,
        .input_gradient = input_gradient,
    };
    return rog_conv_new(&layer->conv, prims, &shape, err);
}

void rog_layer_release(struct rog_layer *layer)
{
    rog_conv_free(layer->conv);
    free(layer->saved);
    free(layer->indexes);
}
