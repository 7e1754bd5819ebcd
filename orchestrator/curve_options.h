/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_CURVE_OPTIONS_H
#define ROG_ORCHESTRATOR_CURVE_OPTIONS_H

/* Options of commands that draw or report: how curves are drawn and read, instead of as the case
 * says. */

#include <common/cli.h>

#define ROG_CURVE_OPTIONS                                                                         \
    {.name = "smooth",                                                                            \
     .type = ROG_SETTING_STRING,                                                                  \
     .help = "how curves are smoothed, whatever the case says: savgol:WINDOW:ORDER, "             \
             "mean:POINTS, ema:WEIGHT, published or none"},                                       \
    {                                                                                             \
        .name = "sustain", .type = ROG_SETTING_INT, .min = 0, .max = 1000, .unit = "checkpoints", \
        .help =                                                                                   \
            "how long a curve must stay at or above the target to reach it, whatever the case "   \
            "says"                                                                                \
    }

/* An object of those of rog_curve_settings that are given, owned by the caller; with --as-published
 * also the published smoothing. ROG_EINVAL where that is asked for together with another one. */
int rog_curve_options(const struct rog_cli *cli, struct rog_json **options, struct rog_error *err);

#endif
