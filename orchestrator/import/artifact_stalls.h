/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_IMPORT_ARTIFACT_STALLS_H
#define ROG_IMPORT_ARTIFACT_STALLS_H

/* Assigns the stalls of the server's log to the iterations of their worker. */

#include <stdbool.h>

#include <orchestrator/import/artifact_run.h>

struct rog_artifact_stall {
    double clock_s, stall_s; /* the server's clock when the worker continued */
    uint32_t line;
    bool understood;
    int64_t iteration; /* 0: unknown */
};

/* Stalls of one worker, in the order of the log. */
struct rog_artifact_stalls {
    struct rog_artifact_stall *item; /* heap */
    size_t count;
};

/* The k-th stall belongs to iteration k if there are as many stalls as iterations. Otherwise some
 * may be missing, and times decide: each stall ends within its iteration, and the clocks of the two
 * hosts always differ by the same amount. If a stall fits no iteration, the rest is left out.
 * Returns the number of iterations without a stall before the last one that fits. */
int64_t rog_artifact_align(const struct rog_artifact_worker *worker,
                           struct rog_artifact_stalls *stalls, struct rog_error *err);

#endif
