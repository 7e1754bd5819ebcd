/* SPDX-License-Identifier: Apache-2.0 */
/* Draws the images of synth100. */
#include <trainer/data/synth.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <common/rng.h>

#define SYNTH_SEED 20220100
#define EDGE ROG_SYNTH_EDGE
#define SHAPES 10
#define TEXTURES 10

/* Difficulty of the images. */
#define HUE_KEPT 0.5      /* probability that an image has its class's favourite hue */
#define CONTRAST_MIN 0.22 /* between a texture's two colours, in value */
#define CONTRAST_MAX 0.6
#define RADIUS_MIN 8.0 /* pixels */
#define RADIUS_MAX 12.0
#define OFFSET_MAX 2.5  /* of the centre, pixels */
#define TILT_MAX 0.15   /* tangent of half the largest rotation */
#define CLUTTER_MAX 5   /* objects in the background */
#define OCCLUDERS_MAX 1 /* objects in front */
#define GRAIN 0.05      /* half the range of the pixel noise */

/* ---- shapes, in a square from -1 to 1, v downwards, symmetric in u ---- */

static double square(double x)
{
    return x * x;
}

/* Returns whether (u, v) is in the half-plane to the left of the line from (ax, ay) to (bx, by). */
static bool left_of(double u, double v, double ax, double ay, double bx, double by)
{
    return (bx - ax) * (v - ay) - (by - ay) * (u - ax) <= 0;
}

static bool shape_disc(double u, double v)
{
    return u * u + v * v <= 0.81;
}

static bool shape_square(double u, double v)
{
    return fabs(u) <= 0.8 && fabs(v) <= 0.8;
}

static bool shape_triangle(double u, double v)
{
    return v <= 0.75 && left_of(fabs(u), v, 0.95, 0.75, 0.0, -0.95);
}

static bool shape_cross(double u, double v)
{
    double a = fabs(u), b = fabs(v);
    return (a <= 0.3 && b <= 0.95) || (b <= 0.3 && a <= 0.95);
}

static bool shape_ring(double u, double v)
{
    double rr = u * u + v * v;
    return rr <= 0.9 && rr >= 0.25;
}

static bool shape_crescent(double u, double v)
{
    return u * u + v * v <= 0.9 && u * u + square(v - 0.5) >= 0.5;
}

static bool shape_star(double u, double v)
{
    /* Five points: the hull minus the notches, as a union of three overlapping triangles. */
    double a = fabs(u);
    bool upright = v <= 0.76 && left_of(a, v, 0.59, 0.81, 0.0, -1.0);
    bool flat = v >= -0.31 && left_of(0.95 - a, v, 0.0, -0.31, 1.54, 0.81);
    bool foot = v > 0.3 && a > 0.2;
    return (upright && (v < 0.4 || a > (v - 0.36) * 1.35)) ||
           (flat && v <= 0.4 && (!foot || upright));
}

static bool shape_heart(double u, double v)
{
    double a = fabs(u);
    bool lobe = square(a - 0.44) + square(v + 0.35) <= square(0.48);
    bool point = v >= -0.35 && left_of(a, v, 0.0, 0.95, 0.9, -0.2);
    return lobe || point;
}

static bool shape_arrow(double u, double v)
{
    double a = fabs(u);
    bool head = v <= 0.05 && left_of(a, v, 0.95, 0.05, 0.0, -0.95);
    return head || (a <= 0.3 && v > 0 && v <= 0.95);
}

static bool shape_hourglass(double u, double v)
{
    return fabs(v) <= 0.9 && fabs(u) <= 0.15 + 0.75 * fabs(v);
}

static const struct {
    const char *name;
    bool (*covers)(double u, double v);
} shapes[SHAPES] = {
    {"disc", shape_disc},           {"square", shape_square}, {"triangle", shape_triangle},
    {"cross", shape_cross},         {"ring", shape_ring},     {"crescent", shape_crescent},
    {"star", shape_star},           {"heart", shape_heart},   {"arrow", shape_arrow},
    {"hourglass", shape_hourglass},
};

/* ---- textures: is (u, v) of the second colour? period and phase in units of the shape ---- */

struct weave {
    double period, phase_u, phase_v;
    uint64_t speckles; /* an 8 x 8 pattern of bits */
};

static bool odd(double x)
{
    double half = x * 0.5;
    return half - floor(half) >= 0.5;
}

static bool texture_plain(const struct weave *w, double u, double v)
{
    (void)w, (void)u, (void)v;
    return false;
}

static bool texture_across(const struct weave *w, double u, double v)
{
    (void)u;
    return odd(2 * v / w->period + w->phase_v);
}

static bool texture_upright(const struct weave *w, double u, double v)
{
    (void)v;
    return odd(2 * u / w->period + w->phase_u);
}

static bool texture_checks(const struct weave *w, double u, double v)
{
    return texture_across(w, u, v) != texture_upright(w, u, v);
}

static bool texture_dots(const struct weave *w, double u, double v)
{
    double a = u / w->period + w->phase_u, b = v / w->period + w->phase_v;
    return square(a - floor(a) - 0.5) + square(b - floor(b) - 0.5) <= 0.1;
}

static bool texture_grid(const struct weave *w, double u, double v)
{
    double a = u / w->period + w->phase_u, b = v / w->period + w->phase_v;
    return a - floor(a) < 0.36 || b - floor(b) < 0.36;
}

static bool texture_rings(const struct weave *w, double u, double v)
{
    return odd(2 * sqrt(u * u + v * v) / w->period + w->phase_u);
}

static bool texture_rays(const struct weave *w, double u, double v)
{
    (void)w;
    return ((u > 0) != (v > 0)) != (fabs(u) > fabs(v));
}

static bool texture_halves(const struct weave *w, double u, double v)
{
    (void)u;
    return v > 0.3 * (w->phase_v - 0.5);
}

static bool texture_speckles(const struct weave *w, double u, double v)
{
    int a = (int)floor((u + 1.5) * 8 / 3.0), b = (int)floor((v + 1.5) * 8 / 3.0);
    return w->speckles >> ((a & 7) * 8 + (b & 7)) & 1;
}

static const struct {
    const char *name;
    bool (*second)(const struct weave *w, double u, double v);
} textures[TEXTURES] = {
    {"plain", texture_plain},       {"across", texture_across}, {"upright", texture_upright},
    {"checks", texture_checks},     {"dots", texture_dots},     {"grid", texture_grid},
    {"rings", texture_rings},       {"rays", texture_rays},     {"halves", texture_halves},
    {"speckles", texture_speckles},
};

/* ---- drawing ---- */

struct colour {
    double channel[3]; /* 0..1 */
};

/* One object in the picture. */
struct thing {
    int shape, texture;
    double x, y; /* centre, pixels */
    double radius_u, radius_v;
    double cosine, sine;
    struct weave weave;
    struct colour first, second;
};

struct canvas {
    double pixel[EDGE][EDGE][3];
};

/* hue, saturation, value in 0..1 (hue wraps). */
static struct colour colour_of(double hue, double saturation, double value)
{
    struct colour colour;
    hue -= floor(hue);
    for (int c = 0; c < 3; c++) {
        /* Distance on the colour wheel to the channel's primary at 0, 1/3, 2/3. */
        double distance = fabs(hue - c / 3.0);
        if (distance > 0.5)
            distance = 1 - distance;
        double strength = 2 - 6 * distance;
        strength = strength < 0 ? 0 : strength > 1 ? 1 : strength;
        colour.channel[c] = value * (1 - saturation + saturation * strength);
    }
    return colour;
}

static void draw_thing(struct canvas *canvas, const struct thing *thing)
{
    double reach = 1.42 * (thing->radius_u > thing->radius_v ? thing->radius_u : thing->radius_v);
    int left = (int)floor(thing->x - reach), right = (int)floor(thing->x + reach);
    int top = (int)floor(thing->y - reach), bottom = (int)floor(thing->y + reach);
    for (int y = top < 0 ? 0 : top; y <= bottom && y < EDGE; y++) {
        for (int x = left < 0 ? 0 : left; x <= right && x < EDGE; x++) {
            int covered = 0, second = 0;
            for (int sample = 0; sample < 4; sample++) {
                double dx = x + 0.25 + 0.5 * (sample & 1) - thing->x;
                double dy = y + 0.25 + 0.5 * (sample >> 1) - thing->y;
                double u = (thing->cosine * dx + thing->sine * dy) / thing->radius_u;
                double v = (thing->cosine * dy - thing->sine * dx) / thing->radius_v;
                if (!shapes[thing->shape].covers(u, v))
                    continue;
                covered++;
                second += textures[thing->texture].second(&thing->weave, u, v);
            }
            if (!covered)
                continue;
            double *pixel = canvas->pixel[y][x];
            for (int c = 0; c < 3; c++)
                pixel[c] =
                    ((4 - covered) * pixel[c] + (covered - second) * thing->first.channel[c] +
                     second * thing->second.channel[c]) /
                    4;
        }
    }
}

/* Draws a rotation whose half-angle has a tangent up to `tilt`, without trigonometric functions. */
static void draw_rotation(struct rog_rng *rng, double tilt, struct thing *thing)
{
    double t = rog_rng_range(rng, -tilt, tilt);
    thing->cosine = (1 - t * t) / (1 + t * t);
    thing->sine = 2 * t / (1 + t * t);
}

static struct weave draw_weave(struct rog_rng *rng)
{
    struct weave weave;
    weave.period = rog_rng_range(rng, 0.5, 0.75);
    weave.phase_u = rog_rng_uniform(rng);
    weave.phase_v = rog_rng_uniform(rng);
    weave.speckles = rog_rng_u64(rng);
    return weave;
}

/* Draws an object that is independent of the class. */
static struct thing draw_clutter(struct rog_rng *rng, double radius_min, double radius_max)
{
    struct thing thing;
    thing.shape = (int)rog_rng_below(rng, SHAPES);
    thing.texture = (int)rog_rng_below(rng, TEXTURES);
    thing.x = rog_rng_range(rng, 0, EDGE);
    thing.y = rog_rng_range(rng, 0, EDGE);
    thing.radius_u = rog_rng_range(rng, radius_min, radius_max);
    thing.radius_v = thing.radius_u;
    draw_rotation(rng, 1.0, &thing);
    thing.weave = draw_weave(rng);
    double hue = rog_rng_uniform(rng), value = rog_rng_range(rng, 0.2, 0.8);
    thing.first = colour_of(hue, rog_rng_range(rng, 0.1, 0.7), value);
    thing.second = colour_of(hue + 0.1, 0.4, value * rog_rng_range(rng, 0.6, 1.0));
    return thing;
}

static struct thing draw_subject(struct rog_rng *rng, uint32_t label)
{
    struct thing thing;
    thing.shape = (int)(label / TEXTURES);
    thing.texture = (int)(label % TEXTURES);
    thing.x = EDGE / 2.0 + rog_rng_range(rng, -OFFSET_MAX, OFFSET_MAX);
    thing.y = EDGE / 2.0 + rog_rng_range(rng, -OFFSET_MAX, OFFSET_MAX);
    double radius = rog_rng_range(rng, RADIUS_MIN, RADIUS_MAX);
    double aspect = rog_rng_range(rng, 0.85, 1.15);
    thing.radius_u = radius * aspect;
    thing.radius_v = radius / aspect;
    draw_rotation(rng, TILT_MAX, &thing);
    thing.weave = draw_weave(rng);

    double favourite = (label * 37 % 100) / 100.0 + rog_rng_range(rng, -0.06, 0.06);
    double any = rog_rng_uniform(rng);
    double hue = rog_rng_uniform(rng) < HUE_KEPT ? favourite : any;
    double contrast = rog_rng_range(rng, CONTRAST_MIN, CONTRAST_MAX);
    double dark = rog_rng_range(rng, 0.1, 0.85 - contrast);
    struct colour low = colour_of(hue, rog_rng_range(rng, 0.3, 0.9), dark);
    struct colour high = colour_of(hue + rog_rng_range(rng, -0.1, 0.1),
                                   rog_rng_range(rng, 0.1, 0.8), dark + contrast);
    bool swapped = rog_rng_below(rng, 2);
    thing.first = swapped ? high : low;
    thing.second = swapped ? low : high;
    return thing;
}

/* A sky: a gradient between two colours in some direction. */
static void draw_background(struct rog_rng *rng, struct canvas *canvas)
{
    double hue = rog_rng_uniform(rng), value = rog_rng_range(rng, 0.3, 0.7);
    struct colour from = colour_of(hue, rog_rng_range(rng, 0.0, 0.6), value);
    struct colour to = colour_of(hue + rog_rng_range(rng, -0.2, 0.2), rog_rng_range(rng, 0.0, 0.6),
                                 value + rog_rng_range(rng, -0.2, 0.15));
    double ax = rog_rng_range(rng, -1, 1), ay = rog_rng_range(rng, -1, 1);
    double least = (ax < 0 ? ax : 0) + (ay < 0 ? ay : 0);
    double span = fabs(ax) + fabs(ay) + 1e-6;
    for (int y = 0; y < EDGE; y++) {
        for (int x = 0; x < EDGE; x++) {
            double t = (ax * x / (EDGE - 1) + ay * y / (EDGE - 1) - least) / span;
            for (int c = 0; c < 3; c++)
                canvas->pixel[y][x][c] = from.channel[c] + (to.channel[c] - from.channel[c]) * t;
        }
    }
}

/* Applies light that is brighter on one side and grain, and converts to bytes. */
static void expose(struct rog_rng *rng, const struct canvas *canvas, uint8_t *pixels)
{
    double gain = rog_rng_range(rng, 0.5, 0.65);
    double slope_x = rog_rng_range(rng, -0.2, 0.2), slope_y = rog_rng_range(rng, -0.2, 0.2);
    double grain = rog_rng_range(rng, 0.2 * GRAIN, GRAIN);
    for (int y = 0; y < EDGE; y++) {
        for (int x = 0; x < EDGE; x++) {
            double light = gain * (1 + slope_x * (x / (EDGE - 1.0) - 0.5) +
                                   slope_y * (y / (EDGE - 1.0) - 0.5));
            /* Three 21-bit numbers from one draw. */
            uint64_t bits = rog_rng_u64(rng);
            for (int c = 0; c < 3; c++, bits >>= 21) {
                double noise = (double)(bits & 0x1fffff) / 0x100000 - 1.0;
                double value = 255 * (canvas->pixel[y][x][c] * light + grain * noise) + 0.5;
                *pixels++ = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
            }
        }
    }
}

static void draw_image(struct rog_rng *rng, uint32_t label, uint8_t *pixels)
{
    struct canvas canvas;
    draw_background(rng, &canvas);
    uint32_t clutter = rog_rng_below(rng, CLUTTER_MAX + 1);
    for (uint32_t i = 0; i < clutter; i++) {
        struct thing thing = draw_clutter(rng, 2.0, 6.0);
        draw_thing(&canvas, &thing);
    }
    struct thing subject = draw_subject(rng, label);
    draw_thing(&canvas, &subject);
    uint32_t occluders = rog_rng_below(rng, OCCLUDERS_MAX + 1);
    for (uint32_t i = 0; i < occluders; i++) {
        struct thing thing = draw_clutter(rng, 1.5, 3.5);
        draw_thing(&canvas, &thing);
    }
    expose(rng, &canvas, pixels);
}

void rog_synth_class_name(uint32_t label, char *text, size_t bytes)
{
    snprintf(text, bytes, "%s_%s", shapes[label / TEXTURES % SHAPES].name,
             textures[label % TEXTURES].name);
}

int rog_synth_draw(struct rog_dataset **dataset, enum rog_split split, uint32_t per_class,
                   struct rog_error *err)
{
    *dataset = NULL;
    uint32_t *labels = NULL;
    if (per_class > UINT32_MAX / ROG_SYNTH_CLASSES)
        return rog_fail(err, ROG_EINVAL, "synth100: %u images per class are too many", per_class);
    uint32_t count = per_class * ROG_SYNTH_CLASSES;
    struct rog_dataset *made = NULL;
    int code = rog_dataset_new(&made, count, ROG_SYNTH_CLASSES, EDGE, EDGE, err);
    if (code)
        return code;
    labels = calloc(count, sizeof *labels);
    if (!labels) {
        code = rog_fail_nomem(err);
        goto out;
    }
    for (uint32_t i = 0; i < count; i++)
        labels[i] = i % ROG_SYNTH_CLASSES;
    struct rog_rng rng;
    rog_rng_derive(&rng, SYNTH_SEED, "synth100 order", split);
    rog_rng_shuffle(&rng, labels, count);
    for (uint32_t i = 0; i < count; i++) {
        made->labels[i] = (uint16_t)labels[i];
        rog_rng_derive(&rng, SYNTH_SEED,
                       split == ROG_SPLIT_TRAIN ? "synth100 train" : "synth100 test", i);
        draw_image(&rng, labels[i], made->pixels + (size_t)i * EDGE * EDGE * 3);
    }
    code = rog_dataset_seal(made, err);
out:
    free(labels);
    if (code) {
        rog_dataset_free(made);
        made = NULL;
    }
    *dataset = made;
    return code;
}
