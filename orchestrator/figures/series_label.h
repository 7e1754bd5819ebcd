/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_SERIES_LABEL_H
#define ROG_FIGURES_SERIES_LABEL_H

/*
 * What a case's series are called. A note that somebody wrote is the label, as is that of an
 * imported run. Another note that says no more than the settings do ("ROG 4, batchsize 2", as a
 * sweep writes it) is made again from what differs within the case: library and threshold, and each
 * setting that is not the same in all series. Parts of notes that all series have in common are
 * left out. Series whose notes are equal have behind them what they differ in; "#2" is behind those
 * alone that differ in nothing.
 */

#include <stddef.h>

#include <orchestrator/store/summary.h>

struct rog_series_rows {
    const struct rog_run_row **row; /* [runs], at least one */
    size_t runs;
};

/* Sets label[i] for each of the series: clean text in heap memory. */
int rog_series_label_all(const struct rog_series_rows *series, size_t count, char **label,
                         struct rog_error *err);

#endif
