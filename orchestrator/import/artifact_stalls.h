/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_ARTIFACT_STALLS_H
#define ROG_IMPORT_ARTIFACT_STALLS_H

/* To which iterations of their worker the stalls of the server's log belong. */

#include <stdbool.h>

#include <orchestrator/import/artifact_run.h>

struct rog_artifact_stall {
    double clock_s, stall_s; /* the server's clock when the worker went on */
    uint32_t line;
    bool understood;
    int64_t iteration; /* 0: it cannot be told */
};

/* Stalls of one worker, as they stand in the log. */
struct rog_artifact_stalls {
    struct rog_artifact_stall *item; /* heap */
    size_t count;
};

/* The k-th stall belongs to iteration k where there are as many stalls as iterations. Else some may
 * be missing, and times tell: each stall ends within its iteration, and the clocks of the two hosts
 * differ by the same at all times. Where a stall fits to no iteration, the rest is left out.
 * Returns how many iterations before a stall that fits have none. */
int64_t rog_artifact_align(const struct rog_artifact_worker *worker,
                           struct rog_artifact_stalls *stalls, struct rog_error *err);

#endif
