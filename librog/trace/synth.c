/* SPDX-License-Identifier: Apache-2.0 */
/* Generates outdoor and indoor traces from a seed. */
#include <librog/trace/synth.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <common/rng.h>

/* The share of the time below a rate. */
struct quantile {
    double share, mbps;
};

/* From the four recorded outdoor traces, weighted by time, first 24,000 s. */
static const struct quantile outdoors[] = {
    {0, 0},        {0.01, 0},     {0.02, 0.08},  {0.03, 0.27}, {0.05, 0.57},  {0.075, 0.80},
    {0.1, 1.29},   {0.125, 1.65}, {0.15, 1.99},  {0.2, 2.56},  {0.25, 2.90},  {0.3, 3.21},
    {0.325, 3.67}, {0.35, 5.20},  {0.375, 6.36}, {0.4, 8.45},  {0.425, 12.7}, {0.45, 17.4},
    {0.475, 26.3}, {0.5, 34.1},   {0.525, 47.1}, {0.55, 56.6}, {0.575, 62.0}, {0.6, 66.8},
    {0.65, 80.1},  {0.7, 88.1},   {0.75, 94.7},  {0.8, 102.1}, {0.85, 121.0}, {0.9, 134.7},
    {0.95, 151.7}, {0.98, 173.3}, {1, 249.0},
};
#define QUANTILES (sizeof outdoors / sizeof *outdoors)

/* Places; the header explains the numbers. */
struct place {
    const char *name;
    double mean; /* mean bandwidth, as a multiple of that outdoors */
};
static const struct place places[] = {{"outdoors", 1}, {"indoors", 93.0 / 73.0}};
#define PLACES (sizeof places / sizeof *places)

#define OCCLUDED_MBPS 5.0

/* Durations for which the published replay tool holds a value, and pauses, s */
#define HOLD_SHORT_S 0.54
#define HOLD_MIN_S 10.0
#define HOLD_MAX_S 90.0

/* Fitted, per sample. */
#define LEVEL_FAST 0.65
#define LEVEL_SLOW 0.90
#define LEVEL_NOISE 0.14 /* standard deviation, relative to that of the level */
#define WARM_UP 200      /* samples until the level is independent of its start */
#define SAMPLES_MAX 8192 /* about 950 are enough for the span */

struct sample {
    double start_s, hold_s, level, mbps;
};

/* Computes the share of the time below OCCLUDED_MBPS and the mean rates on both sides of it. */
static void split(double *share, double *mean_occluded, double *mean_clear)
{
    double below = 0, above = 0;
    *share = 0;
    for (size_t i = 0; i + 1 < QUANTILES; i++) {
        struct quantile a = outdoors[i], b = outdoors[i + 1];
        double middle = b.share;
        if (a.mbps < OCCLUDED_MBPS && b.mbps >= OCCLUDED_MBPS) {
            middle = a.share + (b.share - a.share) * (OCCLUDED_MBPS - a.mbps) / (b.mbps - a.mbps);
            *share = middle;
            below += (middle - a.share) * (a.mbps + OCCLUDED_MBPS) / 2;
            above += (b.share - middle) * (OCCLUDED_MBPS + b.mbps) / 2;
        } else if (a.mbps < OCCLUDED_MBPS) {
            below += (b.share - a.share) * (a.mbps + b.mbps) / 2;
        } else {
            above += (b.share - a.share) * (a.mbps + b.mbps) / 2;
        }
    }
    *mean_occluded = below / *share;
    *mean_clear = above / (1 - *share);
}

/* Returns the share of the time that a place is occluded, from its mean; *outside: that of
 * outdoors. */
static double occluded_share(const struct place *place, double *outside)
{
    double mean_occluded, mean_clear;
    split(outside, &mean_occluded, &mean_clear);
    double mean = place->mean * (*outside * mean_occluded + (1 - *outside) * mean_clear);
    return (mean_clear - mean) / (mean_clear - mean_occluded);
}

static double outdoors_rate(double share)
{
    size_t i = 1;
    while (i + 1 < QUANTILES && outdoors[i].share < share)
        i++;
    struct quantile a = outdoors[i - 1], b = outdoors[i];
    return a.mbps + (b.mbps - a.mbps) * (share - a.share) / (b.share - a.share);
}

/* Returns independent random numbers of mean 0 and variance 1: the sum of twelve uniform numbers (a
 * logarithm would differ between mathematical libraries). */
static double noise(struct rog_rng *rng)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += rog_rng_uniform(rng);
    return sum;
}

static double draw_hold(struct rog_rng *rng)
{
    if (rog_rng_u64(rng) >> 63)
        return HOLD_SHORT_S;
    return rog_rng_range(rng, HOLD_MIN_S, HOLD_MAX_S);
}

/* Draws holding times until the span is full; returns their number. */
static uint32_t draw_holds(struct rog_rng *rng, struct sample samples[SAMPLES_MAX])
{
    double t_s = 0;
    uint32_t count = 0;
    while (count < SAMPLES_MAX && t_s < ROG_SYNTH_SPAN_S) {
        double hold_s = draw_hold(rng), left_s = ROG_SYNTH_SPAN_S - t_s;
        samples[count].hold_s = hold_s < left_s ? hold_s : left_s;
        samples[count++].start_s = t_s;
        t_s += hold_s;
    }
    return count;
}

static void draw_levels(struct rog_rng *rng, struct sample *samples, uint32_t count)
{
    /* The variance of the two processes in series, for innovations of variance 1. */
    const double a = LEVEL_FAST, b = LEVEL_SLOW;
    const double variance = (1 + a * b) / ((1 - a * b) * (1 - a * a) * (1 - b * b));
    const double noise_size = LEVEL_NOISE * sqrt(variance);

    double fast = 0, slow = 0;
    for (uint32_t i = 0; i < WARM_UP + count; i++) {
        fast = a * fast + noise(rng);
        slow = b * slow + fast;
        if (i >= WARM_UP)
            samples[i - WARM_UP].level = slow + noise_size * noise(rng);
    }
}

static int by_level(const void *left, const void *right)
{
    const struct sample *a = left, *b = right;
    if (a->level < b->level || a->level > b->level)
        return a->level < b->level ? -1 : 1;
    return a->start_s < b->start_s ? -1 : 1;
}

static int by_time(const void *left, const void *right)
{
    const struct sample *a = left, *b = right;
    return a->start_s < b->start_s ? -1 : 1;
}

/* Maps ranks to rates. */
static void map_levels(struct sample *samples, uint32_t count, const struct place *place)
{
    double outside, inside = occluded_share(place, &outside), below_s = 0;
    qsort(samples, count, sizeof *samples, by_level);
    for (uint32_t i = 0; i < count; i++) {
        double share = (below_s + samples[i].hold_s / 2) / ROG_SYNTH_SPAN_S;
        double mapped = share < inside ? share * outside / inside
                                       : 1 - (1 - share) * (1 - outside) / (1 - inside);
        samples[i].mbps = outdoors_rate(mapped);
        below_s += samples[i].hold_s;
    }
    qsort(samples, count, sizeof *samples, by_time);
}

static const struct place *place_find(const char *name)
{
    for (size_t i = 0; i < PLACES; i++)
        if (strcmp(places[i].name, name) == 0)
            return &places[i];
    return NULL;
}

int rog_trace_synth(struct rog_trace **trace, const char *name, uint32_t rank, uint64_t seed,
                    struct rog_error *err)
{
    *trace = NULL;
    const struct place *place = place_find(name);
    if (!place)
        return rog_fail(err, ROG_EINVAL,
                        "unknown bandwidth generator \"%s\"; known: synth:outdoors, synth:indoors; "
                        "otherwise set trace to a CSV file or constant:MBIT",
                        name);

    struct sample *samples = malloc(SAMPLES_MAX * sizeof *samples);
    if (!samples)
        return rog_fail_nomem(err);
    struct rog_rng rng;
    rog_rng_derive(&rng, seed, "trace", rank);
    uint32_t count = draw_holds(&rng, samples);
    draw_levels(&rng, samples, count);
    map_levels(samples, count, place);

    int code = ROG_OK;
    struct rog_trace_builder builder = {0};
    for (uint32_t i = 0; i < count && !code; i++)
        code = rog_trace_builder_add(&builder, samples[i].start_s, samples[i].mbps, err);
    if (!code)
        code = rog_trace_builder_end(&builder, ROG_SYNTH_SPAN_S, trace, err);
    rog_trace_builder_release(&builder);
    free(samples);
    return code;
}
