/* SPDX-License-Identifier: Apache-2.0 */
/* The table of noises and their arithmetic. */
#include <trainer/data/noise.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/rng.h>

struct image {
    const uint8_t *pixels;
    uint8_t *result;
    int height, width;
};

/* One transformation. DeepTest's own images are 640 x 480; the comment has its range. */
struct noise {
    const char *name;
    double low, high;      /* range that is drawn from, uniformly */
    double least, most;    /* range that can be computed */
    const double *choices; /* draw one of these instead; low..high are indexes */
    void (*transform)(const struct image *image, double value);
};

/* ---- point operations ---- */

static uint8_t saturate(double value)
{
    double rounded = rint(value); /* half to even, as OpenCV's saturate_cast */
    return (uint8_t)(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
}

static void map_levels(const struct image *image, double factor, double added)
{
    uint8_t levels[256];
    for (int level = 0; level < 256; level++)
        levels[level] = saturate(level * factor + added);
    size_t bytes = (size_t)image->height * (size_t)image->width * 3;
    for (size_t i = 0; i < bytes; i++)
        image->result[i] = levels[image->pixels[i]];
}

static void brightness(const struct image *image, double value)
{
    map_levels(image, 1.0, rint(value));
}

static void contrast(const struct image *image, double value)
{
    map_levels(image, value, 0.0);
}

/* ---- filters ---- */

#define FILTER_MAX_TAPS 32

/* Returns the index in a line of n pixels mirrored at its ends without repeating the border
 * pixel. */
static int mirror(int i, int n)
{
    if (n == 1)
        return 0;
    while (i < 0 || i >= n)
        i = i < 0 ? -i : 2 * (n - 1) - i;
    return i;
}

/* Applies the same weights horizontally and vertically; the sum of the products is divided by the
 * square of their sum and rounded half up. */
static void filter(const struct image *image, const uint32_t *weights, int taps, int anchor)
{
    uint32_t sum = 0;
    for (int k = 0; k < taps; k++)
        sum += weights[k];
    uint32_t divisor = sum * sum;
    for (int y = 0; y < image->height; y++) {
        for (int x = 0; x < image->width; x++) {
            uint32_t total[3] = {divisor / 2, divisor / 2, divisor / 2};
            for (int j = 0; j < taps; j++) {
                int row = mirror(y + j - anchor, image->height) * image->width;
                for (int i = 0; i < taps; i++) {
                    const uint8_t *pixel =
                        image->pixels + 3 * (row + mirror(x + i - anchor, image->width));
                    uint32_t weight = weights[j] * weights[i];
                    for (int c = 0; c < 3; c++)
                        total[c] += weight * pixel[c];
                }
            }
            for (int c = 0; c < 3; c++)
                image->result[3 * (y * image->width + x) + c] = (uint8_t)(total[c] / divisor);
        }
    }
}

static void blur(const struct image *image, double value)
{
    /* OpenCV's fixed kernels for sigma 0. */
    static const uint32_t gaussian[3][7] = {
        {64, 128, 64}, {16, 64, 96, 64, 16}, {8, 28, 56, 72, 56, 28, 8}};
    int edge = (int)rint(value);
    if (edge < 0) {
        int which = -edge <= 3 ? 0 : -edge <= 5 ? 1 : 2;
        int taps = 3 + 2 * which;
        filter(image, gaussian[which], taps, taps / 2);
        return;
    }
    uint32_t ones[FILTER_MAX_TAPS];
    int taps = edge < 1 ? 1 : edge;
    for (int k = 0; k < taps; k++)
        ones[k] = 1;
    filter(image, ones, taps, taps / 2);
}

/* ---- affine transformations ---- */

/* Fixed point as in OpenCV's warpAffine: coordinates with 10 fractional bits, reduced to 5 for the
 * weights of the bilinear interpolation. */
#define COORDINATE_BITS 10
#define WEIGHT_BITS 5
#define WEIGHT_ONE (1 << WEIGHT_BITS)

static int fixed(double value)
{
    double scaled = rint(value * (1 << COORDINATE_BITS));
    return (int)(scaled < -1e9 ? -1e9 : scaled > 1e9 ? 1e9 : scaled);
}

static const uint8_t *tap(const struct image *image, int x, int y)
{
    static const uint8_t black[3] = {0, 0, 0};
    if (x < 0 || y < 0 || x >= image->width || y >= image->height)
        return black;
    return image->pixels + 3 * (y * image->width + x);
}

/* `forward` maps (x, y) of the picture to its new position: {a, b, tx, c, d, ty}. */
static void warp(const struct image *image, const double forward[6])
{
    double determinant = forward[0] * forward[4] - forward[1] * forward[3];
    double factor = determinant != 0 ? 1.0 / determinant : 0.0;
    double a = forward[4] * factor, b = forward[1] * -factor;
    double c = forward[3] * -factor, d = forward[0] * factor;
    double tx = -a * forward[2] - b * forward[5], ty = -c * forward[2] - d * forward[5];

    const int half = 1 << (COORDINATE_BITS - WEIGHT_BITS - 1);
    for (int y = 0; y < image->height; y++) {
        int x0 = fixed(b * y + tx) + half, y0 = fixed(d * y + ty) + half;
        for (int x = 0; x < image->width; x++) {
            int sx = (x0 + fixed(a * x)) >> (COORDINATE_BITS - WEIGHT_BITS);
            int sy = (y0 + fixed(c * x)) >> (COORDINATE_BITS - WEIGHT_BITS);
            int fx = sx & (WEIGHT_ONE - 1), fy = sy & (WEIGHT_ONE - 1);
            sx >>= WEIGHT_BITS;
            sy >>= WEIGHT_BITS;
            const uint8_t *p = tap(image, sx, sy), *q = tap(image, sx + 1, sy);
            const uint8_t *r = tap(image, sx, sy + 1), *s = tap(image, sx + 1, sy + 1);
            for (int i = 0; i < 3; i++) {
                int upper = p[i] * (WEIGHT_ONE - fx) + q[i] * fx;
                int lower = r[i] * (WEIGHT_ONE - fx) + s[i] * fx;
                int sum = upper * (WEIGHT_ONE - fy) + lower * fy;
                image->result[3 * (y * image->width + x) + i] =
                    (uint8_t)((sum + WEIGHT_ONE * WEIGHT_ONE / 2) >> (2 * WEIGHT_BITS));
            }
        }
    }
}

/* Rotation by (cosine, sine), scaled, about DeepTest's centre: (width / 2, height / 2). */
static void warp_about_centre(const struct image *image, double cosine, double sine)
{
    double x = image->width / 2, y = image->height / 2;
    const double forward[6] = {cosine, sine,   (1 - cosine) * x - sine * y,
                               -sine,  cosine, sine * x + (1 - cosine) * y};
    warp(image, forward);
}

static void translation(const struct image *image, double value)
{
    const double forward[6] = {1, 0, value * image->width, 0, 1, value * image->height};
    warp(image, forward);
}

static void scale(const struct image *image, double value)
{
    warp_about_centre(image, value, 0.0);
}

static void shear(const struct image *image, double value)
{
    const double forward[6] = {1, value, -value * (image->height / 2), 0, 1, 0};
    warp(image, forward);
}

static void rotation(const struct image *image, double value)
{
    /* Series up to 45 degrees, accurate to 1e-13: the last bit of a library's sin() varies. */
    double t = value * (3.14159265358979323846 / 180.0), tt = t * t;
    double sine = t * (1 - tt / 6 * (1 - tt / 20 * (1 - tt / 42 * (1 - tt / 72 * (1 - tt / 110)))));
    double cosine =
        1 - tt / 2 * (1 - tt / 12 * (1 - tt / 30 * (1 - tt / 56 * (1 - tt / 90 * (1 - tt / 132)))));
    warp_about_centre(image, cosine, sine);
}

/* ---- the table ---- */

/*
 * The last column has DeepTest's ranges, which are for images of 640 x 480 pixels. Grey levels,
 * shear and angles are the same here. Filters, distances and zoom cannot be: scaled with the image,
 * a blur of 6 pixels would vanish, and a zoom of 6 would leave five pixels of the picture. They are
 * chosen so that the task is about as hard as the published one: a model trained on clean images
 * starts at 53% there and at 58% here.
 */
static const double blur_choices[] = {3, 4, 5, -5, -7};

static const struct noise noises[] = {
    /* name, drawn, possible, choices, transform; DeepTest's range */
    {"blur", 0, 5, -7, FILTER_MAX_TAPS, blur_choices, blur},        /* box 3-6, Gaussian 3, 5, 7 */
    {"brightness", 10, 100, -255, 255, NULL, brightness},           /* 10 to 100 */
    {"contrast", 1.2, 3.0, 0, 255, NULL, contrast},                 /* 1.2 to 3.0 */
    {"translation", 1.0 / 64, 20.0 / 64, -1, 1, NULL, translation}, /* 10 to 100 pixels of 640 */
    {"scale", 1.2, 2.2, 0.01, 100, NULL, scale},                    /* 1.5 to 6 */
    {"shear", 0.1, 1.0, -10, 10, NULL, shear},                      /* 0.1 to 1.0 */
    {"rotation", 3, 30, -45, 45, NULL, rotation},                   /* 3 to 30 degrees */
};
#define NOISE_COUNT (sizeof noises / sizeof *noises)

static const struct noise *find(const char *name)
{
    for (size_t i = 0; i < NOISE_COUNT; i++)
        if (!strcmp(noises[i].name, name))
            return &noises[i];
    return NULL;
}

static bool is_none(const char *name)
{
    return !strcmp(name, "none");
}

static bool is_mixed(const char *name)
{
    return !strcmp(name, "mixed");
}

int rog_noise_check(const char *name, struct rog_error *err)
{
    if (is_none(name) || is_mixed(name) || find(name))
        return ROG_OK;
    char known[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < NOISE_COUNT; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s, ", noises[i].name);
    return rog_fail(err, ROG_EINVAL, "unknown noise \"%s\"; known: none, %smixed", name, known);
}

void rog_noise_describe(const char *name, char *text, size_t bytes)
{
    int used = snprintf(text, bytes, "noise %d %s", ROG_NOISE_VERSION, name);
    for (size_t i = 0; i < NOISE_COUNT && used > 0 && (size_t)used < bytes; i++) {
        const struct noise *noise = &noises[i];
        if (!is_mixed(name) && strcmp(noise->name, name))
            continue;
        used += snprintf(text + used, bytes - (size_t)used, " %s %.6g %.6g", noise->name,
                         noise->low, noise->high);
        for (size_t k = 0; noise->choices && k < (size_t)noise->high && (size_t)used < bytes; k++)
            used += snprintf(text + used, bytes - (size_t)used, " %g", noise->choices[k]);
    }
}

static double draw(const struct noise *noise, struct rog_rng *rng)
{
    if (noise->choices)
        return noise->choices[rog_rng_below(rng, (uint32_t)noise->high)];
    return rog_rng_range(rng, noise->low, noise->high);
}

int rog_noise_transform(const char *name, double value, const uint8_t *pixels, uint32_t height,
                        uint32_t width, uint8_t *result, struct rog_error *err)
{
    const struct noise *noise = find(name);
    if (!noise)
        return rog_fail(err, ROG_EINVAL, "unknown image transformation \"%s\"", name);
    if (!(value >= noise->least && value <= noise->most))
        return rog_fail(err, ROG_EINVAL, "%s must be %g to %g (found %g)", name, noise->least,
                        noise->most, value);
    if (!height || !width || height > 16384 || width > 16384)
        return rog_fail(err, ROG_EINVAL, "%s: images of %u x %u pixels are not supported", name,
                        height, width);
    const struct image image = {pixels, result, (int)height, (int)width};
    noise->transform(&image, value);
    return ROG_OK;
}

int rog_noise_apply(struct rog_dataset *dataset, const char *name, uint64_t seed,
                    struct rog_error *err)
{
    int code = rog_noise_check(name, err);
    if (code || is_none(name))
        return code;
    size_t bytes = (size_t)dataset->height * dataset->width * 3;
    uint8_t *copy = malloc(bytes);
    if (!copy)
        return rog_fail_nomem(err);
    const struct noise *fixed_noise = find(name);
    for (uint32_t i = 0; i < dataset->count; i++) {
        struct rog_rng rng;
        rog_rng_derive(&rng, seed, "noise", i);
        const struct noise *noise =
            fixed_noise ? fixed_noise : &noises[rog_rng_below(&rng, NOISE_COUNT)];
        uint8_t *pixels = dataset->pixels + i * bytes;
        memcpy(copy, pixels, bytes);
        const struct image image = {copy, pixels, (int)dataset->height, (int)dataset->width};
        noise->transform(&image, draw(noise, &rng));
    }
    free(copy);
    return rog_dataset_seal(dataset, err);
}
