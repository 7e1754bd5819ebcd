/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_SERIES_SETTINGS_H
#define ROG_FIGURES_SERIES_SETTINGS_H

/* The settings of several runs side by side, to see in which they differ. */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/store/summary.h>

struct rog_series_setting {
    char *name;   /* empty where the value says it all */
    char **value; /* [runs]: as a reader sees it; NULL where a run has none */
    bool plain;   /* a setting of experiment files or of the strategy, with a value that is short
                     enough to be read; else something that only tells two runs apart */
    /* Until they are named: */
    size_t prefix; /* of the name: that of the codec or optimizer whose parameter it is */
    bool whole;    /* it stays there, as the rest may be the name of something else */
};

struct rog_series_settings {
    struct rog_series_setting *item; /* plain ones first */
    size_t count, runs;
};

/* What has the same value in all runs is not there, and neither are library, threshold, seed and
 * note. */
int rog_series_settings_load(const struct rog_run_row *const *row, size_t runs,
                             struct rog_series_settings *settings, struct rog_error *err);
void rog_series_settings_release(struct rog_series_settings *settings);

#endif
