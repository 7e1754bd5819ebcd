/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_SERIES_SETTINGS_H
#define ROG_FIGURES_SERIES_SETTINGS_H

/* The settings of several runs side by side, to find the differences. */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/store/summary.h>

struct rog_series_setting {
    char *name;   /* empty if the value is clear by itself */
    char **value; /* [runs]: as shown to people; NULL if a run lacks it */
    bool plain;   /* a setting of experiment files or of the strategy, with a short value; otherwise
                   * something that only distinguishes two runs */
    /* Until names are assigned: */
    size_t prefix; /* of the name: the codec or optimizer that the parameter belongs to */
    bool whole;    /* it stays, because the rest may also be the name of something else */
};

struct rog_series_settings {
    struct rog_series_setting *item; /* plain ones first */
    size_t count, runs;
};

/* Settings with the same value in all runs are left out, and so are library, threshold, seed and
 * note. */
int rog_series_settings_load(const struct rog_run_row *const *row, size_t runs,
                             struct rog_series_settings *settings, struct rog_error *err);
void rog_series_settings_release(struct rog_series_settings *settings);

#endif
