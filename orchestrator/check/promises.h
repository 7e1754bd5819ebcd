/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_CHECK_PROMISES_H
#define ROG_CHECK_PROMISES_H

/* The promises of a run's strategy, as its plugin states them for the run's configuration. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orchestrator/store/summary.h>

struct rog_promises {
    bool bounded;         /* at every admission all rows have at least version iteration - bound */
    int64_t bound;        /* iterations */
    int64_t most_granted; /* maximum number of workers with a grant; 0: not promised */
    bool ahead_bounded;   /* a worker is at most most_ahead iterations ahead of any complete push */
    int64_t most_ahead;
    int64_t least_quorum; /* workers that have pushed the admitted worker's iteration; 0: not
                           * promised */
    /* From its settings, not from the strategy: an iteration may be computed during the previous
     * exchange, and then its model is one iteration older. */
    bool overlaps;
    double least_share; /* of all rows, in each push and pull; 0: not promised */
    /* Why there are no promises to check: the plugin states none or cannot be loaded. NULL if there
     * are, also if it states that there is no bound. Heap memory. */
    char *no_bound, *no_share;
};

/* `rows`: of the model, 0 if not recorded. A plugin that cannot be loaded is not an error. */
void rog_promises_find(struct rog_promises *promises, const struct rog_run_row *row, int64_t rows,
                       size_t workers);
void rog_promises_release(struct rog_promises *promises);

#endif
