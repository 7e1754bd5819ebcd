/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROG_EXPORT_SERIES_H
#define ROG_EXPORT_SERIES_H

/*
 * The curves of a run, for programs that draw them: what its tests measure and, of each worker, the
 * parts of its iterations' time, what is recorded of them besides, energy and bandwidth.
 */

#include <stdint.h>

#include <orchestrator/store/db.h>

enum rog_series_order {
    ROG_SERIES_BY_TIME,   /* t, then key, rank, source */
    ROG_SERIES_BY_WORKER, /* rank, then t, key, source */
};

/* Which points: iterations after `iteration`, readings after t_s. */
struct rog_series_since {
    int64_t iteration;
    double t_s;
};
#define ROG_SERIES_ALL ((struct rog_series_since){-1, -1})

struct rog_series_choice {
    enum rog_series_order order;
    bool bandwidth; /* with it */
    bool goes_on;   /* the run does: what can still change or be followed by earlier points is left
                       out */
    struct rog_series_since since;
};

/* Columns of the query. The step is an iteration; of energy and bandwidth a second. */
enum {
    ROG_SERIES_KEY,    /* "accuracy", "stall_s" */
    ROG_SERIES_RANK,   /* 0: of the run */
    ROG_SERIES_SOURCE, /* of energy, NULL of everything else */
    ROG_SERIES_VALUE,
    ROG_SERIES_T, /* s since the run's start */
    ROG_SERIES_STEP,
};

/* Energy is its last reading in every ten seconds, bandwidth the mean of what changed in a second,
 * by how long it held. Of tests all points come, whatever `since` says. */
int rog_series_query(struct rog_query **query, struct rog_db *db, const char *run_id,
                     const struct rog_series_choice *choice, struct rog_error *err);

#endif
