/* SPDX-License-Identifier: Apache-2.0 */
/* Defines the kinds of smoothing, and makes lines with them. */
#include <orchestrator/curves/smoothing.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <orchestrator/curves/savgol.h>
#include <orchestrator/curves/spec.h>

#define PUBLISHED_ORDER 3

enum { NONE, SAVGOL, MEAN, EMA, PUBLISHED };

static const struct rog_spec_form forms[] = {
    [NONE] = {.name = "none", .help = "none"},
    [SAVGOL] = {.name = "savgol",
                .help = "savgol:WINDOW:ORDER (an odd window of 3 to 301 points, an order from 0 to "
                        "6 below it)",
                .numbers = 2,
                .number = {{3, ROG_SAVGOL_WINDOW_MAX, true, true},
                           {0, ROG_SAVGOL_ORDER_MAX, true, false}}},
    [MEAN] = {.name = "mean",
              .help = "mean:POINTS (an odd number from 3 to 301)",
              .numbers = 1,
              .number = {{3, 301, true, true}}},
    [EMA] = {.name = "ema",
             .help = "ema:WEIGHT (from 0 to 0.999)",
             .numbers = 1,
             .number = {{0, 0.999, false, false}}},
    [PUBLISHED] = {.name = "published", .help = "published"},
    {.name = NULL},
};

/* ---- the filters ---- */

static void none(const struct rog_smoothing *smoothing, const double *values, size_t count,
                 double *smooth)
{
    (void)smoothing;
    memcpy(smooth, values, count * sizeof *smooth);
}

/* The published scripts use the whole window if there are at least as many points. */
static size_t window_of(const struct rog_smoothing *smoothing, size_t count)
{
    size_t window = (size_t)smoothing->number[0], order = (size_t)smoothing->number[1];
    if (smoothing->kind == PUBLISHED && count >= window)
        return window;
    return rog_savgol_window(count, window, order);
}

static void savgol(const struct rog_smoothing *smoothing, const double *values, size_t count,
                   double *smooth)
{
    rog_savgol(values, count, window_of(smoothing, count), (size_t)smoothing->number[1], smooth);
}

static void mean(const struct rog_smoothing *smoothing, const double *values, size_t count,
                 double *smooth)
{
    size_t half = (size_t)smoothing->number[0] / 2;
    for (size_t i = 0; i < count; i++) {
        size_t beside = half;
        beside = beside > i ? i : beside;
        beside = beside > count - 1 - i ? count - 1 - i : beside;
        double sum = 0;
        for (size_t k = i - beside; k <= i + beside; k++)
            sum += values[k];
        smooth[i] = sum / (double)(2 * beside + 1);
    }
}

static void ema(const struct rog_smoothing *smoothing, const double *values, size_t count,
                double *smooth)
{
    double weight = smoothing->number[0], sum = 0, all = 0;
    for (size_t i = 0; i < count; i++) {
        sum = weight * sum + (1 - weight) * values[i];
        all = weight * all + (1 - weight);
        smooth[i] = sum / all;
    }
}

static const struct {
    void (*filter)(const struct rog_smoothing *smoothing, const double *values, size_t count,
                   double *smooth);
    bool of_x;  /* it is applied to x as well as y */
    bool plain; /* the result of the filter is not changed any further */
} kinds[] = {
    [NONE] = {none, false, false}, [SAVGOL] = {savgol, true, false},   [MEAN] = {mean, true, false},
    [EMA] = {ema, false, false},   [PUBLISHED] = {savgol, true, true},
};

/* ---- settings ---- */

int rog_smoothing_parse(struct rog_smoothing *smoothing, const char *text, struct rog_error *err)
{
    struct rog_smoothing found = {0};
    int code = rog_spec_parse(forms, "smooth", text, &found.kind, found.number, err);
    if (code < 0)
        return code;
    if (found.kind == SAVGOL && found.number[1] >= found.number[0])
        return rog_spec_fail(forms, "smooth", text, err);
    if (found.kind == PUBLISHED) {
        found.number[0] = ROG_SMOOTHING_PUBLISHED_POINTS;
        found.number[1] = PUBLISHED_ORDER;
    }
    *smoothing = found;
    return 0;
}

bool rog_smoothing_is_published(const struct rog_smoothing *smoothing, size_t fewest)
{
    return smoothing->kind == PUBLISHED && fewest >= ROG_SMOOTHING_PUBLISHED_POINTS;
}

void rog_smoothing_setting(const struct rog_smoothing *smoothing,
                           char text[ROG_SMOOTHING_TEXT_BYTES])
{
    const struct rog_spec_form *form = &forms[smoothing->kind];
    size_t used = (size_t)snprintf(text, ROG_SMOOTHING_TEXT_BYTES, "%s", form->name);
    for (size_t i = 0; i < form->numbers; i++)
        used += (size_t)snprintf(text + used, ROG_SMOOTHING_TEXT_BYTES - used, ":%g",
                                 smoothing->number[i]);
}

void rog_smoothing_text(const struct rog_smoothing *smoothing, size_t fewest, size_t most,
                        char text[ROG_SMOOTHING_TEXT_BYTES])
{
    if (smoothing->kind != SAVGOL && smoothing->kind != PUBLISHED) {
        rog_smoothing_setting(smoothing, text);
        return;
    }
    const char *name = forms[SAVGOL].name;
    size_t order = (size_t)smoothing->number[1];
    size_t low = window_of(smoothing, fewest), high = window_of(smoothing, most);
    bool published = rog_smoothing_is_published(smoothing, fewest);
    if (high == 1)
        snprintf(text, ROG_SMOOTHING_TEXT_BYTES, "%s", forms[NONE].name);
    else if (low == high)
        snprintf(text, ROG_SMOOTHING_TEXT_BYTES, "%s:%zu:%zu%s", name, high, order,
                 published ? " as published" : "");
    else
        snprintf(text, ROG_SMOOTHING_TEXT_BYTES, "%s:%zu-%zu:%zu", name, low, high, order);
}

/* ---- the line ---- */

static void keep_within(const double *values, size_t count, double *smooth)
{
    double low = values[0], high = values[0];
    for (size_t i = 1; i < count; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    for (size_t i = 0; i < count; i++)
        smooth[i] = fmin(fmax(smooth[i], low), high);
    smooth[0] = values[0];
}

void rog_smoothing_line(const struct rog_smoothing *smoothing, const double *x, const double *y,
                        size_t count, double *line_x, double *line_y)
{
    if (count == 0)
        return;
    kinds[smoothing->kind].filter(smoothing, y, count, line_y);
    if (kinds[smoothing->kind].of_x)
        kinds[smoothing->kind].filter(smoothing, x, count, line_x);
    else
        memcpy(line_x, x, count * sizeof *line_x);
    if (!kinds[smoothing->kind].plain) {
        keep_within(x, count, line_x);
        keep_within(y, count, line_y);
    }
    for (size_t i = 1; i < count; i++)
        line_x[i] = fmax(line_x[i], line_x[i - 1]);
}
