/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_SERIES_LABEL_H
#define ROG_FIGURES_SERIES_LABEL_H

/*
 * Labels of a case's series. A note given by the user, or of an imported run, is the label. A
 * generated note, which says no more than the settings do ("ROG 4, batchsize 2"), is rebuilt from
 * what differs within the case: library and threshold, and each setting that is not the same in all
 * series. Parts that all notes share are left out. Series with equal notes get what they differ in
 * as a suffix; "#2" marks those that differ in nothing.
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
