/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_FIGURES_REPEATS_H
#define ROG_FIGURES_REPEATS_H

/*
 * Repeats that are one and the same run: where nothing depends on the seed, every seed records the
 * same. They count once in means, intervals and tests, and their series says so.
 */

#include <stdbool.h>
#include <stddef.h>

#include <orchestrator/figures/case_data.h>

/* Whether run `index` recorded what an earlier one of its series did. */
bool rog_repeats_is_copy(const struct rog_case_data *data, size_t index);

/* The label of a series with the number of its runs, if they are several: "ROG 4 (n = 3)",
 * "ROG 4 (3 runs, identical)", "ROG 4 (n = 2, 3 runs)"; and with what went wrong: "ROG 4, 7.3 s
 * lost". `counted` of them have what is shown, not counting copies. Heap memory, NULL when memory
 * ran out. */
char *rog_repeats_label(const struct rog_case_series *series, size_t counted);
/* The same for a figure, where no caption says what is drawn of two runs: "ROG 4 (n = 2, range)" */
char *rog_repeats_figure_label(const struct rog_case_series *series, size_t counted);

#endif
