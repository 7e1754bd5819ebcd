/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_CURVE_OPTIONS_H
#define ROG_ORCHESTRATOR_CURVE_OPTIONS_H

/* Options of commands that draw or report: how curves are drawn and read, instead of as the case
 * says. */

#include <common/cli.h>

#define ROG_CURVE_OPTIONS                                                                         \
    {.name = "smooth",                                                                            \
     .type = ROG_SETTING_STRING,                                                                  \
     .help = "how curves are smoothed, instead of the case's setting: savgol:WINDOW:ORDER, "      \
             "mean:POINTS, ema:WEIGHT, published or none"},                                       \
    {                                                                                             \
        .name = "sustain", .type = ROG_SETTING_INT, .min = 0, .max = 1000, .unit = "checkpoints", \
        .help = "how long a curve must stay at or above the target to count as reaching it, "     \
                "instead of the case's setting"                                                   \
    }

/* An object of those of rog_curve_settings that are given; with --as-published smoothing is as
 * published where it is not. Owned by the caller. NULL when memory ran out. */
struct rog_json *rog_curve_options(const struct rog_cli *cli);

#endif
