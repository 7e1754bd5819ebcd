/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_COMMON_PROBE_OPTIONS_H
#define ROG_COMMON_PROBE_OPTIONS_H

/* Options for probing links: of `rogctl trace record`, which passes them on to `rog-trainer probe`
 * on the hosts. Rows of both tables, {ROG_PROBE_LOAD, .help = "..."}, so that both have the same
 * ranges and defaults. */

#include <common/settings.h>

#define ROG_PROBE_SECONDS \
    .name = "seconds", .type = ROG_SETTING_REAL, .fallback = "0", .max = 1e7, .unit = "s"
#define ROG_PROBE_PERIOD \
    .name = "period", .type = ROG_SETTING_REAL, .fallback = "1", .max = 3600, .unit = "s"
#define ROG_PROBE_LOAD \
    .name = "load", .type = ROG_SETTING_REAL, .fallback = "0.1", .min = 0.001, .max = 1
#define ROG_PROBE_TRAIN \
    .name = "train", .type = ROG_SETTING_REAL, .fallback = "20", .min = 5, .max = 1000, .unit = "ms"

#endif
