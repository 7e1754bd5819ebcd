/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_PROMISES_H
#define ROG_CHECK_PROMISES_H

/* What a run's strategy promises, as its plugin states it under the run's configuration. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orchestrator/store/summary.h>

struct rog_promises {
    bool bounded;         /* at every admission all rows have version iteration - bound at least */
    int64_t bound;        /* iterations */
    int64_t most_granted; /* workers that have a grant at once; 0: none is promised */
    bool ahead_bounded;   /* a worker is at most most_ahead iterations ahead of any whole push */
    int64_t most_ahead;
    int64_t least_quorum; /* workers that have pushed the admitted one's iteration; 0: none */
    /* Of its settings, not of the strategy: an iteration may be computed while the one before is
     * exchanged, and is of a model that is one iteration older then. */
    bool overlaps;
    double least_share; /* of all rows, in each push and pull; 0: none is promised */
    /* Why there is nothing to hold the run to: the plugin states nothing, or is not to be had. NULL
     * where there is, also where it states that there is no bound. Heap memory. */
    char *no_bound, *no_share;
};

/* `rows`: of the model, 0 where that is not recorded. A plugin that cannot be loaded is no error.
 */
void rog_promises_find(struct rog_promises *promises, const struct rog_run_row *row, int64_t rows,
                       size_t workers);
void rog_promises_release(struct rog_promises *promises);

#endif
