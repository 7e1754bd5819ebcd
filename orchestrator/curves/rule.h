/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CURVES_RULE_H
#define ROG_CURVES_RULE_H

/*
 * How a case's curves are drawn and read. Each is a setting at the top of an experiment file, kept
 * with the case, and an option of the commands that draw and report.
 */

#include <common/json.h>
#include <common/settings.h>
#include <orchestrator/curves/accuracy.h>
#include <orchestrator/curves/smoothing.h>

struct rog_curve_rule {
    struct rog_smoothing smoothing;
    struct rog_accuracy_rule accuracy;
    double sustain; /* checkpoints: see reached.h */
};

/* Rows of a table of settings or of a command's options. */
#define ROG_CURVE_SMOOTH                                                                  \
    {                                                                                     \
        .name = "smooth", .type = ROG_SETTING_STRING, .fallback = ROG_SMOOTHING_DEFAULT,  \
        .help = "how curves are smoothed: savgol:WINDOW:ORDER, mean:POINTS, ema:WEIGHT, " \
                "published or none"                                                       \
    }
#define ROG_CURVE_SETTINGS                                                                   \
    ROG_CURVE_SMOOTH,                                                                        \
        {.name = "sustain",                                                                  \
         .type = ROG_SETTING_INT,                                                            \
         .fallback = "5",                                                                    \
         .min = 0,                                                                           \
         .max = 1000,                                                                        \
         .unit = "checkpoints",                                                              \
         .help = "a curve reaches the target where it stays at or above it for so long"},    \
    {                                                                                        \
        .name = "accuracy_at", .type = ROG_SETTING_STRING, .fallback = ROG_ACCURACY_DEFAULT, \
        .help = "what the accuracy at a time is: interpolated, last, smoothed or "           \
                "mean:CHECKPOINTS"                                                           \
    }
extern const struct rog_setting rog_curve_settings[];

/* Whether the settings that `options` has (a setting's name and its value each; others are left
 * alone) say something. ROG_EINVAL with the name, what is allowed and what was found. */
int rog_curve_rule_make(struct rog_curve_rule *rule, const struct rog_json *options,
                        struct rog_error *err);

#endif
