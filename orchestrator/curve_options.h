/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_ORCHESTRATOR_CURVE_OPTIONS_H
#define ROG_ORCHESTRATOR_CURVE_OPTIONS_H

/* Options of commands that draw or report: how curves are drawn and read, instead of the case's
 * settings. */

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

/* The given settings of rog_curve_settings, an object; with --as-published, published smoothing
 * unless smoothing is given. Owned by the caller. NULL without memory. */
struct rog_json *rog_curve_options(const struct rog_cli *cli);

#endif
