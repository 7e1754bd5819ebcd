/* SPDX-License-Identifier: Apache-2.0 */
/* Computes means, percentiles, fades and autocorrelation of a trace. */
#include <librog/trace/stats.h>

#include <math.h>
#include <stdlib.h>

#define PIECES_MAX 10000000.0
#define ROUNDING 1e-9

const double rog_trace_percentiles[ROG_TRACE_PERCENTILES] = {5, 25, 50, 75, 95};
const double rog_trace_lags_s[ROG_TRACE_LAGS] = {5, 30, 60, 120, 300};

struct piece {
    double start_s, end_s, mbps;
};

struct pieces {
    struct piece *items;
    size_t count;
};

static int cut(const struct rog_trace *trace, double until_s, struct pieces *pieces,
               struct rog_error *err)
{
    double passes = trace->count > 1 ? ceil(until_s / trace->span_s) : 1;
    if (!isfinite(until_s) || passes * trace->count > PIECES_MAX)
        return rog_fail(err, ROG_EINVAL,
                        "%g s of this trace are more than %.0f values; use a shorter part", until_s,
                        PIECES_MAX);
    pieces->items = malloc((size_t)(passes * trace->count + 1) * sizeof *pieces->items);
    if (!pieces->items)
        return rog_fail_nomem(err);
    for (size_t i = 0; i < (size_t)passes * trace->count; i++) {
        uint32_t value = (uint32_t)(i % trace->count);
        double begin_s = (double)(i / trace->count) * trace->span_s;
        double end_s = value + 1 < trace->count ? trace->start_s[value + 1] : trace->span_s;
        if (trace->count == 1)
            end_s = until_s;
        struct piece piece = {begin_s + trace->start_s[value], begin_s + end_s, trace->mbps[value]};
        if (piece.start_s >= until_s)
            break;
        if (piece.end_s > until_s)
            piece.end_s = until_s;
        pieces->items[pieces->count++] = piece;
    }
    return ROG_OK;
}

static int by_rate(const void *left, const void *right)
{
    const struct piece *a = left, *b = right;
    return (a->mbps > b->mbps) - (a->mbps < b->mbps);
}

/* Mean product of deviations `lag_s` apart, over the times at which both exist; both step functions
 * are traversed together. */
static double covariance(const struct pieces *pieces, double lag_s, double mean)
{
    const struct piece *items = pieces->items;
    double end_s = items[pieces->count - 1].end_s - lag_s, sum = 0, t_s = 0;
    if (end_s <= 0)
        return NAN;
    size_t i = 0, j = 0;
    while (j + 1 < pieces->count && items[j].end_s <= lag_s)
        j++;
    while (t_s < end_s) {
        double next_s = fmin(fmin(items[i].end_s, items[j].end_s - lag_s), end_s);
        if (next_s > t_s)
            sum += (items[i].mbps - mean) * (items[j].mbps - mean) * (next_s - t_s);
        t_s = fmax(next_s, t_s);
        if (i + 1 < pieces->count && items[i].end_s <= t_s)
            i++;
        else if (j + 1 < pieces->count && items[j].end_s - lag_s <= t_s)
            j++;
        else
            break;
    }
    return sum / end_s;
}

static void moments(const struct pieces *pieces, double span_s, struct rog_trace_stats *stats)
{
    double sum = 0, squares = 0;
    stats->min_mbps = INFINITY;
    for (size_t i = 0; i < pieces->count; i++) {
        const struct piece *piece = &pieces->items[i];
        double hold_s = piece->end_s - piece->start_s, share = hold_s / span_s;
        sum += piece->mbps * share;
        stats->min_mbps = fmin(stats->min_mbps, piece->mbps);
        stats->max_mbps = fmax(stats->max_mbps, piece->mbps);
        stats->below_1 += piece->mbps < 1 ? share : 0;
        stats->below_5 += piece->mbps < 5 ? share : 0;
        stats->at_0 += piece->mbps <= 0 ? share : 0;
        stats->hold_short += hold_s < 1 ? 1.0 / (double)pieces->count : 0;
    }
    stats->mean_mbps = sum;
    for (size_t i = 0; i < pieces->count; i++) {
        const struct piece *piece = &pieces->items[i];
        double deviation = piece->mbps - sum;
        squares += deviation * deviation * (piece->end_s - piece->start_s) / span_s;
    }
    stats->sd_mbps = sqrt(squares);
}

/* Known if at least half of the trace has its counterpart. A value beyond 1 shows that the pairs
 * are too few to represent the whole. */
static double autocorrelation(const struct pieces *pieces, double lag_s,
                              const struct rog_trace_stats *stats)
{
    double variance = stats->sd_mbps * stats->sd_mbps;
    if (lag_s > stats->span_s / 2 || !(variance > 0))
        return NAN;
    double value = covariance(pieces, lag_s, stats->mean_mbps) / variance;
    return fabs(value) <= 1 + ROUNDING ? fmax(fmin(value, 1), -1) : NAN;
}

int rog_trace_stats(const struct rog_trace *trace, double until_s, struct rog_trace_stats *stats,
                    struct rog_error *err)
{
    struct pieces pieces = {0};
    if (until_s <= 0)
        until_s = trace->span_s;
    int code = cut(trace, until_s, &pieces, err);
    if (code)
        return code;
    *stats = (struct rog_trace_stats){.span_s = until_s, .values = (uint32_t)pieces.count};
    moments(&pieces, until_s, stats);
    for (int i = 0; i < ROG_TRACE_LAGS; i++)
        stats->autocorrelation[i] = autocorrelation(&pieces, rog_trace_lags_s[i], stats);

    qsort(pieces.items, pieces.count, sizeof *pieces.items, by_rate);
    double below_s = 0;
    size_t at = 0;
    for (int i = 0; i < ROG_TRACE_PERCENTILES; i++) {
        double share_s = rog_trace_percentiles[i] / 100 * until_s;
        for (; at + 1 < pieces.count; at++) {
            double hold_s = pieces.items[at].end_s - pieces.items[at].start_s;
            if (below_s + hold_s >= share_s)
                break;
            below_s += hold_s;
        }
        stats->percentile_mbps[i] = pieces.items[at].mbps;
    }
    free(pieces.items);
    return ROG_OK;
}
