/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CURVES_RULE_H
#define ROG_CURVES_RULE_H

/*
 * How a case's curves are drawn and read. Each setting is at top level of an experiment file, is
 * stored with the case, and is an option of the commands that draw and report.
 */

#include <stdbool.h>

#include <common/json.h>
#include <common/settings.h>
#include <orchestrator/curves/accuracy.h>
#include <orchestrator/curves/smoothing.h>

struct rog_curve_rule {
    struct rog_smoothing smoothing;
    struct rog_accuracy_rule accuracy;
    double sustain; /* checkpoints: see reached.h */
    bool points;    /* figures show measured points */
};

/* Rows for a table of settings or of a command's options, some with other names. */
#define ROG_CURVE_SETTINGS                                                                        \
    {.name = "smooth",                                                                            \
     .type = ROG_SETTING_STRING,                                                                  \
     .fallback = ROG_SMOOTHING_DEFAULT,                                                           \
     .help =                                                                                      \
         "smoothing of curves: savgol:WINDOW:ORDER, mean:POINTS, ema:WEIGHT, published or none"}, \
        {.name = "sustain",                                                                       \
         .type = ROG_SETTING_INT,                                                                 \
         .fallback = "5",                                                                         \
         .min = 0,                                                                                \
         .max = 1000,                                                                             \
         .unit = "checkpoints",                                                                   \
         .help = "how long a curve must stay at or above the target to count as reaching it"},    \
        {.name = "accuracy_at",                                                                   \
         .type = ROG_SETTING_STRING,                                                              \
         .fallback = ROG_ACCURACY_DEFAULT,                                                        \
         .help = "how the accuracy at a time is computed: interpolated, last, smoothed or "       \
                 "mean:CHECKPOINTS",                                                              \
         .option = "accuracy"},                                                                   \
    {                                                                                             \
        .name = "points", .type = ROG_SETTING_FLAG, .fallback = "false",                          \
        .help = "figures draw the measured points behind the curves"                              \
    }
extern const struct rog_setting rog_curve_settings[];

/* From the settings in `options` (NULL: none), otherwise from the defaults; other members are
 * ignored. ROG_EINVAL with the name, what is allowed and what was found. */
int rog_curve_rule_make(struct rog_curve_rule *rule, const struct rog_json *options,
                        struct rog_error *err);

/* The settings of such a rule, an object. Owned by the caller. */
struct rog_json *rog_curve_rule_json(const struct rog_curve_rule *rule);

#endif
