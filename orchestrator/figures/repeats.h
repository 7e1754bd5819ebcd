/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_REPEATS_H
#define ROG_FIGURES_REPEATS_H

/*
 * Repeated runs that are identical: if nothing depends on the seed, every seed gives the same
 * records. Such runs count once in means, intervals and tests, and the label of their series
 * mentions them.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/figures/case_data.h>

/* Returns whether run `index` has the same records as an earlier run of its series. */
bool rog_repeats_is_copy(const struct rog_case_data *data, size_t index);

/* The label of a series with the number of its runs, if there are several: "ROG 4 (n = 3)", "ROG 4
 * (3 runs, identical)", "ROG 4 (n = 2, 3 runs)"; and with errors: "ROG 4, 7.3 s lost". `counted` of
 * them have the value shown, not counting copies. Heap memory, NULL without memory. */
char *rog_repeats_label(const struct rog_case_series *series, size_t counted);
/* The same for a figure, where no caption explains what is drawn for two runs: "ROG 4 (n = 2,
 * range)" */
char *rog_repeats_figure_label(const struct rog_case_series *series, size_t counted);

#endif
