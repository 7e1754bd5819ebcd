/* SPDX-License-Identifier: Apache-2.0 */
/* Draws batches: shuffles, shifts, flips, mixes and normalizes images. */
#include <trainer/data/batch.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Per channel, of CIFAR-100's training images on a scale of 0 to 1; used for every data set, so
 * that a model can be moved from one to another. */
static const float channel_mean[3] = {0.5071f, 0.4865f, 0.4409f};
static const float channel_deviation[3] = {0.2673f, 0.2564f, 0.2762f};

/* Largest random shift in pixels, for an edge of 32. */
#define SHIFT_OF_32 2

struct levels {
    float value[3][256];
};

struct rog_sampler {
    const struct rog_dataset *dataset;
    struct rog_batch_options options;
    struct rog_rng rng;
    uint32_t *order; /* [count], shuffled each epoch */
    uint32_t count, next;
    struct levels levels;
    float *originals;   /* a batch before mixing; NULL without mixup */
    uint32_t *partners; /* [batch] */
};

static void levels_init(struct levels *levels)
{
    for (int c = 0; c < 3; c++)
        for (int level = 0; level < 256; level++)
            levels->value[c][level] =
                ((float)level / 255.0f - channel_mean[c]) / channel_deviation[c];
}

/* Transformation of an image: mirrored or not, shifted by whole pixels; new pixels are black. */
struct view {
    bool mirrored;
    int shift_x, shift_y;
};

static const struct view as_it_is = {false, 0, 0};

static void pixel(const struct rog_dataset *dataset, const struct levels *levels,
                  const uint8_t *pixels, const struct view *view, int x, int y, float value[3])
{
    static const uint8_t black[3] = {0, 0, 0};
    int width = (int)dataset->width, height = (int)dataset->height;
    int from_x = (view->mirrored ? width - 1 - x : x) - view->shift_x, from_y = y - view->shift_y;
    bool inside = from_x >= 0 && from_x < width && from_y >= 0 && from_y < height;
    const uint8_t *p = inside ? pixels + 3 * (from_y * width + from_x) : black;
    for (int c = 0; c < 3; c++)
        value[c] = levels->value[c][p[c]];
}

static void copy_image(const struct rog_dataset *dataset, const struct levels *levels,
                       const uint8_t *pixels, const struct view *view, float *image)
{
    for (int y = 0; y < (int)dataset->height; y++)
        for (int x = 0; x < (int)dataset->width; x++, image += 3)
            pixel(dataset, levels, pixels, view, x, y, image);
}

/* Source coordinate of target pixel i: half-pixel centres, clamped. */
static float source_position(uint32_t i, uint32_t target, uint32_t source)
{
    float position = ((float)i + 0.5f) * (float)source / (float)target - 0.5f;
    float last = (float)(source - 1);
    return position < 0.0f ? 0.0f : position > last ? last : position;
}

static void resize_image(const struct rog_dataset *dataset, const struct levels *levels,
                         const uint8_t *pixels, const struct view *view, uint32_t size,
                         float *image)
{
    for (uint32_t y = 0; y < size; y++) {
        float fy = source_position(y, size, dataset->height);
        int y0 = (int)fy, y1 = y0 + (y0 + 1 < (int)dataset->height);
        fy -= (float)y0;
        for (uint32_t x = 0; x < size; x++, image += 3) {
            float fx = source_position(x, size, dataset->width);
            int x0 = (int)fx, x1 = x0 + (x0 + 1 < (int)dataset->width);
            fx -= (float)x0;
            float a[3], b[3], c[3], d[3];
            pixel(dataset, levels, pixels, view, x0, y0, a);
            pixel(dataset, levels, pixels, view, x1, y0, b);
            pixel(dataset, levels, pixels, view, x0, y1, c);
            pixel(dataset, levels, pixels, view, x1, y1, d);
            for (int i = 0; i < 3; i++) {
                float upper = a[i] + (b[i] - a[i]) * fx, lower = c[i] + (d[i] - c[i]) * fx;
                image[i] = upper + (lower - upper) * fy;
            }
        }
    }
}

static void load_image(const struct rog_dataset *dataset, const struct levels *levels,
                       uint32_t index, const struct view *view, uint32_t size, float *image)
{
    const uint8_t *pixels = dataset->pixels + (size_t)index * dataset->height * dataset->width * 3;
    if (dataset->height == size && dataset->width == size)
        copy_image(dataset, levels, pixels, view, image);
    else
        resize_image(dataset, levels, pixels, view, size, image);
}

static size_t image_floats(const struct rog_batch_options *options)
{
    return (size_t)options->image_size * options->image_size * 3;
}

int rog_sampler_new(struct rog_sampler **sampler, const struct rog_dataset *dataset,
                    const uint32_t *indices, uint32_t count,
                    const struct rog_batch_options *options, uint64_t seed, const char *stream,
                    uint64_t index, struct rog_error *err)
{
    *sampler = NULL;
    if (!options->batch || !options->image_size || count < options->batch)
        return rog_fail(err, ROG_EINVAL, "cannot draw a batch of %u images from %u images",
                        options->batch, count);
    struct rog_sampler *made = calloc(1, sizeof *made);
    if (!made)
        return rog_fail_nomem(err);
    made->dataset = dataset;
    made->options = *options;
    made->count = made->next = count;
    rog_rng_derive(&made->rng, seed, stream, index);
    levels_init(&made->levels);
    size_t batch_floats = options->batch * image_floats(options);
    made->order = calloc(count, sizeof *made->order);
    made->partners = calloc(options->batch, sizeof *made->partners);
    if (options->mixup > 0)
        made->originals = calloc(batch_floats, sizeof *made->originals);
    if (!made->order || !made->partners || (options->mixup > 0 && !made->originals)) {
        rog_sampler_free(made);
        return rog_fail_nomem(err);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (indices[i] >= dataset->count) {
            rog_sampler_free(made);
            return rog_fail(err, ROG_EINVAL, "image %u of %u does not exist", indices[i],
                            dataset->count);
        }
        made->order[i] = indices[i];
    }
    *sampler = made;
    return ROG_OK;
}

void rog_sampler_free(struct rog_sampler *sampler)
{
    if (!sampler)
        return;
    free(sampler->order);
    free(sampler->partners);
    free(sampler->originals);
    free(sampler);
}

uint32_t rog_sampler_batches(const struct rog_sampler *sampler)
{
    return sampler->count / sampler->options.batch;
}

static struct view draw_view(struct rog_sampler *sampler)
{
    struct view view = as_it_is;
    if (!sampler->options.augment)
        return view;
    int reach = (int)(sampler->dataset->width * SHIFT_OF_32 / 32);
    view.mirrored = rog_rng_below(&sampler->rng, 2);
    view.shift_x = (int)rog_rng_below(&sampler->rng, 2 * (uint32_t)reach + 1) - reach;
    view.shift_y = (int)rog_rng_below(&sampler->rng, 2 * (uint32_t)reach + 1) - reach;
    return view;
}

/* Adds share * (smoothed one-hot row of `label`) to `target`. */
static void add_target(const struct rog_sampler *sampler, uint32_t label, float share,
                       float *target)
{
    uint32_t classes = sampler->dataset->classes;
    float smoothing = (float)sampler->options.label_smoothing;
    for (uint32_t c = 0; c < classes; c++)
        target[c] += share * smoothing / (float)classes;
    target[label] += share * (1.0f - smoothing);
}

/* mixup (Zhang, Cisse, Dauphin, Lopez-Paz 2018): one lambda ~ Beta(alpha, alpha) for the batch,
 * mixed with a permutation of itself. */
static float mix_images(struct rog_sampler *sampler, float *images)
{
    uint32_t batch = sampler->options.batch;
    size_t floats = image_floats(&sampler->options);
    float lambda =
        (float)rog_rng_beta(&sampler->rng, sampler->options.mixup, sampler->options.mixup);
    for (uint32_t i = 0; i < batch; i++)
        sampler->partners[i] = i;
    rog_rng_shuffle(&sampler->rng, sampler->partners, batch);
    memcpy(sampler->originals, images, batch * floats * sizeof *images);
    for (uint32_t i = 0; i < batch; i++) {
        float *image = images + i * floats;
        const float *partner = sampler->originals + sampler->partners[i] * floats;
        for (size_t k = 0; k < floats; k++)
            image[k] = lambda * image[k] + (1.0f - lambda) * partner[k];
    }
    return lambda;
}

void rog_sampler_next(struct rog_sampler *sampler, float *images, float *targets)
{
    const struct rog_dataset *dataset = sampler->dataset;
    const struct rog_batch_options *options = &sampler->options;
    uint32_t batch = options->batch;
    if (sampler->count - sampler->next < batch) {
        rog_rng_shuffle(&sampler->rng, sampler->order, sampler->count);
        sampler->next = 0;
    }
    const uint32_t *chosen = sampler->order + sampler->next;
    sampler->next += batch;
    for (uint32_t i = 0; i < batch; i++) {
        struct view view = draw_view(sampler);
        load_image(dataset, &sampler->levels, chosen[i], &view, options->image_size,
                   images + i * image_floats(options));
    }
    float lambda = options->mixup > 0 ? mix_images(sampler, images) : 1.0f;
    memset(targets, 0, (size_t)batch * dataset->classes * sizeof *targets);
    for (uint32_t i = 0; i < batch; i++) {
        float *target = targets + (size_t)i * dataset->classes;
        add_target(sampler, dataset->labels[chosen[i]], lambda, target);
        if (lambda < 1.0f)
            add_target(sampler, dataset->labels[chosen[sampler->partners[i]]], 1.0f - lambda,
                       target);
    }
}

void rog_sampler_archive(struct rog_sampler *sampler, struct rog_archive *archive)
{
    rog_archive_same(archive, sampler->count, "the size of a shard differs");
    rog_archive_bytes(archive, sampler->rng.state, sizeof sampler->rng.state);
    rog_archive_number(archive, &sampler->next, sampler->count, "the next image");
    for (uint32_t i = 0; i < sampler->count && !rog_archive_failed(archive); i++)
        rog_archive_number(archive, &sampler->order[i], sampler->dataset->count - 1, "an image");
}

void rog_batch_plain(const struct rog_dataset *dataset, uint32_t first, uint32_t count,
                     uint32_t image_size, float *images)
{
    assert(first <= dataset->count && count <= dataset->count - first);
    struct levels levels;
    levels_init(&levels);
    size_t floats = (size_t)image_size * image_size * 3;
    for (uint32_t i = 0; i < count; i++)
        load_image(dataset, &levels, first + i, &as_it_is, image_size, images + i * floats);
}
